"""Workbooks: each row a record with its headers, under the name of its sheet; dates as ISO days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rag.errors import ReadError
from rag.readers.assembly import Assembly
from rag.readers.file import File
from rag.readers.package import Event, Package, core_properties
from rag.readers.rows import add_rows
from rag.records import BlockKind, Document

_WORKBOOK = "xl/workbook.xml"
_MAX_COLUMNS = 16_384  # as the format has it
_MAX_EMPTY = 1 << 20  # cells between two that hold something
_DATE_FORMATS = frozenset((*range(14, 18), 22, *range(27, 37), *range(50, 59)))
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


@dataclass(frozen=True, slots=True)
class _Book:
    strings: list[str]
    dates: set[int]  # styles of cells that are dates
    epoch: datetime


def read_xlsx(path: File) -> Iterator[Document]:
    """Yield the one document of an Excel file. Raises ReadError."""
    package = Package(path, "Excel file")
    if _WORKBOOK not in package:
        raise ReadError(f"{package.shown} is no Excel file: it lacks {_WORKBOOK}")
    title, date = core_properties(package, "docProps/core.xml")
    targets = package.relations(_WORKBOOK)
    sheets: list[tuple[str, str]] = []
    epoch = datetime(1899, 12, 30)
    for event in package.events(_WORKBOOK):
        if event.name == "sheet" and event.kind == "start":
            part = targets.get(event.attributes.get("r:id", ""), "")
            sheets.append((event.attributes.get("name", ""), part))
        elif event.name == "workbookPr" and event.attributes.get("date1904") in ("1", "true"):
            epoch = datetime(1904, 1, 1)
    book = _Book(_strings(package), _date_styles(package), epoch)
    assembly = Assembly(path)
    for number, (name, part) in enumerate(sheets, start=1):
        if part in package and "worksheets" in part:
            assembly.place(f"sheet {name}")
            rows = list(_rows(package, part, book))
            if rows:
                assembly.add(BlockKind.HEADING, name, level=1, page=number)
                add_rows(assembly, rows, page=number)
    yield assembly.document(title=title, date=date)


def _strings(package: Package) -> list[str]:
    """The texts that cells point at."""
    found: list[str] = []
    pieces: list[str] = []
    in_text = phonetic = False
    for event in package.events("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in package else ():
        if event.kind == "text":
            if in_text and not phonetic:
                pieces.append(event.text)
        elif event.name == "t":
            in_text = event.kind == "start"
        elif event.name == "rPh":  # how a word is spoken, beside it
            phonetic = event.kind == "start"
        elif event.name == "si" and event.kind == "end":
            found.append("".join(pieces))
            pieces = []
    return found


def _date_styles(package: Package) -> set[int]:
    """The numbers of the cell styles that show a number as a date."""
    own: dict[str, str] = {}
    dates: set[int] = set()
    number, inside = 0, False
    for event in package.events("xl/styles.xml") if "xl/styles.xml" in package else ():
        if event.name == "cellXfs":
            inside = event.kind == "start"
        elif event.kind == "start" and event.name == "numFmt":
            own[event.attributes.get("numFmtId", "")] = event.attributes.get("formatCode", "")
        elif event.kind == "start" and event.name == "xf" and inside:
            if _is_date(event.attributes.get("numFmtId", "0"), own):
                dates.add(number)
            number += 1
    return dates


def _is_date(identifier: str, own: dict[str, str]) -> bool:
    if identifier in own:
        code = _QUOTED.sub("", own[identifier]).lower()
        return "y" in code or ("d" in code and "m" in code)
    return identifier.isdecimal() and int(identifier) in _DATE_FORMATS


def _rows(package: Package, part: str, book: _Book) -> Iterator[list[str]]:
    """The rows of a sheet that hold something, each as long as its last cell that does."""
    sheet = _Sheet(book)
    for event in package.events(part):
        if event.name == "row" and event.kind == "end":
            if sheet.row:
                yield sheet.row
            sheet.row = []
        elif not sheet.take(event):
            raise ReadError(f"{package.shown} has too many empty cells in {part}; remove them")


@dataclass(slots=True)
class _Sheet:
    """The state while the events of one sheet go by."""

    book: _Book
    row: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    in_value: bool = False
    kind: str = ""
    style: str = ""
    column: int = 0
    empty: int = 0

    def take(self, event: Event) -> bool:
        """Take one event; whether the row stays within the limits."""
        if event.kind == "text":
            if self.in_value:
                self.pieces.append(event.text)
        elif event.name in ("v", "t"):
            self.in_value = event.kind == "start"
        elif event.name == "c" and event.kind == "start":
            self.kind, self.style = event.attributes.get("t", "n"), event.attributes.get("s", "0")
            self.column = _column(event.attributes.get("r", ""), len(self.row))
            self.pieces = []
        elif event.name == "c":
            return self._cell(_value("".join(self.pieces), self.kind, self.style, self.book))
        return True

    def _cell(self, value: str) -> bool:
        if not value:
            return True
        self.empty += max(self.column - len(self.row), 0)
        if self.column >= _MAX_COLUMNS or self.empty > _MAX_EMPTY:
            return False
        self.row += [""] * (self.column + 1 - len(self.row))
        self.row[self.column] = value
        return True


def _column(reference: str, following: int) -> int:
    """The number, from 0, of the column in a cell's name ("AB12"); `following` where it has none."""
    column = 0
    for character in reference[:8]:
        if not "A" <= character <= "Z":
            break
        column = column * 26 + ord(character) - 64
    return column - 1 if column else following


def _value(raw: str, kind: str, style: str, book: _Book) -> str:
    """What a cell shows, nearly."""
    if kind == "s":
        return book.strings[int(raw)] if raw.isdecimal() and int(raw) < len(book.strings) else ""
    if kind == "b":
        return {"1": "TRUE", "0": "FALSE"}.get(raw, "")
    if kind != "n" or not raw:
        return raw.strip()
    try:
        number = float(raw)
        if style.isdecimal() and int(style) in book.dates:
            moment = book.epoch + timedelta(days=number)
            return moment.date().isoformat() if number == int(number) else moment.isoformat(" ", "minutes")
        return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:.12g}"
    except (ValueError, OverflowError):
        return raw.strip()
