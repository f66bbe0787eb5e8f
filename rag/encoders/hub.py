"""The folder of a model that is named as the Hugging Face hub names it."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from rag.errors import ModelError
from rag.settings import DEFAULT_MODEL

_TIMEOUT_S = 5.0
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_WEIGHT_FILES = ("*.safetensors", "pytorch_model*.bin", "*/*.safetensors", "*/pytorch_model.bin")
_OTHER_FILES = (
    "*.json",
    "*.txt",
    "*.model",
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


def hub_folder(name: str) -> Path:
    """Where the model of that name lies, downloaded first where it has not been.

    Raises `ModelError`, with what to do, where the name is none, or is not here and cannot be reached.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} is neither a folder nor a model's name: {_advice()}")
    try:
        return _complete(Path(snapshot_download(name, local_files_only=True)))
    except (LocalEntryNotFoundError, HFValidationError, FileNotFoundError):
        return _download(name)


def _download(name: str) -> Path:
    try:
        files = [file.rfilename for file in HfApi().model_info(name, timeout=_TIMEOUT_S).siblings or []]
        if "modules.json" not in files:
            raise ModelError(f"{name} is not a sentence-transformers model (no modules.json): {_advice()}")
        tensors = any(file.endswith(".safetensors") for file in files)
        weights = [pattern for pattern in _WEIGHT_FILES if pattern.endswith(".safetensors") == tensors]
        return Path(
            snapshot_download(name, allow_patterns=[*weights, *_OTHER_FILES], etag_timeout=_TIMEOUT_S)
        )
    except _REFUSALS as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise ModelError(
            f"The model {name!r} is not on this machine and cannot be had ({reason}): {_advice()}"
        ) from error


def _complete(folder: Path) -> Path:
    """The folder, where a download was not broken off before the weights came."""
    found = (folder / "modules.json").is_file() and any(
        next(folder.glob(pattern), None) for pattern in (*_WEIGHT_FILES, "onnx/model.onnx")
    )
    if not found:
        raise FileNotFoundError(folder)
    return folder


def _advice() -> str:
    return f"give a model's folder, go online, or use the default, {DEFAULT_MODEL}"
