"""From a document to its passages: repaired paragraphs with their headings, speakers and places.

`segment` reads the page as a person would: lines that a column or a page cut apart are put together again,
page numbers and running heads are left out, headings and bylines are told by their shape and their place.
Then each paragraph becomes a passage, a long one several, a few tiny ones one together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.language import detect_language
from rag.records import SECTION_SEPARATOR, Block, BlockKind, Document, Passage, Place, Source
from rag.segment.budget import split_spans
from rag.segment.joining import join_lines
from rag.segment.lines import split_lines
from rag.segment.script import COLONS
from rag.segment.shapes import is_caption
from rag.segment.stated import stated_units
from rag.segment.units import Unit
from rag.segment.voices import Placed, Voice, place

SEGMENTER_VERSION = 3  # goes up with every change of what `segment` returns; an index records it

TINY_TOKENS = 20  # a paragraph smaller than this says too little to be found by itself
TINY_CHARACTERS = 30
QUESTION_TOKENS = 80  # an interviewer's question up to this stands in one passage with its answer
LEAD_TOKENS = 60  # "as follows:" up to this stands in one passage with what follows
LIST_SHARE = 0.4  # of the token budget: items and rows are gathered up to this
_LANGUAGE_SAMPLE = 20_000  # characters of the document that decide where a passage does not

_SERIAL = frozenset({BlockKind.LIST_ITEM, BlockKind.TABLE_ROW})
_BODY = frozenset(
    {
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.TABLE_ROW,
        BlockKind.VERSE,
        BlockKind.QUOTE,
        BlockKind.CODE,
        BlockKind.RECORD,
    }
)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A document as the segmenter sees it.

    `blocks` hold every character that is not white space exactly once, in source order; a paragraph is one
    block, or one for each part of it where furniture stands between. Passage ids are 0.
    """

    title: str
    blocks: tuple[Block, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of one unit that goes into one passage whole."""

    placed: Placed
    text: str
    start: int  # in the source
    end: int
    tokens: int
    paragraph: int
    scope: int  # parts of different scopes stand under different headings or bylines


def segment(document: Document, *, count_tokens: Callable[[str], int], max_tokens: int) -> Segmentation:
    """Return the title, the blocks and the passages of a document, in source order.

    A passage has `max_tokens` tokens or fewer, as `count_tokens` counts them; only a single character that
    counts more by itself can exceed it.
    """
    is_record = document.id is not None and not document.blocks and not document.is_member
    if document.blocks:
        units = stated_units(document)
    else:
        units = join_lines(split_lines(document.text), is_paged=not is_record)
    title, placed = _as_record(document, units) if is_record else place(units, document.title)
    if not any(one.unit.kind in _BODY for one in placed):
        placed = _as_text(placed)
    parts = list(_parts(placed, document.places, count_tokens=count_tokens, max_tokens=max_tokens))
    language = detect_language(document.text[:_LANGUAGE_SAMPLE])
    passages = [
        _passage(document, title, group, language)
        for group in _groups(parts, max_tokens=max_tokens, is_record=is_record)
    ]
    blocks = sorted((block for unit in units for block in unit.blocks()), key=lambda block: block.start)
    return Segmentation(title, tuple(blocks), tuple(passages))


def _as_record(document: Document, units: Sequence[Unit]) -> tuple[str, list[Placed]]:
    """One record of many has a title of its own, and no headings or bylines: all of it is text."""
    for unit in units:
        if unit.kind not in (BlockKind.VERSE, BlockKind.LIST_ITEM, BlockKind.TABLE_ROW):
            unit.kind = BlockKind.PARAGRAPH
    return document.title, [Placed(unit) for unit in units]


def _as_text(placed: Sequence[Placed]) -> list[Placed]:
    """A document of nothing but headings and names, or nothing but numbers, is read as text."""
    kinds = {one.unit.kind for one in placed}
    for one in placed:
        if one.unit.kind is not BlockKind.FURNITURE or len(kinds) == 1:
            one.unit.kind = BlockKind.PARAGRAPH
    return [Placed(one.unit) for one in placed]


def _parts(
    placed: Sequence[Placed], places: Sequence[Place], *, count_tokens: Callable[[str], int], max_tokens: int
) -> Iterator[_Part]:
    """The text of the document in stretches that fit the budget, numbered by paragraph."""
    paragraph, scope, here = 0, 0, 0
    before: BlockKind | None = None
    for one in placed:
        unit = one.unit
        if unit.kind is BlockKind.FURNITURE:
            continue
        there = bisect_right(places, unit.start, key=lambda place: place.start)
        if there != here:
            scope, here = scope + 1, there
        if unit.kind not in _BODY:
            scope += 1
        else:
            if unit.kind is not BlockKind.TABLE_ROW or before is not BlockKind.TABLE_ROW:
                paragraph += 1
            for start, end in split_spans(unit.text, count_tokens=count_tokens, max_tokens=max_tokens):
                text = unit.text[start:end]
                yield _Part(one, text, *unit.source_span(start, end), count_tokens(text), paragraph, scope)
        before = unit.kind


def _groups(parts: Sequence[_Part], *, max_tokens: int, is_record: bool) -> Iterator[list[_Part]]:
    """The parts of each passage."""
    group: list[_Part] = []
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else None
        if group and not _belongs(group, part, following, max_tokens=max_tokens, is_record=is_record):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _belongs(
    group: Sequence[_Part], part: _Part, following: _Part | None, *, max_tokens: int, is_record: bool
) -> bool:
    """Whether `part` goes into the passage of `group`."""
    last = group[-1]
    if BlockKind.RECORD in (last.placed.unit.kind, part.placed.unit.kind):
        return False
    if last.scope != part.scope or (not last.placed.is_question and not _is_together(last, part)):
        return False
    tokens = sum(member.tokens for member in group) + len(group)
    if tokens + part.tokens > max_tokens:
        return False
    if is_record:
        return True
    if part.placed.is_question:
        return last.placed.is_question
    if last.placed.is_question:
        return tokens <= QUESTION_TOKENS
    if part.placed.unit.kind in _SERIAL:
        return _continues_list(group, part, following, tokens=tokens, max_tokens=max_tokens)
    if _is_tiny("".join(member.text for member in group), tokens):
        return True
    if _leads(part) and following is not None and _is_together(part, following):
        return False
    return _is_tiny(part.text, part.tokens) and tokens + part.tokens <= max_tokens / 2


def _continues_list(
    group: Sequence[_Part], part: _Part, following: _Part | None, *, tokens: int, max_tokens: int
) -> bool:
    """Whether an item or a row goes with its like, up to a share of the budget, or with its lead-in."""
    kind, last = part.placed.unit.kind, group[-1]
    if last.placed.unit.kind is not kind:
        return _is_tiny("".join(member.text for member in group), tokens) or (
            _leads(last) and len(group) == 1
        )
    goes_on = following is not None and following.placed.unit.kind is kind and _is_together(part, following)
    is_rest = not goes_on and _is_tiny(part.text, part.tokens)
    return is_rest or tokens + part.tokens <= max_tokens * LIST_SHARE


def _leads(part: _Part) -> bool:
    """Whether a short text leads in what comes after it: it ends with a colon, or is a caption."""
    is_lead = part.text[-1] in COLONS or is_caption(part.text)
    return is_lead and part.tokens <= LEAD_TOKENS


def _is_together(one: _Part, other: _Part) -> bool:
    """Whether two parts stand in one section and are one person's words."""
    return (
        one.scope == other.scope
        and one.placed.voice == other.placed.voice
        and one.placed.section == other.placed.section
    )


def _is_tiny(text: str, tokens: int) -> bool:
    return tokens < TINY_TOKENS or len(text) < TINY_CHARACTERS


def _passage(document: Document, title: str, group: Sequence[_Part], language: str) -> Passage:
    first, last = group[0], group[-1]  # a question stands with its answer and is cited as the answerer's
    text = "\n".join(part.text for part in group)
    own = detect_language(text)
    voice: Voice = last.placed.voice
    source = Source(
        document=document.path,
        title=title,
        section=SECTION_SEPARATOR.join(first.placed.section),
        speaker=voice.speaker,
        role=voice.role,
        page=first.placed.unit.page_at(first.start),
        paragraph=first.paragraph,
        start=first.start,
        end=last.end,
        id=document.id,
        place=_place_at(document.places, first.start),
    )
    return Passage(id=0, text=text, language=language if own == "und" else own, source=source)


def _place_at(places: Sequence[Place], start: int) -> str:
    """The name of the place in which the character `start` stands, "" before the first."""
    index = bisect_right(places, start, key=lambda place: place.start)
    return places[index - 1].name if index else ""
