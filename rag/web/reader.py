"""A document as it was read: headings, bylines, page and paragraph numbers, opened at a passage."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from urllib.parse import quote

from rag.records import Block, BlockKind, Document, Passage
from rag.segment.joints import Vocabulary
from rag.web.cards import deep_link
from rag.web.flow import flowed, flowed_marked, source_spans
from rag.web.html import Span, bdi, element, escape, lines_as_breaks, marked
from rag.web.texts import Texts, place_text

WINDOW_CHARACTERS = 120_000  # shown at once; more makes a browser slow
LEAD_CHARACTERS = WINDOW_CHARACTERS // 3  # shown before the place at which a long document is opened
_BLANK_LINE = re.compile(r"\n\s*\n")
_CELL = re.compile(r"[^\t|]*[^\t|\s][^\t|]*")
_UNNUMBERED = (BlockKind.TITLE, BlockKind.HEADING, BlockKind.BYLINE, BlockKind.TABLE_ROW, BlockKind.FURNITURE)
_TAGS = {
    BlockKind.TITLE: "h1",
    BlockKind.LIST_ITEM: "li",
    BlockKind.QUOTE: "blockquote",
    BlockKind.CODE: "pre",
    BlockKind.TABLE_ROW: "tr",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is opened: a passage, and the sentences of it (offsets into its text) to be marked."""

    passage: Passage
    spans: tuple[Span, ...] = ()


def reader_view(
    document: Document, passages: Sequence[Passage], *, place: Place | None, offset: int, texts: Texts
) -> str:
    """Return the document with `place` marked; a long one in part, around the place or from `offset` on."""
    blocks = document.blocks or tuple(_plain_blocks(document.text))
    first = _window_start(blocks, place.passage.source.start - LEAD_CHARACTERS if place else offset)
    last = first + WINDOW_CHARACTERS
    shown = [block for block in blocks if first < block.end and block.start < last]
    language = passages[0].language if passages else "und"
    vocabulary = Vocabulary.of(document.text[first:last].split("\n"))
    sheet = _Sheet(document, place, (first, last), _beginnings(shown, passages), vocabulary, texts)
    return element(
        "article",
        _head(document, shown, vocabulary, texts),
        _part_button(document, max(0, first - WINDOW_CHARACTERS), texts.earlier) if first > 0 else "",
        _picture(document, blocks, place, texts),
        element("div", *sheet.markup(shown), class_="wj-doc-text", lang=language, dir="auto"),
        _part_button(document, last, texts.later) if blocks and blocks[-1].end > last else "",
        class_="wj-doc",
        data_document=document.key,
    )


def _picture(document: Document, blocks: Sequence[Block], place: Place | None, texts: Texts) -> str:
    """Return the page as it was printed, beside the text; empty where the file is no PDF."""
    last = max((block.page or 0 for block in blocks), default=0)
    if not last or document.id is not None or PurePosixPath(document.path).suffix.lower() != ".pdf":
        return ""
    page = min(last, (place.passage.source.page or 1) if place else 1)
    name = texts.page.format(number=page)
    steps = (
        element("button", sign, type="button", data_act="sheet", data_step=step, aria_label=label)
        for sign, step, label in (("‹", -1, texts.earlier), ("›", 1, texts.later))
    )
    picture = element(
        "img",
        src=f"wenju/page/{page}?doc={quote(document.key, safe='', errors='replace')}",
        alt=f"{name}: {PurePosixPath(document.path).name}",
        loading="lazy",
    ).removesuffix("</img>")
    return element(
        "details",
        element("summary", "PDF · ", element("span", escape(name))),
        element("div", *steps, class_="wj-sheet-steps"),
        picture,
        class_="wj-sheet",
        data_page=page,
        data_pages=last,
    )


def no_document_view(texts: Texts) -> str:
    """Return what the reader shows before anything is open."""
    return element(
        "div",
        element("h1", escape(texts.no_document)),
        element("p", escape(texts.no_document_note)),
        class_="wj-blank",
    )


def _plain_blocks(text: str) -> Iterator[Block]:
    start = 0
    for match in (*_BLANK_LINE.finditer(text), None):
        end = len(text) if match is None else match.start()
        if text[start:end].strip():
            yield Block(BlockKind.PARAGRAPH, start, end)
        start = end if match is None else match.end()


def _window_start(blocks: Sequence[Block], wanted: int) -> int:
    """Return where the window begins: `wanted`, or the start of its block where that is near."""
    if wanted <= 0 or not blocks or blocks[-1].end <= WINDOW_CHARACTERS:
        return 0
    block = blocks[max(0, bisect_right([block.start for block in blocks], wanted) - 1)]
    return block.start if wanted - block.start < LEAD_CHARACTERS else wanted


def _beginnings(blocks: Sequence[Block], passages: Sequence[Passage]) -> dict[int, Passage]:
    """Return, by the start of the block in which it begins, the first passage of each block."""
    starts = [block.start for block in blocks]
    beginnings: dict[int, Passage] = {}
    for passage in passages:
        index = bisect_right(starts, passage.source.start) - 1
        if index >= 0 and passage.source.start < blocks[index].end:
            beginnings.setdefault(blocks[index].start, passage)
    return beginnings


