"""A web page's stretches of text, taken from the parser's events: a stack and no tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.readers.assembly import iso_date
from rag.records import BlockKind

# fmt: off
_NEVER_TEXT = frozenset((
    "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "embed", "audio",
    "video", "map", "select", "datalist", "textarea", "button", "dialog", "applet", "frameset",
    "noframes",
))
_BLOCK_TAGS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "title", "tr", "ul",
))
_VOID_TAGS = frozenset((
    "area", "base", "br", "col", "embed", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
))
_DATES = frozenset((
    "article:published_time", "date", "datepublished", "dc.date", "dcterms.date", "dc.date.issued",
    "dcterms.created", "pubdate", "publishdate", "citation_publication_date", "sailthru.date",
))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_FURNITURE_TAGS = frozenset(("nav", "footer", "aside", "menu"))
_FURNITURE_ROLES = frozenset((
    "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog",
    "alertdialog", "toolbar", "tablist",
))
# fmt: on
_TELLING_TAGS = _NEVER_TEXT | _FURNITURE_TAGS | {"header", "main", "article", "a", "blockquote"}
# A whole class or id, or its last word: "main-nav" is a menu, but "with-sidebar" says what stands beside.
_FURNITURE_NAME = re.compile(
    r"(?:^|[\s_-])(?<!with-)(?<!has-)(?<!no-)(?:nav|navbar|navigation|menu|breadcrumbs?|footer|sidebar|cookies?|"
    r"cookiebar|consent|share|sharing|social|related|recommended|advert|advertisement|ads?|promo|newsletter|"
    r"subscribe|pagination|pager|toc|skip-link|sr-only|visually-hidden|popup|modal|copyright)(?:\s|$)",
    re.IGNORECASE,
)
_BYLINE_NAME = re.compile(r"(?:^|[\s_-])(?:byline|author)(?:\s|$)", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f\xa0]+")  # what HTML collapses; an ideographic space it keeps
_CJK = "\u3000-\u30ff\u3400-\u9fff\uff01-\uff5e"
_CJK_BREAK = re.compile(rf"(?<=[{_CJK}])[ \t]*\n\s*(?=[{_CJK}])")  # a source line's end, no space
_BYLINE_CHARACTERS = 120
_VERSE_CHARACTERS = 32  # a line at most on average, for three lines broken by <br> to be verse
_LAYOUT_CHARACTERS = 400  # a cell with more holds running text: the table is there for the layout
_BREAK, _CELL, _PART = "\v", "\x1f", "\x1e"  # of a line, a cell, a block in a cell; no decoded text has them


@dataclass(frozen=True, slots=True)
class Stretch:
    """The text of one block of a page, and where it stood."""

    kind: BlockKind
    text: str
    level: int  # of a heading
    links: int  # characters of it that are links
    part: int  # number of the outermost part of the page that is named as furniture; 0 none
    main: bool  # inside <main>, <article> or role=main


@dataclass(frozen=True, slots=True)
class _Open:
    """One open element, with what it and those around it say of the text inside."""

    silent: bool = False
    part: int = 0
    main: bool = False
    link: bool = False
    byline: bool = False
    quote: bool = False


class PageText:
    """The target of an lxml parser; what it holds is there after `close`."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.title = ""
        self.date = ""  # when it was published, as a <meta> says
        self.shared_title = ""  # og:title, mostly without the name of the site
        self._stack = [_Open()]
        self._pieces: list[str] = []
        self._links = 0
        self._parts = 0
        self._headers: set[int] = set()  # parts that are the page's own <header>
        self._heading = 0
        self._items: list[bool] = []  # for each open <li>: has its first stretch been taken?
        self._in_title = self._in_row = False
        self._pre = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        if tag == "meta":
            self._meta(attributes)
        elif tag == "br":
            self._pieces.append("\n" if self._pre else _BREAK)
        if tag in _VOID_TAGS:
            return
        self._part_or_flush(tag)
        self._stack.append(self._opened(tag, attributes))
        if tag == "title":
            self._in_title = not self.title and not self._stack[-1].silent
        elif tag in _HEADINGS:
            self._heading = int(tag[1])
        elif tag == "tr":
            self._in_row = True
        elif tag in ("td", "th"):
            self._pieces.append(_CELL)
        elif tag == "pre":
            self._pre += 1
        elif tag == "li":
            self._items.append(False)

    def _meta(self, attributes: dict[str, str]) -> None:
        named = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        content = attributes.get("content", "")
        if named == "og:title":
            self.shared_title = content.strip()
        elif named.lower() in _DATES:
            self.date = self.date or iso_date(content)

    def end(self, tag: str) -> None:
        """Close an element."""
        if tag in _VOID_TAGS:
            return
        self._part_or_flush(tag)
        if tag == "title":
            self._in_title = False
        elif tag in _HEADINGS:
            self._heading = 0
        elif tag == "pre":
            self._pre = max(self._pre - 1, 0)
        elif tag == "li" and self._items:
            self._items.pop()
        if len(self._stack) > 1:
            self._stack.pop()

    def data(self, text: str) -> None:
        """Take text."""
        state = self._stack[-1]
        if self._in_title:
            self.title += text
        elif not state.silent:
            self._pieces.append(text if self._pre else _SPACE.sub(" ", _CJK_BREAK.sub("", text)))
            self._links += len(text) if state.link else 0

    def close(self) -> PageText:
        """End the page."""
        self._in_row = False
        self._flush()
        self.title = _SPACE.sub(" ", self.title).strip()
        return self

    def _part_or_flush(self, tag: str) -> None:
        """End the stretch where a block begins or ends; within a row, only mark the place."""
        if tag == "table" or tag in _HEADINGS:
            self._in_row = False  # a table or a heading in a cell: the row is there for the layout
        if tag == "tr":
            self._flush()
            self._in_row = False
        elif tag in _BLOCK_TAGS and self._in_row:
            self._pieces.append(_PART)
        elif tag in _BLOCK_TAGS:
            self._flush()

    def _opened(self, tag: str, attributes: dict[str, str]) -> _Open:
        above = self._stack[-1]
        if not attributes and tag not in _TELLING_TAGS:
            return above
        names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        role = attributes.get("role", "").lower()
        style = attributes.get("style", "")
        hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
        byline = attributes.get("rel") == "author" or attributes.get("itemprop") == "author"
        main = tag in ("main", "article") or role == "main"
        return _Open(
            silent=above.silent or tag in _NEVER_TEXT or hidden or bool(_HIDDEN_STYLE.search(style)),
            part=above.part or self._new_part(tag, role, names, inside_main=above.main or main),
            main=above.main or main,
            link=above.link or tag == "a",
            byline=above.byline or byline or bool(_BYLINE_NAME.search(names)),
            quote=above.quote or tag == "blockquote",
        )

    def _new_part(self, tag: str, role: str, names: str, *, inside_main: bool) -> int:
        header = tag == "header" and not inside_main
        named = tag not in ("html", "body", "main", "article") and _FURNITURE_NAME.search(names)
        if not (header or named or tag in _FURNITURE_TAGS or role in _FURNITURE_ROLES):
            return 0
        self._parts += 1
        if header:
            self._headers.add(self._parts)
        return self._parts

    def _flush(self) -> None:
        raw, self._pieces = "".join(self._pieces), []
        links, self._links = self._links, 0
        for text in self._texts(raw):
            state = self._stack[-1]
            kind = self._kind(text, state)
            level = self._heading if kind is BlockKind.HEADING else 0
            part = 0 if level == 1 and state.part in self._headers else state.part
            self.stretches.append(Stretch(kind, text, level, min(links, len(text)), part, state.main))

    def _texts(self, raw: str) -> list[str]:
        """Return the texts of one or, where two line breaks or a layout table part them, several blocks."""
        if self._pre:
            texts = [raw.replace(_CELL, "\t").replace(_PART, "\n").strip("\n").rstrip()]
        elif self._in_row:
            cells = raw.split(_CELL)
            self._in_row = max(map(len, cells)) <= _LAYOUT_CHARACTERS
            if self._in_row:
                texts = ["\t".join(_one_line(cell) for cell in cells).strip()]
            else:
                texts = [_lines(part) for cell in cells for part in cell.split(_PART)]
        else:
            texts = [_lines(part) for part in re.split(rf"(?:{_BREAK} *){{2,}}|[{_CELL}{_PART}]", raw)]
        return [text for text in texts if text.strip()]

    def _kind(self, text: str, state: _Open) -> BlockKind:
        if self._heading:
            return BlockKind.HEADING
        if self._pre:
            return BlockKind.CODE
        if self._in_row:
            return BlockKind.TABLE_ROW
        if self._items and not self._items[-1]:
            self._items[-1] = True
            return BlockKind.LIST_ITEM
        if state.byline and len(text) <= _BYLINE_CHARACTERS:
            return BlockKind.BYLINE
        if state.quote:
            return BlockKind.QUOTE
        lines = text.count("\n") + 1
        return (
            BlockKind.VERSE if lines >= 3 and len(text) <= lines * _VERSE_CHARACTERS else BlockKind.PARAGRAPH
        )


def _one_line(raw: str) -> str:
    return _SPACE.sub(" ", raw.replace(_BREAK, " ").replace(_PART, " ")).strip(" ")


def _lines(raw: str) -> str:
    """Return `raw` with single spaces and the line ends that the page states."""
    return "\n".join(line for part in raw.split(_BREAK) if (line := _SPACE.sub(" ", part).strip(" ")))
