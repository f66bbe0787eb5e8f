"""What one line looks like by itself: a numbered heading, a list item, a table row, a caption, a rule."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from rag.segment.script import width

_HAN_NUMBER = "[一二三四五六七八九十百千零〇两0-9０-９]"
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"

# How far out in the tree each style of heading stands: the smaller, the higher. Styles of equal rank are
# kept apart by their names.
RANKS = {
    "book": 5,
    "part": 10,
    "chapter": 20,
    "section": 30,
    "article": 35,
    "capitals": 40,
    "plain": 50,
    "marked": 55,
    "roman": 58,
    "han": 60,
    "letter": 65,
    "han-bracket": 70,
    "decimal": 80,
    "bracket": 90,
    "circle": 95,
}


@dataclass(frozen=True, slots=True)
class Numbering:
    """The number at the beginning of a line: its style, its place in the sequence, and where the rest begins."""

    style: str  # a key of RANKS
    ordinal: int  # 0 where it cannot be counted
    depth: int  # 1.2.3 has depth 3; others 1
    rest: int  # offset into the line of what stands after the number
    is_named: bool = False  # "Chapter 3", "第三章": says itself that it is a heading
    is_bare: bool = False  # "3 Results": nothing but a space between
    is_confirmed: bool = False  # the number before it in the sequence is in the document, or the one after


_NAMED: tuple[tuple[str, str], ...] = (
    (
        "book",
        rf"第\s*{_HAN_NUMBER}{{1,6}}\s*[编編卷集册冊]|(?:BOOK|Book|VOLUME|Volume|LIBRO|Libro|TOME|Tome)\s+(?:\d+|[IVXLC]+)\b",
    ),
    (
        "part",
        rf"第\s*{_HAN_NUMBER}{{1,6}}\s*[部篇幕](?:分)?|(?:PART|Part|PARTE|Parte|PARTIE|Partie|TEIL|Teil|ЧАСТЬ|Часть|TÍTULO|Título|TITLE|ACT|Act|ACTO|Acto)\s+(?:\d+|[IVXLC]+|[A-Z])\b|الباب\s+\S+|ภาคที่\s*\S+|제\s*\d+\s*부",
    ),
    (
        "chapter",
        rf"第\s*{_HAN_NUMBER}{{1,6}}\s*[章回讲講课課場场]|(?:CHAPTER|Chapter|CAPÍTULO|Capítulo|CAPITULO|Capitulo|CHAPITRE|Chapitre|KAPITEL|Kapitel|CAPITOLO|Capitolo|ГЛАВА|Глава|SCENE|Scene|APPENDIX|Appendix|ANNEX|Annex|ANEXO|Anexo|ANHANG|Anhang)\s+(?:\d+|[IVXLC]+|[A-Z]|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten)\b|(?:الفصل|فصل)\s+\S+|บทที่\s*\S+|제\s*\d+\s*장|附[录錄件]\s*[一二三四五六七八九十0-9A-Z]*(?=[\s:：]|$)",
    ),
    (
        "section",
        rf"第\s*{_HAN_NUMBER}{{1,6}}\s*[节節]|(?:SECTION|Section|SECCIÓN|Sección|ABSCHNITT|Abschnitt|SEZIONE|Sezione|РАЗДЕЛ|Раздел|§)\s*(?:\d+(?:\.\d+)*|[IVXLC]+)\b|القسم\s+\S+|ส่วนที่\s*\S+|제\s*\d+\s*절",
    ),
    (
        "article",
        rf"第\s*{_HAN_NUMBER}{{1,6}}\s*[条條]|(?:ARTICLE|Article|ARTÍCULO|Artículo|ARTIKEL|Artikel|ARTICOLO|Articolo|СТАТЬЯ|Статья|CLAUSE|Clause|CLÁUSULA|Cláusula)\s+(?:\d+(?:\.\d+)*|[IVXLC]+)\b|المادة\s+\S+|البند\s+\S+|ข้อที่?\s*\d+|มาตรา\s*\d+|제\s*\d+\s*조",
    ),
)
_NAMED_PATTERNS = tuple(
    (style, regex.compile(rf"(?:{pattern})(?P<after>[\s\u3000:：.．、,\-–—|]*)")) for style, pattern in _NAMED
)
_PLAIN_PATTERNS: tuple[tuple[str, regex.Pattern[str]], ...] = (
    ("han", regex.compile(rf"(?P<n>[一二三四五六七八九十百]{{1,4}})\s*[、．.，,]\s*")),
    ("han-bracket", regex.compile(rf"[（(](?P<n>[一二三四五六七八九十百]{{1,4}})[）)]\s*[、．.]?\s*")),
    (
        "decimal",
        regex.compile(
            r"(?P<n>\d{1,3}(?:[.．]\d{1,3}){1,5})(?:[.．、]?[\s\u3000]+|[、．]\s*|[.．](?=\D)|(?=[\p{Han}\p{Kana}\p{Thai}]))"
        ),
    ),
    ("decimal", regex.compile(r"(?P<n>\d{1,3})(?:[.．、](?!\d)\s*|[\s\u3000](?=[\p{Lu}\p{Han}]))")),
    (
        "bracket",
        regex.compile(r"[（(](?P<n>\d{1,3}|[a-zA-Z]|[ivx]{1,5})[）)]\s*|(?P<n>\d{1,3}|[a-zA-Z])[)）]\s*"),
    ),
    ("circle", regex.compile(r"(?P<n>[①-⑳❶-❿➀-➓㊀-㊉⑴-⒇])\s*[、．.]?\s*")),
    ("roman", regex.compile(rf"(?P<n>{_ROMAN})[.、．)]\s+")),
    ("letter", regex.compile(r"(?P<n>[A-Z])[.．、]\s+(?!\p{Lu}\.)|(?P<n>[甲乙丙丁戊己庚辛壬癸])、\s*")),
    (
        "letter",
        regex.compile(
            r"(?P<n>[أبجدهوزحط])\s*[-–.)]\s+|(?P<n>[ก-ฮ])[.)]\s+|(?P<n>[가-하])[.)]\s+|(?P<n>[а-я])\)\s+"
        ),
    ),
)
_BULLET = regex.compile(
    r"[•●○◦▪▫■□◆◇▶►▸‣⁃∙·・※*✓✔☑☐√➢➤❖◎★☆–—\-+](?:[\s\u3000]+)(?=\S)|[•●◦▪‣⁃∙➢➤❖✓✔☑☐](?=\S)"
)
_DEFINITION = regex.compile(r"\[\d{1,3}\]\s+(?=\S)")
_LEADERS = regex.compile(r"(?:\.{4,}|…{2,}|(?:\. ){4,}|·{4,}|_{4,})\s*[\divxlc]*\s*$")
_RULE = regex.compile(r"[\s\-=_*~.·•—─━═＊＊*#+◆◇○●☆★]{3,}|[*＊†‡◆◇☆★#](?:\s*[*＊†‡◆◇☆★#])*")
_CAPTION = regex.compile(
    r"(?:图|圖|表|図|附图|附表|照片)\s*[0-9０-９一二三四五六七八九十]+(?:[\-.－]\d+)*(?=[\s\u3000:：.．、]|$)|(?:图为|圖為|图片说明|上图|左图|右图|下图)\S|"
    r"(?:Figure|Fig\.|FIGURE|Table|TABLE|Figura|Tabla|Tableau|Abbildung|Abb\.|Tabelle|Рис\.|Рисунок|Таблица|Photo|Foto|Plate|Exhibit|Chart|Map)\s*(?:\d+|[IVX]+|credit)\b[.:–—\-]?|"
    r"(?:Photo(?:graph)?s?|Fotos?|Picture|Image|Credit|Illustration)\s*(?:by|:)\s*|(?:شكل|جدول|الشكل|الجدول)\s*\d+|(?:ภาพที่|ตารางที่|รูปที่)\s*\d+|(?:그림|표|사진)\s*\d+"
)
_PIPES = regex.compile(r"\|.*\||[^|]+(?:\|[^|]*){2,}|[│┃].*[│┃]")
_BOX = regex.compile(r"[┌┬┐├┼┤└┴┘─│━┃┏┳┓┣╋┫┗┻┛═║╔╦╗╠╬╣╚╩╝+\-=|:\s]{3,}")
_CELL_GAP = regex.compile(r"(?<=\S)(?: {3,}|\u3000{2,})(?=\S)|(?<=[^\s.!?。]) {2}(?=\S)")
_FIELD = regex.compile(r"[^\s:：][^:：。，,.!?！？]{0,23}[:：](?!//)\s*\S.{0,80}")
_URLS = regex.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+")
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def numbering(text: str) -> Numbering | None:
    """The number with which a line begins, or None."""
    for style, pattern in _NAMED_PATTERNS:
        match = pattern.match(text)
        if match and (
            match["after"]
            or match.end() == len(text)
            or style in ("chapter", "section", "article", "part", "book")
        ):
            return Numbering(style, 0, 1, match.end(), is_named=True)
    for style, pattern in _PLAIN_PATTERNS:
        match = pattern.match(text)
        if match and match.end() < len(text):
            number = match["n"]
            return Numbering(
                style=style,
                ordinal=_ordinal(style, number),
                depth=1 + sum(c in ".．" for c in number),
                rest=match.end(),
                is_bare=text[match.end("n") : match.end()].isspace(),
            )
    return None


def _ordinal(style: str, number: str) -> int:
    """The place of a number in its sequence, 1 for the first; 0 where it cannot be told."""
    if style in ("han", "han-bracket"):
        return han_number(number)
    last = regex.split(r"[.．]", number)[-1]
    if last.isdecimal():
        return int(last)
    if style == "circle":
        return next(
            (ord(number) - ord(first) + 1 for first in "①❶➀㊀⑴" if 0 <= ord(number) - ord(first) < 20), 0
        )
    if style == "roman":
        return _roman(number)
    if len(number) == 1 and number.isascii():
        return ord(number.lower()) - ord("a") + 1
    return 0


def han_number(number: str) -> int:
    """The value of a number up to 999 in Han digits."""
    total, digit = 0, 0
    for character in number:
        if character in "十百":
            total += max(1, digit) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS.get(character, 0)
    return total + digit


def _roman(number: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[letter] for letter in number]
    return sum(
        -value if any(value < later for later in values[i + 1 :]) else value for i, value in enumerate(values)
    )


def is_bullet(text: str) -> bool:
    """Whether a line begins with the mark of a list item that is not a number."""
    return (_BULLET.match(text) or _DEFINITION.match(text)) is not None


def is_contents_entry(text: str) -> bool:
    """Whether a line is one of a table of contents: leaders and a page number at its end."""
    return _LEADERS.search(text) is not None and len(text) < 200


def is_rule(text: str) -> bool:
    """Whether a line is a rule or an ornament: no letter and no digit in it."""
    return len(text) <= 200 and _RULE.fullmatch(text) is not None


def is_caption(text: str) -> bool:
    """Whether a line begins as the caption of a figure or a table does."""
    return len(text) <= 300 and _CAPTION.match(text) is not None


def cell_starts(text: str, indent: int) -> tuple[int, ...]:
    """The columns at which the cells of a line begin but for the first, () where it is no row of a table.

    Cells between tabs or bars have no columns of their own: -1 for each.
    """
    if len(text) > 2000:
        return ()
    if "|" in text or "│" in text or "┃" in text:
        bars = regex.sub("[│┃]", "|", text).strip("|").count("|") if _PIPES.fullmatch(text) else 0
        return (-1,) * max(bars, 1 if text[0] in "|│┃" and text[-1] in "|│┃" else 0)
    if "\t" in text:
        return (-1,) * len(regex.findall(r"\t+", text))
    gaps = list(_CELL_GAP.finditer(text))
    if not any(len(gap[0]) >= 3 or gap[0] == "\u3000\u3000" for gap in gaps):
        return ()
    return tuple(indent + width(text[: gap.end()]) for gap in gaps)


def are_aligned(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether the cells of two lines stand below each other: as many between bars, or at one same column."""
    if not one or not other:
        return False
    if one[0] == -1 or other[0] == -1:
        return one[0] == other[0] and (len(one) == len(other) or min(len(one), len(other)) >= 2)
    return any(abs(a - b) <= 1 for a in one for b in other) or len(one) == len(other) >= 2


def is_box(text: str) -> bool:
    """Whether a line is the frame of a table."""
    return (
        len(text) <= 400
        and _BOX.fullmatch(text) is not None
        and ("+" in text or "|" in text or not text.isascii())
    )


def is_field(text: str) -> bool:
    """Whether a line has the form of a field of a form: "place: Room 12"."""
    return _FIELD.fullmatch(text) is not None


def has_address(text: str) -> bool:
    """Whether a line holds a web or mail address."""
    return _URLS.search(text) is not None
