"""The map's numbers: principal components against NumPy's SVD, the same every time, languages on one another."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

from rag.chart import draw_chart, principal_axes
from rag.records import Filters
from rag.snapshot import Snapshot
from rag.web.chart import STEPS, chart_bytes


@pytest.fixture
def folder(tmp_path):
    index(write_files(tmp_path / "files", 8), tmp_path / "index")
    return tmp_path / "index"


def test_axes_are_those_of_the_singular_value_decomposition():
    rows = np.random.default_rng(3).normal(size=(300, 12)).astype(np.float32) * np.arange(
        1, 13, dtype=np.float32
    )
    rows -= rows.mean(axis=0)
    axes = principal_axes(rows)
    _, _, directions = np.linalg.svd(rows.astype(np.float64), full_matrices=False)
    assert np.abs(np.abs(np.sum(axes * directions[:2].T, axis=0)) - 1).max() < 1e-4
    assert (axes[np.abs(axes).argmax(axis=0), [0, 1]] > 0).all()


def test_a_chart_holds_each_passage_once_and_is_the_same_every_time(folder):
    with Snapshot(folder) as snapshot:
        chart, again = draw_chart(snapshot, Filters()), draw_chart(snapshot, Filters())
        assert len(chart.ids) == sum(snapshot.languages.values())
        assert (np.diff(chart.ids) > 0).all()
        assert np.array_equal(chart.places, again.places)
        assert np.abs(chart.places).max() <= 1
        for place, id_ in enumerate(chart.ids):
            [passage] = snapshot.passages(np.array([id_]))
            assert chart.documents[chart.document[place]].path == passage.source.document
            assert chart.languages[chart.language[place]] == passage.language
        for code in range(len(chart.languages)):  # each language lies around the middle
            raw = chart.places[chart.language == code] * chart.reach
            assert np.abs(raw.mean(axis=0)).max() < 0.2


def test_a_passage_stands_where_its_vector_is_placed(folder):
    with Snapshot(folder) as snapshot:
        chart = draw_chart(snapshot, Filters())
        vector = snapshot.vectors(chart.ids[:1])[0]
        where = chart.place(vector, chart.languages[chart.language[0]])
        assert np.allclose(where, chart.places[0], atol=1e-4)
        assert chart.place(vector, "xx") != where


def test_filters_leave_points_out(folder):
    with Snapshot(folder) as snapshot:
        assert set(draw_chart(snapshot, Filters(language="en")).languages) == {"en"}
        empty = draw_chart(snapshot, Filters(language="ja"))
        assert len(empty.ids) == 0
        assert empty.place(np.zeros(TinyEncoder().dimensions, np.float32), "ja") == (0, 0)
        assert json.loads(chart_bytes(empty)[4:])["n"] == 0


def test_the_bytes_read_back(folder):
    with Snapshot(folder) as snapshot:
        chart = draw_chart(snapshot, Filters())
    data = chart_bytes(chart)
    size = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + size])
    n, start = head["n"], 4 + size
    assert start % 4 == 0
    assert np.array_equal(np.frombuffer(data, "<u4", n, start), chart.ids)
    assert np.array_equal(np.frombuffer(data, "<u4", n, start + 4 * n), chart.document)
    x = np.frombuffer(data, "<u2", n, start + 8 * n) / STEPS * 2 - 1
    assert np.abs(x - chart.places[:, 0]).max() < 1e-4
    assert len(data) == start + 14 * n
    assert [info[0] for info in head["documents"]] == [info.key for info in chart.documents]
