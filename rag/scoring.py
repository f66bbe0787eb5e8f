"""From similarities to one score: late interaction, standardising within a language, adding up.

Pure functions on arrays. Higher is better everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rag.records import Bools, Float32, Int32, Int64

# How many background passages the expected mean and the pooled spread count for: a language with three
# passages leans on what is expected of it, one with hundreds does not. 240 questions over 194 passages in 11
# languages, nDCG@10: pooled mean 80.0 (prior 2) to 83.4 (10); reference as mean 85.0 (10); reference with the
# library's shift 85.0 (10), 85.6 (20), 86.0 (20, spread 40).
MEAN_PRIOR = 20.0
SPREAD_PRIOR = 40.0
RARITY = 0.3
COMMON_RANK = 4.0  # ln; the first e**4 pieces of a vocabulary say nothing
LEAST_RARITY = 0.05
NUMBER_RARITY = 4.0  # digits stand first in every vocabulary, and which number is asked about matters most
WINDOW = 32  # tokens
LEAST_SPREAD = 1e-3  # identical passages have no spread; the division must still mean something


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and standard deviation of one channel's scores over passages that do not answer."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each channel counts for in the sum: see `totals`.

    nDCG@10 × 100, all questions; own: first places of 173 questions in 11 languages, near: of 200 (both of
    `data/questions`); page: of a newspaper page's 29.

    | meaning, words, foreign | zh | en | en→zh | zh→en | mixed | own | near | page |
    |---|---|---|---|---|---|---|---|---|
    | 0.05, 8, 0.6, without windows (`near_maxsim`) | 98.23 | 98.69 | 92.26 | 91.59 | | 138 | 156 | 26 |
    | 0.2, 8, 0.6 | 98.46 | 98.92 | 93.63 | 92.93 | 93.14 | 140 | 160 | 26 |
    | 0.3, 6, 0.6 | 98.37 | 98.95 | 93.64 | 93.07 | 93.74 | 141 | 158 | 27 |
    | 0.3, 8, 0.5 | 98.42 | 98.90 | 93.66 | 93.07 | 92.95 | 141 | 158 | 27 |
    | 0.3, 8, 0.6 | 98.42 | 98.90 | 93.63 | 93.07 | 93.44 | 140 | 158 | 27 |
    | 0.35, 8, 0.6 | 98.39 | 98.92 | 93.50 | 93.20 | 93.50 | 139 | 157 | 27 |

    How far a foreign language reaches was chosen on earlier token states: at 0 a mixed library asked in the
    other language gives 84.4, at 0.3 89.6, at 0.5 91.4, at 0.6 with `FULL_LENGTH` 90.8; asked in the language
    that holds the answer 98.5 in each case; first places of 99 follow-ups 87, 86, 83, 84.
    """

    meaning: float = 0.3
    interaction: float = 1.0
    words: float = 8.0  # of the share of the question's words
    foreign: float = 0.6  # how much further the similarities of a wholly foreign language reach


# Where the model gives no token states. nDCG@10 × 100 of the bundled model's vectors, all questions:
#
#   words, foreign   zh     en     en→zh  zh→en  mixed  in     zh 10k  mixed 10k
#   2, 0 (before)    96.49  97.85  84.31  80.97  80.10  97.24  94.52   64.48
#   4, 0.3           97.02  98.54  84.33  81.02  84.18  97.06  95.70   69.94
#   6, 0.3           97.22  98.69  84.39  81.04  83.48  97.52  95.98   69.61
#   6, 0.5           97.22  98.69  84.36  81.03  85.02  96.98  95.98   71.39
#   8, 0.5           97.44  98.69  84.34  81.10  84.50  97.50  96.68   70.91
WITHOUT_TOKENS = Weights(meaning=1.0, interaction=0.0, words=8.0, foreign=0.5)

LEAST_KNOWN = 0.3
# Tokens. The z-values of few tokens are rough, in the question's own language too. Up to so many, `foreign`;
# mixed, in, rare (78 of them), own and follow as in the table of `Weights`:
#
#   12, 0.5   91.0  98.5  78.7  136  82      20, 0.6   90.3  98.6  74.4  139  86
#   16, 0.5   90.3  98.6  73.4  137  85      20, 0.7                     139  85
#   16, 0.6   90.8  98.5  78.9  138  84
FULL_LENGTH = 16


