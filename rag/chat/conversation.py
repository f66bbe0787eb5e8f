"""What a conversation is made of: turns of a question as asked, as read, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rag.records import Answer, Hit, Passage
from rag.written import Written

# alone: stands for itself; replaced: part of the question before gives way to a new part; resolved: a word
# such as "she" or "there" gives way to what it points at; joined: the topic of the question before is added;
# speaker: asks who said what was quoted; condensed: a language model put it; edited: a person wrote how it is
# to be read.
ReadingKind: TypeAlias = Literal["alone", "replaced", "resolved", "joined", "speaker", "condensed", "edited"]

# Of the best score; a passage nearer than this is quoted as well. On the 173 answered questions of data/ the
# gold passage is quoted 142 times, not 136, and 17 answers have a second quotation (at 0.90: 147 and 37).
AS_GOOD = 0.95
MOST_QUOTED = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """How a question is understood within its conversation."""

    text: str  # the question that is searched for
    kind: ReadingKind = "alone"
    elsewhere: bool = False  # asks for more than what was quoted before ("what else …", "还…")


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and what came of it."""

    asked: str  # as it was typed
    reading: Reading
    answer: Answer
    written: Written | None = None  # what a language model wrote from the passages; None: none was asked

    @property
    def cited(self) -> Hit | None:
        """The best hit; None where nothing was found at all."""
        return self.answer.hits[0] if self.answer.hits else None

    @property
    def quoted(self) -> tuple[Hit, ...]:
        """The hits whose sentences are the answer, best first."""
        return quoted_hits(self.answer)


def quoted_hits(answer: Answer) -> tuple[Hit, ...]:
    """The hits that are quoted: the best, and those whose score is as good as the same."""
    if not answer.hits:
        return ()
    least = answer.hits[0].score * AS_GOOD
    return (
        tuple(hit for hit in answer.hits[:MOST_QUOTED] if hit.score >= least and hit.highlights)
        or answer.hits[:1]
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, the first one first."""

    turns: tuple[Turn, ...] = ()

    def __add__(self, turn: Turn) -> Conversation:
        return Conversation((*self.turns, turn))

    @property
    def last(self) -> Turn | None:
        """The turn that a follow-up most likely follows; None at the beginning."""
        return self.turns[-1] if self.turns else None

    @property
    def answered(self) -> Turn | None:
        """The last turn that quoted an answer; None where none did."""
        return next((turn for turn in reversed(self.turns) if turn.answer.answerable and turn.cited), None)

    @property
    def quoted(self) -> frozenset[int]:
        """The ids of the passages that were quoted so far."""
        return frozenset(hit.passage.id for turn in self.turns for hit in turn.quoted)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Every passage that was shown, the newest answer's first, each once."""
        hits = (hit for turn in reversed(self.turns) for hit in turn.answer.hits)
        return tuple({hit.passage.id: hit.passage for hit in hits}.values())
