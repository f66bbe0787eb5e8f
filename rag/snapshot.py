"""A library as a reader sees it: one generation, opened once, the same until it is closed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from rag.errors import LibraryDamaged, LibraryError, UsageError
from rag.records import Document, DocumentInfo, Float32, Int32, Int64, Passage, TokenStates
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.lexical import LexicalIndex
from rag.store.lock import ReaderMark
from rag.store.publish import Published
from rag.store.states import StateCodec, decode_batch, decode_spans
from rag.store.vectors import VectorIndex

_TRIES = 20  # a writer publishes at most every few hundred milliseconds
_NO_HITS = (np.empty(0, np.int64), np.empty(0, np.float32))


class Snapshot:
    """One consistent state of the library in `folder`; thread-safe for reading; close it when done.

    A damaged derived file is never searched: what it held is made again in memory from the catalog, and
    `damage` says so. Raises LibraryMissing, LibraryMismatch, LibraryDamaged.
    """

    def __init__(self, folder: Path) -> None:
        self._catalog = Catalog(folder)
        try:
            self._published, self._mark = _claim(self._catalog)
        except BaseException:
            self._catalog.close()
            raise
        self._lock = threading.RLock()
        self._vectors: dict[str, VectorIndex] = {}
        self._lexical: dict[str, LexicalIndex] = {}
        self._samples: dict[str, Int64] = {}
        self.damage: list[str] = []
        self.generation = self._published.generation
        self.model: dict[str, object] = self._catalog.get("model") or {}
        self.codec = StateCodec.from_bytes(bytes.fromhex(self._catalog.get("codec"))) if self.model else None
        try:
            for language in self._published.shelves:
                self._open(language)
        except BaseException:
            self.close()
            raise

    def _open(self, language: str) -> None:
        """Open both indexes of one language, or make them again in memory."""
        dimensions = int(str(self.model["dimensions"]))
        try:
            self._vectors[language] = publish.open_vectors(
                self._catalog, self._published, language, dimensions
            )
        except (LibraryDamaged, FileNotFoundError) as error:
            self.damage.append(str(error))
            self._vectors[language] = publish.rebuilt_vectors(
                self._catalog, self._published, language, dimensions
            )
        try:
            self._lexical[language] = publish.open_lexical(self._catalog, self._published, language)
        except LibraryDamaged as error:
            self.damage.append(str(error))
            self._lexical[language] = publish.rebuilt_lexical(self._catalog, self._published, language)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the generation go; the snapshot answers nothing after that."""
        self._mark.release()
        self._catalog.close()

    @property
    def languages(self) -> dict[str, int]:
        """The number of passages in each language, by language code."""
        return {language: shelf.passages for language, shelf in self._published.shelves.items()}

    # --- search --------------------------------------------------------------------------------------------------

    def vector_search(self, vector: Float32, *, limit: int, language: str) -> tuple[Int64, Float32]:
        """The passages of the language nearest to the unit vector (d,): ids (k,), cosines (k,), k <= limit.

        Best first, ties by id; empty for a language that the library lacks and for a vector that is not finite.
        """
        index = self._vectors.get(language)
        return index.search(vector, limit) if index else _NO_HITS

    def lexical_search(self, terms: Sequence[str], *, limit: int, language: str) -> tuple[Int64, Float32]:
        """The passages of the language that hold any of the terms: ids (k,), BM25 (k,), k <= limit.

        Best first, ties by id; k1 = 1.2, b = 0.75, statistics of that language's passages alone.
        """
        index = self._lexical.get(language)
        return index.search(terms, limit) if index else _NO_HITS

    def document_frequency(self, term: str, language: str) -> int:
        """The number of the language's passages that hold the term."""
        index = self._lexical.get(language)
        return index.document_frequency(term) if index else 0

    def background(self, language: str, *, size: int) -> Int64:
        """Up to `size` passage ids (ascending) of the language that look drawn at random and are always the same.

        Those with the lowest hashes of their ids: when the library grows, most of the sample stays.
        """
        index = self._vectors.get(language)
        if index is None or size < 1:
            return np.empty(0, np.int64)
        order = self._samples.get(language)
        if order is None:
            order = self._samples[language] = index.ids[np.argsort(_scrambled(index.ids), kind="stable")]
        return np.sort(order[:size])

    # --- what is kept of a passage -------------------------------------------------------------------------------

    def vectors(self, ids: Int64) -> Float32:
        """The vectors (n, d) of the passages, unit rows, in that order."""
        return self._catalog.vectors(ids, int(str(self.model["dimensions"])))

    def project(self, states: Float32) -> Float32:
        """A question's token states (t, D) where stored states live: (t, d), unit rows; compare only there."""
        return self._codec().project(states)

    def states_batch(self, ids: Int64) -> tuple[Float32, Int64, Int32]:
        """All token states of n passages: states (T, d) unit rows, offsets (n + 1,), token ids (T,).

        Passage i's are `states[offsets[i]:offsets[i + 1]]`, in codec space (see `project`).
        """
        return decode_batch(self._codec(), self._catalog.states(ids))

    def states(self, ids: Int64) -> list[TokenStates]:
        """The token states of each passage in codec space; spans are into the text as it was encoded."""
        kept = self._catalog.states(ids)
        states, offsets, token_ids = decode_batch(self._codec(), kept)
        result = []
        for (_, layout), start, end in zip(kept, offsets[:-1], offsets[1:], strict=True):
            spans = decode_spans(layout, int(end - start))
            result.append(TokenStates(states[start:end], spans, token_ids[start:end]))
        return result

    def _codec(self) -> StateCodec:
        if self.codec is None:
            raise UsageError("the library is empty; index something first")
        return self.codec

    def passages(self, ids: Int64) -> list[Passage]:
        """The passages, in that order."""
        return self._catalog.passages(ids)

    # --- documents -----------------------------------------------------------------------------------------------

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What is in the library, ordered by key."""
        return tuple(row.info() for row in self._catalog.documents_at(self.generation))

    def document(self, key: str) -> Document:
        """The document with its text, title and blocks. Raises UsageError where the library has none of that key."""
        row = self._catalog.document_at(key, self.generation)
        if row is None:
            raise UsageError(f"there is no document {key} in the library; `rag list` shows what there is")
        return self._catalog.body(row)

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """The passages of one document, in its order. Raises UsageError where the library has none of that key."""
        row = self._catalog.document_at(key, self.generation)
        if row is None:
            raise UsageError(f"there is no document {key} in the library; `rag list` shows what there is")
        return tuple(self._catalog.passages(np.array(row.passage_ids, np.int64)))


def _claim(catalog: Catalog) -> tuple[Published, ReaderMark]:
    """The published state and a mark that keeps the writer from deleting its rows."""
    for _ in range(_TRIES):
        published = Published.read(catalog)
        mark = ReaderMark(catalog.folder, published.generation)
        if Published.read(catalog).generation == published.generation:
            return published, mark
        mark.release()
    raise LibraryError(f"the library in {catalog.folder} changes faster than it can be opened; try again")


def _scrambled(ids: Int64) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A pseudo-random number for each id (splitmix64)."""
    with np.errstate(over="ignore"):
        z = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
