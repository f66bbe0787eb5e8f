"""Vectors of one language in FAISS: exact search, and a file that is checked as a whole before it is used.

The file holds `serialize_index`'s bytes, written atomically; the catalog keeps its name and hash. Ids are the
passages'. What is searched is never changed: `add` during `search` crashes FAISS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import faiss
import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Float32, Int64
from rag.store.files import content_hash, write_atomically

_MARGIN = 16  # candidates beyond the limit, so that ties and rounding at the edge are settled by us
_ROUNDING = 2e-5  # how far two of FAISS' float32 sums may be off
_SCORED_ALL = 2000  # a search within so few scores them all: cheaper than a selector, and exact
_EMPTY = (np.empty(0, np.int64), np.empty(0, np.float32))


class VectorIndex:
    """The vectors of one language's passages, unit rows; `ids` (n,) are theirs, ascending."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = cast("Any", index)  # an IndexIDMap2
        self.ids: Int64 = np.sort(faiss.vector_to_array(self._index.id_map).astype(np.int64))

    @classmethod
    def build(cls, ids: Int64, vectors: Float32) -> VectorIndex:
        """An index of the vectors (n, d), unit rows, under their ids (n,)."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        return cls(index).changed(without=np.empty(0, np.int64), ids=ids, vectors=vectors)

    @classmethod
    def load(cls, path: Path, expected_hash: str) -> VectorIndex:
        """The index in a file. Raises LibraryDamaged where that is missing or not what was written."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise LibraryDamaged(f"{path}: {error.strerror}; run `rag doctor --repair`") from error
        if content_hash(data) != expected_hash:
            raise LibraryDamaged(f"{path} is not what was written; run `rag doctor --repair`")
        return cls(faiss.deserialize_index(np.frombuffer(data, np.uint8)))

    def save(self, path: Path) -> str:
        """The hash of the file, after writing it whole. Raises OSError with no file left."""
        data = faiss.serialize_index(self._index).data
        write_atomically(path, data)
        return content_hash(data)

    def changed(self, *, without: Int64, ids: Int64, vectors: Float32) -> VectorIndex:
        """This index less `without`, with `vectors` (n, d) under `ids`; use only the one returned."""
        gone = np.intersect1d(self.ids, without)
        if gone.size:
            self._index.remove_ids(gone)
        if ids.size:
            self._index.add_with_ids(np.ascontiguousarray(vectors), np.ascontiguousarray(ids))
        return VectorIndex(self._index)

    def vectors(self, ids: Int64) -> Float32:
        """The vectors (n, d) of these ids, in that order. Raises RuntimeError for an id that is not in it."""
        return np.asarray(self._index.reconstruct_batch(np.ascontiguousarray(ids)), np.float32)

    def search(self, vector: Float32, limit: int, *, within: Int64 | None = None) -> tuple[Int64, Float32]:
        """The `limit` nearest to the unit vector (d,): ids (k,) and cosines (k,), best first, ties by id.

        Only ids of `within`, ascending and all in the index, where that is given.
        Nothing for a vector that is not finite. Cosines are computed again in float64: the last bit of FAISS'
        depends on where in the index a vector stands, and equal passages must score equally.
        """
        allowed = self.ids if within is None else within
        if limit < 1 or not allowed.size or not np.isfinite(vector).all():
            return _EMPTY
        use_one_core()
        query = np.ascontiguousarray(vector, np.float32)[None]
        ids = allowed if within is not None and within.size <= _SCORED_ALL else None
        if ids is None:
            ids = self._nearest(query, limit, within)
        return best_of(ids, self._index.reconstruct_batch(ids), query[0], limit)

    def _nearest(self, query: Float32, limit: int, within: Int64 | None) -> Int64:
        """The ids of the `limit` nearest to the row (1, d) and of some more, in any order."""
        count = self.ids.size if within is None else within.size
        options: dict[str, Any] = {}
        if within is not None:
            options["params"] = cast("Any", faiss.SearchParameters)(sel=faiss.IDSelectorBatch(within))
        wanted = min(limit + _MARGIN, count)
        scores, found = self._index.search(query, wanted, **options)
        while wanted < count and scores[0, -1] >= scores[0, limit - 1] - _ROUNDING:
            wanted = min(2 * wanted, count)
            scores, found = self._index.search(query, wanted, **options)
        return np.asarray(found[0], np.int64)


def use_one_core() -> None:
    """Keep FAISS from sharing out one question, which is one row: waking its threads costs milliseconds.

    What is set holds for the calling thread only, so each search says it.
    """
    faiss.omp_set_num_threads(1)


def best_of(ids: Int64, vectors: Float32, query: Float32, limit: int) -> tuple[Int64, Float32]:
    """The `limit` of these vectors (n, d) nearest to the query (d,): ids and cosines, ties by id."""
    cosines = (vectors.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    order = np.lexsort((ids, -cosines))[:limit]
    return ids[order], cosines[order]
