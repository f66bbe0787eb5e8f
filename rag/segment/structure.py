"""The structure of a document: its title, the tree of its headings, who speaks where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag.records import BlockKind
from rag.segment import headings
from rag.segment.bylines import CERTAIN, LIKELY, Byline, is_note, is_note_label, parse_byline
from rag.segment.turns import Turn, Turns, find_turns
from rag.segment.units import Unit

_SUBTITLE = regex.compile(r"(?:[—―─–]{1,3}|--+)\s*\S")
_BODY_KINDS = (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW, BlockKind.VERSE, BlockKind.QUOTE, BlockKind.CODE)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and what the page says beside the name."""

    speaker: str = ""
    role: str = ""


NOBODY = Voice()


@dataclass(frozen=True, slots=True)
class Placed:
    """A unit with its place in the document."""

    unit: Unit
    section: tuple[str, ...]
    voice: Voice
    is_question: bool = False  # a question of an interview, which belongs with the answer after it


def find_structure(units: Sequence[Unit], title: str) -> tuple[str, list[Placed]]:
    """The title, and every unit (their kinds now final) with its section and speaker, in order.

    `title` is what the file format states, "" where it states none.
    """
    content = [unit for unit in units if unit.kind is not BlockKind.FURNITURE]
    turns = find_turns(
        unit.text for unit in content if unit.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
    )
    page = _Page(content, turns)
    page.find_bylines()
    page.find_headings()
    title = page.find_title(title)
    page.set_levels()
    return title, _place(units, page)


class _Page:
    """The units of one document while their kinds are being decided."""

    def __init__(self, units: Sequence[Unit], turns: Turns) -> None:
        self.units = units
        self.turns = turns
        self.bylines: dict[int, Byline] = {}
        self.shaped = [headings.has_heading_shape(unit) and turns.of(unit.text) is None for unit in units]
        self.numbered = headings.numbered_headings(units)
        self.headings: set[int] = {i for i, unit in enumerate(units) if unit.kind is BlockKind.HEADING}

    def find_bylines(self) -> None:
        """Accept lines that look like bylines where the page around them agrees."""
        parsed = {
            i: byline
            for i, unit in enumerate(self.units)
            if unit.kind in (BlockKind.PARAGRAPH, BlockKind.BYLINE)
            and len(unit.text) <= 120
            and self.turns.of(unit.text) is None
            and (byline := parse_byline(unit.text)) is not None
        }
        placed = {i: byline for i, byline in parsed.items() if self._is_under_heading(i, parsed)}
        repeated = Counter(
            headings.style(self.units[i])[0] for i, byline in placed.items() if byline.strength < LIKELY
        )
        for i, byline in parsed.items():
            is_in_place = i in placed
            if byline.strength >= CERTAIN and (is_in_place or self._is_free(i)):
                self.bylines[i] = byline
            elif is_in_place and (byline.strength >= LIKELY or sum(repeated.values()) >= 2):
                self.bylines[i] = byline
        for i in self.bylines:
            self.units[i].kind = BlockKind.BYLINE
        for i, unit in enumerate(self.units):
            if unit.kind is BlockKind.BYLINE and i not in self.bylines:
                unit.kind = BlockKind.PARAGRAPH

    def _is_under_heading(self, index: int, parsed: dict[int, Byline]) -> bool:
        before = index - 1
        while before > 0 and (
            before in parsed
            and not self.units[before].kind is BlockKind.HEADING
            and parsed[before].strength >= LIKELY
            or headings.is_meta(self.units[before].text)
            or is_note(self.units[before].text)
        ):
            before -= 1
        if before < 0:
            return False
        is_headed = (
            self.shaped[before]
            or before in self.headings
            or before in self.numbered
            or self.units[before].kind is BlockKind.TITLE
            or _SUBTITLE.match(self.units[before].text) is not None
        )
        return is_headed and self._has_body_after(index, parsed)

    def _has_body_after(self, index: int, parsed: dict[int, Byline]) -> bool:
        after = index + 1
        while after < len(self.units) and (after in parsed or headings.is_meta(self.units[after].text)):
            after += 1
        return after < len(self.units) and (
            headings.is_body(self.units[after]) or after in self.numbered or after in self.headings
        )

    def _is_free(self, index: int) -> bool:
        """Whether a certain byline stands where one may stand: at the beginning, before or after a heading."""
        if index == 0 or index + 1 == len(self.units):
            return True
        return (
            self.shaped[index + 1]
            or index + 1 in self.numbered
            or index + 1 in self.headings
            or headings.is_body(self.units[index + 1])
        )

    def find_headings(self) -> None:
        """Accept heading shapes that stand over something."""
        for i in self.numbered:
            if i not in self.bylines:
                self.headings.add(i)
        for i in range(len(self.units)):
            if self.shaped[i] and i not in self.bylines and self._stands_over_body(i):
                self.headings.add(i)
        for i in self.headings:
            self.units[i].kind = BlockKind.HEADING

    def _stands_over_body(self, index: int) -> bool:
        after, steps = index + 1, 0
        while after < len(self.units) and steps < 4:
            unit = self.units[after]
            if after in self.bylines or headings.is_meta(unit.text):
                after += 1
            elif (self.shaped[after] or _SUBTITLE.match(unit.text)) and after not in self.numbered:
                after, steps = after + 1, steps + 1
                if index > 0 and steps > 1:
                    return False
            else:
                return after in self.numbered or headings.is_body(unit)
        return False

    def find_title(self, title: str) -> str:
        """Decide the title; the units that print it, and its subtitles, become TITLE."""
        first = next((i for i, unit in enumerate(self.units) if not headings.is_meta(unit.text)), None)
        if first is None:
            return title
        stated = [i for i, unit in enumerate(self.units) if unit.kind is BlockKind.TITLE]
        if title or stated:
            same = next((i for i in sorted(self.headings)[:3] if _same(self.units[i].text, title)), None)
            if same is not None:
                self._make_title(same)
            return title or self.units[stated[0]].text
        if (
            first not in self.headings
            or self.units[first].numbering is not None
            or self._is_first_of_many(first)
        ):
            return ""
        self._make_title(first)
        return self.units[first].text

    def _make_title(self, index: int) -> None:
        self.units[index].kind = BlockKind.TITLE
        self.headings.discard(index)
        run = []
        after = index + 1
        while (
            after < len(self.units)
            and (
                after in self.headings
                or _SUBTITLE.match(self.units[after].text)
                and headings.width(self.units[after].text) <= 100
            )
            and self.units[after].numbering is None
        ):
            run.append(after)
            after += 1
        if run and run[-1] in self.headings and not _SUBTITLE.match(self.units[run[-1]].text):
            own = headings.style(self.units[run[-1]])
            if any(i > run[-1] and headings.style(self.units[i]) == own for i in self.headings):
                run.pop()
        for i in run:
            self.units[i].kind = BlockKind.TITLE
            self.headings.discard(i)

    def _is_first_of_many(self, first: int) -> bool:
        """Whether the first heading is one of several with bylines: a page of articles without a page title."""
        signed = [i for i in self.headings if i + 1 in self.bylines]
        return first in signed and len(signed) >= 2

    def set_levels(self) -> None:
        """Give every heading its level."""
        order = sorted(i for i in self.headings if self.units[i].kind is BlockKind.HEADING)
        free = [i for i in order if not self.units[i].is_trusted]
        styles = [headings.style(self.units[i]) for i in free]
        ordinals = [self.units[i].numbering.ordinal if self.units[i].numbering else 0 for i in free]
        under = headings.styles_under_numbers(list(zip(styles, ordinals, strict=True)))
        for i, level in zip(free, headings.levels(styles, under=under), strict=True):
            self.units[i].level = level


