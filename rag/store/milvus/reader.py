"""A library on a server as those who ask it see it: the `VectorStore` of Milvus.

Opening one is Strong: it sees all that was written before. What it reads later is Bounded, five seconds
behind at most, and so costs no wait.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock

import numpy as np

from rag.errors import LibraryDamaged, UsageError
from rag.records import Document, DocumentInfo, Filters, Float32, Int64, Passage, TokenStates
from rag.store.milvus.candidates import Candidates
from rag.store.milvus.condition import condition_of, language_condition
from rag.store.milvus.connection import Connection, Row
from rag.store.milvus.founding import Founding
from rag.store.milvus.packing import batches
from rag.store.milvus.records import Records
from rag.store.milvus.rows import CANDIDATE, READ, Entry, Kept, kept_of, passage_of
from rag.store.milvus.schema import Server, describe, founding_of, load, records_of
from rag.store.milvus.statistics import Statistics
from rag.store.reference import Background, Reference
from rag.store.states import batch_cosines, decode_batch, token_states

_KEPT_ROWS = 4096  # about 8 KB each
_IDS_AT_ONCE = 500
_LOTS = 1 << 63  # `packing.scrambled` is below
_LOOK_AGAIN_S = 2.0  # how often it is asked whether something has changed


class MilvusStore:
    """One state of the library at a connection; see `VectorStore`. `before` is an older one of the same.

    A passage that another process deletes meanwhile may still be shown, or be missing: the server keeps no
    old states. Raises LibraryMissing, LibraryUnreachable, LibraryDamaged, LibraryError.
    """

    def __init__(
        self, connection: Connection, before: MilvusStore | None = None, *, records: Records | None = None
    ) -> None:
        self._connection = connection
        self._records = records or Records(connection)
        self._lock = Lock()
        self._looked = time.monotonic()
        self._rows: dict[int, Kept] = {}
        self._backgrounds: dict[tuple[str, int], Background] = {}
        self._name = founding_of(describe(connection), connection.address)
        if before is not None and before._name == self._name:
            self.server: Server = before.server
            self.founding: Founding = before.founding
            self._reference: Reference = before._reference
        else:
            self.server = Server.of(connection.call("get_server_version"))
            for name in (connection.address.collection, records_of(connection.address)):
                load(connection, name)
            self.founding = self._records.founding(self._name)
            self._reference = self.founding.read_reference()
        self._generation = self._records.generation()
        self.statistics = Statistics(connection, self._records.averages())
        if before is not None:
            self.statistics.keep(before.statistics)
        self._candidates = Candidates(connection, self.server, self.statistics)

    def close(self) -> None:
        """Nothing is held open: the connection is the library's."""

    @property
    def generation(self) -> int:
        """A number that is another one after each change."""
        return self._generation

    @property
    def is_current(self) -> bool:
        """Whether a store opened now would show the same state; looked at every two seconds at most."""
        if time.monotonic() - self._looked < _LOOK_AGAIN_S:
            return True
        self._looked = time.monotonic()
        return self._records.generation() == self._generation

    def check_model(self, fingerprint: str) -> None:
        """Raise LibraryMismatch where the library was made with a model of another fingerprint."""
        self.founding.check(self._connection.address, fingerprint=fingerprint)

    @property
    def languages(self) -> Mapping[str, int]:
        """The number of passages in each language, by language code."""
        return self.statistics.passages

    # --- search ---------------------------------------------------------------------------------------------

    def vector_search(
        self, vector: Float32, *, limit: int, language: str, within: str | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages nearest to the unit vector (d,): ids (k,) and cosines (k,), k <= limit.

        Best first, ties by turn. Only passages that meet `within`, where that is given, as of `matching`.
        """
        found = [kept_of(row) for row in self._candidates.nearest(vector, limit, (language, within))]
        self._keep(found)
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ids = np.array([kept.passage.id for kept in found], np.int64)
        vectors = np.array([kept.vector for kept in found], np.float64)
        cosines = (vectors @ vector.astype(np.float64)).astype(np.float32)
        turns = np.array([kept.turn for kept in found], np.int64)
        order = np.lexsort((turns, -cosines))[:limit]
        return ids[order], cosines[order]

    def lexical_search(
        self, terms: Sequence[str], *, limit: int, language: str, within: str | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages that hold any of the terms: ids (k,) and BM25 scores (k,), k <= limit.

        Best first, ties by turn. A server without sparse vectors (Milvus before 2.4) is asked for all that
        hold any of the terms, or, of more than four thousand, the rarest of them.
        """
        return self._candidates.by_words(terms, limit, (language, within))

    def document_frequency(self, term: str, language: str) -> int:
        """The number of the language's passages that hold the term."""
        return self.statistics.frequency(term, language)

    def matching(self, filters: Filters) -> dict[str, str]:
        """What the passages that meet the filters meet, as Milvus writes it, by language."""
        condition = condition_of(filters)
        return {code: condition for code in self.languages if filters.language in ("", code)}

    def background_sample(self, language: str, *, size: int) -> Background:
        """Up to `size` of the language's passages that look drawn at random, read once and kept.

        Those of the lowest lots; lots are spread evenly, so a range holds about as many as it is long.
        """
        known = self._backgrounds.get((language, size))
        if known is None:
            kept = [kept_of(row) for row in self._lowest(language, size)]
            self._keep(kept)
            vectors = np.array([each.vector for each in kept], np.float32)
            vectors = vectors.reshape(-1, self.founding.identity.dimensions)
            known = Background(vectors, *self._decoded(kept))
            self._backgrounds[language, size] = known
        return known

    def _lowest(self, language: str, size: int) -> list[Row]:
        """The `size` rows of the language with the lowest lots, by id."""
        passages = self.languages.get(language, 0)
        share = min(1.0, (size + 4 * size**0.5 + 8) / max(passages, 1))
        while True:
            condition = language_condition(language)
            if share < 1:
                condition += f" and lot < {int(share * _LOTS)}"
            lots = {int(row["id"]): int(row["lot"]) for row in self._read(condition, ["id", "lot"])}
            if len(lots) >= min(size, passages) or share >= 1:
                break
            share = min(1.0, 2 * share)
        chosen = sorted(sorted(lots, key=lots.__getitem__)[:size])
        found = {int(row["id"]): row for row in self._by_ids(chosen, CANDIDATE)}
        return [found[id_] for id_ in chosen if id_ in found]

    def reference(self, language: str) -> Reference:
        """Paragraphs of that language about nothing in particular, encoded like the library's own."""
        return self._reference.of(language)

    # --- what is kept of a passage --------------------------------------------------------------------------

    def indexed_vectors(self, ids: Int64, *, language: str) -> Float32:
        """The vectors (n, d) of these passages, unit rows, in that order."""
        kept = [each.vector for each in self._kept(ids)]
        return np.array(kept, np.float32).reshape(-1, self.founding.identity.dimensions)

    def project(self, states: Float32) -> Float32:
        """A question's token states (t, D) in the space of the stored ones: (t, d), unit rows."""
        return self.founding.codec.project(states) if self.founding.codec else states[:0]

    def cosines(self, question: Float32, ids: Int64) -> tuple[Float32, Int64]:
        """(T, q) cosines of n passages' tokens with a projected question's (q, d), and offsets (n + 1,)."""
        return batch_cosines(self.founding.codec, question, [each.states[0] for each in self._kept(ids)])

    def states(self, ids: Int64) -> list[TokenStates]:
        """Each passage's token states in the space of `project`; spans are into the text as encoded."""
        return token_states(self.founding.codec, [each.states for each in self._kept(ids)])

    def passages(self, ids: Int64) -> list[Passage]:
        """The passages, in that order."""
        return [each.passage for each in self._kept(ids)]

    def _decoded(self, kept: Sequence[Kept]) -> tuple[Float32, Int64]:
        if self.founding.codec is None:
            return np.empty((0, 0), np.float32), np.zeros(len(kept) + 1, np.int64)
        return decode_batch(self.founding.codec, [each.states for each in kept])

    def _kept(self, ids: Int64) -> list[Kept]:
        """The passages' rows, those that searches brought along and the rest read now."""
        wanted = ids.tolist()
        with self._lock:
            found = {id_: self._rows[id_] for id_ in wanted if id_ in self._rows}
        missing = [id_ for id_ in wanted if id_ not in found]
        read = [kept_of(row) for row in self._by_ids(missing, CANDIDATE)]
        self._keep(read)
        found.update((kept.passage.id, kept) for kept in read)
        gone = next((id_ for id_ in wanted if id_ not in found), None)
        if gone is not None:
            raise LibraryDamaged(
                f"passage {gone} went from {self._connection.address.shown} while it was asked for: ask again"
            )
        return [found[id_] for id_ in wanted]

    def _keep(self, kept: Sequence[Kept]) -> None:
        with self._lock:
            for each in kept:
                self._rows.pop(each.passage.id, None)
                self._rows[each.passage.id] = each
            for id_ in list(self._rows)[: max(0, len(self._rows) - _KEPT_ROWS)]:
                del self._rows[id_]

    def _by_ids(self, ids: Sequence[int], fields: Sequence[str]) -> list[Row]:
        """The rows with these ids that there are, in any order."""
        return [
            row
            for part in batches(ids, _IDS_AT_ONCE)
            for row in self._read(f"id in [{', '.join(map(str, part))}]", fields)
        ]

    def _read(self, condition: str, fields: Sequence[str]) -> list[Row]:
        rows: list[Row] = self._connection.call(
            "query",
            self._connection.address.collection,
            filter=condition,
            output_fields=list(fields),
            consistency_level="Bounded",
        )
        return rows

    # --- documents ------------------------------------------------------------------------------------------

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What is in the library, ordered by the bytes of the keys."""
        rows = [entry.row for entry in self._records.entries_below("") if entry.row is not None]
        rows.sort(key=lambda row: row.key.encode("utf-8", "surrogatepass"))
        return tuple(row.info() for row in rows)

    def document_ranges(self) -> list[tuple[int, DocumentInfo]]:
        """The first passage's id and the document, for each that has passages, ascending."""
        rows = [entry.row for entry in self._records.entries_below("") if entry.row and entry.row.passages]
        return [(row.first_passage, row.info()) for row in sorted(rows, key=lambda row: row.first_passage)]

    def document(self, key: str) -> Document:
        """The document with its text, title and blocks. Raises UsageError where there is none of that key."""
        entry = self._entry(key)
        body = self._records.body(entry)
        title = entry.row.title if entry.row else ""
        return replace(body.read, title=title, blocks=body.blocks)

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """One document's passages, in its order. Raises UsageError where there is none of that key."""
        row = self._entry(key).row
        ids = list(row.passage_ids) if row else []
        found = {int(each["id"]): passage_of(each) for each in self._by_ids(ids, READ)}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def _entry(self, key: str) -> Entry:
        entry = self._records.entry(key)
        if entry is None or entry.row is None:
            raise UsageError(f"there is no document {key} in the library; `rag list` shows what there is")
        return entry
