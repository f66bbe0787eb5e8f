"""The number with which a line begins: "Chapter 3", "第三章", "一、", "2.1", "(a)", "①"."""

from __future__ import annotations

from dataclasses import dataclass

import regex

# How far out in the tree each style of heading stands: the smaller, the higher.
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
    """The number at the beginning of a line: its style, its place in the sequence, where the rest begins."""

    style: str  # a key of RANKS
    ordinal: int  # 0 where it cannot be counted
    depth: int  # 1.2.3 has depth 3; others 1
    rest: int  # offset into the line of what stands after the number
    is_named: bool = False  # "Chapter 3", "第三章": says itself that it is a heading
    is_bare: bool = False  # "3 Results": nothing but a space between
    is_confirmed: bool = False  # the number before it in the sequence is in the document, or the one after


_HAN_NUMBER = "[一二三四五六七八九十百千零〇两0-9０-９]{1,6}"
_ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_COUNT = r"(?:\d+(?:\.\d+)*|[IVXLC]+|[A-Z]|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten)\b"


def _named(units: str, words: str, others: str) -> str:
    """第N`units`, any of `words` (as they stand and in capitals) with a number, or one of `others`."""
    forms = "|".join(form for word in words.split() for form in (word, word.upper()))
    return rf"第\s*{_HAN_NUMBER}\s*[{units}]|(?:{forms})\s+{_COUNT}|{others}"


_NAMED = {
    "book": _named("编編卷集册冊", "Book Volume Libro Tome Band", r"제\s*\d+\s*권"),
    "part": _named(
        "部篇幕",
        "Part Parte Partie Teil Часть Título Act Acto Acte",
        r"الباب\s+\S+|ภาคที่\s*\S+|제\s*\d+\s*부",
    ),
    "chapter": _named(
        "章回讲講课課場场",
        "Chapter Capítulo Capitulo Chapitre Kapitel Capitolo Глава Scene Escena Scène Appendix Annex "
        "Anexo Anhang Annexe Hoofdstuk Kapittel Rozdział Bölüm Chương Bab",
        r"(?:الفصل|فصل)\s+\S+|บทที่\s*\S+|제\s*\d+\s*장|अध्याय\s*\S+|附[录錄件]\s*[一二三四五六七八九十0-9A-Z]*(?=[\s:：]|$)",
    ),
    "section": _named(
        "节節",
        "Section Sección Abschnitt Sezione Secção Раздел Sectie Top Punkt Item Lesson Lektion Lección Leçon "
        "Unit Topic Tema Thema Step Schritt Paso Étape Exercise",
        r"§\s*\d+|议题[一二三四五六七八九十\d]+|議題[一二三四五六七八九十\d]+|القسم\s+\S+|ส่วนที่\s*\S+|제\s*\d+\s*절",
    ),
    "article": _named(
        "条條",
        "Article Artículo Artikel Articolo Artigo Статья Clause Cláusula Clausola Klausel",
        r"(?:المادة|البند)\s+\S+|ข้อที่\s*\d+|มาตรา\s*\d+|제\s*\d+\s*조|Điều\s+\d+|Pasal\s+\d+",
    ),
}
_NAMED_PATTERNS = tuple(
    (style, regex.compile(rf"(?:{pattern})(?=\W|$|[\p{{Han}}\p{{Kana}}])[\s:：.．、,\-–—|]*"))
    for style, pattern in _NAMED.items()
)
_PLAIN = (
    ("han", r"(?P<n>[一二三四五六七八九十百]{1,4})\s*[、．.，,]\s*"),
    ("han-bracket", r"[（(](?P<n>[一二三四五六七八九十百]{1,4})[）)]\s*[、．.]?\s*"),
    (
        "decimal",
        r"(?P<n>\d{1,3}(?:[.．]\d{1,3}){1,5})"
        r"(?:[.．、]?[\s\u3000]+|[、．]\s*|[.．](?=\D)|(?=[\p{Han}\p{Kana}\p{Thai}]))",
    ),
    ("decimal", r"(?P<n>\d{1,3})(?:[.．、](?!\d)\s*|[\s\u3000](?=[\p{Lu}\p{Han}]))"),
    ("bracket", r"[（(](?P<n>\d{1,3}|[a-zA-Z]|[ivx]{1,5})[）)]\s*|(?P<n>\d{1,3}|[a-zA-Z])[)）]\s*"),
    ("circle", r"(?P<n>[①-⑳❶-❿➀-➓㊀-㊉⑴-⒇])\s*[、．.]?\s*"),
    ("roman", rf"(?P<n>{_ROMAN})[.、．)]\s+"),
    ("letter", r"(?P<n>[A-Z])[.．、]\s+(?!\p{Lu}\.)|(?P<n>[甲乙丙丁戊己庚辛壬癸])、\s*"),
    ("letter", r"(?P<n>[أبجدهوزحط])\s*[-–.)]\s+|(?P<n>[ก-ฮ])[.)]\s+|(?P<n>[가-하])[.)]\s+|(?P<n>[а-я])\)\s+"),
)
_PLAIN_PATTERNS = tuple((style, regex.compile(pattern)) for style, pattern in _PLAIN)
# What any of them can begin with: most lines begin with nothing of the kind.
_FIRST = frozenset(
    character for pattern in _NAMED.values() for character in regex.findall(r"(?<![\\\p{L}])\p{L}", pattern)
)
_PLAIN_START = regex.compile(
    r"[\d一二三四五六七八九十百（(①-⑳❶-❿➀-➓㊀-㊉⑴-⒇甲乙丙丁戊己庚辛壬癸]|[A-Za-z][.．、)）]|[IVXLC]{1,7}[.、．)]|[أبجدهوزحط]\s*[-–.)]|[ก-ฮ가-하а-я][.)]"
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_DOT = regex.compile(r"[.．]")


def numbering(text: str) -> Numbering | None:
    """The number with which a line begins, or None."""
    if text[0] in _FIRST or text[0] in "第附§":
        for style, pattern in _NAMED_PATTERNS:
            match = pattern.match(text)
            if match:
                return Numbering(style, 0, 1, match.end(), is_named=True)
    if not _PLAIN_START.match(text):
        return None
    for style, pattern in _PLAIN_PATTERNS:
        match = pattern.match(text)
        if match and match.end() < len(text):
            number = match["n"]
            return Numbering(
                style=style,
                ordinal=_ordinal(style, number),
                depth=1 + len(_DOT.findall(number)),
                rest=match.end(),
                is_bare=text[match.end("n") : match.end()].isspace(),
            )
    return None


def _ordinal(style: str, number: str) -> int:
    """The place of a number in its sequence, 1 for the first; 0 where it cannot be told."""
    if style in ("han", "han-bracket"):
        return han_number(number)
    last = _DOT.split(number)[-1]
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
    """The value of a number below 1000 in Han digits."""
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
        -value if any(value < later for later in values[place + 1 :]) else value
        for place, value in enumerate(values)
    )
