"""Bylines in scripts that put spaces between words: By Jane Roe; Jane Roe, Mayor of X; 김철수 기자."""

from __future__ import annotations

import regex

from rag.segment.byline import CERTAIN, LIKELY, POSSIBLE, Byline
from rag.segment.names import (
    is_given_name,
    is_korean_name,
    is_single_name,
    word_name_at_end,
    word_name_at_start,
)
from rag.segment.script import width

# Words that come before the name of an author: those that can hardly be the beginning of anything else ...
_BY_CERTAIN = (
    r"(?:(?:words|story|text|article|report|interview|essay|review|analysis|poem|photos?\s+and\s+text|words\s+and\s+pictures|"
    r"written|reported|posted|compiled|reporting|interviewed)\s+by|by|as\s+told\s+to|escrito\s+por|texto\s+de|propos\s+recueillis\s+par|"
    r"aufgezeichnet\s+von|a\s+cura\s+di|author|autora?|auteure?|autore|autrice|texto|testo|texte|text|reporter|verfasser(?:in)?|"
    r"yazan|napisała?|автор|текст|беседовал[аи]?|подготовил[аи]?|tác\s+giả|penulis)"
)
# ... and those that are also common prepositions.
_BY_LIKELY = r"(?:por|par|von|di|door|av|af|oleh|bởi|bài)"
_BY = regex.compile(
    rf"(?P<role>(?P<certain>{_BY_CERTAIN})|{_BY_LIKELY})(?:\s*[:：]\s*|\s+)(?P<rest>\S.*)", regex.IGNORECASE
)
_BY_INSIDE = regex.compile(rf"\b(?:{_BY_CERTAIN}|{_BY_LIKELY})[\s:]", regex.IGNORECASE)
_WORK_BY = regex.compile(
    r"(?P<role>(?!(?:photo|picture|illustrat|drawing|edit|translat|direct|music|cover|design)\p{L}*\b)"
    r"(?:[\p{L}’'\-]+\s+){1,4}by)\s+(?P<rest>\S.*)",
    regex.IGNORECASE,
)
_BY_CASELESS = regex.compile(
    r"(?P<role>بقلم|كتب(?:ت|ه|ته)?|إعداد|تحرير|حوار|حاور(?:ه|ته|ها)|أجر[ىت] الحوار|تقرير|نوشته|به قلم|"
    r"نویسنده|مترجم|"
    r"(?:เรื่อง(?:และภาพ)?|เขียน|สัมภาษณ์|รายงาน)โดย|โดย|เรื่อง(?:และภาพ)?|ผู้เขียน|ผู้สื่อข่าว|लेखक|लेखिका|द्वारा|글|글·사진|글쓴이|מאת|Του|Της)"
    r"(?:\s*[:：/\-–]\s*|\s+)(?P<rest>\S.*)"
)
_KOREAN_REPORTER = regex.compile(
    r"(?:[\p{Hangul}\w]{2,10}[=\s]\s*)?(?P<name>[가-힣]{2,4})\s*(?P<role>(?:\p{Hangul}{2,6}\s*)?(?:기자|특파원|논설위원|칼럼니스트))(?:\s+\S+@\S+)?"
)
_KOREAN_OFFICE = regex.compile(
    r"(?P<role>[\p{Hangul}·\s]{2,30}(?:시장|군수|구청장|교수|의원|장관|대표|위원장?|원장|회장|소장|국장|과장|부장|사장|작가|연구원|변호사|감독|교사|박사))"
    r"\s+(?P<name>[가-힣]{2,4})"
)
_OFFICE = regex.compile(
    r"\b(?:mayor|vice|president|chair\w*|director|professor|lecturer|minister|secretary|editor|correspondent|reporter|officer|"
    r"head|chief|manager|member|governor|senator|author|founder|writer|analyst|columnist|fellow|dean|rector|principal|"
    r"commissioner|councill?or|deputy|ambassador|spokes\w+|CEO|CTO|CFO|leader|partner|attorney|judge|captain|general|"
    r"nurse|teacher|engineer|scientist|researcher|student|farmer|historian|economist|curator|librarian|sheriff|bishop|"
    r"alcalde(?:sa)?|presidente?a?|directora?|ministr[oa]|profesora?|rectora?|secretari[oa]|redactora?|periodista|conceja\w*|"
    r"maire|président\w*|directeur|directrice|ministre|journaliste|rédact\w+|professeure?|sindac[oa]|ministro|giornalista|"
    r"\w*(?:bürgermeister|präsident|direktor|leiter|minister|professor|redakteur|landrat|landrätin)(?:in)?|prefeit[oa]|jornalista|"
    r"burgemeester|borgmester|ordfører|мэр|министр|директор|профессор|корреспондент|редактор|депутат|губернатор|глава|президент)\b",
    regex.IGNORECASE,
)
_AND = regex.compile(r"\s+(?:and|y|e|et|und|en|och|og|i|и|&)\s+|\s*,\s+(?:and\s+)?")
_SEPARATOR = regex.compile(r" \| |;\s*| · ")
_FOOTMARK = regex.compile(r"\s*(?:\(\d+(?:,\s*\d+)*\)|\[\d+\]|[¹²³⁴⁵⁶⁷⁸⁹⁰*†‡§]+)")
_DASH = regex.compile(r"^[—–―─-]{1,2}\s*")


