"""From lines to units: which line goes on with the one before it, and which begins something new.

Every pair of neighbouring lines is weighed: what the first ends with, what the second begins with, what
stands between them, whether the column was full, what indents mean on this page. The weights are in units of
evidence (natural log-odds, roughly); a sum above zero joins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import BlockKind
from rag.segment.bylines import CERTAIN, is_note, parse_byline
from rag.segment.furniture import find_furniture
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.layout import Layout, find_layout
from rag.segment.lines import Line
from rag.segment.script import (
    COLONS,
    CONTINUING,
    DASHES,
    HYPHENS,
    PAIRS,
    TERMINAL,
    first_letter,
    is_cjk,
    is_ended,
    is_spaceless,
    is_stopless,
    last_mark,
    starts_inside,
)
from rag.segment.shapes import (
    Numbering,
    cells,
    is_box,
    is_bullet,
    is_caption,
    is_contents_entry,
    is_rule,
    numbering,
)
from rag.segment.units import Unit, UnitBuilder

_LONG = 64  # columns; a line this long without a final mark is no heading
_FUNCTION_WORDS = frozenset(
    "the of and a an to in for with by or from that which is are was were be as at on its their his her this de la el los "
    "las y en del por con un una le les des et du au der die das und von zu mit im den dem ein eine il di che e o do da em "
    "no na dos das um uma в и на с из по для не что к в و في من على إلى عن أن التي الذي 的 和 与 與 及 在 对 對 把 将 將 被 从 從 向 "
    "以 为 為 是 は が を に の と へ で も や か から まで より".split()
)
_WITHIN_PARAGRAPH = -4.0  # the weight of one break inside what the format calls a paragraph


@dataclass(slots=True)
class _Shape:
    """What a line is by itself, before its neighbours have a say."""

    kind: BlockKind
    numbering: Numbering | None = None
    is_barrier: bool = False  # never joined to the line before it
    is_closed: bool = False  # no line is ever joined to it


def join_lines(lines: Sequence[Line]) -> list[Unit]:
    """The units of a plain page in source order, furniture among them (in the place where it stands)."""
    furniture = find_furniture(lines)
    kept = [line for line, is_furniture in zip(lines, furniture, strict=True) if not is_furniture]
    crossed = _crossings(furniture)
    shapes = _shapes(kept)
    layout = find_layout(kept, [shape.is_barrier or shape.is_closed for shape in shapes])
    vocabulary = Vocabulary.of(line.text for line in kept)
    units = _join(kept, shapes, layout, vocabulary=vocabulary, crossed=crossed)
    units += [
        UnitBuilder(BlockKind.FURNITURE, line).unit()
        for line, mark in zip(lines, furniture, strict=True)
        if mark
    ]
    return sorted(units, key=lambda unit: unit.start)


def _crossings(furniture: Sequence[bool]) -> list[bool]:
    """For each kept line whether furniture stands right before it."""
    crossed, pending = [], False
    for is_furniture in furniture:
        if is_furniture:
            pending = True
        else:
            crossed.append(pending)
            pending = False
    return crossed


def _shapes(lines: Sequence[Line]) -> list[_Shape]:
    columns = [cells(line.text) for line in lines]
    shapes = []
    for index, line in enumerate(lines):
        if _is_row(lines, columns, index):
            shapes.append(_Shape(BlockKind.TABLE_ROW, is_barrier=True, is_closed=True))
        else:
            shapes.append(_shape(line))
    return shapes


def _is_row(lines: Sequence[Line], columns: Sequence[int], index: int) -> bool:
    """Whether a line and a neighbour have the same number of cells, two or more."""
    if is_box(lines[index].text):
        return any(0 <= other < len(lines) and columns[other] >= 2 for other in (index - 1, index + 1))
    if columns[index] < 2:
        return False
    needed = columns[index]
    for other in (index - 1, index + 1):
        if 0 <= other < len(lines) and lines[max(index, other)].gap <= 1:
            if columns[other] == needed or (needed >= 3 and columns[other] >= 3):
                return True
            if "|" in lines[index].text and is_box(lines[other].text):
                return True
    return False


def _shape(line: Line) -> _Shape:
    text = line.text
    if is_rule(text):
        return _Shape(BlockKind.FURNITURE, is_barrier=True, is_closed=True)
    if is_contents_entry(text):
        return _Shape(BlockKind.LIST_ITEM, is_barrier=True, is_closed=True)
    if is_bullet(text):
        return _Shape(BlockKind.LIST_ITEM, is_barrier=True)
    number = numbering(text)
    if number is not None:
        return _Shape(BlockKind.LIST_ITEM, number, is_barrier=True)
    if is_caption(text):
        return _Shape(BlockKind.PARAGRAPH, is_barrier=True)
    byline = parse_byline(text)
    if byline is not None and byline.strength >= CERTAIN:
        return _Shape(BlockKind.BYLINE, is_barrier=True, is_closed=True)
    return _Shape(BlockKind.PARAGRAPH, is_barrier=is_note(text))


class _Open:
    """The unit that is being put together, and what its text has left open."""

    def __init__(self, shape: _Shape, line: Line) -> None:
        self.shape = shape
        self.builder = UnitBuilder(shape.kind, line, shape.numbering)
        self.is_prose = False
        self.columns = 0
        self._unclosed = [0] * len(PAIRS)
        self._quotes = 0
        self.take(line)

    def take(self, line: Line) -> None:
        """Count in what `line` adds."""
        text = line.text
        self.columns += line.columns
        self.is_prose = self.is_prose or self.columns >= _LONG or _has_inner_stop(text)
        for index, (opening, closing) in enumerate(PAIRS):
            self._unclosed[index] = max(0, self._unclosed[index] + text.count(opening) - text.count(closing))
        self._quotes = max(0, self._quotes + text.count("“") - text.count("”")) if "„" not in text else 0

    @property
    def is_unclosed(self) -> bool:
        """Whether a bracket or a quotation is open."""
        return any(self._unclosed) or self._quotes > 0


def _has_inner_stop(text: str) -> bool:
    """Whether a sentence ends, or a clause, inside the line: running text, not a heading."""
    return (
        any(mark in text[:-1] for mark in "。！？；")
        or sum(mark in "，,、" for mark in text[:-1]) >= 3
        or ". " in text
    )


def _join(
    lines: Sequence[Line],
    shapes: Sequence[_Shape],
    layout: Layout,
    *,
    vocabulary: Vocabulary,
    crossed: Sequence[bool],
) -> list[Unit]:
    units: list[Unit] = []
    current: _Open | None = None
    for index, line in enumerate(lines):
        if current is not None:
            before = lines[index - 1]
            is_stanza = (
                layout.verse[index] and layout.verse[index - 1] and not line.gap and not crossed[index]
            )
            if is_stanza and shapes[index].kind is BlockKind.PARAGRAPH:
                current.builder.add(line, Joint("\n", 0), crossed=False)
                current.take(line)
                continue
            if _goes_on(current, lines, index, shape=shapes[index], layout=layout, crossed=crossed[index]):
                current.builder.add(line, joint(before.text, line.text, vocabulary), crossed=crossed[index])
                current.take(line)
                continue
            current.builder.is_full = layout.fill[index - 1] >= 1
            units.append(current.builder.unit())
        shape = (
            _Shape(BlockKind.VERSE)
            if layout.verse[index] and shapes[index].kind is BlockKind.PARAGRAPH
            else shapes[index]
        )
        current = _Open(shape, line)
    if current is not None:
        units.append(current.builder.unit())
    return units


def _goes_on(
    current: _Open, lines: Sequence[Line], index: int, *, shape: _Shape, layout: Layout, crossed: bool
) -> bool:
    """Whether line `index` goes on with the unit before it."""
    if current.shape.is_closed or shape.is_closed or layout.verse[index] or layout.verse[index - 1]:
        return False
    before, line = lines[index - 1], lines[index]
    if shape.is_barrier and not _is_false_barrier(
        current, before, line, shape=shape, fill=layout.fill[index - 1]
    ):
        return False
    return _weigh(current, before, line, layout=layout, index=index, crossed=crossed) > 0


def _is_false_barrier(current: _Open, before: Line, line: Line, *, shape: _Shape, fill: float) -> bool:
    """Whether what looks like a number of an item only happens to stand first in a wrapped line."""
    number = shape.numbering
    if number is None or number.is_named or line.gap or fill < 1 or current.shape.kind is BlockKind.LIST_ITEM:
        return False
    return (
        number.style in ("decimal", "letter", "roman")
        and not is_ended(before.text)
        and before.text[-1] not in COLONS
        and current.is_prose
    )


def _weigh(current: _Open, before: Line, line: Line, *, layout: Layout, index: int, crossed: bool) -> float:
    fill = layout.fill[index - 1]
    wrapped = fill > 0
    weight = _between(before, line, wrapped=wrapped, crossed=crossed)
    weight += _ending(current, before, fill=fill, is_blank=line.gap > 0)
    weight += _beginning(line.text, before.text)
    weight += _indentation(current, before, line, layout=layout)
    if wrapped:
        weight += 1.5 if fill >= 1 else 0.5 if fill >= 0.93 else -1 if fill >= 0.8 else -3
    if current.is_unclosed and not is_ended(before.text):
        weight += 2
    return weight


def _between(before: Line, line: Line, *, wrapped: bool, crossed: bool) -> float:
    """What stands between two lines: nothing but the break, blank lines, a page's end."""
    if line.new_page or crossed:
        return -1.0
    if line.gap:
        return -2.5 - 0.5 * min(line.gap - 1, 2)
    return 1.0 if wrapped else -2.0


