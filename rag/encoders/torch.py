"""A sentence-transformers folder run by torch, on the GPU where there is one."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rag.encoders.folder import ModelFolder
from rag.encoders.loading import array, load, texts_at_once, widen
from rag.encoders.pooling import unit_rows
from rag.encoders.tokens import clean, own_tokens
from rag.errors import ModelError
from rag.records import Encoding, Int32, TokenStates

_CHARACTERS_PER_TOKEN = 24  # texts are cut to this before they are tokenised

Features = dict[str, Any]


class TorchEncoder:
    """An `Encoder` (see `rag.encoder`) for every model that sentence-transformers can load.

    Where the model gives no token states, or its tokeniser no character offsets, `state_dimensions` is 0 and
    every text has zero tokens: ranking then rests on vectors and words.
    """

    native_interaction = False
    coded_as_they_are = False

    def __init__(self, folder: ModelFolder) -> None:
        self.fingerprint = folder.fingerprint
        self._folder = folder
        self._model = load(folder.path, "SentenceTransformer")
        self._tokenizer: Any = getattr(self._model, "tokenizer", None)
        self._lock = threading.Lock()  # one text after the other: neither part is safe in two threads
        prompts = (folder.query_prompt, folder.passage_prompt)
        longest = getattr(self._model, "max_seq_length", None) or math.inf  # a static embedding has no limit
        self._longest = int(longest) if math.isfinite(longest) else folder.max_tokens
        self.max_tokens = self._longest - max(self._count(prompt, special=True) for prompt in prompts)
        self._with_states = True
        probe = self._encode(["?"], self._model.encode_query, prompt=folder.query_prompt)
        self.dimensions = probe.vectors.shape[1]
        self.state_dimensions = probe.tokens[0].states.shape[1]
        self._with_states = self.state_dimensions > 0

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""
        with self._lock:
            return self._count(clean(text), special=False)

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given; any number of them."""
        if not texts:
            return Encoding(np.zeros((0, self.dimensions), np.float32), ())
        return self._encode(texts, self._model.encode_document, prompt=self._folder.passage_prompt)

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1)."""
        return self._encode([text], self._model.encode_query, prompt=self._folder.query_prompt)

    def _count(self, text: str, *, special: bool) -> int:
        if self._tokenizer is None or not callable(self._tokenizer):
            return len(text.split())  # a bag of words: the only models without a tokeniser of their own
        return len(
            self._tokenizer(text, add_special_tokens=special, truncation=False, verbose=False)["input_ids"]
        )

    def _encode(
        self, texts: Sequence[str], encode: Callable[..., list[Features]], *, prompt: str
    ) -> Encoding:
        cut = [clean(text)[: self._longest * _CHARACTERS_PER_TOKEN] for text in texts]
        with self._lock:
            found = encode(
                cut,
                prompt=prompt,
                output_value=None,
                batch_size=texts_at_once(self._model),
                show_progress_bar=False,
            )
            tokens = [
                self._own_states(text, features, prompt) for text, features in zip(cut, found, strict=True)
            ]
        vectors = np.stack([array(features["sentence_embedding"]) for features in found])
        if not np.isfinite(vectors).all():
            if widen(self._model):
                return self._encode(texts, encode, prompt=prompt)
            raise ModelError(f"{self._folder.path} gives vectors that are no numbers: use another model")
        return Encoding(unit_rows(vectors), tuple(tokens))

    def _own_states(self, text: str, features: Features, prompt: str) -> TokenStates:
        """The text's token states, where the tokens that the model read can be found again in the text."""
        nothing = TokenStates(np.zeros((0, 0), np.float32), np.zeros((0, 2), np.int32), np.zeros(0, np.int32))
        if (
            not self._with_states
            or not getattr(self._tokenizer, "is_fast", False)
            or "token_embeddings" not in features
        ):
            return nothing
        seen = array(features["attention_mask"]) == 1
        ids, states = array(features["input_ids"])[seen], array(features["token_embeddings"])[seen]
        marked = self._tokenizer(
            prompt + text,
            truncation=True,
            max_length=self._longest,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        if marked["input_ids"] != ids.tolist():
            return nothing
        places, spans = own_tokens(
            marked["offset_mapping"], marked["special_tokens_mask"], text=text, prompt=prompt
        )
        own_ids: Int32 = ids[places].astype(np.int32)
        return TokenStates(unit_rows(states[places].astype(np.float32)), spans, own_ids)
