"""A conversation as the page shows it: each question, how it was read, what answers it, the passages."""

from __future__ import annotations

from collections.abc import Sequence

from rag.chat.conversation import Reading, Turn
from rag.records import Progress, Source
from rag.search import SEARCH_STAGES
from rag.web.cards import answer_view, hit_list, quotation_view
from rag.web.chat_texts import chat_texts
from rag.web.html import bdi, element, escape
from rag.web.texts import Texts
from rag.web.written_view import slot, written_view
from rag.written import Status


def conversation_view(
    turns: Sequence[Turn],
    texts: Texts,
    *,
    key: str = "",
    pending: str = "",
    note: str = "",
    offered: str = "",
) -> str:
    """Return the turns, the first one first, only the last with its passages open.

    `key` is the conversation's in the history, `pending` is the markup of a question that is being answered,
    `note` that of something to be said below, `offered` what the last turn shows where nothing is written.
    """
    if not turns and not pending and not note:
        return ""
    opened = not pending
    past = turns[:-1] if opened else turns
    shown = [past_turn(turn, texts) for turn in past]
    if opened and turns:
        shown.append(last_turn(turns[-1], texts, alone=len(turns) == 1, offered=offered))
    return element("div", *shown, pending, note, class_="wj-talk", data_conversation=key)


def last_turn(turn: Turn, texts: Texts, *, alone: bool, offered: str = "") -> str:
    """Return the newest turn, with how it was read to be changed, what was written, and its cards."""
    head = element("h1", bdi(turn.asked), class_="wj-asked", dir="auto")
    reading = "" if alone and turn.reading.kind == "alone" else reading_view(turn, texts)
    written = offered
    if turn.written is not None:
        written = written_view(turn.written, turn.answer, texts, again=bool(offered))
    place = slot(written) if written else ""
    return answer_view(turn.answer, texts, head=head + reading + place, said=_said(turn, texts))


def past_turn(turn: Turn, texts: Texts) -> str:
    """Return an earlier turn: the question and what was written or quoted; its passages are folded away."""
    answer, words = turn.answer, chat_texts(texts)
    quotes = [quotation_view(hit, answer.question, texts) for hit in turn.quoted]
    if turn.written is not None and turn.written.status is Status.WRITTEN:
        quotes = [written_view(turn.written, answer, texts)]
    if not answer.answerable or not answer.hits:
        quotes = [element("p", escape(texts.nothing_answers), class_="wj-refusal")]
    count = len(answer.hits)
    summary = words.quoted_one if count == 1 else words.shown_passages.format(count=count)
    folded = element("details", element("summary", escape(summary)), hit_list(answer, texts)) if count else ""
    rewritten = turn.reading.kind not in ("alone", "speaker")
    return element(
        "section",
        element("h2", bdi(turn.asked), class_="wj-asked", dir="auto"),
        element("p", *_read_as(turn.reading, texts), class_="wj-reading") if rewritten else "",
        _said(turn, texts),
        *quotes,
        folded,
        class_="wj-past" if answer.answerable else "wj-past wj-unanswered",
    )


def _read_as(reading: Reading, texts: Texts) -> tuple[str, str]:
    words = chat_texts(texts)
    label = words.edited if reading.kind == "edited" else words.read_as
    return element("span", escape(label)), bdi(reading.text, class_="wj-read", dir="auto")


def reading_view(turn: Turn, texts: Texts) -> str:
    """Return how a question was read, with a form to say it better."""
    words, reading = chat_texts(texts), turn.reading
    if reading.kind == "speaker":
        return ""
    literally = reading.text == turn.asked
    said = (element("span", escape(words.read_literally)),) if literally else _read_as(reading, texts)
    as_typed = "" if literally else _button(words.as_typed, "reread", turn.asked)
    shown = element("p", *said, _button(words.edit, "edit"), as_typed, class_="wj-reading")
    field = element(
        "textarea",
        escape(reading.text),
        rows=1,
        aria_label=words.edit_label,
        name="reading",
        dir="auto",
        maxlength=4000,
    )
    form = element(
        "form",
        field,
        element("button", escape(words.edit_done), type="submit", class_="wj-done"),
        _button(words.edit_cancel, "unedit"),
        class_="wj-edit",
        hidden=True,
        data_form="reread",
    )
    return shown + form


def _button(words: str, act: str, question: str | None = None) -> str:
    return element(
        "button", escape(words), type="button", class_="wj-quiet", data_act=act, data_question=question
    )


def _said(turn: Turn, texts: Texts) -> str:
    """Return who said it, where that was the question."""
    if turn.reading.kind != "speaker" or turn.cited is None:
        return ""
    words = element("span", escape(chat_texts(texts).said_by))
    return element("p", words, *_who(turn.cited.passage.source), class_="wj-said")


def _who(source: Source) -> list[str]:
    role = [bdi(source.role, class_="wj-role")] if source.role else []
    return [*role, bdi(source.speaker, class_="wj-speaker")]


def pending_view(question: str, stages: Sequence[Progress], texts: Texts) -> str:
    """Return a question that is being answered, and its stages: the last is the one that it is at.

    What has come late, after the word to stop, is this view too: the page then shows its note alone.
    """
    names = dict(zip(SEARCH_STAGES, chat_texts(texts).stages, strict=True))
    last = len(stages) - 1
    steps = (
        element(
            "li",
            escape(names.get(stage.stage, stage.stage).format(passages=f"{stage.total:,}")),
            class_="wj-done" if place < last else "wj-doing",
        )
        for place, stage in enumerate(stages)
    )
    return element(
        "section",
        element("h2", bdi(question), class_="wj-asked", dir="auto"),
        element("ol", *steps, class_="wj-stages", role="status"),
        note_view(chat_texts(texts).stopped),
        class_="wj-pending",
    )


def note_view(words: str) -> str:
    """Return one quiet line below a conversation."""
    return element("p", escape(words), class_="wj-note", role="status")
