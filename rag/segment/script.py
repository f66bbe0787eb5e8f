"""What a character is: its script, its width, and what it says about an end, a beginning or a going on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import regex

# Ends a sentence, in any script. Thai and Lao have no such mark.
TERMINAL = frozenset(".!?。！？…‥｡．؟۔।॥፧።։჻‼⁇⁈⁉ฯ๚๛។៕⋯")
# May stand after the mark that ends a sentence, and closes what was opened before it.
CLOSERS = frozenset("”’」』）)]】〕〉》］｝}»›\"'＂＇〞〟❞")
OPENERS = frozenset("“‘「『（([【〔〈《［｛{«‹„‚¿¡❝〝")
# A sentence cannot end with these, nor a heading: something follows.
CONTINUING = frozenset(",，、､،;；؛·・+＋&＆/／(（“‘「『《〈【[［{｛«‹„‚〔=＝×*")
DASHES = frozenset("-‐‑–—―－~～〜﹣")
HYPHENS = frozenset("-‐\u00ad¬⸗־")
SOFT_HYPHENS = frozenset("\u00ad¬")
COLONS = frozenset(":：﹕︰")
# A sentence cannot begin with these: they belong to what stands before them.
NEVER_FIRST = frozenset(
    ",，、､。｡．;；؛،؟۔!！?？:：”’」』）)]】〕〉》］｝}%％‰℃°"
    "ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾๆฯะาำๅ"
    "的们們吗嗎呢吧"
)
_YET_FIRST = ("的确", "的士", "的確")  # words that begin with one of them
PAIRS = (("（", "）"), ("(", ")"), ("「", "」"), ("『", "』"), ("《", "》"), ("【", "】"), ("[", "]"))

# A full stop that shortens a word and ends no sentence; an initial between two names is one.
_ABBREVIATED = regex.compile(
    r"(?<![\p{L}\p{N}])(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Gen|Col|Capt|Lt|Sgt|Rev|Hon|Sen|Gov|Rep|Sr|Sra|Dra|Srta|vs|cf|No|Nos|Nr|Vol|vol|pp|p|"
    r"Fig|fig|Figs|Eq|Sec|Ch|Art|art|núm|pág|págs|approx|ca|e\.g|i\.e|z\.B|d\.h|u\.a|bzw|ggf|vgl|inkl|sog|p\.ej|г|стр|рис|им|ул|т\.е|"
    r"(?<=\p{L}\s)\p{Lu})\.$"
)

_REFERENCES = regex.compile(r"\s*(?:\[[^\[\]]{1,24}\]|〔[^〔〕]{1,12}〕)+$")  # "…theory.[12]"

_WIDE = regex.compile(
    r"[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
    r"\uff00-\uff60\uffe0-\uffe6\U00016fe0-\U00018aff\U0001b000-\U0001b2ff\U0001f300-\U0001faff"
    r"\U00020000-\U0003fffd]"
)
_WIDTHLESS = regex.compile(r"[\p{Mn}\p{Me}\p{Cf}]")
_SPACELESS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Yi}"
    r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65ー々〆〇]"
)
_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}々〆〇ー]")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_STOPLESS = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_HANGUL = regex.compile(r"[\p{Hangul}]")


def listed(text: str) -> frozenset[str]:
    """The words of a listing."""
    return frozenset(text.split())


def width(text: str) -> int:
    """The columns that `text` takes on a page: two for a full-width character, none for a mark above one."""
    if text.isascii():
        return len(text)
    return len(text) + len(_WIDE.findall(text)) - len(_WIDTHLESS.findall(text))


def is_spaceless(character: str) -> bool:
    """Whether the script of `character` puts no space between words (Hangul does)."""
    return _SPACELESS.match(character) is not None


def is_cjk(character: str) -> bool:
    """Whether `character` is Han or Kana."""
    return _CJK.match(character) is not None


def is_stopless(character: str) -> bool:
    """Whether the script of `character` ends its sentences without a mark."""
    return _STOPLESS.match(character) is not None


def has_cjk(text: str) -> bool:
    """Whether any character of `text` is Han or Kana."""
    return _CJK.search(text) is not None


def has_kana(text: str) -> bool:
    """Whether any character of `text` is Kana, which only Japanese has."""
    return _KANA.search(text) is not None


def is_japanese(texts: Iterable[str]) -> bool:
    """Whether texts in Han and Kana are Japanese: one character in twelve is Kana, at least."""
    kana = cjk = 0
    for text in texts:
        if not text.isascii():
            kana += len(_KANA.findall(text))
            cjk += len(_CJK.findall(text))
        if cjk > 4000:
            break
    return kana * 12 > cjk


def has_hangul(text: str) -> bool:
    """Whether any character of `text` is Hangul."""
    return _HANGUL.search(text) is not None


def last_mark(text: str) -> str:
    """The last character of `text` before the quotes and brackets that close at its end, "" where none is."""
    for position in range(len(text) - 1, max(-1, len(text) - 9), -1):
        if text[position] not in CLOSERS and not text[position].isspace():
            return text[position]
    return ""


def is_ended(text: str) -> bool:
    """Whether the last sentence of `text` has its final mark (quotes and brackets may close after it)."""
    if text[-1:] in "]〕":
        text = _REFERENCES.sub("", text) or text
    mark = last_mark(text)
    return mark in TERMINAL and not (mark == "." and text[-1] == "." and _ABBREVIATED.search(text))


def first_letter(text: str) -> str:
    """The first letter or digit of `text` where it stands behind openers and dashes only, else ""."""
    for character in text[:8]:
        if character.isalnum():
            return character
        if character not in OPENERS and character not in "\"'" and not character.isspace():
            return ""
    return ""


def starts_inside(text: str) -> bool:
    """Whether `text` begins in the middle of a sentence, or of a word, for certain."""
    first, second = text[:1], text[1:2]
    if not first:
        return False
    if is_mark(first):
        return True
    if first in "”’" and second.isalpha() and not is_spaceless(second):
        return False  # Swedish and Finnish open their quotes with these
    return first in NEVER_FIRST and not text.startswith(_YET_FIRST)


def is_mark(character: str) -> bool:
    """Whether `character` combines with the one before it (an accent, a vowel sign, a joiner)."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me") or character in "\u200d\ufe0f\ufe0e"
