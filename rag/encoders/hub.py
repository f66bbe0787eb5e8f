"""The folder of a model that is named as the Hugging Face hub names it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from rag.errors import ModelError

_TIMEOUT_S = 5.0
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHT_FILES = ("*.safetensors", "pytorch_model*.bin", "*/*.safetensors", "*/pytorch_model.bin")
_OTHER_FILES = (
    "*.json",
    "*.txt",
    "*.model",
    "*.metadata",
    "*.jinja",
    "*/*.json",
    "*/*.txt",
    "onnx/model.onnx",
    "onnx/model.onnx_data",
)
# The transport's own error is the hub error's first base; which library that is has changed more than once.
_REFUSALS: tuple[type[Exception], ...] = (
    HfHubHTTPError,
    HfHubHTTPError.__bases__[0],
    HFValidationError,
    OSError,
)


def hub_folder(name: str, *, marks: Sequence[str], otherwise: str) -> Path:
    """Where the model of that name lies, downloaded first where it has not been.

    One of the files `marks` shows that the model is of the kind that is wanted. Raises `ModelError`, with
    what to do (`otherwise` at the last), where the name is none, or is not here and cannot be reached.
    """
    advice = f"give a model's folder, go online, or {otherwise}"
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} is neither a folder nor a model's name: {advice}")
    try:
        return _complete(Path(snapshot_download(name, local_files_only=True)), marks)
    except (LocalEntryNotFoundError, HFValidationError, FileNotFoundError):
        return _download(name, marks, advice)


def _download(name: str, marks: Sequence[str], advice: str) -> Path:
    try:
        files = [file.rfilename for file in HfApi().model_info(name, timeout=_TIMEOUT_S).siblings or []]
        if not set(marks) & set(files):
            raise ModelError(f"{name} is not a sentence-transformers model (no {marks[0]}): {advice}")
        tensors = any(file.endswith(".safetensors") for file in files)
        weights = [pattern for pattern in _WEIGHT_FILES if pattern.endswith(".safetensors") == tensors]
        return Path(
            snapshot_download(name, allow_patterns=[*weights, *_OTHER_FILES], etag_timeout=_TIMEOUT_S)
        )
    except _REFUSALS as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise ModelError(
            f"The model {name!r} is not on this machine and cannot be had ({reason}): {advice}"
        ) from error


def _complete(folder: Path, marks: Sequence[str]) -> Path:
    """The folder, where a download was not broken off before the weights came."""
    found = any((folder / mark).is_file() for mark in marks) and any(
        next(folder.glob(pattern), None) for pattern in (*_WEIGHT_FILES, "onnx/model.onnx")
    )
    if not found:
        raise FileNotFoundError(folder)
    return folder
