"""Question -> candidates -> `Answer`: their order, how sure the first is, the sentences that answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from rag.candidates import Question, Scored, idf_of, score
from rag.confidence import (
    ANSWERABLE_FROM,
    LEAD_OVER,
    Evidence,
    confidence,
    confidence_without_tokens,
)
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
from rag.scoring import ranking
from rag.settings import Settings
from rag.shelving import encoded_text
from rag.store.vector_store import VectorStore
from rag.tokens import lexical_terms

SEARCH_STAGES = ("reading the question", "searching", "finding the sentences")


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
    sure = _confidence(asked, scored, int(ranked.rows[0]), found[0].passage) if found else 0.0
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
        numbers=np.array(
            [any(character.isnumeric() for character in text[start:end]) for start, end in own.spans],
            np.bool_,
        ),
        native=encoder.native_interaction,
    )


def _printable(text: str) -> str:
    """The text without lone surrogates, which no file and no terminal takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


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


def _confidence(question: Question, scored: Scored, row: int, best: Passage) -> float:
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
    return confidence(_evidence(question, scored, row, best))


def _evidence(question: Question, scored: Scored, row: int, best: Passage) -> Evidence:
    """What the channels say of the passage in that row."""
    lower = np.sort(scored.total)[::-1][LEAD_OVER : LEAD_OVER + 1]
    return Evidence(
        interaction=float(scored.interaction[row]),
        similarity=float(scored.similarity[row]),
        cosine=float(scored.cosine[row]),
        lead=float(scored.total[row] - lower[0]) if len(lower) else None,
        foreign=float(scored.foreign[row]),
        tokens=_count_of_own(question),
        one_language=detect_language(question.text) == best.language,
    )


def best_evidence(snapshot: VectorStore, encoder: Encoder, question: str, *, settings: Settings) -> Evidence:
    """What speaks for the first passage of the question's answer, as `search` weighs it; for calibration.

    The library must not be empty, and the encoder must give token states. Raises QuestionError.
    """
    asked = understand(snapshot, encoder, question, settings=settings)
    scored = score(snapshot, asked, settings=settings)
    row = int(ranking(scored.total, scored.ids)[0])
    best = snapshot.passages(scored.ids[row : row + 1])[0]
    return _evidence(asked, scored, row, best)


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
        term: idf_of(snapshot.document_frequency(term, language), snapshot.languages[language])
        for term in question.terms
    }
    return wordiest_sentence(rarity, passage.text, language=passage.language)


def _with_places(tokens: TokenStates) -> TokenStates:
    """Those that stand for characters: markers and the like say nothing about one sentence."""
    own = tokens.spans[:, 1] > tokens.spans[:, 0]
    return tokens if own.all() else TokenStates(tokens.states[own], tokens.spans[own], tokens.token_ids[own])
