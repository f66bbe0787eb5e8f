"""The `Encoder` protocol, and `open_encoder`, which finds what can run a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rag.encoders.folder import read_model_folder
from rag.errors import ModelError
from rag.model import default_model_folder
from rag.records import Encoding, ProgressCallback
from rag.settings import DEFAULT_MODEL


class Encoder(Protocol):
    """Turns texts into vectors and token states; safe to use from several threads."""

    fingerprint: str  # of weights, tokeniser, prompts, pooling and graph
    dimensions: int  # of a vector
    state_dimensions: int  # of a token state
    max_tokens: int  # what the model reads, without special and prompt tokens

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given; any number of them."""

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1)."""


def open_encoder(model: str, progress: ProgressCallback | None = None) -> Encoder:
    """The encoder of a model: the bundled one, or a sentence-transformers folder.

    Raises `ModelError` where the model cannot be found, built or run.
    """
    path = default_model_folder(progress) if model == DEFAULT_MODEL else Path(model).expanduser()
    folder = read_model_folder(path)
    if folder.graph is None:
        raise ModelError(f"{path} has no onnx/model.onnx")
    from rag.encoders.onnx import OnnxEncoder

    return OnnxEncoder(folder)
