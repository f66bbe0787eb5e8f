"""Small outcomes for the tests of `rag.judge`: made of records only, nothing is indexed."""

from __future__ import annotations

from rag.judge.outcomes import Judgement, Outcome
from rag.records import Answer, Channels, Hit, Passage, Source


def passage(
    number: int, text: str, *, unit: str | None = None, section: str = "", speaker: str = ""
) -> Passage:
    source = Source("/set/corpus.jsonl", "", section, speaker, "", None, 1, 0, len(text), unit)
    return Passage(number, text, "en", source)


def hit(
    rank: int, text: str = "text", *, unit: str | None = None, highlights=((0, 4),), number: int = 0
) -> Hit:
    return Hit(
        passage(number or rank, text, unit=unit), 1.0 / rank, rank, tuple(highlights), Channels(0.0, 0.0, 0.0)
    )


def answer(question: str, hits=(), *, confidence: float = 0.9, answerable: bool = True) -> Answer:
    return Answer(question, answerable, confidence, tuple(hits), 1.0)


def outcome(id: str, gains: dict[str, int], units: str, **more) -> Outcome:
    """An outcome whose results are the letters of `units`."""
    judgement = Judgement(
        id, f"question {id}", gains, answers=more.pop("answers", ()), gold=more.pop("gold", "")
    )
    given = more.pop("answer", None) or answer(judgement.question, confidence=more.pop("confidence", 0.9))
    return Outcome(judgement, tuple(units), given, **more)
