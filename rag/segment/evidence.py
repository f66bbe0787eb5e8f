"""Does a line go on with the text before it? The evidence, weighed.

What the text before ends with, what the line begins with, what stands between, whether the column was full,
what indents mean on this page: each gives a weight (natural log-odds, roughly, set by hand and checked on
pages cut anew by the tests); a sum above zero joins.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from rag.records import BlockKind
from rag.segment.columns import FULL
from rag.segment.kinds import LineKind
from rag.segment.layout import Layout
from rag.segment.lines import Line
from rag.segment.script import (
    COLONS,
    CONTINUING,
    DASHES,
    HYPHENS,
    PAIRS,
    first_letter,
    is_cjk,
    is_spaceless,
    is_stopless,
    listed,
    starts_inside,
)

LONG = 64  # columns; text this long without a final mark is no heading
_LINE = 28  # columns; shorter lines that begin small may be verse, a chat or code
_TAIL = 24  # columns; too little for a paragraph
_SHORT_LINE = 48  # columns; about the longest heading on one line of a page
_SHORT = {True: 20, False: 40}  # columns; a shorter line with a comma at its end may be a salutation

_FUNCTION_WORDS = listed(
    """the of and a an to in for with by or from that which is are was were be as at on its their his her
    this de la el los las y en del por con un una que le les des et du au der die das und von zu mit im
    den dem ein eine il di che e o do da em no na dos das um uma в и на с из по для не что к о от за или
    و في من على إلى عن أن التي الذي أو ثم 的 和 与 與 及 在 对 對 把 将 將 被 从 從 向 以 为 為 是 等 は
    が を に の と へ で も や"""
)
# How running text begins in Han script, and headings seldom do.
_PROSE_STARTS = regex.compile(
    r"在|当|當|随着|隨著|由于|由於|为了|為了|根据|根據|自从|自從|对于|對於|如果|虽然|雖然|因为|因為|但|而|这|這|那|该|該|其|他|她|它|"
    r"我们?|我們|你|您|此外|同时|同時|目前|近年|今年|去年|昨[天日]|今[天日]|有[些的人]|如今|据|據|经过|經過|截至|\d+月|\d{4}年|[一上]个"
    r"|(?:في|لم|لا|كان|كانت|قال|قالت|بعد|قبل|منذ|عندما|إن|هذا|هذه|ثم|لقد|قد|وفي|وقد|ولم|وكان|وكانت|وقال)\s"
)
# How a line ends that leaves its clause open, in scripts where that is no word by itself: the particles and
# connective endings of Korean, Japanese, Thai.
_OPEN_ENDS = regex.compile(
    r"(?:[가-힣]{2}(?:은|는|(?<![마가노고])을|를)|[가-힣](?:에서|에게|으로|지만|면서|하는|하던|했던|하고|하며|하여|되는|되어|있는|까지|부터)"
    r"|[\p{Han}\p{Kana}](?:が|は|に|の|で|と|も|て|たり|ながら|ために|ような|という)"
    r"|(?:และ|หรือ|ของ|ใน|ที่|ว่า|กับ|โดย|จะ|เพราะ|ซึ่ง|เป็น|[เแโใไ]))$"
)
# And how one begins that goes on with a clause.
_OPEN_STARTS = regex.compile(
    r"(?:です|でした|ます|ました|ません|である|であった|ではな|という|といった|とき[、に]|こと[がをはで]|ため[、に]|もの[がをは]|ので|から[、も]|"
    r"まで[、に]|など|には|では|とは|にも|として|について|において|なかった|ている|ていた|\p{Hiragana}{1,3}[。、]"
    r"|และ|หรือ|ซึ่ง|ของ|ว่า|กับ|จึง|ก็|อยู่|ได้แก่)"
)
_INNER_STOP = regex.compile(r"\p{Ll}{2}[.!?]\s+\p{Lu}")
_CLAUSES = regex.compile(r"[，、،]|,(?!\d)")
_COMMA = regex.compile(r"[，,،]")
_TWO_PHRASES = regex.compile(r"[\p{Han}\p{Kana}“”「」]+(?:[ \u3000]+[\p{Han}\p{Kana}“”「」]+)+")


class OpenText:
    """A unit that is being put together, and what its text has left open."""

    def __init__(self, kind: LineKind, line: Line, *, is_prose: bool = False) -> None:
        self.kind = kind
        self.first = line
        self.lines = 0
        self.is_prose = is_prose  # for certain: several clauses, or too long for a heading, or signed
        self.has_stop = False  # a sentence ended inside
        self.columns = 0
        self.last = line
        self._unclosed = [0] * len(PAIRS)
        self._quotes = 0
        self.take(line)

    def take(self, line: Line) -> None:
        """Count in what `line` adds."""
        text = line.text
        self.lines += 1
        self.has_stop = self.has_stop or (self.lines > 1 and self.last.is_ended) or _has_inner_stop(text)
        self.columns += line.columns
        self.last = line
        self.is_prose = self.is_prose or self.has_stop or self.columns >= LONG or _has_clauses(text)
        for index, (opening, closing) in enumerate(PAIRS):
            self._unclosed[index] = max(0, self._unclosed[index] + text.count(opening) - text.count(closing))
        self._quotes = max(0, self._quotes + text.count("“") - text.count("”")) if "„" not in text else 0

    @property
    def is_one_line(self) -> bool:
        """Whether there is one line only."""
        return self.lines == 1

    @property
    def is_unclosed(self) -> bool:
        """Whether a bracket or a quotation is open."""
        return any(self._unclosed) or self._quotes > 0

    @property
    def is_open(self) -> bool:
        """Whether the last sentence has no final mark, nor a colon."""
        return not self.last.is_ended and self.last.text[-1] not in COLONS


def _has_inner_stop(text: str) -> bool:
    """Whether a sentence ends inside the line."""
    return any(mark in text[:-1] for mark in "。！？；") or _INNER_STOP.search(text) is not None


def _has_clauses(text: str) -> bool:
    return len(_CLAUSES.findall(text[:-1])) >= 3


def _has_case(character: str) -> bool:
    return character.lower() != character.upper()


def prose_likeness(text: str) -> float:
    """How much one open line without capitals looks like the beginning of running text, 0 to 3."""
    clauses = _COMMA.split(text)
    is_couplet = len(clauses) == 2 and abs(len(clauses[0]) - len(clauses[1])) <= 2  # as headings like to be
    score = 0.5 if is_couplet else min(3.0, 1.5 * (len(clauses) - 1))
    score += 1.5 if _PROSE_STARTS.match(text) else 0.0
    score += sum(word in text for word in ("了", "的", "是", "着", "们")) * 0.4
    score += 1.0 if len(text) >= 28 else 0.0
    return 0.0 if _TWO_PHRASES.fullmatch(text) else min(3.0, score)


def may_be_heading(current: OpenText) -> bool:
    """Whether what is open is one line set like a heading: capitals, or two phrases and no comma."""
    return current.is_one_line and not current.has_stop and _is_set_as_heading(current.last.text)


def _is_set_as_heading(text: str) -> bool:
    if is_cjk(text[0]):
        return _TWO_PHRASES.fullmatch(text) is not None
    words = [word for word in text.split() if word[0].isalpha()]
    return len(words) >= 2 and sum(word[0].isupper() for word in words) >= 0.7 * len(words)


def weigh(current: OpenText, line: Line, *, layout: Layout, index: int, crossed: bool) -> float:
    """The evidence that `line`, which has this index in the layout, goes on with `current`; above 0 it does.

    `crossed` says that furniture stands between them.
    """
    fill = layout.fill[index - 1]
    is_apart = line.gap > 0 or line.new_page or crossed
    weight = _between(line, is_wrapped=fill > 0, crossed=crossed)
    weight += _ending(current, fill=fill, is_apart=is_apart, is_punctuated=layout.punctuated[index - 1])
    weight += _beginning(line, current, layout=layout, is_apart=is_apart)
    weight += _indentation(current, line, layout=layout, index=index)
    if fill:
        weight += _fullness(fill, is_open=current.is_prose and current.is_open)
    if current.is_unclosed and current.is_open:
        weight += 2
    return weight


def outlook(lines: Sequence[Line], kinds: Sequence[LineKind], index: int) -> float:
    """What follows a short open line says: over a text it is a heading, over a heading a tail."""
    line = lines[index]
    if not line.gap or line.columns > _SHORT_LINE or line.is_ended or _CLAUSES.search(line.text):
        return 0.0
    if index + 1 == len(lines) or kinds[index].kind is not BlockKind.PARAGRAPH:
        return 0.0
    after = lines[index + 1]
    if kinds[index + 1].kind is BlockKind.BYLINE or kinds[index + 1].is_closed:
        return -4.0
    if not after.gap or starts_inside(after.text) or first_letter(after.text).islower():
        return 0.0
    if after.columns > _SHORT_LINE:
        return -1.5
    is_heading = not after.is_ended and index + 2 < len(lines) and lines[index + 2].columns > _SHORT_LINE
    return 3.0 if is_heading and kinds[index + 1].kind is BlockKind.PARAGRAPH else 0.0


def tail(lines: Sequence[Line], index: int) -> float:
    """A word or two with a final mark, alone after running text that was left open, are its end."""
    line = lines[index]
    is_alone = index + 1 == len(lines) or lines[index + 1].gap > 0
    return 2.5 if is_alone and line.is_ended and line.columns <= _TAIL else 0.0


def _between(line: Line, *, is_wrapped: bool, crossed: bool) -> float:
    """What stands between two lines: nothing but the break, blank lines, a page's end."""
    if line.new_page or crossed:
        return -1.0
    if line.gap:
        return -2.5 - 0.5 * min(line.gap - 1, 2)
    return 1.0 if is_wrapped else -2.0


