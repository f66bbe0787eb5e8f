"""The generator of large libraries and the picture of what they cost, on made-up statistics and figures."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import synthetic
from benchmarks.scale_plot import drawing
from benchmarks.synthetic import Maker, Statistics, Tokens

DIMENSIONS, BYTES = 16, 8


@pytest.fixture
def statistics():
    chance = np.random.default_rng(0)
    rows = chance.standard_normal((30, DIMENSIONS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    words = tuple(f" word{number % 90}" for number in range(400))
    tokens = Tokens(
        np.arange(400, dtype=np.int32), words, chance.integers(256, size=(400, BYTES), dtype=np.uint8)
    )
    return Statistics({"en": rows}, 0.1 * np.eye(DIMENSIONS, dtype=np.float32), {"en": tokens})


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(synthetic, "PATTERNS", 20)


@pytest.mark.usefixtures("few")
def test_documents_are_the_same_every_time_and_hold_together(statistics):
    one, other = (Maker(statistics, {"en": 1.0}).document(0) for _ in "ab")
    assert one.read.text == other.read.text
    assert np.array_equal(one.vectors, other.vectors)
    assert len(one.passages) == len(one.vectors) == len(one.states) == synthetic.PASSAGES_A_DOCUMENT
    for passage, (codes, _) in zip(one.passages, one.states, strict=True):
        assert one.read.text[passage.source.start : passage.source.end] == passage.text
        assert synthetic.TOKENS[0] <= len(codes) / BYTES < synthetic.TOKENS[1]
    assert np.allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-6)


@pytest.mark.usefixtures("few")
def test_passages_of_one_pattern_differ_in_their_names(statistics):
    maker = Maker(statistics, {"en": 1.0})
    texts = [passage.text for number in range(4) for passage in maker.document(number).passages]
    assert len(set(texts)) > 0.9 * len(texts) > 20


def test_the_picture_is_a_drawing_with_the_last_figures():
    rows = [
        {
            "passages": size,
            "cpu_p50_ms": 20.0 + size / 1e5,
            "cpu_p95_ms": 40.0,
            "mean_cpu_ms": 25.0,
            "parts_ms": {"words": 5.0, "vectors": 2.5},
            "resident_mb": 800.0,
            "anonymous_mb": 600.0,
            "open_s": 0.5,
            "add_s": 0.25,
            "remove_s": 0.125,
            "bytes": {"catalog": 6000 * size, "vectors": 400 * size, "writer": 48},
            "commit_s": size / 1000,
            "publish_s": size / 500,
        }
        for size in (1000, 10_000)
    ]
    for before in ((), rows[:1]):
        texts = [each.text for each in ElementTree.fromstring(drawing(rows, before)).iter() if each.text]
        assert {"1 k", "10 k", "p50 20.1", "the rest 17.5", "catalog 5.86", "opening 0.5", "commit 1"} <= set(
            texts
        )