def word_byline(text: str, *, marked: bool) -> Byline | None:
    """Who speaks by this line; `marked` says that a dash or a mark stood before it."""
    if text[0].islower() and not _BY_INSIDE.search(text):
        return None
    for pattern in (_KOREAN_REPORTER, _KOREAN_OFFICE):
        match = pattern.fullmatch(text)
        if match and is_korean_name(match["name"]):
            return Byline(
                match["name"], match["role"].strip(), CERTAIN if pattern is _KOREAN_REPORTER else LIKELY
            )
    other = _BY_CASELESS.fullmatch(text)
    if other and len(other["rest"].split()) <= 6:
        return Byline(other["rest"].strip(" ،,:"), other["role"], CERTAIN)
    credit = _BY.fullmatch(text)
    if credit and (
        found := _credited(credit["role"], credit["rest"], CERTAIN if credit["certain"] else LIKELY)
    ):
        return found
    work = _WORK_BY.fullmatch(text)
    if work and (found := _credited(work["role"], work["rest"], CERTAIN)) and found.role == work["role"]:
        return found
    found = _name_and_office(text)
    if found and marked and found.strength < CERTAIN:
        return Byline(found.speaker, found.role, found.strength + 1, found.is_sure_name)
    return found


def _credited(role: str, rest: str, strength: int) -> Byline | None:
    """By Jane Roe; By Jane Roe and John Doe; By Jane Roe, Mayor of X; by Jane Roe | The Herald."""
    rest = _FOOTMARK.sub("", rest)
    split = _SEPARATOR.search(rest)
    beside = rest[split.end() :] if split else ""
    rest = rest[: split.start()] if split else rest
    speaker = _names_at_start(rest)
    if not speaker:
        return Byline(rest, role, LIKELY) if is_single_name(rest) else None
    office = rest[len(speaker) :].strip(" ,–—-()")
    if len(office.split()) > 8 or (office and office[0].isalpha() and rest[len(speaker) :][:1].isalpha()):
        return None
    return Byline(speaker, office or (beside if _OFFICE.search(beside) else "") or role, strength)


def _names_at_start(text: str) -> str:
    """The longest run of names with which `text` begins, as printed."""
    end = position = 0
    while name := word_name_at_start(text[position:]):
        if position and _OFFICE.search(name):
            break
        end = position + len(name)
        link = _AND.match(text, end)
        if not link:
            break
        position = link.end()
    return text[:end]


def _name_and_office(text: str) -> Byline | None:
    """Jane Roe, Mayor of X; Mayor Jane Roe; Jane Roe; Jane Roe (1) and John Doe (2), who sign no passage."""
    plain = _FOOTMARK.sub("", text)
    speaker = _names_at_start(plain)
    if speaker:
        after = plain[len(speaker) :]
        office = after.strip(" ,–—-()|")
        if not office:
            if plain != text:
                return Byline("", "", LIKELY)
            return _bare(speaker)
        if after.lstrip()[:1] in tuple(",–—-(|") and _OFFICE.search(office) and len(office.split()) <= 12:
            return Byline(speaker, office, CERTAIN if width(text) < 70 else LIKELY)
    name = word_name_at_end(plain)
    office = plain[: len(plain) - len(name)].strip(" ,:")
    if name and office and _OFFICE.search(office) and len(office.split()) <= 8:
        return Byline(name, office, LIKELY)
    return None


def _bare(names: str) -> Byline | None:
    """Nothing but names."""
    words = names.split()
    if all(word.isupper() for word in words) and len(words) > 3:
        return None
    is_sure = is_given_name(words[0]) or any(len(word) == 2 and word[1] == "." for word in words[:-1])
    return Byline(names, "", POSSIBLE, is_sure_name=is_sure)
