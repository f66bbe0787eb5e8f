"""Which part of a question a new part takes the place of: "三门" that of "常山", "in 2021" of "in 2020"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import regex

from rag.chat.cues import UNSPACED, compiled, cues_of
from rag.chat.pieces import Piece, is_grammar, pieces, tokens
from rag.records import Passage

_YEAR = regex.compile(r"(?:1[0-9]|20)\d\d年?")
_CONTEXT = 2  # characters that must follow two names alike in the passages for one to stand for the other
_LEAST_ENDING = 3  # letters that two words must end in alike ("montags", "samstags")
_LEAST_SHARE = 0.4  # ... and this part of the shorter one


def put_in(question: str, new: str, language: str, shown: Sequence[Passage]) -> str:
    """Return `question` with `new` in the place of what it replaces; "" where no place fits.

    `shown` are the passages of the conversation: their headings and speakers tell which names are of a kind.
    """
    place = (
        _unspaced_place(question, new, language, shown)
        if language in UNSPACED
        else _spaced_place(question, new, language)
    )
    if place is None:
        return ""
    return f"{question[: place.start]}{new}{question[place.end :]}"


# --- written without spaces ---


def _unspaced_place(question: str, new: str, language: str, shown: Sequence[Passage]) -> Piece | None:
    parts = pieces(question, language)
    for place in (
        _whole_subject(question, parts, new, language),
        _same_ending(parts, new),
        _same_following(parts, new, shown),
        _same_kind_of_name(parts, new, shown),
    ):
        if place is not None:
            return place
    first = next((part for part in parts if len(part.text) > 1), None)
    if first is None:
        return None
    known = _known_beginning(first.text, shown)
    place = Piece(first.text[:known], first.start, first.start + known)
    return place if len(place.text) <= 2 * len(new) + 1 else None


def _known_beginning(text: str, shown: Sequence[Passage]) -> int:
    """Return how much of the beginning of `text` passages hold, two characters at least; else all of it."""
    for length in range(len(text), 1, -1):
        if any(text[:length] in passage.text for passage in shown):
            return length
    return len(text)


def _whole_subject(question: str, parts: Sequence[Piece], new: str, language: str) -> Piece | None:
    """Return all that stands before the question word, for a part that names what of whom: 白石县的人口."""
    if "的" not in new[1:-1]:
        return None
    asking = compiled(cues_of(language).asking).search(question)
    ahead = [part for part in parts if asking and part.end <= asking.start()]
    if not ahead:
        return None
    return Piece(question[ahead[0].start : ahead[-1].end], ahead[0].start, ahead[-1].end)


def _same_ending(parts: Sequence[Piece], new: str) -> Piece | None:
    """Return the stretch that ends as `new` does: 临溪县 for 黛山县, 一期 for 二期."""
    best, longest = None, 0
    for part in parts:
        for end in range(1, len(part.text) + 1):
            common = len(_common_ending(part.text[:end], new))
            own = part.text[max(0, end - len(new)) : end]
            if common > longest and own != new and common < len(own):
                start = part.start + end - len(own)
                best, longest = Piece(own, start, part.start + end), common
    return best


def _common_ending(one: str, other: str) -> str:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other), strict=False))
    return "".join(reversed([mine for mine, _ in pairs]))


def _same_following(parts: Sequence[Piece], new: str, shown: Sequence[Passage]) -> Piece | None:
    """Return the stretch before what follows `new` in a passage: 主机 in 主机保修, where 探头保修 is read."""
    for passage in shown:
        for match in regex.finditer(regex.escape(new), passage.text):
            following = passage.text[match.end() : match.end() + _CONTEXT]
            for part in parts:
                at = part.text.find(following) if len(following.strip()) == _CONTEXT else -1
                if at > 0 and part.text[:at] != new:
                    return Piece(part.text[:at], part.start, part.start + at)
    return None


def _same_kind_of_name(parts: Sequence[Piece], new: str, shown: Sequence[Passage]) -> Piece | None:
    """Return a name of a heading or a byline, where `new` is one too."""
    fields = names_shown(shown)
    if not any(new in field for field in fields):
        return None
    for part in parts:
        name = longest_inside(part.text, fields)
        if name and name != new:
            start = part.start + part.text.index(name)
            return Piece(name, start, start + len(name))
    return None


def names_shown(shown: Sequence[Passage], *, people: bool = True) -> tuple[str, ...]:
    """Return what headings and bylines of the passages name; without `people`, the speakers are left out."""
    found = (
        part
        for passage in shown
        for part in (
            passage.source.speaker if people else "",
            passage.source.role,
            passage.source.section,
            passage.source.title,
        )
    )
    return tuple(dict.fromkeys(part for part in found if part))


def longest_inside(text: str, fields: Sequence[str]) -> str:
    """Return the longest stretch of `text` that one of `fields` holds, of two characters or more, or ""."""
    for length in range(len(text), 1, -1):
        for start in range(len(text) - length + 1):
            if any(text[start : start + length] in field for field in fields):
                return text[start : start + length]
    return ""


# --- written with spaces ---


def _spaced_place(question: str, new: str, language: str) -> Piece | None:
    words, parts = tokens(new), pieces(question, language)
    lead = list(takewhile(lambda word: is_grammar(word.text, language), words))
    named = words[len(lead) :]
    if not named or not parts:
        return None
    for place in (
        _same_opening(question, lead, parts),
        _shared_word(parts, named),
        _same_shape(parts, named),
        _same_letters(parts, named),
    ):
        if place is not None:
            return _with_articles(question, place, lead)
    return None


def _same_opening(question: str, lead: Sequence[Piece], parts: Sequence[Piece]) -> Piece | None:
    """Return the last phrase that begins as `new` does: "on macOS" for "on Windows"."""
    if not lead:
        return None
    opening = lead[0].text.casefold()
    starts = [word for word in tokens(question) if word.text.casefold() == opening]
    for start in reversed(starts):
        part = next((part for part in parts if part.start > start.end), None)
        if part is not None and len(tokens(question[start.end : part.start])) < len(lead) + 1:
            return Piece(question[start.start : part.end], start.start, part.end)
    return None


def _shared_word(parts: Sequence[Piece], named: Sequence[Piece]) -> Piece | None:
    """Return the words that share one with `new` and stand as it does: "Route 9" for "Route 4"."""
    for part in parts:
        own = tokens(part.text)
        for index, word in enumerate(named):
            same = [at for at, mine in enumerate(own) if mine.text.casefold() == word.text.casefold()]
            if same and len(named) > 1:
                last = index == len(named) - 1
                first, end = (0, same[0]) if last else (same[0] - index, same[0] - index + len(named) - 1)
                return _words(part, own, first, end)
    return None


def _words(part: Piece, own: Sequence[Piece], first: int, last: int) -> Piece:
    start, end = own[max(0, first)].start, own[min(last, len(own) - 1)].end
    return Piece(part.text[start:end], part.start + start, part.start + end)


def _same_shape(parts: Sequence[Piece], named: Sequence[Piece]) -> Piece | None:
    """Return a year for a year, a number for a number, a name for a name."""
    wanted = _shape(named[0].text)
    for part in parts:
        own = tokens(part.text)
        fitting = [at for at, word in enumerate(own) if _shape(word.text) == wanted]
        if wanted and fitting and (part.start > 0 or wanted != "name"):
            last = fitting[0]
            while last + 1 in fitting:
                last += 1
            return _words(part, own, fitting[0], last)
    return None


def _shape(word: str) -> str:
    if _YEAR.fullmatch(word):
        return "year"
    if any(character.isdecimal() for character in word):
        return "number"
    return "name" if word[:1].isupper() else ""


def _same_letters(parts: Sequence[Piece], named: Sequence[Piece]) -> Piece | None:
    """Return the word that ends as `new` does: "montags" for "samstags"."""
    new = named[-1].text.casefold()
    for part in parts:
        for word in tokens(part.text):
            common = len(_common_ending(word.text.casefold(), new))
            if common >= max(_LEAST_ENDING, _LEAST_SHARE * min(len(new), len(word.text))):
                return Piece(word.text, part.start + word.start, part.start + word.end)
    return None


def _with_articles(question: str, place: Piece, lead: Sequence[Piece]) -> Piece:
    """Return `place` with as many words before it as `new` brings articles."""
    if not lead or question[place.start : place.end].casefold().startswith(lead[0].text.casefold()):
        return place
    before = tokens(question[: place.start])[-len(lead) :]
    start = before[0].start if before and all(len(word.text) <= 3 for word in before) else place.start
    return Piece(question[start : place.end], start, place.end)
