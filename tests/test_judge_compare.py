"""Paired comparison, checked against all sign flips by brute force."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from judging import outcome

from rag.errors import EvaluationError
from rag.judge.compare import (
    compare,
    compare_metric,
    comparison_record,
    comparison_table,
    read_run,
    run_text,
)
from rag.judge.metrics import figures
from rag.judge.outcomes import Evaluation, run_of


def evaluation(outcomes, dataset: str = "set") -> Evaluation:
    return Evaluation(dataset, len(outcomes), 9, figures(outcomes), 1.5, 0.25, tuple(outcomes))


def column(*values: float) -> dict[str, float]:
    return {f"q{number}": value for number, value in enumerate(values)}


def all_flips(difference: list[float]) -> float:
    """The two-sided p-value over all 2^n sign flips."""
    signs = np.array(list(itertools.product((1, -1), repeat=len(difference))))
    means = (signs * difference).mean(axis=1)
    return float((np.abs(means) >= abs(np.mean(difference)) - 1e-12).mean())


@pytest.mark.parametrize(
    "difference",
    [[1.0, 1.0, 1.0], [0.5, -0.25, 0.75, 0.0, 0.1], [0.3] * 8, [-0.3] * 8 + [0.2], [1.0, -1.0]],
)
def test_the_p_value_is_that_of_all_sign_flips(difference):
    first = column(*[0.0] * len(difference))
    found = compare_metric("ndcg@10", first, column(*difference))
    assert found.p_value == pytest.approx(all_flips(difference))
    assert found.difference == pytest.approx(np.mean(difference))
    assert found.better == sum(value > 0 for value in difference)
    assert found.worse == sum(value < 0 for value in difference)


def test_many_questions_are_tested_by_sampling_flips():
    generator = np.random.default_rng(3)
    first = generator.random(400)
    noise = generator.normal(0, 0.1, 400)
    nothing = compare_metric("m", column(*first), column(*(first + noise - noise.mean())))
    better = compare_metric("m", column(*first), column(*(first + noise + 0.05)))
    assert nothing.p_value > 0.5
    assert better.p_value == pytest.approx(2 / 10_000, abs=2 / 10_000)
    assert nothing.interval95[0] < 0 < nothing.interval95[1]
    assert 0.03 < better.interval95[0] < better.difference < better.interval95[1] < 0.07


def test_equal_runs_and_a_single_question_prove_nothing():
    assert compare_metric("m", column(0.5, 1.0), column(0.5, 1.0)).p_value == 1
    assert compare_metric("m", column(0.5), column(1.0)).p_value == 1


def test_runs_are_paired_by_question_whatever_their_order():
    first = evaluation([outcome("q1", {"a": 1}, "a"), outcome("q2", {"a": 1}, "ba", sentence=None)])
    second = evaluation([outcome("q2", {"a": 1}, "a", sentence=True), outcome("q1", {"a": 1}, "a")])
    found = {one.metric: one for one in compare(run_of(first), run_of(second))}
    assert list(found) == ["ndcg@10", "mrr@10", "recall@1", "recall@5", "recall@10", "recall@100"]
    assert (found["mrr@10"].first, found["mrr@10"].second) == (0.75, 1.0)
    assert (found["mrr@10"].better, found["mrr@10"].worse) == (1, 0)


def test_other_questions_are_refused():
    first = run_of(evaluation([outcome("q1", {"a": 1}, "a")]))
    second = run_of(evaluation([outcome("q2", {"a": 1}, "a")]))
    with pytest.raises(EvaluationError, match="did not ask the same questions"):
        compare(first, second)


def test_a_run_is_the_same_when_read_again(tmp_path):
    made = evaluation([outcome("问一", {"a": 1}, "ba", sentence=True), outcome("q2", {"z": 1}, "a")])
    (tmp_path / "run.json").write_text(run_text(made), "utf-8")
    assert read_run(tmp_path / "run.json").ranks == {"问一": 2, "q2": None}
    assert read_run(tmp_path / "run.json").figures.questions == made.figures.questions
    assert all(one.difference == 0 for one in compare(run_of(made), read_run(tmp_path / "run.json")))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"dataset": 1, "metrics": {"a": "b"}}', "\x00"])
def test_a_file_that_is_no_run_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(EvaluationError, match="not a saved evaluation"):
        read_run(tmp_path / "run.json")


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"nowhere\.json: cannot be read"):
        read_run(tmp_path / "nowhere.json")


def test_the_table_and_the_record_say_the_same():
    one = compare_metric("ndcg@10", column(0.0, 0.5, 0.5), column(1.0, 0.5, 1.0))
    assert comparison_record(one) == {
        "metric": "ndcg@10",
        "questions": 3,
        "first": 0.33333,
        "second": 0.83333,
        "difference": 0.5,
        "interval95": [0.0, 1.0],
        "p_value": 0.5,
        "better": 2,
        "worse": 0,
    }
    json.dumps(comparison_record(one))
    header, row = comparison_table([one]).splitlines()
    assert " ".join(row.split()) == "ndcg@10 33.33 83.33 +50.00 [+0.00, +100.00] 0.5000 2/0"
    assert len(header) >= len(row)
