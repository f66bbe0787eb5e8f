"""A written answer as the page shows it: each sentence with the numbers it rests on, or with why it has none.

Whatever comes from the model or from its endpoint is text here: it is escaped, and makes no link, no picture
and no list. The only links are the numbers, which open the passages.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.generate.citations import without_marks
from rag.language import UNDECIDED, detect_language
from rag.records import Answer, Hit
from rag.web.cards import citation
from rag.web.html import bdi, element, escape
from rag.web.texts import Texts
from rag.web.written_texts import outcome_text, reason_text, written_texts
from rag.written import Status, Verdict, Written

_HALF_MARK = regex.compile(r"\s*[\[【［][^\]】］]*$")  # a citation whose bracket has not closed yet


def written_view(written: Written, answer: Answer, texts: Texts, *, again: bool = False) -> str:
    """Return a written answer that is finished; `again` offers to have it written once more."""
    if written.status is Status.UNANSWERABLE:
        return ""
    words = written_texts(texts)
    sentences = _sentences(written.text, written.verdicts, answer, texts)
    if written.status is Status.UNSUPPORTED:
        summary = element("summary", escape(words.not_shown))
        sentences = element("details", summary, sentences, class_="wj-not-shown")
    said = element("p", escape(outcome_text(written, texts)), class_="wj-outcome", role="status")
    limits = (
        element("p", escape(words.limits), class_="wj-limits") if written.status is Status.WRITTEN else ""
    )
    offer = write_button(words.again) if again and written.status is not Status.WRITTEN else ""
    shown = (sentences, said) if written.status is not Status.UNSUPPORTED else (said, sentences)
    head = _head(texts, model=written.model if written.verdicts else "")
    return element("section", head, *shown, limits, offer, class_="wj-written")


def draft_view(said: str, written: Written, answer: Answer, texts: Texts) -> str:
    """Return an answer that is being written; `said` is what is going on, in the page's words.

    What has not been checked yet stands behind the sentences that have, and is called so.
    """
    text, verdicts = written.text, written.verdicts
    checked = verdicts[-1].end if verdicts else 0
    rest = " ".join(_HALF_MARK.sub("", without_marks(text[checked:])).split())
    note = element("span", escape(written_texts(texts).unchecked), class_="wj-unseen")
    tail = element("span", note, bdi(rest), class_="wj-unchecked") if rest else ""
    sentences = _sentences(text[:checked], verdicts, answer, texts, tail=tail)
    going_on = element("p", escape(said), class_="wj-outcome wj-going-on", role="status")
    head = _head(texts, model=written.model)
    return element("section", head, sentences, going_on, class_="wj-written", aria_busy="true")


def slot(content: str) -> str:
    """Return the place of a written answer within its turn, where the browser puts what comes later."""
    return element("div", content, class_="wj-slot")


def sheet(content: str, *, question: str, conversation: str, busy: bool) -> str:
    """Return what comes later, with whose slot it is for; `busy` while there is more to come."""
    return element(
        "div", content, data_question=question, data_conversation=conversation, data_busy=busy, hidden=True
    )


def write_button(words: str) -> str:
    """Return the button that has an answer written from the passages that are shown."""
    return element("button", escape(words), type="button", class_="wj-quiet wj-write", data_act="write")


def notice_view(address: str, model: str, texts: Texts) -> str:
    """Return where texts are sent, in plain words."""
    sentence = written_texts(texts).notice.format(address="\0", model="\1")
    parts = regex.split("([\0\1])", sentence)
    named = {"\0": bdi(address, class_="wj-address"), "\1": bdi(model)}
    return "".join(named.get(part) or escape(part) for part in parts)


def _head(texts: Texts, *, model: str) -> str:
    words = written_texts(texts)
    title = element("h2", escape(words.title), class_="wj-written-title")
    by = element("p", escape(words.by.format(model=model)), class_="wj-written-by")
    return title + by if model else title


def _sentences(
    text: str, verdicts: Sequence[Verdict], answer: Answer, texts: Texts, *, tail: str = ""
) -> str:
    if not verdicts and not tail:
        return ""
    hits = {hit.rank: hit for hit in answer.hits}
    pieces: list[str] = []
    for place, verdict in enumerate(verdicts):
        before = verdicts[place - 1].end if place else 0
        apart = any(character.isspace() for character in text[before : verdict.start])
        pieces += (" " if place and apart else "", _sentence(verdict, hits, answer.question, texts))
    language = detect_language(text)
    return element(
        "p",
        *pieces,
        " " if tail and verdicts else "",
        tail,
        class_="wj-written-text",
        lang=None if language == UNDECIDED else language,
        dir="auto",
    )


def _sentence(verdict: Verdict, hits: dict[int, Hit], question: str, texts: Texts) -> str:
    said = bdi(" ".join(verdict.said.split()))
    if verdict.supported:
        marks = (citation(hits[rank], question, texts) for rank in verdict.citations if rank in hits)
        return element("span", said, *marks, class_="wj-claim")
    words = written_texts(texts)
    unseen = element("span", escape(f"{words.unsupported_unseen} "), class_="wj-unseen")
    why = words.unsupported.format(why=reason_text(verdict, texts))
    return element(
        "span",
        unseen,
        element("span", said, class_="wj-doubted"),
        " ",
        element("span", escape(why), class_="wj-reason", lang=texts.tongue),
        class_="wj-claim wj-unsupported",
    )
