"""What the benches of quality compute: by hand, or from what is known to be true."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from benchmarks import calibration, others, weights
from benchmarks.calibration import Case
from rag.confidence import Evidence, confidence
from rag.scoring import Weights


def case(truth, generator, *, dataset="set", held_out=False):
    """One whose truth is drawn with the probability that the shipped model gives, unless it is named."""
    seen = Evidence(
        interaction=float(generator.uniform(0, 8)),
        similarity=float(generator.uniform(0.2, 0.7)),
        cosine=float(generator.uniform(0.7, 0.95)),
        lead=float(generator.uniform(0, 5)),
        foreign=float(generator.uniform(0, 1)),
        tokens=int(generator.integers(5, 30)),
        one_language=bool(generator.integers(0, 2)),
    )
    said = confidence(seen) if truth is None else float(truth)
    return Case(dataset, 100, bool(generator.random() < said), held_out, seen)


def test_a_fit_finds_the_model_that_made_the_cases():
    generator = np.random.default_rng(3)
    cases = [case(None, generator, dataset=f"set {number % 60}") for number in range(6000)]
    said = calibration.probabilities(cases, calibration.fit(cases))
    assert np.abs(said - calibration.probabilities(cases, None)).mean() < 0.03


def test_each_group_counts_the_same_and_an_own_case_for_its_weight():
    generator = np.random.default_rng(4)
    cases = [case(True, generator, dataset=name) for name in ("a", "a", "b", "own questions")]
    assert calibration.importance(cases).tolist() == [50.0, 50.0, 100.0, 1.0]


def test_the_table_holds_only_what_was_not_fitted_on():
    generator = np.random.default_rng(5)
    cases = [case(True, generator, held_out=True) for _ in range(3)] + [case(False, generator)] * 4
    rows = calibration.table(cases, None)
    assert [row.split()[:4] for row in rows[1:2]] == [["all", "held", "out", "3"]]


def test_docstrings_long_enough_are_found_and_a_broken_file_is_none(tmp_path):
    words = "The quick brown fox jumps over the lazy dog by the river. " * 8
    (tmp_path / "a.py").write_text(f'"""Short."""\n\ndef one():\n    """{words}"""\n')
    (tmp_path / "b.py").write_text("def broken(:\n")
    assert list(others.docstrings_of(tmp_path / "a.py")) == [words.strip()]
    assert list(others.docstrings_of(tmp_path / "b.py")) == []


def test_a_set_with_others_beside_it_keeps_its_questions(tmp_path):
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "1", "title": "", "text": "one"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "which?"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n")
    crowded = others.with_others(folder, tmp_path / "crowded", ["two", "三"])
    records = [json.loads(line) for line in (crowded / "corpus.jsonl").read_text("utf-8").splitlines()]
    assert [record["text"] for record in records] == ["one", "two", "三"]
    assert (crowded / "queries.jsonl").read_bytes() == (folder / "queries.jsonl").read_bytes()


def test_ndcg_by_hand():
    assert weights.ndcg([True, False, False], 1) == 1.0
    assert weights.ndcg([False, True, False], 1) == pytest.approx(1 / math.log2(3))
    assert weights.ndcg([False, False], 1) == 0.0


def test_weights_are_chosen_on_the_other_sets():
    count, shipped = len(weights.GRID), weights.GRID.index(Weights())
    first, second = np.zeros(count), np.zeros(count)
    first[3], second[5] = 0.9, 0.8  # what is best for the one is chosen for the other
    first[shipped] = second[shipped] = 0.5
    rows = weights.table({"one": first, "two": second})
    assert rows[1].split()[1:4] == ["50.00", "0.00", "90.00"]
    assert rows[2].split()[1:4] == ["50.00", "0.00", "80.00"]
    chosen = weights.GRID[5]
    assert rows[1].endswith(f"{chosen.meaning:g}, {chosen.words:g}, {chosen.foreign:g}")
