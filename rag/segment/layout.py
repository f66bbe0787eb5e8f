"""How a page is set: the width of its columns, what its indents mean, where its lines are verse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag.segment.lines import Line
from rag.segment.script import CONTINUING, TERMINAL, first_letter, is_spaceless, width

FULL = 0.97  # of the column: the next word would not have fitted
_STEP, _REACH = 4, 6  # the column is measured anew every 4 lines, over 6 lines more at both sides
_NARROWEST, _WIDEST = 14, 140  # columns; beyond them a line break is not the work of a column
_USUAL = 100  # columns; a wider column needs more evidence
_SUPPORT = 0.88  # the longest line measures the column only where another comes as near to it
_OUTLIERS = 0.15  # of the lines may be wider than the column
_FULL_SHARE = 0.5  # of the lines without a final mark, in a text that was wrapped
_KINSOKU = 4  # columns that a line of Han or Kana may leave empty so that no comma begins the next one

_TOGETHER = regex.compile(
    r"[^\s\p{Han}\p{Kana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u3000-\u303f\uff01-\uff60]{1,40}"
)

Measure = Callable[[Line], int]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the setting of the page says of each line (all tuples are as long as the lines)."""

    fill: tuple[float, ...]  # >= 1: the next word would not have fitted; 0 where lines are not wrapped
    verse: tuple[bool, ...]  # the line belongs to a stanza or a list of short lines; its break is meant
    punctuated: tuple[bool, ...]  # sentences around the line have their final marks
    indent_starts: bool  # an indent marks a new paragraph in this document
    indent_rules: bool  # nearly every paragraph begins with one
    base_indent: int  # columns; of most lines that go on
    case_evidence: (
        float  # for going on where a capital follows an open line: > 0 if most go on with small ones
    )


def find_layout(lines: Sequence[Line], barriers: Sequence[bool]) -> Layout:
    """Measure the page; `barriers` are lines that are no running text (headings, items, rows)."""
    measure, columns = find_columns(lines, barriers)
    fill = [
        fill_of(line, following, columns[i], measure) if columns[i] else 0.0
        for i, (line, following) in enumerate(pairwise((*lines, None)))
        if line is not None
    ]
    starts, rules, base = _indents(lines, barriers, fill)
    return Layout(
        fill=tuple(fill),
        verse=tuple(_verse(lines, barriers, fill)),
        punctuated=tuple(_punctuated(lines, barriers)),
        indent_starts=starts,
        indent_rules=rules,
        base_indent=base,
        case_evidence=_case_evidence(lines, barriers),
    )


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
    open_lines = [i for i in text if i + 1 < len(lines) and not lines[i].is_ended]
    full = sum(fill_of(lines[i], lines[i + 1], column, measure) >= FULL for i in open_lines)
    return full >= (2 if column <= _USUAL else 4) and full >= _FULL_SHARE * len(open_lines)


def fill_of(line: Line, following: Line | None, column: int, measure: Measure = by_columns) -> float:
    """How far `line` would have reached with the first word of the line that follows, 1 for the column."""
    return (measure(line) + (_first_word(following.text) if following else 0)) / column


def _first_word(text: str) -> int:
    """The columns of what must stand together at the beginning of a line."""
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


def _indents(
    lines: Sequence[Line], barriers: Sequence[bool], fill: Sequence[float]
) -> tuple[bool, bool, int]:
    """Whether an indent begins a paragraph here, whether all begin so, and the indent of lines that go on."""
    texts = [i for i in range(1, len(lines)) if not barriers[i]]
    open_before = {i for i in texts if not barriers[i - 1] and not lines[i - 1].is_ended}
    going_on = Counter(lines[i].indent for i in texts if i in open_before and lines[i].gap == 0)
    base = min(going_on, key=lambda indent: (-going_on[indent], indent)) if going_on else 0
    deeper = [i for i in texts if 0 < lines[i].indent - base <= 12]
    after_end = sum(i not in open_before for i in deeper)
    starts = len(deeper) >= 2 and after_end >= 0.6 * len(deeper)
    new = [i for i in texts if i not in open_before and (not fill[i - 1] or fill[i - 1] < 0.8)]
    rules = starts and len(new) >= 3 and sum(lines[i].indent > base for i in new) >= 0.85 * len(new)
    return starts, rules, base


def _punctuated(lines: Sequence[Line], barriers: Sequence[bool]) -> list[bool]:
    """For each line whether a third of the long lines around it, or more, end with a final mark."""
    marks = [True] * len(lines)
    for first in range(0, len(lines), _STEP):
        window = range(max(0, first - _REACH), min(len(lines), first + _STEP + _REACH))
        prose = [i for i in window if not barriers[i] and (lines[i].columns >= 30 or lines[i].is_ended)]
        ended = sum(lines[i].is_ended for i in prose)
        for i in range(first, min(len(lines), first + _STEP)):
            marks[i] = len(prose) < 4 or ended >= 0.3 * len(prose)
    return marks


