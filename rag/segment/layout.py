"""How a page is set: the width of its columns, what its indents mean, where its lines are verse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.segment.lines import Line
from rag.segment.script import CONTINUING, TERMINAL, first_letter, is_ended, is_spaceless, width

_STEP, _REACH = 4, 6  # the column is measured anew every 4 lines, over 6 lines more at both sides
_NARROWEST, _WIDEST = 14, 200  # columns; beyond them a line break is not the work of a column
_SUPPORT = 0.88  # the longest line measures the column only where another comes as near to it
_FULL_SHARE = 0.5  # of the lines without a final mark, in a text that was wrapped
_KINSOKU = 4  # columns that a line of Han or Kana may leave empty so that no comma begins the next one


@dataclass(frozen=True, slots=True)
class Layout:
    """What the setting of the page says of each line (all tuples are as long as the lines)."""

    fill: tuple[float, ...]  # >= 1: the next word would not have fitted; 0 where lines are not wrapped
    verse: tuple[bool, ...]  # the line belongs to a stanza or a list of short lines; its break is meant
    indent_starts: bool  # an indent marks a new paragraph in this document
    base_indent: int  # columns; of most lines that go on


def find_layout(lines: Sequence[Line], barriers: Sequence[bool]) -> Layout:
    """Measure the page; `barriers` are lines that are no running text (headings, items, rows)."""
    fill = _fills(lines, barriers)
    verse = _verse(lines, barriers, fill)
    starts, base = _indents(lines, barriers, fill)
    return Layout(tuple(fill), tuple(verse), starts, base)


def _edge(line: Line) -> int:
    return line.indent + line.columns


def _first_word(text: str) -> int:
    """The columns of what must stand together at the beginning of a line."""
    if is_spaceless(text[0]):
        return _KINSOKU
    return 1 + width(text.split(None, 1)[0][:40])


def _fills(lines: Sequence[Line], barriers: Sequence[bool]) -> list[float]:
    fills = [0.0] * len(lines)
    for first in range(0, len(lines), _STEP):
        window = range(max(0, first - _REACH), min(len(lines), first + _STEP + _REACH))
        text = [i for i in window if not barriers[i]]
        column = _column([_edge(lines[i]) for i in text])
        if not column:
            continue
        reached = {i: _reached(lines, i) / column for i in text}
        open_lines = [i for i in text if i + 1 < len(lines) and not is_ended(lines[i].text)]
        full = sum(reached[i] >= 0.97 for i in open_lines)
        if full >= 2 and full >= _FULL_SHARE * len(open_lines):
            for i in text:
                if first <= i < first + _STEP:
                    fills[i] = reached[i]
    return fills


def _reached(lines: Sequence[Line], index: int) -> int:
    """Where line `index` would have ended with the first word of the next one, in columns."""
    following = _first_word(lines[index + 1].text) if index + 1 < len(lines) else 0
    return _edge(lines[index]) + following


def _column(edges: list[int]) -> int:
    """The right edge that at least two lines come near to, 0 where there is none."""
    ordered = sorted((edge for edge in edges if edge >= _NARROWEST), reverse=True)
    for longest, second in zip(ordered, ordered[1:], strict=False):
        if second >= _SUPPORT * longest:
            return longest if longest <= _WIDEST else 0
    return 0


def _verse(lines: Sequence[Line], barriers: Sequence[bool], fill: Sequence[float]) -> list[bool]:
    marks = [False] * len(lines)
    runs = [run for run in _runs(lines, barriers) if len(run) >= 2]
    stanzas = [run for run in runs if _is_ragged(lines, run, fill)]
    for run in stanzas:
        siblings = len(stanzas) >= 3 and run in stanzas
        if run[0] == 0 and not siblings:
            continue
        if len(run) >= 4 or siblings or (len(run) == 3 and _stopped(lines, run) >= 0.5):
            for index in run:
                marks[index] = True
    return marks


def _runs(lines: Sequence[Line], barriers: Sequence[bool]) -> list[range]:
    """The stretches of running lines with no blank line between them."""
    runs: list[range] = []
    first = 0
    for index in range(1, len(lines) + 1):
        is_cut = (
            index == len(lines)
            or lines[index].gap
            or lines[index].new_page
            or barriers[index]
            or barriers[index - 1]
        )
        if is_cut:
            if not barriers[first]:
                runs.append(range(first, index))
            first = index
    return runs


def _stopped(lines: Sequence[Line], run: range) -> float:
    """The share of lines that end with a mark."""
    return sum(
        lines[i].text[-1] in TERMINAL or lines[i].text[-1] in CONTINUING or is_ended(lines[i].text)
        for i in run
    ) / len(run)


def _is_ragged(lines: Sequence[Line], run: range, fill: Sequence[float]) -> bool:
    """Whether the breaks of a run of lines were meant: short lines, not filled, or each ending with a mark."""
    widest = max(_edge(lines[i]) for i in run)
    if widest > 72 or sum(lines[i].columns for i in run) / len(run) > 56:
        return False
    inner = list(run)[:-1]
    stopped = _stopped(lines, run)
    if is_spaceless(lines[run[0]].text[0]):
        regular = len({lines[i].columns for i in run}) <= 2 and len(run) >= 4
        return widest <= 48 and (
            stopped >= 0.75
            or (regular and not _has_inner_marks(lines, run))
            or _unfilled(lines, inner, widest, 0.8) >= 0.6
        )
    capitals = sum(first_letter(lines[i].text).isupper() for i in run) / len(run)
    unfilled = _unfilled(lines, inner, widest, 0.97)
    full = sum(fill[i] >= 0.97 for i in inner)
    if full > len(inner) / 2:
        return False
    return (
        unfilled >= 0.6
        or (capitals >= 0.9 and unfilled >= 0.34 and len(run) >= 4)
        or (stopped >= 0.75 and unfilled >= 0.34)
    )


def _unfilled(lines: Sequence[Line], inner: Sequence[int], widest: int, share: float) -> float:
    """The share of lines on which the next word would have found room."""
    return sum(_reached(lines, i) < share * widest for i in inner) / max(1, len(inner))


def _has_inner_marks(lines: Sequence[Line], run: range) -> bool:
    return any(mark in lines[i].text[:-1] for i in run for mark in "，。、,；：")


def _indents(lines: Sequence[Line], barriers: Sequence[bool], fill: Sequence[float]) -> tuple[bool, int]:
    """Whether an indent begins a paragraph here, and the indent of lines that go on."""
    texts = [i for i in range(len(lines)) if not barriers[i]]
    going_on = Counter(
        lines[i].indent for i in texts if i and not is_ended(lines[i - 1].text) and lines[i].gap == 0
    )
    base = min(going_on, key=lambda indent: (-going_on[indent], indent)) if going_on else 0
    deeper = [i for i in texts if 0 < lines[i].indent - base <= 12]
    after_end = sum(i == 0 or is_ended(lines[i - 1].text) or barriers[i - 1] for i in deeper)
    return len(deeper) >= 2 and after_end >= 0.6 * len(deeper), base
