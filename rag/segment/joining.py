"""From lines to units: which line goes on with the one before it, and which begins something new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.records import BlockKind
from rag.segment.columns import FULL
from rag.segment.evidence import OpenText, may_be_heading, outlook, tail, weigh
from rag.segment.furniture import find_furniture
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.kinds import LineKind, find_kinds
from rag.segment.layout import find_layout
from rag.segment.lines import Line
from rag.segment.script import is_ended, width
from rag.segment.units import Unit, furniture_unit, merged, unit_of

_HEADING = 72  # columns; of the longest heading on one line
_WITHIN_PARAGRAPH = -4.0  # the weight of one break inside what the format calls a paragraph


def join_lines(lines: Sequence[Line], *, is_paged: bool = True) -> list[Unit]:
    """The units of a plain page in source order, furniture among them (in the place where it stands).

    A text that is not `is_paged` has no furniture.
    """
    furniture = find_furniture(lines) if is_paged else [False] * len(lines)
    kept = [line for line, is_furniture in zip(lines, furniture, strict=True) if not is_furniture]
    crossed = _crossings(furniture)
    joiner = Joiner(kept, crossed)
    units = [furniture_unit(line) for line, mark in zip(lines, furniture, strict=True) if mark]
    for first, last, joints in _groups(joiner.joints()):
        kind = joiner.kind(first)
        units.append(
            unit_of(
                kind.kind,
                kept[first:last],
                joints,
                crossed=crossed[first + 1 : last],
                numbering=kind.numbering,
            )
        )
    return sorted(units, key=lambda unit: unit.start)


def join_paragraphs(units: Sequence[Unit], crossed: Sequence[bool], *, least: float) -> list[Unit]:
    """Paragraphs of a format that states them, those that were cut in mid-sentence put together again.

    `units` are neighbours, furniture before the i'th where `crossed[i]`; only evidence above `least` joins.
    """
    lines = [
        Line(
            text=unit.text,
            start=unit.start,
            end=unit.stretches[-1].end,
            indent=0,
            gap=1,
            new_page=False,
            page=unit.page,
            columns=width(unit.text),
            is_ended=is_ended(unit.text),
        )
        for unit in units
    ]
    joints = Joiner(lines, [False] * len(lines)).joints(least)
    return [
        merged(units[first:last], inner, crossed[first + 1 : last]) for first, last, inner in _groups(joints)
    ]


def flows(lines: Sequence[Line]) -> list[bool]:
    """For each line but the first of one paragraph whether it goes on with the one before."""
    layout = find_layout(lines, [False] * len(lines))
    found = []
    for index in range(1, len(lines)):
        is_verse = layout.verse[index] and layout.verse[index - 1]
        current = OpenText(LineKind(BlockKind.PARAGRAPH), lines[index - 1])
        weight = weigh(current, lines[index], layout=layout, index=index, crossed=False)
        found.append(not is_verse and weight > _WITHIN_PARAGRAPH)
    return found


def _crossings(furniture: Sequence[bool]) -> list[bool]:
    """For each kept line whether furniture stands right before it."""
    crossed, pending = [], False
    for is_furniture in furniture:
        if is_furniture:
            pending = True
        else:
            crossed.append(pending)
            pending = False
    return crossed


def _groups(joints: Sequence[Joint | None]) -> Iterator[tuple[int, int, list[Joint]]]:
    """The runs of what is joined: first, last (exclusive), and the joints inside."""
    first, inner = 0, list[Joint]()
    for index, joined in enumerate(joints):
        if joined is not None:
            inner.append(joined)
        elif index:
            yield first, index, inner
            first, inner = index, []
    if joints:
        yield first, len(joints), inner


class Joiner:
    """The lines of a page and what is known of each, while they are being put together."""

    def __init__(self, lines: Sequence[Line], crossed: Sequence[bool]) -> None:
        self.lines = lines
        self.crossed = crossed
        self.kinds = find_kinds(lines)
        self.layout = find_layout(lines, [kind.is_barrier or kind.is_closed for kind in self.kinds])
        self.vocabulary = Vocabulary.of(line.text for line in lines)

    def joints(self, least: float = 0.0) -> list[Joint | None]:
        """For each line how it goes on with the one before, None where it begins something new."""
        found: list[Joint | None] = []
        current: OpenText | None = None
        for index, line in enumerate(self.lines):
            joined = None if current is None else self._joint(current, index, least)
            if current is None or joined is None:
                current = OpenText(self.kind(index), line, is_prose=self._is_signed(index))
            else:
                current.take(line)
            found.append(joined)
        return found

    def kind(self, index: int) -> LineKind:
        """The kind of the unit that line `index` begins."""
        kind = self.kinds[index]
        is_verse = self.layout.verse[index] and kind.kind is BlockKind.PARAGRAPH
        return LineKind(BlockKind.VERSE) if is_verse else kind

    def _is_signed(self, index: int) -> bool:
        """Whether a line stands right under a byline that stands under a heading: the text begins here."""
        if index < 2 or self.kinds[index - 1].kind is not BlockKind.BYLINE:
            return False
        above = self.lines[index - 2]
        return (
            not above.is_ended and above.columns <= _HEADING and self.kinds[index].kind is BlockKind.PARAGRAPH
        )

    def _joint(self, current: OpenText, index: int, least: float) -> Joint | None:
        """How line `index` goes on with the unit before it, None where it does not."""
        line, layout = self.lines[index], self.layout
        if layout.verse[index] or layout.verse[index - 1]:
            is_stanza = layout.verse[index] and layout.verse[index - 1] and not line.gap and not line.new_page
            return Joint("\n", 0) if is_stanza and self.kinds[index].kind is BlockKind.PARAGRAPH else None
        if current.kind.is_closed or self._is_barrier(current, index):
            return None
        weight = weigh(current, line, layout=layout, index=index, crossed=self.crossed[index])
        if current.is_open:
            weight += tail(self.lines, index) if current.is_prose else 0.0
            weight += 0.0 if layout.fill[index - 1] else outlook(self.lines, self.kinds, index)
        return joint(current.last.text, line.text, self.vocabulary) if weight > least else None

    def _is_barrier(self, current: OpenText, index: int) -> bool:
        """Whether line `index` must begin something new.

        A number, a bullet or a name that only happens to stand first in a line of running text must not.
        """
        kind, line, fill = self.kinds[index], self.lines[index], self.layout.fill[index - 1]
        if not (kind.is_barrier or kind.is_closed):
            return False
        if not current.is_open or may_be_heading(current):
            return True
        if kind.is_closed and line.gap and kind.kind is BlockKind.PARAGRAPH:
            return True
        is_text = current.is_prose or fill >= FULL
        if kind.kind is BlockKind.BYLINE and current.is_one_line and not current.is_prose:
            return True  # a heading may just fill its line
        if kind.kind is not BlockKind.LIST_ITEM:
            return not is_text or (kind.kind is not BlockKind.BYLINE and not kind.is_closed)
        if kind.numbering is not None:
            return kind.numbering.is_named or kind.numbering.is_confirmed or not is_text
        goes_on = line.text[1:].lstrip()[:1].islower() or not line.text[1:2].isspace()
        return not (is_text and goes_on and line.text[0] in "—–-·•")
