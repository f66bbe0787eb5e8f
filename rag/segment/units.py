"""A unit of a page, one heading or paragraph or item: its repaired text, and where each part stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.records import Block, BlockKind
from rag.segment.joints import Joint
from rag.segment.lines import Line
from rag.segment.numbers import Numbering


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the source, `end` exclusive, on one page."""

    start: int
    end: int
    page: int | None


@dataclass(slots=True)
class Unit:
    """Some lines of the source that belong together, in order.

    The i'th piece of `text` begins at `starts[i]`; it is the i'th of `pieces` of the source, character by
    character, followed by what stands for the break after it. `stretches` are the source without the
    furniture that stands in between.
    """

    kind: BlockKind
    text: str
    starts: list[int]
    pieces: list[tuple[int, int]]
    stretches: list[Stretch]
    level: int = 0
    gap: int = 0  # blank lines before it
    indent: int = 0
    is_trusted: bool = False  # its kind is stated by the file format
    numbering: Numbering | None = None

    @property
    def start(self) -> int:
        """The first character in the source."""
        return self.stretches[0].start

    @property
    def page(self) -> int | None:
        """The page on which it begins."""
        return self.stretches[0].page

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the source; neither end may be white space."""
        return self._place(start), self._place(end - 1) + 1

    def page_at(self, place: int) -> int | None:
        """The page of a place in the source."""
        return next((stretch.page for stretch in self.stretches if place < stretch.end), self.page)

    def _place(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        first, last = self.pieces[index]
        return min(first + offset - self.starts[index], last)

    def blocks(self) -> list[Block]:
        """The unit as blocks: one, or one for each part where furniture stands between."""
        return [
            Block(kind=self.kind, start=one.start, end=one.end, level=self.level, page=one.page)
            for one in self.stretches
        ]


def unit_of(
    kind: BlockKind,
    lines: Sequence[Line],
    joints: Sequence[Joint],
    *,
    crossed: Sequence[bool],
    numbering: Numbering | None = None,
) -> Unit:
    """The unit of `lines`; `joints[i]` and, where `crossed[i]`, furniture stand between lines i and i + 1."""
    starts, pieces, texts = [], [], []
    position = 0
    for line, joined in zip(lines, (*joints, Joint("", 0)), strict=True):
        end = line.end - joined.dropped
        text = line.text[: len(line.text) - joined.dropped] + joined.glue
        starts.append(position)
        pieces.append((line.start, end))
        texts.append(text)
        position += len(text)
    edges = [0, *(index + 1 for index, is_crossed in enumerate(crossed) if is_crossed), len(lines)]
    return Unit(
        kind=kind,
        text="".join(texts),
        starts=starts,
        pieces=pieces,
        stretches=[
            Stretch(lines[first].start, lines[last - 1].end, lines[first].page)
            for first, last in pairwise(edges)
        ],
        gap=lines[0].gap,
        indent=lines[0].indent,
        numbering=numbering,
    )


def furniture_unit(line: Line) -> Unit:
    """A line that is no part of the text."""
    return unit_of(BlockKind.FURNITURE, [line], [], crossed=[])


def merged(units: Sequence[Unit], joints: Sequence[Joint], crossed: Sequence[bool]) -> Unit:
    """Neighbouring units as one, of the kind of the first, with furniture after the i'th if `crossed[i]`."""
    starts: list[int] = []
    pieces: list[tuple[int, int]] = []
    text = ""
    for unit, joined in zip(units, (*joints, Joint("", 0)), strict=True):
        starts += [len(text) + start for start in unit.starts]
        pieces += unit.pieces
        if joined.dropped:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] - joined.dropped)
        text += unit.text[: len(unit.text) - joined.dropped] + joined.glue
    edges = [0, *(index + 1 for index, is_crossed in enumerate(crossed) if is_crossed), len(units)]
    return replace(
        units[0],
        text=text,
        starts=starts,
        pieces=pieces,
        stretches=[
            Stretch(units[first].start, units[last - 1].stretches[-1].end, units[first].page)
            for first, last in pairwise(edges)
        ],
    )
