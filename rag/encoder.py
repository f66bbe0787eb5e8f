"""The `Encoder` protocol, and `open_encoder`, which finds what can run a model."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.metadata import version
from typing import Protocol

from rag.encoders.folder import ModelFolder, local_folder, read_model_folder
from rag.encoders.pooling import POOLINGS
from rag.errors import ModelError
from rag.model import default_model_folder
from rag.records import Encoding, ProgressCallback
from rag.settings import DEFAULT_MODEL

_OTHERWISE = f"use the default, {DEFAULT_MODEL}"


class Encoder(Protocol):
    """Turns texts into vectors and token states; safe to use from several threads."""

    fingerprint: str  # of weights, tokeniser, prompts, pooling and graph
    dimensions: int  # of a vector
    state_dimensions: int  # of a token state; 0 where the model gives none
    max_tokens: int  # what the model reads, without special and prompt tokens
    native_interaction: bool  # states were trained to be compared as they are, each counting the same
    coded_as_they_are: bool  # states are made for `ready_codec`: no library fits a codec to them

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
    """The encoder of a model: the bundled one, a folder, a name on the hub, or `http://HOST:PORT/v1#NAME`.

    onnxruntime runs a folder that has an `onnx/model.onnx` and nothing beyond pooling after it, unless there
    is a GPU; torch runs any other, multi-vector models too; a server runs the model of an address. Raises
    `ModelError`, one line with what to do, where the model cannot be found, built, run or reached.
    """
    if model == DEFAULT_MODEL:
        return _opened(read_model_folder(default_model_folder(progress)), on_gpu=False)
    if not model.strip():
        raise ModelError(f"No model is named: give a folder or a name, or {_OTHERWISE}")
    if model.startswith(("http://", "https://")):
        from rag.encoders.http import HttpEncoder

        return HttpEncoder(model)
    path = local_folder(model, otherwise=_OTHERWISE)
    if path is None:
        from rag.encoders.hub import hub_folder  # a tenth of a second that the bundled model need not wait

        path = hub_folder(model, marks=("modules.json", "artifact.metadata"), otherwise=_OTHERWISE)
    return _opened(read_model_folder(path), on_gpu=_has_gpu())


def _has_gpu() -> bool:
    """Whether torch could run on an NVIDIA GPU, found out without the seconds that torch takes to load."""
    return shutil.which("nvidia-smi") is not None and not version("torch").endswith("+cpu")


def _opened(folder: ModelFolder, *, on_gpu: bool) -> Encoder:
    # Each brings a runtime; torch takes seconds, and the bundled model must not wait for it.
    if folder.kind == "MultiVectorEncoder":
        from rag.encoders.multi_vector import MultiVectorFolderEncoder

        return MultiVectorFolderEncoder(folder)
    fast = folder.plain and folder.pooling in POOLINGS and (folder.path / "tokenizer.json").is_file()
    if folder.graph and fast and not on_gpu:
        from rag.encoders.onnx import OnnxEncoder

        return OnnxEncoder(folder)
    from rag.encoders.torch import TorchEncoder

    return TorchEncoder(folder)