def _ending(current: _Open, before: Line, *, fill: float, is_blank: bool) -> float:
    """What the end of a line says: a final mark closes, a comma or an article leaves open."""
    text = before.text
    last = text[-1]
    if is_ended(text):
        if fill >= 1 and not is_blank:
            return -1.0
        return -5.0
    if last in COLONS:
        return -2.0 if fill < 1 or is_blank else -0.5
    if last in HYPHENS and len(text) > 1 and text[-2].isalpha():
        return 4.0
    if last in CONTINUING or last in DASHES:
        return 4.5 if current.is_prose or before.columns >= 40 else 1.0
    word = text.rsplit(None, 1)[-1].casefold()
    if word in _FUNCTION_WORDS or (is_cjk(last) and last in _FUNCTION_WORDS and current.is_prose):
        return 4.0
    if is_stopless(last):
        return 0.5 if fill >= 1 else 1.0 if current.columns >= 100 else -1.0
    return 3.0 if current.is_prose else 0.0


def _beginning(text: str, before: str) -> float:
    """What the beginning of a line says: a small letter or a closing mark goes on."""
    if starts_inside(text):
        return 6.0
    letter = first_letter(text)
    if not letter:
        return 0.0
    if letter.islower() and letter == text[0]:
        return 3.5
    if letter.isupper() and is_spaceless(before[-1]) is False:
        return -0.5
    return 0.0


def _indentation(current: _Open, before: Line, line: Line, *, layout: Layout) -> float:
    """What indents say: deeper than the text begins a paragraph, less deep goes on with it."""
    if current.shape.kind is BlockKind.LIST_ITEM:
        first = current.builder.first
        hangs = first.indent < line.indent <= first.indent + 10
        return 3.0 if hangs and not line.gap else -1.0 if line.indent <= first.indent and line.gap else 0.0
    if layout.indent_starts:
        if line.indent > layout.base_indent:
            return -5.0
        return 1.5 if before.indent > layout.base_indent or not line.gap else 1.0
    return -1.5 if line.indent > before.indent + 1 else 0.0


def flows(lines: Sequence[Line]) -> list[bool]:
    """For each line but the first whether it goes on with the one before, in what is known to be one paragraph."""
    layout = find_layout(lines, [False] * len(lines))
    found = []
    for index in range(1, len(lines)):
        is_verse = layout.verse[index] and layout.verse[index - 1]
        current = _Open(_Shape(BlockKind.PARAGRAPH), lines[index - 1])
        weight = _weigh(current, lines[index - 1], lines[index], layout=layout, index=index, crossed=False)
        found.append(not is_verse and weight > _WITHIN_PARAGRAPH)
    return found
