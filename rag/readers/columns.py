"""The lines of a printed page in the order in which they are read: columns one after the other.

Runs of characters with their boxes are cut where a gutter parts them: an upright strip that (nearly) no run
crosses, with running text on both sides of it. The runs that do cross it, headlines over several columns,
part the page into bands. A table is not cut: its cells do not fill their columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

_PAGE_NUMBER = re.compile(
    r"[-–—·•\s]*(?:(?:page|p\.|seite|стр\.?)\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of|von|de|sur|из)\s*\d{1,4})?[-–—·•\s]*"
    r"|[-–—\s]*第?\s*\d{1,4}\s*[页頁](?:\s*[,，/]?\s*共\s*\d{1,4}\s*[页頁])?[-–—\s]*",
    re.IGNORECASE,
)
_GAP = 1.2  # font sizes of blank between two runs of one line
_LEAST_GUTTER = 0.6  # font sizes
_LEAST_LINES = 4  # on each side of a gutter
_LEAST_FILL = 0.6  # of a column's width, by its median line
_LEAST_COLUMN = 8.0  # font sizes
_MOST_CROSSING = 0.25  # of the runs of a page
_MAX_DEPTH = 6
_WIDE_LEADING = 1.45  # of the usual distance between lines: a paragraph's gap
_LARGER = 1.12  # of the usual font size: a heading


@dataclass(slots=True)
class Piece:
    """A run of characters on one line, with its box in points; y grows upwards."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float

    def goes_on(self, left: float, right: float, bottom: float, top: float) -> bool:
        """Whether a character in that box continues the run."""
        size = max(self.size, self.top - self.bottom, 1.0)
        same_line = min(self.top, top) - max(self.bottom, bottom) > 0 or (
            abs(bottom - self.bottom) < 0.5 * size and top - bottom < 0.6 * size
        )
        return same_line and -size < left - self.right < _GAP * size

    def add(self, character: str, left: float, right: float, bottom: float, top: float) -> None:
        """Take one more character."""
        self.text += character
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom, self.top = min(self.bottom, bottom), max(self.top, top)


