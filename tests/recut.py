"""Clean paragraphs cut again as pages cut them, and how many of them the segmentation finds again.

`recut` sets paragraphs in a column of random width, breaks words with hyphens, puts blank lines, page
numbers, running heads and form feeds in the middle of sentences, and remembers each character's origin.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag.records import BlockKind
from rag.segment.joining import join_lines
from rag.segment.lines import split_lines
from rag.segment.script import is_ended, is_spaceless, width

_THIN, _THICK = set("iljtfrI.,;:'!|()[]«»-"), set("mwMWшщжюШЩЖЮ")

# How a page separates its paragraphs, and what it does to them.
STYLES = {
    "wrapped, blank lines": "\n\n",
    "wrapped, first lines indented": "\n",
    "wrapped as print is, blank lines": "\n\n",
    "one line each, cut at blank lines": "\n\n",
    "one line each, cut at line breaks": "\n",
    "one line each, whole": "\n",
}
_NOT_FIRST = set("，。、；：！？”’」』）》】,.;:!?)]}…»،؛؟")
_NOT_LAST = set("“‘「『（《【([{«")
_VOWELS = set("aeiouáéíóúäöüàèùêâаеёиоуыэюя")


@dataclass
class Page:
    """A page that is being set: its text, and for each character the one it was, None for furniture."""

    pieces: list[str] = field(default_factory=list)
    origin: list[int | None] = field(default_factory=list)

    def put(self, text: str, first: int | None = None) -> None:
        self.pieces.append(text)
        self.origin.extend([None] * len(text) if first is None else range(first, first + len(text)))

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def recut(paragraphs: Sequence[str], *, style: str, random_numbers: random.Random) -> tuple[Page, set[int]]:
    """The page, and where paragraphs end: offsets of last characters, counted through all paragraphs."""
    page, ends, base = Page(), set[int](), 0
    wide = any(map(is_spaceless, paragraphs[0][:20]))
    setter = Setter(page, random_numbers, wide)
    setter.measure = _printed_width if "print" in style else width
    for place, paragraph in enumerate(paragraphs):
        if place:
            page.put(STYLES[style])
        if style.startswith("wrapped"):
            setter.wrapped(paragraph, base, indented="indented" in style)
        elif style.endswith("whole"):
            page.put(paragraph, base)
        else:
            setter.cut_once(paragraph, base, "\n\n" if "blank" in style else "\n")
        base += len(paragraph)
        ends.add(base - 1)
    return page, ends


class Setter:
    def __init__(self, page: Page, random_numbers: random.Random, wide: bool) -> None:
        self.page = page
        self.random = random_numbers
        self.wide = wide
        self.measure: Callable[[str], float] = width
        self.columns = self.random.choice([28, 32, 36, 40, 60, 76] if wide else [34, 42, 50, 60, 66, 72, 78])
        self.hyphenates = not wide and self.random.random() < 0.6
        self.lines_on_page = 0
        self.number = self.random.randint(1, 200)
        self.head = self.random.choice(
            ["The Daily Herald", "Annual Report 2023", "云岭年鉴", "Informe anual"]
        )

    def wrapped(self, paragraph: str, base: int, *, indented: bool) -> None:
        indent = ("　　" if self.wide else "    ") if indented else ""
        self.page.put(indent)
        lines = self._lines(paragraph, 4 if indented else 0)
        for place, (start, end, hyphen) in enumerate(lines):
            line = paragraph[start:end].rstrip()
            self.page.put(line, base + start)
            if hyphen:
                self.page.put("-")
            if place < len(lines) - 1:
                # A page cannot be seen to go on after a full stop, unless its paragraphs are indented.
                self._break(may_cut=indented or not is_ended(line))

    def cut_once(self, paragraph: str, base: int, gap: str) -> None:
        cut = len(paragraph)
        if self.random.random() < 0.4 and len(paragraph) > 60:
            cut = self.random.randint(15, len(paragraph) - 5)
            if self.wide and not _is_thai(paragraph):
                cut += next(i for i, c in enumerate(paragraph[cut:]) if not _is_mark(c))
            else:
                cut = paragraph.find(" ", cut) if " " in paragraph[cut:] else len(paragraph)
        if is_ended(paragraph[:cut].rstrip()):
            cut = len(paragraph)
        self.page.put(paragraph[:cut].rstrip(), base)
        rest = paragraph[cut:].lstrip()
        if rest:
            self.page.put(gap)
            self.page.put(rest, base + len(paragraph) - len(rest))

    def _break(self, *, may_cut: bool) -> None:
        self.lines_on_page += 1
        chance = self.random.random() if may_cut else 1.0
        if self.lines_on_page > 20 and chance < 0.15:
            self.lines_on_page = 0
            self.number += 1
            breaks = (
                f"\n\n{self.number}\n\n",
                f"\n\n— {self.number} —\n\n{self.head}\n\n",
                f"\n{self.head}    {self.number}\n\f",
                "\n\f",
            )
            self.page.put(self.random.choice(breaks))
        else:
            self.page.put("\n\n" if chance < 0.05 else "\n")

    def _lines(self, text: str, indent: int) -> list[tuple[int, int, bool]]:
        lines: list[tuple[int, int, bool]] = []
        start = 0
        while start < len(text):
            end, hyphen = self._line_end(text, start, self.columns - (0 if lines else indent))
            lines.append((start, end, hyphen))
            start = end
            while start < len(text) and text[start] == " ":
                start += 1
        return lines

    def _line_end(self, text: str, start: int, room: int) -> tuple[int, bool]:
        end = start
        used = 0.0
        while end < len(text) and used + self.measure(text[end]) <= room:
            used += self.measure(text[end])
            end += 1
        if end == len(text):
            return end, False
        if any(map(is_spaceless, text[max(start, end - 24) : end + 1])):
            return _spaceless_end(text, start, end), False
        if text[end] == " ":
            return end, False
        space = text.rfind(" ", start, end)
        word_start = space + 1 if space >= start else start
        word_end = text.find(" ", end) if " " in text[end:] else len(text)
        if self.hyphenates and self.random.random() < 0.8:
            cut = _hyphen_place(text[word_start:word_end], end - word_start - 1)
            if cut:
                return word_start + cut, True
        return (space if space > start else end), False


def _printed_width(character: str) -> float:
    """The width of a letter in print, where an i is narrower than an m."""
    if character in _THIN:
        return 0.55
    if character in _THICK:
        return 1.5
    return 1.25 if character.isupper() else float(width(character))


def _spaceless_end(text: str, start: int, end: int) -> int:
    """Back to where a line may end: no comma first, no bracket last, no mark or Latin word torn off."""
    while end > start + 1 and (
        text[end] in _NOT_FIRST
        or text[end - 1] in _NOT_LAST
        or _is_mark(text[end])
        or (
            text[end].isascii()
            and text[end].isalnum()
            and text[end - 1].isascii()
            and text[end - 1].isalnum()
        )
    ):
        end -= 1
    return end


def _hyphen_place(word: str, room: int) -> int:
    """How many letters of a word stay before the hyphen, `room` at most, a vowel the last of them; or 0."""
    for cut in range(min(room, len(word) - 3), 2, -1):
        if word[cut - 1].lower() in _VOWELS and word[cut].isalpha() and word[cut].lower() not in _VOWELS:
            return cut
    return 0


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _is_thai(text: str) -> bool:
    return any("\u0e00" <= character <= "\u0e7f" for character in text)


def boundary_scores(paragraphs: Sequence[str], *, style: str, pages: int, seed: int) -> tuple[float, float]:
    """Precision and recall of paragraph ends over `pages` pages that are cut differently."""
    random_numbers = random.Random(seed)
    right = found = wanted = 0
    for _ in range(pages):
        page, ends = recut(paragraphs, style=style, random_numbers=random_numbers)
        own = _found_ends(page)
        right += len(own & ends)
        found += len(own)
        wanted += len(ends)
    return right / found, right / wanted


def _found_ends(page: Page) -> set[int]:
    ends = set[int]()
    for unit in join_lines(split_lines(page.text)):
        places = [page.origin[i] for one in unit.stretches for i in range(one.start, one.end)]
        own = [place for place in places if place is not None]
        if unit.kind is not BlockKind.FURNITURE and own:
            ends.add(own[-1])
    return ends


def torn_words(paragraphs: Sequence[str], *, style: str, pages: int, seed: int) -> float:
    """The share of joints at which the text is not what it was: a hyphen or a space too many or too few."""
    random_numbers = random.Random(seed)
    clean = "".join(paragraphs)
    torn = joints = 0
    for _ in range(pages):
        page, _ = recut(paragraphs, style=style, random_numbers=random_numbers)
        for unit in join_lines(split_lines(page.text)):
            for place in range(1, len(unit.pieces)):
                before, after = _last_origin(page, unit.pieces[place - 1]), page.origin[unit.pieces[place][0]]
                if before is not None and after is not None:
                    expected = clean[before : after + 1]
                    start = unit.starts[place] + 1
                    joints += 1
                    torn += expected != unit.text[start - len(expected) : start]
    return torn / max(1, joints)


def _last_origin(page: Page, piece: tuple[int, int]) -> int | None:
    places = [place for place in page.origin[piece[0] : piece[1]] if place is not None]
    return places[-1] if places else None
