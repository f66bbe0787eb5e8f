"""HTML: the main text of a page with its title, headings, lists, tables and bylines; no menus, no scripts.

The page streams through lxml's parser into stretches of text (`rag.readers.page`), so that 1,000,000 nested
elements cost a second: in a tree, 100,000 take selectolax 43 s, and lxml drops what lies deeper than 2,048;
Python's own parser takes minutes for 100,000 unclosed comments. What is the page's furniture is decided
afterwards, when it is known how much text each part holds: nothing that holds most of the text is thrown
away, whatever its name says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.decoding import decode
from rag.errors import ReadError
from rag.readers.file import File, load, opened
from rag.readers.page import PageText, Stretch
from rag.records import Block, BlockKind, Document

_CHARSET = re.compile(
    rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w:.-]+)|<meta\b[^>]*?charset\s*=\s*["']?\s*([\w:.-]+)""",
    re.IGNORECASE,
)
_SNIFFED_BYTES = 4096
_FEED_CHARACTERS = 1 << 16
_MOST_OF_THE_TEXT = 0.5  # a part named as furniture that holds more than this is the text
_LEAST_MAIN = 0.25  # of the text, for <main> or <article> to count as all of it
_MENU_RUN = 3  # stretches in a row that are links only
_MENU_CHARACTERS = 40  # on average, for such a run to be a menu and no bibliography


def read_html(path: File) -> Iterator[Document]:
    """Yield the one document of an HTML file: its main text, with blocks.

    Raises:
        ReadError: the file cannot be read, is too large, or holds no text.
    """
    data = load(path)
    decoded = decode(data, name=path.as_posix(), declared=declared_encoding(data))
    page = html_structure(decoded.text)
    if not page.text:
        raise ReadError(f"{path.as_posix()} is a page without text; there is nothing to index in it")
    yield Document(
        path=path.as_posix(),
        title=page.title,
        text=page.text,
        blocks=page.blocks,
        encoding=decoded.encoding,
        date=page.date,
        warnings=decoded.warnings,
    )


def declared_encoding(data: bytes) -> str:
    """Return the encoding that a page says it has, "" where it says none."""
    declared = _CHARSET.search(data[:_SNIFFED_BYTES])
    label = next((group for group in declared.groups() if group), b"") if declared else b""
    return label.decode("ascii", "ignore")


def looks_like_html(path: File) -> bool:
    """Return whether the file at `path` begins as an HTML page does.

    Raises:
        ReadError: it cannot be opened.
    """
    with opened(path) as file:
        head = file.read(_SNIFFED_BYTES).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").lower()
    head = re.sub(rb"\A(?:<\?xml[^>]*>|<!--.*?-->|\s)+", b"", head, flags=re.DOTALL)
    return head.startswith((b"<!doctype html", b"<html"))


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds: its title and date ("" where it states none), its main text and the blocks of it."""

    title: str
    text: str
    blocks: tuple[Block, ...]
    date: str


def html_structure(page: str) -> Page:
    """Return what an HTML page holds, but for its furniture."""
    from lxml import etree

    taken = PageText()
    parser = etree.HTMLParser(target=taken, encoding="utf-8", huge_tree=True)
    for start in range(0, len(page), _FEED_CHARACTERS):
        parser.feed(page[start : start + _FEED_CHARACTERS].encode("utf-8", "replace"))
    try:
        parser.close()
    except etree.XMLSyntaxError:  # there is no element at all
        taken.close()
    stretches = _without_menus(_main_text(taken.stretches))
    title = _choose_title(taken, stretches)
    return Page(title, *_assemble(stretches, title), taken.date)


def _size(stretches: list[Stretch]) -> int:
    return sum(len(stretch.text) for stretch in stretches)


def _main_text(stretches: list[Stretch]) -> list[Stretch]:
    """Return what is no furniture, and only what is in <main> or <article> where these hold enough."""
    sizes: dict[int, int] = {}
    for stretch in stretches:
        sizes[stretch.part] = sizes.get(stretch.part, 0) + len(stretch.text)
    most = _MOST_OF_THE_TEXT * _size(stretches)
    kept = [stretch for stretch in stretches if not stretch.part or sizes[stretch.part] > most]
    main = [stretch for stretch in kept if stretch.main]
    if main and _size(main) >= _LEAST_MAIN * _size(kept):
        return main
    return kept or stretches


def _without_menus(stretches: list[Stretch]) -> list[Stretch]:
    """Return the stretches without runs of short links; all of them where nothing else is left."""
    kept: list[Stretch] = []
    run: list[Stretch] = []
    for stretch in stretches:
        if stretch.kind is not BlockKind.HEADING and stretch.links >= 0.7 * len(stretch.text):
            run.append(stretch)
        else:
            kept += [] if _is_menu(run) else run
            kept.append(stretch)
            run = []
    kept += [] if _is_menu(run) else run
    return kept or stretches


def _is_menu(run: list[Stretch]) -> bool:
    return len(run) >= _MENU_RUN and _size(run) < _MENU_CHARACTERS * len(run)


def _choose_title(taken: PageText, stretches: list[Stretch]) -> str:
    """Return the first heading of level 1 where the stated title contains it or none is, else the stated."""
    headings = (one.text for one in stretches if one.kind is BlockKind.HEADING and one.level == 1)
    heading = " ".join(next(headings, "").split())
    stated = taken.shared_title or taken.title
    return heading if not stated or (heading and heading in taken.title + "\n" + stated) else stated


def _assemble(stretches: list[Stretch], title: str) -> tuple[str, tuple[Block, ...]]:
    """Return the text and its blocks: list items and rows on their own lines, others after a blank line."""
    pieces: list[str] = []
    blocks: list[Block] = []
    place = 0
    before: Stretch | None = None
    for stretch in stretches:
        alike = before is not None and before.kind is stretch.kind
        tight = alike and stretch.kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)
        gap = "" if before is None else ("\n" if tight else "\n\n")
        start = place + len(gap)
        place = start + len(stretch.text)
        pieces += [gap, stretch.text]
        is_title = stretch.level == 1 and " ".join(stretch.text.split()) == title
        blocks.append(Block(BlockKind.TITLE if is_title else stretch.kind, start, place, level=stretch.level))
        before = stretch
    return "".join(pieces), tuple(blocks)
