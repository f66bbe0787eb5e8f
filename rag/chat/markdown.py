"""A conversation as Markdown: each question, how it was read, what is quoted, and its numbered sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from rag.chat.conversation import Conversation, Turn
from rag.records import Hit, Source

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#+\-!|~])")
_NUMBERED = re.compile(r"^(\d+)([.)])", re.MULTILINE)
GAP = " … "


def as_markdown(conversations: Iterable[Conversation], *, read_as: str, unanswered: str) -> str:
    """Return the conversations one below the other; `read_as` and `unanswered` are words for the reader.

    Sources are numbered through a conversation, each passage once; text of documents is escaped, so that it
    stays text.
    """
    return "\n---\n\n".join(_conversation(one, read_as, unanswered) for one in conversations if one.turns)


def _conversation(conversation: Conversation, read_as: str, unanswered: str) -> str:
    numbers: dict[tuple[str, str | None, int, int], int] = {}
    hits: list[Hit] = []
    parts = [f"# {plain(conversation.turns[0].asked)}\n"]
    for turn in conversation.turns:
        parts.append(f"\n## {plain(turn.asked)}\n")
        if turn.reading.kind not in ("alone", "speaker"):
            parts.append(f"\n*{plain(read_as)} {plain(turn.reading.text)}*\n")
        parts.append(f"\n{_quoted(turn, numbers, hits, unanswered)}\n")
    parts += [
        "\n" * bool(hits),
        *(f"{number}. {_source(hit.passage.source)}\n" for number, hit in enumerate(hits, 1)),
    ]
    return "".join(parts)


def _quoted(
    turn: Turn, numbers: dict[tuple[str, str | None, int, int], int], hits: list[Hit], unanswered: str
) -> str:
    hit = turn.cited
    if hit is None or not turn.answer.answerable:
        return f"*{plain(unanswered)}*"
    source = hit.passage.source
    place = (source.document, source.id, source.start, source.end)
    if place not in numbers:
        hits.append(hit)
        numbers[place] = len(hits)
    said = f"**{plain(_who(source))}**\n\n" if turn.reading.kind == "speaker" else ""
    lines = quoted_text(hit).splitlines()
    quote = "\n".join(f"> {plain(line)}".rstrip() for line in lines)
    return f"{said}{quote} [{numbers[place]}]"


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
