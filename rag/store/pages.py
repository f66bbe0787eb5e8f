"""The rows of a SQLite file, read from its leaf pages without SQLite.

Where the header, the schema or an inner page of a tree is damaged, SQLite gives up a whole table though all
its rows are there. Here every page is tried; whether what comes out was once written is for the row's own
checksum to say. SQLite's file format: https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

PAGE_BYTES = 4096  # of every catalog; no bytes reserved at the end of a page

_LEAF_OF_TABLE = 0x0D
_HEADER_BYTES = 100  # before the content of page 1
_MOST_LOCAL = PAGE_BYTES - 35
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

MAX_ROW_BYTES = 1 << 30  # SQLite's own limit

Value: TypeAlias = int | bytes | None


def read_rows(path: Path) -> Iterator[tuple[Value, ...]]:
    """Each row of each table that can be read, the row's id in place of its first column where that is NULL.

    In page order; text and floating-point columns are not known here and end their row. Raises OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        for number in range(-(-size // PAGE_BYTES)):
            file.seek(number * PAGE_BYTES)
            page = file.read(PAGE_BYTES)
            for start in _cells(page, _HEADER_BYTES if number == 0 else 0):
                try:
                    yield _row(file, page, start)
                except (ValueError, IndexError):
                    continue


def _cells(page: bytes, start: int) -> Iterator[int]:
    """Where the cells of a leaf page begin; none in any other page."""
    if len(page) < PAGE_BYTES or page[start] != _LEAF_OF_TABLE:
        return
    count = int.from_bytes(page[start + 3 : start + 5])
    for place in range(start + 8, min(start + 8 + 2 * count, PAGE_BYTES - 1), 2):
        yield int.from_bytes(page[place : place + 2])


def _row(file: BinaryIO, page: bytes, start: int) -> tuple[Value, ...]:
    """The row in the cell. Raises ValueError or IndexError where there is none."""
    size, place = _varint(page, start)
    rowid, place = _varint(page, place)
    if not 0 < size <= MAX_ROW_BYTES:
        raise ValueError
    payload = _payload(file, page[place:], size)
    header_end, place = _varint(payload, 0)
    body = header_end
    values: list[Value] = []
    while place < header_end:
        kind, place = _varint(payload, place)
        value, body = _value(payload, kind, body)
        values.append(rowid if value is None and not values else value)
    if body > size:
        raise ValueError
    return tuple(values)


def _payload(file: BinaryIO, local: bytes, size: int) -> bytes:
    """The `size` bytes of a row, part of which may stand in a chain of overflow pages."""
    if size <= _MOST_LOCAL:
        return _exactly(local[:size], size)
    kept = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_BYTES - 4)
    kept = kept if kept <= _MOST_LOCAL else _LEAST_LOCAL
    parts = [_exactly(local[:kept], kept)]
    following = int.from_bytes(_exactly(local[kept : kept + 4], 4))
    left = size - kept
    while left > 0:
        if following < 2:
            raise ValueError
        file.seek((following - 1) * PAGE_BYTES)
        page = _exactly(file.read(PAGE_BYTES), PAGE_BYTES)
        following = int.from_bytes(page[:4])
        parts.append(page[4 : 4 + min(left, PAGE_BYTES - 4)])
        left -= PAGE_BYTES - 4
    return b"".join(parts)


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise ValueError
    return data


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """SQLite's number of one to nine bytes at `place`, as 64 bits with a sign, and the place after it."""
    value = 0
    for length in range(8):
        byte = data[place + length]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + length + 1
    value = value << 8 | data[place + 8]
    return (value - (1 << 64) if value >> 63 else value), place + 9


def _value(payload: bytes, kind: int, place: int) -> tuple[Value, int]:
    """The value of that serial type at `place`, and the place after it."""
    if kind == 0:
        return None, place
    if kind in (8, 9):
        return kind - 8, place
    if kind in _INTEGER_BYTES:
        end = place + _INTEGER_BYTES[kind]
        return int.from_bytes(_exactly(payload[place:end], end - place), signed=True), end
    if kind >= 12 and kind % 2 == 0:
        end = place + (kind - 12) // 2
        return _exactly(payload[place:end], end - place), end
    raise ValueError
