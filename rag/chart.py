"""A library in two dimensions: where its passages stand to each other, from the vectors that it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rag.records import DocumentInfo, Filters, Float32, Int32, Int64
from rag.store.vector_store import VectorStore

REACH = 99.0  # percentile of the passages' distances that becomes 1: a few far ones must not shrink the rest
SAMPLE = 20_000  # passages from which the axes are taken


@dataclass(frozen=True, slots=True)
class Chart:
    """Passages as points: entry i of each array belongs to passage `ids[i]`."""

    ids: Int64  # ascending
    places: Float32  # (n, 2), -1 to 1
    language: Int32  # index into `languages`
    document: Int32  # index into `documents`
    languages: tuple[str, ...]
    documents: tuple[DocumentInfo, ...]
    axes: Float32  # (d, 2)
    centres: Mapping[str, Float32]  # language -> (d,)
    reach: Float32  # (2,)

    def place(self, vector: Float32, language: str) -> tuple[float, float]:
        """Where a vector of that language stands; one of a language that the library lacks, by their mean."""
        if not len(self.ids):
            return 0.0, 0.0
        centre = self.centres.get(language)
        if centre is None:
            centre = np.mean(list(self.centres.values()), axis=0)
        x, y = np.clip((vector - centre) @ self.axes / self.reach, -1, 1).tolist()
        return x, y


def draw_chart(snapshot: VectorStore, filters: Filters) -> Chart:
    """The passages that meet the filters by their first two principal components; the same every time.

    Each language is centred first: otherwise the first component is the language and nothing else shows.
    """
    matching = {code: ids for code, ids in sorted(snapshot.matching(filters).items()) if len(ids)}
    languages = tuple(matching)
    vectors = {code: snapshot.indexed_vectors(ids, language=code) for code, ids in matching.items()}
    centres = {code: rows.mean(axis=0) for code, rows in vectors.items()}
    centred = [rows - centres[code] for code, rows in vectors.items()]
    ids = np.concatenate([np.empty(0, np.int64), *matching.values()])
    language = np.repeat(np.arange(len(languages), dtype=np.int32), [len(rows) for rows in centred])
    if not len(ids):
        empty = np.empty((0, 2), np.float32)
        return Chart(ids, empty, language, language, (), (), empty, {}, np.ones(2, np.float32))
    rows = np.concatenate(centred)
    axes = principal_axes(rows)
    flat = rows @ axes
    reach = np.maximum(np.percentile(np.abs(flat), REACH, axis=0), 1e-6).astype(np.float32)
    order = np.argsort(ids)
    documents, document = _documents(snapshot, ids[order])
    places = np.clip(flat / reach, -1, 1).astype(np.float32)[order]
    return Chart(ids[order], places, language[order], document, languages, documents, axes, centres, reach)


def principal_axes(rows: Float32) -> Float32:
    """The two directions (d, 2) in which centred rows (n, d) spread most; their signs are fixed."""
    step = max(1, len(rows) // SAMPLE)
    some = rows[::step].astype(np.float64)
    _, directions = np.linalg.eigh(some.T @ some)
    axes = directions[:, -2:][:, ::-1]
    largest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[largest, [0, 1]]), np.float32)


def _documents(snapshot: VectorStore, ids: Int64) -> tuple[tuple[DocumentInfo, ...], Int32]:
    """The documents of these passages (ascending ids), and for each passage the index of its own."""
    ranges = snapshot.document_ranges()
    starts = np.array([first for first, _ in ranges], np.int64)
    found = np.searchsorted(starts, ids, side="right") - 1
    used, index = np.unique(found, return_inverse=True)
    return tuple(ranges[place][1] for place in used.tolist()), index.astype(np.int32)
