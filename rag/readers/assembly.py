"""A document put together from pieces, for formats that wrap their text: offsets count in what is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.decoding import clean
from rag.errors import ReadError
from rag.readers.file import File
from rag.records import Block, BlockKind, Document, Place

MAX_CHARACTERS = 64 << 20  # of one document
_TIGHT = (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)
_DATE = re.compile(r"\s*(?:D:)?([12]\d{3})([-/.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])")
_PART_DATE = re.compile(r"\s*([12]\d{3})(?:-(0[1-9]|1[0-2]))?\s*")


class Assembly:
    """One document's text and blocks, piece by piece: rows and items on their own lines, others apart."""

    def __init__(self, path: File) -> None:
        self._path = path
        self._pieces: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._places: list[Place] = []
        self._before: BlockKind | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been added."""
        return not self._blocks

    def add(self, kind: BlockKind, text: str, *, level: int = 0, page: int | None = None) -> None:
        """Add a block of that text, cleaned; nothing where it is blank. Raises ReadError: too much text."""
        text = clean(text).strip("\n \f") if kind is not BlockKind.CODE else clean(text).strip("\n").rstrip()
        if not text.strip():
            return
        tight = kind is self._before and kind in _TIGHT
        gap = "" if self._before is None else "\n" if tight else "\n\n"
        start = self._length + len(gap)
        self._length = start + len(text)
        if self._length > MAX_CHARACTERS:
            raise ReadError(
                f"{self._path.as_posix()} unfolds to more than {MAX_CHARACTERS >> 20} million characters; "
                "split it into several files"
            )
        self._pieces += [gap, text]
        self._blocks.append(Block(kind, start, self._length, level=level, page=page))
        self._before = kind

    def place(self, name: str) -> None:
        """Name the place of what is added from now on."""
        name = " ".join(clean(name).split())
        start = self._length + (2 if self._blocks else 0)
        if self._places and self._places[-1].start == start:
            self._places.pop()
        if not self._places or self._places[-1].name != name:
            self._places.append(Place(start, name))

    def document(
        self, *, title: str = "", date: str = "", encoding: str = "utf-8", warnings: Sequence[str] = ()
    ) -> Document:
        """The document. Raises ReadError where it has no text."""
        if self.is_empty:
            raise ReadError(f"{self._path.as_posix()} holds no text; there is nothing to index in it")
        text = "".join(self._pieces)
        return Document(
            path=self._path.as_posix(),
            title=" ".join(clean(title).split()),
            text=text,
            blocks=tuple(self._blocks),
            encoding=encoding,
            date=date,
            warnings=tuple(warnings),
            places=tuple(place for place in self._places if place.start < len(text)),
        )


def iso_date(stated: str) -> str:
    """The day, month or year that a format's own date says, as ISO 8601; "" where it says none."""
    if found := _DATE.match(stated):
        return "-".join(found.group(1, 3, 4))
    if found := _PART_DATE.fullmatch(stated):
        return "-".join(part for part in found.groups() if part)
    return ""
