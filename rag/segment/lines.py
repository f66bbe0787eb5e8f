"""A page as lines: where each stands, how far it is indented, what separates it from the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.segment.script import is_ended, width

_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_TAB = 4  # columns; only differences of indent matter


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank, without white space at its edges."""

    text: str
    start: int  # offsets into the source
    end: int
    indent: int  # columns of white space before it
    gap: int  # blank lines between it and the line before
    new_page: bool  # a form feed stands between it and the line before
    page: int | None  # 1-based, counted by form feeds; None where the source has none
    columns: int  # its width without the indent
    is_ended: bool  # its last sentence has its final mark


def split_lines(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """The lines of `text[start:end]` that are not blank, in order, with offsets into `text`."""
    end = len(text) if end is None else end
    paged = "\f" in text
    page = 1 + text.count("\f", 0, start) if paged else None
    lines: list[Line] = []
    gap, new_page = 0, False
    for first, last, feeds in _raw(text, start, end):
        line = text[first:last]
        stripped = line.strip()
        if stripped:
            indent = _indent(line[: len(line) - len(line.lstrip())])
            begin = first + len(line) - len(line.lstrip())
            lines.append(
                Line(
                    text=stripped,
                    start=begin,
                    end=begin + len(stripped),
                    indent=indent,
                    gap=gap,
                    new_page=new_page,
                    page=page,
                    columns=width(stripped),
                    is_ended=is_ended(stripped),
                )
            )
            gap, new_page = 0, False
        elif not feeds:
            gap += 1
        if feeds and page is not None:
            page += 1
            new_page = True
    return lines


def _raw(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Each raw line as (start, end, whether a form feed ends it)."""
    position = start
    for match in _BREAK.finditer(text, start, end):
        yield position, match.start(), match[0] == "\f"
        position = match.end()
    yield position, end, False


def _indent(space: str) -> int:
    return sum(2 if character == "\u3000" else _TAB if character == "\t" else 1 for character in space)
