"""Scores against arithmetic by hand and brute force."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rag.confidence import (
    _TYPICAL_LEAD,
    ANSWERABLE_FROM,
    Evidence,
    confidence,
    confidence_without_tokens,
)
from rag.scoring import (
    FULL_LENGTH,
    MEAN_PRIOR,
    WINDOW,
    Statistics,
    Weights,
    foreignness,
    language_statistics,
    lexical_share,
    maxsim,
    near_maxsim,
    ranking,
    standardise,
    token_weights,
    totals,
)


def units(count, dimensions, seed):
    rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_maxsim_is_the_mean_of_the_best_match_of_each_question_token():
    question, states = units(4, 8, 1), units(9, 8, 2)
    offsets = np.array([0, 3, 3, 9])
    expected = [
        np.mean([max(float(states[k] @ token) for k in range(start, end)) for token in question])
        if end > start
        else 0
        for start, end in ((0, 3), (3, 3), (3, 9))
    ]
    np.testing.assert_allclose(maxsim(states @ question.T, offsets), expected, atol=1e-6)


def test_maxsim_weighs_tokens():
    question, states = np.eye(2, dtype=np.float32), np.array([[1, 0]], np.float32)
    weights = np.array([3, 1], np.float32)
    assert maxsim(states @ question.T, np.array([0, 1]), weights) == pytest.approx([0.75])


def test_a_digit_weighs_more_than_its_place_in_the_vocabulary_says():
    ids, numbers = np.array([10, 9000, 9000], np.int32), np.array([True, False, False])
    plain, found = token_weights(ids), token_weights(ids, numbers=numbers)
    assert found.sum() == pytest.approx(1)
    assert found[0] > plain[0]
    assert token_weights(ids, numbers=np.zeros(3, np.bool_)).tolist() == plain.tolist()


@pytest.mark.parametrize("way", [maxsim, near_maxsim])
@pytest.mark.parametrize(("tokens", "passages"), [(0, 2), (3, 0)])
def test_maxsim_of_nothing(way, tokens, passages):
    found = way(np.ones((2 * passages, tokens), np.float32), np.arange(passages + 1) * 2)
    assert found.tolist() == [0.0] * passages


def test_near_maxsim_is_half_that_of_the_best_window():
    question = units(4, 8, 1)
    lengths = [3, 0, WINDOW // 2, WINDOW, WINDOW + 1, 5 * WINDOW // 2, 7 * WINDOW]
    offsets = np.cumsum([0, *lengths])
    states = units(int(offsets[-1]), 8, 2)
    weights = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    expected = []
    for start, end in pairwise(offsets.tolist()):
        cosines = states[start:end] @ question.T
        steps = range(0, len(cosines), WINDOW // 2)
        inside = [float(cosines[step : step + WINDOW].max(axis=0) @ weights) for step in steps]
        expected.append((float(cosines.max(axis=0) @ weights) + max(inside)) / 2 if inside else 0.0)
    np.testing.assert_allclose(near_maxsim(states @ question.T, offsets, weights), expected, atol=1e-6)


def test_near_maxsim_prefers_what_stands_together():
    """Two passages with the same tokens: one has both that the question asks for in one place."""
    question = np.eye(3, dtype=np.float32)[:2]
    filler = np.tile(np.eye(3, dtype=np.float32)[2], (3 * WINDOW, 1))
    together, apart = filler.copy(), filler.copy()
    together[[4, 5]] = question
    apart[[4, 2 * WINDOW]] = question
    states, offsets = np.concatenate([apart, together]), np.array([0, 3 * WINDOW, 6 * WINDOW])
    assert maxsim(states @ question.T, offsets).tolist() == [1.0, 1.0]
    assert near_maxsim(states @ question.T, offsets).tolist() == [0.75, 1.0]


def test_a_language_with_few_passages_leans_on_its_reference():
    background = {"zh": np.full(200, 0.8, np.float32), "ar": np.array([0.5], np.float32)}
    reference = {"zh": np.array([0.7, 0.7], np.float32), "ar": np.array([0.3], np.float32)}
    found = language_statistics(background, reference)
    shift = ((0.8 - 0.7) + (0.5 - 0.3)) / 2
    assert found["ar"].mean == pytest.approx((0.5 + MEAN_PRIOR * (0.3 + shift)) / (1 + MEAN_PRIOR), abs=1e-6)
    assert found["zh"].mean == pytest.approx(
        (160 + MEAN_PRIOR * (0.7 + shift)) / (200 + MEAN_PRIOR), abs=1e-6
    )


def test_a_language_without_reference_leans_on_all():
    background = {"xx": np.array([0.4], np.float32), "zh": np.array([0.6, 0.8], np.float32)}
    found = language_statistics(background, {"xx": np.empty(0, np.float32), "zh": np.empty(0, np.float32)})
    assert found["xx"].mean == pytest.approx((0.4 + MEAN_PRIOR * 0.6) / (1 + MEAN_PRIOR), abs=1e-6)


def test_standardise():
    assert standardise(np.array([0.9, 0.7], np.float32), Statistics(0.7, 0.1)).tolist() == pytest.approx(
        [2, 0], abs=1e-5
    )


def test_lexical_share_of_everything_and_of_nothing():
    assert lexical_share(np.array([4.4], np.float32), 2.0, saturation=1.2) == pytest.approx([1.0])
    assert lexical_share(np.array([4.4], np.float32), 0.0, saturation=1.2).tolist() == [0.0]


def test_equal_scores_go_by_id():
    assert ranking(np.array([1, 2, 1, 2], np.float32), np.array([9, 8, 3, 4])).tolist() == [3, 1, 2, 0]


def test_totals_by_hand():
    meaning, interaction, words = (np.array(values, np.float32) for values in ([1, 0], [2, -1], [0.5, 1]))
    weights = Weights(meaning=0.5, interaction=1.0, words=4.0, foreign=0.5)
    at_home, half_abroad = np.zeros(2, np.float32), np.full(2, 0.5, np.float32)
    assert totals(weights, meaning, interaction, words, at_home).tolist() == [0.5 + 2 + 2, -1 + 4]
    assert totals(weights, meaning, interaction, words, half_abroad).tolist() == [2.5 * 1.25 + 2, -1.25 + 4]


def test_the_language_that_has_the_questions_words_is_not_foreign():
    assert foreignness({"zh": 0.8, "en": 0.2}, 40) == pytest.approx({"zh": 0, "en": 0.75})
    assert foreignness({"zh": 0.8, "en": 0.2}, FULL_LENGTH // 2) == pytest.approx({"zh": 0, "en": 0.375})
    assert foreignness({"zh": 0.1}, 40) == pytest.approx({"zh": 2 / 3})  # hardly known: not its language
    assert foreignness({}, 40) == {}


def test_confidence_grows_with_the_evidence_and_stays_a_probability():
    weak = Evidence(1.0, similarity=0.3, cosine=0.75, lead=0.5, foreign=0.0, tokens=6, one_language=False)
    strong = Evidence(5.0, similarity=0.7, cosine=0.9, lead=4.0, foreign=0.0, tokens=16, one_language=True)
    assert 0 < confidence(weak) < 0.2 < 0.9 < confidence(strong) < 1
    assert confidence(replace(strong, lead=0.0)) < confidence(strong)
    assert confidence(replace(strong, lead=None)) == confidence(replace(strong, lead=_TYPICAL_LEAD))
    assert confidence(replace(strong, lead=-1.0)) == confidence(replace(strong, lead=0.0))
    assert confidence(replace(strong, foreign=1.0)) < confidence(strong)
    assert confidence(Evidence(1e9, 1.0, 1.0, 1e9, 1.0, 10**6, False)) <= 1


def test_confidence_without_tokens_grows_with_the_evidence_and_stays_a_probability():
    weak = confidence_without_tokens(meaning=1.0, words=0.0, terms=9, one_language=True)
    near = confidence_without_tokens(meaning=3.0, words=0.0, terms=9, one_language=True)
    strong = confidence_without_tokens(meaning=4.0, words=0.5, terms=20, one_language=True)
    assert 0 < weak < near < ANSWERABLE_FROM + 0.1 < 0.9 < strong < 1
    assert confidence_without_tokens(meaning=1e9, words=1.0, terms=10**6, one_language=False) <= 1


def test_rare_tokens_weigh_more_and_all_weigh_one():
    weights = token_weights(np.array([3, 200_000, 500], np.int32))
    assert weights.sum() == pytest.approx(1, abs=1e-6)
    assert weights[1] > weights[2] > weights[0] > 0.2
    assert token_weights(np.empty(0, np.int32)).tolist() == []
