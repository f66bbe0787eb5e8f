"""Lines that belong to the page and not to the text: page numbers, running heads, "continued on page 3"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import regex

from rag.segment.lines import Line
from rag.segment.script import COLONS, is_cjk, is_ended, starts_inside

RUNNING_HEAD_COLUMNS = 110
_NEAR_EDGE = 2  # lines between a running head and the page number or form feed beside it

_NUMBER = r"[0-9０-９٠-٩۰-۹๐-๙]{1,4}"
_LABELLED = regex.compile(
    rf"""(?:[-–—―─·•~*\[(（【<〈|]\s*)+{_NUMBER}(?:\s*[-–—―─·•~*\])）】>〉|])+
    | (?:page|pág(?:ina)?\.?|p\.|seite|pagina|pag\.|стр(?:аница|\.)|halaman|strona|sida|side|trang|sayfa|الصفحة|صفحة|ص|หน้า|पृष्ठ)
      \s*[:：]?\s*{_NUMBER}(?:\s*(?:of|de|von|sur|di|из|/|من|จาก|van|av)\s*{_NUMBER})?
    | {_NUMBER}\s*(?:/|／|of|of\s+pages?)\s*{_NUMBER}
    | [-–—]?\s*第\s*(?:{_NUMBER}|[一二三四五六七八九十百]+)\s*[页頁](?:\s*[,，/／]?\s*[共全]\s*{_NUMBER}\s*[页頁])?\s*[-–—]?
    | {_NUMBER}\s*(?:ページ|頁|페이지|쪽)|[-–—]\s*{_NUMBER}\s*(?:ページ|頁|페이지|쪽)\s*[-–—]""",
    regex.VERBOSE | regex.IGNORECASE,
)
_BARE = regex.compile(rf"{_NUMBER}|[ivxlc]{{1,6}}")
_CONTINUED = regex.compile(
    r"[（(\[【]?\s*(?:(?:紧接|上接|下转|下接|转自?|接)第?\s*\S{1,6}\s*[版页頁]\S{0,4}|未完待续|continued\s+(?:on|from)\s+(?:page|p\.)\s*\w+|"
    r"see\s+\w+,?\s+page\s+\w+|turn\s+to\s+page\s+\w+|fortsetzung\s+(?:auf|von)\s+seite\s+\d+|contin[uú]a\s+en\s+la\s+p[aá]gina\s+\d+|"
    r"viene\s+de\s+la\s+p[aá]gina\s+\d+|suite\s+(?:en\s+)?page\s+\d+|segue\s+a\s+pagina\s+\d+|次頁へ続く|前頁から続く|.{0,8}面に続く)\s*[）)\]】]?",
    regex.IGNORECASE,
)
_DIGITS = regex.compile(r"\p{Nd}+")


def find_furniture(lines: Sequence[Line]) -> list[bool]:
    """For each line whether it is furniture, by its form, by its repetition and by what it interrupts."""
    marks = [_CONTINUED.fullmatch(line.text) is not None or _is_labelled(line.text) for line in lines]
    edges = _page_edges(lines, marks)
    for group in _repeated(lines):
        _mark_running_head(lines, group, marks=marks, edges=edges)
    _mark_numbers(lines, marks)
    return marks


def _is_labelled(text: str) -> bool:
    return len(text) <= 40 and _LABELLED.fullmatch(text) is not None


def _page_edges(lines: Sequence[Line], marks: Sequence[bool]) -> set[int]:
    """The lines near a form feed or a page number, where running heads stand."""
    edges: set[int] = set()
    for index, line in enumerate(lines):
        if line.new_page:
            edges.update(range(max(0, index - _NEAR_EDGE), index + _NEAR_EDGE))
        elif marks[index] or (_BARE.fullmatch(line.text) and line.text[0].isdigit()):
            edges.update(range(max(0, index - _NEAR_EDGE), index + _NEAR_EDGE + 1))
    return edges


def _repeated(lines: Sequence[Line]) -> list[list[int]]:
    """The groups of short lines that are equal but for their digits, two or more of each."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        if line.columns <= RUNNING_HEAD_COLUMNS and any(map(str.isalpha, line.text[:40])):
            groups[" ".join(_DIGITS.sub("#", line.text).split())].append(index)
    return [group for group in groups.values() if len(group) >= 2]


def _mark_running_head(
    lines: Sequence[Line], group: Sequence[int], *, marks: list[bool], edges: set[int]
) -> None:
    """Mark the lines of `group` as a running head where most stand at page edges or interrupt a sentence."""
    evidence = sum(1 for index in group if index in edges or _interrupts(lines, index, marks))
    interruptions = sum(1 for index in group if _interrupts(lines, index, marks))
    if evidence * 2 < len(group) or (interruptions == 0 and not any(index in edges for index in group[1:])):
        return
    for place, index in enumerate(group):
        is_title = place == 0 and index <= 2 and not _DIGITS.search(lines[index].text)
        marks[index] = marks[index] or not is_title


def _interrupts(lines: Sequence[Line], index: int, marks: Sequence[bool]) -> bool:
    """Whether the lines around `index`, furniture aside, are two halves of one sentence."""
    before, after = index - 1, index + 1
    while before >= 0 and marks[before]:
        before -= 1
    while after < len(lines) and marks[after]:
        after += 1
    if before < 0 or after >= len(lines):
        return False
    return goes_on(lines[before].text, lines[after].text)


def goes_on(before: str, after: str) -> bool:
    """Whether `after` certainly goes on with the sentence that `before` left open."""
    if is_ended(before) or before[-1] in COLONS or not before[0].isalnum():
        return False
    if starts_inside(after) or after[0].islower():
        return len(before) >= 12
    return (
        is_cjk(before[-1])
        and is_cjk(after[0])
        and len(before) >= 16
        and any(mark in before for mark in "，,。、")
    )


def _mark_numbers(lines: Sequence[Line], marks: list[bool]) -> None:
    """Mark bare numbers that stand at page edges, interrupt a sentence, or go on with such a sequence."""
    bare = [
        i
        for i, line in enumerate(lines)
        if not marks[i] and len(line.text) <= 6 and _BARE.fullmatch(line.text)
    ]
    sure = {i for i in bare if _at_page_break(lines, i, marks) or _interrupts(lines, i, marks)}
    values = {i: int(lines[i].text) for i in bare if lines[i].text.isdecimal()}
    known = {values[i] for i in sure if i in values}
    for i in bare:
        value = values.get(i)
        if i in sure or (value is not None and len(known) >= 2 and {value - 1, value + 1} & known):
            marks[i] = True
            if value is not None:
                known.add(value)


def _at_page_break(lines: Sequence[Line], index: int, marks: Sequence[bool]) -> bool:
    """Whether a form feed or other furniture touches the line."""
    after = index + 1
    touches_after = after < len(lines) and (lines[after].new_page or marks[after])
    return lines[index].new_page or touches_after or (index > 0 and marks[index - 1])
