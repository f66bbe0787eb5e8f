"""What a sentence-transformers folder says about its model: prompts, pooling, length, graph, fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelError

MANIFEST = "wenju.json"  # written by `rag.model`: sizes and hashes of the files of the bundled model
_PASSAGE_PROMPTS = ("document", "passage", "corpus")  # in the order in which sentence-transformers looks
_GRAPHS = ("onnx/model.onnx", "model.onnx")
_FINGERPRINTED = (
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "1_Pooling/config.json",
)
_WEIGHTS = ("*.safetensors", "*.bin", "*.onnx", "*.onnx_data", "*.onnx.data")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence-transformers model on disk."""

    path: Path
    query_prompt: str
    passage_prompt: str
    pooling: tuple[str, ...]  # modes as sentence-transformers names them; () where there is no pooling module
    normalised: bool
    simple: bool  # a transformer, pooling and normalisation, and no other module
    max_tokens: int  # with special tokens and prompt
    graph: Path | None
    fingerprint: str


def read_model_folder(path: Path) -> ModelFolder:
    """The folder's description. Raises `ModelError` where it is not a sentence-transformers folder."""
    if not (path / "modules.json").is_file():
        raise ModelError(
            f"{path} is not a sentence-transformers model: it has no modules.json. Give another folder or name."
        )
    modules = _json(path / "modules.json")
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    folders = dict(zip(kinds, [path / str(module["path"]) for module in modules], strict=True))
    pooling = _pooling(folders["Pooling"]) if "Pooling" in folders else ()
    prompts = _optional_json(path / "config_sentence_transformers.json").get("prompts") or {}
    return ModelFolder(
        path=path,
        query_prompt=prompts.get("query", ""),
        passage_prompt=next((prompts[name] for name in _PASSAGE_PROMPTS if name in prompts), ""),
        pooling=pooling,
        normalised="Normalize" in kinds,
        simple=set(kinds) <= {"Transformer", "Pooling", "Normalize"},
        max_tokens=_max_tokens(folders.get("Transformer", path)),
        graph=next((path / name for name in _GRAPHS if (path / name).is_file()), None),
        fingerprint=_fingerprint(path),
    )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}). Copy or download the model again.") from error


def _optional_json(path: Path) -> dict[str, Any]:
    return dict(_json(path)) if path.is_file() else {}


def _pooling(folder: Path) -> tuple[str, ...]:
    config = _json(folder / "config.json")
    modes = config.get("pooling_mode")
    if modes is None:
        names = {"cls_token": "cls", "max_tokens": "max", "mean_tokens": "mean", "lasttoken": "lasttoken"}
        names |= {"mean_sqrt_len_tokens": "mean_sqrt_len_tokens", "weightedmean_tokens": "weightedmean"}
        modes = [name for key, name in names.items() if config.get(f"pooling_mode_{key}")]
    return (modes,) if isinstance(modes, str) else tuple(modes) or ("mean",)


def _max_tokens(folder: Path) -> int:
    limits = [
        _optional_json(folder / "sentence_bert_config.json").get("max_seq_length"),
        _optional_json(folder / "tokenizer_config.json").get("model_max_length"),
        _optional_json(folder / "config.json").get("max_position_embeddings"),
    ]
    return min([int(limit) for limit in limits if limit] or [512])


def _fingerprint(path: Path) -> str:
    """Sixteen hexadecimal digits over everything that decides what comes out."""
    manifest = path / MANIFEST
    if manifest.is_file():
        return str(_json(manifest)["fingerprint"])
    weights = {file for pattern in _WEIGHTS for file in path.rglob(pattern)}
    files = sorted(weights | {path / name for name in _FINGERPRINTED if (path / name).is_file()})
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(path).as_posix()} {digest}\n".encode())
    return total.hexdigest()[:16]