def _fullness(fill: float, *, is_open: bool) -> float:
    """What the length of a line says: a short one ends a paragraph, unless its sentence is left open."""
    if fill >= 1:
        return 1.5
    if is_open:
        return 0.5 if fill >= 0.8 else -1.0 if fill >= 0.5 else -2.0
    return 0.5 if fill >= 0.93 else -1.0 if fill >= 0.8 else -3.0


def _ending(current: OpenText, *, fill: float, is_apart: bool, is_punctuated: bool) -> float:
    """What the end of a text says: a final mark closes, a comma or an article leaves open."""
    text = current.last.text
    last = text[-1]
    if current.last.is_ended:
        return -1.0 if fill >= 1 and not is_apart else -5.0
    if last in COLONS:
        return -2.0 if fill < 1 or is_apart else -0.5
    if last in HYPHENS and len(text) > 1 and text[-2].isalpha():
        return 4.0
    if last in CONTINUING or last in DASHES:
        is_sure = current.is_prose or fill >= 1 or current.columns >= _SHORT[is_spaceless(last)]
        return 4.5 if is_sure else 1.0
    word = text.rsplit(None, 1)[-1].casefold()
    if word in _FUNCTION_WORDS or (is_cjk(last) and last in _FUNCTION_WORDS and current.is_prose):
        return 4.0
    if _OPEN_ENDS.search(text):
        return 4.0 if current.is_prose else 2.0
    if is_stopless(last):
        return 2.5 if fill >= 1 else 1.0 if current.columns >= 100 else -1.0
    return _open_ending(current, fill=fill, is_apart=is_apart, is_punctuated=is_punctuated)


