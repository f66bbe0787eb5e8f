"""The lines of a printed page in the order in which they are read: columns one after the other.

Runs of characters with their boxes are cut where a gutter parts them: an upright strip that (nearly) no run
crosses, with running text on both sides of it. The runs that do cross it, headlines over several columns,
part the page into bands. A table is not cut: its cells do not fill their columns.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_GAP = 1.2  # font sizes of blank between two runs of one line
_LEAST_GUTTER = 0.6  # font sizes
_LEAST_LINES = 4  # on each side of a gutter
_LEAST_FILL = 0.6  # of a column's width, by its median line
_LEAST_COLUMN = 8.0  # font sizes
_MOST_CROSSING = 0.25  # of the runs of a page
_MAX_DEPTH = 6


@dataclass(slots=True)
class Piece:
    """A run of characters on one line, with its box in points; y grows upwards."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    font: float  # its size in points

    @property
    def size(self) -> float:
        """The height of its line, which grows with the font."""
        return max(self.top - self.bottom, 1.0)

    def goes_on(self, left: float, right: float, bottom: float, top: float) -> bool:
        """Whether a character in that box continues the run."""
        size = self.size
        same_line = min(self.top, top) - max(self.bottom, bottom) > 0.5 * min(size, top - bottom)
        return same_line and -size < left - self.right < _GAP * size

    def add(self, character: str, left: float, right: float, bottom: float, top: float) -> None:
        """Take one more character."""
        self.text += character
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom, self.top = min(self.bottom, bottom), max(self.top, top)


def reading_order(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The runs of a page in groups that are read one after the other."""
    kept = [piece for piece in pieces if piece.text.strip()]
    return _regions(kept, 0, right_to_left=_is_right_to_left(kept)) if kept else []


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
    size = median(piece.size for piece in pieces)
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
