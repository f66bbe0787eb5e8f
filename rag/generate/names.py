"""The names, quotations and codes of a sentence that must stand as they are in the passage that it cites.

No model of names: capitals inside a sentence (Latin, Cyrillic, Greek; not German, whose nouns all have them),
Chinese persons beside an office or a verb of speech, Chinese places by their last character, what stands in
quotation marks, and codes that mix letters and digits. Names are written otherwise in another language, so
across languages only codes count, and Latin words inside Chinese, Japanese or Korean.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from rag.segment.names import is_han_name
from rag.segment.script import listed
from rag.tokens import STEM, words

_CAPITALISED = regex.compile(r"(?<![\p{L}\p{N}])\p{Lu}[\p{L}\p{M}\p{N}’'\-]*")
_SENTENCE_START = regex.compile(r"^[\s\"'“‘«(\[¿¡*_-]*$|[:.!?…]\s*[\"'“‘«(]*$")
_CODE = regex.compile(
    r"(?<![\p{Latin}\p{Nd}])(?=[A-Za-z0-9-]*[A-Za-z])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![\p{Latin}\p{Nd}])"
)
_COUNTED = regex.compile(r"\d+(?:st|nd|rd|th|s|p|k|m|km|cm|mm|kg|g|l|ha|h|am|pm|min)", regex.IGNORECASE)
_LATIN_WORD = regex.compile(r"\p{Latin}[\p{Latin}\p{M}’'\-]+")
_QUOTED = regex.compile(
    r"“([^“”]{2,40})”|「([^「」]{2,40})」|『([^『』]{2,40})』|《([^《》]{2,40})》|\"([^\"]{3,60})\""
)
_SQUEEZED = regex.compile(r"[\s\p{P}\p{S}]+")
_HAN_PLACE = regex.compile(
    r"(\p{Han})(?<![全该該本各每几幾城都上门門夜股超我这這那乡鄉村])([县縣市镇鎮])(?![级級长長场場民价價里裡内內])"
)
_OFFICE = (
    "书记|書記|县长|縣長|区长|區長|市长|市長|镇长|村长|主任|馆长|館長|局长|局長|院长|院長|校长|校長|经理|經理|教授|"
    "记者|記者|先生|女士|说|說|表示|介绍|介紹|认为|認為|负责|負責|指出|主持"
)
_HAN_PERSON = regex.compile(rf"(?<before>{_OFFICE})?(?P<name>\p{{Han}}{{2,3}}?)(?=(?P<after>{_OFFICE}))")
_NAMED = regex.compile(rf"(?:{_OFFICE}|由|人|是)(?P<name>\p{{Han}}{{2,3}})(?=[，。、,.；）)]|$)")
# Capitalised by custom, or first words of clauses that a colon or a dash sets off.
_NOT_NAMES = listed(
    """i the a an in on at by for from to of and or but it he she they we you this that these those according
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december english chinese mr mrs ms miss dr sir am pm"""
)


def missing_names(claim: str, evidence: str, *, language: str, same_language: bool) -> list[str]:
    """The names, quotations and codes of `claim`, in its words, that do not stand in `evidence`."""
    held = {word.text for word in words(evidence)}
    squeezed = _squeeze(evidence)
    missing = [code for code in _codes(claim) if _squeeze(code) not in squeezed]
    if language in ("zh", "ja", "ko") and (same_language or _LATIN_WORD.search(evidence)):
        missing += [word for word in _LATIN_WORD.findall(claim) if not _stands(word, held)]
    if same_language:
        missing += [quoted for quoted in _quotations(claim) if _squeeze(quoted) not in squeezed]
        if language == "zh":
            missing += [name for name in _han_names(claim) if name not in squeezed]
        elif language != "de":
            missing += [name for name in _capitalised(claim) if not _stands(name, held)]
    return list(dict.fromkeys(missing))


def _codes(text: str) -> Iterator[str]:
    for match in _CODE.finditer(unicodedata.normalize("NFKC", text)):
        if not _COUNTED.fullmatch(match[0]) and not match[0][0].isdecimal():
            yield match[0]


def _quotations(text: str) -> Iterator[str]:
    for match in _QUOTED.finditer(text):
        yield next(group for group in match.groups() if group)


def _capitalised(text: str) -> Iterator[str]:
    """Words with a capital that the beginning of a sentence does not explain."""
    found = list(_CAPITALISED.finditer(text))
    for place, match in enumerate(found):
        word = regex.sub(r"(?:['’]s|['’])$", "", match[0])
        followed = place + 1 < len(found) and text[match.end() : found[place + 1].start()] in (" ", "-")
        starts = _SENTENCE_START.search(text, 0, match.start()) is not None
        if word.casefold() not in _NOT_NAMES and len(word) > 1 and (not starts or followed):
            yield word


def _han_names(text: str) -> Iterator[str]:
    """Persons beside an office or a verb of speech; of places the last two characters (溪县)."""
    for pattern in (_HAN_PERSON, _NAMED):
        for match in pattern.finditer(text):
            if is_han_name(match["name"]):
                yield match["name"]
    for match in _HAN_PLACE.finditer(text):
        yield match[1] + match[2]


def _stands(word: str, held: set[str]) -> bool:
    """Whether the word, or for an inflected form its stem, is among the terms of the passage."""
    terms = [term.text for term in words(word)]
    whole = [term for term in terms if not term.endswith("~")]
    return all(term in held or (len(term) > STEM and f"{term[:STEM]}~" in held) for term in whole)


def _squeeze(text: str) -> str:
    return _SQUEEZED.sub("", unicodedata.normalize("NFKC", text).casefold())