def _same(one: str, other: str) -> bool:
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def _place(units: Sequence[Unit], page: _Page) -> list[Placed]:
    index_of = {id(unit): i for i, unit in enumerate(page.units)}
    signed = {
        page.units[i - 1].level for i in page.bylines if i and page.units[i - 1].kind is BlockKind.HEADING
    }
    walk = _Walk(signed)
    placed = []
    for unit in units:
        i = index_of.get(id(unit))
        byline = page.bylines.get(i) if i is not None else None
        turn = page.turns.of(unit.text) if unit.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) else None
        placed.append(walk.step(unit, byline, turn))
    return placed


class _Walk:
    """What is open while the units are walked through in order: sections, the author, the one who speaks."""

    def __init__(self, signed_levels: set[int]) -> None:
        self.signed_levels = signed_levels
        self.path: list[tuple[int, str]] = []
        self.author = NOBODY
        self.author_level = 0
        self.turn = NOBODY
        self.after_label = False

    def step(self, unit: Unit, byline: Byline | None, turn: Turn | None) -> Placed:
        """Place one unit."""
        if unit.kind is BlockKind.FURNITURE:
            return Placed(unit, (), NOBODY)
        if unit.kind is BlockKind.HEADING:
            self._open(unit)
            return Placed(unit, self._section(), NOBODY)
        if byline is not None:
            self.author = Voice(byline.speaker, byline.role)
            self.author_level = self.path[-1][0] if self.path else 0
            self.turn = NOBODY
            return Placed(unit, self._section(), self.author)
        if unit.kind is BlockKind.TITLE:
            return Placed(unit, (), NOBODY)
        if is_note(unit.text) or self.after_label:
            self.after_label = is_note_label(unit.text)
            return Placed(unit, self._section(), NOBODY)
        is_question = False
        if turn is not None:
            is_question = not turn.speaker
            self.turn = Voice(turn.speaker, turn.role)
        return Placed(unit, self._section(), self.turn if self.turn.speaker else self.author, is_question)

    def _open(self, unit: Unit) -> None:
        while self.path and self.path[-1][0] >= unit.level:
            self.path.pop()
        if unit.level <= self.author_level or unit.level in self.signed_levels:
            self.author = NOBODY
        self.path.append((unit.level, unit.text))
        self.turn = NOBODY

    def _section(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.path)
