"""A conversation as Markdown: each question, how it was read, what is answered, and its numbered sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.chat.conversation import Conversation, Turn
from rag.records import Hit, Source
from rag.written import Status, Verdict, Written

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#+\-!|~@]|:(?=//)|(?<=www)\.)")  # bare addresses become links too
_NUMBERED = re.compile(r"^(\d+)([.)])", re.MULTILINE)
GAP = " … "


@dataclass(frozen=True, slots=True)
class Words:
    """What is said to the reader beside the text of the conversation, as plain text."""

    read_as: str
    unanswered: str
    written: Callable[[Written], str]  # who wrote an answer, and what became of it
    unsupported: Callable[[Verdict], str]  # why a sentence is not supported


class _Sources:
    """The passages cited in a conversation, numbered from 1 in the order of their first citation."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self._numbers: dict[tuple[str, str | None, int, int], int] = {}

    def number(self, hit: Hit) -> int:
        source = hit.passage.source
        place = (source.document, source.id, source.start, source.end)
        if place not in self._numbers:
            self.hits.append(hit)
            self._numbers[place] = len(self.hits)
        return self._numbers[place]


def as_markdown(conversations: Iterable[Conversation], words: Words) -> str:
    """Return the conversations one below the other.

    Sources are numbered through a conversation, each passage once; text of documents and of models is
    escaped, so that it stays text.
    """
    return "\n---\n\n".join(_conversation(one, words) for one in conversations if one.turns)


def _conversation(conversation: Conversation, words: Words) -> str:
    sources = _Sources()
    parts = [f"# {plain(conversation.turns[0].asked)}\n"]
    for turn in conversation.turns:
        parts.append(f"\n## {plain(turn.asked)}\n")
        if turn.reading.kind not in ("alone", "speaker"):
            parts.append(f"\n*{plain(words.read_as)} {plain(turn.reading.text)}*\n")
        if turn.written is not None:
            parts.append(f"\n{_written(turn.written, turn.answer.hits, sources, words)}\n")
        parts.append(f"\n{_quoted(turn, sources, words)}\n")
    parts += [
        "\n" * bool(sources.hits),
        *(f"{number}. {_source(hit.passage.source)}\n" for number, hit in enumerate(sources.hits, 1)),
    ]
    return "".join(parts)


def _written(written: Written, hits: Sequence[Hit], sources: _Sources, words: Words) -> str:
    """The sentences, each with its sources or with why it has none, under a line that says whose they are."""
    by_rank = {hit.rank: hit for hit in hits}
    sentences = []
    for verdict in written.verdicts:
        marks = [f"[{sources.number(by_rank[rank])}]" for rank in verdict.citations if rank in by_rank]
        why = "" if verdict.supported else f" *({plain(words.unsupported(verdict))})*"
        sentences.append(f"{plain(verdict.said)}{' ' * bool(marks)}{''.join(marks)}{why}")
    said = f"*{plain(words.written(written))}*"
    if written.status is Status.UNSUPPORTED:  # not an answer: one after the other, each with its reason
        return "\n\n".join((said, "\n".join(f"- {sentence}" for sentence in sentences)))
    return "\n\n".join((said, " ".join(sentences))) if sentences else said


def _quoted(turn: Turn, sources: _Sources, words: Words) -> str:
    if not turn.quoted or not turn.answer.answerable:
        return f"*{plain(words.unanswered)}*"
    speaker = turn.quoted[0].passage.source
    said = f"**{plain(_who(speaker))}**\n\n" if turn.reading.kind == "speaker" else ""
    return said + "\n\n".join(_quotation(hit, sources) for hit in turn.quoted)


def _quotation(hit: Hit, sources: _Sources) -> str:
    quote = "\n".join(f"> {plain(line)}".rstrip() for line in quoted_text(hit).splitlines())
    return f"{quote} [{sources.number(hit)}]"


def quoted_text(hit: Hit) -> str:
    """Return the sentences of a hit that answer, or all of its passage where none is marked."""
    spans: Sequence[tuple[int, int]] = hit.highlights or ((0, len(hit.passage.text)),)
    return GAP.join(hit.passage.text[start:end].strip() for start, end in spans)


def _who(source: Source) -> str:
    return " ".join(part for part in (source.role, source.speaker) if part)


def _source(source: Source) -> str:
    name = PurePosixPath(source.document).name + (f" #{source.id}" if source.id is not None else "")
    page = "" if source.page is None else f"p. {source.page}"
    parts = (_who(source), source.section, source.title, name, page, f"¶ {source.paragraph}")
    return " · ".join(plain(part) for part in dict.fromkeys(parts) if part)


def plain(text: str) -> str:
    """Return `text` on one line, with what Markdown or HTML would take for its own escaped."""
    line = " ".join(text.split())
    return _NUMBERED.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", line).replace("&", "&amp;"))
