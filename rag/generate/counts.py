"""One of a thing where the passage has several: "one boat" of two boats, 一个村 of 两个村; first of second.

"One" and 一 stand for much else, so that they count only where the passage says another number of the very
same thing and never one, a or this. English and Chinese alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from rag.generate.number_words import WORD_VALUES
from rag.language import function_words
from rag.segment.script import listed

_MEASURE = "[个個座条條只隻艘家名位所间間栋棟台臺辆輛项項册冊张張份届屆口块塊]"
_MANY_HAN = r"(?:[二两兩三四五六七八九十百千万]+|\d*[2-9]|\d+\d)"
_ONE = regex.compile(r"\b(?P<number>one|first)\s+(?P<noun>\p{Ll}{3,})")
_ONE_HAN = regex.compile(
    rf"(?P<number>(?<![\p{{Han}}\d第])一|(?<=[了有是的在])一|第一)(?P<measure>{_MEASURE})(?P<noun>\p{{Han}}{{1,2}})"
)
_SINGLE = "one|an?|each|every|this|that|the|single|1|per|another"
_MANY = "|".join(sorted((word for word, value in WORD_VALUES.items() if value > 1), key=len, reverse=True))
_LATER = "second|third|fourth|fifth|2nd|3rd|4th|5th"
_NO_THING = listed("another day time side hand way thing who whom which third half quarter more year")


def missing_counts(claim: str, evidence: str) -> list[str]:
    """What the claim, in its words, has one of or calls the first, and the passage several or a later one."""
    said, held = (unicodedata.normalize("NFKC", text).casefold() for text in (claim, evidence))
    return [*_english(said, held), *_chinese(said, held)]


def _english(said: str, held: str) -> Iterator[str]:
    for match in _ONE.finditer(said):
        noun = match["noun"]
        if noun in _NO_THING or noun in function_words("en"):
            continue
        thing = rf"{regex.escape(noun)}(?:e?s)?\b"
        if match["number"] == "first":
            other, same = rf"\b(?:{_LATER})\s+{thing}", r"\bfirst\b|\b1st\b"
        else:
            other = rf"(?<![\d.,])(?:\b(?:{_MANY})|\d*[2-9]|\d+\d)\s+{thing}"
            same = rf"\b(?:{_SINGLE})\s+(?:\p{{L}}+\s+)?{regex.escape(noun)}\b"
        if regex.search(other, held) and not regex.search(same, held):
            yield match[0]


def _chinese(said: str, held: str) -> Iterator[str]:
    for match in _ONE_HAN.finditer(said):
        thing = match["measure"] + match["noun"]
        first = match["number"] == "第一"
        for end in (len(thing), len(thing) - 1):
            if end < 2:
                continue
            other = rf"第{_MANY_HAN}{thing[:end]}" if first else rf"(?<!第){_MANY_HAN}{thing[:end]}"
            same = (
                "第一|首|头|頭|第1"
                if first
                else rf"[一1这這那该該每某各几]{thing[:end]}|(?<!\d)1{thing[:end]}"
            )
            if regex.search(other, held) and not regex.search(same, held):
                yield match["number"] + thing[:2]
                break
