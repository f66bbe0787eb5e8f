"""What people said of answers: kept in the library's folder as `rag evaluate` takes it, and measured.

Two files for each user: `…right.jsonl` (a question, the quote that answers it, its document; a null quote
where nothing answers) is the judgement file; `…wrong.jsonl`, of the same form, holds what does not answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import RagError
from rag.evaluate import evaluate_answers
from rag.judge.outcomes import Evaluation, Outcome
from rag.judge.sets import Quotation
from rag.records import Answer
from rag.store.files import make_private_folder, write_atomically
from rag.web.cards import document_key, error_view
from rag.web.handlers import Desk
from rag.web.html import bdi, element, escape
from rag.web.room_texts import RoomTexts, room_texts
from rag.web.texts import Texts

FOLDER = "judgements"  # inside the index folder
RIGHT, WRONG = "right.jsonl", "wrong.jsonl"
MAX_JUDGEMENTS = 5000
MISSES = 8
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Said:
    """One judgement: this quote of this document answers the question; None where nothing does."""

    question: str
    quote: str | None
    document: str | None


def files_of(desk: Desk) -> tuple[Path, Path]:
    """Return the two files of the user who asks: what is right, and what is wrong."""
    folder = desk.index / FOLDER / desk.user if desk.apart else desk.index / FOLDER
    return folder / RIGHT, folder / WRONG


def read_said(path: Path) -> list[Said]:
    """Return the judgements of a file, the oldest first; none where there is no file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [said for line in lines if (said := _said(line)) is not None]


def _said(line: str) -> Said | None:
    try:
        record = json.loads(line)
        question, quote, document = record["question"], record["quote"], record.get("document")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    sound = isinstance(question, str) and all(isinstance(one, str | None) for one in (quote, document))
    return Said(question, quote, document) if sound else None


def _write(path: Path, said: Sequence[Said]) -> None:
    make_private_folder(path.parent)
    lines = (
        json.dumps(
            {"question": one.question, "quote": one.quote}
            | ({} if one.document is None else {"document": one.document}),
            ensure_ascii=False,
        )
        for one in said[-MAX_JUDGEMENTS:]
    )
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def judge(desk: Desk, said: Said, *, right: bool) -> bool:
    """Keep a judgement, in place of an earlier one of the same words; False where it is about nothing here.

    What the browser sends may be anything: the quote must stand in a document that this user sees.
    """
    if not said.question.strip() or len(said.question) > 4000 or not _stands(desk, said):
        return False
    with _LOCK:
        for path, wanted in zip(files_of(desk), (right, not right), strict=True):
            before = read_said(path)
            after = [one for one in before if one != said] + ([said] if wanted else [])
            if after != before:
                _write(path, after)
    return True


def _stands(desk: Desk, said: Said) -> bool:
    if said.quote is None or said.document is None:
        return said.quote is None and said.document is None
    try:
        passages = desk.library.passages_of(said.document)
    except RagError:
        return False
    return bool(said.quote.strip()) and any(said.quote in passage.text for passage in passages)


# --- measuring ----------------------------------------------------------------------------------------------


def measure(desk: Desk, said: Sequence[Said]) -> Evaluation:
    """Return how the library does on judgements, all of whose words are in it. Raises EvaluationError."""
    keys = {one.document for one in said}
    documents = [(info, desk.library.passages_of(info.key)) for info in desk.documents() if info.key in keys]
    quotations = [
        Quotation(number, str(number), one.question, one.quote, one.document)
        for number, one in enumerate(said, start=1)
    ]

    def ask(question: str, depth: int) -> Answer:
        return desk.library.ask(question, k=depth)

    return evaluate_answers(quotations, documents, ask, name=RIGHT)


