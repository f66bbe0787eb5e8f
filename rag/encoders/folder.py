"""What a sentence-transformers folder says about its model: prompts, pooling, length, graph, fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rag.errors import ModelError

MANIFEST = "wenju.json"  # written by `rag.model`: sizes and hashes of the files of the bundled model

# In the order in which sentence-transformers looks. It stops at an empty one and saves an empty "document"
# with every model; whoever sets "passage" beside that means it.
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_GRAPH = "onnx/model.onnx"
_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_WEIGHTS = (".safetensors", ".bin", ".onnx", ".onnx_data", ".data")
_SETTINGS = (".json", ".txt", ".model", ".metadata")
_COLBERT = "HF_ColBERT"  # the architecture of Stanford's ColBERT, whose folders have no modules.json
_DEFAULT_MAX_TOKENS = 512


Kind: TypeAlias = Literal["SentenceTransformer", "MultiVectorEncoder"]


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence-transformers model on disk."""

    path: Path
    kind: Kind
    query_prompt: str
    passage_prompt: str
    pooling: str  # the mode as sentence-transformers names it; "" where there is none, or more than one
    plain: bool  # a transformer, pooling over all tokens and normalisation, and nothing else
    max_tokens: int  # with special tokens and prompt
    padding: int  # the id of the padding token
    graph: Path | None
    fingerprint: str


def local_folder(name: str, *, otherwise: str) -> Path | None:
    """The model's folder, where `name` is one; None where it can only be a name on the hub.

    Raises `ModelError` where it is neither; `otherwise` says what to do without it.
    """
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - `Path.expanduser` raises where there is no such user
    if path.is_dir():
        return path.resolve()
    if path.exists():
        raise ModelError(f"{path} is a file: give the model's folder, or {otherwise}")
    if path.is_absolute() or name.startswith((".", "~")):
        raise ModelError(f"There is no folder {path}: give another, or {otherwise}")
    return None


def read_model_folder(path: Path) -> ModelFolder:
    """The folder's description. Raises `ModelError` where it is not a sentence-transformers folder."""
    try:
        if not (path / "modules.json").is_file() and not _is_colbert(path):
            raise ModelError(
                f"{path} is not a sentence-transformers model (no modules.json): give another folder or name"
            )
        return _described(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} has settings that cannot be read ({error}): copy or download the model again"
        ) from error


def _is_colbert(path: Path) -> bool:
    return _COLBERT in (_json(path / "config.json", needed=False).get("architectures") or [])


def _kind(path: Path, settings: dict[str, Any]) -> Kind:
    """What sentence-transformers calls the model; "ColBERT" is what PyLate saves."""
    named = settings.get("model_type") or "SentenceTransformer"
    if named in ("MultiVectorEncoder", "ColBERT") or _is_colbert(path):
        return "MultiVectorEncoder"
    if named == "CrossEncoder":
        raise ModelError(f"{path} is a cross-encoder: give it with --reranker, and another with --model")
    if named != "SentenceTransformer":
        raise ModelError(f"{path} is a {named}, which makes no dense vectors: give another folder or name")
    return "SentenceTransformer"


def _described(path: Path) -> ModelFolder:
    modules = {
        str(module["type"]).rpartition(".")[2]: path / module["path"]
        for module in _json(path / "modules.json", needed=not _is_colbert(path)) or []
    }
    settings = _json(path / "config_sentence_transformers.json", needed=False)
    transformer = modules.get("Transformer", path)
    sentence_settings = _json(transformer / "sentence_bert_config.json", needed=False)
    pooling, whole = _pooling(modules["Pooling"]) if "Pooling" in modules else ("", False)
    prompts = settings.get("prompts") or {}
    default_prompt = prompts.get(settings.get("default_prompt_name"), "")
    graph = path / _GRAPH
    return ModelFolder(
        path=path,
        kind=_kind(path, settings),
        query_prompt=prompts.get("query", default_prompt),
        passage_prompt=next(
            (prompts[name] for name in _PASSAGE_PROMPTS if prompts.get(name)), default_prompt
        ),
        pooling=pooling,
        plain=set(modules) <= {"Transformer", "Pooling", "Normalize"}
        and whole
        and not sentence_settings.get("do_lower_case"),
        max_tokens=_max_tokens(transformer, sentence_settings),
        padding=int(_json(transformer / "config.json", needed=False).get("pad_token_id") or 0),
        graph=graph if graph.is_file() else None,
        fingerprint=_fingerprint(path),
    )


def settings_of(path: Path) -> dict[str, Any]:
    """What a file of settings holds; nothing where there is none, or none that can be read."""
    try:
        found = _json(path, needed=False)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _json(path: Path, *, needed: bool = True) -> Any:  # noqa: ANN401 - what the file holds
    if not needed and not path.is_file():
        return {}
    return json.loads(path.read_text(encoding="utf-8"))


def _pooling(folder: Path) -> tuple[str, bool]:
    """The mode, and whether it takes in the prompt's tokens too."""
    config = _json(folder / "config.json")
    modes = (
        config.get("pooling_mode")
        or [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)]
        or "mean"
    )
    modes = [modes] if isinstance(modes, str) else modes
    return (modes[0] if len(modes) == 1 else ""), bool(config.get("include_prompt", True))


def _max_tokens(folder: Path, sentence_settings: dict[str, Any]) -> int:
    limits = (
        sentence_settings.get("max_seq_length"),
        _json(folder / "tokenizer_config.json", needed=False).get("model_max_length"),
        _json(folder / "config.json", needed=False).get("max_position_embeddings"),
    )
    return min([int(limit) for limit in limits if limit] or [_DEFAULT_MAX_TOKENS])


def _fingerprint(path: Path) -> str:
    """Sixteen hexadecimal digits over everything that decides what comes out."""
    if (path / MANIFEST).is_file():
        return str(_json(path / MANIFEST)["fingerprint"])
    total = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.suffix in (*_SETTINGS, *_WEIGHTS)):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(path).as_posix()} {digest}\n".encode())
    return total.hexdigest()[:16]
