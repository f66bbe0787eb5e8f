"""Question -> candidates of every passage language -> their scores in every channel -> one total.

The model prefers passages in the question's own language so strongly that another language's right passage
is not among the first hundred. So candidates are taken from each language, and every channel is standardised
against that language's background before the languages are merged.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from rag.records import Bools, Float32, Int64, TokenStates
from rag.scoring import (
    WITHOUT_TOKENS,
    Weights,
    foreignness,
    language_statistics,
    lexical_share,
    maxsim,
    near_maxsim,
    standardise,
    token_weights,
    totals,
)
from rag.settings import Settings
from rag.store.vector_store import VectorStore, Within

BM25_SATURATION = 1.2


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the channels see it."""

    text: str
    terms: tuple[str, ...]
    vector: Float32  # (d,) unit
    tokens: TokenStates  # in the space of the library's stored states
    numbers: Bools  # (q,) which tokens hold a digit
    native: bool  # whether the model was trained for late interaction, where tokens count the same

    def interaction(self, cosines: Float32, offsets: Int64, *, foreign: float) -> Float32:
        """(n,) late interaction with passages of a language so foreign: `maxsim`'s arguments.

        As the model was trained for, if it was.
        """
        if self.native:
            return maxsim(cosines, offsets)
        weights = token_weights(self.tokens.token_ids, foreign=foreign, numbers=self.numbers)
        return near_maxsim(cosines, offsets, weights)


@dataclass(frozen=True, slots=True)
class Scored:
    """Candidates of every language with their channels; entry i of each belongs to passage `ids[i]`."""

    ids: Int64
    meaning: Float32  # standardised within the language
    interaction: Float32  # likewise
    words: Float32  # share of the question's idf mass, 0 to 1
    cosine: Float32  # meaning as it is
    similarity: Float32  # interaction as it is
    foreign: Float32  # how foreign its language is to the question, 0 to 1
    total: Float32


def score(
    snapshot: VectorStore,
    question: Question,
    *,
    settings: Settings,
    weights: Weights | None = None,
    within: Mapping[str, Within] | None = None,
) -> Scored:
    """Every candidate's channels and total; with `within` only those passages, by language, are candidates.

    What a channel's scores are measured against is the whole library in any case: so a passage has the same
    total whatever it was narrowed to.
    """
    weights = weights or (Weights() if len(question.tokens.states) else WITHOUT_TOKENS)
    masses = {language: idf_masses(snapshot, question.terms, language) for language in snapshot.languages}
    apart = foreignness(
        {language: known / mass if mass else 0.0 for language, (mass, known) in masses.items()},
        len(question.tokens.spans) or len(question.terms),
    )

    def channels(language: str) -> _LanguagePart:
        return _channels_of(
            snapshot,
            question,
            language,
            idf_mass=masses[language][0],
            foreign=apart[language],
            settings=settings,
            within=within,
        )

    languages = sorted(snapshot.languages)
    parts = dict(zip(languages, _workers().map(channels, languages), strict=True))
    meaning = language_statistics(
        {language: part.background_meaning for language, part in parts.items()},
        {language: part.reference_meaning for language, part in parts.items()},
    )
    interaction = language_statistics(
        {language: part.background_interaction for language, part in parts.items()},
        {language: part.reference_interaction for language, part in parts.items()},
    )
    meanings = [standardise(part.meaning, meaning[language]) for language, part in parts.items()]
    interactions = [standardise(part.interaction, interaction[language]) for language, part in parts.items()]
    empty = np.empty(0, np.float32)
    ids = np.concatenate([np.empty(0, np.int64), *(part.ids for part in parts.values())])
    stacked = [np.concatenate([empty, *columns]) for columns in (meanings, interactions)]
    words = np.concatenate([empty, *(part.words for part in parts.values())])
    foreign = np.concatenate(
        [empty, *(np.full(len(part.ids), apart[language], np.float32) for language, part in parts.items())]
    )
    total = totals(weights, stacked[0], stacked[1], words, foreign)
    return Scored(
        ids=ids,
        meaning=stacked[0],
        interaction=stacked[1],
        words=words,
        cosine=np.concatenate([empty, *(part.meaning for part in parts.values())]),
        similarity=np.concatenate([empty, *(part.interaction for part in parts.values())]),
        foreign=foreign,
        total=total,
    )


@cache
def _workers() -> ThreadPoolExecutor:
    """Threads that languages are scored in at once: numpy, FAISS and SQLite let go of the interpreter's lock.

    A question over ten languages and 8,970 passages on two cores takes 0.7 to 0.9 of its time in one thread.
    """
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="wenju-scoring")


@dataclass(frozen=True, slots=True)
class _LanguagePart:
    """The candidates and the background of one passage language, not yet standardised."""

    ids: Int64
    meaning: Float32
    interaction: Float32
    words: Float32
    background_meaning: Float32
    background_interaction: Float32
    reference_meaning: Float32
    reference_interaction: Float32


def _channels_of(
    snapshot: VectorStore,
    question: Question,
    language: str,
    *,
    idf_mass: float,
    foreign: float,
    settings: Settings,
    within: Mapping[str, Within] | None,
) -> _LanguagePart:
    some = None if within is None else within.get(language)
    limit = 0 if within is not None and some is None else settings.candidates
    near, _ = snapshot.vector_search(question.vector, limit=limit, language=language, within=some)
    worded, bm25 = snapshot.lexical_search(question.terms, limit=limit, language=language, within=some)
    ids = np.union1d(near, worded)
    words = np.zeros(len(ids), np.float32)
    words[np.searchsorted(ids, worded)] = lexical_share(bm25, idf_mass, saturation=BM25_SATURATION)
    asked = question.tokens.states
    background = snapshot.background_sample(language, size=settings.background)
    reference = snapshot.reference(language)
    return _LanguagePart(
        ids=ids,
        meaning=snapshot.indexed_vectors(ids, language=language) @ question.vector,
        interaction=question.interaction(*snapshot.cosines(asked, ids), foreign=foreign),
        words=words,
        background_meaning=background.vectors @ question.vector,
        background_interaction=question.interaction(
            background.states @ asked.T, background.offsets, foreign=foreign
        ),
        reference_meaning=reference.vectors @ question.vector
        if len(reference.vectors)
        else np.empty(0, np.float32),
        reference_interaction=question.interaction(
            reference.states @ asked.T, reference.offsets, foreign=foreign
        ),
    )


def idf_masses(snapshot: VectorStore, terms: tuple[str, ...], language: str) -> tuple[float, float]:
    """The summed idf of the question's terms among the language's passages, and that of those they have.

    Unseen terms count most.
    """
    frequencies = [snapshot.document_frequency(term, language) for term in terms]
    idf = [idf_of(frequency, snapshot.languages[language]) for frequency in frequencies]
    return sum(idf), sum(one for one, frequency in zip(idf, frequencies, strict=True) if frequency)


def idf_of(frequency: int, passages: int) -> float:
    """The idf of a term that so many of the language's passages have."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))