def judged_view(desk: Desk, texts: Texts, *, measured: bool) -> str:
    """Return what was said so far; with `measured`, how the library does on it."""
    words = room_texts(texts)
    right, wrong = (read_said(path) for path in files_of(desk))
    if not right and not wrong:
        return element(
            "div",
            element("h2", escape(words.evaluate_none)),
            element("p", escape(words.evaluate_none_note)),
            class_="wj-blank",
        )
    here = [one for one in right if _stands(desk, one)]
    none = sum(one.quote is None for one in right)
    facts = [words.judged_facts.format(right=len(right) - none, wrong=len(wrong), none=none)]
    facts += [words.gone.format(count=len(right) - len(here))] if len(here) < len(right) else []
    name = f"{FOLDER}/{desk.user}/{RIGHT}" if desk.apart else f"{FOLDER}/{RIGHT}"
    facts.append(words.judgement_file.format(name=name))
    button = element("button", escape(words.measure), type="button", class_="wj-measure", data_act="measure")
    return element(
        "div",
        element("p", *(element("span", escape(fact)) for fact in facts), class_="wj-facts"),
        button if here else "",
        _results(desk, here, wrong, texts) if measured and here else "",
        class_="wj-judged",
    )


def _results(desk: Desk, here: Sequence[Said], wrong: Sequence[Said], texts: Texts) -> str:
    try:
        evaluation = measure(desk, here)
        still = [one for one in wrong if _is_first(desk, one)]
    except RagError as error:
        return error_view(str(error))
    words = room_texts(texts)
    return element(
        "section",
        element("p", escape(words.measured.format(count=evaluation.queries)), class_="wj-measured"),
        element("dl", *_metrics(evaluation, words), class_="wj-metrics"),
        _misses(evaluation, words, texts),
        _still(still, words),
        role="status",
    )


def _is_first(desk: Desk, said: Said) -> bool:
    answer = desk.library.ask(said.question, k=1)
    first = answer.hits[0].passage if answer.answerable and answer.hits else None
    return bool(
        first and said.quote and document_key(first.source) == said.document and said.quote in first.text
    )


def _metrics(evaluation: Evaluation, words: RoomTexts) -> Iterator[str]:
    shown = (
        ("recall@1", words.metric_recall1),
        ("recall@5", words.metric_recall5),
        ("mrr@10", words.metric_mrr),
        ("ndcg@10", words.metric_ndcg),
        ("sentence@1", words.metric_sentence),
        ("refusal_auroc", words.metric_refusal),
    )
    for metric, name in shown:
        value = evaluation.figures.metrics.get(metric)
        if value is None:
            continue
        low, high = evaluation.figures.interval95.get(metric, (value, value))
        bar = element("i", style=f"left:{100 * low:.1f}%;width:{max(0.5, 100 * (high - low)):.1f}%")
        dot = element("b", style=f"left:{100 * value:.1f}%")
        yield element("dt", escape(name))
        yield element(
            "dd",
            element("span", bar, dot, class_="wj-interval"),
            element("span", f"{value:.3f}", class_="wj-numeric"),
            element("span", f"{low:.2f}–{high:.2f}", class_="wj-numeric wj-range"),
        )


def _misses(evaluation: Evaluation, words: RoomTexts, texts: Texts) -> str:
    missed = [one for one in evaluation.outcomes if one.judgement.answerable and one.rank != 1]
    missed.sort(key=lambda one: -(one.rank or 1_000_000))
    if not missed:
        return element("p", escape(words.no_misses), class_="wj-none")
    items = (_miss(one, words) for one in missed[:MISSES])
    return element("h2", escape(words.misses)) + element("ol", *items, class_="wj-misses")


def _miss(outcome: Outcome, words: RoomTexts) -> str:
    where = words.not_found if outcome.rank is None else words.found_at.format(rank=outcome.rank)
    first = outcome.answer.hits[0].passage.text if outcome.answer.hits else ""
    expected = outcome.judgement.answers[0] if outcome.judgement.answers else ""
    return element(
        "li",
        element("p", bdi(outcome.judgement.question), element("em", escape(where)), class_="wj-missed"),
        element("p", element("span", escape(words.expected)), bdi(expected)),
        element("p", element("span", escape(words.found_instead)), bdi(first[:200])),
    )


def _still(still: Sequence[Said], words: RoomTexts) -> str:
    if not still:
        return ""
    items = (
        element("li", element("p", bdi(one.question), class_="wj-missed"), element("p", bdi(one.quote or "")))
        for one in still[:MISSES]
    )
    return element("h2", escape(words.wrong_still)) + element("ol", *items, class_="wj-misses")
