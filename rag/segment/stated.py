"""Units of a document whose format states its blocks: trusted, but for what a column has cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.records import Block, BlockKind, Document
from rag.segment.joining import flows, join_paragraphs
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.lines import Line, split_lines
from rag.segment.units import Unit, furniture_unit, unit_of

_VERBATIM = (BlockKind.CODE, BlockKind.VERSE, BlockKind.RECORD)
_FLOWING = (BlockKind.PARAGRAPH, BlockKind.QUOTE, BlockKind.LIST_ITEM)
_LEAST_TRUSTED = 1.5  # the evidence that joins two stated paragraphs where the format states headings too


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
    has_headings = any(block.kind is BlockKind.HEADING for block in document.blocks)
    return list(_mended(units, _LEAST_TRUSTED if has_headings else 0.0))


def _outside(text: str, start: int, end: int) -> Iterator[Unit]:
    if start < end:
        for line in split_lines(text, start, end):
            yield furniture_unit(line)


def _unit(text: str, block: Block, vocabulary: Vocabulary) -> Iterator[Unit]:
    """The one unit of a block, none where the block is blank."""
    lines = split_lines(text, block.start, block.end)
    if block.page is not None:
        lines = [replace(line, page=block.page) for line in lines]
    if lines:
        joints = list(_joints(block.kind, lines, vocabulary))
        unit = unit_of(block.kind, lines, joints, crossed=[False] * len(joints))
        yield replace(unit, level=block.level, is_trusted=True)


def _joints(kind: BlockKind, lines: Sequence[Line], vocabulary: Vocabulary) -> Iterator[Joint]:
    flowing = flows(lines) if kind in _FLOWING else [kind not in _VERBATIM] * (len(lines) - 1)
    for (before, after), flow in zip(pairwise(lines), flowing, strict=True):
        yield joint(before.text, after.text, vocabulary) if flow else Joint("\n", 0)


def _mended(units: Sequence[Unit], least: float) -> Iterator[Unit]:
    """The units, neighbouring paragraphs that were cut in mid-sentence put together, across furniture too."""
    run: list[Unit] = []
    aside: list[Unit] = []
    crossed: list[bool] = []
    is_crossed = False
    for unit in units:
        if unit.kind is BlockKind.FURNITURE:
            aside.append(unit)
            is_crossed = True
            continue
        if unit.kind is not BlockKind.PARAGRAPH:
            yield from _run(run, aside, crossed, least)
            run, aside, crossed = [], [], []
            yield unit
        else:
            run.append(unit)
            crossed.append(is_crossed)
        is_crossed = False
    yield from _run(run, aside, crossed, least)


def _run(
    paragraphs: Sequence[Unit], aside: Sequence[Unit], crossed: Sequence[bool], least: float
) -> list[Unit]:
    """Neighbouring paragraphs, joined where they were cut, and the furniture among them, in source order."""
    joined = join_paragraphs(paragraphs, crossed, least=least) if len(paragraphs) > 1 else paragraphs
    return sorted([*joined, *aside], key=lambda unit: unit.start)
