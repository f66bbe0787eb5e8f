"""The numbers, percentages and dates of a text, as values that compare across notations and languages.

三千 = 3000 = 3,000 = ３０００ = "three thousand"; 百分之三十 = 30% = 三成 = "30 per cent"; 4月3日 = "3 April"
= 2022-04-03. Two readings of one text are kept apart: `strict` leaves out what may not be a number at all
(一 and "one", 三四 as "a few"), which is right for what an answer claims; the other takes all in, which is
right for what a passage may support.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import regex

from rag.generate.dates import contradicts, dates, held_dates, holds_date, weekdays
from rag.generate.fractions import fractions, ordinals
from rag.generate.number_words import HAN_DIGITS, LARGE_UNITS, SCALES, SMALL_UNITS, WORD_VALUES, han_value
from rag.generate.times import other_half, times
from rag.generate.units import BELOW_ZERO, UNKNOWN, differs_in_unit, unit_of, with_unit
from rag.segment.script import listed

_MEASURES = (
    "个個名人位天日年月号號周小时時点點秒次座家亩畝米公里岁歲倍成吨噸户戶村章条條项項层層楼樓所班辆輛艘只隻头頭口件册冊本页頁"
    "种種类類届屆元角块塊斤克升度级級支台臺路段场場处處间間栋棟批封张張份轮輪组組队隊代便晚夜回件匹枚両歳階"
)
_NOT_NUMBERS = regex.compile(r"十分(?!钟|鐘|之)|万一|千万[要别不]|百姓|千家万户|四面八方|五湖四海|[一二三]农")

_HAN = "零〇○一二三四五六七八九十百千万萬亿億两兩만억"
_PLAIN = r"\d+(?:[,'’ \u00a0\u202f.]\d{3})*(?:[.,]\d+)?"
_BARE = r"\d+(?:,\d{3})*(?:\.\d+)?"
_PERCENT_AFTER = (
    r"\s*(?:%|‰|个?百分点|個?百分點|per\s?cents?|percent(?:age points?)?|pct|por ciento|por cento|pour cent|"
    r"per cento|prozent|процент\p{L}*|퍼센트|パーセント|เปอร์เซ็นต์|في المئة|بالمئة|بالمائة)"
)
_SCALE_WORDS = "|".join(sorted(map(regex.escape, SCALES), key=len, reverse=True))
_WORDS = "|".join(sorted(map(regex.escape, WORD_VALUES), key=len, reverse=True))
_FIGURE = regex.compile(
    rf"""(?P<tenths>[\d一二三四五六七八九两]+)成(?P<half>半?)(?![立为為员員功果都本绩績长長熟就])
    | (?P<percent>百分之)(?P<of100>{_PLAIN}|[{_HAN}]+(?:点[{_HAN}]+)?)
    | (?P<mixed>(?:{_BARE}\s?|[{_HAN}])*(?:{_BARE}\s?|[{_HAN}])[万萬亿億만억千百十][{_HAN}\d]*)
    | (?P<plain>{_PLAIN})(?:(?:[\s-]+|(?<=\d))(?P<scale>{_SCALE_WORDS})\b)?
    | (?P<han>[{_HAN}]+)
    | \b(?P<words>(?:{_WORDS})(?:[\s-]+(?:and\s+)?(?:{_WORDS}))*)\b""",
    regex.VERBOSE,
)
_PERCENT = regex.compile(_PERCENT_AFTER)
_MINUS = regex.compile(
    r"(?:零下|氷点下|영하|(?<![\p{L}\d])(?:minus|menos|moins|минус)\s|(?<![\p{L}\d.)])-)\s*$"
)
_BELOW = regex.compile(
    r"\s*(?:°\s?c|degrees?(?: celsius)?|grad)?\s+(?:below (?:zero|freezing)|unter null|bajo cero)"
)
_TIED = regex.compile(r"[\p{L}\d][-.]$")  # HM-20 is no hour


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, date, time or fraction of a text: its words, and each value that these may mean."""

    text: str
    values: frozenset[str]  # "3000", "30%", "-20"; see `dates`, `times`, `fractions` for theirs
    unit: str = UNKNOWN


