"""Metrics against arithmetic by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from judging import answer, hit, outcome

from rag.errors import EvaluationError
from rag.judge.intervals import area_interval, area_under_roc, mean_interval
from rag.judge.metrics import figures, highlighted_texts, holds_answer, plain


def test_ranking_metrics_by_hand():
    outcomes = [
        outcome("first", {"a": 1}, "abc"),
        outcome("third", {"c": 1}, "abc"),
        outcome("missing", {"z": 1}, "abc"),
        outcome("graded", {"b": 2, "d": 1}, "xdb"),
        outcome("eleventh", {"k": 1}, "abcdefghijk"),
    ]
    graded = (1 / math.log2(3) + 2 / math.log2(4)) / (2 / math.log2(2) + 1 / math.log2(3))
    expected = {
        "ndcg@10": (1 + 1 / math.log2(4) + 0 + graded + 0) / 5,
        "mrr@10": (1 + 1 / 3 + 0 + 1 / 2 + 0) / 5,
        "recall@1": 1 / 5,
        "recall@5": 3 / 5,
        "recall@10": 3 / 5,
        "recall@100": 4 / 5,
    }
    found = figures(outcomes)
    assert list(found.metrics) == list(expected)
    assert found.metrics == pytest.approx(expected, abs=1e-6)
    assert found.questions["mrr@10"] == pytest.approx(
        {"first": 1, "third": 1 / 3, "missing": 0, "graded": 1 / 2, "eleventh": 0}
    )


def test_order_among_equal_names_is_ours_not_the_library_s():
    """Units are ranked as given: trec_eval would put the greater id first among equal scores."""
    assert figures([outcome("q", {"a": 1}, "az")]).metrics["recall@1"] == 1
    assert figures([outcome("q", {"a": 1}, "za")]).metrics["recall@1"] == 0


def test_unanswerable_questions_do_not_move_the_ranking_metrics():
    answered = outcome("q", {"a": 1}, "ba")
    alone = figures([answered]).metrics
    both = figures([answered, outcome("none", {}, "ab")]).metrics
    assert {name: both[name] for name in alone} == alone


def test_a_question_with_no_result_counts_as_a_miss():
    assert figures([outcome("q", {"a": 1}, ""), outcome("r", {"a": 1}, "a")]).metrics["ndcg@10"] == 0.5


def test_sentence_counts_only_questions_that_can_be_judged():
    outcomes = [
        outcome("right", {"a": 1}, "a", sentence=True),
        outcome("also right", {"a": 1}, "a", sentence=True),
        outcome("wrong", {"a": 1}, "a", sentence=False),
        outcome("not first", {"a": 1}, "ba"),
    ]
    found = figures(outcomes)
    assert found.metrics["sentence@1"] == pytest.approx(2 / 3)
    assert set(found.questions["sentence@1"]) == {"right", "also right", "wrong"}
    assert "source@1" not in found.metrics


def test_without_answers_or_unanswerable_questions_their_metrics_are_absent():
    assert list(figures([outcome("q", {"a": 1}, "a")]).metrics)[-1] == "recall@100"


def test_refusal_is_the_share_of_pairs_in_the_right_order():
    outcomes = [outcome(f"yes {value}", {"a": 1}, "a", confidence=value) for value in (0.9, 0.5, 0.4)]
    outcomes += [outcome(f"no {value}", {}, "a", confidence=value) for value in (0.5, 0.1)]
    # pairs (0.9, 0.5) (0.9, 0.1) (0.5, 0.1) (0.4, 0.1) are right, (0.5, 0.5) is a tie, (0.4, 0.5) is wrong
    found = figures(outcomes)
    assert found.metrics["refusal_auroc"] == pytest.approx(4.5 / 6)
    assert list(found.metrics)[-1] == "refusal_auroc"
    assert "refusal_auroc" not in found.questions


def test_a_set_without_anything_to_find_is_refused():
    with pytest.raises(EvaluationError, match="nothing to measure"):
        figures([outcome("q", {}, "abc")])


def test_intervals_hold_the_mean_and_are_the_same_every_time():
    values = np.array([0.0, 1.0] * 50)
    low, high = mean_interval(values)
    assert mean_interval(values) == (low, high)
    # the mean of 100 coin flips has a standard error of 0.05
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.015)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.015)


def test_an_interval_narrows_with_more_questions():
    few, many = (mean_interval(np.array([0.0, 1.0] * n)) for n in (10, 1000))
    assert many[1] - many[0] < (few[1] - few[0]) / 5


def test_an_interval_of_one_question_is_its_value():
    assert mean_interval(np.array([0.25])) == (0.25, 0.25)
    assert area_interval(np.array([0.9]), np.array([0.1, 0.2])) == (1.0, 1.0)


def test_area_against_all_pairs():
    generator = np.random.default_rng(7)
    right, wrong = generator.integers(0, 9, 40) / 9, generator.integers(0, 7, 25) / 9
    pairs = (right[:, None] > wrong).mean() + 0.5 * (right[:, None] == wrong).mean()
    assert float(area_under_roc(right, wrong)) == pytest.approx(pairs)
    low, high = area_interval(right, wrong)
    assert 0 <= low < pairs < high <= 1


@pytest.mark.parametrize(
    ("highlights", "expected"),
    [
        ((), []),
        (((0, 3),), ["One"]),
        (((8, 13), (0, 3)), ["One", "three"]),
        (((0, 3), (4, 7)), ["One two"]),
        (((0, 5), (2, 7)), ["One two"]),
    ],
)
def test_highlights_with_only_space_between_are_one(highlights, expected):
    assert highlighted_texts(hit(1, "One two three", highlights=highlights)) == expected


def test_answers_are_compared_without_white_space_and_width():
    assert plain("１３６ 次\n擒杀") == "136次擒杀"
    found = hit(1, "他有 １３６ 次擒杀。别的句子。", highlights=[(0, 11)])
    assert holds_answer(found, ["136次"])
    assert holds_answer(found, ["没有", "136 次"])
    assert not holds_answer(found, ["别的句子"])
    assert not holds_answer(found, [])


def test_an_answer_across_two_neighbouring_sentences_is_held():
    text = "It began in 1912. It ended in 1915."
    assert holds_answer(hit(1, text, highlights=[(0, 17), (18, 35)]), ["1912. It ended"])
    assert not holds_answer(hit(1, text, highlights=[(0, 17)]), ["1912. It ended"])


def test_the_rank_is_that_of_the_first_unit_that_answers():
    assert outcome("q", {"c": 1, "b": 2}, "abc").rank == 2
    assert outcome("q", {"z": 1}, "abc").rank is None
    assert outcome("q", {}, "abc").rank is None


def test_confidence_is_read_from_the_answer():
    given = answer("q", confidence=0.25)
    outcomes = [outcome("q", {"a": 1}, "a", answer=given), outcome("n", {}, "a", confidence=0.75)]
    assert figures(outcomes).metrics["refusal_auroc"] == 0