def _open_ending(current: OpenText, *, fill: float, is_apart: bool, is_punctuated: bool) -> float:
    """What it says that a text ends with a word and no mark at all."""
    if not is_punctuated and not fill:
        return 0.0  # nothing around here ends with a mark
    if current.is_prose:
        return 3.5 if current.has_stop else 3.0
    has_case = _has_case(current.last.text[-1])
    likeness = 0.0 if has_case else prose_likeness(current.last.text)
    if fill < 1 or may_be_heading(current):
        return likeness
    is_lone = current.is_one_line and is_apart  # between blank lines: a heading may just fill its line
    return 2.5 if not is_lone or has_case else min(2.5, 1.2 + likeness)


def _beginning(line: Line, current: OpenText, *, layout: Layout, is_apart: bool) -> float:
    """What the beginning of a line says: a small letter or a closing mark goes on."""
    text = line.text
    if starts_inside(text):
        return 6.0
    if _OPEN_STARTS.match(text):
        return 3.0
    letter = first_letter(text)
    if letter.islower() and letter == text[0]:
        return 3.5 if current.columns >= _LINE or current.is_prose else 1.0
    if letter.isupper() and not is_spaceless(current.last.text[-1]) and (is_apart or not layout.fill[0]):
        is_lone = current.is_one_line and not current.is_prose and line.gap > 0 and current.first.gap > 0
        return layout.case_evidence - (2.0 if is_lone else 0.0)
    return 0.0


def _indentation(current: OpenText, line: Line, *, layout: Layout, index: int) -> float:
    """What indents say: deeper than the text begins a paragraph, less deep goes on with it."""
    before = current.last
    if current.kind.kind is BlockKind.LIST_ITEM:
        first = current.first
        hangs = first.indent < line.indent <= first.indent + 10
        return 3.0 if hangs and not line.gap else -1.0 if line.indent <= first.indent and line.gap else 0.0
    if layout.indent_starts:
        if line.indent > layout.base_indent:
            return -5.0
        is_text = line.is_ended or (layout.fill[index] >= FULL and not _is_set_as_heading(line.text))
        return 8.0 if layout.indent_rules and is_text and not current.is_open else 1.5
    return -1.5 if line.indent > before.indent + 1 else 0.0
