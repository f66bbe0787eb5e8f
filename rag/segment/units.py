"""A unit of a page, one heading or paragraph or item: its repaired text, and where each part stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.records import Block, BlockKind
from rag.segment.joints import Joint
from rag.segment.lines import Line
from rag.segment.numbers import Numbering


@dataclass(slots=True)
class Unit:
    """Some lines of the source that belong together, in order.

    `text[starts[i] : starts[i + 1]]` begins with the characters `text[sources[i][0] : sources[i][1]]` of the
    source, followed by what stands for the break after them.
    """

    kind: BlockKind
    text: str
    starts: list[int]
    sources: list[tuple[int, int]]
    level: int = 0
    page: int | None = None
    gap: int = 0  # blank lines before it
    indent: int = 0
    is_trusted: bool = False  # its kind is stated by the file format
    is_full: bool = False  # its last line reached the edge of its column
    numbering: Numbering | None = None
    spans: list[tuple[int, int]] = field(
        default_factory=list
    )  # all source lines, in order, furniture left out

    @property
    def start(self) -> int:
        """The first character in the source."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """The end in the source, exclusive."""
        return self.spans[-1][1]

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the source; neither end may be white space."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        first, last = self.sources[index]
        return min(first + offset - self.starts[index], last)

    def blocks(self) -> list[Block]:
        """The unit as blocks: one, or one for each part where furniture stands between."""
        return [
            Block(kind=self.kind, start=start, end=end, level=self.level, page=self.page)
            for start, end in self.spans
        ]


class UnitBuilder:
    """Lines that are put together one by one; `unit` gives the whole, in time linear in its length."""

    def __init__(self, kind: BlockKind, line: Line, numbering: Numbering | None = None) -> None:
        self.kind = kind
        self.first = line
        self.numbering = numbering
        self.lines: list[Line] = [line]
        self._pieces: list[str] = [line.text]
        self._sources: list[tuple[int, int]] = [(line.start, line.end)]
        self._breaks: list[int] = []  # indexes of lines before which furniture stands
        self.is_full = False

    def add(self, line: Line, joined: Joint, *, crossed: bool) -> None:
        """Put `line` after what is there; `crossed` says that furniture stands between."""
        if joined.dropped:
            start, end = self._sources[-1]
            self._sources[-1] = (start, end - joined.dropped)
            self._pieces[-1] = self._pieces[-1][: -joined.dropped]
        self._pieces[-1] += joined.glue
        if crossed:
            self._breaks.append(len(self.lines))
        self.lines.append(line)
        self._pieces.append(line.text)
        self._sources.append((line.start, line.end))

    def unit(self) -> Unit:
        """The unit as it stands now."""
        starts, position = [], 0
        for piece in self._pieces:
            starts.append(position)
            position += len(piece)
        return Unit(
            kind=self.kind,
            text="".join(self._pieces),
            starts=starts,
            sources=self._sources,
            page=self.first.page,
            gap=self.first.gap,
            indent=self.first.indent,
            is_full=self.is_full,
            numbering=self.numbering,
            spans=_spans(self.lines, self._breaks),
        )


def _spans(lines: Sequence[Line], breaks: Sequence[int]) -> list[tuple[int, int]]:
    edges = [0, *breaks, len(lines)]
    return [(lines[first].start, lines[last - 1].end) for first, last in pairwise(edges)]
