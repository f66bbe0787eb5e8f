"""A multi-vector model (ColBERT, PyLate, `MultiVectorEncoder`) run by torch: a vector for each token."""

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
from rag.records import Encoding, Float32, Int32, TokenStates

_CHARACTERS_PER_TOKEN = 24  # texts are cut to this before they are tokenised
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # in the order in which the library looks

Features = dict[str, Any]


class MultiVectorFolderEncoder:
    """An `Encoder` (see `rag.encoder`) whose token states are the model's own vectors, as it scores them.

    All of them: markers, `[CLS]` and what a short question is filled up with have a vector and an empty span;
    what the model leaves out (punctuation, in most) has none. Where the model merges tokens, or its tokeniser
    tells no places, every span is empty. A text's one vector is the direction of the mean of its tokens': it
    only finds candidates.
    """

    native_interaction = True
    coded_as_they_are = False

    def __init__(self, folder: ModelFolder) -> None:
        self.fingerprint = folder.fingerprint
        self._folder = folder
        self._model = load(folder.path, "MultiVectorEncoder")
        self._tokenizer: Any = self._model.tokenizer
        self._lock = threading.Lock()  # one text after the other: neither part is safe in two threads
        # From the model, not from the folder: older folders keep their markers elsewhere.
        prompts = {name: text for name, text in self._model.prompts.items() if text}
        default = prompts.get(self._model.default_prompt_name, "")
        self._query_prompt = prompts.get("query", default)
        self._passage_prompt = next((prompts[name] for name in _DOCUMENT_PROMPTS if name in prompts), default)
        self._placed = _has_places(self._model)
        self._longest = _longest(self._model, folder)
        self.max_tokens = self._longest - len(self._tokenizer(self._passage_prompt)["input_ids"])
        probe = self.encode_question("?")
        self.dimensions = self.state_dimensions = probe.vectors.shape[1]

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""
        with self._lock:
            found = self._tokenizer(clean(text), add_special_tokens=False, truncation=False, verbose=False)
            return len(found["input_ids"])

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given; any number of them."""
        if not texts:
            return Encoding(np.zeros((0, self.dimensions), np.float32), ())
        return self._encode(texts, self._model.encode_document, prompt=self._passage_prompt)

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1); its length is the model's, 32 tokens in most."""
        return self._encode([text], self._model.encode_query, prompt=self._query_prompt)

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
            tokens = [self._scored(text, features, prompt) for text, features in zip(cut, found, strict=True)]
        if not all(np.isfinite(each.states).all() for each in tokens):
            if widen(self._model):
                return self._encode(texts, encode, prompt=prompt)
            raise ModelError(f"{self._folder.path} gives vectors that are no numbers: use another model")
        return Encoding(np.stack([_middle(each.states) for each in tokens]), tuple(tokens))

    def _scored(self, text: str, features: Features, prompt: str) -> TokenStates:
        """The vectors that MaxSim takes in, with the places of those that stand for characters."""
        scored = array(features["attention_mask"]) > 0
        states = unit_rows(array(features["token_embeddings"])[scored])
        if not self._placed:
            return TokenStates(states, np.zeros((len(states), 2), np.int32), np.zeros(len(states), np.int32))
        ids = array(features["input_ids"]).astype(np.int32)
        return TokenStates(states, self._spans(text, ids, prompt)[scored], ids[scored])

    def _spans(self, text: str, ids: Int32, prompt: str) -> Int32:
        """(t, 2) what each token that the model read stands for in the text; empty where it is none of it."""
        spans = np.zeros((len(ids), 2), np.int32)
        marked = self._tokenizer(
            prompt + text,
            truncation=True,
            max_length=len(ids),  # all are padded to the longest, and what was cut is as long as that
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        count = len(marked["input_ids"])
        start = len(ids) - count if self._tokenizer.padding_side == "left" else 0
        if ids[start : start + count].tolist() == marked["input_ids"]:
            places, own = own_tokens(
                marked["offset_mapping"], marked["special_tokens_mask"], text=text, prompt=prompt
            )
            spans[start + places] = own
        return spans


def _has_places(model: Any) -> bool:  # noqa: ANN401 - see `loading.load`
    """Whether each vector belongs to one token, and the tokeniser says where it stands."""
    from sentence_transformers.multi_vector_encoder.modules import BaseTokenPooling

    merged = any(isinstance(module, BaseTokenPooling) for module in model)
    return not merged and bool(getattr(model.tokenizer, "is_fast", False))


def _longest(model: Any, folder: ModelFolder) -> int:  # noqa: ANN401 - see `loading.load`
    """The tokens that the model reads of a passage, all told."""
    limits = (getattr(model[0], "document_length", None), getattr(model, "max_seq_length", None))
    finite = [int(limit) for limit in limits if limit and math.isfinite(limit)]
    return min(finite, default=folder.max_tokens)


def _middle(states: Float32) -> Float32:
    """(d,) the direction of the mean of the states (t, d)."""
    return np.array(unit_rows(states.sum(axis=0, keepdims=True))[0])
