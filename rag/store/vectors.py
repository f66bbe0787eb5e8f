"""Vectors of one language in FAISS: exact search, and a file that is checked as a whole before it is used.

The file is `serialize_index`'s bytes, written atomically; the catalog keeps its name and hash. Its ids are the
passage ids. An opened index is never changed: `add` during `search` crashes FAISS.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Float32, Int64
from rag.store.files import content_hash, write_atomically

_MARGIN = 16  # candidates beyond the limit, so that ties and rounding at the edge are settled by us
_ROUNDING = 1e-5  # what FAISS' float32 sums may be off by
_EMPTY = (np.empty(0, np.int64), np.empty(0, np.float32))


class VectorIndex:
    """The vectors of one language's passages: `ids` (n,) ascending, unit rows."""

    def __init__(self, index: faiss.IndexIDMap2) -> None:
        self._index = index
        self.ids: Int64 = np.sort(faiss.vector_to_array(index.id_map).astype(np.int64))

    @classmethod
    def build(cls, ids: Int64, vectors: Float32) -> VectorIndex:
        """An index of the vectors (n, d), unit rows, under their ids (n,)."""
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))
        return cls(index)

    @classmethod
    def load(cls, path: Path, expected_hash: str) -> VectorIndex:
        """The index in a file. Raises LibraryDamaged where it is not what was written, FileNotFoundError."""
        data = path.read_bytes()
        if content_hash(data) != expected_hash:
            raise LibraryDamaged(f"{path} is damaged; run `rag doctor --repair`")
        return cls(faiss.deserialize_index(np.frombuffer(data, np.uint8)))

    def save(self, path: Path) -> str:
        """Write the index to a file and return its hash. Raises OSError, leaving no file."""
        data = faiss.serialize_index(self._index).data
        write_atomically(path, data)
        return content_hash(data)

    def changed(self, *, without: Int64, ids: Int64, vectors: Float32) -> VectorIndex:
        """This index less the ids `without`, plus `vectors` (n, d) under `ids`; this one must not be used after."""
        gone = np.intersect1d(self.ids, without)
        if gone.size:
            self._index.remove_ids(gone)
        if ids.size:
            self._index.add_with_ids(
                np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64)
            )
        return VectorIndex(self._index)

    def search(self, vector: Float32, limit: int) -> tuple[Int64, Float32]:
        """The ids (k,) and cosines (k,) of the `limit` nearest to the unit vector (d,), best first, ties by id.

        Nothing for a vector that is not finite. The cosines are computed again in float64: FAISS' depend in
        their last bit on where in the index a vector stands, and equal passages must score equally.
        """
        if limit < 1 or not self.ids.size or not np.isfinite(vector).all():
            return _EMPTY
        query = np.ascontiguousarray(vector, np.float32)[None]
        wanted = limit + _MARGIN
        while True:
            wanted = min(wanted, self.ids.size)
            scores, found = self._index.search(query, wanted)
            if (
                wanted in (self.ids.size,)
                or scores[0, -1] < scores[0, min(limit, wanted) - 1] - 2 * _ROUNDING
            ):
                break
            wanted *= 2
        ids = found[0].astype(np.int64)
        exact = self.reconstruct(ids).astype(np.float64) @ query[0].astype(np.float64)
        cosines = exact.astype(np.float32)
        order = np.lexsort((ids, -cosines))[:limit]
        return ids[order], cosines[order]

    def reconstruct(self, ids: Int64) -> Float32:
        """The vectors (n, d) of ids (n,) of this index, in that order."""
        rows: Float32 = self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64))
        return rows
