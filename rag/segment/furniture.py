"""Lines that belong to the page and not to the text: page numbers, running heads, "continued on page 3"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import regex

from rag.segment.bylines import LIKELY, parse_byline
from rag.segment.columns import FULL, fill_of, find_columns
from rag.segment.lines import Line
from rag.segment.script import COLONS, is_cjk, is_stopless, starts_inside

RUNNING_HEAD_COLUMNS = 110
_MOST_BETWEEN = 8  # lines of furniture between two halves of a sentence
_NEAR_EDGE = 2  # lines between a running head and the page number or form feed beside it

_NUMBER = r"[0-9０-９٠-٩۰-۹๐-๙]{1,4}"
_LABELLED = regex.compile(
    rf"""(?:[-–—―─·•~*\[(（【<〈|]\s*)+{_NUMBER}(?:\s*[-–—―─·•~*\])）】>〉|])+
    | (?:page|pág(?:ina)?\.?|p\.|seite|pagina|pag\.|стр(?:аница|\.)|halaman|strona|sida|side|trang|sayfa
       |الصفحة|صفحة|ص|หน้า|पृष्ठ)
      \s*[:：]?\s*{_NUMBER}(?:\s*(?:of|de|von|sur|di|из|/|من|จาก|van|av)\s*{_NUMBER})?
    | {_NUMBER}\s*(?:/|／|of|of\s+pages?)\s*{_NUMBER}
    | [-–—]?\s*第\s*(?:{_NUMBER}|[一二三四五六七八九十百]+)\s*[页頁]
      (?:\s*[,，/／]?\s*[共全]\s*{_NUMBER}\s*[页頁])?\s*[-–—]?
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
_SENTENCES = regex.compile(r"\p{L}{2}[.!?]\s+\p{Lu}|\p{Ll}, \p{Ll}.{20}")
_WORDLESS = regex.compile(r"[^\p{L}\p{M}]+")


