"""Which units are headings, by shape and by what stands around them, and how the headings form a tree."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.records import BlockKind
from rag.segment.script import COLONS, CONTINUING, first_letter, has_cjk, is_ended, is_spaceless, width
from rag.segment.shapes import RANKS, has_address, is_caption
from rag.segment.units import Unit

MAX_COLUMNS = 96  # of a heading; two lines of a narrow column, one and a half of a page
MAX_WORDS = 16
BODY_COLUMNS = 40  # a heading stands over something longer than itself: at least this much

_ATX = regex.compile(r"(#{1,6})\s+(?P<text>\S.*?)\s*#*")
_MARKED = regex.compile(r"[■▲◆●★◎□▌▍▎◇○△▼※❖]\s*(?=\S)|【[^】]{1,40}】|\[[^\]]{1,40}\]|〔[^〕]{1,40}〕")
_DATE = regex.compile(
    r"(?:\d{1,4}\s*[年/.\-]\s*\d{1,2}(?:\s*[月/.\-]\s*\d{1,4}\s*日?)?|\p{Lu}?\p{L}*\.?,?\s*\d{1,2}(?:st|nd|rd|th|er|º|\.)?\s*(?:de\s+)?\p{L}+\.?,?\s*(?:de\s+|del\s+)?\d{4}|\p{L}+\s+\d{1,2},?\s+\d{4})"
    r"(?:\s*(?:年|г\.|года|日|[(（].{1,8}[)）]|星期.|\d{1,2}:\d{2}(?::\d{2})?))*",
)
_STOPS = frozenset("。！；;")


def has_heading_shape(unit: Unit) -> bool:
    """Whether the text of a unit could be a heading: short, without a final mark, not in mid-sentence."""
    text = unit.text
    if unit.kind is not BlockKind.PARAGRAPH or len(unit.sources) > 3 or len(text) > MAX_COLUMNS * 2:
        return False
    if width(text) > MAX_COLUMNS or (not is_spaceless(text[0]) and len(text.split()) > MAX_WORDS):
        return False
    if not any(map(str.isalpha, text)) or first_letter(text).islower():
        return False
    if (
        (is_ended(text) and text.rstrip("”’」』）)\"'")[-1:] not in "?？!！…؟")
        or text[-1] in CONTINUING
        or text[-1] in COLONS
    ):
        return False
    if any(mark in text[:-1] for mark in _STOPS) or regex.search(
        r"[.!?]\s+\p{Lu}\p{Ll}+.*\s\p{Ll}+.*[.!?]", text
    ):
        return False
    return not (
        is_caption(text) or has_address(text) or is_meta(text) or text.count("，") + text.count(",") > 2
    )


def is_meta(text: str) -> bool:
    """Whether a short line is a date or a place and a date, and no heading."""
    return width(text) <= 60 and _DATE.fullmatch(text.strip("（）() ")) is not None


def style(unit: Unit) -> tuple[str, int]:
    """The style of a heading and its depth; headings of one style are of one level."""
    number = unit.numbering
    if number is not None:
        return number.style, number.depth
    text = unit.text
    atx = _ATX.fullmatch(text)
    if atx:
        return "plain", len(atx[1])
    if _MARKED.match(text):
        return "marked", 1
    letters = [character for character in text if character.isalpha()]
    if letters and not has_cjk(text) and all(map(str.isupper, letters)) and len(letters) >= 3:
        return "capitals", 1
    return "plain", 1


def numbered_headings(units: Sequence[Unit]) -> set[int]:
    """The units with numbers that are headings and not items of a list: short, with something below them."""
    found: set[int] = set()
    for index, unit in enumerate(units):
        number = unit.numbering
        if number is None or unit.kind is not BlockKind.LIST_ITEM:
            continue
        rest = unit.text[number.rest :]
        following = _body_after(units, index)
        if (
            following is None
            or width(unit.text) > MAX_COLUMNS
            or (rest and is_ended(rest) and rest[-1] not in "?？")
        ):
            continue
        if rest and (
            rest[-1] in CONTINUING or rest[-1] in COLONS or first_letter(rest).islower() or _is_prose(rest)
        ):
            continue
        if _same_run(unit, following):
            continue
        if number.is_named or _is_body(following) or _is_below(following, unit):
            found.add(index)
    return found


def _is_prose(text: str) -> bool:
    return (
        any(mark in text[:-1] for mark in _STOPS)
        or text.count("，") + text.count("、") + text.count(", ") > 3
    )


def _same_run(unit: Unit, following: Unit) -> bool:
    """Whether the unit after is the next item of the same list."""
    one, two = unit.numbering, following.numbering
    return (
        one is not None
        and two is not None
        and (one.style, one.depth) == (two.style, two.depth)
        and not one.is_named
    )


def _is_below(following: Unit, unit: Unit) -> bool:
    one, two = unit.numbering, following.numbering
    return (
        one is not None and two is not None and (RANKS[two.style], two.depth) > (RANKS[one.style], one.depth)
    )


def _body_after(units: Sequence[Unit], index: int) -> Unit | None:
    return units[index + 1] if index + 1 < len(units) else None


def _is_body(unit: Unit) -> bool:
    """Whether a unit is text that a heading may stand over."""
    if unit.kind in (BlockKind.TABLE_ROW, BlockKind.VERSE, BlockKind.QUOTE, BlockKind.CODE):
        return True
    return width(unit.text[:200]) >= BODY_COLUMNS or is_ended(unit.text) or unit.text[-1] in COLONS


def is_body(unit: Unit) -> bool:
    """Whether a unit is running text, a list, a table or verse: what stands below headings."""
    return unit.kind is BlockKind.LIST_ITEM or _is_body(unit)


def levels(headings: Sequence[tuple[str, int]], *, under: frozenset[str]) -> list[int]:
    """The level of each heading of these styles, 1 for the highest.

    A heading closes all that stand open with its own style or a lower rank. `under` are the styles without
    numbers that stand inside numbered ones in this document.
    """
    open_styles: list[tuple[str, int]] = []
    found: list[int] = []
    for heading in headings:
        while open_styles and (
            open_styles[-1] == heading or _rank(open_styles[-1], under) > _rank(heading, under)
        ):
            open_styles.pop()
        open_styles.append(heading)
        found.append(len(open_styles))
    return found


def _rank(heading: tuple[str, int], under: frozenset[str]) -> int:
    name, depth = heading
    return RANKS[name] + (depth - 1 if name in ("decimal", "plain") else 0) + (50 if name in under else 0)


def styles_under_numbers(headings: Sequence[tuple[tuple[str, int], int]]) -> frozenset[str]:
    """The unnumbered styles that come between two neighbours of one numbered sequence (1., then 2.)."""
    found: set[str] = set()
    last: dict[tuple[str, int], int] = {}
    between: dict[tuple[str, int], set[str]] = {}
    for heading, ordinal in headings:
        if ordinal:
            if last.get(heading) == ordinal - 1 and ordinal > 1:
                found |= between.get(heading, set())
            last[heading], between[heading] = ordinal, set()
        else:
            for names in between.values():
                names.add(heading[0])
    return frozenset(found)
