"""Markdown: the text stays the source, and the blocks point into it past the marks, as far as a span can.

CommonMark and GitHub's tables, parsed by markdown-it. Front matter gives the title, else a first heading of
level 1 that is the only one. A mark inside a paragraph (emphasis, a link's address) stays in its span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.decoding import decode
from rag.readers.assembly import iso_date
from rag.readers.file import File, load
from rag.records import Block, BlockKind, Document

if TYPE_CHECKING:
    from markdown_it.token import Token

_MAX_LINES = 200_000  # the parser takes up to 2 kB a line
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?\n)?(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"""^title[ \t]*[:=][ \t]*(["']?)(.+?)\1[ \t]*$""", re.MULTILINE | re.IGNORECASE)
_FRONT_DATE = re.compile(
    r"""^(?:date|published|created)[ \t]*[:=][ \t]*["']?([\d-]{4,10})""", re.MULTILINE | re.IGNORECASE
)
_WRAPPED = re.compile(r"(\*{1,3}|_{1,3})(?=\S)([^*_]+)(?<=\S)\1|\[([^\[\]]+)\]\([^()\s]*\)|(`+)([^`]+)\4")
_INLINE_MARKS = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)|[*`]|(?<!\w)_|_(?!\w)")
_LEADING_MARKS = re.compile(r"(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))*")
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE
)


def read_markdown(path: File) -> Iterator[Document]:
    """Yield the one document of a Markdown file.

    Raises:
        ReadError: the file cannot be read, is too large, or is not text.
    """
    decoded = decode(load(path), name=path.as_posix())
    text, warnings = decoded.text, decoded.warnings
    title = date = ""
    blocks: tuple[Block, ...] = ()
    if text.count("\n") > _MAX_LINES:
        warnings = (*warnings, f"more than {_MAX_LINES:,} lines: read as plain text, without its Markdown")
    else:
        title, date, blocks = markdown_structure(text)
    yield Document(
        path=path.as_posix(),
        title=title,
        text=text,
        blocks=blocks,
        encoding=decoded.encoding,
        date=date,
        warnings=warnings,
    )


def markdown_structure(text: str) -> tuple[str, str, tuple[Block, ...]]:
    """Return title and date ("" where there is none) and the blocks of Markdown `text`, in order of start."""
    front = _FRONT_MATTER.match(text)
    offset = front.end() if front else 0
    found = _FRONT_TITLE.search(front.group(2) or "") if front else None
    source = _Source(text, offset)
    blocks = sorted((*source.blocks(), *source.leftovers()), key=lambda block: block.start)
    stated = found.group(2).strip() if found else ""
    dated = _FRONT_DATE.search(front.group(2) or "") if front else None
    date = iso_date(dated.group(1)) if dated else ""
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    first = headings[0] if headings else None
    if first is None or first.level != 1 or [block.level for block in headings].count(1) != 1:
        return stated, date, tuple(blocks)
    heading = _plain(text[first.start : first.end])
    if stated in ("", heading):
        blocks[blocks.index(first)] = Block(BlockKind.TITLE, first.start, first.end, level=1)
    return stated or heading, date, tuple(blocks)


def _plain(marked: str) -> str:
    return " ".join(_INLINE_MARKS.sub(r"\1", marked).split())


class _Source:
    """One Markdown text with its lines, and which of them the parser has given to a block."""

    def __init__(self, text: str, offset: int) -> None:
        from markdown_it import MarkdownIt

        self.text = text
        self.starts = [offset, *(match.end() for match in re.compile("\n").finditer(text, offset))]
        self.starts.append(len(text) + 1)
        self.taken = bytearray(len(self.starts))
        parser = MarkdownIt("commonmark").enable("table").disable("inline")
        references: dict[str, dict[str, dict[str, list[int]]]] = {}
        self.tokens = parser.parse(text[offset:], references)
        for reference in references.get("references", {}).values():
            self._take(reference["map"])

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks that the parser found; `leftovers` are the lines that it gave to none."""
        kinds: list[BlockKind] = []  # of the list items and quotes that are open
        heading = 0
        for token in self.tokens:
            if token.type in ("list_item_open", "blockquote_open"):
                kinds.append(BlockKind.LIST_ITEM if token.type == "list_item_open" else BlockKind.QUOTE)
            elif token.type in ("list_item_close", "blockquote_close"):
                kinds.pop()
            elif token.type == "heading_open":
                heading = int(token.tag[1])
                self._take(token.map or [0, 0])
            elif token.type == "inline" and token.map:
                yield from self._inline(token, kinds, heading)
                heading = 0
            elif token.type in ("tr_open", "fence", "code_block", "html_block", "hr", "table_open"):
                yield from self._whole(token)

    def leftovers(self) -> Iterator[Block]:
        """Yield a paragraph for each run of lines with text that is no block: deeper than the parser goes."""
        run: list[int] = []
        for line in range(len(self.starts) - 1):
            if not self.taken[line] and self._line(line).strip():
                run.append(line)
                continue
            yield from self._paragraph(run)
            run = []
        yield from self._paragraph(run)

    def _paragraph(self, run: list[int]) -> Iterator[Block]:
        if run:
            marks = _LEADING_MARKS.match(self.text, self.starts[run[0]])
            start = marks.end() if marks else self.starts[run[0]]
            yield from self._block(BlockKind.PARAGRAPH, start, self.starts[run[-1] + 1] - 1)

    def _inline(self, token: Token, kinds: list[BlockKind], heading: int) -> Iterator[Block]:
        first, last = token.map or (0, 0)
        if self.taken[first] and not heading:
            return  # a cell: its row is the block
        self._take([first, last])
        kind = BlockKind.HEADING if heading else (kinds[-1] if kinds else BlockKind.PARAGRAPH)
        if kind is BlockKind.LIST_ITEM:
            kinds[-1] = BlockKind.PARAGRAPH  # the next paragraph of the item is not an item of its own
        lines = token.content.split("\n")
        start = self._find(lines[0], first)
        end = (
            self._find(lines[-1], first + len(lines) - 1) + len(lines[-1])
            if lines[1:]
            else start + len(lines[0])
        )
        yield from self._block(kind, start, end, level=heading)

    def _whole(self, token: Token) -> Iterator[Block]:
        first, last = token.map or (0, 0)
        self._take([first, last])
        if token.type == "tr_open":
            start, end = self.starts[first], self.starts[first + 1] - 1
            row = re.compile(r"[ \t>]*\|?(.*?)\|?[ \t]*").fullmatch(self.text, start, end)
            if row:
                yield from self._block(BlockKind.TABLE_ROW, row.start(1), row.end(1))
        elif token.type in ("fence", "code_block"):
            first += token.type == "fence"
            last = min(first + token.content.count("\n"), len(self.starts) - 1)
            yield from self._block(BlockKind.CODE, self.starts[first], self.starts[last] - 1)
        elif token.type == "html_block":
            yield from self._html(self.starts[first], self.starts[last] - 1)

    def _html(self, start: int, end: int) -> Iterator[Block]:
        """Yield a paragraph for each stretch between tags that has a word in it."""
        for tag in (*_TAG.finditer(self.text, start, end), None):
            stop = tag.start() if tag else end
            if re.search(r"\w", self.text[start:stop]):
                yield from self._block(BlockKind.PARAGRAPH, start, stop)
            start = tag.end() if tag else end

    def _block(self, kind: BlockKind, start: int, end: int, *, level: int = 0) -> Iterator[Block]:
        stretch = self.text[start:end]
        end = start + len(stretch.rstrip())
        start += 0 if kind is BlockKind.CODE else len(stretch) - len(stretch.lstrip())
        wrapped = _WRAPPED.fullmatch(self.text, start, end) if kind is not BlockKind.CODE else None
        if wrapped and wrapped.lastindex:
            group = next(number for number in (2, 3, 5) if wrapped.group(number))
            start, end = wrapped.span(group)
        if end > start:
            yield Block(kind, start, end, level=level)

    def _find(self, content: str, line: int) -> int:
        """Return where in the text the content of a line begins, past its marks."""
        start, end = self.starts[line], self.starts[line + 1] - 1
        place = self.text.find(content.strip(), start, end)
        return place if place >= 0 else start

    def _line(self, line: int) -> str:
        return self.text[self.starts[line] : self.starts[line + 1] - 1]

    def _take(self, lines: list[int]) -> None:
        first, last = lines[0], min(lines[1], len(self.taken))
        self.taken[first:last] = b"\1" * (last - first)