def foreignness(known: Mapping[str, float], tokens: int) -> dict[str, float]:
    """How foreign each passage language is to the question, 0 to 1, from the words alone.

    `known` has the share of the question's idf mass whose words the language's passages have at all: about
    0.6 to 0.9 in its own language, 0.0 to 0.2 in another. The best known one is not foreign at all, if it
    knows `LEAST_KNOWN`; a library that is in one language is treated as before. Short questions, by count of
    `tokens` (of lexical terms where there are none), are less foreign everywhere: see `FULL_LENGTH`.
    """
    best = max(known.values(), default=0.0)
    length = min(tokens / FULL_LENGTH, 1.0)
    return {language: length * (1 - share / max(best, LEAST_KNOWN)) for language, share in known.items()}


def totals(
    weights: Weights, meaning: Float32, interaction: Float32, words: Float32, foreign: Float32
) -> Float32:
    """(n,) weighted sums of the channels: two standardised ones and the share of the question's words.

    A right passage in the question's own language stands 5.9 standard deviations above the background in
    late interaction, a right one in another language 4.0 (XQuAD, en and zh in one library), and the best
    wrong ones 2.9 in both. So similarities reach further by `weights.foreign` where `foreign` (n,) is 1; a
    foreign passage has no words to add.
    """
    similar = weights.meaning * meaning + weights.interaction * interaction
    total = similar * (1 + weights.foreign * foreign) + weights.words * words
    return np.asarray(total, np.float32)


def maxsim(cosines: Float32, offsets: Int64, weights: Float32 | None = None) -> Float32:
    """(n,) late-interaction scores: for each question token its best passage token, averaged.

    `cosines` (t, q) are those of all passages' tokens with the question's; passage i owns the rows
    `offsets[i]` to `offsets[i + 1]`. `weights` (q,) weighs the question's tokens, equally by default. A
    passage without tokens scores 0. Khattab and Zaharia 2020, ColBERT, equation 3, as a mean so that long and
    short questions are on one scale.
    """
    result = np.zeros(len(offsets) - 1, dtype=np.float32)
    filled = np.flatnonzero(np.diff(offsets) > 0)
    if len(filled) == 0 or cosines.shape[1] == 0:
        return result
    result[filled] = np.maximum.reduceat(cosines, offsets[:-1][filled], axis=0) @ _shares(cosines, weights)
    return result


