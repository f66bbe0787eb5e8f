"""How far a passage says what a sentence says: words in common and late interaction, against a floor.

A passage is weighed sentence by sentence (and each two neighbours together), since one that talks about the
same things at length has near tokens for anything. For each such window the sentence's tokens look for their
nearest token (MaxSim, rare pieces weighing more), and its content words (five-letter stems; pairs of
characters) are looked up; the best window counts: MaxSim + WORDS × share of words. Between two languages
words say nothing, and late interaction is on another level: a floor of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag.encoder import Encoder
from rag.generate.figures import values
from rag.records import Float32, Passage, TokenStates
from rag.scoring import token_weights
from rag.sentences import sentence_spans
from rag.tokens import STEM_MARK, lexical_terms

# The two floors are all that is fitted, on the sentences of data/answers (200 answers to 40 questions, made
# for this; those whose figures and names stand in the passages cited: others never come here) with
# `python -m benchmarks.support`. Share judged right in ten folds of whole questions (floors of the folds):
#
#     words × 0      one language 85.7 (0.841 to 0.854)     two languages 78.6 (0.738 to 0.757)
#     words × 0.1                 97.7 (0.892 to 0.907)
#     words × 0.2                 99.5 (0.937 to 0.942)
#     words × 0.3                 99.5 (0.969 to 0.979)
#
# 217 sentences in one language and 28 in two: the second floor is a rough one. Both are the bundled model's.
WORDS = 0.2
FLOOR = 0.94
FLOOR_ACROSS = 0.75

_FIRST_UNSPACED = "\u0e00"  # Thai; pairs of characters are terms from here on


@dataclass(frozen=True, slots=True)
class Evidence:
    """One passage made ready to be compared with sentences."""

    rank: int
    language: str
    text: str  # what the page says around it, then its own words
    values: frozenset[str]  # of its numbers and dates
    tokens: TokenStates
    windows: tuple[tuple[int, int], ...]  # into `text`


def evidence_of(passages: Sequence[tuple[int, Passage]], encoder: Encoder) -> dict[int, Evidence]:
    """Each passage's evidence by its rank; `passages` are (rank, passage)."""
    texts = [f"{passage.context}\n{passage.text}".strip() for _, passage in passages]
    encoding = encoder.encode_passages(texts)
    return {
        rank: Evidence(
            rank=rank,
            language=passage.language,
            text=text,
            values=values(text),
            tokens=tokens,
            windows=_windows(text, len(text) - len(passage.text.strip()), passage.language),
        )
        for (rank, passage), text, tokens in zip(passages, texts, encoding.tokens, strict=True)
    }


def _windows(text: str, start: int, language: str) -> tuple[tuple[int, int], ...]:
    """Each sentence from `start` on, and each two neighbours; the whole text where there is none."""
    spans = [(start + first, start + last) for first, last in sentence_spans(text[start:], language)]
    pairs = [(one[0], other[1]) for one, other in pairwise(spans)]
    return (*spans, *pairs) or ((0, len(text)),)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a window of a passage holds of a sentence: each token's nearest, and its content words."""

    nearest: Float32  # (t,) cosines
    words: frozenset[str]


def above_floor(
    claim: str, tokens: TokenStates, passages: Sequence[Evidence], *, same_language: bool
) -> float:
    """The support less the floor, 0 or more where the passages, taken together, support the sentence.

    `tokens` are those of `claim`. Of each passage its best window counts; each token and word of the sentence
    may come from any of these. A sentence without tokens has no support.
    """
    if not len(tokens.states):
        return -1.0
    weights = token_weights(tokens.token_ids)
    wanted = content_terms(claim)

    def score(nearest: Float32, words: frozenset[str]) -> float:
        lexical = WORDS * len(words) / len(wanted) if wanted and same_language else 0.0
        return float(nearest @ weights) + lexical

    best = [
        max(_held(tokens, wanted, one), key=lambda held: score(held.nearest, held.words)) for one in passages
    ]
    nearest = np.maximum.reduce([held.nearest for held in best])
    words = frozenset[str]().union(*(held.words for held in best))
    return score(nearest, words) - (FLOOR if same_language else FLOOR_ACROSS)


def _held(tokens: TokenStates, wanted: frozenset[str], passage: Evidence) -> list[_Held]:
    """What each window holds; a window beyond what the model reads holds words only."""
    cosines, spans = tokens.states @ passage.tokens.states.T, passage.tokens.spans
    held = []
    for start, end in passage.windows:
        inside = (spans[:, 0] < end) & (spans[:, 1] > start)
        nearest = cosines[:, inside].max(axis=1, initial=0.0)
        held.append(_Held(nearest.astype(np.float32), wanted & content_terms(passage.text[start:end])))
    return held


def content_terms(text: str) -> frozenset[str]:
    """The terms that carry what a text is about, in any language: stems, and pairs of unspaced characters."""
    return frozenset(
        term
        for term in lexical_terms(text)
        if term.endswith(STEM_MARK) or (len(term) == 2 and term[0] >= _FIRST_UNSPACED)
    )
