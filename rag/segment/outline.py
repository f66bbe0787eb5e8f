"""The outline of a document: which of its units are title, headings and bylines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import regex

from rag.records import BlockKind
from rag.segment import headings
from rag.segment.bylines import CERTAIN, LIKELY, Byline, is_note, parse_byline
from rag.segment.script import has_cjk, is_ended, is_japanese, width
from rag.segment.shapes import is_field, is_meta
from rag.segment.turns import Turns, find_turns
from rag.segment.units import Unit

_SUBTITLE = regex.compile(r"(?:[—―─–]{1,3}|--+)\s*\S")
_TITLE_RATIO = 1.8  # a line so much wider than all headings below it is the title, and none of them


class Outline:
    """The units of one document without its furniture, and what each of them is.

    `find` decides and writes the kinds into the units; `bylines`, `turns` and `title` hold the rest.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.turns: Turns = find_turns(
            unit.text for unit in units if unit.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
        )
        self.is_japanese = is_japanese(unit.text for unit in units)
        self.bylines: dict[int, Byline] = {}
        self.headings = {i for i, unit in enumerate(units) if unit.kind is BlockKind.HEADING}
        self.title = ""
        for unit in units:
            if unit.numbering is not None and self.turns.of(unit.text):
                unit.kind, unit.numbering = BlockKind.PARAGRAPH, None
        _mend_dashes(units)
        _mend_marks(units)
        self._numbered = headings.numbered_headings(units)
        self._trusts = any(unit.is_trusted for unit in units) and bool(self.headings)
        self._fields = self._find_fields()
        self._asides = {i for i, unit in enumerate(units) if i in self._fields or is_meta(unit.text)}
        self._shaped = {i for i in range(len(units)) if self._is_shaped(i)}

    def find(self, title: str) -> None:
        """Decide everything; `title` is what the file format states, "" where it states none."""
        self._find_bylines()
        self._find_headings()
        self._find_title(title)
        self._find_subtitles()
        self._set_levels()

    def _find_fields(self) -> set[int]:
        """Lines of the form "place: Room 12" that stand together."""
        like = [
            unit.kind is BlockKind.PARAGRAPH
            and (is_field(unit.text) or is_field(unit.text + " -"))
            and not is_ended(unit.text)
            and not self.turns.of(unit.text)
            for unit in self.units
        ]
        return {i for i, own in enumerate(like) if own and any(like[max(0, i - 1) : i] + like[i + 1 : i + 2])}

    def _is_shaped(self, index: int) -> bool:
        unit = self.units[index]
        if index in self._asides or self.turns.of(unit.text) or is_note(unit.text) or self._trusts:
            return False
        limit = headings.MAX_TITLE_COLUMNS if index == self._first() else headings.MAX_COLUMNS
        return headings.has_heading_shape(unit, limit)

    def _first(self) -> int:
        """The first unit that is more than a date."""
        return next((i for i in range(len(self.units)) if i not in self._asides), 0)

    def _heads(self, index: int) -> bool:
        """Whether a unit may stand above a byline: a title, a heading, a subtitle."""
        unit = self.units[index]
        return (
            index in self._shaped
            or index in self.headings
            or index in self._numbered
            or unit.kind is BlockKind.TITLE
            or (not self._trusts and self._is_subtitle(index))
        )

    def _is_subtitle(self, index: int) -> bool:
        text = self.units[index].text
        return _SUBTITLE.match(text) is not None and width(text) <= headings.MAX_COLUMNS

    # Bylines

    def _find_bylines(self) -> None:
        """Accept lines that look like bylines where the page around them agrees."""
        parsed = dict(self._parsed())
        headed = {i for i in parsed if self._is_headed(i, parsed)}
        weak = Counter(self._pattern(i) for i in headed if parsed[i].strength < LIKELY)
        leading = {i for i in parsed if self._leads(i, parsed[i])}
        for i, byline in parsed.items():
            if byline.strength < LIKELY:
                is_accepted = i in headed and (byline.is_sure_name or weak[self._pattern(i)] >= 2)
            elif byline.strength < CERTAIN:
                is_accepted = i in headed or self._trails(i) or (len(leading) >= 2 and i in leading)
            else:
                is_accepted = i in headed or self._is_free(i, parsed)
            if is_accepted:
                self.bylines[i] = byline
        for i, unit in enumerate(self.units):
            if i in self.bylines:
                unit.kind = BlockKind.BYLINE
            elif unit.kind is BlockKind.BYLINE:
                unit.kind = BlockKind.PARAGRAPH
        self._shaped = {i for i in range(len(self.units)) if self._is_shaped(i)}

    def _parsed(self) -> Iterator[tuple[int, Byline]]:
        for i, unit in enumerate(self.units):
            if unit.kind not in (BlockKind.PARAGRAPH, BlockKind.BYLINE) or len(unit.text) > 120:
                continue
            if i in self._asides or self.turns.of(unit.text) or is_note(unit.text):
                continue
            byline = parse_byline(unit.text, japanese=self.is_japanese)
            if byline is not None and (byline.strength >= LIKELY or self._is_no_phrase(byline.speaker)):
                yield i, byline

    def _is_no_phrase(self, name: str) -> bool:
        """Whether the words of a bare name are written with capitals wherever they come in the document."""
        words = [word for word in regex.findall(r"\p{Lu}\p{Ll}{2,}", name)]
        if not words:
            return True
        pattern = regex.compile(rf"\b(?:{'|'.join(word.lower() for word in words)})\b")
        return not any(pattern.search(unit.text) for unit in self.units)

    def _pattern(self, index: int) -> tuple[bool, int]:
        """What bylines of one page have in common when they are but names: how they are set."""
        unit = self.units[index]
        return headings.is_capitals(unit.text), len(unit.pieces)

    def _is_headed(self, index: int, parsed: dict[int, Byline]) -> bool:
        """Whether a line stands under a heading and over text."""
        before = index - 1
        while before > 0 and (
            before in self._asides or (before in parsed and parsed[before].strength >= LIKELY)
        ):
            before -= 1
        while before > 0 and is_note(self.units[before].text):
            before -= 1
        return before >= 0 and self._heads(before) and self._has_body_below(index, parsed)

    def _leads(self, index: int, byline: Byline) -> bool:
        """Whether what is likely a byline stands over a heading, first of all or after a text that ended."""
        if byline.strength < LIKELY or index + 2 >= len(self.units):
            return False
        is_first = index == 0 or (is_ended(self.units[index - 1].text) and index - 1 not in self._shaped)
        return is_first and index + 1 in self._shaped and headings.is_body(self.units[index + 2])

    def _trails(self, index: int) -> bool:
        """Whether a line with a dash before it stands under a text that ended, and ends its article."""
        unit = self.units[index]
        is_last = index + 1 == len(self.units) or self._heads(index + 1)
        return unit.text[0] in "—–―" and is_last and index > 0 and is_ended(self.units[index - 1].text)

    def _has_body_below(self, index: int, parsed: dict[int, Byline]) -> bool:
        after = index + 1
        while after < len(self.units) and (after in parsed or after in self._asides):
            after += 1
        if after >= len(self.units):
            return False
        unit = self.units[after]
        return (
            headings.is_body(unit) or after in self._numbered or after in self.headings or is_note(unit.text)
        )

    def _is_free(self, index: int, parsed: dict[int, Byline]) -> bool:
        """Whether a certain byline stands at an end of the document, or beside a heading."""
        if index == 0 or index + 1 == len(self.units):
            return True
        return self._heads(index + 1) or self._heads(index - 1) or self._has_body_below(index, parsed)

    # Headings

    def _find_headings(self) -> None:
        """Accept heading shapes that stand over something."""
        if not self._trusts:
            self.headings |= {i for i in self._numbered if i not in self.bylines}
            shaped = (i for i in self._shaped if i not in self.bylines and not self._is_subtitle(i))
            self.headings |= {i for i in shaped if self._stands_over_body(i)}
        for i in self.headings:
            self.units[i].kind = BlockKind.HEADING

    def _stands_over_body(self, index: int) -> bool:
        """Whether text stands below a shape, with one other shape between at most (six in a page's head)."""
        is_head = all(i in self._shaped or not headings.is_body(self.units[i]) for i in range(min(index, 12)))
        allowed = 6 if is_head and index < 12 else 1
        for after in range(index + 1, len(self.units)):
            if after in self.bylines or after in self._asides:
                continue
            if after in self._numbered or (headings.is_body(self.units[after]) and after not in self._shaped):
                return True
            if not (after in self._shaped or self._is_subtitle(after)):
                return False
            allowed -= 1
            if allowed < 0:
                return headings.is_body(self.units[after]) and not is_head
        return False

    def _find_subtitles(self) -> None:
        """A line with a dash under a heading belongs to it: no section, and no text."""
        for i in range(1, len(self.units)):
            if i in self._shaped and i not in self.bylines and self._is_subtitle(i) and self._heads(i - 1):
                self.units[i].kind = BlockKind.TITLE

    # Title

    def _find_title(self, stated: str) -> None:
        """Decide the title; the units that print it and its subtitles become TITLE."""
        if stated or any(unit.kind is BlockKind.TITLE for unit in self.units):
            self._keep_title(stated)
            return
        head = self._head()
        if not head or self._is_first_of_many(head[0]):
            return
        section = self._first_section(head)
        block = [i for i in head if section is None or i < section]
        if not block:
            return
        start = self._title_start(block)
        self.title = self.units[start].text
        for i in block:
            self.headings.discard(i)
            self.units[i].kind = BlockKind.PARAGRAPH if i < start else BlockKind.TITLE
        follower = start + 1
        if follower in block and self._is_second_line(start, follower):
            self.title += ("" if has_cjk(self.title) else " ") + self.units[follower].text

    def _keep_title(self, stated: str) -> None:
        own = next((unit.text for unit in self.units if unit.kind is BlockKind.TITLE), "")
        self.title = stated or own
        for i in sorted(self.headings)[:3]:
            if _same(self.units[i].text, self.title):
                self.units[i].kind = BlockKind.TITLE
                self.headings.discard(i)
                break

    def _head(self) -> list[int]:
        """The headings and subtitles before the first text of the page, in order."""
        head: list[int] = []
        for i in range(len(self.units)):
            if i in self.bylines or i in self._asides:
                continue
            is_title_part = (i in self.headings and i not in self._numbered) or (
                head and self._is_subtitle(i)
            )
            if not is_title_part and not is_note(self.units[i].text):
                break
            if is_title_part:
                head.append(i)
        return head

    def _first_section(self, head: Sequence[int]) -> int | None:
        """The last of the page's head where it is the heading of the first section, else None."""
        last = head[-1]
        if last not in self.headings or self._is_subtitle(last):
            return None
        style = headings.style(self.units[last])
        siblings = [i for i in self.headings if i > last and headings.style(self.units[i]) == style]
        if len(head) == 1 or not siblings:
            noted = any(is_note(self.units[i].text) for i in range(head[0], last))
            return last if len(head) > 1 and noted else None
        signed = [i for i in self.headings if i + 1 in self.bylines]
        if signed == [last]:
            return None  # the only article of the page: what stands above is the name of the paper
        if last + 1 not in self.bylines:
            widest = max(width(self.units[i].text) for i in siblings)
            own = width(self.units[last].text)
            if own >= max(headings.BODY_COLUMNS, _TITLE_RATIO * widest):
                return None
        return last

    def _title_start(self, block: Sequence[int]) -> int:
        """The title among the lines of a head: what a date or a number sets off above it is a letterhead."""
        start = block[0]
        for before, after in pairwise(block):
            if any(i in self._asides for i in range(before + 1, after)) and not self._is_subtitle(after):
                start = after
        return start

    def _is_second_line(self, start: int, follower: int) -> bool:
        one, two = self.units[start], self.units[follower]
        return (
            two.gap == 0
            and not self._is_subtitle(follower)
            and headings.style(one) == headings.style(two)
            and one.indent + two.indent > 0
        )

    def _is_first_of_many(self, first: int) -> bool:
        """Whether the first heading is one of several with bylines: articles on a page without a title."""
        signed = [i for i in self.headings if i + 1 in self.bylines]
        return first in signed and len(signed) >= 2

    # Levels

    def _set_levels(self) -> None:
        """Give every heading its level."""
        order = sorted(i for i in self.headings if not self.units[i].is_trusted)
        styles = [self._style(i) for i in order]
        ordinals = [self._ordinal(i) for i in order]
        pairs = list(zip(styles, ordinals, strict=True))
        signed = any(i + 1 in self.bylines for i in order)
        found = headings.levels(
            styles,
            equal=frozenset() if signed else headings.styles_beside_numbers(pairs),
            under=headings.styles_under_numbers(pairs),
        )
        for i, level in zip(order, found, strict=True):
            self.units[i].level = level

    def _style(self, index: int) -> headings.Style:
        """The style of a heading; one that stands right over another of its style is of a higher one."""
        name, depth = headings.style(self.units[index])
        if name not in ("plain", "capitals") or index + 1 not in self.headings:
            return name, depth
        is_over = headings.style(self.units[index + 1]) == (name, depth)
        return name, depth - 1 if is_over else depth

    def _ordinal(self, index: int) -> int:
        number = self.units[index].numbering
        return number.ordinal if number is not None else 0


def _mend_dashes(units: Sequence[Unit]) -> None:
    """A dash at the beginning of a paragraph with no other item beside it opens speech, not a list."""
    for i, unit in enumerate(units):
        if (
            unit.kind is BlockKind.LIST_ITEM
            and unit.numbering is None
            and unit.text[0] in "—–―"
            and not unit.is_trusted
        ):
            beside = [*units[max(0, i - 1) : i], *units[i + 1 : i + 2]]
            if not any(
                other.kind is BlockKind.LIST_ITEM and other.text[0] == unit.text[0] for other in beside
            ):
                unit.kind = BlockKind.PARAGRAPH


def _mend_marks(units: Sequence[Unit]) -> None:
    """A mark such as ■ before a short line with no other such line beside it makes a heading, not an item."""
    for i, unit in enumerate(units):
        if unit.kind is BlockKind.LIST_ITEM and not unit.is_trusted and headings.is_marked(unit.text):
            beside = [*units[max(0, i - 1) : i], *units[i + 1 : i + 2]]
            if not any(other.text[0] == unit.text[0] for other in beside) and not is_ended(unit.text):
                unit.kind = BlockKind.PARAGRAPH


def _same(one: str, other: str) -> bool:
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()
