"""Whether a sentence of an answer is in another language than the question, where that is sure."""

from __future__ import annotations

import regex

from rag.language import UNDECIDED, detect_language, script_of

LEAST_WORDS, LEAST_UNSPACED = 6, 8  # words, or characters of a script without spaces; less may be a name
_QUOTED = regex.compile(
    r"“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》|«[^»]*»|„[^“”]*[“”]|\"[^\"]*\"|[(（][^)）]*[)）]"
)
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}’'\-]*")
# Told apart by a word here and there: a short text of one passes for the other.
_RELATIVES = (
    frozenset(("no", "nb", "nn", "da", "sv")),
    frozenset(("id", "ms")),
    frozenset(("hr", "sr", "bs", "sl", "mk", "bg")),
    frozenset(("es", "pt", "gl", "ca", "it")),
    frozenset(("cs", "sk")),
    frozenset(("ru", "uk", "be")),
    frozenset(("hi", "mr", "ne")),
    frozenset(("ar", "fa", "ur", "ps", "ku")),
    frozenset(("de", "nl", "af")),
    frozenset(("fi", "et")),
)


def other_language(sentence: str, language: str) -> str:
    """The language of the sentence where it surely is not `language`, the question's; "" otherwise.

    Quotations and what stands in brackets do not count, nor do short sentences, as a name may be all that
    they have. Both halves must be in the language, and no name alone may tell it.
    """
    words = _WORD.findall(_QUOTED.sub(" ", sentence))
    length = sum(_length(word) for word in words)
    if language == UNDECIDED or length < 1:
        return ""
    text = " ".join(words)
    own = detect_language(text)
    middle = len(text) // 2
    cut = text.find(" ", middle) if " " in text[middle:] and own not in ("zh", "ja", "th") else middle
    halves = {detect_language(half) for half in (text[:cut], text[cut:])}
    if own in (UNDECIDED, language) or any({own, language} <= group for group in _RELATIVES):
        return ""
    return own if halves == {own} else ""


def _length(word: str) -> float:
    """The word's share of a sentence that is long enough; names, which start with a capital, have none."""
    if script_of(word[0]) in ("han", "kana", "th", "lo", "km", "my", "ko"):
        return len(word) / LEAST_UNSPACED
    return 0.0 if word[0].isupper() else 1 / LEAST_WORDS
