"""What has become of an answer that a model wrote: its sentences, each with its verdict, and what went wrong.

All text of a model is data: a face escapes it and makes no link and no picture of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a sentence counts as supported or not."""

    SUPPORTED = "supported"
    UNCITED = "uncited"  # it names no passage
    NOT_GIVEN = "not given"  # it names only passages that the model was not given
    INSTRUCTION = "instruction"  # it sends the reader to an address that the question does not ask for
    LANGUAGE = "language"  # it is in another language than the question
    FACT = "fact"  # a number, date, name or quotation of it stands in no passage that it cites
    WEAK = "weak"  # the passages cited say nothing near enough


class Status(StrEnum):
    """What became of a written answer."""

    WRITTEN = "written"  # at least one sentence is supported
    UNSUPPORTED = "unsupported"  # there is a text, and nothing of it is supported
    REFUSED = "refused"  # the model says that the passages do not answer
    UNANSWERABLE = "unanswerable"  # the library says so: the model was not asked
    FAILED = "failed"  # no whole sentence came
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence of the answer, `Written.text[start:end]`, and whether what it cites supports it."""

    start: int
    end: int
    text: str  # as written, with its marks
    said: str  # without them
    reason: Reason
    citations: tuple[int, ...]  # ranks of the passages that support it; empty where it is not supported
    dropped: tuple[int, ...] = ()  # cited, and not given or no support
    missing: tuple[str, ...] = ()  # with Reason.FACT: the words that stand in no cited passage
    score: float = 0.0  # support by the best cited passage, less the floor; 0 where it was not measured

    @property
    def supported(self) -> bool:
        """Whether the sentence may be shown as resting on its citations."""
        return self.reason is Reason.SUPPORTED


@dataclass(frozen=True, slots=True)
class Quote:
    """The sentence of one passage that answers, in the passage's own words."""

    rank: int
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A written answer, checked. `quotes` stand in for it where nothing of it is supported."""

    status: Status
    model: str
    text: str
    verdicts: tuple[Verdict, ...]
    quotes: tuple[Quote, ...]
    problem: str = ""  # one line for the user, where the endpoint did not do its part
    took_ms: float = 0.0