def figures(text: str, *, strict: bool) -> list[Figure]:
    """The numbers, dates, times and fractions of `text`; see the module for `strict`."""
    folded = _folded(text)
    rest = list(folded)
    found = [*_dated(folded, rest), *_timed("".join(rest), rest, strict=strict)]
    for kind in (fractions, ordinals):
        for part in kind("".join(rest)):
            if part.sure or not strict:
                bare = {value[:-2] for value in part.values if value.endswith("nd")}
                found.append(Figure(folded[part.start : part.end].strip(), part.values | bare))
            if part.sure:
                _blank(rest, part.start, part.end)
    return [*found, *_numbers("".join(rest), strict=strict)]


def values(text: str) -> frozenset[str]:
    """Every value that stands somewhere in `text`: what it may support."""
    found = set(held_dates(_folded(text)))
    for figure in figures(text, strict=False):
        found |= figure.values
        found |= {with_unit(value.removeprefix("-"), _side(figure)) for value in figure.values}
    return frozenset(found)


def missing_figures(claim: str, held: frozenset[str]) -> list[str]:
    """The numbers and dates of `claim`, in its words, of which `held` has no value."""
    return [figure.text for figure in figures(claim, strict=True) if not _is_held(figure, held)]


def without_figures(text: str) -> str:
    """The text, folded, without its numbers and dates: these are compared by value, not by their words.

    Weekdays and ordinals stay: without them a sentence may have too few words that stand in its passage.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    for figure in figures(text, strict=True):
        if any(value.startswith("weekday") or value.endswith("nd") for value in figure.values):
            continue
        folded = folded.replace(figure.text, " ", 1)
    return folded


def _is_held(figure: Figure, held: frozenset[str]) -> bool:
    if any(contradicts(value, held) for value in figure.values):
        return False
    standing = [value for value in figure.values if holds_date(value, held)]
    if any(other_half(value) in held for value in figure.values):
        standing = [value for value in standing if value.startswith("at ")]
    return bool(standing) and not all(
        differs_in_unit(value.removeprefix("-"), _side(figure), held) for value in standing
    )


def _side(figure: Figure) -> str:
    """The unit of the figure; degrees below zero are others than those above."""
    below = any(value.startswith("-") for value in figure.values)
    return f"-{figure.unit}" if below and figure.unit in BELOW_ZERO else figure.unit


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.replace("⁄", "/")).casefold().replace("−", "-")
    return _NOT_NUMBERS.sub(lambda match: " " * len(match[0]), folded)


def _dated(folded: str, rest: list[str]) -> Iterator[Figure]:
    for kind in (dates, weekdays):
        for dated in kind(folded):
            yield Figure(folded[dated.start : dated.end].strip(), dated.values)
            _blank(rest, dated.start, dated.end)


def _timed(folded: str, rest: list[str], *, strict: bool) -> Iterator[Figure]:
    """Times of day. An hour alone may stand as a bare number in a passage, and be meant by one in a claim."""
    for time in times(folded):
        if strict:
            bare = {f"bare {time.hour}"} if time.minute is None else set()
        else:
            bare = {str(time.hour % 24), str((time.hour + 12) % 24), str(time.hour % 12 or 12)}
            bare |= {str(time.minute)} if time.minute is not None else set()
        yield Figure(folded[time.start : time.end].strip(), time.values | bare)
        _blank(rest, time.start, time.end)


def _blank(rest: list[str], start: int, end: int) -> None:
    rest[start:end] = " " * (end - start)


def _numbers(folded: str, *, strict: bool) -> Iterator[Figure]:
    for match in _FIGURE.finditer(folded):
        found = _values_of(match, folded, strict=strict)
        if not found:
            continue
        percent = match["percent"] or match["tenths"] or _PERCENT.match(folded, match.end())
        both = {f"{value}%" for value in found} if percent else found
        if percent and not strict:
            both = both | found
        unit = UNKNOWN if percent else unit_of(folded, *match.span())
        sign = _MINUS.search(folded, 0, match.start())
        if not percent and (sign or _BELOW.match(folded, match.end())):
            both = {f"-{value}" for value in both} | (set() if strict else both)
        elif not percent and not strict and not _TIED.search(folded, 0, match.start()):
            both = both | {f"bare {value}" for value in both}
        yield Figure(
            folded[sign.start() if sign else match.start() : match.end()].strip(), frozenset(both), unit
        )


def _values_of(match: regex.Match[str], folded: str, *, strict: bool) -> set[str]:
    """The values of one match; none where it is no number, or, if `strict`, may be none."""
    if match["tenths"]:
        tenths = _number_of(match["tenths"])
        return {_plain(tenths * 10 + (5 if match["half"] else 0))} if tenths else set()
    if match["of100"]:
        return {_plain(value) for value in [_number_of(match["of100"])] if value is not None}
    if match["plain"]:
        return _digit_values(match["plain"], match["scale"], strict=strict)
    if match["words"]:
        return _word_values(match["words"], strict=strict)
    text = match["mixed"] or match["han"]
    if strict and match["han"] and not _is_surely_a_number(text, folded, match.end()):
        return set()
    value = han_value(regex.sub(r"[ ,]", "", text))
    return set() if value is None else {_plain(value)}


def _digit_values(text: str, scale: str | None, *, strict: bool) -> set[str]:
    """Each value that digits may mean: "1.340" is 1.34 to some and 1340 to others."""
    readings = {regex.sub(r"[,'’ \u00a0\u202f]", "", text)}
    if regex.fullmatch(r"\d+[,]\d{1,2}|\d+,\d{4,}", text):
        readings = {text.replace(",", ".")}
    if regex.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", text):
        readings |= {text.replace(".", "").replace(",", ".")}
    if not strict and regex.search(r"[ \u00a0\u202f]", text):
        readings |= set(regex.split(r"[ \u00a0\u202f]", text))
    found = _scaled(readings, scale)
    if time := regex.fullmatch(r"(\d{1,2})\.([0-5]\d)", text):  # "at 12.15"
        found |= {f"at {(int(time[1]) + more) % 24}:{time[2]}" for more in (0, 12)}
    return found


def _scaled(readings: set[str], scale: str | None) -> set[str]:
    factor = SCALES[scale] if scale else 1
    found = set()
    for reading in readings:
        try:
            found.add(_plain(Decimal(reading) * factor))
        except InvalidOperation:  # "1.234.56": no number that anybody writes
            continue
    return found


def _word_values(text: str, *, strict: bool) -> set[str]:
    """Number words added up, "two hundred and five"; a single "one" says little."""
    total = group = 0
    for word in regex.split(r"[\s-]+(?:and\s+)?", text):
        value = WORD_VALUES[word]
        if value >= 1000:
            total, group = total + max(group, 1) * value, 0
        elif value == 100:
            group = max(group, 1) * 100
        else:
            group += value
    value = total + group
    if value <= 1 or (strict and text not in _ENGLISH and not regex.search(r"[\s-]", text)):
        return set()
    return {str(value)}


_ENGLISH = listed(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"""
)


def _is_surely_a_number(text: str, folded: str, end: int) -> bool:
    """Whether Han digits are a number and not part of a word."""
    if folded[end : end + 2] == "分之":
        return False
    if len(text) == 1:
        return text in "二两兩三四五六七八九十" and folded[end : end + 1] in _MEASURES and end < len(folded)
    if any(character in SMALL_UNITS or character in LARGE_UNITS for character in text):
        return any(character in HAN_DIGITS or character == "十" for character in text)
    return len(text) == 4  # a year; 三四 is "a few"


def _number_of(text: str) -> Decimal | None:
    if "点" in text:
        whole, _, part = text.partition("点")
        left, right = han_value(whole), han_value(part)
        return None if left is None or right is None else Decimal(f"{left}.{right}")
    if text[0].isdecimal():
        found = _digit_values(text, None, strict=True)
        return Decimal(min(found)) if found else None
    return han_value(text)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