def _head(document: Document, shown: Sequence[Block], vocabulary: Vocabulary, texts: Texts) -> str:
    headings = [block for block in shown if block.kind is BlockKind.HEADING]
    has_title = any(block.kind is BlockKind.TITLE for block in document.blocks)
    return element(
        "header",
        element("p", bdi(PurePosixPath(document.path).name, title=document.path), class_="wj-doc-file"),
        *(element("p", escape(warning), class_="wj-warning") for warning in document.warnings),
        element("h1", bdi(document.title)) if document.title and not has_title else "",
        _contents([(block, _heading(document, block, vocabulary)) for block in headings], texts),
        class_="wj-doc-head",
    )


def _heading(document: Document, block: Block, vocabulary: Vocabulary) -> str:
    return flowed(document.text[block.start : block.end], vocabulary)[0]


def _contents(headings: Sequence[tuple[Block, str]], texts: Texts) -> str:
    if len(headings) < 2:
        return ""
    items = (
        element(
            "li",
            element(
                "button",
                bdi(heading),
                type="button",
                data_act="scroll",
                data_target=_anchor(block),
            ),
            data_level=block.level,
        )
        for block, heading in headings
    )
    return element(
        "details", element("summary", escape(texts.contents)), element("ul", *items), class_="wj-contents"
    )


def _part_button(document: Document, offset: int, label: str) -> str:
    return element(
        "button",
        escape(label),
        type="button",
        class_="wj-part",
        data_act="open",
        data_document=document.key,
        data_offset=offset,
    )


def _anchor(block: Block) -> str:
    return f"wj-b{block.start}"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is needed to turn the blocks of one document into markup."""

    document: Document
    place: Place | None
    window: Span  # no character outside is shown
    beginnings: dict[int, Passage]  # start of a block -> the first passage that begins in it
    vocabulary: Vocabulary
    texts: Texts

    def markup(self, blocks: Sequence[Block]) -> Iterator[str]:
        """Yield the blocks in order: rows gathered into tables, items into lists, a mark at each new page."""
        marks = self._marks()
        shown = ""
        for (kind, where), group in groupby(blocks, key=lambda block: (block.kind, self._where(block))):
            if where not in ("", shown):
                yield element("p", escape(where), class_="wj-page")
                shown = where
            yield from _gathered(kind, [self._block(block, marks) for block in group])

    def _marks(self) -> list[Span]:
        if self.place is None:
            return []
        return source_spans(self.place.passage, self.document.text, self.place.spans)

    def _where(self, block: Block) -> str:
        places = self.document.places
        index = bisect_right(places, block.start, key=lambda place: place.start)
        return place_text(places[index - 1].name if index else "", block.page, self.texts)

    def _is_here(self, block: Block) -> bool:
        if self.place is None or block.kind in (BlockKind.TITLE, BlockKind.HEADING, BlockKind.FURNITURE):
            return False
        source = self.place.passage.source
        return block.start < source.end and source.start < block.end

    def _block(self, block: Block, marks: Sequence[Span]) -> str:
        start, end = max(block.start, self.window[0]), min(block.end, self.window[1])
        text = self.document.text[start:end]
        inside = [(first - start, last - start) for first, last in marks]
        return element(
            _tag(block),
            self._number(block),
            _content(block.kind, text, inside, self.vocabulary),
            class_=f"wj-{block.kind.value}".replace("_", "-") + (" wj-here" if self._is_here(block) else ""),
            id=_anchor(block),
            lang=self.beginnings[block.start].language if block.start in self.beginnings else None,
        )

    def _number(self, block: Block) -> str:
        passage = self.beginnings.get(block.start)
        if passage is None or block.kind in _UNNUMBERED:
            return ""
        number = passage.source.paragraph
        return element(
            "a",
            str(number),
            class_="wj-number",
            href=deep_link(self.document.key, number),
            aria_label=self.texts.paragraph.format(number=number),
        )


def _gathered(kind: BlockKind, items: list[str]) -> list[str]:
    if kind is BlockKind.TABLE_ROW:
        return [element("div", element("table", element("tbody", *items)), class_="wj-table", tabindex=0)]
    if kind is BlockKind.LIST_ITEM:
        return [element("ul", *items)]
    return items


def _tag(block: Block) -> str:
    if block.kind is BlockKind.HEADING:
        return f"h{min(6, max(2, block.level + 1))}"
    return _TAGS.get(block.kind, "p")


def _content(kind: BlockKind, text: str, spans: Sequence[Span], vocabulary: Vocabulary) -> str:
    if kind is BlockKind.TABLE_ROW:
        return "".join(_cells(text, spans))
    if kind is BlockKind.CODE:
        return marked(text, spans)
    if kind in (BlockKind.VERSE, BlockKind.RECORD):
        return lines_as_breaks(marked(text, spans))
    return flowed_marked(text, spans, vocabulary)


def _cells(text: str, spans: Sequence[Span]) -> Iterator[str]:
    for match in _CELL.finditer(text):
        start = match.start()
        yield element("td", marked(match.group(), [(first - start, last - start) for first, last in spans]))
