"""The times of day of a text: 8:30 a.m. = 上午8时30分 = "8:30 in the morning", and not 8:30 p.m.

Text is folded before it comes here. A time that says neither may be either; an hour above 12 says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from rag.generate.number_words import han_value

_AM = (
    r"a\.?m\b\.?|(?:o[’']clock )?in the morning|(?:uhr )?(?:morgens|früh|vormittags)|de la mañana|"
    r"du matin|утра|da manhã|del mattino"
)
_PM = (
    r"p\.?m\b\.?|(?:o[’']clock )?in the (?:afternoon|evening)|(?:uhr )?(?:nachmittags|abends)|"
    r"de la (?:tarde|noche)|de l[’']après-midi|du soir|вечера|da tarde|da noite|di sera"
)
_BEFORE = (
    r"(?:(?P<am1>上午|早上|早晨|清晨|清早|早|午前|朝|오전|아침)|"
    r"(?P<pm1>下午|傍晚|晚上|晚间|晚間|晚|午后|午後|夕方|오후|저녁))?\s*"
)
_HAN_HOUR = "[一二两三四五六七八九十]{1,3}"
_TIME = regex.compile(
    rf"{_BEFORE}(?:"
    r"(?<![\d.:])(?P<h1>\d{1,2}):(?P<m1>[0-5]\d)(?!\d)"
    rf"|(?<![\d.:一二三四五六七八九十百千])(?<!分之)(?P<h2>\d{{1,2}}|{_HAN_HOUR})\s*[点點时時시](?![间間代期候])(?![零〇一二三四五六七八九](?!.?分))"
    rf"\s*(?P<m2>半|[0-5]?\d\s*[分분]|{_HAN_HOUR}分|钟|鐘)?"
    rf"|(?<![\d.:])(?P<h3>\d{{1,2}})(?:\.(?P<m3>[0-5]\d))?(?=\s*(?:{_AM}|{_PM}|uhr\b))"
    r"|(?<![\d.:])(?P<h4>\d{1,2})\s?h\s?(?P<m4>[0-5]\d)\b"
    rf")(?:\s*(?:(?P<am2>{_AM})|(?P<pm2>{_PM})|uhr\b))?"
)


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """One time of a folded text, `text[start:end]`, and each value that it may mean."""

    start: int
    end: int
    hour: int
    minute: int | None  # None where it is not said
    values: frozenset[str]  # "at 20:30"

    @property
    def sure(self) -> bool:
        """Whether it says which half of the day it means."""
        return len(self.values) == 1


def times(folded: str) -> Iterator[TimeOfDay]:
    """The times of the text in order."""
    for match in _TIME.finditer(folded):
        hour = _number(next(match[name] for name in ("h1", "h2", "h3", "h4") if match[name]))
        said = next((match[name] for name in ("m1", "m2", "m3", "m4") if match[name]), None)
        minute = _minute(said) if said else None
        if not 0 <= hour <= 24:
            continue
        hours = {hour % 24, (hour + 12) % 24} if hour <= 12 else {hour % 24}
        if hour <= 12 and (match["am1"] or match["am2"]):
            hours = {hour % 12}
        elif hour <= 12 and (match["pm1"] or match["pm2"]):
            hours = {hour % 12 + 12}
        if hour == 12 and match["pm1"] and match["pm1"].startswith("晚"):
            hours = {0}  # 晚上12点
        values = frozenset(f"at {one}:{minute or 0:02}" for one in hours)
        yield TimeOfDay(*match.span(), hour, minute, values)


def other_half(value: str) -> str:
    """The time twelve hours away from "at 8:30"; "" for what is no time."""
    if not value.startswith("at "):
        return ""
    hour, _, minute = value[3:].partition(":")
    return f"at {(int(hour) + 12) % 24}:{minute}"


def _minute(text: str) -> int | None:
    if text in ("半", "钟", "鐘"):
        return 30 if text == "半" else None
    return _number(regex.sub(r"\s*[分분]", "", text))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else int(han_value(text) or 0)
