"""From lines to units: which line goes on with the one before it, and which begins something new."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import BlockKind
from rag.segment.evidence import OpenText, may_be_heading, outlook, weigh
from rag.segment.furniture import find_furniture
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.kinds import LineKind, find_kinds
from rag.segment.layout import FULL, Layout, find_layout
from rag.segment.lines import Line
from rag.segment.units import Unit, UnitBuilder

_WITHIN_PARAGRAPH = -4.0  # the weight of one break inside what the format calls a paragraph


def join_lines(lines: Sequence[Line]) -> list[Unit]:
    """The units of a plain page in source order, furniture among them (in the place where it stands)."""
    furniture = find_furniture(lines)
    kept = [line for line, is_furniture in zip(lines, furniture, strict=True) if not is_furniture]
    kinds = find_kinds(kept)
    layout = find_layout(kept, [kind.is_barrier or kind.is_closed for kind in kinds])
    joiner = _Joiner(kept, kinds, layout, _crossings(furniture))
    units = joiner.units()
    units += [
        UnitBuilder(BlockKind.FURNITURE, line).unit()
        for line, is_furniture in zip(lines, furniture, strict=True)
        if is_furniture
    ]
    return sorted(units, key=lambda unit: unit.start)


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


class _Joiner:
    """The lines of a page and what is known of each, while they are being put together."""

    def __init__(
        self, lines: Sequence[Line], kinds: Sequence[LineKind], layout: Layout, crossed: Sequence[bool]
    ) -> None:
        self.lines = lines
        self.kinds = kinds
        self.layout = layout
        self.crossed = crossed
        self.vocabulary = Vocabulary.of(line.text for line in lines)

    def units(self) -> list[Unit]:
        """All units in order."""
        units: list[Unit] = []
        current: OpenText | None = None
        for index, line in enumerate(self.lines):
            joined = None if current is None else self._joint(current, index)
            if current is not None and joined is not None:
                current.builder.add(line, joined, crossed=self.crossed[index])
                current.take(line)
                continue
            if current is not None:
                units.append(current.builder.unit())
            current = self._begin(index)
        if current is not None:
            units.append(current.builder.unit())
        return units

    def _begin(self, index: int) -> OpenText:
        kind = self.kinds[index]
        if self.layout.verse[index] and kind.kind is BlockKind.PARAGRAPH:
            kind = LineKind(BlockKind.VERSE)
        return OpenText(kind, self.lines[index])

    def _joint(self, current: OpenText, index: int) -> Joint | None:
        """How line `index` goes on with the unit before it, None where it does not."""
        line, layout = self.lines[index], self.layout
        if layout.verse[index] or layout.verse[index - 1]:
            is_stanza = layout.verse[index] and layout.verse[index - 1] and not line.gap and not line.new_page
            return Joint("\n", 0) if is_stanza and self.kinds[index].kind is BlockKind.PARAGRAPH else None
        if current.kind.is_closed or self._is_barrier(current, index):
            return None
        weight = weigh(current, line, layout=layout, index=index, crossed=self.crossed[index])
        if weight and not layout.fill[index - 1] and current.is_open:
            weight += outlook(self.lines, self.kinds, index)
        if weight <= 0:
            return None
        return joint(current.last.text, line.text, self.vocabulary)

    def _is_barrier(self, current: OpenText, index: int) -> bool:
        """Whether line `index` must begin something new.

        A number, a bullet or a name that only happens to stand first in a line of running text must not.
        """
        kind, line, fill = self.kinds[index], self.lines[index], self.layout.fill[index - 1]
        if not (kind.is_barrier or kind.is_closed):
            return False
        if not current.is_open or may_be_heading(current):
            return True
        is_text = current.is_prose or fill >= FULL
        if kind.kind is not BlockKind.LIST_ITEM:
            return not is_text or (kind.kind is not BlockKind.BYLINE and not kind.is_closed)
        if kind.numbering is not None:
            return kind.numbering.is_named or kind.numbering.is_confirmed or not is_text
        goes_on = line.text[1:].lstrip()[:1].islower() or not line.text[1:2].isspace()
        return not (is_text and goes_on and line.text[0] in "—–-·•")
