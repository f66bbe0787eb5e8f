"""The columns of a page: how wide they are, where lines fill them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import regex

from rag.segment.lines import Line
from rag.segment.script import is_spaceless, is_stopless, width

FULL = 0.97  # of the column: the next word would not have fitted
_STEP, _REACH = 4, 6  # the column is measured anew every 4 lines, over 6 lines more at both sides
_NARROWEST, _WIDEST = 14, 140  # columns; beyond them a line break is not the work of a column
_USUAL = 100  # columns; a wider column needs more evidence
_SUPPORT = 0.88  # the longest line measures the column only where another comes as near to it
_OUTLIERS = 0.15  # of the lines may be wider than the column
_FULL_SHARE = 0.5  # of the lines without a final mark, in a text that was wrapped
_KINSOKU = 4  # columns that a line of Han or Kana may leave empty so that no comma begins the next one

_LONG_WORD = 8  # columns of a word in a script that breaks lines between words, and writes no spaces

_TOGETHER = regex.compile(
    r"[^\s\p{Han}\p{Kana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u3000-\u303f\uff01-\uff60]{1,40}"
)

Measure = Callable[[Line], int]


def by_columns(line: Line) -> int:
    """The right edge of a line in columns of the page."""
    return line.indent + line.columns


def by_characters(line: Line) -> int:
    """The right edge of a line in characters, for text that was wrapped by counting them."""
    return line.indent + len(line.text)


def find_columns(lines: Sequence[Line], barriers: Sequence[bool]) -> tuple[Measure, list[int]]:
    """How lines are measured here, and the width of each one's column, 0 where lines are not wrapped."""
    found = _columns(lines, barriers, by_columns)
    if all(len(line.text) == line.columns for line in lines):
        return by_columns, found
    other = _columns(lines, barriers, by_characters)
    if _count_full(lines, other, by_characters) > 1.1 * _count_full(lines, found, by_columns):
        return by_characters, other
    return by_columns, found


def _count_full(lines: Sequence[Line], columns: Sequence[int], measure: Measure) -> int:
    return sum(
        bool(column) and measure(line) >= FULL * column for line, column in zip(lines, columns, strict=True)
    )


def _columns(lines: Sequence[Line], barriers: Sequence[bool], measure: Measure) -> list[int]:
    columns = [0] * len(lines)
    for first in range(0, len(lines), _STEP):
        window = range(max(0, first - _REACH), min(len(lines), first + _STEP + _REACH))
        text = [i for i in window if not barriers[i]]
        column = _column([measure(lines[i]) for i in text])
        if column and _is_wrapped(lines, text, column, measure):
            for i in range(first, min(first + _STEP, len(lines))):
                columns[i] = column
    return columns


def _is_wrapped(lines: Sequence[Line], text: Sequence[int], column: int, measure: Measure) -> bool:
    """Whether the lines that leave a sentence open reach the edge of the column."""
    inner = [i for i in text if i + 1 < len(lines) and not lines[i].is_ended]
    open_lines = [i for i in inner if not (lines[i + 1].gap or lines[i + 1].new_page)]
    if len(open_lines) < 3:
        open_lines = inner
    full = sum(fill_of(lines[i], lines[i + 1], column, measure) >= FULL for i in open_lines)
    return full >= (2 if column <= _USUAL else 4) and full >= _FULL_SHARE * len(open_lines)


def fill_of(line: Line, following: Line | None, column: int, measure: Measure = by_columns) -> float:
    """How far `line` would have reached with the first word of the line that follows, 1 for the column."""
    return (measure(line) + (_first_word(following.text[:48]) if following else 0)) / column


@lru_cache(maxsize=4096)
def _first_word(text: str) -> int:
    """The columns of what must stand together at the beginning of a line."""
    if is_stopless(text[0]):
        return _LONG_WORD
    if is_spaceless(text[0]):
        return _KINSOKU
    match = _TOGETHER.match(text)
    return 1 + width(match[0] if match else "")


def _column(edges: list[int]) -> int:
    """The right edge that at least two lines come near to, 0 where there is none."""
    ordered = sorted((edge for edge in edges if edge >= _NARROWEST), reverse=True)
    for place, (longest, second) in enumerate(pairwise(ordered)):
        if second >= _SUPPORT * longest:
            is_rare = place <= _OUTLIERS * len(ordered)  # no more than a long address or two is wider
            return longest if longest <= _WIDEST and is_rare else 0
    return 0
