"""From similarities to one score: late interaction, standardising within a language, adding up.

Pure functions on arrays. Higher is better everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rag.records import Float32, Int32, Int64

# How many background passages the expected mean and the pooled spread count for: a language with three
# passages leans on what is expected of it, one with hundreds does not. 240 questions over 194 passages in 11
# languages, nDCG@10: pooled mean 80.0 (prior 2) to 83.4 (10); reference as mean 85.0 (10); reference with the
# library's shift 85.0 (10), 85.6 (20), 86.0 (20, spread 40).
MEAN_PRIOR = 20.0
SPREAD_PRIOR = 40.0
RARITY = 0.3
COMMON_RANK = 4.0  # ln; the first e**4 pieces of a vocabulary say nothing
LEAST_RARITY = 0.05
LEAST_SPREAD = 1e-3  # identical passages have no spread; the division must still mean something


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and standard deviation of one channel's scores over passages that do not answer."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each channel counts for in the sum: see `totals`.

    nDCG@10 × 100 of all candidates, all questions. in: the mixed library asked in the language that holds
    the answer; mixed 10k: with 5,000 Chinese and 5,000 English passages of other text; rare: 106 questions
    about 5 passages of one language among 215 of the question's; own: first places of 173 in 11 languages,
    mixed; then first places of 99 follow-ups.

    | meaning, words, foreign | en | zh | en→zh | zh→en | mixed | in | mixed 10k | rare | own | follow |
    |---|---|---|---|---|---|---|---|---|---|---|
    | 0.15, 6, 0 (before) | 98.92 | 98.22 | 91.14 | 89.55 | 84.43 | 98.46 | 74.35 | 54.59 | 132 | 87 |
    | 0.1, 3 × share², 0 | 99.06 | 98.20 | 91.25 | 89.48 | 88.05 | 98.25 | | 64.89 | 135 | 80 |
    | 0.15, 6, 0.5 | 98.92 | 98.22 | 91.18 | 89.53 | 91.80 | 98.05 | 84.99 | 84.98 | 137 | 79 |
    | 0.15, 8, 0.3 | 98.91 | 98.30 | 91.08 | 89.55 | 89.57 | 98.55 | 82.07 | 73.88 | 138 | 86 |
    | 0.15, 8, 0.5 | 98.91 | 98.30 | 91.08 | 89.56 | 91.41 | 98.47 | 84.40 | 82.43 | 139 | 83 |
    | 0.15, 10, 0.5 | 98.89 | 98.35 | 91.08 | 89.56 | 90.88 | 98.48 | 83.74 | 80.19 | 138 | 83 |
    | 0.15, 8, 0.5 † | 98.91 | 98.30 | 91.61 | 90.27 | 91.26 | 98.54 | 84.46 | 82.21 | 137 | 84 |
    | 0.05, 8, 0.5 † | 98.95 | 98.36 | 91.60 | 90.31 | 90.99 | 98.54 | | 80.80 | 136 | 84 |
    | 0.05, 8, 0.6 ‡ | 98.95 | 98.36 | 91.53 | 90.25 | 90.80 | 98.54 | | | 138 | 84 |

    † with rare tokens in a foreign language (`token_weights`) and less up to 12 tokens (`FULL_LENGTH`); ‡ up
    to 16, which is what is used.
    At a meaning of 0.05 a newspaper page of 29 questions has 27 first, at 0.1 and 0.15 it has 26.
    """

    meaning: float = 0.05
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
    tokens = cosines.shape[1]
    result = np.zeros(len(offsets) - 1, dtype=np.float32)
    filled = np.flatnonzero(np.diff(offsets) > 0)
    if len(filled) == 0 or tokens == 0:
        return result
    best = np.maximum.reduceat(cosines, offsets[:-1][filled], axis=0)
    share = np.full(tokens, 1 / tokens, np.float32) if weights is None else weights / weights.sum()
    result[filled] = best @ share.astype(np.float32)
    return result


def token_weights(token_ids: Int32, *, foreign: float = 0.0) -> Float32:
    """(q,) weights of the question's tokens, 1 in sum: rare pieces weigh more, by `foreign`, 0 to 1.

    Vocabularies run from frequent to rare, so the logarithm of an id stands for its idf in every language and
    needs no counts. A share of `RARITY` is weighed so, all in a wholly foreign language, the rest equally.
    nDCG@10 × 100 of all candidates on XQuAD (all questions; zh, en, en→zh, zh→en): share 0: 98.24 98.90 90.67
    88.98; 0.3: 98.30 98.91 91.07 89.55; 0.6: 98.32 98.95 91.52 89.92; 1: 98.32 98.82 91.87 90.23. At 0.5 and
    more in its own language, first places on a newspaper page are lost.
    """
    count = max(len(token_ids), 1)
    share = RARITY + (1 - RARITY) * foreign
    rarity = np.maximum(np.log(np.maximum(token_ids, 1)) - COMMON_RANK, LEAST_RARITY)
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
