"""What each line of a page is by itself and beside its direct neighbours: item, row, name, running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.records import BlockKind
from rag.segment.bylines import CERTAIN, LIKELY, is_note, parse_byline
from rag.segment.lines import Line
from rag.segment.numbers import Numbering, numbering
from rag.segment.script import is_japanese
from rag.segment.shapes import (
    are_aligned,
    cell_starts,
    is_box,
    is_bullet,
    is_caption,
    is_contents_entry,
    is_field,
    is_meta,
    is_rule,
)
from rag.segment.turns import find_turns

_HEADING = 72  # columns; of the longest heading on one line


@dataclass(slots=True)
class LineKind:
    """What a line is before the text around it has a say."""

    kind: BlockKind
    numbering: Numbering | None = None
    is_barrier: bool = False  # begins something new, whatever stands before
    is_closed: bool = False  # nothing goes on from it


def find_kinds(lines: Sequence[Line]) -> list[LineKind]:
    """The kind of each line."""
    japanese = is_japanese(line.text for line in lines)
    cells = [cell_starts(line.text, line.indent) for line in lines]
    fields = [is_field(line.text) for line in lines]
    kinds: list[LineKind] = []
    for index, line in enumerate(lines):
        if _is_row(lines, cells, index):
            kinds.append(LineKind(BlockKind.TABLE_ROW, is_barrier=True, is_closed=True))
        elif fields[index] and _has_field_beside(lines, fields, index) and numbering(line.text) is None:
            is_last = index + 1 == len(lines) or lines[index + 1].gap > 0 or fields[index + 1]
            kinds.append(
                LineKind(BlockKind.PARAGRAPH, is_barrier=True, is_closed=is_last and line.columns < 72)
            )
        else:
            beside = [*lines[max(0, index - 1) : index], *lines[index + 1 : index + 2]]
            is_lone_mark = all(other.text[0] != line.text[0] for other in beside)
            kinds.append(
                _kind(line, has_cells=bool(cells[index]), japanese=japanese, is_lone_mark=is_lone_mark)
            )
    _confirm_numbers(kinds)
    _close_bylines(lines, kinds, japanese=japanese)
    turns = find_turns(line.text for line in lines)
    for index, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if turns.of(line.text) and (line.gap or index == 0 or lines[index - 1].is_ended):
            kind.is_barrier = True
    return kinds


def _close_bylines(lines: Sequence[Line], kinds: Sequence[LineKind], *, japanese: bool) -> None:
    """A line that is likely a byline, apart from the text or under a heading, goes with neither neighbour."""
    for index, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        if (
            _is_apart(lines, index)
            and kind.kind is BlockKind.PARAGRAPH
            and not kind.is_barrier
            and not line.is_ended
        ):
            byline = parse_byline(line.text, japanese=japanese)
            if byline is not None and byline.strength >= LIKELY:
                kind.is_barrier = kind.is_closed = True


def _is_apart(lines: Sequence[Line], index: int) -> bool:
    """Whether a line stands between blank lines, or under a short open line and over a longer one."""
    if index + 1 == len(lines):
        return False
    line, below = lines[index], lines[index + 1]
    if line.gap and below.gap:
        return True
    above = lines[index - 1] if index else None
    if above is None or above.is_ended or above.columns > _HEADING:
        return False
    is_head = index == 1 or above.gap > 0 or lines[index - 2].is_ended
    return is_head and (below.gap > 0 or below.indent > line.indent or below.columns >= line.columns + 8)


def _has_field_beside(lines: Sequence[Line], fields: Sequence[bool], index: int) -> bool:
    is_after = index > 0 and fields[index - 1] and not lines[index].gap
    return is_after or (index + 1 < len(lines) and fields[index + 1] and not lines[index + 1].gap)


def _kind(line: Line, *, has_cells: bool, japanese: bool, is_lone_mark: bool) -> LineKind:
    text = line.text
    if is_rule(text):
        return LineKind(BlockKind.FURNITURE, is_barrier=True, is_closed=True)
    if is_contents_entry(text):
        return LineKind(BlockKind.LIST_ITEM, is_barrier=True, is_closed=True)
    if is_bullet(text):
        byline = parse_byline(text, japanese=japanese) if is_lone_mark else None
        if byline is not None and byline.strength >= LIKELY and byline.speaker:
            return LineKind(BlockKind.BYLINE, is_barrier=True, is_closed=True)
        return LineKind(BlockKind.LIST_ITEM, is_barrier=True)
    if is_meta(text):
        return LineKind(BlockKind.PARAGRAPH, is_barrier=True, is_closed=True)
    number = numbering(text)
    if number is not None:
        return LineKind(BlockKind.LIST_ITEM, number, is_barrier=True)
    if is_caption(text):
        return LineKind(BlockKind.PARAGRAPH, is_barrier=True)
    byline = None if line.is_ended else parse_byline(text, japanese=japanese)
    if byline is not None and byline.strength >= CERTAIN:
        return LineKind(BlockKind.BYLINE, is_barrier=True, is_closed=True)
    return LineKind(BlockKind.PARAGRAPH, is_barrier=is_note(text), is_closed=has_cells and line.columns < 100)


def _is_row(lines: Sequence[Line], cells: Sequence[tuple[int, ...]], index: int) -> bool:
    """Whether a line and a neighbour have cells that stand below each other."""
    beside = [i for i in (index - 1, index + 1) if 0 <= i < len(lines)]
    if is_box(lines[index].text):
        return any(cells[other] for other in beside)
    if not cells[index]:
        return False
    has_bars = "|" in lines[index].text
    return any(
        are_aligned(cells[index], cells[other]) or (has_bars and is_box(lines[other].text))
        for other in beside
        if lines[max(index, other)].gap <= 1
    )


def _confirm_numbers(kinds: Sequence[LineKind]) -> None:
    """Keep numbers that count on from one another; a bare one that stands alone is a number in the text."""
    last: dict[tuple[str, int], LineKind] = {}
    for kind in kinds:
        number = kind.numbering
        if number is None or number.is_named:
            continue
        before = last.get((number.style, number.depth))
        ordinal = before.numbering.ordinal if before is not None and before.numbering is not None else 0
        if before is not None and before.numbering is not None and number.ordinal == ordinal + 1:
            kind.numbering = replace(number, is_confirmed=True)
            before.numbering = replace(before.numbering, is_confirmed=True)
        if before is None or number.ordinal in (1, ordinal + 1):
            last[number.style, number.depth] = kind
    for kind in kinds:
        if kind.numbering is not None and kind.numbering.is_bare and not kind.numbering.is_confirmed:
            kind.numbering, kind.kind, kind.is_barrier = None, BlockKind.PARAGRAPH, False
