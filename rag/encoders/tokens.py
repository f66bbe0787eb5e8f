"""Texts to token ids with character spans, cut before they are tokenised, one thread at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from rag.errors import ModelError
from rag.records import Int32

_SURROGATES = re.compile("[\ud800-\udfff]")
_CHARACTERS_PER_TOKEN = 12  # a text is first cut to this many for each token that fits, then looked at again
_COUNT_AT_ONCE = 8192  # characters; a longer text is counted piece by piece


@dataclass(frozen=True, slots=True)
class Tokenised:
    """One text's tokens: all `ids`, and of the kept ones their places in `ids` and their spans in the text."""

    ids: list[int]
    kept: Int32
    spans: Int32


class TextTokenizer:
    """The folder's fast tokeniser behind one lock: fast tokenisers are not thread-safe."""

    def __init__(self, path: Path, *, max_tokens: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # noqa: BLE001 - the library raises bare `Exception` for every fault of the file
            raise ModelError(
                f"{path}: not a tokeniser that can be read ({error}). Copy the model again."
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._max_tokens = max_tokens
        self._lock = threading.Lock()

    def count(self, text: str) -> int:
        """How many tokens the text has, without special ones; exact up to 8,192 characters."""
        text = clean(text)
        pieces = [text[at : at + _COUNT_AT_ONCE] for at in range(0, len(text), _COUNT_AT_ONCE)]
        with self._lock:
            found = self._tokenizer.encode_batch(pieces, add_special_tokens=False)
        return sum(len(encoding.ids) for encoding in found)

    def tokenise(self, texts: Sequence[str], prompt: str) -> list[Tokenised]:
        """The texts' tokens in the order given, each after the prompt, cut to what the model reads."""
        with self._lock:
            return [self._one(prompt, clean(text)) for text in texts]

    def _one(self, prompt: str, text: str) -> Tokenised:
        length = _CHARACTERS_PER_TOKEN * self._max_tokens
        encoding = self._encode(prompt + text[:length])
        while len(encoding.ids) <= self._max_tokens + 8 and length < len(text):
            length *= 4
            encoding = self._encode(prompt + text[:length])
        special = self._tokenizer.num_special_tokens_to_add(False)
        if len(encoding.ids) > self._max_tokens:
            encoding = self._encode(prompt + text[:length], limit=self._max_tokens)
        del special
        return _kept(encoding, len(prompt), text)

    def _encode(self, text: str, limit: int | None = None) -> Encoding:
        if limit is not None:
            self._tokenizer.enable_truncation(limit)
        try:
            return self._tokenizer.encode(text)
        finally:
            if limit is not None:
                self._tokenizer.no_truncation()


def clean(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD: no character moves."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def _kept(encoding: Encoding, prompt_length: int, text: str) -> Tokenised:
    special = np.array(encoding.special_tokens_mask, bool)
    spans = np.array(encoding.offsets, np.int32).reshape(-1, 2) - np.int32(prompt_length)
    kept = np.flatnonzero(~special & (spans[:, 1] > 0)).astype(np.int32)
    spans = np.maximum(spans[kept], 0)
    for span in spans:  # a piece's span begins at the space before the word
        while span[0] < span[1] - 1 and text[span[0]].isspace():
            span[0] += 1
    return Tokenised(encoding.ids, kept, spans)
