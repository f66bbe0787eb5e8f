"""BM25 as sparse vectors: what a passage's row holds of its words, and exact scores from it.

A passage's weight for a term depends on the average length of its language's passages, which changes as the
library grows. So the sparse vector is written with the average of when the language came into the library,
and only finds candidates; scores are computed here, from counts and today's statistics, and more candidates
are asked for until none that was not seen can be among the best.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.records import Int64
from rag.store.milvus.packing import NO_WORD, term_id
from rag.tokens import lexical_terms

K1 = 1.2
B = 0.75
MAX_TERMS = 4096  # what Milvus lets an ARRAY hold; a passage of 320 tokens has some hundred
MAX_COUNT = 32_767
LENGTH_BITS = 16  # a passage's length is below 2**16 terms: its field holds no more text


def _kept_lengths() -> Int64:
    """The 256 lengths that tantivy keeps, ascending: 0 to 40 as they are, then with four significant bits."""
    small = list(range(24))
    codes = range(256 - len(small))
    large = [code & 7 if code < 8 else ((code & 7) | 8) << ((code >> 3) - 1) for code in codes]
    return np.array(small + [len(small) + value for value in large], np.int64)


_LENGTHS = _kept_lengths()


@dataclass(frozen=True, slots=True)
class WordCounts:
    """A text's terms, most frequent first: entry i of `counts` says how often `terms[i]` is in it."""

    terms: tuple[int, ...]  # `packing.term_id`
    counts: tuple[int, ...]
    length: int  # of the text, in terms


def count_words(text: str) -> WordCounts:
    """The terms of a text with their numbers; of more than `MAX_TERMS` the most frequent."""
    found = lexical_terms(text)
    counted = Counter(map(term_id, found)).most_common(MAX_TERMS)
    return WordCounts(
        terms=tuple(term for term, _ in counted),
        counts=tuple(min(count, MAX_COUNT) for _, count in counted),
        length=min(len(found), (1 << LENGTH_BITS) - 1),
    )


def length_penalty(lengths: Sequence[int], average: float) -> NDArray[np.float64]:
    """What BM25 adds to a term's count below the line for texts of these lengths."""
    kept = _LENGTHS[np.searchsorted(_LENGTHS, np.asarray(lengths, np.int64), side="right") - 1]
    return np.asarray(K1 * (1 - B + B * kept / max(average, 1e-9)), np.float64)


def sparse_vector(words: WordCounts, average: float) -> dict[int, float]:
    """The weights of a text's terms; with idf × (k1 + 1) as the question's they give BM25."""
    penalty = float(length_penalty([words.length], average)[0])
    weights = {term: count / (count + penalty) for term, count in zip(words.terms, words.counts, strict=True)}
    return weights or {NO_WORD: 1.0}


def question_weights(terms: Sequence[str], frequencies: Mapping[str, int], passages: int) -> dict[int, float]:
    """The sparse vector of a question: idf × (k1 + 1) for each term, twice for one that is asked twice."""
    weights: dict[int, float] = {}
    for term in terms:
        frequency = frequencies[term]
        if frequency:
            idf = math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))
            weights[term_id(term)] = weights.get(term_id(term), 0.0) + idf * (K1 + 1)
    return weights


def bm25(question: Mapping[int, float], found: Sequence[WordCounts], average: float) -> NDArray[np.float64]:
    """(n,) the scores of n texts for `question_weights`."""
    scores = np.zeros(len(found))
    if not found:
        return scores
    penalties = length_penalty([words.length for words in found], average)
    for place, words in enumerate(found):
        counts = dict(zip(words.terms, words.counts, strict=True))
        asked = [(weight, counts[term]) for term, weight in question.items() if term in counts]
        scores[place] = sum(weight * count / (count + penalties[place]) for weight, count in asked)
    return scores


def most_unseen(last: float, *, written: float, average: float) -> float:
    """The highest score that a text can have whose sparse vector scored `last` at most.

    The vector was made with the average length `written`; today it is `average`.
    """
    return last * max(1.0, average / max(written, 1e-9))
