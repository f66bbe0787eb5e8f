"""A library as a reader sees it: one generation, opened once, the same until it is closed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryDamaged, LibraryError, LibraryLocked, UsageError
from rag.filters import check, meets_document, meets_source, needs_source
from rag.records import Document, DocumentInfo, Filters, Float32, Int64, Passage, TokenStates
from rag.store import publish
from rag.store.catalog import Catalog, StoredStates
from rag.store.database import CATALOG
from rag.store.identity import check_model, read_codec
from rag.store.layered import LayeredIndex
from rag.store.lexical import LexicalIndex
from rag.store.lock import ReaderMark, writer_lock
from rag.store.publish import Published
from rag.store.reference import Background, Reference, read_reference
from rag.store.rows import DocumentRow
from rag.store.states import decode_batch, decode_spans, decode_token_ids
from rag.store.vectors import VectorIndex

_KEPT_ROWS = 4096  # about 7 KB each: passages whose states were asked for lately
_KEPT_FILTERS = 32  # what the last filters let through
_TRIES = 20  # a writer publishes a few times a second at most
_NO_HITS = (np.empty(0, np.int64), np.empty(0, np.float32))


class Snapshot:
    """One consistent state of the library in `folder`; thread-safe for reading; close it when done.

    It shows what was published last. Where a killed writer left commits that were not, and nobody writes now,
    they are published first. A damaged derived file is never searched: what it held is made again in memory
    from the catalog, and `damage` says so, a line each.

    Raises LibraryMissing, LibraryMismatch, LibraryDamaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damage: list[str] = []
        self._lock = threading.Lock()
        self._matching: dict[Filters, dict[str, Int64]] = {}
        self._rows: dict[int, StoredStates] = {}
        self._backgrounds: dict[tuple[str, int], Background] = {}
        self._inode = _inode(folder)  # before it is opened: what is replaced in between is looked for again
        self._catalog = Catalog(folder, writable=False)
        self._mark: ReaderMark | None = None
        try:
            self._catch_up()
            self._published, self._mark = _claim(self._catalog)
            self._codec = read_codec(self._catalog)
            self._reference = read_reference(self._catalog, self._codec)
            self._vectors, self._lexical = self._open_indexes()
        except BaseException:
            self.close()
            raise

    def _catch_up(self) -> None:
        """Publish what a writer committed and did not live to publish."""
        if Published.read(self._catalog).generation == self._catalog.generation:
            return
        try:
            with writer_lock(self.folder, wait_s=0), closing(Catalog(self.folder)) as catalog:
                publish.publish(catalog)
        except LibraryLocked:
            return  # the writer that lives will do it
        except (LibraryDamaged, LibraryError, OSError) as error:
            self.damage.append(f"showing an older state of the library: {error}")

    def _open_indexes(self) -> tuple[dict[str, VectorIndex | LayeredIndex], dict[str, LexicalIndex]]:
        """The indexes by language; two are read and checked at a time."""
        languages = list(self._published.shelves)
        with ThreadPoolExecutor(2) as pool:
            vectors = pool.map(self._open_vectors, languages)
            terms = pool.map(self._open_lexical, languages)
            return dict(zip(languages, vectors, strict=True)), dict(zip(languages, terms, strict=True))

    def _open_vectors(self, language: str) -> VectorIndex | LayeredIndex:
        try:
            return publish.open_vectors(self._catalog, self._published, language)
        except LibraryDamaged as error:
            self.damage.append(str(error))
            return publish.rebuilt_vectors(self._catalog, self._published, language)

    def _open_lexical(self, language: str) -> LexicalIndex:
        try:
            return publish.open_lexical(self._catalog, self._published, language)
        except LibraryDamaged as error:
            self.damage.append(str(error))
            return publish.rebuilt_lexical(self._catalog, self._published, language)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the generation go; the snapshot answers nothing after that."""
        if self._mark is not None:
            self._mark.release()
        self._catalog.close()

    @property
    def generation(self) -> int:
        """The number of commits behind this state."""
        return self._published.generation

    @property
    def is_current(self) -> bool:
        """Whether a snapshot opened now would show the same state; costs less than a millisecond."""
        inode = _inode(self.folder)
        if inode is None:
            return True  # there is no other state to show
        return inode == self._inode and Published.read(self._catalog).generation == self.generation

    def check_model(self, fingerprint: str) -> None:
        """Raise LibraryMismatch where the library was made with a model of another fingerprint."""
        check_model(self._catalog, fingerprint)

    @property
    def languages(self) -> dict[str, int]:
        """The number of passages in each language, by language code."""
        return {language: shelf.passages for language, shelf in self._published.shelves.items()}

    # --- search ---------------------------------------------------------------------------------------------

    def vector_search(
        self, vector: Float32, *, limit: int, language: str, within: Int64 | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages nearest to the unit vector (d,): ids (k,) and cosines (k,), k <= limit.

        Best first, ties by id; nothing for a language that the library lacks or a vector that is not finite.
        Only passages of `within`, where that is given: some of the language's, as `matching` gives them.
        """
        index = self._vectors.get(language)
        return index.search(vector, limit, within=within) if index else _NO_HITS

    def lexical_search(
        self, terms: Sequence[str], *, limit: int, language: str, within: Int64 | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages that hold any of the terms: ids (k,) and BM25 scores (k,), k <= limit.

        Best first, ties by id. BM25 with k1 = 1.2, b = 0.75 and the statistics of that language's passages,
        all of them, also where only those of `within` are looked for.
        """
        index = self._lexical.get(language)
        return index.search(terms, limit, within=within) if index else _NO_HITS

    def matching(self, filters: Filters) -> dict[str, Int64]:
        """The ids of the passages that meet the filters, ascending, by language. Raises UsageError."""
        with self._lock:
            known = self._matching.get(filters)
        if known is None:
            known = self._match(filters)
            with self._lock:
                if len(self._matching) >= _KEPT_FILTERS:
                    self._matching.clear()
                self._matching[filters] = known
        return known

    def _match(self, filters: Filters) -> dict[str, Int64]:
        check(filters)
        met = [
            np.arange(row.first_passage, row.first_passage + row.passages, dtype=np.int64)
            for row in self._catalog.documents_at(self.generation)
            if meets_document(filters, key=row.key, path=row.path, stated=row.date)
        ]
        ids = np.sort(np.concatenate([np.empty(0, np.int64), *met]))
        if needs_source(filters):
            met_too = [meets_source(filters, passage.source) for passage in self.passages(ids)]
            ids = ids[np.array(met_too, bool)]
        return {
            language: np.intersect1d(index.ids, ids, assume_unique=True)
            for language, index in self._vectors.items()
            if filters.language in ("", language)
        }

    def document_frequency(self, term: str, language: str) -> int:
        """The number of the language's passages that hold the term."""
        index = self._lexical.get(language)
        return index.document_frequency(term) if index else 0

    def background(self, language: str, *, size: int) -> Int64:
        """Up to `size` of the language's passage ids, ascending, that look drawn at random.

        The same for the same passages, and mostly the same when some are added: the ids of lowest hash.
        """
        index = self._vectors.get(language)
        if index is None or size < 1:
            return np.empty(0, np.int64)
        if size >= index.ids.size:
            return index.ids
        return np.sort(index.ids[np.argpartition(_scrambled(index.ids), size)[:size]])

    def background_sample(self, language: str, *, size: int) -> Background:
        """`background(language, size)` with vectors and states, read once and kept."""
        known = self._backgrounds.get((language, size))
        if known is None:
            ids = self.background(language, size=size)
            vectors = self.indexed_vectors(ids, language=language)
            known = self._backgrounds[language, size] = Background(vectors, *self.states_batch(ids))
        return known

    def reference(self, language: str) -> Reference:
        """Paragraphs of that language about nothing in particular, encoded like the library's own."""
        return self._reference.of(language)

    # --- what is kept of a passage --------------------------------------------------------------------------

    def vectors(self, ids: Int64) -> Float32:
        """The vectors (n, d) of the passages, unit rows, in that order."""
        return self._catalog.vectors(ids, publish.dimensions_of(self._catalog))

    def indexed_vectors(self, ids: Int64, *, language: str) -> Float32:
        """The same, for passages of one language: from memory, or kept there for a while."""
        return self._vectors[language].vectors(ids)

    def project(self, states: Float32) -> Float32:
        """A question's token states (t, D) in the space of the stored ones: (t, d), unit rows.

        Stored states are compressed by a projection; cosines mean something only between projected states.
        """
        return self._codec.project(states) if self._codec else states[:0]

    def states_batch(self, ids: Int64) -> tuple[Float32, Int64]:
        """All token states of n passages: states (T, d) unit rows, offsets (n + 1,).

        Passage i's are `states[offsets[i]:offsets[i + 1]]`, in the space of `project`.
        """
        return self._decoded(self._stored_states(ids))

    def cosines(self, question: Float32, ids: Int64) -> tuple[Float32, Int64]:
        """(T, q) cosines of n passages' tokens with a projected question's (q, s), and offsets (n + 1,).

        Passage i's are the rows `offsets[i]` to `offsets[i + 1]`.
        """
        if self._codec is None:  # a library without passages, or of a model without token states
            return np.empty((0, len(question)), np.float32), np.zeros(len(ids) + 1, np.int64)
        codes = [each for each, _ in self._stored_states(ids)]
        counts = [len(each) // self._codec.bytes_per_token for each in codes]
        return self._codec.cosines(question, b"".join(codes)), np.cumsum([0, *counts])

    def states(self, ids: Int64) -> list[TokenStates]:
        """Each passage's token states in the space of `project`; spans are into the text as encoded."""
        stored = self._stored_states(ids)
        states, offsets = self._decoded(stored)
        cuts = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        return [
            TokenStates(
                states[start:end], decode_spans(layout, end - start), decode_token_ids(layout, end - start)
            )
            for (_, layout), (start, end) in zip(stored, cuts, strict=True)
        ]

    def _decoded(self, stored: Sequence[StoredStates]) -> tuple[Float32, Int64]:
        if self._codec is None:  # a library without passages, or of a model without token states
            return np.empty((0, 0), np.float32), np.zeros(len(stored) + 1, np.int64)
        return decode_batch(self._codec, stored)

    def _stored_states(self, ids: Int64) -> list[StoredStates]:
        """The rows of the passages, verified when they were read; the latest ones are kept."""
        wanted = ids.tolist()
        with self._lock:
            found = {id_: row for id_ in wanted if (row := self._rows.pop(id_, None)) is not None}
        missing = [id_ for id_ in wanted if id_ not in found]
        found.update(zip(missing, self._catalog.states(np.array(missing, np.int64)), strict=True))
        with self._lock:
            self._rows.update(found)
            for id_ in list(self._rows)[: max(0, len(self._rows) - _KEPT_ROWS)]:
                del self._rows[id_]
        return [found[id_] for id_ in wanted]

    def passages(self, ids: Int64) -> list[Passage]:
        """The passages, in that order."""
        return self._catalog.passages(ids, self.generation)

    # --- documents ------------------------------------------------------------------------------------------

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What is in the library, ordered by the bytes of the keys."""
        return tuple(row.info() for row in self._catalog.documents_at(self.generation))

    def document_ranges(self) -> list[tuple[int, DocumentInfo]]:
        """The first passage's id and the document, for each that has passages, ascending."""
        rows = [row for row in self._catalog.documents_at(self.generation) if row.passages]
        return [(row.first_passage, row.info()) for row in sorted(rows, key=lambda row: row.first_passage)]

    def document(self, key: str) -> Document:
        """The document with its text, title and blocks. Raises UsageError where there is none of that key."""
        return self._catalog.document(self._document_row(key))

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """One document's passages, in its order. Raises UsageError where there is none of that key."""
        return tuple(self.passages(np.array(self._document_row(key).passage_ids, np.int64)))

    def _document_row(self, key: str) -> DocumentRow:
        row = self._catalog.document_at(key, self.generation)
        if row is None:
            raise UsageError(f"there is no document {key} in the library; `rag list` shows what there is")
        return row


def _inode(folder: Path) -> int | None:
    """Which file the catalog is; None where there is none."""
    try:
        return (folder / CATALOG).stat().st_ino
    except OSError:
        return None


def _claim(catalog: Catalog) -> tuple[Published, ReaderMark]:
    """The published state, and a mark that keeps the writer from sweeping its rows."""
    for _ in range(_TRIES):
        published = Published.read(catalog)
        mark = ReaderMark(catalog.folder, published.generation)
        if Published.read(catalog).generation == published.generation:
            return published, mark
        mark.release()
    raise LibraryError(f"the library in {catalog.folder} changes faster than it can be opened; try again")


def _scrambled(ids: Int64) -> NDArray[np.uint64]:
    """A number for each id that looks random (splitmix64)."""
    mixed = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
