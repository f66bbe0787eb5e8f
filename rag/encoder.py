"""The `Encoder` protocol, and `open_encoder`, which finds what can run a model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rag.encoders.folder import ModelFolder, read_model_folder
from rag.encoders.pooling import POOLINGS
from rag.errors import ModelError
from rag.model import default_model_folder
from rag.records import Encoding, ProgressCallback
from rag.settings import DEFAULT_MODEL


class Encoder(Protocol):
    """Turns texts into vectors and token states; safe to use from several threads."""

    fingerprint: str  # of weights, tokeniser, prompts, pooling and graph
    dimensions: int  # of a vector
    state_dimensions: int  # of a token state; 0 where the model gives none
    max_tokens: int  # what the model reads, without special and prompt tokens

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given; any number of them.

        A text longer than `max_tokens` is read up to there. States take 4 × `state_dimensions` bytes a token:
        give a few hundred texts at a time.
        """

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1)."""


def open_encoder(model: str, progress: ProgressCallback | None = None) -> Encoder:
    """The encoder of a model: the bundled one, a sentence-transformers folder, or a name on the hub.

    onnxruntime runs it where the folder has an `onnx/model.onnx` and nothing beyond pooling after it, torch
    otherwise. Raises `ModelError`, one line with what to do, where the model cannot be found, built or run.
    """
    if model == DEFAULT_MODEL:
        return _opened(read_model_folder(default_model_folder(progress)))
    if not model.strip():
        raise ModelError(f"No model is named: give a folder or a name, or use the default, {DEFAULT_MODEL}")
    path = Path(os.path.expanduser(model))  # noqa: PTH111 - `Path.expanduser` raises where there is no such user
    if path.is_dir():
        return _opened(read_model_folder(path.resolve()))
    if path.exists():
        raise ModelError(f"{path} is a file: give the model's folder, or use the default, {DEFAULT_MODEL}")
    if path.is_absolute() or model.startswith((".", "~")):
        raise ModelError(f"There is no folder {path}: give another, or use the default, {DEFAULT_MODEL}")
    from rag.encoders.hub import hub_folder  # a tenth of a second that the bundled model need not wait

    return _opened(read_model_folder(hub_folder(model)))


def _opened(folder: ModelFolder) -> Encoder:
    # Each brings a runtime; torch takes seconds, and the bundled model must not wait for it.
    fast = folder.plain and folder.pooling in POOLINGS and (folder.path / "tokenizer.json").is_file()
    if folder.graph and fast:
        from rag.encoders.onnx import OnnxEncoder

        return OnnxEncoder(folder)
    from rag.encoders.torch import TorchEncoder

    return TorchEncoder(folder)
