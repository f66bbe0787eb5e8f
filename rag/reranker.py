"""A cross-encoder that reads question and passage together and puts the first passages in a better order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.encoders.folder import local_folder, settings_of
from rag.encoders.tokens import clean
from rag.errors import ModelError
from rag.records import Float32

_OTHERWISE = "leave --reranker out"
_CHARACTERS = 8192  # of a passage; what is read is what the model takes, 512 tokens in most


class Reranker:
    """A cross-encoder of sentence-transformers, by folder or by name on the hub; safe in several threads.

    Making one costs nothing: the model is loaded at the first question.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self._lock = threading.Lock()
        self._loaded: Any = None

    def scores(self, question: str, passages: Sequence[str]) -> Float32:
        """(n,) the logit that each passage answers, higher is better.

        What `CrossEncoder.predict` gives before its activation, which may round the best to the same 1.0.
        Raises `ModelError`, one line with what to do, where the model cannot be found, loaded or used.
        """
        pairs = [(clean(question), clean(passage)[:_CHARACTERS]) for passage in passages]
        with self._lock:  # one question after the other: neither tokeniser nor model is safe in two threads
            if self._loaded is None:
                self._loaded = _load(self.model)
            if not pairs:
                return np.zeros(0, np.float32)
            found = _predict(self._loaded, pairs)
        if not np.isfinite(found).all():
            raise ModelError(f"{self.model} gives scores that are no numbers: use another, or {_OTHERWISE}")
        return found


def open_reranker(model: str | None) -> Reranker | None:
    """The cross-encoder of that folder or name, not loaded yet; None where none is wanted."""
    return None if model is None else Reranker(model)


def _load(name: str) -> Any:  # noqa: ANN401 - see `rag.encoders.loading`
    if not name.strip():
        raise ModelError(f"No reranker is named: give a folder or a name, or {_OTHERWISE}")
    path = local_folder(name, otherwise=_OTHERWISE)
    if path is None:
        from rag.encoders.hub import hub_folder

        path = hub_folder(name, marks=("config.json",), otherwise=_OTHERWISE)
    if not (path / "config.json").is_file() and not (path / "modules.json").is_file():
        raise ModelError(f"{path} is not a cross-encoder (no config.json): give another, or {_OTHERWISE}")
    from rag.encoders.loading import load

    model = load(path, "CrossEncoder")
    if model.num_labels != 1 or not _is_trained(path):
        raise ModelError(
            f"{path} is not a cross-encoder with one score a pair: give another, or {_OTHERWISE}"
        )
    return model


def _is_trained(path: Path) -> bool:
    """Whether the folder holds a cross-encoder: of another model the library makes one with random scores."""
    named = settings_of(path / "config_sentence_transformers.json").get("model_type")
    architectures = settings_of(path / "config.json").get("architectures") or []
    scores = any(each.endswith(("ForSequenceClassification", "ForCausalLM")) for each in architectures)
    return named == "CrossEncoder" or (named is None and scores)


def _predict(model: Any, pairs: Sequence[tuple[str, str]]) -> Float32:  # noqa: ANN401 - see `_load`
    import torch

    from rag.encoders.loading import texts_at_once, widen

    def predicted() -> Float32:
        return np.asarray(
            model.predict(
                pairs,
                activation_fn=torch.nn.Identity(),
                batch_size=texts_at_once(model),
                show_progress_bar=False,
            ),
            np.float32,
        )

    found = predicted()
    return predicted() if not np.isfinite(found).all() and widen(model) else found
