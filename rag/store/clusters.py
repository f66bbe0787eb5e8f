"""Vectors of one language in clusters: what is searched where a look at every vector would take too long.

FAISS' inverted file: k-means makes clusters, a question looks into those nearest to it, and what it finds
there is scored again by the caller with the vectors themselves. So cosines are exact, and what can be missed
is a passage in a cluster that was not looked into. How many are is measured when the clusters are made: so
many that recall@100 against exact search reaches `AIM` with the package's paragraphs about nothing in
particular, as the library's model sees them, and with means of a few of the library's vectors.

500,000 made-up passages of one language (`benchmarks.synthetic`), 100 real questions, 1,024 clusters, one
core; recall@100 of the first r that the index gives, and the milliseconds of a search:

| vectors kept as | bytes | r | 64 clusters | 128 clusters | 256 clusters |
|---|---|---|---|---|---|
| float16 | 768 | 100 | 0.947, 0.8 | 0.979, 1.6 | 0.993, 3.0 |
| **8 bits a dimension, of the difference to the centre** | 384 | 128 | 0.947, 0.8 | 0.979, 1.4 | 0.993, 4.4 |
| RaBitQ, 4 bits | 212 | 200 | 0.946, 1.9 | 0.978, 2.4 | 0.992, 4.1 |
| RaBitQ, 1 bit | 56 | 1000 | 0.926, 0.6 | 0.948, 1.0 | 0.953, 1.6 |
| product quantiser, 192 × 4 bits, fast scan | 96 | 300 | 0.922, 0.4 | 0.946, 0.9 | 0.955, 1.7 |
| 4 bits a dimension | 192 | 200 | 0.945, 1.1 | 0.975, 2.0 | 0.989, 4.1 |

Eight bits lose nothing once a few more are scored again, and few need to be: those are read from the catalog,
five to ten microseconds each. HNSW was left out: it keeps what is deleted, and its links take 256 bytes more.

What to measure with: recall@100 of 60,000 Chinese passages in 367 clusters, by clusters looked into.

| questions | 16 | 32 | 64 | 96 | 128 |
|---|---|---|---|---|---|
| 80 real ones, Chinese | 0.964 | 0.984 | 0.993 | 0.995 | 0.999 |
| 80 real ones, English | 0.889 | 0.952 | 0.986 | 0.995 | 0.998 |
| 87 paragraphs about nothing in particular, in 27 languages | 0.910 | 0.971 | 0.993 | 0.997 | 0.999 |
| means of eight of the passages' vectors | 0.805 | 0.908 | 0.967 | 0.985 | 0.992 |
| the passages' vectors themselves | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |

The last say nothing: a question lies off the passages. The two kinds above bracket real questions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import faiss
import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Float32, Int64
from rag.store.files import content_hash, write_atomically
from rag.store.vectors import use_one_core

AIM = 0.99  # recall@100 on the questions that a new index is measured with
LEAST_RECALL = 0.98  # below that an index is made again
_RECALL_AT = 100
_QUESTIONS = 96  # of each kind
_MIXED = 8  # vectors of a mean
_LISTS = 1.5  # × √n clusters: then the centres cost as much as what is scanned, for a share of a tenth
_PER_LIST = 64  # training vectors a cluster; with 256 the same recall for four times the time
_ROUNDS = 10  # of k-means
_BATCH = 20_000  # vectors in memory at once while an index is made
_MORE = 1.28  # × as many as are wanted are scored again
_MARGIN = 32
_SEED = 20_240_229

Read: TypeAlias = Callable[[Int64], Float32]  # passage ids (n,) -> their vectors (n, d), unit rows


@dataclass(frozen=True, slots=True)
class Measured:
    """What an index is like: recall@100 against exact search with the `probes` that reach it."""

    probes: int  # clusters that a question looks into
    clusters: int
    questions: int
    recall: float


class Clusters:
    """One language's vectors in clusters, for candidates; `ids` (n,) are the passages', ascending."""

    def __init__(self, index: faiss.Index, probes: int) -> None:
        self._index = cast("Any", index)  # an IndexIVFScalarQuantizer
        self._probes = probes
        self.ids: Int64 = _ids_of(self._index)

    @classmethod
    def load(cls, path: Path, expected_hash: str, *, probes: int) -> Clusters:
        """The index in a file. Raises LibraryDamaged where that is missing or not what was written."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise LibraryDamaged(f"{path}: {error.strerror}; run `rag doctor --repair`") from error
        if content_hash(data) != expected_hash:
            raise LibraryDamaged(f"{path} is not what was written; run `rag doctor --repair`")
        return cls(faiss.deserialize_index(np.frombuffer(data, np.uint8)), probes)

    def save(self, path: Path) -> str:
        """The hash of the file, after writing it whole. Raises OSError with no file left."""
        data = faiss.serialize_index(self._index).data
        write_atomically(path, data)
        return content_hash(data)

    def without(self, gone: Int64) -> Clusters:
        """This index less the passages `gone`; use only the one returned."""
        if not np.isin(gone, self.ids).any():
            return self
        self._index.remove_ids(gone)
        return Clusters(self._index, self._probes)

    def looking_into(self, probes: int) -> Clusters:
        """This index, with so many clusters looked into; use only the one returned."""
        self._probes = probes
        return self

    def nearest(self, vector: Float32, limit: int, *, within: Int64 | None = None) -> Int64:
        """At least `limit` candidates, unless there are fewer, for the unit vector (d,), in any order.

        Only ids of `within`, ascending and all in the index, where that is given: the fewer they are, the
        more clusters are looked into.
        """
        count = self.ids.size if within is None else within.size
        if not count:
            return np.empty(0, np.int64)
        wanted = min(int(_MORE * limit) + _MARGIN, count)
        use_one_core()
        probes, options = self._probes, {}
        if within is not None:
            probes = min(int(self._index.nlist), -(-self._probes * self.ids.size // count))
            allowed = np.zeros(int(within[-1]) + 1, bool)
            allowed[within] = True
            options["sel"] = cast("Any", faiss.IDSelectorBitmap)(np.packbits(allowed, bitorder="little"))
        return self._found(vector[None], wanted, probes, options)[0]

    def _found(
        self, vectors: Float32, wanted: int, probes: int, options: dict[str, Any] | None = None
    ) -> list[Int64]:
        parameters = cast("Any", faiss.SearchParametersIVF)(nprobe=probes, **(options or {}))
        _, found = self._index.search(np.ascontiguousarray(vectors, np.float32), wanted, params=parameters)
        return [row[row >= 0] for row in found]

    def emptied(self) -> faiss.Index:
        """The trained index without vectors, for others; use only that one."""
        self._index.reset()
        return cast("faiss.Index", self._index)

    def measured(self, questions: Float32, nearest: Int64) -> Measured:
        """The fewest probes that reach `AIM`, or all; `nearest` (q, 100) are the questions' by exact search.

        All candidates are scored exactly, so that each of the nearest that is among them is found.
        """
        clusters, probes = int(self._index.nlist), 1
        wanted = min(int(_MORE * nearest.shape[1]) + _MARGIN, self.ids.size)
        while True:
            found = self._found(questions, wanted, probes)
            hits = [np.isin(right, mine).mean() for right, mine in zip(nearest, found, strict=True)]
            recall = float(np.mean(hits))
            if recall >= AIM or probes >= clusters:
                return Measured(probes, clusters, len(questions), recall)
            probes = min(clusters, -(-probes * 5 // 4))


def build(
    ids: Int64, read: Read, *, apart: Float32, trained: Clusters | None = None
) -> tuple[Clusters, Measured]:
    """The vectors of these passages, ascending and at least one, in clusters, and how good they are.

    Measured with vectors (n, d) of texts `apart` from the passages, and with means of passages' vectors.
    With `trained`, an index of other passages whose clusters serve again, none are made; do not use it any
    more. Never more than `_BATCH` vectors, and those that train, are in memory at once.
    """
    chance = np.random.default_rng(_SEED)
    with _all_cores():
        index = cast("Any", trained.emptied() if trained else _trained(ids, read, chance))
        questions = np.concatenate([apart[:_QUESTIONS], _means(ids, read, chance)])
        best = _Best(len(questions), min(_RECALL_AT, ids.size))
        for start in range(0, ids.size, _BATCH):
            some = ids[start : start + _BATCH]
            vectors = read(some)
            index.add_with_ids(vectors, some)
            best.see(questions @ vectors.T, some)
        clusters = Clusters(index, 1)
        measured = clusters.measured(questions, best.ids)
    return clusters.looking_into(measured.probes), measured


def _trained(ids: Int64, read: Read, chance: np.random.Generator) -> faiss.Index:
    """An index with centres and ranges of values, without vectors."""
    lists = max(1, int(_LISTS * ids.size**0.5))
    sample = read(np.sort(chance.choice(ids, min(ids.size, lists * _PER_LIST), replace=False)))
    quantizer = faiss.IndexFlatL2(sample.shape[1])
    kind = faiss.ScalarQuantizer.QT_8bit
    index: Any = faiss.IndexIVFScalarQuantizer(quantizer, sample.shape[1], lists, kind, faiss.METRIC_L2, True)
    index.cp.niter, index.cp.seed = _ROUNDS, _SEED
    index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _PER_LIST, 1
    index.train(sample)
    return cast("faiss.Index", index)


def _means(ids: Int64, read: Read, chance: np.random.Generator) -> Float32:
    """Unit rows (q, d): each the mean of a few passages' vectors."""
    groups = chance.choice(ids, (min(_QUESTIONS, ids.size), _MIXED))
    wanted, places = np.unique(groups, return_inverse=True)
    means = read(wanted)[places.reshape(groups.shape)].mean(axis=1)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.float32(1e-12))
    return np.asarray(means, np.float32)


class _Best:
    """The nearest passages of each question so far: `ids` (q, k), by exact cosines."""

    def __init__(self, questions: int, wanted: int) -> None:
        self._wanted = wanted
        self._cosines = np.empty((questions, 0), np.float32)
        self.ids = np.empty((questions, 0), np.int64)

    def see(self, cosines: Float32, ids: Int64) -> None:
        """Look at more passages: cosines (q, n) and their ids (n,)."""
        both = np.concatenate([self._cosines, cosines], axis=1)
        names = np.concatenate([self.ids, np.broadcast_to(ids, cosines.shape)], axis=1)
        kept = min(self._wanted, both.shape[1])
        places = np.argpartition(-both, kept - 1, axis=1)[:, :kept]
        self._cosines = np.take_along_axis(both, places, axis=1)
        self.ids = np.take_along_axis(names, places, axis=1)


def _ids_of(index: Any) -> Int64:  # noqa: ANN401 - faiss has no types
    """The ids of an inverted file, ascending."""
    lists = index.invlists
    parts = [
        faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).copy()
        for number in range(index.nlist)
        if lists.list_size(number)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *parts]))


@contextmanager
def _all_cores() -> Iterator[None]:
    """Let FAISS use every core while an index is made; a search has one."""
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(1)
