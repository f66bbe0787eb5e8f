"""Every default of the package, each named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_MODEL = "multilingual-e5-small"
DEFAULT_INDEX = Path("index")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may choose; every face passes the same object down."""

    index: Path = DEFAULT_INDEX
    model: str = DEFAULT_MODEL  # a sentence-transformers model by name or folder, or an address
    reranker: str | None = None  # a cross-encoder, by name or folder; none by default
    hits: int = 5
    host: str = "127.0.0.1"
    port: int = 7860
    candidates: int = 48  # per channel and passage language
    encodings: Path | None = None  # a file that keeps encodings of passages for other libraries
    # So many vectors of a language are searched exactly, more in clusters: 45,000 take 3.0 ms and 1.7 ms.
    exact_vectors: int = 20_000
    reranked: int = 50  # passages that the cross-encoder reads, where there is one
    background: int = 64  # passages per language from which each channel's mean and spread are taken
    max_tokens: int = 320  # a passage longer than this is split at sentences; the model reads 512
    max_question_characters: int = 4000
