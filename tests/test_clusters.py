"""Vectors in clusters, alone and below the newest ones, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from rag.errors import LibraryDamaged
from rag.store.clusters import AIM, Clusters, build
from rag.store.layered import LayeredIndex
from rag.store.vectors import VectorIndex

DIMENSIONS = 24


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def clustered(count, seed=0):
    """Unit rows around a few hundred centres, as passages of documents are."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((200, DIMENSIONS))
    return unit(centres[chance.integers(200, size=count)] + 0.6 * chance.standard_normal((count, DIMENSIONS)))


APART = unit(np.random.default_rng(11).standard_normal((40, DIMENSIONS)))


class Shelf:
    """Vectors by id, and how often they were asked for."""

    def __init__(self, ids, vectors):
        self.rows = dict(zip(ids.tolist(), vectors, strict=True))
        self.read = 0

    def __call__(self, ids):
        self.read += len(ids)
        return np.array([self.rows[id_] for id_ in ids.tolist()], np.float32)


def brute_force(shelf, query, limit, within=None):
    ids = np.array(sorted(shelf.rows) if within is None else within, np.int64)
    cosines = (shelf(ids).astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    order = np.lexsort((ids, -cosines))[:limit]
    return ids[order], cosines[order]


@pytest.fixture
def ids():
    return np.sort(np.random.default_rng(5).choice(20_000, 6000, replace=False)).astype(np.int64) + 1


@pytest.fixture
def shelf(ids):
    return Shelf(ids, clustered(6000))


@pytest.fixture
def layered(ids, shelf):
    """5,000 in clusters, 200 of them removed again, and 1,000 newer ones."""
    clusters, _ = build(ids[:5000], shelf, apart=APART)
    gone = ids[:5000:25]
    for id_ in gone.tolist():
        del shelf.rows[id_]
    newest = VectorIndex.build(ids[5000:], shelf(ids[5000:]))
    return LayeredIndex(clusters.without(gone), newest, shelf)


def recall_of(search, shelf, limit, within=None):
    shares = []
    for query in clustered(60, seed=7):
        right, cosines = brute_force(shelf, query, limit, within)
        found, scores = search(query, limit, within=within)
        shared, mine, theirs = np.intersect1d(found, right, return_indices=True)
        assert np.array_equal(scores[mine], cosines[theirs])  # exact, to the last bit
        assert (np.diff(scores) <= 0).all()
        shares.append(len(shared) / len(right))
    return float(np.mean(shares))


def test_what_is_measured_is_what_is_found(ids, shelf):
    clusters, measured = build(ids, shelf, apart=APART)
    assert measured.recall >= AIM
    assert measured.probes < measured.clusters  # it did not look everywhere
    index = LayeredIndex(clusters, VectorIndex.build(ids[:0], shelf(ids[:1])[:0]), shelf)
    assert recall_of(index.search, shelf, 100) >= 0.98
    assert clusters.ids.tolist() == ids.tolist()


def test_layers_find_what_brute_force_finds(layered, shelf):
    assert layered.ids.tolist() == sorted(shelf.rows)
    assert recall_of(layered.search, shelf, 48) >= 0.98


@pytest.mark.parametrize("share", [0.5, 0.25, 0.02])
def test_a_search_within_some_finds_those_only(layered, shelf, share):
    chosen = np.random.default_rng(3).random(layered.ids.size) < share
    within = layered.ids[chosen]
    found, _ = layered.search(clustered(1, seed=8)[0], 30, within=within)
    assert np.isin(found, within).all()
    assert len(found) == min(30, len(within))
    assert recall_of(layered.search, shelf, 30, within) >= (0.98 if share > 0.02 else 1.0)


def test_a_search_within_one_layer_or_none(layered):
    query = clustered(1, seed=8)[0]
    old, new = layered.ids[:40], layered.ids[-40:]
    assert set(layered.search(query, 10, within=old)[0].tolist()) <= set(old.tolist())
    assert set(layered.search(query, 10, within=new)[0].tolist()) <= set(new.tolist())
    assert layered.search(query, 10, within=old[:0])[0].size == 0
    assert layered.search(query, 0)[0].size == 0
    assert layered.search(np.full(DIMENSIONS, np.nan, np.float32), 10)[0].size == 0


def test_vectors_come_from_either_layer_in_the_order_asked_for(layered, shelf):
    wanted = np.random.default_rng(1).permutation(layered.ids)[:500]
    assert np.array_equal(layered.vectors(wanted), shelf(wanted))
    before = shelf.read
    assert np.array_equal(layered.vectors(wanted), layered.vectors(wanted))
    assert shelf.read == before  # kept since the first time


def test_clusters_made_again_with_the_same_centres(ids, shelf):
    clusters, _ = build(ids[:3000], shelf, apart=APART)
    more, measured = build(ids, shelf, apart=APART, trained=clusters)
    assert more.ids.tolist() == ids.tolist()
    assert measured.recall >= AIM


@pytest.mark.parametrize("count", [1, 2, 150])
def test_few_vectors(ids, shelf, count):
    clusters, measured = build(ids[:count], shelf, apart=APART)
    assert measured.recall >= AIM
    found = clusters.nearest(shelf(ids[:1])[0], 10)
    assert set(found.tolist()) <= set(ids[:count].tolist())
    assert len(found) >= min(count, 10)


def test_saved_clusters_come_back_and_every_damage_is_refused(tmp_path, ids, shelf):
    clusters, measured = build(ids, shelf, apart=APART)
    path = tmp_path / "file"
    digest = clusters.save(path)
    again = Clusters.load(path, digest, probes=measured.probes)
    query = clustered(1, seed=8)[0]
    assert sorted(again.nearest(query, 30).tolist()) == sorted(clusters.nearest(query, 30).tolist())
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    for wrong in (bytes(flipped), data[:-1], data + b"\0", b""):
        path.write_bytes(wrong)
        with pytest.raises(LibraryDamaged, match="doctor"):
            Clusters.load(path, digest, probes=1)
    path.unlink()
    with pytest.raises(LibraryDamaged):
        Clusters.load(path, digest, probes=1)