def _case_evidence(lines: Sequence[Line], barriers: Sequence[bool]) -> float:
    """What a capital says after a long open line: 0.5 (a cut) where most go on small, -1 where few do."""
    small = large = 0
    for index in range(1, len(lines)):
        before, line = lines[index - 1], lines[index]
        if barriers[index] or barriers[index - 1] or before.columns < 40 or before.is_ended:
            continue
        letter = first_letter(line.text)
        small += letter.islower()
        large += letter.isupper()
    if small >= 2 and small >= large:
        return 0.5
    return -1.0 if large >= 3 and large > 2 * small else 0.0


def _verse(lines: Sequence[Line], barriers: Sequence[bool], fill: Sequence[float]) -> list[bool]:
    """For each line whether its break is meant: stanzas, addresses, lists of short lines."""
    marks = [False] * len(lines)
    runs = _runs(lines, barriers)
    broadest = _broadest(lines)
    stanzas = [run for run in runs if len(run) >= 2 and _is_ragged(lines, run, fill, broadest)]
    starts = {run[0] for run in stanzas}
    is_poem = len(stanzas) >= 3 and sum(map(len, stanzas)) >= 0.5 * sum(map(len, runs))
    widest = max((by_columns(lines[i]) for run in stanzas for i in run), default=0)
    for run in runs if is_poem else stanzas:
        if is_poem:
            full = sum(fill[i] >= FULL for i in run[:-1])
            fits = max(by_columns(lines[i]) for i in run) <= 1.1 * widest
            is_stanza = len(run) >= 2 and (run[0] in starts or (fits and full <= len(run) / 2))
        else:
            is_stanza = run[0] > 0 and (len(run) >= 4 or (len(run) == 3 and _stopped(lines, run) >= 0.5))
        if is_stanza:
            for index in run:
                marks[index] = True
    return marks


def _broadest(lines: Sequence[Line]) -> int:
    """The width that one line in ten reaches in this document."""
    ordered = sorted((by_columns(line) for line in lines), reverse=True)
    return ordered[len(ordered) // 10] if ordered else 0


def _runs(lines: Sequence[Line], barriers: Sequence[bool]) -> list[range]:
    """The stretches of running lines with no blank line between them."""
    runs: list[range] = []
    first = 0
    for index in range(1, len(lines) + 1):
        is_cut = (
            index == len(lines)
            or lines[index].gap > 0
            or lines[index].new_page
            or barriers[index]
            or barriers[index - 1]
        )
        if is_cut:
            if not barriers[first]:
                runs.append(range(first, index))
            first = index
    return runs


def _stopped(lines: Sequence[Line], run: Sequence[int]) -> float:
    """The share of lines that end with a mark."""
    last = [lines[i].text[-1] for i in run]
    return sum(mark in TERMINAL or mark in CONTINUING or mark in "”’」』\"'" for mark in last) / len(last)


def _is_ragged(lines: Sequence[Line], run: range, fill: Sequence[float], broadest: int) -> bool:
    """Whether the breaks of a run of lines were meant: short lines, not filled, each ending with a mark."""
    widest = max(by_columns(lines[i]) for i in run)
    if widest > 72 or sum(lines[i].columns for i in run) / len(run) > 56:
        return False
    inner = list(run)[:-1]
    stopped = _stopped(lines, run)
    full = sum(fill[i] >= FULL for i in inner) / len(inner)
    if full > 0.5 and stopped < 0.75:
        return False
    if is_spaceless(lines[run[0]].text[0]):
        return widest <= 48 and (
            stopped >= 0.75 or _is_regular(lines, run) or _unfilled(lines, inner, widest, 0.8) >= 0.6
        )
    unfilled = _unfilled(lines, inner, widest, FULL)
    score = 2.0 if unfilled >= 0.6 else 1.0 if unfilled >= 0.34 else 0.0
    score += 1.0 if stopped >= 0.75 else 0.5 if stopped >= 0.5 else 0.0
    score += 1.0 if sum(first_letter(lines[i].text).isupper() for i in run) >= 0.9 * len(run) else 0.0
    score += 2.0 if _alternates(lines, run) else 0.0
    score += 1.0 if broadest >= 1.3 * widest else 0.0
    return score - (2.0 if full > 0.5 else 1.0 if full > 0.34 else 0.0) >= 2.0


def _alternates(lines: Sequence[Line], run: range) -> bool:
    """Whether the lines are indented by turns, as couplets are."""
    indents = [lines[i].indent for i in run]
    turns = sum(before != after for before, after in pairwise(indents))
    return len(run) >= 3 and len(set(indents)) == 2 and turns >= 0.6 * (len(run) - 1)


def _unfilled(lines: Sequence[Line], inner: Sequence[int], widest: int, share: float) -> float:
    """The share of lines on which the next word would have found room."""
    return sum(fill_of(lines[i], lines[i + 1], widest) < share for i in inner) / max(1, len(inner))


def _is_regular(lines: Sequence[Line], run: range) -> bool:
    """Whether four lines or more are of one length, without a mark inside: verse of five or seven."""
    has_marks = any(mark in lines[i].text[:-1] for i in run for mark in "，。、,；：")
    return len(run) >= 4 and len({lines[i].columns for i in run}) <= 2 and not has_marks
