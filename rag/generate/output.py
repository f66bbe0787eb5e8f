"""What a program or a terminal gets of a written answer: pure functions over its events."""

from __future__ import annotations

from collections.abc import Iterable

from rag.errors import GenerationError
from rag.generate.events import Checked, Event, Finished, PassagesFound
from rag.terminal import BOLD, DIM, RESET, printable
from rag.wire import SCORE_DIGITS, JsonObject
from rag.written import Reason, Status, Verdict, Written

_INSTEAD = {
    Status.UNSUPPORTED: "No sentence of it is supported. What the passages say themselves:",
    Status.REFUSED: "The model finds no answer in the passages. What they say themselves:",
    Status.FAILED: "No answer was written. What the passages say themselves:",
    Status.CANCELLED: "Stopped.",
}


def written_answer(events: Iterable[Event]) -> Written:
    """The result of a writing, when all of its events have been taken."""
    written = [event.written for event in events if isinstance(event, Finished)]
    if not written:
        raise GenerationError("the writing of the answer was broken off; ask again")
    return written[-1]


def written_record(written: Written) -> JsonObject:
    """The JSON form of a written answer; `start` and `end` count characters of `text`."""
    return {
        "status": written.status.value,
        "model": written.model,
        "text": written.text,
        "sentences": [verdict_record(verdict) for verdict in written.verdicts],
        "quotes": [{"rank": quote.rank, "text": quote.text} for quote in written.quotes],
        "problem": written.problem or None,
        "took_ms": round(written.took_ms, 2),
    }


def verdict_record(verdict: Verdict) -> JsonObject:
    """The JSON form of the verdict on one sentence; citations are ranks of `hits`."""
    return {
        "start": verdict.start,
        "end": verdict.end,
        "text": verdict.text,
        "supported": verdict.supported,
        "reason": verdict.reason.value,
        "citations": list(verdict.citations),
        "dropped": list(verdict.dropped),
        "missing": list(verdict.missing),
        "score": round(verdict.score, SCORE_DIGITS),
    }


def reason_line(verdict: Verdict) -> str:
    """Why a sentence is not supported, for a person; "" where it is."""
    missing = ", ".join(f"“{word}”" for word in verdict.missing)
    return {
        Reason.SUPPORTED: "",
        Reason.UNCITED: "names no passage",
        Reason.NOT_GIVEN: "names a passage that was not given",
        Reason.INSTRUCTION: "sends you to an address that was not asked for",
        Reason.LANGUAGE: "not in the language of the question",
        Reason.FACT: f"not in the passage it names: {missing}",
        Reason.WEAK: "not near enough to the passage it names",
    }[verdict.reason]


def event_text(event: Event, *, colour: bool) -> str:
    """What a terminal shows of one event, "" where nothing: sentences when they are checked, not before."""
    if isinstance(event, PassagesFound) and event.answer.answerable:
        return "Written from these passages, each sentence checked against those it names:"
    if isinstance(event, Checked):
        return _sentence(event.verdict, colour=colour)
    if isinstance(event, Finished):
        return _ending(event.written, colour=colour)
    return ""


def _sentence(verdict: Verdict, *, colour: bool) -> str:
    said = printable(" ".join(verdict.said.split()))
    if verdict.supported:
        marks = "".join(f"[{number}]" for number in verdict.citations)
        return f"  ✓ {said} {BOLD}{marks}{RESET}" if colour else f"  ✓ {said} {marks}"
    why = printable(reason_line(verdict))
    return f"  {DIM}? {said} ({why}){RESET}" if colour else f"  ? {said} (not supported: {why})"


def _ending(written: Written, *, colour: bool) -> str:
    if written.status not in _INSTEAD:
        return ""
    quotes = [f"  [{quote.rank}] {printable(' '.join(quote.text.split()))}" for quote in written.quotes]
    return "\n".join([_INSTEAD[written.status], *(() if written.status is Status.CANCELLED else quotes)])
