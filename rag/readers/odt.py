"""OpenDocument texts: headings, lists, tables, notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.readers.assembly import Assembly
from rag.readers.file import File
from rag.readers.package import Event, Package, core_properties
from rag.records import BlockKind, Document

_CONTENT = "content.xml"
_SILENT = frozenset(
    (
        "tracked-changes",
        "annotation",
        "annotation-end",
        "sequence-decls",
        "forms",
        "scripts",
        "automatic-styles",
    )
)
_MAX_REPEATED = 1000  # spaces that one element may stand for


def read_odt(path: File) -> Iterator[Document]:
    """Yield the one document of an OpenDocument text. Raises ReadError."""
    package = Package(path, "OpenDocument text")
    title, date = core_properties(package, "meta.xml")
    taken = _Text(Assembly(path))
    for event in package.events(_CONTENT):
        taken.take(event)
    yield taken.assembly.document(title=title or taken.title, date=date)


@dataclass(slots=True)
class _Text:
    """The state while the events go by."""

    assembly: Assembly
    title: str = ""
    pieces: list[list[str]] = field(default_factory=list)  # of the open paragraphs: a note stands in one
    heads: list[int] = field(default_factory=list)  # their levels, 0 for no heading
    styles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    items: list[bool] = field(default_factory=list)  # for each open item: has its first text been taken?
    rows: list[list[str]] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    silent: int = 0

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.name in _SILENT:
            self.silent += {"start": 1, "end": -1}.get(event.kind, 0)
        elif self.silent:
            return
        elif event.kind == "text":
            if self.pieces:
                self.pieces[-1].append(" ".join(event.text.split("\n")))
        elif event.kind == "start":
            self._start(event)
        else:
            self._end(event.name)

    def _start(self, event: Event) -> None:
        name = event.name
        if name in ("p", "h"):
            level = event.attributes.get("outline-level", "1")
            self.pieces.append([])
            self.heads.append(int(level) if name == "h" and level.isdecimal() else 0)
            self.styles.append(event.attributes.get("style-name", ""))
        elif name in ("s", "tab", "line-break") and self.pieces:
            count = event.attributes.get("c", "1")
            many = min(int(count), _MAX_REPEATED) if count.isdecimal() else 1
            self.pieces[-1].append("\n" if name == "line-break" else " " * many)
        elif name == "list-item":
            self.items.append(False)
        elif name == "table-row":
            self.rows.append([])
        elif name == "table-cell":
            self.cells.append([])

    def _end(self, name: str) -> None:
        if name in ("p", "h") and self.pieces:
            self._paragraph("".join(self.pieces.pop()), self.heads.pop(), self.styles.pop())
        elif name == "list-item" and self.items:
            self.items.pop()
        elif name == "table-cell" and self.cells:
            cell = " ".join(" ".join(self.cells.pop()).split())
            if self.rows:
                self.rows[-1].append(cell)
        elif name == "table-row" and self.rows:
            row = self.rows.pop()
            if self.cells:
                self.cells[-1].append(" ".join(row))
            elif any(row):
                self.assembly.add(BlockKind.TABLE_ROW, "\t".join(row))

    def _paragraph(self, text: str, level: int, style: str) -> None:
        if self.pieces:  # a note: it comes after the paragraph that it stands in
            self.notes.append(text)
            return
        if self.cells:
            self.cells[-1].append(text)
            return
        if style == "Title" and not self.title:
            self.title = " ".join(text.split())
            self.assembly.add(BlockKind.TITLE, text, level=1)
        elif level:
            self.assembly.add(BlockKind.HEADING, text, level=level)
        else:
            first_of_item = bool(self.items) and not self.items[-1]
            if first_of_item:
                self.items[-1] = True
            self.assembly.add(BlockKind.LIST_ITEM if first_of_item else BlockKind.PARAGRAPH, text)
        for note in self.notes:
            self.assembly.add(BlockKind.PARAGRAPH, note)
        self.notes = []
