"""How a page is set: the width of its columns, what its indents mean, where its lines are verse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.segment.columns import fill_of, find_columns
from rag.segment.lines import Line
from rag.segment.script import first_letter
from rag.segment.verse import find_verse

_STEP, _REACH = 4, 6  # the page is looked at anew every 4 lines, over 6 lines more at both sides


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
        verse=tuple(find_verse(lines, barriers, fill)),
        punctuated=tuple(_punctuated(lines, barriers)),
        indent_starts=starts,
        indent_rules=rules,
        base_indent=base,
        case_evidence=_case_evidence(lines, barriers),
    )


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
