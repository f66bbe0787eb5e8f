"""A sentence-transformers folder run by onnxruntime, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnxruntime

from rag.encoders.folder import ModelFolder
from rag.encoders.tokens import TextTokenizer, Tokenised
from rag.records import Encoding, Float32, TokenStates

_TOKENS_AT_ONCE = 2048  # padding included; more does not run faster and holds more memory
_TEXTS_AT_ONCE = 16


class OnnxEncoder:
    """An `Encoder` (see `rag.encoder`) whose graph gives vectors and token states in one pass."""

    def __init__(self, folder: ModelFolder) -> None:
        self.fingerprint = folder.fingerprint
        self._folder = folder
        self._tokenizer = TextTokenizer(folder.path / "tokenizer.json", max_tokens=folder.max_tokens)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder.graph), options, providers=["CPUExecutionProvider"]
        )
        self.dimensions = int(self._session.get_outputs()[0].shape[-1])
        self.state_dimensions = int(self._session.get_outputs()[1].shape[-1])
        prompt = max(
            len(item.ids) - len(item.kept) for item in self._tokenizer.tokenise(["一"], folder.passage_prompt)
        )
        self.max_tokens = folder.max_tokens - prompt

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""
        return self._tokenizer.count(text)

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given."""
        return self._encode(texts, self._folder.passage_prompt)

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1)."""
        return self._encode([text], self._folder.query_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Encoding:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        tokens: dict[int, TokenStates] = {}
        tokenised = self._tokenizer.tokenise(texts, prompt)
        for batch in _batches([len(item.ids) for item in tokenised]):
            found, states = self._run([tokenised[place] for place in batch])
            vectors[batch] = found
            for row, place in enumerate(batch):
                tokens[place] = _states(tokenised[place], states[row])
        return Encoding(vectors, tuple(tokens[place] for place in range(len(texts))))

    def _run(self, batch: Sequence[Tokenised]) -> tuple[Float32, Float32]:
        length = max(len(item.ids) for item in batch)
        ids = np.zeros((len(batch), length), np.int64)
        mask = np.zeros((len(batch), length), np.int64)
        for row, item in enumerate(batch):
            ids[row, : len(item.ids)] = item.ids
            mask[row, : len(item.ids)] = 1
        vectors, states = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return vectors, states


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, in batches that stay within the budget; longest first."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        full = len(batch) == _TEXTS_AT_ONCE or (
            batch and lengths[batch[0]] * (len(batch) + 1) > _TOKENS_AT_ONCE
        )
        if full:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _states(item: Tokenised, states: Float32) -> TokenStates:
    ids = np.array(item.ids, np.int32)[item.kept]
    return TokenStates(np.ascontiguousarray(states[item.kept]), item.spans, ids)
