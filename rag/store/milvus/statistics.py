"""Counts that scores need, of each language's passages: taken by the server, never kept up by writers.

So they are right whatever processes wrote, were killed or wrote twice. Each is one request, so they are kept
for a while and asked for together.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from threading import Lock

from rag.store.milvus.condition import language_condition
from rag.store.milvus.connection import Connection, Row
from rag.store.milvus.packing import term_id
from rag.store.milvus.words import LENGTH_BITS

KEPT_S = 60.0
_FEW = 1000  # passages whose lengths are brought over
_FREQUENCIES = 200_000  # of terms that are kept at most


class Statistics:
    """How many passages each language has, now, and what they hold; safe to use from several threads.

    `written` has the average lengths of the sparse vectors of each language: `words.sparse_vector`.
    """

    def __init__(self, connection: Connection, written: Mapping[str, float]) -> None:
        self._connection = connection
        self.written = dict(written)
        self._lock = Lock()
        self._since = time.monotonic()
        self._frequencies: dict[tuple[str, str], int] = {}
        self._averages: dict[str, float] = {}
        codes = sorted(written)
        counts = connection.together(
            [partial(self._count, language_condition(code), "Strong") for code in codes]
        )
        self.passages = {code: count for code, count in zip(codes, counts, strict=True) if count}

    def keep(self, before: Statistics) -> None:
        """Take over what another one has counted lately."""
        with self._lock:
            self._since = before._since
            self._frequencies, self._averages = dict(before._frequencies), dict(before._averages)

    def knows(self, terms: Iterable[str], language: str) -> bool:
        """Whether it is known how many of the language's passages hold each of the terms."""
        with self._lock:
            if time.monotonic() - self._since > KEPT_S or len(self._frequencies) > _FREQUENCIES:
                self._frequencies, self._averages, self._since = {}, {}, time.monotonic()
            return all((language, term) in self._frequencies for term in terms)

    def learn(self, frequencies: Mapping[str, int], language: str) -> None:
        """Keep how many of the language's passages hold each term."""
        with self._lock:
            self._frequencies.update(((language, term), count) for term, count in frequencies.items())

    def ask(self, terms: Sequence[str], language: str) -> None:
        """Have the server count, all terms at once."""
        condition = language_condition(language)
        asked = [
            partial(self._count, f"{condition} and array_contains(terms, {term_id(term)})") for term in terms
        ]
        self.learn(dict(zip(terms, self._connection.together(asked), strict=True)), language)

    def frequency(self, term: str, language: str) -> int:
        """The number of the language's passages that hold the term; never more than it has passages.

        Those were counted before, and others may have come in between.
        """
        if not self.knows([term], language):
            self.ask([term], language)
        with self._lock:
            return min(self._frequencies.get((language, term), 0), self.passages.get(language, 0))

    def average(self, language: str) -> float:
        """The average length of the language's passages, in terms.

        The sum of many lengths is 1 × the number of odd ones + 2 × the number with the second bit set and so
        on: requests that bring one number each.
        """
        with self._lock:
            known = self._averages.get(language)
        if known is None:
            total = self._total_length(language)
            known = total / max(self.passages.get(language, 0), 1)
            with self._lock:
                self._averages[language] = known
        return known

    def _total_length(self, language: str) -> int:
        condition = language_condition(language)
        if self.passages.get(language, 0) <= _FEW:
            rows = self.query(condition, "length")
            return sum(int(row["length"]) for row in rows)
        counts = self._connection.together(
            [
                partial(self._count, f"{condition} and array_contains(bits, {bit})")
                for bit in range(LENGTH_BITS)
            ]
        )
        return sum(count << bit for bit, count in enumerate(counts))

    def _count(self, condition: str, consistency: str = "Bounded") -> int:
        return int(self.query(condition, "count(*)", consistency=consistency)[0]["count(*)"])

    def query(
        self, condition: str, *fields: str, limit: int | None = None, consistency: str = "Bounded"
    ) -> list[Row]:
        """The rows that meet a condition, `limit` of them at most."""
        rows: list[Row] = self._connection.call(
            "query",
            self._connection.address.collection,
            filter=condition,
            output_fields=list(fields),
            consistency_level=consistency,
            **({} if limit is None else {"limit": limit}),
        )
        return rows
