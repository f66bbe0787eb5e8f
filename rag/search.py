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

from rag.confidence import ANSWERABLE_FROM, Evidence, confidence, confidence_without_tokens
from rag.encoder import Encoder
from rag.errors import QuestionError
from rag.highlight import best_sentences, wordiest_sentence
from rag.language import detect_language
from rag.records import (
    Answer,
    Channels,
    Filters,
    Float32,
    Hit,
    Int64,
    Passage,
    Progress,
    ProgressCallback,
    TokenStates,
)
from rag.reranker import Reranker
from rag.scoring import (
    WITHOUT_TOKENS,
    Weights,
    foreignness,
    language_statistics,
    lexical_share,
    maxsim,
    ranking,
    standardise,
    token_weights,
    totals,
)
from rag.settings import Settings
from rag.shelving import encoded_text
from rag.store.vector_store import VectorStore, Within
from rag.tokens import lexical_terms

BM25_SATURATION = 1.2
SEARCH_STAGES = ("reading the question", "searching", "finding the sentences")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the channels see it."""

    text: str
    terms: tuple[str, ...]
    vector: Float32  # (d,) unit
    tokens: TokenStates  # in the space of the library's stored states
    native: bool  # whether the model was trained for late interaction, where tokens count the same

    def token_weights(self, foreign: float) -> Float32:
        """(q,) what each token counts for in late interaction with passages of a language so foreign."""
        count = len(self.tokens.states)
        if self.native:
            return np.full(count, 1 / max(count, 1), np.float32)
        return token_weights(self.tokens.token_ids, foreign=foreign)


@dataclass(frozen=True, slots=True)
class Scored:
    """Candidates of every language with their channels; entry i of each belongs to passage `ids[i]`."""

    ids: Int64
    meaning: Float32  # standardised within the language
    interaction: Float32  # likewise
    words: Float32  # share of the question's idf mass, 0 to 1
    similarity: Float32  # MaxSim as it is
    foreign: Float32  # how foreign its language is to the question, 0 to 1
    total: Float32


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of `Scored`, best first, with their final scores, descending, and the cross-encoder's part."""

    rows: Int64
    scores: Float32
    logits: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many passages an answer shows, which may be among them, and what orders the first of them."""

    hits: int
    filters: Filters = field(default_factory=Filters)
    reranker: Reranker | None = None


def search(
    snapshot: VectorStore,
    encoder: Encoder,
    question: str,
    *,
    wanted: Wanted,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> Answer:
    """The best passages for the question, ties by passage id, with the sentences that answer.

    `progress` hears of each of `SEARCH_STAGES` as it begins; what it raises ends the search.
    Raises QuestionError where the question is empty, blank or too long, UsageError where a filter is none,
    ModelError.
    """
    started = time.perf_counter()
    tell = progress or _tell_nobody
    reading, searching, quoting = SEARCH_STAGES
    tell(Progress(reading, 0, 0))
    asked = understand(snapshot, encoder, question, settings=settings)
    tell(Progress(searching, 0, sum(snapshot.languages.values()), "passages"))
    within = None if wanted.filters == Filters() else snapshot.matching(wanted.filters)
    scored = score(snapshot, asked, settings=settings, within=within)
    ranked = rank(snapshot, asked, scored, reranker=wanted.reranker, settings=settings)
    tell(Progress(quoting, 0, min(wanted.hits, len(ranked.rows)), "passages"))
    found = _hits(snapshot, asked, scored, ranked, hits=wanted.hits)
    sure = _confidence(snapshot, asked, scored, int(ranked.rows[0]), found[0].passage) if found else 0.0
    return Answer(
        question=_printable(question),
        answerable=sure >= ANSWERABLE_FROM,
        confidence=sure,
        hits=found,
        took_ms=(time.perf_counter() - started) * 1000,
    )


def _tell_nobody(progress: Progress) -> None:
    """Where nobody waits for stages."""


def understand(snapshot: VectorStore, encoder: Encoder, question: str, *, settings: Settings) -> Question:
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
        native=encoder.native_interaction,
    )


def _printable(text: str) -> str:
    """The text without lone surrogates, which no file and no terminal takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


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
    parts = {
        language: _channels_of(
            snapshot,
            question,
            language,
            idf_mass=masses[language][0],
            foreign=apart[language],
            settings=settings,
            within=within,
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
    foreign = np.concatenate(
        [empty, *(np.full(len(part.ids), apart[language], np.float32) for language, part in parts.items())]
    )
    total = totals(weights, stacked[0], stacked[1], words, foreign)
    similarity = np.concatenate([empty, *(part.interaction for part in parts.values())])
    return Scored(ids, stacked[0], stacked[1], words, similarity, foreign, total)


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
    asked, weights = question.tokens.states, question.token_weights(foreign)
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


def idf_masses(snapshot: VectorStore, terms: tuple[str, ...], language: str) -> tuple[float, float]:
    """The summed idf of the question's terms among the language's passages, and that of those they have.

    Unseen terms count most.
    """
    frequencies = [snapshot.document_frequency(term, language) for term in terms]
    idf = [_idf(frequency, snapshot.languages[language]) for frequency in frequencies]
    return sum(idf), sum(one for one, frequency in zip(idf, frequencies, strict=True) if frequency)


def _idf(frequency: int, passages: int) -> float:
    """The idf of a term that so many of the language's passages have."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def rank(
    snapshot: VectorStore,
    question: Question,
    scored: Scored,
    *,
    reranker: Reranker | None,
    settings: Settings,
) -> Ranked:
    """The candidates in order: by total, the first `settings.reranked` by the cross-encoder if there is one.

    It alone orders those: it has read both texts, its logits are on another scale for each model, and a
    weight fitted on one would be wrong for the next. Equal logits stay in the order of the totals. Scores
    stay descending: a reranked passage has its logit above the least of them, on top of the last one's total.
    """
    rows = ranking(scored.total, scored.ids)
    totals = scored.total[rows]
    first = rows[: settings.reranked]
    if reranker is None or not len(first):
        return Ranked(rows, totals, (None,) * len(rows))
    texts = [encoded_text(passage)[0] for passage in snapshot.passages(scored.ids[first])]
    logits = reranker.scores(question.text, texts)
    order = np.argsort(-logits, kind="stable")
    logits = logits[order]
    return Ranked(
        rows=np.concatenate([first[order], rows[len(first) :]]),
        scores=np.concatenate([totals[len(first) - 1] + logits - logits[-1], totals[len(first) :]]),
        logits=(*logits.tolist(), *(None,) * (len(rows) - len(first))),
    )


def _confidence(snapshot: VectorStore, question: Question, scored: Scored, row: int, best: Passage) -> float:
    """How sure it is that the best passage answers.

    From what the channels say of the passage that is shown first, also where the cross-encoder put it there:
    a logit means another thing with each model.
    """
    if not len(question.tokens.states):
        return confidence_without_tokens(
            meaning=float(scored.meaning[row]),
            words=float(scored.words[row]),
            terms=len(question.terms),
            one_language=detect_language(question.text) == best.language,
        )
    return confidence(_evidence(snapshot, question, scored, row, best))


def _evidence(snapshot: VectorStore, question: Question, scored: Scored, row: int, best: Passage) -> Evidence:
    """What the channels say of the passage in that row."""
    return Evidence(
        interaction=float(scored.interaction[row]),
        words=float(scored.words[row]),
        similarity=float(scored.similarity[row]),
        tokens=_count_of_own(question),
        one_language=detect_language(question.text) == best.language,
        passages=snapshot.languages[best.language],
    )


def best_evidence(snapshot: VectorStore, encoder: Encoder, question: str, *, settings: Settings) -> Evidence:
    """What speaks for the first passage of the question's answer, as `search` weighs it; for calibration.

    The library must not be empty, and the encoder must give token states. Raises QuestionError.
    """
    asked = understand(snapshot, encoder, question, settings=settings)
    scored = score(snapshot, asked, settings=settings)
    row = int(ranking(scored.total, scored.ids)[0])
    best = snapshot.passages(scored.ids[row : row + 1])[0]
    return _evidence(snapshot, asked, scored, row, best)


def _count_of_own(question: Question) -> int:
    """How many of the question's token states stand for characters; all, where none has a place."""
    return len(_with_places(question.tokens).spans) or len(question.tokens.spans)


def _hits(
    snapshot: VectorStore, question: Question, scored: Scored, ranked: Ranked, *, hits: int
) -> tuple[Hit, ...]:
    order = ranked.rows[:hits]
    ids = scored.ids[order]
    places = order.tolist(), ranked.scores[:hits].tolist(), ranked.logits[:hits]
    rows = zip(*places, snapshot.passages(ids), snapshot.states(ids), strict=True)
    return tuple(
        Hit(
            passage=passage,
            score=total,
            rank=place,
            highlights=_highlights(snapshot, question, passage, tokens),
            channels=Channels(
                meaning=float(scored.meaning[row]),
                words=float(scored.words[row]),
                interaction=float(scored.interaction[row]),
                reranker=logit,
            ),
        )
        for place, (row, total, logit, passage, tokens) in enumerate(rows, start=1)
    )


def _highlights(
    snapshot: VectorStore, question: Question, passage: Passage, tokens: TokenStates
) -> tuple[tuple[int, int], ...]:
    """What answers, by token states where both sides have them, by words where not."""
    asked, own = _with_places(question.tokens), _with_places(tokens)
    if len(asked.states) and len(own.states):
        shift = encoded_text(passage)[1]
        moved = TokenStates(own.states, own.spans - shift, own.token_ids)
        return best_sentences(asked, passage.text, moved, language=passage.language)
    language = passage.language
    rarity = {
        term: _idf(snapshot.document_frequency(term, language), snapshot.languages[language])
        for term in question.terms
    }
    return wordiest_sentence(rarity, passage.text, language=passage.language)


def _with_places(tokens: TokenStates) -> TokenStates:
    """Those that stand for characters: markers and the like say nothing about one sentence."""
    own = tokens.spans[:, 1] > tokens.spans[:, 0]
    return tokens if own.all() else TokenStates(tokens.states[own], tokens.spans[own], tokens.token_ids[own])
