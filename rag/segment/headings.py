"""Which units could be headings, by shape and by what stands below, and how headings form a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import regex

from rag.records import BlockKind
from rag.segment.numbers import RANKS
from rag.segment.script import (
    COLONS,
    CONTINUING,
    first_letter,
    has_cjk,
    is_ended,
    is_spaceless,
    is_stopless,
    width,
)
from rag.segment.shapes import has_address, is_caption
from rag.segment.units import Unit

MAX_COLUMNS = 96  # of a heading; two lines of a narrow column, one and a half of a page
MAX_TITLE_COLUMNS = 200
MAX_WORDS = 18
BODY_COLUMNS = 40  # a heading stands over something longer than itself: at least this much

Style: TypeAlias = tuple[str, int]  # a key of RANKS and a depth; headings of one style are of one level

_ATX = regex.compile(r"(#{1,6})\s+(?P<text>\S.*?)\s*#*")
_MARK = regex.compile(r"[■▲◆●★◎□▌▍▎◇○△▼※❖]\s*(?=\S)")
_MARKED = regex.compile(r"[■▲◆●★◎□▌▍▎◇○△▼※❖]\s*(?=\S)|【[^】]{1,40}】|\[[^\]]{1,40}\]|〔[^〕]{1,40}〕")
_STOPS = frozenset("。！；;")
_TWO_SENTENCES = regex.compile(r"\p{Ll}{2}[.!?]\s+\p{Lu}")


def has_heading_shape(unit: Unit, limit: int = MAX_COLUMNS) -> bool:
    """Whether the text of a unit could be a heading: short, without a final mark, not in mid-sentence."""
    text = unit.text
    if (
        unit.kind is not BlockKind.PARAGRAPH
        or len(unit.pieces) > 3
        or len(text) > limit
        or width(text) > limit
    ):
        return False
    if not is_spaceless(text[0]) and len(text.split()) > MAX_WORDS * limit // MAX_COLUMNS:
        return False
    if not any(map(str.isalpha, text)) or first_letter(text).islower():
        return False
    if is_stopless(text[0]) and (width(text) > limit // 2 or len(text.split()) > 3):
        return False  # no mark tells it from the beginning of a sentence
    is_question = text.rstrip("”’」』）)\"'")[-1:] in "?？!！؟"
    if (is_ended(text) and not is_question) or text[-1] in CONTINUING or text[-1] in COLONS:
        return False
    if any(mark in text[:-1] for mark in _STOPS) or _TWO_SENTENCES.search(text):
        return False
    return not (is_caption(text) or has_address(text) or _is_list(text))


def _is_list(text: str) -> bool:
    """Whether the text lists things or figures."""
    return text.count("，") + text.count(",") + text.count("،") > 2 or len(regex.findall(r"\d+", text)) > 3


def is_body(unit: Unit) -> bool:
    """Whether a unit is running text, a list, a table or verse: what stands below headings."""
    if unit.kind is not BlockKind.PARAGRAPH:
        return unit.kind in (
            BlockKind.LIST_ITEM,
            BlockKind.TABLE_ROW,
            BlockKind.VERSE,
            BlockKind.QUOTE,
            BlockKind.CODE,
        )
    text = unit.text
    return width(text[:400]) >= BODY_COLUMNS or is_ended(text) or text[-1] in COLONS


def style(unit: Unit) -> Style:
    """The style of a heading."""
    number = unit.numbering
    if number is not None:
        return number.style, number.depth
    text = unit.text
    atx = _ATX.fullmatch(text)
    if atx:
        return "plain", len(atx[1])
    if _MARKED.match(text):
        return "marked", 1
    return ("capitals" if is_capitals(text) else "plain"), 1


def is_marked(text: str) -> bool:
    """Whether an ornament stands before the text."""
    return _MARK.match(text) is not None


def heading_text(unit: Unit) -> str:
    """The text of a heading without the ornament before it."""
    return _MARK.sub("", unit.text, count=1) if _MARK.match(unit.text) else unit.text


def is_capitals(text: str) -> bool:
    """Whether all letters are capitals, in a script that has them."""
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= 3 and not has_cjk(text) and all(map(str.isupper, letters))


def numbered_headings(units: Sequence[Unit]) -> set[int]:
    """The units with numbers that are headings and not items of a list.

    A heading is short, has no final mark, and something other than its next number stands below it; where
    most of a sequence are mere items, all are.
    """
    runs: dict[int, list[int]] = {}
    last: dict[Style, tuple[int, int]] = {}  # style -> the run it is in, its last ordinal
    for index, unit in enumerate(units):
        number = unit.numbering
        if number is None or unit.kind is not BlockKind.LIST_ITEM:
            continue
        run, ordinal = last.get(style(unit), (index, 0))
        if not number.is_named and number.ordinal != ordinal + 1:
            run = index
        runs.setdefault(run, []).append(index)
        last[style(unit)] = (run, number.ordinal)
    found: set[int] = set()
    for run_indexes in runs.values():
        headings = [index for index in run_indexes if _is_numbered_heading(units, index)]
        with_text = [index for index in run_indexes if index + 1 < len(units)]
        if 2 * len(headings) > len(with_text) or units[run_indexes[0]].numbering.is_named:  # type: ignore[union-attr]
            found.update(headings)
    return found


def _is_numbered_heading(units: Sequence[Unit], index: int) -> bool:
    unit, following = units[index], units[index + 1] if index + 1 < len(units) else None
    number = unit.numbering
    if number is None or following is None or width(unit.text) > MAX_COLUMNS:
        return False
    rest = unit.text[number.rest :]
    if rest and ((is_ended(rest) and rest[-1] not in "?？") or rest[-1] in CONTINUING or rest[-1] in COLONS):
        return False
    if rest and (first_letter(rest).islower() or _is_list(rest) or any(mark in rest for mark in _STOPS)):
        return False
    other = following.numbering
    if other is not None and (other.style, other.depth) == (number.style, number.depth):
        return number.is_named
    return number.is_named or is_body(following) or has_heading_shape(following)


def levels(headings: Sequence[Style], *, equal: frozenset[str], under: frozenset[str]) -> list[int]:
    """The level of each heading of these styles, 1 for the highest.

    A heading closes all that stand open with its own style or a lower rank. `under` are the styles without
    numbers that stand inside numbered ones here, `equal` those that stand beside them.
    """
    open_styles: list[Style] = []
    found: list[int] = []
    for heading in headings:
        rank = _rank(heading, equal, under)
        while open_styles and (open_styles[-1] == heading or _rank(open_styles[-1], equal, under) >= rank):
            open_styles.pop()
        open_styles.append(heading)
        found.append(len(open_styles))
    return found


def _rank(heading: Style, equal: frozenset[str], under: frozenset[str]) -> float:
    name, depth = heading
    if name in equal:
        return RANKS["decimal"]
    return RANKS[name] + 0.1 * (depth - 1) + (50 if name in under else 0)


def styles_under_numbers(order: Sequence[tuple[Style, int]]) -> frozenset[str]:
    """The unnumbered styles that come between two neighbours of one numbered sequence (1., then 2.).

    `order` is the style and the ordinal (0 for none) of every heading.
    """
    found: set[str] = set()
    last: dict[Style, int] = {}
    between: dict[Style, set[str]] = {}
    for heading, ordinal in order:
        if ordinal:
            if last.get(heading) == ordinal - 1 and ordinal > 1:
                found |= between.get(heading, set())
            last[heading], between[heading] = ordinal, set()
        else:
            for names in between.values():
                names.add(heading[0])
    return frozenset(found)


def styles_beside_numbers(order: Sequence[tuple[Style, int]]) -> frozenset[str]:
    """The unnumbered style of an "Abstract" before, or a "Conclusion" after, the one sequence 1., 2., 3."""
    firsts = [i for i, (heading, ordinal) in enumerate(order) if heading == ("decimal", 1) and ordinal == 1]
    if len(firsts) != 1:
        return frozenset()
    before = [heading[0] for heading, ordinal in order[: firsts[0]] if not ordinal]
    last = max(i for i, (heading, _) in enumerate(order) if heading == ("decimal", 1))
    inside = {heading[0] for heading, ordinal in order[firsts[0] : last] if not ordinal}
    return frozenset(before) - inside if len(before) == 1 else frozenset()
