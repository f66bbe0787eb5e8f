"""How two lines of one paragraph are put together: with a space, with nothing, with or without the hyphen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import regex

from rag.segment.script import (
    HYPHENS,
    OPENERS,
    SOFT_HYPHENS,
    has_cjk,
    has_hangul,
    is_cjk,
    is_spaceless,
    listed,
    starts_inside,
)

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-‐'’][\p{L}\p{M}\p{N}]+)*")
_LAST = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-‐'’][\p{L}\p{M}\p{N}]+)*$")
_FIRST = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")
_CJK_THEN_LATIN = regex.compile(
    r"[\p{Han}\p{Kana}][ \u00a0](?=[A-Za-z0-9])|[A-Za-z0-9][ \u00a0](?=[\p{Han}\p{Kana}])"
)
_CJK_BY_LATIN = regex.compile(r"[\p{Han}\p{Kana}](?=[A-Za-z0-9])|[A-Za-z0-9](?=[\p{Han}\p{Kana}])")
# First halves of compounds that keep their hyphen; no word is broken after them.
_PREFIXES = listed(
    """well self ex half high low long short full part cross all mid quasi pseudo vice twenty thirty forty
    fifty sixty seventy eighty ninety two three four five six seven eight nine ten hundred one first
    second third so non e x t ever far hard ill large mother father brother sister son daughter old new
    right left right-hand state world"""
)
_AND = listed("""und oder bzw and or y e o et ou en of och eller og och i lub и или""")


@dataclass(slots=True)
class Vocabulary:
    """The words of one document, folded, with and without hyphens: evidence for what a broken word was."""

    words: Counter[str] = field(default_factory=Counter)
    spaced: int = 0  # places where Han or Kana and Latin or digits have a space between them
    closed: int = 0  # and where they have none

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Count the words inside the lines; the last and the first of a line may be halves and count too."""
        found = cls()
        for text in texts:
            found.words.update(word.casefold().replace("‐", "-") for word in _WORD.findall(text))
            found.spaced += len(_CJK_THEN_LATIN.findall(text))
            found.closed += len(_CJK_BY_LATIN.findall(text))
        return found


@dataclass(frozen=True, slots=True)
class Joint:
    """What becomes of the break between two lines."""

    glue: str  # stands in its place: "" or " "
    dropped: int  # characters at the end of the first line that go: 1 for a hyphen, else 0


def joint(left: str, right: str, vocabulary: Vocabulary) -> Joint:
    """How the line `right` goes on from the line `left`."""
    before, after = left[-1], right[0]
    if before in HYPHENS and len(left) > 1 and left[-2].isalpha():
        return _hyphen(left, right, vocabulary)
    if is_spaceless(before) or is_spaceless(after):
        return Joint(_mixed(before, after, vocabulary), 0)
    if has_cjk(left) and not (before.isalpha() and after.isalpha()):
        return Joint("", 0)  # a number or a formula in a text that is cut at any character
    if _is_cut_word(left, right, vocabulary):
        return Joint("", 0)
    closed = before in OPENERS or before in "/／" or (starts_inside(right) and after not in "¿¡%")
    return Joint("" if closed else " ", 0)


def _hyphen(left: str, right: str, vocabulary: Vocabulary) -> Joint:
    """Drop the hyphen that a line break put into a word; keep one that the word has anyway."""
    if left[-1] in SOFT_HYPHENS:
        return Joint("", 1)
    first_match, last_match = _FIRST.match(right), _LAST.search(left[:-1])
    if first_match is None or last_match is None:
        return Joint("", 0)
    first, last = first_match[0].casefold(), last_match[0].casefold()
    if first in _AND:
        return Joint(" ", 0)
    if not right[0].islower() and right[0].isalpha() and right[0] != right[0].lower():
        upper = left[-2].isupper() and len(first) > 1 and first_match[0].isupper()
        return Joint("", 1 if upper and vocabulary.words[last + first] else 0)
    if right[0].isdigit():
        return Joint("", 0)
    whole, kept = vocabulary.words[last + first], vocabulary.words[f"{last}-{first}"]
    if whole or kept:
        return Joint("", 1 if whole >= kept else 0)
    if last in _PREFIXES or "-" in last:
        return Joint("", 0)
    # Both halves are words of the document by themselves: seen again elsewhere, not only at this break.
    halves = vocabulary.words[last] > 1 and vocabulary.words[first] > 1 and len(last) > 3 and len(first) > 3
    return Joint("", 0 if halves else 1)


def _mixed(before: str, after: str, vocabulary: Vocabulary) -> str:
    """The glue where one side at least is of a script without spaces."""
    letters = before.isalnum() and after.isalnum()
    other = not is_spaceless(before) or not is_spaceless(after)
    if letters and other and (is_cjk(before) or is_cjk(after)):
        return " " if vocabulary.spaced > vocabulary.closed else ""
    if letters and other:
        return " "
    return ""


def _is_cut_word(left: str, right: str, vocabulary: Vocabulary) -> bool:
    """Whether a column cut a word without a hyphen: the document has the whole, but not the halves."""
    if not (left[-1].isalpha() and right[0].isalpha()):
        return False
    last_match, first_match = _LAST.search(left), _FIRST.match(right)
    if last_match is None or first_match is None:
        return False
    last, first = last_match[0].casefold(), first_match[0].casefold()
    if not vocabulary.words[last + first]:
        return False
    return has_hangul(last) or (vocabulary.words[last] <= 1 and vocabulary.words[first] <= 1)
