"""The answer to a question within its conversation: read it, search; of two readings, take the surer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from rag.chat.conversation import Conversation, Reading, Turn
from rag.chat.reading import readings
from rag.records import Answer

# (question, how many hits more than usual) -> its answer
Ask: TypeAlias = Callable[[str, int], Answer]


def reply(conversation: Conversation, question: str, *, ask: Ask, reading: Reading | None = None) -> Turn:
    """The turn that `question` makes after those of `conversation`, read as `reading` where that is known.

    Raises QuestionError where there is nothing to ask.
    """
    question = question.strip()
    found = readings(conversation, question) if reading is None else (reading,)
    if found[0].kind == "speaker":
        return _who_said(conversation, question, found[0])
    first = Turn(question, found[0], _answer(conversation, found[0], ask))
    for reading in found[1:]:
        other = Turn(question, reading, _answer(conversation, reading, ask))
        if _is_surer(other, first, conversation):
            return other
    return first


def _is_surer(other: Turn, first: Turn, conversation: Conversation) -> bool:
    """Whether the topic of the conversation makes an answer out of none, in the document that was cited."""
    last = conversation.last
    if last is None or last.cited is None or other.cited is None or not other.answer.answerable:
        return False
    same = other.cited.passage.source.document == last.cited.passage.source.document
    return same and other.answer.confidence > first.answer.confidence


def _who_said(conversation: Conversation, question: str, reading: Reading) -> Turn:
    """The turn that names who said what was quoted last; nothing is searched for."""
    turn = conversation.answered
    assert turn is not None, "only what was quoted can be asked about"
    cited = replace(turn.answer.hits[0], rank=1)
    answer = Answer(reading.text, True, 1.0, (cited,), 0.0)
    return Turn(question, reading, answer)


def _answer(conversation: Conversation, reading: Reading, ask: Ask) -> Answer:
    """What the search finds for a reading; where more is asked for, what was quoted already comes last."""
    quoted = conversation.quoted if reading.elsewhere else frozenset()
    answer = ask(reading.text, len(quoted))
    fresh = [hit for hit in answer.hits if hit.passage.id not in quoted]
    known = [hit for hit in answer.hits if hit.passage.id in quoted]
    wanted = max(0, len(answer.hits) - len(quoted))
    hits = (*fresh, *known)[: wanted or len(answer.hits)]
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))
    return replace(answer, hits=ranked)
