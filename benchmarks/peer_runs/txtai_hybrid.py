"""txtai, hybrid: dense vectors in FAISS beside BM25, added as txtai adds them.

As https://neuml.github.io/txtai/embeddings/configuration/ says: `hybrid` for both indexes, `instructions` for
the prompts that e5 wants. Its words are those of Unicode Text Segmentation (UAX 29), the default of its term
index (`txtai.pipeline.data.tokenizer`); it gives Chinese by character.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from txtai import Embeddings


class Peer:
    """What txtai saves."""

    def __init__(self, model: str, folder: Path) -> None:
        self._folder = folder / "index"
        prompts = {"query": "query: ", "data": "passage: "}
        settings = {"path": model, "hybrid": True, "instructions": prompts, "gpu": False}
        self._embeddings = Embeddings() if self._folder.exists() else Embeddings(settings)

    def index(self, passages: list[dict[str, str]]) -> None:
        """Index all passages and save."""
        self._embeddings.index((one["id"], one["text"], None) for one in passages)
        self._embeddings.save(str(self._folder))

    @cached_property
    def _opened(self) -> Embeddings:
        self._embeddings.load(str(self._folder))
        return self._embeddings

    def search(self, question: str, k: int) -> list[str]:
        """Return the passages of the highest sum of both normalised scores."""
        return [str(id) for id, _ in self._opened.search(question, k)]
