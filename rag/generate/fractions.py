"""The fractions and ordinals in words of a text: 三分之二 = "two thirds" = 2/3, 第二 = "second" = 2nd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import regex

from rag.generate.number_words import WORD_VALUES, han_value

_PARTS = {
    "third": 3, "drittel": 3, "tercio": 3, "tiers": 3, "terzo": 3, "terço": 3,
    "quarter": 4, "viertel": 4, "cuarto": 4, "quart": 4,
    "fifth": 5, "fünftel": 5, "quinto": 5, "sixth": 6, "eighth": 8, "tenth": 10, "zehntel": 10,
}  # fmt: skip
_ONE = {"a", "one", "ein", "einem", "eines", "un", "uno", "um"}
_HAN = r"[\d一二三四五六七八九十两]+"
_COUNT = "|".join(sorted([*map(regex.escape, WORD_VALUES), *_ONE], key=len, reverse=True))
_FRACTION = regex.compile(
    rf"""(?P<below>{_HAN})\s*(?:分之|分の|분의)\s*(?P<above>{_HAN})
    | \b(?P<count>{_COUNT}|\d)[\s-]+(?P<part>{"|".join(_PARTS)})s?\b(?P<of>\s+(?:of|der|des|von|de|du|di)\b)?
    | (?<![\d/])(?P<top>[1-9])[/⁄](?P<bottom>[2-9]|10)(?![\d/])
    | (?P<half>(?:\b(?:one|a)\s+)?\bhalf\s+(?:of|the|its|their|his|her|that)\b|\bby\s+half\b|
        \bhalv(?:e|ed|es|ing)\b|\b(?:die|zur|um\s+die)\s+hälfte\b|\bla\s+(?:mitad|moitié|metà)\b|
        половин[аыуе]\b|一半|半数|半數|半分|절반)
    | (?P<loose>\bhal[fb]\w*|\bhälfte\b|\bmi[dt]ad\b|\bmoitié\b|\bmetà\b|半)""",
    regex.VERBOSE,
)
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "zweite": 2, "dritte": 3, "vierte": 4, "fünfte": 5, "segunda": 2, "tercera": 3,
    "deuxième": 2, "troisième": 3, "quatrième": 4, "второй": 2, "третий": 3,
}  # fmt: skip
_ORDINAL = regex.compile(
    rf"第\s*(?P<han>{_HAN})|(?:제|第)\s*(?P<digits>\d+)|"
    rf"(?P<before>\b(?:a|one|per|each|every|split)\s+)?\b(?P<word>{'|'.join(_ORDINALS)})[nrms]?\b(?!-)|"
    r"\b(?P<short>\d+)(?:st|nd|rd|th)\b"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One fraction or ordinal of a folded text, `text[start:end]`."""

    start: int
    end: int
    values: frozenset[str]  # "2/3", and "50%" where that is the same; "2nd" for all ordinals of 2
    sure: bool  # whether it can be nothing else


def fractions(folded: str) -> Iterator[Part]:
    """The fractions of the text in order. "A third" may be an ordinal, "half" part of a word: not sure."""
    for match in _FRACTION.finditer(folded):
        value, sure = _fraction(match)
        if value is None or not 0 < value < 1:
            continue
        percent = value * 100
        same = {f"{percent.numerator}%"} if percent.denominator == 1 else set()
        yield Part(*match.span(), frozenset({f"{value.numerator}/{value.denominator}"} | same), sure)


def _fraction(match: regex.Match[str]) -> tuple[Fraction | None, bool]:
    if match["below"]:
        below, above = _number(match["below"]), _number(match["above"])
        return (Fraction(above, below) if below else None), True
    if match["part"]:
        count = 1 if match["count"] in _ONE else _number(match["count"])
        return Fraction(count, _PARTS[match["part"]]), count > 1 or bool(match["of"])
    if match["top"]:
        return Fraction(int(match["top"]), int(match["bottom"])), True
    return Fraction(1, 2), bool(match["half"])


def ordinals(folded: str) -> Iterator[Part]:
    """The ordinals of the text in order; "first" is never sure, as much comes first that nobody calls so."""
    for match in _ORDINAL.finditer(folded):
        text = match["han"] or match["digits"] or match["short"]
        number = _number(text) if text else _ORDINALS[match["word"]]
        sure = number > 1 and not match["before"] and not match["short"]
        yield Part(*match.span(), frozenset((f"{number}nd",)), sure)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else WORD_VALUES.get(text) or int(han_value(text) or 0)
