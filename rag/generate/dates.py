"""The dates and weekdays of a text, as values that compare across notations and languages.

A date is one thing: 2022年4月3日 = "3 April 2022" = 03.04.2022 = 2022/04/03, and "3 April 2021 … 5 May 2022"
holds no 3 April 2022. 03/04/2022 may be April or March. A passage may leave out the year of a date that a
claim gives, where that year stands elsewhere in it. Text is folded before it comes here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from rag.generate.number_words import MONTHS, WEEKDAYS, han_value

_MONTH = "|".join(sorted(map(regex.escape, MONTHS), key=len, reverse=True))
# A month only beside a day or a year, or after a word that places something in time.
_ALSO_WORDS = {"may", "march", "mars", "mar", "mai", "sep", "dec", "mei", "jan", "juli"}
_CLEAR_MONTH = "|".join(sorted(map(regex.escape, MONTHS.keys() - _ALSO_WORDS), key=len, reverse=True))
_UNCLEAR_MONTH = "|".join(sorted(map(regex.escape, _ALSO_WORDS), key=len, reverse=True))
_PLACING = (
    "in|since|until|till|from|by|of|last|next|this|early|late|mid|during|before|after|"
    "en|im|seit|bis|ab|depuis"
)
_TO = r"\s*(?:-|–|—|~|〜|to|and|until|bis|und|al|a|y|à|au|et|от|до|по|и|至|到|和|から|및)\s*"
_HAN_NUMBER = "[一二三四五六七八九十]"
_YEAR = r"(?:\d{4}|[一二][〇○零一二三四五六七八九]{3})"
_DATE = regex.compile(
    rf"""(?<!\d)(?P<y1>\d{{4}})(?P<cut>[-/.])(?P<m1>\d{{1,2}})(?P=cut)(?P<d1>\d{{1,2}})(?!\d)
    | (?<![\d-])(?P<y7>\d{{4}})-(?P<m7>0[1-9]|1[0-2])(?![\d-])
    | (?<!\d)(?P<d2>\d{{1,2}})[./](?P<m2>\d{{1,2}})[./](?P<y2>\d{{4}})(?!\d)
    | (?:(?P<y3>{_YEAR})\s*[年년]\s*)?(?<!\d)(?P<m3>\d{{1,2}}|{_HAN_NUMBER}{{1,2}})\s*[月월](?![曜])\s*
      (?:(?P<d3>\d{{1,2}}|{_HAN_NUMBER}{{1,3}})\s*[日号號일]
         (?:\s*[(（]\p{{L}}{{1,3}}[)）])?(?:{_TO}(?P<e3>\d{{1,2}}|{_HAN_NUMBER}{{1,3}})\s*[日号號일])?)?
    | (?:(?<!\d)(?P<e4>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?{_TO})?
      (?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+|d[’'])?(?P<m4>{_MONTH})\b\.?
      (?:,?\s+(?:(?:of|de|del)\s+)?(?P<y4>\d{{4}})(?!\d))?
    | \b(?P<m5>{_MONTH})\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.])
      (?:{_TO}(?P<e5>\d{{1,2}})(?![\d:]))?(?:,?\s+(?P<y5>\d{{4}})(?!\d))?
    | \b(?P<m6>{_MONTH})\.?\s+(?:of\s+|de\s+|del\s+)?(?P<y6>\d{{4}})(?!\d)
    | \b(?P<m8>{_CLEAR_MONTH})\b
    | \b(?:{_PLACING})[ -](?P<m9>{_UNCLEAR_MONTH})\b(?!\s+(?:be|have|not)\b)""",
    regex.VERBOSE,
)
_WEEKDAY = "|".join(sorted(map(regex.escape, WEEKDAYS), key=len, reverse=True))
_HAN_DAYS = "一二三四五六日"
_EAST_DAYS = "月火水木金土日"
_WEEK = regex.compile(
    rf"""\b(?P<word>{_WEEKDAY})(?:s|e|en|у|ы|а|е|я|ю)?\b
    | (?:星期|礼拜|禮拜|周|週)(?P<han>[{_HAN_DAYS}天])(?![次回个個年月期年边邊围圍到期])
    | (?P<east>[{_EAST_DAYS}])(?:曜|(?=[・、][{_EAST_DAYS}]曜))
    | [(（](?P<bracket>[{_EAST_DAYS}])[)）]
    | (?P<korean>[월화수목금토일])요일""",
    regex.VERBOSE,
)
_LOOSE = regex.compile(
    r"(?P<all>\b(?:daily|every day|each day|täglich|todos los días|tous les jours|ежедневно)\b|"
    r"每天|每日|天天|毎日|매일)|"
    r"(?P<work>\b(?:weekdays?|working days?|werktags?)\b|工作日|平日|평일)|"
    r"(?P<end>\b(?:weekends?|wochenende|fin de semana|week-end)\b|周末|週末|双休日|土日|주말)"
)
NEAR = 12  # characters between a weekday and the date that it belongs to
_SPANS = {"all": range(1, 8), "work": range(1, 6), "end": range(6, 8)}


@dataclass(frozen=True, slots=True)
class Dated:
    """One date or weekday of a folded text, `text[start:end]`, and each value that it may mean."""

    start: int
    end: int
    values: frozenset[str]  # "2022-04-03", "2022-04", "--04-03", "--04"; "weekday 3" (Monday is 1)


def dates(folded: str) -> list[Dated]:
    """The dates of the text in order."""
    found = []
    for match in _DATE.finditer(folded):
        values = frozenset(
            f"{year}-{rest}" if year else f"--{rest}" for year, rest in _readings(match, ends=False)
        )
        if values:
            found.append(Dated(*match.span(), values))
    return found


def weekdays(folded: str) -> list[Dated]:
    """The weekdays of the text in order; one beside a date is that date's: "--04-03 weekday 3" as well."""
    found = []
    for match in _WEEK.finditer(folded):
        weekday = f"weekday {_number(match)}"
        own = {f"{rest} {weekday}" for rest in _beside(folded, match)}
        found.append(Dated(*match.span(), frozenset({weekday} | own)))
    return found


def _beside(folded: str, weekday: regex.Match[str]) -> set[str]:
    """The days ("--04-03") next to the weekday, with no more than an article or a comma between."""
    first, last = max(weekday.start() - 40, 0), weekday.end() + 40
    days = set()
    for match in _DATE.finditer(folded, first, last):
        between = folded[match.end() : weekday.start()] or folded[weekday.end() : match.start()]
        if len(between) <= NEAR and not regex.search(r"[.;。；]\s", between):
            days |= {f"--{rest}" for _, rest in _readings(match, ends=False) if len(rest) > 2}
    return days


def contradicts(value: str, held: frozenset[str]) -> bool:
    """Whether the passage gives the date of "--04-03 weekday 3" another weekday only."""
    day, _, weekday = value.partition(" weekday ")
    others = (f"{day} weekday {number}" for number in range(1, 8) if str(number) != weekday)
    return bool(day and weekday) and value not in held and any(other in held for other in others)


def held_dates(folded: str) -> Iterator[str]:
    """What a passage holds: its dates, whole and without year or day, and weekdays, also those between two.

    "?-04-03" is a date without its year.
    """
    for match in _DATE.finditer(folded):
        for year, rest in _readings(match, ends=True):
            for shorter in {rest, rest[:2]}:
                yield f"--{shorter}"
                yield f"{year or '?'}-{shorter}"
            if len(rest) > 2:
                yield str(int(rest[3:]))
            if year and len(rest) > 2:
                for weekday in _weekday_of(int(year), rest):
                    yield from (weekday, f"--{rest} {weekday}")
            if year:
                yield year
    for dated in weekdays(folded):
        yield from dated.values
    yield from _held_weekdays(folded)


def holds_date(value: str, held: frozenset[str]) -> bool:
    """Whether the date stands as one; its year may stand apart from a date that has none of its own."""
    year, _, rest = value.partition("-")
    return value in held or (year.isdecimal() and len(year) == 4 and f"?-{rest}" in held and year in held)


def _readings(match: regex.Match[str], *, ends: bool) -> list[tuple[str, str]]:
    """(year or "", "04-03" or "04") of each date that the match may be; with `ends`, both of a range."""
    year = _part(match, "y")
    month_text = _part(match, "m")
    days = [_part(match, "d"), *([_part(match, "e")] if ends else [])]
    number = f"{_small(year):04}" if year else ""
    found = []
    for day_text in dict.fromkeys(days[:1] + [day for day in days[1:] if day]):
        month = MONTHS.get(month_text) or _small(month_text)
        day = _small(day_text) if day_text else None
        both: list[tuple[int, int | None]] = [(month, day)]
        if day is not None and match["d2"] and "/" in match[0]:
            both.append((day, month))
        for one, other in both:
            if 1 <= one <= 12 and (other is None or 1 <= other <= 31):
                found.append((number, f"{one:02}" if other is None else f"{one:02}-{other:02}"))
    return found


def _part(match: regex.Match[str], kind: str) -> str:
    names = [name for name in match.re.groupindex if name[0] == kind and name[1:].isdecimal()]
    return next((match[name] for name in names if match[name]), "")


def _weekday_of(year: int, rest: str) -> Iterator[str]:
    try:
        yield f"weekday {datetime.date(year, int(rest[:2]), int(rest[3:])).isoweekday()}"
    except ValueError:  # 31 June
        return


def _held_weekdays(folded: str) -> Iterator[str]:
    before: tuple[int, int] | None = None  # where the last one ended, and which it was
    for match in _WEEK.finditer(folded):
        number = _number(match)
        yield f"weekday {number}"
        if before and regex.fullmatch(rf"日?{_TO}(?:the\s+)?", folded[before[0] : match.start()]):
            between = range(before[1], before[1] + (number - before[1]) % 7)
            yield from (f"weekday {day % 7 or 7}" for day in between)
        before = (match.end(), number)
    for loose in _LOOSE.finditer(folded):
        yield from (f"weekday {day}" for day in _SPANS[str(loose.lastgroup)])


def _number(match: regex.Match[str]) -> int:
    if match["word"]:
        return WEEKDAYS[match["word"]]
    if match["han"]:
        return _HAN_DAYS.index(match["han"].replace("天", "日")) + 1
    if match["korean"]:
        return "월화수목금토일".index(match["korean"]) + 1
    return _EAST_DAYS.index(match["east"] or match["bracket"]) + 1


def _small(text: str) -> int:
    return int(text) if text.isdecimal() else int(han_value(text) or 0)
