"""Units of a document whose format states its blocks: trusted, but for lines broken by a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.records import Block, BlockKind, Document
from rag.segment.joining import flows
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.lines import Line, split_lines
from rag.segment.units import Unit, UnitBuilder

_VERBATIM = (BlockKind.CODE, BlockKind.VERSE)
_FLOWING = (BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.LIST_ITEM)


def stated_units(document: Document) -> list[Unit]:
    """The units of `document.blocks` in source order; what stands outside all blocks is furniture."""
    units: list[Unit] = []
    position = 0
    vocabulary = Vocabulary.of(line.text for line in split_lines(document.text))
    for block in document.blocks:
        units += _outside(document.text, position, block.start)
        units += _unit(document.text, block, vocabulary)
        position = max(position, block.end)
    units += _outside(document.text, position, len(document.text))
    return units


def _outside(text: str, start: int, end: int) -> Iterator[Unit]:
    if start < end:
        for line in split_lines(text, start, end):
            yield UnitBuilder(BlockKind.FURNITURE, line).unit()


def _unit(text: str, block: Block, vocabulary: Vocabulary) -> Iterator[Unit]:
    """The one unit of a block, none where the block is blank."""
    lines = split_lines(text, block.start, block.end)
    if not lines:
        return
    builder = UnitBuilder(block.kind, lines[0])
    for joined, line in zip(_joints(block.kind, lines, vocabulary), lines[1:], strict=True):
        builder.add(line, joined, crossed=False)
    unit = builder.unit()
    unit.level, unit.is_trusted = block.level, True
    unit.page = block.page if block.page is not None else unit.page
    yield unit


def _joints(kind: BlockKind, lines: Sequence[Line], vocabulary: Vocabulary) -> Iterator[Joint]:
    flowing = flows(lines) if kind in _FLOWING else [kind not in _VERBATIM] * (len(lines) - 1)
    for before, after, flow in zip(lines, lines[1:], flowing, strict=False):
        yield joint(before.text, after.text, vocabulary) if flow else Joint("\n", 0)
