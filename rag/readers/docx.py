"""Word documents: headings by their styles, lists, tables, notes; pages are made by whatever shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.readers.assembly import Assembly
from rag.readers.file import File
from rag.readers.package import Event, Package, core_properties
from rag.records import BlockKind, Document

_HEADING = re.compile(r"(?:heading|überschrift|titre|título|标题|標題|見出し|제목)\s*([1-9])", re.IGNORECASE)
_TITLES = frozenset(("title", "标题", "標題", "表題", "titel", "titre", "título"))
_SILENT = frozenset(("del", "moveFrom", "instrText", "Fallback", "delText"))  # deleted, or said twice
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_QUOTES = ("quote", "intense quote", "引用")


def read_docx(path: File) -> Iterator[Document]:
    """Yield the one document of a Word file. Raises ReadError."""
    package = Package(path, "Word document")
    styles = _styles(package)
    assembly = Assembly(path)
    title, date = core_properties(package, "docProps/core.xml")
    for name in (_main_part(package), *(note for note in _NOTES if note in package)):
        body = _Body(assembly, styles)
        for event in package.events(name):
            body.take(event)
        title = body.title or title
    yield assembly.document(title=title, date=date)


def _main_part(package: Package) -> str:
    """The part with the text: "word/document.xml" but in files from a few programs."""
    usual = "word/document.xml"
    if usual in package:
        return usual
    others = [name for name in package.names("word/") if re.fullmatch(r"word/document\d*\.xml", name)]
    return others[0] if others else usual


@dataclass(slots=True)
class _Style:
    name: str = ""
    above: str = ""  # the style that it is based on
    level: int = 0  # as an outline says it
    in_list: bool = False


def _styles(package: Package) -> dict[str, _Style]:
    """The styles by their id."""
    styles: dict[str, _Style] = {}
    style = _Style()
    for event in package.events("word/styles.xml") if "word/styles.xml" in package else ():
        if event.kind != "start":
            continue
        value = event.attributes.get("val", "")
        if event.name == "style":
            style = styles.setdefault(event.attributes.get("styleId", ""), _Style())
        elif event.name == "name":
            style.name = value.lower()
        elif event.name == "basedOn":
            style.above = value
        elif event.name == "outlineLvl" and value.isdecimal():
            style.level = int(value) + 1 if int(value) < 9 else 0
        elif event.name == "numId" and value != "0":
            style.in_list = True
    return styles


@dataclass(slots=True)
class _Body:
    """The state while the events of one part go by."""

    assembly: Assembly
    styles: dict[str, _Style]
    title: str = ""
    pieces: list[str] = field(default_factory=list)
    style: str = ""
    level: int = 0
    in_list: bool = False
    silent: int = 0
    rows: list[list[str]] = field(default_factory=list)  # of the open tables, one inside the other
    cells: list[list[str]] = field(default_factory=list)
    in_text: bool = False

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.name in _SILENT:
            self.silent += {"start": 1, "end": -1}.get(event.kind, 0)
        elif self.silent:
            return
        elif event.kind == "text":
            if self.in_text:
                self.pieces.append(event.text)
        elif event.kind == "start":
            self._start(event)
        else:
            self._end(event.name)

    def _start(self, event: Event) -> None:
        name, value = event.name, event.attributes.get("val", "")
        if name == "t":
            self.in_text = True
        elif name in ("tab", "ptab") and not value:
            self.pieces.append(" ")
        elif name in ("br", "cr"):
            self.pieces.append("\n")
        elif name == "noBreakHyphen":
            self.pieces.append("-")
        elif name == "p":
            self._flush()
        else:
            self._property(name, value)

    def _property(self, name: str, value: str) -> None:
        if name == "pStyle":
            self.style = value
        elif name == "outlineLvl" and value.isdecimal():
            self.level = int(value) + 1
        elif name == "numId":
            self.in_list = value != "0"
        elif name == "tr":
            self.rows.append([])
        elif name == "tc":
            self.cells.append([])

    def _end(self, name: str) -> None:
        if name == "t":
            self.in_text = False
        elif name == "p":
            self._flush()
        elif name == "tc" and self.cells:
            cell = " ".join(" ".join(self.cells.pop()).split())
            if self.rows:
                self.rows[-1].append(cell)
        elif name == "tr" and self.rows:
            row = self.rows.pop()
            if self.cells:  # a table in a cell is text of that cell
                self.cells[-1].append(" ".join(row))
            elif any(row):
                self.assembly.add(BlockKind.TABLE_ROW, "\t".join(row))

    def _flush(self) -> None:
        """End a paragraph."""
        text, self.pieces = "".join(self.pieces), []
        kind, level = self._kind()
        self.style, self.level, self.in_list = "", 0, False
        if self.cells:
            self.cells[-1].append(text)
        elif text.strip():
            if kind is BlockKind.TITLE:
                kind = BlockKind.TITLE if not self.title else BlockKind.HEADING
                self.title = self.title or text.strip()
            self.assembly.add(kind, text, level=level)

    def _kind(self) -> tuple[BlockKind, int]:
        level, in_list = self.level, self.in_list
        seen: set[str] = set()
        style = self.style
        while style in self.styles and style not in seen:
            seen.add(style)
            known = self.styles[style]
            if known.name in _TITLES:
                return BlockKind.TITLE, 1
            named = _HEADING.match(known.name)
            level = level or known.level or (int(named.group(1)) if named else 0)
            in_list = in_list or known.in_list or known.name.startswith("list ")
            if known.name in _QUOTES and not level:
                return BlockKind.QUOTE, 0
            style = known.above
        if 1 <= level <= 9:
            return BlockKind.HEADING, level
        return (BlockKind.LIST_ITEM if in_list else BlockKind.PARAGRAPH), 0
