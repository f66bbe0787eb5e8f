"""From the runs of printed pages to paragraphs: headings by their size, paragraphs by gaps and indents.

What stands by itself at the head or the foot of the pages, a number or a line that comes back, is furniture.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag.readers.columns import Piece, reading_order
from rag.records import BlockKind

_PAGE_NUMBER = re.compile(
    r"[-–—·•\s]*(?:(?:page|p\.|seite|стр\.?)\s*)?(?:\d{1,4}|[ivxlc]{1,7})"
    r"(?:\s*(?:/|of|von|de|sur|из)\s*\d{1,4})?[-–—·•\s]*"
    r"|[-–—\s]*第?\s*\d{1,4}\s*[页頁](?:\s*[,，/]?\s*共\s*\d{1,4}\s*[页頁])?[-–—\s]*",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?:[•‣◦▪●○■□◆◇·∙–—*-]|\(?\d{1,2}[.)、）]|[a-z][.)])\s+\S|[•‣◦▪●○■□◆◇]\S")
_ENDED = re.compile(r"[.!?。！？…:：;；][\"'”’」』）)\]]*$")
_NUMBER = re.compile(r"\d+|(?<=\s)[ivxlc]+$")
_WIDE_LEADING = 1.4  # of the usual distance between lines: a gap between paragraphs
_LARGER = 1.12  # of the usual size: a heading
_LONGEST_HEADING = 200  # characters
_INDENT = 0.7  # of the size of a line
_SHORT = 0.85  # of a column's width: a line that ends a paragraph
_SET_OFF = 0.5  # of the size of a line: the blank that sets furniture off
_LEAST_REPEATED = 0.3  # of the pages, for a line to be a running head
_MAX_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Line:
    """Runs side by side, as text."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    font: float  # the largest size of its runs, in points

    @property
    def size(self) -> float:
        """Its height."""
        return max(self.top - self.bottom, 1.0)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together, one under the other."""

    kind: BlockKind
    text: str
    page: int
    level: int = 0


Page = list[list[Line]]  # its regions in reading order


def page_lines(pieces: Sequence[Piece]) -> Page:
    """The lines of a page, by regions in reading order."""
    return [_lines(region) for region in reading_order(pieces)]


def paragraphs(pages: Sequence[Page]) -> Iterator[Paragraph]:
    """The paragraphs of all pages, in order, furniture among them."""
    furniture = _furniture(pages)
    body = _body_size(pages)
    levels = _levels(pages, body)
    for number, page in enumerate(pages, start=1):
        for region in page:
            kept = [line for line in region if id(line) not in furniture]
            for line in region:
                if id(line) in furniture:
                    yield Paragraph(BlockKind.FURNITURE, line.text, number)
            for group in _groups(kept):
                yield _paragraph(group, number, body, levels)


def _paragraph(group: Sequence[Line], page: int, body: float, levels: dict[int, int]) -> Paragraph:
    text = "\n".join(line.text for line in group)
    size = max(line.font for line in group)
    if size > _LARGER * body and len(text) <= _LONGEST_HEADING and len(group) <= 4:
        return Paragraph(BlockKind.HEADING, text, page, levels.get(round(size), _MAX_LEVEL))
    kind = BlockKind.LIST_ITEM if _ITEM.match(group[0].text) else BlockKind.PARAGRAPH
    return Paragraph(kind, text, page)


# --- furniture ----------------------------------------------------------------------------------------------


def _furniture(pages: Sequence[Page]) -> set[int]:
    """The identities of the lines that are page numbers or running heads."""
    edges = [list(_edges(page)) for page in pages]
    counts = Counter(key for page in edges for key in {_same(line) for line in page})
    least = max(2, _LEAST_REPEATED * len(pages))
    return {
        id(line)
        for page in edges
        for line in page
        if _PAGE_NUMBER.fullmatch(line.text) or counts[_same(line)] >= least
    }


def _edges(page: Page) -> Iterator[Line]:
    """The outermost lines, up to two at each end, that are set off from the rest."""
    lines = sorted((line for region in page for line in region), key=lambda line: -line.top)
    for ordered in (lines, lines[::-1]):
        for index, line in enumerate(ordered[:2]):
            if index + 1 == len(ordered) or _gap(line, ordered[index + 1]) > _SET_OFF * line.size:
                yield from ordered[: index + 1]
                break


def _gap(one: Line, other: Line) -> float:
    return max(one.bottom - other.top, other.bottom - one.top)


def _same(line: Line) -> str:
    return "".join(_NUMBER.sub("", line.text).split()).casefold()


# --- sizes --------------------------------------------------------------------------------------------------


def _body_size(pages: Sequence[Page]) -> float:
    """The size in which most characters are set."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for region in page:
            for line in region:
                sizes[round(line.font * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size), default=1.0)


