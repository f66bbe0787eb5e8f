"""Slides: each with its number, its title as a heading, its texts in reading order, its tables and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.errors import ReadError
from rag.readers.assembly import Assembly
from rag.readers.file import File
from rag.readers.package import Event, Package, core_properties
from rag.records import BlockKind, Document

_PRESENTATION = "ppt/presentation.xml"
_LEFT_OUT = frozenset(("sldNum", "dt", "ftr", "hdr", "sldImg"))  # placeholders that are furniture
_GENERIC_TITLES = re.compile(
    r"(?:powerpoint[ -].*|slide \d+|演示文稿\d*|office theme|presentation\d*)", re.IGNORECASE
)


def read_pptx(path: File) -> Iterator[Document]:
    """Yield the one document of a PowerPoint file. Raises ReadError."""
    package = Package(path, "PowerPoint file")
    assembly = Assembly(path)
    title, date = core_properties(package, "docProps/core.xml")
    title = "" if _GENERIC_TITLES.fullmatch(title) else title
    for number, name in enumerate(_slides(package), start=1):
        slide = _shapes(package, name)
        assembly.place(f"slide {number}")
        for shape in sorted(slide, key=lambda shape: not shape.is_title):
            _add(assembly, shape, number)
            title = title or (" ".join(shape.paragraphs[0].split()) if shape.is_title else "")
        for target in package.relations(name).values():
            if "notesslide" in target.lower() and target in package:
                for shape in _shapes(package, target):
                    _add(assembly, shape, number)
    yield assembly.document(title=title, date=date)


def _slides(package: Package) -> list[str]:
    """The slides' parts in the order in which they are shown."""
    if _PRESENTATION not in package:
        raise ReadError(f"{package.shown} is no PowerPoint file: it lacks {_PRESENTATION}")
    targets = package.relations(_PRESENTATION)
    shown = [
        targets.get(event.attributes.get("r:id", ""), "")
        for event in package.events(_PRESENTATION)
        if event.kind == "start" and event.name == "sldId"
    ]
    return [name for name in dict.fromkeys(shown) if name in package]


@dataclass(slots=True)
class _Shape:
    """One shape of a slide with its paragraphs, or the rows of its table."""

    is_title: bool = False
    left_out: bool = False
    is_list: bool = False
    paragraphs: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def _add(assembly: Assembly, shape: _Shape, number: int) -> None:
    if shape.left_out:
        return
    for row in shape.rows:
        assembly.add(BlockKind.TABLE_ROW, "\t".join(row), page=number)
    if shape.is_title:
        text = " ".join(" ".join(shape.paragraphs).split())
        assembly.add(BlockKind.HEADING, text, level=1, page=number)
        return
    kind = BlockKind.LIST_ITEM if len(shape.paragraphs) > 1 and shape.is_list else BlockKind.PARAGRAPH
    for text in shape.paragraphs:
        assembly.add(kind, text, page=number)


def _shapes(package: Package, name: str) -> list[_Shape]:
    """The shapes of a slide that hold text, in its order."""
    taken = _Slide()
    for event in package.events(name):
        taken.take(event)
    return [shape for shape in taken.shapes if shape.rows or any(text.strip() for text in shape.paragraphs)]


class _Slide:
    """The state while the events of one slide go by."""

    def __init__(self) -> None:
        self.shapes = [_Shape()]
        self._pieces: list[str] = []
        self._in_text = False
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._silent = 0

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.name == "Fallback":
            self._silent += {"start": 1, "end": -1}.get(event.kind, 0)
        elif self._silent:
            return
        elif event.kind == "text":
            if self._in_text:
                self._pieces.append(event.text)
        elif event.kind == "start":
            self._start(event)
        else:
            self._end(event.name)

    def _start(self, event: Event) -> None:
        if event.name in ("sp", "graphicFrame"):
            self.shapes.append(_Shape())
        elif event.name == "ph":
            kind = event.attributes.get("type", "body")
            self.shapes[-1].is_title = kind in ("title", "ctrTitle")
            self.shapes[-1].left_out = kind in _LEFT_OUT
            self.shapes[-1].is_list = kind in ("body", "obj")
        elif event.name == "t":
            self._in_text = True
        elif event.name == "br":
            self._pieces.append("\n")
        elif event.name == "tr":
            self._row = []
        elif event.name == "tc":
            self._cell = []

    def _end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "p":
            text, self._pieces = "".join(self._pieces), []
            if self._cell is not None:
                self._cell.append(text)
            elif text.strip():
                self.shapes[-1].paragraphs.append(text)
        elif name == "tc" and self._row is not None:
            self._row.append(" ".join(" ".join(self._cell or []).split()))
            self._cell = None
        elif name == "tr" and self._row is not None:
            if any(self._row):
                self.shapes[-1].rows.append(self._row)
            self._row = None
