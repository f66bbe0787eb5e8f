"""A language's vectors in two layers: most of them in clusters, the newest in an index that is exact."""

from __future__ import annotations

import threading

import numpy as np

from rag.records import Float32, Int64
from rag.store.clusters import Clusters, Read
from rag.store.vectors import VectorIndex, best_of

_SCORED_ALL = 1000  # a search within so few reads and scores them all: exact, and no dearer than a selector
_KEPT = 8192  # vectors read lately, 1.5 KB each


class LayeredIndex:
    """What `VectorIndex` is, for many: `ids` (n,), ascending; those in the clusters stand below all others.

    `read` gives the vectors of passages in the clusters, which keep only what finds candidates.
    """

    def __init__(self, clusters: Clusters, newest: VectorIndex, read: Read) -> None:
        self._clusters = clusters
        self._newest = newest
        self._read = read
        self._lock = threading.Lock()
        self._known: dict[int, Float32] = {}
        self.ids: Int64 = np.concatenate([clusters.ids, newest.ids])
        self._last = int(clusters.ids[-1]) if clusters.ids.size else 0

    def vectors(self, ids: Int64) -> Float32:
        """The vectors (n, d) of these ids, in that order. Raises as `VectorIndex` does, LibraryDamaged."""
        old = ids <= self._last
        if not old.any():
            return self._newest.vectors(ids)
        below = self._stored(ids[old])
        result = np.empty((ids.size, below.shape[1]), np.float32)
        result[old] = below
        if not old.all():
            result[~old] = self._newest.vectors(ids[~old])
        return result

    def _stored(self, ids: Int64) -> Float32:
        """The vectors (n, d) of passages in the clusters; those read lately are kept."""
        wanted = ids.tolist()
        if len(wanted) > _KEPT:
            return self._read(ids)
        with self._lock:
            found = {id_: row for id_ in wanted if (row := self._known.pop(id_, None)) is not None}
        missing = np.array([id_ for id_ in dict.fromkeys(wanted) if id_ not in found], np.int64)
        if missing.size:
            found.update(zip(missing.tolist(), self._read(missing), strict=True))
        with self._lock:
            self._known.update(found)
            for id_ in list(self._known)[: max(0, len(self._known) - _KEPT)]:
                del self._known[id_]
        return np.array([found[id_] for id_ in wanted])

    def search(self, vector: Float32, limit: int, *, within: Int64 | None = None) -> tuple[Int64, Float32]:
        """As `VectorIndex.search`, cosines exact; of passages in clusters one in a hundred may lack."""
        recent, cosines = self._newest.search(
            vector, limit, within=None if within is None else within[within > self._last]
        )
        if limit < 1 or not np.isfinite(vector).all():
            return recent, cosines
        old = None if within is None else within[within <= self._last]
        if old is None or old.size > _SCORED_ALL:
            old = self._clusters.nearest(vector, limit, within=old)
        if not old.size:
            return recent, cosines
        ids, exact = best_of(old, self._stored(old), vector, limit)
        ids, exact = np.concatenate([ids, recent]), np.concatenate([exact, cosines])
        order = np.lexsort((ids, -exact))[:limit]
        return ids[order], exact[order]