def _levels(pages: Sequence[Page], body: float) -> dict[int, int]:
    """The level of headings by their rounded size, the largest first; sizes of one point apart are one."""
    larger = {
        round(line.font) for page in pages for region in page for line in region if line.font > _LARGER * body
    }
    levels: dict[int, int] = {}
    level, before = 0, 0
    for size in sorted(larger, reverse=True):
        level += before - size > 1 or not before
        levels[size] = min(level, _MAX_LEVEL)
        before = size
    return levels


# --- lines --------------------------------------------------------------------------------------------------


def _lines(pieces: Sequence[Piece]) -> list[Line]:
    """The runs of a region as lines from top to bottom; runs on one base line are one line."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (-(piece.top + piece.bottom) / 2, piece.left)):
        if rows and _is_beside(rows[-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [_line(row) for row in rows]


def _is_beside(row: Sequence[Piece], piece: Piece) -> bool:
    top, bottom = max(one.top for one in row), min(one.bottom for one in row)
    shared = min(top, piece.top) - max(bottom, piece.bottom)
    return shared > 0.5 * min(top - bottom, piece.top - piece.bottom)


def _line(row: Sequence[Piece]) -> Line:
    ordered = sorted(row, key=lambda piece: piece.left)
    text = ""
    for before, piece in zip([None, *ordered], ordered, strict=False):
        gap = 0.0 if before is None else piece.left - before.right
        text += (
            "" if before is None else "   " if gap > 2 * piece.size else " " if gap > 0.1 * piece.size else ""
        )
        text += piece.text.strip()
    return Line(
        text,
        ordered[0].left,
        max(piece.right for piece in row),
        min(piece.bottom for piece in row),
        max(piece.top for piece in row),
        max(piece.font for piece in row),
    )


def _groups(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines of a region in paragraphs."""
    if not lines:
        return
    lefts = Counter(round(line.left) for line in lines)
    edge = max(lefts, key=lambda left: (lefts[left], -left))  # where most lines begin
    width = max(line.right for line in lines) - edge
    steps = [before.bottom - line.bottom for before, line in pairwise(lines) if before.bottom > line.bottom]
    leading = median(steps) if steps else 0.0
    group = [lines[0]]
    for before, line in pairwise(lines):
        if _begins(before, line, edge=edge, width=width, leading=leading):
            yield group
            group = []
        group.append(line)
    yield group


def _begins(before: Line, line: Line, *, edge: float, width: float, leading: float) -> bool:
    """Whether a paragraph begins with `line`."""
    larger, smaller = max(before.font, line.font), min(before.font, line.font)
    height = max(before.size, line.size)
    gap = before.bottom - line.bottom > _WIDE_LEADING * min(leading or height, 1.6 * height)
    if gap or larger > _LARGER * smaller or _ITEM.match(line.text):
        return True
    is_indented = line.left - edge > _INDENT * line.size and before.left - edge <= _INDENT * before.size
    is_short = before.right - edge < _SHORT * width and _ENDED.search(before.text) is not None
    return (is_indented and not _ITEM.match(before.text)) or is_short
