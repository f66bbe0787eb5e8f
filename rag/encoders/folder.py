"""What a sentence-transformers folder says about its model: prompts, pooling, length, graph, fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence-transformers model on disk."""

    path: Path
    query_prompt: str
    passage_prompt: str
    pooling: str  # the mode as sentence-transformers names it; "" where there is none, or more than one
    plain: bool  # a transformer, pooling over all tokens and normalisation, and nothing else
    max_tokens: int  # with special tokens and prompt
    padding: int  # the id of the padding token
    graph: Path | None
    fingerprint: str


def read_model_folder(path: Path) -> ModelFolder:
    """The folder's description. Raises `ModelError` where it is not a sentence-transformers folder."""
    if not (path / "modules.json").is_file():
        raise ModelError(
            f"{path} is not a sentence-transformers model (no modules.json): give another folder or name"
        )
    try:
        return _described(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} has settings that cannot be read ({error}): copy or download the model again"
        ) from error


def _described(path: Path) -> ModelFolder:
    modules = {
        str(module["type"]).rpartition(".")[2]: path / module["path"]
        for module in _json(path / "modules.json")
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
    for file in sorted(
        file for file in path.rglob("*") if file.suffix in (".json", ".txt", ".model", *_WEIGHTS)
    ):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(path).as_posix()} {digest}\n".encode())
    return total.hexdigest()[:16]
