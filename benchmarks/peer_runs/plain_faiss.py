"""Plain sentence-transformers and FAISS: one vector a passage, searched exactly.

As https://www.sbert.net/examples/sentence_transformer/applications/semantic-search/README.html and
https://github.com/facebookresearch/faiss/wiki/Getting-started say. The e5 prompts stand in the model's
folder; `encode_query` and `encode_document` put them in front.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer


class Peer:
    """A FAISS file and the passages' ids beside it."""

    def __init__(self, model: str, folder: Path) -> None:
        self._model = SentenceTransformer(model, device="cpu")
        self._folder = folder

    def index(self, passages: list[dict[str, str]]) -> None:
        """Encode all passages and write both files."""
        vectors = self._model.encode_document([one["text"] for one in passages])
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, str(self._folder / "passages.faiss"))
        (self._folder / "passages.json").write_text(json.dumps(passages), encoding="utf-8")

    @cached_property
    def _opened(self) -> tuple[faiss.Index, list[dict[str, str]]]:
        passages = json.loads((self._folder / "passages.json").read_text(encoding="utf-8"))
        return faiss.read_index(str(self._folder / "passages.faiss")), passages

    def search(self, question: str, k: int) -> list[str]:
        """Return the nearest passages by cosine."""
        index, passages = self._opened
        _, rows = index.search(self._model.encode_query([question]), k)
        return [passages[row]["id"] for row in rows[0] if row >= 0]
