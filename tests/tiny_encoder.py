"""A small real encoder that stands for the model in tests: hashed pairs of characters.

One token a character; its state is a fixed pseudo-random direction for the pair of characters that it begins,
and the vector is the sum of such directions.  The same text gives the same bits on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from rag.records import Encoding, TokenStates


class TinyEncoder:
    """See the module."""

    max_tokens = 500
    native_interaction = False
    coded_as_they_are = False

    def __init__(self, dimensions: int = 32, state_dimensions: int = 40) -> None:
        self.dimensions = dimensions
        self.state_dimensions = state_dimensions
        self.fingerprint = f"tiny-{dimensions}-{state_dimensions}"
        self.texts_encoded = 0
        self._directions: dict[str, np.ndarray] = {}

    def count_tokens(self, text: str) -> int:
        return len(text)

    def encode_question(self, text: str) -> Encoding:
        return self.encode_passages([text])

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        self.texts_encoded += len(texts)
        tokens = tuple(self._tokens(text) for text in texts)
        vectors = np.array([self._vector(text) for text in texts], np.float32)
        return Encoding(vectors.reshape(-1, self.dimensions), tokens)

    def _tokens(self, text: str) -> TokenStates:
        pairs = [text[i : i + 2] for i in range(len(text))]
        states = np.array([self._direction(pair, self.state_dimensions) for pair in pairs], np.float32)
        spans = np.array([(i, i + 1) for i in range(len(text))], np.int32).reshape(-1, 2)
        ids = np.array([ord(character) for character in text], np.int32)
        return TokenStates(states.reshape(-1, self.state_dimensions), spans, ids)

    def _vector(self, text: str) -> np.ndarray:
        pairs = [text[i : i + 2] for i in range(len(text))] or [""]
        total = np.sum([self._direction(pair, self.dimensions) for pair in pairs], axis=0)
        return total / np.linalg.norm(total)

    def _direction(self, pair: str, dimensions: int) -> np.ndarray:
        key = f"{dimensions}:{pair}"
        if key not in self._directions:
            seed = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            raw = np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(dimensions)
            self._directions[key] = raw / np.linalg.norm(raw)
        return self._directions[key]