@dataclass(frozen=True, slots=True)
class _Line:
    """Runs side by side, as text."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float


def page_text(pieces: Sequence[Piece]) -> str:
    """The lines of a page in reading order; a blank line where the setting shows a new paragraph."""
    kept = _without_number([piece for piece in pieces if piece.text.strip()])
    if not kept:
        return ""
    regions = _regions(kept, 0, right_to_left=_is_right_to_left(kept))
    lines = [_lines(region) for region in regions]
    usual = median(line.size for region in lines for line in region)
    leading = _leading(lines)
    return "\n".join(text for region in lines for text in _set(region, usual_size=usual, leading=leading))


def _without_number(pieces: list[Piece]) -> list[Piece]:
    """The runs without a page number that stands by itself at the foot or the head of the page."""
    for side in (-1, 1):
        ordered = sorted(pieces, key=lambda piece: side * (piece.top + piece.bottom))
        edge = ordered[-1] if len(ordered) > 1 else None
        if edge is None or not _PAGE_NUMBER.fullmatch(edge.text.strip()):
            continue
        others = [piece for piece in pieces if piece is not edge]
        nearest = min(max(other.bottom - edge.top, edge.bottom - other.top) for other in others)
        if nearest > 0.8 * max(edge.size, edge.top - edge.bottom):
            pieces = others
    return pieces


def _is_right_to_left(pieces: Sequence[Piece]) -> bool:
    letters = [character for piece in pieces for character in piece.text if character.isalpha()]
    return 2 * sum(unicodedata.bidirectional(letter) in ("R", "AL") for letter in letters) > len(letters)


# --- columns ------------------------------------------------------------------------------------------------


def _regions(pieces: list[Piece], depth: int, *, right_to_left: bool) -> list[list[Piece]]:
    """The runs in groups that are read one after the other."""
    gutter = _gutter(pieces) if depth < _MAX_DEPTH else None
    if gutter is None:
        return [pieces]
    crossing = [piece for piece in pieces if piece.left < gutter < piece.right]
    regions: list[list[Piece]] = []
    for band in _bands(pieces, crossing):
        if band and band[0].left < gutter < band[0].right:
            regions.append(band)
            continue
        sides = [[piece for piece in band if piece.right <= gutter], [p for p in band if p.left >= gutter]]
        for side in reversed(sides) if right_to_left else sides:
            if side:
                regions += _regions(side, depth + 1, right_to_left=right_to_left)
    return regions


def _bands(pieces: list[Piece], crossing: list[Piece]) -> list[list[Piece]]:
    """The runs from top to bottom, parted by those that cross the gutter, which are bands of their own."""
    bands: list[list[Piece]] = []
    rest = [piece for piece in pieces if piece not in crossing]
    crossing = sorted(crossing, key=lambda piece: -piece.top)
    for piece in crossing:
        middle = (piece.top + piece.bottom) / 2
        above = [other for other in rest if (other.top + other.bottom) / 2 > middle]
        if above or not bands:
            bands += [above] if above else []
            bands.append([piece])
        else:
            bands[-1].append(piece)
        rest = [other for other in rest if (other.top + other.bottom) / 2 <= middle]
    return [*bands, rest] if rest else bands


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """Where the page is parted into columns, None where it is not."""
    if len(pieces) < 2 * _LEAST_LINES:
        return None
    size = median(piece.size or piece.top - piece.bottom for piece in pieces)
    size = max(size, 1.0)
    best: tuple[int, float, float] | None = None
    edges = sorted({round(piece.right, 1) for piece in pieces})
    for edge in edges[:: max(len(edges) // 200, 1)]:
        following = [piece.left for piece in pieces if piece.left > edge]
        if not following:
            continue
        place = edge + 0.3
        crossing = [piece for piece in pieces if piece.left < place < piece.right]
        if len(crossing) > _MOST_CROSSING * len(pieces):
            continue
        uncrossed = [piece for piece in pieces if not piece.left < place < piece.right]
        left = [piece for piece in uncrossed if piece.right <= place]
        right = [piece for piece in uncrossed if piece.left >= place]
        if not _is_column(left, size) or not _is_column(right, size):
            continue
        width = min(piece.left for piece in right) - max(piece.right for piece in left)
        if width < _LEAST_GUTTER * size or not _are_beside(left, right):
            continue
        found = (len(crossing), -width, place + (width - 0.6) / 2)
        best = min(best, found) if best else found
    return best[2] if best else None


def _is_column(pieces: Sequence[Piece], size: float) -> bool:
    """Whether the runs look like running text in a column: enough lines, and most of them full."""
    if len(pieces) < _LEAST_LINES:
        return False
    width = max(piece.right for piece in pieces) - min(piece.left for piece in pieces)
    lengths = [piece.right - piece.left for piece in pieces]
    by_letters = sum(len(piece.text) for piece in pieces) / len(pieces)
    return (
        width >= _LEAST_COLUMN * size
        and by_letters >= 6
        and (median(lengths) >= _LEAST_FILL * width or _inner_columns(pieces, width))
    )


def _inner_columns(pieces: Sequence[Piece], width: float) -> bool:
    """Whether these may be several columns themselves: many long runs that start at a few places."""
    lengths = sorted(piece.right - piece.left for piece in pieces)
    starts = {round(piece.left / max(width, 1.0), 1) for piece in pieces}
    return len(pieces) >= 4 * _LEAST_LINES and len(starts) <= 4 and lengths[len(lengths) // 2] >= 0.25 * width


def _are_beside(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Whether two groups share a good part of the page's height."""
    top = min(max(piece.top for piece in left), max(piece.top for piece in right))
    bottom = max(min(piece.bottom for piece in left), min(piece.bottom for piece in right))
    height = min(
        max(piece.top for piece in side) - min(piece.bottom for piece in side) for side in (left, right)
    )
    return top - bottom > 0.5 * height


# --- lines --------------------------------------------------------------------------------------------------


def _lines(pieces: Sequence[Piece]) -> list[_Line]:
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


def _line(row: Sequence[Piece]) -> _Line:
    ordered = sorted(row, key=lambda piece: piece.left)
    text = ""
    for before, piece in zip([None, *ordered], ordered, strict=False):
        gap = 0.0 if before is None else piece.left - before.right
        size = max(piece.size, 1.0)
        text += "" if before is None else "   " if gap > 2 * size else " " if gap > 0.15 * size else ""
        text += piece.text.strip()
    return _Line(
        text,
        ordered[0].left,
        max(piece.right for piece in row),
        min(piece.bottom for piece in row),
        max(piece.top for piece in row),
        max(piece.size for piece in row),
    )


def _leading(regions: Sequence[Sequence[_Line]]) -> float:
    """The usual distance between two base lines."""
    steps = [
        before.bottom - line.bottom
        for region in regions
        for before, line in pairwise(region)
        if before.bottom > line.bottom
    ]
    return median(steps) if steps else 0.0


def _set(lines: Sequence[_Line], *, usual_size: float, leading: float) -> list[str]:
    """The lines as text: indents as spaces, a blank line before a wide gap or a change of size."""
    lefts = Counter(round(line.left) for line in lines)
    edge = max(lefts, key=lambda left: (lefts[left], -left))  # where most lines begin
    found: list[str] = []
    before: _Line | None = None
    for line in lines:
        if before is not None:
            step = before.bottom - line.bottom
            large = [one.size > _LARGER * usual_size for one in (before, line)]
            if (leading and step > _WIDE_LEADING * leading * max(1.0, line.size / usual_size)) or large[
                0
            ] != large[1]:
                found.append("")
        indent = round((line.left - edge) / max(line.size / 2, 1.0))
        found.append(" " * min(max(indent, 0), 40) + line.text)
        before = line
    return found
