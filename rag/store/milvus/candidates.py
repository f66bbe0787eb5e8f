"""Which of a language's passages may answer, by vector and by words, as the server finds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rag.records import Float32, Int64
from rag.store.milvus.condition import language_condition
from rag.store.milvus.connection import Connection, Row
from rag.store.milvus.packing import term_id
from rag.store.milvus.rows import CANDIDATE, COUNTED, words_of
from rag.store.milvus.schema import Server
from rag.store.milvus.statistics import Statistics
from rag.store.milvus.words import WordCounts, bm25, most_unseen, question_weights

_MARGIN = 16  # beyond the limit, so that ties and rounding at the edge are settled by us
_MOST = 2048  # candidates by words that are scored again at most: 1 KB each
_SCANNED = 4096  # passages that are looked through at most where the server has no sparse vectors
_NO_HITS = (np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A vector to search a field for, how, and which fields hits bring along."""

    field: str
    vector: Any  # as pymilvus takes it: numbers, float16, or {dimension: weight}
    options: dict[str, Any]
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Holding:
    """Passages that hold words, `words[i]` those of `ids[i]`; no other's dot product is above `least`."""

    ids: Int64
    turns: Int64
    words: Sequence[WordCounts]
    least: float
    is_all: bool  # of those that hold any of the words


class Candidates:
    """The searches of a library on a server."""

    def __init__(self, connection: Connection, server: Server, statistics: Statistics) -> None:
        self._connection = connection
        self._server = server
        self._statistics = statistics

    def nearest(self, vector: Float32, limit: int, among: tuple[str, str | None]) -> list[Row]:
        """The rows nearest to the unit vector, some more than `limit`, with the fields `CANDIDATE`.

        `among` is a language and a condition, or None.
        """
        if limit < 1 or among[0] not in self._statistics.passages or not np.isfinite(vector).all():
            return []
        asked = vector.astype(np.float16) if self._server.halves else vector.tolist()
        wanted = limit + _MARGIN
        options = {"metric_type": "COSINE", "params": self._effort(wanted)}
        hits = self._search(_Asked("vector", asked, options, CANDIDATE), wanted, among)
        return [dict(hit["entity"]) | {"id": hit["id"]} for hit in hits]

    def by_words(
        self, terms: Sequence[str], limit: int, among: tuple[str, str | None]
    ) -> tuple[Int64, Float32]:
        """Ids (k,) and exact BM25 scores (k,) of the passages that hold any of the terms, best first."""
        language, _ = among
        statistics = self._statistics
        passages = statistics.passages.get(language, 0)
        if limit < 1 or not passages:
            return _NO_HITS
        wanted = 2 * limit + _MARGIN
        if not statistics.knows(terms, language):
            self._count(terms, wanted, language)
        frequencies = {term: statistics.frequency(term, language) for term in terms}
        question = question_weights(terms, frequencies, passages)
        if not question:
            return _NO_HITS
        average, written = statistics.average(language), statistics.written[language]
        while True:
            found = self._holding(question, wanted, among)
            scores = bm25(question, found.words, average).astype(np.float32)
            order = np.lexsort((found.turns, -scores))[:limit]
            unseen = most_unseen(found.least, written=written, average=average)
            if found.is_all or wanted >= _MOST or unseen < scores[order[-1]]:
                break
            wanted = min(4 * wanted, _MOST)
        order = order[scores[order] > 0]
        return found.ids[order], scores[order]

    def _count(self, terms: Sequence[str], wanted: int, language: str) -> None:
        """Learn how many passages hold each of the terms.

        Where few hold any of them, as in a language that the question is not in, one search finds them all
        and they are counted here; otherwise the server counts, a request a term.
        """
        ids = {term: term_id(term) for term in terms}
        found = self._holding(dict.fromkeys(ids.values(), 1.0), wanted, (language, None))
        if not found.is_all:
            self._statistics.ask(terms, language)
            return
        held = Counter(id_ for words in found.words for id_ in words.terms)
        self._statistics.learn({term: held[id_] for term, id_ in ids.items()}, language)

    def _holding(self, question: dict[int, float], wanted: int, among: tuple[str, str | None]) -> _Holding:
        """Passages that hold any of the terms, the `wanted` of them with the highest dot product."""
        if not self._server.sparse:
            return self._looked_through(question, among)
        hits = self._search(_Asked("words", question, {"metric_type": "IP"}, COUNTED), wanted, among)
        return _Holding(
            ids=np.array([int(hit["id"]) for hit in hits], np.int64),
            turns=np.array([int(hit["entity"]["turn"]) for hit in hits], np.int64),
            words=[words_of(hit["entity"]) for hit in hits],
            least=min((float(hit["distance"]) for hit in hits), default=0.0),
            is_all=len(hits) < wanted,
        )

    def _looked_through(self, question: dict[int, float], among: tuple[str, str | None]) -> _Holding:
        """The same without sparse vectors: all that hold any of the terms, or of the rarest of them.

        Nothing is promised of those that hold the common ones alone, where they are more than `_SCANNED`.
        """
        rarest = sorted(question, key=lambda term: (-question[term], term))
        while True:
            terms = ", ".join(map(str, rarest))
            condition = f"{language_condition(*among)} and array_contains_any(terms, [{terms}])"
            rows = self._statistics.query(condition, *COUNTED, limit=_SCANNED)
            if len(rows) < _SCANNED or len(rarest) == 1:
                break
            rarest = rarest[: len(rarest) // 2]
        return _Holding(
            ids=np.array([int(row["id"]) for row in rows], np.int64),
            turns=np.array([int(row["turn"]) for row in rows], np.int64),
            words=[words_of(row) for row in rows],
            least=0.0,
            is_all=len(rarest) == len(question) and len(rows) < _SCANNED,
        )

    def _search(self, asked: _Asked, wanted: int, among: tuple[str, str | None]) -> list[Row]:
        """The hits, best first."""
        found = self._connection.call(
            "search",
            self._connection.address.collection,
            data=[asked.vector],
            anns_field=asked.field,
            limit=wanted,
            filter=language_condition(*among),
            output_fields=list(asked.fields),
            search_params=asked.options,
            consistency_level="Bounded",
        )
        return list(found[0])

    def _effort(self, wanted: int) -> dict[str, int]:
        """How far the vector index looks: recall against time."""
        return {
            "HNSW": {"ef": max(4 * wanted, 256)},
            "IVF_SQ8": {"nprobe": 64},
            "DISKANN": {"search_list": max(2 * wanted, 128)},
        }.get(self._kind, {})

    @cached_property
    def _kind(self) -> str:
        described = self._connection.call(
            "describe_index", self._connection.address.collection, index_name="vector"
        )
        return str((described or {}).get("index_type", ""))