def near_maxsim(cosines: Float32, offsets: Int64, weights: Float32 | None = None) -> Float32:
    """(n,) the mean of `maxsim` and of what the best `WINDOW` tokens of each passage would score alone.

    An answer stands in one place, while a passage that is about the same things has a near token for each of
    the question's somewhere. Windows overlap by half, and begin with the passage. nDCG@10 × 100, all
    questions (zh, en, en→zh, zh→en; the one vector's weight at 0.05):

        without windows   98.23  98.69  92.26  91.59      48 tokens   98.28  98.91  92.81  92.56
        24, not overlapping  98.31  98.92  92.94  92.13   64          98.22  98.83  92.60  92.28
        32                98.30  98.87  93.11  92.24

    Whole sentences instead of 32 tokens: 0.0 to -0.3 on the mean of the four (298 questions a set). Half or
    one and a half times the whole's weight instead of the same (48 tokens): -0.1.
    """
    result = np.zeros(len(offsets) - 1, dtype=np.float32)
    counts = np.diff(offsets)
    filled = np.flatnonzero(counts > 0)
    if len(filled) == 0 or cosines.shape[1] == 0:
        return result
    halves = -(-counts[filled] // (WINDOW // 2))  # of each passage
    ends = np.cumsum(halves)
    firsts = ends - halves
    within = np.arange(ends[-1]) - np.repeat(firsts, halves)
    best = np.maximum.reduceat(
        cosines, np.repeat(offsets[:-1][filled], halves) + within * (WINDOW // 2), axis=0
    )
    shares = _shares(cosines, weights)
    whole = np.maximum.reduceat(best, firsts, axis=0) @ shares
    windows = best.copy()
    windows[:-1] = np.maximum(best[:-1], best[1:])
    windows[ends - 1] = best[ends - 1]  # the last half of a passage has none after it
    result[filled] = (whole + np.maximum.reduceat(windows @ shares, firsts)) / 2
    return result


def _shares(cosines: Float32, weights: Float32 | None) -> Float32:
    """(q,) weights of the question's tokens, 1 in sum."""
    tokens = cosines.shape[1]
    share = np.full(tokens, 1 / tokens, np.float32) if weights is None else weights / weights.sum()
    return np.asarray(share, np.float32)


def token_weights(token_ids: Int32, *, foreign: float = 0.0, numbers: Bools | None = None) -> Float32:
    """(q,) weights of the question's tokens, 1 in sum: rare pieces weigh more, by `foreign`, 0 to 1.

    Vocabularies run from frequent to rare, so the logarithm of an id stands for its idf in every language
    and needs no counts. Where `numbers` (q,) is true it is `NUMBER_RARITY`: of documents that differ in a
    number only ("Quay 1", "Quay 2") the wrong one was first for 9 of 252 questions, now for none; XQuAD (397
    questions a set) loses 0.00 to 0.08. A share of `RARITY` is weighed so, all in a wholly foreign language,
    the rest equally. nDCG@10 × 100 of all candidates on XQuAD (all questions; zh, en, en→zh, zh→en): share
    0: 98.24 98.90 90.67 88.98; 0.3: 98.30 98.91 91.07 89.55; 0.6: 98.32 98.95 91.52 89.92; 1: 98.32 98.82
    91.87 90.23. At 0.5 and more in its own language, first places on a newspaper page are lost.
    """
    count = max(len(token_ids), 1)
    share = RARITY + (1 - RARITY) * foreign
    rarity = np.maximum(np.log(np.maximum(token_ids, 1)) - COMMON_RANK, LEAST_RARITY)
    if numbers is not None:
        rarity = np.where(numbers, NUMBER_RARITY, rarity)
    return ((1 - share) / count + share * rarity / max(float(rarity.sum()), LEAST_RARITY)).astype(np.float32)


def language_statistics(
    background: Mapping[str, Float32], reference: Mapping[str, Float32]
) -> dict[str, Statistics]:
    """Each language's statistics from its background scores, leaning on what is expected where it has few.

    The expected mean is that of the language's `reference` scores, moved by as much as the library's
    languages stand above theirs on average; of all background scores where a language has no reference. It
    counts for `MEAN_PRIOR` passages, the spread pooled within languages for `SPREAD_PRIOR`.
    """
    filled = [scores for scores in background.values() if len(scores)]
    everything = np.concatenate(filled) if filled else np.zeros(1, np.float32)
    inner = sum(float(((scores - scores.mean()) ** 2).sum()) for scores in filled)
    pooled_variance = inner / max(len(everything) - len(filled), 1) or float(everything.var())
    expected = _expected_means(background, reference, pooled=float(everything.mean()))
    found = {}
    for language, scores in background.items():
        count = len(scores)
        mean = (float(scores.sum()) + MEAN_PRIOR * expected[language]) / (count + MEAN_PRIOR)
        inner = float(((scores - scores.mean()) ** 2).sum()) if count else 0.0
        variance = (inner + SPREAD_PRIOR * pooled_variance) / (count + SPREAD_PRIOR)
        found[language] = Statistics(mean, max(variance**0.5, LEAST_SPREAD))
    return found


def _expected_means(
    background: Mapping[str, Float32], reference: Mapping[str, Float32], *, pooled: float
) -> dict[str, float]:
    """What a passage of each language is expected to score before any of the library's is looked at."""
    known = {language: float(scores.mean()) for language, scores in reference.items() if len(scores)}
    shifts = [
        float(scores.mean()) - known[language]
        for language, scores in background.items()
        if len(scores) and language in known
    ]
    shift = float(np.mean(shifts)) if shifts else 0.0
    return {language: known[language] + shift if language in known else pooled for language in background}


def standardise(scores: Float32, statistics: Statistics) -> Float32:
    """(n,) scores in standard deviations above what passages of this language score anyway."""
    return ((scores - statistics.mean) / statistics.spread).astype(np.float32)


def lexical_share(bm25: Float32, idf_mass: float, *, saturation: float) -> Float32:
    """(n,) BM25 as a share of the most that the question's words could give, 0 to 1.

    `idf_mass` sums the idf of every term of the question, also of those that the passage's language does
    not have at all: a question in another language then has a large mass and no matches, so its share is
    near 0 without any gate. `saturation` is BM25's k1: a term can give at most idf × (k1 + 1).
    """
    if idf_mass <= 0:
        return np.zeros(len(bm25), dtype=np.float32)
    return (bm25 / (idf_mass * (saturation + 1))).astype(np.float32)


def ranking(scores: Float32, ids: Int64) -> Int64:
    """Positions of `scores` best first; equal scores go by smaller passage id."""
    return np.lexsort((ids, -scores.astype(np.float64)))