def find_furniture(lines: Sequence[Line]) -> list[bool]:
    """For each line whether it is furniture, by its form, by its repetition and by what it interrupts."""
    page = _Page(lines)
    page.mark_running_heads()
    page.mark_numbers()
    page.mark_between_halves()
    return page.marks


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
    """The groups of short lines with the same letters, two or more of each."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        letters = _WORDLESS.sub("", line.text) if line.columns <= RUNNING_HEAD_COLUMNS else ""
        if letters and not _is_text(line):
            groups[letters.casefold()].append(index)
    return [group for group in groups.values() if len(group) >= 2]


def _is_text(line: Line) -> bool:
    """Whether a line can hardly be a running head: it has clauses, or begins small, or ends a sentence."""
    if line.is_ended or line.text[0].islower() or any(mark in line.text for mark in "，。；、？！،"):
        return True
    return _SENTENCES.search(line.text) is not None


def _is_signature(text: str) -> bool:
    byline = parse_byline(text)
    return byline is not None and byline.strength >= LIKELY


class _Page:
    """The lines of a document while furniture is being found among them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.marks = [
            _CONTINUED.fullmatch(line.text) is not None or _is_labelled(line.text) for line in lines
        ]
        self._measure, self._columns = find_columns(lines, [False] * len(lines))

    def mark_running_heads(self) -> None:
        """Mark repeated lines where most stand at page edges or interrupt a sentence."""
        edges = _page_edges(self.lines, self.marks)
        for group in _repeated(self.lines):
            apart = [index for index in group if self._is_apart(index)]
            interrupting = {index for index in apart if self._interrupts(index)}
            evidence = [index for index in apart if index in edges or index in interrupting]
            if 2 * len(evidence) < len(group) or not (interrupting or any(i in edges for i in apart[1:])):
                continue
            if _is_signature(self.lines[group[0]].text):
                continue  # of somebody who signs twice
            for place, index in enumerate(group):
                is_title = place == 0 and index <= 2 and not _DIGITS.search(self.lines[index].text)
                self.marks[index] = self.marks[index] or not is_title

    def _is_apart(self, index: int) -> bool:
        """Whether a line stands at the end of a page, or between blank lines (one is enough for a number)."""
        gaps = (index == 0 or self.lines[index].gap > 0) + (
            index + 1 == len(self.lines) or self.lines[index + 1].gap > 0
        )
        is_set_off = gaps == 2 or (gaps == 1 and _DIGITS.search(self.lines[index].text) is not None)
        return is_set_off or self._is_at_page_break(index)

    def mark_numbers(self) -> None:
        """Mark bare numbers that stand at page edges, interrupt a sentence, or go on with such a sequence."""
        bare = [
            i
            for i, line in enumerate(self.lines)
            if not self.marks[i] and len(line.text) <= 6 and _BARE.fullmatch(line.text)
        ]
        sure = {i for i in bare if self._is_at_page_break(i) or self._interrupts(i, is_number=True)}
        values = {i: int(self.lines[i].text) for i in bare if self.lines[i].text.isdecimal()}
        known = {values[i] for i in sure if i in values}
        for i in bare:
            value = values.get(i)
            if i in sure or (value is not None and len(known) >= 2 and {value - 1, value + 1} & known):
                self.marks[i] = True
                if value is not None:
                    known.add(value)

    def mark_between_halves(self) -> None:
        """Mark a short line that stands at a page's end between two halves of a sentence."""
        for index, line in enumerate(self.lines):
            if self.marks[index] or line.columns > RUNNING_HEAD_COLUMNS or line.is_ended:
                continue
            if not 0 < index < len(self.lines) - 1 or not self._is_at_page_break(index) or _is_text(line):
                continue
            after = self.lines[index + 1]
            is_close = not (line.gap or line.new_page or self.marks[index - 1])
            is_below = not is_close or self._is_full(index - 1, index + 1)
            is_above = self.marks[index + 1] or after.gap or after.new_page
            is_text = self._is_full(index, index + 1) and not self.marks[index - 1]
            if (is_close or is_stopless(line.text[0])) and not _DIGITS.search(line.text):
                is_text = True  # the end of a paragraph looks the same
            if is_below and is_above and not (is_text or _is_signature(line.text)):
                self.marks[index] = self._interrupts(index)

    def _is_full(self, index: int, following: int, share: float = FULL) -> bool:
        """Whether line `index` would reach that share of its column with the first word of `following`."""
        column = self._columns[index]
        if not column or self._measure(self.lines[index]) > 1.15 * column:
            return False  # what is wider than the column is no part of it
        return fill_of(self.lines[index], self.lines[following], column, self._measure) >= share

    def _is_at_page_break(self, index: int) -> bool:
        """Whether a form feed or other furniture touches the line."""
        after = index + 1
        touches_after = after < len(self.lines) and (self.lines[after].new_page or self.marks[after])
        return self.lines[index].new_page or touches_after or (index > 0 and self.marks[index - 1])

    def _interrupts(self, index: int, *, is_number: bool = False) -> bool:
        """Whether the lines around `index`, furniture aside, are two halves of one sentence.

        Between blank lines a bare number needs no more than running text that was left open above it.
        """
        before, after = index - 1, index + 1
        while before >= max(0, index - _MOST_BETWEEN) and self.marks[before]:
            before -= 1
        while after < min(len(self.lines), index + _MOST_BETWEEN) and self.marks[after]:
            after += 1
        if before < 0 or after >= len(self.lines) or self.marks[before] or self.marks[after]:
            return False
        if after == index + 1 and not self.lines[after].gap and self._is_full(index, after, 0.9):
            return False  # a line of the text, which goes on below
        is_text = before > 0 and self.lines[before].gap == 0 and not self.lines[before - 1].is_ended
        is_full = self._is_full(before, after) or (is_number and is_text and self.lines[index].gap > 0)
        return goes_on(self.lines[before], self.lines[after], is_full=is_full)


def goes_on(before: Line, after: Line, *, is_full: bool) -> bool:
    """Whether `after` certainly goes on with the sentence that `before` left open."""
    one, two = before.text, after.text
    if before.is_ended or one[-1] in COLONS or not any(map(str.isalpha, one)):
        return False
    if starts_inside(two) or two[0].islower():
        return is_full or len(one) >= 12
    if is_cjk(one[-1]) and is_cjk(two[0]):
        return is_full or (len(one) >= 16 and any(mark in one for mark in "，,。、"))
    return is_full and two[0].isalnum()
