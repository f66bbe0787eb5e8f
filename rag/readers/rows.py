"""Tables of data: each row becomes a record, one "header: value" a line: it is found and cited by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rag.readers.assembly import Assembly
from rag.records import BlockKind

_LOOKED_AT = 20  # first rows, among which the header is looked for
_NUMBER = re.compile(r"[-+−]?[\s\d.,%$€£¥/:'’-]*\d[\s\d.,%$€£¥/:'’-]*")


def add_rows(assembly: Assembly, rows: Iterable[Sequence[str]], *, page: int | None = None) -> None:
    """Add rows of cells: titles above the header as paragraphs, then each row as a record."""
    following = iter(rows)
    first = list(islice(following, _LOOKED_AT))
    place = header_row(first)
    for row in first[: place if place is not None else 0]:
        assembly.add(BlockKind.PARAGRAPH, " ".join(cell for cell in row if cell), page=page)
    header = [" ".join(cell.split()) for cell in first[place]] if place is not None else []
    if place is not None and len(first) == place + 1:
        assembly.add(BlockKind.TABLE_ROW, "\t".join(header), page=page)
    rest = first if place is None else first[place + 1 :]
    for row in chain(rest, following):
        assembly.add(BlockKind.RECORD, "\n".join(_fields(header, row)), page=page)


def _fields(header: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    colon = "：" if any(character >= "\u2e80" for name in header for character in name) else ": "
    for number, value in enumerate(row):
        value = " ".join(value.split())
        if value:
            name = header[number] if number < len(header) else ""
            yield f"{name}{colon}{value}" if name else value


def header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the row that names the columns: full, of words that differ; None where there is none."""
    width = max((sum(map(bool, row)) for row in rows), default=0)
    for index, row in enumerate(rows):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) < 2 or 2 * len(cells) <= width:
            continue
        words = not any(_NUMBER.fullmatch(cell) or len(cell) > 80 for cell in cells)
        return index if words and len(set(cells)) == len(cells) else None
    return None
