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

from rag.generate.number_words import MONTHS, SCALES, WORD_VALUES
from rag.segment.script import listed

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "兩": 2, "○": 0,
}  # fmt: skip
_SMALL_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE_UNITS = {"万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8}
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
_MONTH = "|".join(sorted(map(regex.escape, MONTHS), key=len, reverse=True))
_ALSO_WORDS = {"may", "march", "mars", "mar"}  # a month only beside a day
_CLEAR_MONTH = "|".join(sorted(map(regex.escape, MONTHS.keys() - _ALSO_WORDS), key=len, reverse=True))
_DATE = regex.compile(
    rf"""(?P<year>\d{{4}})-(?P<m1>\d{{1,2}})(?:-(?P<d1>\d{{1,2}}))?(?!\d)
    | (?<!\d)(?P<d2>\d{{1,2}})\.(?P<m2>\d{{1,2}})\.(?P<year2>\d{{4}})
    | (?P<m3>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s*[月월]\s*
      (?:(?P<d3>\d{{1,2}}|[一二三四五六七八九十]{{1,3}})\s*[日号號일])?
    | (?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?(?P<m4>{_MONTH})\b
    | \b(?P<m5>{_MONTH})\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])
    | \b(?P<m6>{_CLEAR_MONTH})\b""",
    regex.VERBOSE,
)
_FIGURE = regex.compile(
    rf"""(?P<tenths>[\d一二三四五六七八九两]+)成(?P<half>半?)(?![立为為员員功果都本绩績长長熟就])
    | (?P<percent>百分之)(?P<of100>{_PLAIN}|[{_HAN}]+(?:点[{_HAN}]+)?)
    | (?<![\d.])(?P<hour>\d{{1,2}}|[一二两三四五六七八九十]{{1,3}})
      (?::(?P<minute>\d\d)(?!\d)|[点點时時](?P<rest>半|\d\d?分|钟|鐘)?)(?P<noon>\s*[ap]\.?m\b)?
    | (?P<clock>(?<![\d.])\d{{1,2}}(?:[.:]\d\d)?)\s*(?P<noon2>[ap]\.?m\b)
    | (?P<mixed>(?:{_BARE}\s?|[{_HAN}])*(?:{_BARE}\s?|[{_HAN}])[万萬亿億만억千百十][{_HAN}\d]*)
    | (?P<plain>{_PLAIN})(?:(?:[\s-]+|(?<=\d))(?P<scale>{_SCALE_WORDS})\b)?
    | (?P<han>[{_HAN}]+)
    | \b(?P<words>(?:{_WORDS})(?:[\s-]+(?:and\s+)?(?:{_WORDS}))*)\b""",
    regex.VERBOSE,
)
_PERCENT = regex.compile(_PERCENT_AFTER)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number or date of a text: its words, and each value that these may mean."""

    text: str
    values: frozenset[str]  # "3000", "30%", "--04-03" (a date without its year), "--04" (a month)


def figures(text: str, *, strict: bool) -> list[Figure]:
    """The numbers and dates of `text` in order; see the module for `strict`."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = _NOT_NUMBERS.sub(lambda match: " " * len(match[0]), folded)
    found: list[Figure] = []
    rest = list(folded)
    for match in _DATE.finditer(folded):
        date = _date(match)
        if date is not None:
            found.append(date)
            keep = "year" if match["year"] else "year2" if match["year2"] else None
            kept = match.span(keep) if keep else (0, 0)
            for place in range(*match.span()):
                if not kept[0] <= place < kept[1]:
                    rest[place] = " "
    found += _numbers("".join(rest), strict=strict)
    return found


def values(text: str) -> frozenset[str]:
    """Every value that stands somewhere in `text`: what it may support."""
    return frozenset().union(*(figure.values for figure in figures(text, strict=False)), _parts(text))


def missing_figures(claim: str, held: frozenset[str]) -> list[str]:
    """The numbers and dates of `claim`, in its words, of which `held` has no value."""
    return [figure.text for figure in figures(claim, strict=True) if not figure.values & held]


def without_figures(text: str) -> str:
    """The text, folded, without its numbers and dates: these are compared by value, not by their words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    for figure in figures(text, strict=True):
        folded = folded.replace(figure.text, " ", 1)
    return folded


def _date(match: regex.Match[str]) -> Figure | None:
    month_text = next(match[name] for name in ("m1", "m2", "m3", "m4", "m5", "m6") if match[name])
    day_text = next((match[name] for name in ("d1", "d2", "d3", "d4", "d5") if match[name]), None)
    month = MONTHS.get(month_text) or _small(month_text)
    day = None if day_text is None else _small(day_text)
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    value = f"--{month:02}" if day is None else f"--{month:02}-{day:02}"
    return Figure(match[0].strip(), frozenset((value,)))


def _parts(text: str) -> frozenset[str]:
    """The months and days of the text's dates, which a claim may name without the rest."""
    found: set[str] = set()
    for figure in figures(text, strict=False):
        for value in figure.values:
            if value.startswith("--"):
                found.add(value[:4])
                if len(value) > 4:
                    found.add(str(int(value[5:])))
    return frozenset(found)


def _small(text: str) -> int:
    return int(text) if text.isdecimal() else int(han_value(text) or 0)


def _numbers(folded: str, *, strict: bool) -> Iterator[Figure]:
    for match in _FIGURE.finditer(folded):
        found = _values_of(match, folded, strict=strict)
        if found:
            percent = match["percent"] or match["tenths"] or _PERCENT.match(folded, match.end())
            both = {f"{value}%" for value in found} if percent else found
            if percent and not strict:
                both = both | found
            yield Figure(match[0].strip(), frozenset(both))


def _values_of(match: regex.Match[str], folded: str, *, strict: bool) -> set[str]:
    """The values of one match; none where it is no number, or, if `strict`, may be none."""
    if match["tenths"]:
        tenths = _number_of(match["tenths"])
        return {_plain(tenths * 10 + (5 if match["half"] else 0))} if tenths else set()
    if match["of100"]:
        return {_plain(value) for value in [_number_of(match["of100"])] if value is not None}
    if match["hour"]:
        return _clock(_small(match["hour"]), match, strict=strict)
    if match["clock"]:
        return _clock(int(regex.split("[.:]", match["clock"])[0]), match, strict=strict)
    if match["plain"]:
        return _digit_values(match["plain"], match["scale"], strict=strict)
    if match["words"]:
        return _word_values(match["words"], strict=strict)
    text = match["mixed"] or match["han"]
    if strict and match["han"] and not _is_surely_a_number(text, folded, match.end()):
        return set()
    value = han_value(regex.sub(r"[ ,]", "", text))
    return set() if value is None else {_plain(value)}


def _clock(hour: int, match: regex.Match[str], *, strict: bool) -> set[str]:
    """A time of day; the hour alone where no minutes are said. A passage's counts on both dials."""
    said = match["minute"] or match["rest"] or ""
    minutes = 30 if said == "半" else int("".join(c for c in said if c.isdecimal()) or -1)
    if match["clock"]:
        parts = regex.split("[.:]", match["clock"])
        minutes = int(parts[1]) if len(parts) > 1 else -1
    hours = {hour} if strict else {hour, (hour + 12) % 24, hour % 12 or 12}
    found = {f"{one}:{minutes:02}" if minutes > 0 else str(one) for one in hours}
    if not strict:
        found |= {str(one) for one in hours} | ({str(minutes)} if minutes >= 0 else set())
    return found


def _digit_values(text: str, scale: str | None, *, strict: bool) -> set[str]:
    """Each value that digits may mean: "1.340" is 1.34 to some and 1340 to others."""
    readings = {regex.sub(r"[,'’ \u00a0\u202f]", "", text)}
    if regex.fullmatch(r"\d+[,]\d{1,2}|\d+,\d{4,}", text):
        readings = {text.replace(",", ".")}
    if regex.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", text):
        readings |= {text.replace(".", "").replace(",", ".")}
    if not strict and regex.search(r"[ \u00a0\u202f]", text):
        readings |= set(regex.split(r"[ \u00a0\u202f]", text))
    if not strict and (time := regex.fullmatch(r"(\d{1,2})\.([0-5]\d)", text)):
        readings |= {f"{time[1]}:{time[2]}"}  # "12.15 a.m."
        return _scaled(readings - {f"{time[1]}:{time[2]}"}, scale) | {f"{int(time[1])}:{time[2]}"}
    return _scaled(readings, scale)


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
    if any(character in _SMALL_UNITS or character in _LARGE_UNITS for character in text):
        return any(character in _DIGITS or character == "十" for character in text)
    return len(text) == 4  # a year; 三四 is "a few"


def han_value(text: str) -> Decimal | None:
    """The value of a number in Han digits, or in digits and Han units (1万2千, 二〇二二); None where none."""
    if all(character in _DIGITS for character in text):
        return Decimal("".join(str(_DIGITS[character]) for character in text))
    total = section = Decimal(0)
    digit: Decimal | None = None
    for token in regex.findall(r"\d+(?:\.\d+)?|.", text):
        if token in _DIGITS:
            digit = Decimal(_DIGITS[token])
        elif token[0].isdecimal():
            digit = Decimal(token)
        elif token in _SMALL_UNITS:
            section += (Decimal(1) if digit is None else digit) * _SMALL_UNITS[token]
            digit = None
        elif token in _LARGE_UNITS:
            section += digit or 0
            if not section:
                return None
            total, section, digit = total + section * _LARGE_UNITS[token], Decimal(0), None
        else:
            return None
    result = total + section + (digit or 0)
    return result if result or "零" in text else None


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
