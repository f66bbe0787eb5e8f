"""LanceDB: vectors and full text in one table, hybrid search with its default reranker, reciprocal ranks.

As https://docs.lancedb.com/search/hybrid-search and https://docs.lancedb.com/indexing/fts-index say. For text
without spaces its `FTS` names the tokenizers `ngram`, `icu`, `jieba/*` and `lindera/*`; `icu` cuts words by
dictionary and comes with it, the last two want models downloaded into Lance's language model home. Without
a vector index it compares all vectors, exactly. Its own embedding function for sentence-transformers has no
place for prompts, so that vectors are made here.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import lancedb
from lancedb.rerankers import RRFReranker
from lancedb.table import Table
from sentence_transformers import SentenceTransformer


class Peer:
    """A database of one table."""

    def __init__(self, model: str, folder: Path) -> None:
        self._model = SentenceTransformer(model, device="cpu")
        self._database = lancedb.connect(str(folder))

    def index(self, passages: list[dict[str, str]]) -> None:
        """Encode all passages, write the table and its full-text index."""
        vectors = self._model.encode_document([one["text"] for one in passages])
        rows = [dict(one, vector=vector) for one, vector in zip(passages, vectors, strict=True)]
        table = self._database.create_table("passages", data=rows)
        table.create_fts_index("text", base_tokenizer="icu")

    @cached_property
    def _table(self) -> Table:
        return self._database.open_table("passages")

    def search(self, question: str, k: int) -> list[str]:
        """Return the passages of the highest sum of reciprocal ranks."""
        vector = self._model.encode_query(question)
        query = self._table.search(query_type="hybrid").vector(vector).text(question)
        found = query.distance_type("cosine").rerank(RRFReranker()).limit(k)
        return [row["id"] for row in found.to_list()]
