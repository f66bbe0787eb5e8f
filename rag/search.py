"""Question -> candidates of every passage language -> scores -> `Answer`.

The model prefers passages in the question's own language so strongly that another language's right passage
is not among the first hundred. So candidates are taken from each language, and every channel is standardised
against that language's background before the languages are merged.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rag.confidence import ANSWERABLE_FROM, Evidence, confidence
from rag.encoder import Encoder
from rag.errors import QuestionError
from rag.highlight import best_sentences
from rag.language import detect_language
from rag.records import Answer, Channels, Filters, Float32, Hit, Int64, Passage, TokenStates
from rag.scoring import (
    Weights,
    language_statistics,
    lexical_share,
    maxsim,
    ranking,
    standardise,
    token_weights,
)
from rag.settings import Settings
from rag.shelving import encoded_text
from rag.snapshot import Snapshot
from rag.tokens import lexical_terms

BM25_SATURATION = 1.2


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the channels see it."""

    text: str
    terms: tuple[str, ...]
    vector: Float32  # (d,) unit
    tokens: TokenStates  # in the space of the library's stored states


@dataclass(frozen=True, slots=True)
class Scored:
    """Candidates of every language with their channels; entry i of each belongs to passage `ids[i]`."""

    ids: Int64
    meaning: Float32  # standardised within the language
    interaction: Float32  # likewise
    words: Float32  # share of the question's idf mass, 0 to 1
    similarity: Float32  # MaxSim as it is
    total: Float32


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many passages an answer shows, and which may be among them."""

    hits: int
    filters: Filters = field(default_factory=Filters)


def search(
    snapshot: Snapshot, encoder: Encoder, question: str, *, wanted: Wanted, settings: Settings
) -> Answer:
    """The best passages for the question, ties by passage id, with the sentences that answer.

    Raises QuestionError where the question is empty, blank or too long, UsageError where a filter is none.
    """
    started = time.perf_counter()
    asked = understand(snapshot, encoder, question, settings=settings)
    within = None if wanted.filters == Filters() else snapshot.matching(wanted.filters)
    scored = score(snapshot, asked, settings=settings, within=within)
    order = ranking(scored.total, scored.ids)[: wanted.hits]
    found = _hits(snapshot, asked, scored, order)
    sure = confidence(_evidence(asked, scored, int(order[0]), found[0].passage)) if found else 0.0
    return Answer(
        question=_printable(question),
        answerable=sure >= ANSWERABLE_FROM,
        confidence=sure,
        hits=found,
        took_ms=(time.perf_counter() - started) * 1000,
    )


def understand(snapshot: Snapshot, encoder: Encoder, question: str, *, settings: Settings) -> Question:
    """The question, checked and encoded."""
    text = question.strip()
    if not any(character.isalnum() for character in text):
        raise QuestionError('the question is empty: write one with words in it, as in rag ask "…"')
    if len(text) > settings.max_question_characters:
        raise QuestionError(
            f"the question has {len(text)} characters, {settings.max_question_characters} at most: shorten it"
        )
    text = _printable(text).replace("\0", " ")
    encoding = encoder.encode_question(text)
    own = encoding.tokens[0]
    states = snapshot.project(own.states) if snapshot.languages else own.states
    return Question(
        text=text,
        terms=tuple(dict.fromkeys(lexical_terms(text))),
        vector=encoding.vectors[0],
        tokens=TokenStates(states, own.spans, own.token_ids),
    )


def _printable(text: str) -> str:
    """The text without lone surrogates, which no file and no terminal takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def score(
    snapshot: Snapshot,
    question: Question,
    *,
    settings: Settings,
    weights: Weights | None = None,
    within: Mapping[str, Int64] | None = None,
) -> Scored:
    """Every candidate's channels and total; with `within` only those passages, by language, are candidates.

    What a channel's scores are measured against is the whole library in any case: so a passage has the same
    total whatever it was narrowed to.
    """
    weights = weights or Weights()
    nothing = np.empty(0, np.int64)
    parts = {
        language: _channels_of(
            snapshot,
            question,
            language,
            settings=settings,
            within=None if within is None else within.get(language, nothing),
        )
        for language in sorted(snapshot.languages)
    }
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
    total = weights.meaning * stacked[0] + weights.interaction * stacked[1] + weights.words * words
    similarity = np.concatenate([empty, *(part.interaction for part in parts.values())])
    return Scored(ids, stacked[0], stacked[1], words, similarity, total.astype(np.float32))


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
    snapshot: Snapshot, question: Question, language: str, *, settings: Settings, within: Int64 | None
) -> _LanguagePart:
    limit = settings.candidates
    near, _ = snapshot.vector_search(question.vector, limit=limit, language=language, within=within)
    worded, bm25 = snapshot.lexical_search(question.terms, limit=limit, language=language, within=within)
    ids = np.union1d(near, worded)
    words = np.zeros(len(ids), np.float32)
    words[np.searchsorted(ids, worded)] = lexical_share(
        bm25, idf_mass(snapshot, question.terms, language), saturation=BM25_SATURATION
    )
    asked, weights = question.tokens.states, token_weights(question.tokens.token_ids)
    background = snapshot.background_sample(language, size=settings.background)
    reference = snapshot.reference(language)
    return _LanguagePart(
        ids=ids,
        meaning=snapshot.indexed_vectors(ids, language=language) @ question.vector,
        interaction=maxsim(*snapshot.cosines(asked, ids), weights),
        words=words,
        background_meaning=background.vectors @ question.vector,
        background_interaction=maxsim(background.states @ asked.T, background.offsets, weights),
        reference_meaning=reference.vectors @ question.vector
        if len(reference.vectors)
        else np.empty(0, np.float32),
        reference_interaction=maxsim(reference.states @ asked.T, reference.offsets, weights),
    )


def idf_mass(snapshot: Snapshot, terms: tuple[str, ...], language: str) -> float:
    """The summed idf of the question's terms among the language's passages; unseen terms count most."""
    count = snapshot.languages[language]
    frequencies = (snapshot.document_frequency(term, language) for term in terms)
    return sum(math.log(1 + (count - frequency + 0.5) / (frequency + 0.5)) for frequency in frequencies)


def _evidence(question: Question, scored: Scored, row: int, best: Passage) -> Evidence:
    return Evidence(
        interaction=float(scored.interaction[row]),
        words=float(scored.words[row]),
        similarity=float(scored.similarity[row]),
        tokens=len(question.tokens.states),
        one_language=detect_language(question.text) == best.language,
    )


def _hits(snapshot: Snapshot, question: Question, scored: Scored, order: Int64) -> tuple[Hit, ...]:
    ids = scored.ids[order]
    rows = zip(order.tolist(), snapshot.passages(ids), snapshot.states(ids), strict=True)
    return tuple(
        Hit(
            passage=passage,
            score=float(scored.total[row]),
            rank=rank,
            highlights=_highlights(question, passage, tokens),
            channels=Channels(
                meaning=float(scored.meaning[row]),
                words=float(scored.words[row]),
                interaction=float(scored.interaction[row]),
            ),
        )
        for rank, (row, passage, tokens) in enumerate(rows, start=1)
    )


def _highlights(question: Question, passage: Passage, tokens: TokenStates) -> tuple[tuple[int, int], ...]:
    shift = encoded_text(passage)[1]
    own = TokenStates(tokens.states, tokens.spans - shift, tokens.token_ids)
    return best_sentences(question.tokens, passage.text, own, language=passage.language)
