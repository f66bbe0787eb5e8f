"""Texts to token ids with character spans: cut before they are tokenised, one thread at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from rag.errors import ModelError
from rag.records import Int32

_SURROGATES = re.compile("[\ud800-\udfff]")
# A text is cut to so many characters for each token that fits, and to more where they were too few. Generous:
# without spaces a cut moves pieces far before it, and 10,000 such characters are to be read as one.
_CHARACTERS_PER_TOKEN = 40
_SLACK = 16  # tokens: a cut moves the last few before it
_COUNT_AT_ONCE = 8192  # characters


@dataclass(frozen=True, slots=True)
class Tokenised:
    """One text's tokens: all `ids`, and of those of the text itself their places in `ids` and their spans."""

    ids: list[int]
    places: Int32
    spans: Int32


class TextTokenizer:
    """A folder's fast tokeniser behind one lock, as fast tokenisers are not thread-safe."""

    def __init__(self, path: Path, *, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare `Exception`, whatever is wrong with the file
            raise ModelError(
                f"{path} is not a tokeniser ({error}): copy or download the model again"
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._max_tokens = max_tokens
        self._lock = threading.Lock()

    def count(self, text: str) -> int:
        """How many tokens the text has, without special ones; beyond 8,192 characters, give or take a few."""
        with self._lock:
            pieces = _pieces(clean(text))
            return sum(len(self._tokenizer.encode(piece, add_special_tokens=False).ids) for piece in pieces)

    def overhead(self, prompt: str) -> int:
        """How many tokens of what the model reads go to the prompt and to special tokens, at most."""
        with self._lock:
            return len(self._tokenizer.encode(prompt).ids)

    def tokenise(self, texts: Sequence[str], prompt: str) -> list[Tokenised]:
        """The texts' tokens in the order given, each after the prompt, cut to what the model reads."""
        found = []
        for text in texts:
            cleaned = clean(text)
            with self._lock:
                encoding = self._encode(cleaned, prompt)
            places, spans = own_tokens(
                encoding.offsets, encoding.special_tokens_mask, text=cleaned, prompt=prompt
            )
            found.append(Tokenised(encoding.ids, places, spans))
        return found

    def _encode(self, text: str, prompt: str) -> Encoding:
        length = _CHARACTERS_PER_TOKEN * self._max_tokens
        encoding = self._tokenizer.encode(prompt + text[:length])
        while length < len(text) and len(encoding.ids) < self._max_tokens + _SLACK:
            length *= 4
            encoding = self._tokenizer.encode(prompt + text[:length])
        if len(encoding.ids) <= self._max_tokens:
            return encoding
        self._tokenizer.enable_truncation(self._max_tokens)
        try:
            return self._tokenizer.encode(prompt + text[:length])
        finally:
            self._tokenizer.no_truncation()


def clean(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD: no character moves."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def own_tokens(
    offsets: Sequence[tuple[int, int]], special: Sequence[int], *, text: str, prompt: str
) -> tuple[Int32, Int32]:
    """Places (t,) and spans (t, 2) of the tokens that are neither special nor wholly in the prompt.

    `offsets` count characters of prompt and text together, spans those of the text. A span leaves out the
    white space before the word that a token begins with; white space before the first word is the prompt's.
    """
    bounds = np.array(offsets, np.int32).reshape(-1, 2) - np.int32(len(prompt))
    places = np.flatnonzero((np.array(special) == 0) & (bounds[:, 1] > 0)).astype(np.int32)
    if len(places) and text[: bounds[places[0], 1]].isspace():
        places = places[1:]
    spans = np.maximum(bounds[places], 0)
    for span in spans:
        while span[0] < span[1] - 1 and text[span[0]].isspace():
            span[0] += 1
    return places, spans


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that are quick to tokenise, cut at spaces where there are any."""
    start = 0
    while len(text) - start > _COUNT_AT_ONCE:
        space = text.rfind(" ", start + _COUNT_AT_ONCE // 2, start + _COUNT_AT_ONCE)
        end = space if space > 0 else start + _COUNT_AT_ONCE
        yield text[start:end]
        start = end
    yield text[start:]
