"""The parts of a question that name something, found by shape: what stands between the words of grammar."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from rag.chat.cues import compiled, cues_of
from rag.language import function_words

# What a Chinese question is held together by. No dictionary: a name that holds one of them comes out in two.
_HAN_GRAMMAR = regex.compile(
    r"为什么|為什麼|[什甚][么麼](?:时候|時候|时间|時間|地方|人)|怎么样|怎麼樣|多少|什么|什麼|甚麼|怎么|怎麼|怎样|怎樣|如何|哪里|哪裡|哪儿|哪些|哪个|哪個|哪一|几[个個位年天次本点點]?|幾[個位年天次本點]?"
    r"|多[久大长長高远遠深]|请问|請問|是否|有没有|有沒有|可以|应该|應該|需要|必须|已经|已經|现在|現在|一共|总共|總共|以后|之后|以前|之前"
    r"|[的是在了吗嗎呢吧啊有和与與及或把被从從到对對给給向能会會要将將让讓还還也都就才最这這那该該它他她们們我你您谁誰哪]"
)
_HAN_PIECE = regex.compile(r"[\p{L}\p{N}《》〈〉“”「」·.\-%]+")
_JAPANESE_PIECE = regex.compile(
    r"[\p{Han}\p{Katakana}ー\p{N}\p{Latin}々〆ヶ・]+(?:り(?=替)|[いえきけせみ]?(?=替え))?"
)
_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[’'.\-&/‑][\p{L}\p{M}\p{N}]+)*")
_KOREAN_PARTICLE = regex.compile(
    r"(?<=\p{Hangul}{1,12})(?:에서는|에서|에는|으로|까지|부터|에게|은|는|이|가|을|를|에|의|로|와|과|도)$"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch `text` of a question, from `start` to `end`."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Piece]:
    """Return the words of a text that is written with spaces, each with its place."""
    return [Piece(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]


def is_grammar(word: str, language: str) -> bool:
    """Return whether `word` names nothing in `language`: it joins, asks or points."""
    folded = word.casefold()
    if len(folded) == 1 and folded.isalpha():  # I, à, y, в
        return True
    if compiled(cues_of(language).asking).fullmatch(folded):
        return True
    return folded in function_words(language)


def pieces(text: str, language: str) -> list[Piece]:
    """Return what a question names, in its order."""
    if language == "zh":
        return _between(text, _HAN_GRAMMAR)
    if language == "ja":
        asking = compiled(cues_of("ja").asking)
        found = (Piece(match[0], match.start(), match.end()) for match in _JAPANESE_PIECE.finditer(text))
        return [part for piece in found for part in _without(piece, asking)]
    if language == "th":
        return []
    if language == "ko":
        return _runs([_stem(token) for token in tokens(text)], text, language)
    return _runs(tokens(text), text, language)


def _between(text: str, grammar: regex.Pattern[str]) -> list[Piece]:
    found: list[Piece] = []
    for match in _HAN_PIECE.finditer(text):
        found += _without(Piece(match[0], match.start(), match.end()), grammar)
    return found


def _without(piece: Piece, grammar: regex.Pattern[str]) -> list[Piece]:
    """Return what is left of a piece between the places where `grammar` matches."""
    left: list[Piece] = []
    position = 0
    for match in [*grammar.finditer(piece.text), None]:
        start = len(piece.text) if match is None else match.start()
        if start > position:
            left.append(Piece(piece.text[position:start], piece.start + position, piece.start + start))
        position = start if match is None else match.end()
    return left


def _stem(token: Piece) -> Piece:
    """Return a Korean word without its particle."""
    bare = _KOREAN_PARTICLE.sub("", token.text)
    return Piece(bare, token.start, token.start + len(bare))


def _runs(words: list[Piece], text: str, language: str) -> list[Piece]:
    """Return the runs of neighbouring words that are not grammar; a comma or a particle ends a run."""
    found: list[Piece] = []
    for word in words:
        if is_grammar(word.text, language) or _asks_in_korean(word.text, language):
            continue
        between = text[found[-1].end : word.start] if found else ""
        if found and between and not between.strip():
            found[-1] = Piece(text[found[-1].start : word.end], found[-1].start, word.end)
        else:
            found.append(word)
    return found


def _asks_in_korean(word: str, language: str) -> bool:
    return language == "ko" and compiled(cues_of("ko").asking).match(word) is not None
