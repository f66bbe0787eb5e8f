"""Books: the chapters in reading order, each with its number, title, headings and text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from rag.decoding import decode
from rag.errors import ReadError
from rag.readers.assembly import Assembly, iso_date
from rag.readers.file import File
from rag.readers.html import Page, declared_encoding, html_structure
from rag.readers.package import Package, resolve
from rag.records import BlockKind, Document

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def read_epub(path: File) -> Iterator[Document]:
    """Yield the one document of a book. Raises ReadError."""
    package = Package(path, "EPUB book")
    if "META-INF/encryption.xml" in package and b"EncryptedKey" in package.read("META-INF/encryption.xml"):
        raise ReadError(f"{package.shown} is protected against copying; only its own program can read it")
    book = _book(package)
    assembly = Assembly(path)
    number = 0
    for name in book.chapters:
        data = package.read(name)
        if not data.strip():
            continue
        text = decode(data, name=f"{package.shown}: {name}", declared=declared_encoding(data)).text
        page = html_structure(text)
        if not page.text:
            continue
        number += 1
        assembly.place(f"chapter {_chapter_title(page) or number}")
        for block in page.blocks:
            kind = BlockKind.HEADING if block.kind is BlockKind.TITLE else block.kind
            assembly.add(kind, page.text[block.start : block.end], level=block.level, page=number)
    yield assembly.document(title=book.title, date=book.date)


def _chapter_title(page: Page) -> str:
    """The first heading of a chapter, else the title that its page states."""
    for block in page.blocks:
        if block.kind in (BlockKind.TITLE, BlockKind.HEADING):
            return page.text[block.start : block.end]
    return page.title


@dataclass(slots=True)
class _Book:
    title: str = ""
    date: str = ""
    chapters: list[str] = field(default_factory=list)


def _book(package: Package) -> _Book:
    """What the package document says: title, date, and the chapters' parts in reading order."""
    rooted = [
        event.attributes.get("full-path", "")
        for event in package.events(_CONTAINER)
        if event.kind == "start" and event.name == "rootfile"
    ]
    if not rooted or rooted[0] not in package:
        raise ReadError(f"{package.shown} is no EPUB book: it does not say where its contents are")
    folder = PurePosixPath(rooted[0]).parent.as_posix()
    book, items, inside = _Book(), {}, ""
    for event in package.events(rooted[0]):
        if event.kind == "text":
            if inside == "title" and not book.title:
                book.title = event.text.strip()
            elif inside == "date" and not book.date:
                book.date = iso_date(event.text)
            continue
        inside = event.name if event.kind == "start" else ""
        attributes = event.attributes
        if inside == "item" and attributes.get("media-type") in _PAGES:
            navigation = "nav" in attributes.get("properties", "").split()
            target = "" if navigation else resolve(folder, unquote(attributes.get("href", "")))
            items[attributes.get("id", "")] = target
        elif inside == "itemref":
            name = items.get(attributes.get("idref", ""), "")
            if name and name in package and name not in book.chapters:
                book.chapters.append(name)
    return book
