"""The names, quotations and codes of a sentence that must stand as they are in the passage that it cites.

Capitals inside a sentence (Latin, Cyrillic, Greek; not German, whose nouns all have them), Chinese persons
beside an office or a verb of speech, Chinese places by their last character, what stands in quotation marks,
and codes that mix letters and digits. Where writing tells nothing (the first word of a sentence, German,
scripts without capitals) a stretch counts that the model's states take for a name (`likeness`). Names are
written otherwise in another language, so across languages only codes count, and Latin words inside Chinese,
Japanese or Korean.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import regex

from rag.generate.likeness import Piece
from rag.language import function_words
from rag.segment.names import is_han_name
from rag.segment.script import listed
from rag.tokens import STEM, STEM_MARK, words

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
_UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_SPACED_WORD = regex.compile(
    rf"(?V1)[\p{{L}}--[{_UNSPACED_SCRIPTS}]][[\p{{L}}\p{{M}}’'\-]--[{_UNSPACED_SCRIPTS}]]*"
)
_UNSPACED = regex.compile(rf"[{_UNSPACED_SCRIPTS}]+")
# What a piece may hold beside a name: grammar inside it, prepositions before it, particles after it.
_BETWEEN = regex.compile("[的是了着谁誰哪在]|什么|什麼|何")
_EDGES = regex.compile(
    r"^[于於从從到自由向给給被把让讓和与與跟对對为為将將这這该該各每某年月日]+|"
    r"(?:さん|氏|は|が|を|に|の|で|と|も|へ|や|から|まで|[于於之和与與年说說上中下者们們人]|"
    r"은|는|이|가|을|를|에|에서|의|와|과|로|으로|도)+$"
)
_DETERMINED = regex.compile(
    r"(?:\b(?:d(?:er|ie|as|en|em|es)|(?:ein|kein|mein|sein|ihr|unser)(?:e[rsnm]?)?|im|am|zum|zur|beim|vom|"
    r"jede[rsnm]?|diese[rsnm]?|alle[rn]?|\d+))\s+$",
    regex.IGNORECASE,
)
_ENDING = regex.compile(r"['’](?:\p{Ll}{1,4})?$")  # Sallow's, İstanbul'da
_INFLECTING = listed("ru uk be sr hr sl pl cs sk lt lv fi et hu tr el ro")
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

# Likenesses (see `likeness`) from which a stretch is a name: where the script has capitals and shows one,
# where it has none, and of the parts of a run that holds a piece of the second.
LIKELY = 0.7
LIKELY_UNCASED = 0.85
LIKELY_PART = 0.55  # "大学" in 南京大学 is 0.59, in 这所大学 0.36
LIKELY_NOUN, LIKELY_DETERMINED = 0.8, 0.93  # German; the second after "den": "Hund" is 0.85, "Berlin" 0.98


def missing_names(
    claim: str, evidence: str, *, language: str, same_language: bool, pieces: Sequence[Piece] = ()
) -> list[str]:
    """The names, quotations and codes of `claim`, in its words, that do not stand in `evidence`.

    `pieces` are those of `claim` with what they look like; none where the model does not tell.
    """
    held = {word.text for word in words(evidence)}
    squeezed = _squeeze(evidence)
    missing = [code for code in _codes(claim) if _squeeze(code) not in squeezed]
    if language in ("zh", "ja", "ko") and (same_language or _LATIN_WORD.search(evidence)):
        missing += [word for word in _LATIN_WORD.findall(claim) if not _stands(word, held, language)]
    if same_language:
        missing += [quoted for quoted in _quotations(claim) if _squeeze(quoted) not in squeezed]
        if language == "zh":
            missing += [name for name in _han_names(claim) if name not in squeezed]
        names = [] if language in ("zh", "de") else list(_capitalised(claim))
        names += _likely_words(claim, pieces, language)
        missing += [name for name in names if not _stands(name, held, language)]
        missing += _uncovered(claim, pieces, squeezed, language)
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
        word = _ENDING.sub("", match[0])
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


def _likely_words(text: str, pieces: Sequence[Piece], language: str) -> Iterator[str]:
    """Words between spaces that look like names, and have a capital where their script has any."""
    common = function_words(language) | _NOT_NAMES
    for match in _SPACED_WORD.finditer(text):
        word = _ENDING.sub("", match[0])
        cased = word.lower() != word.upper()
        if (cased and not word[0].isupper()) or len(word) < 2 or word.casefold() in common:
            continue
        floor = LIKELY if cased else LIKELY_UNCASED
        if language == "de":
            floor = LIKELY_DETERMINED if _DETERMINED.search(text, 0, match.start()) else LIKELY_NOUN
        if _likeness(pieces, *match.span()) >= floor:
            yield word


def _likeness(pieces: Sequence[Piece], start: int, end: int) -> float:
    """The mean over the characters from `start` to `end`; 0 where no piece tells of them."""
    inside = [(min(end, one.end) - max(start, one.start), one.likeness) for one in pieces]
    inside = [(length, likeness) for length, likeness in inside if length > 0]
    total = sum(length for length, _ in inside)
    return sum(length * likeness for length, likeness in inside) / total if total else 0.0


def _uncovered(text: str, pieces: Sequence[Piece], squeezed: str, language: str) -> list[str]:
    """Runs of unspaced characters that look like a name, and of which the passage lacks a part.

    A part stands where it stands beside its neighbour: of 王小明 the last is missing where 王小红 is read.
    """
    found: list[str] = []
    for start, end in _runs(text, pieces):
        for part in _BETWEEN.split(text[start:end]):
            name = _EDGES.sub("", part)
            if len(name) > 1 and _lacks(_squeeze(name), squeezed, language):
                found.append(name)
    return found


def _runs(text: str, pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """The ends of each run of adjoining pieces that may be parts of names, one of which surely is."""
    run: list[Piece] = []
    for piece in [*pieces, Piece(len(text), len(text), 0.0)]:
        may_be = piece.likeness >= LIKELY_PART and bool(_UNSPACED.fullmatch(text, piece.start, piece.end))
        if run and not (may_be and piece.start == run[-1].end):
            if max(one.likeness for one in run) >= LIKELY_UNCASED:
                yield run[0].start, run[-1].end
            run = []
        if may_be:
            run.append(piece)


def _lacks(name: str, squeezed: str, language: str) -> bool:
    """Whether a character of the name stands nowhere beside its neighbour.

    A Chinese passage in the other form of Han cannot lack what it writes otherwise.
    """
    pairs = [name[place : place + 2] in squeezed for place in range(len(name) - 1)]
    beside = zip(name, [False, *pairs], [*pairs, False], strict=True)
    lacking = [character for character, before, after in beside if not before and not after]
    if (
        not lacking
        or language != "zh"
        or not any(_only_in(one, "gb2312") or _only_in(one, "big5") for one in name)
    ):
        return bool(lacking)
    own = "gb2312" if any(_only_in(one, "gb2312") for one in name) else "big5"
    other = "big5" if own == "gb2312" else "gb2312"
    return not any(_only_in(one, other) for one in squeezed)


@lru_cache(maxsize=1 << 14)
def _only_in(character: str, encoding: str) -> bool:
    """Whether of the two character sets of Chinese only this one has the character."""
    has = []
    for one in (encoding, "big5" if encoding == "gb2312" else "gb2312"):
        try:
            has.append(bool(character.encode(one)))
        except UnicodeEncodeError:
            has.append(False)
    return has == [True, False]


def _stands(word: str, held: set[str], language: str) -> bool:
    """Whether the word, or another form of it, is among the terms of the passage."""
    terms = [term.text for term in words(word)]
    whole = [term for term in terms if not term.endswith(STEM_MARK)]
    affixes = language in _INFLECTING or word.lower() == word.upper()
    return all(
        term in held
        or (len(term) > STEM and f"{term[:STEM]}{STEM_MARK}" in held)
        or (affixes and any(_same_but_for_affixes(term, other) for other in held))
        for term in whole
    )


def _same_but_for_affixes(one: str, other: str) -> bool:
    """Whether they differ in no more than an ending of two letters or a prefix of two: Анне, Анна."""
    short, long = sorted((one, other), key=len)
    if len(short) < 3 or other.endswith(STEM_MARK):
        return False
    if len(long) - len(short) <= 2 and long.endswith(short):
        return True
    common = max(3, len(long) - 2)
    return one[:common] == other[:common] and len(short) >= common


def _squeeze(text: str) -> str:
    return _SQUEEZED.sub("", unicodedata.normalize("NFKC", text).casefold())
