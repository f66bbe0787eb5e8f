from __future__ import annotations

import threading

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import LibraryDamaged
from rag.store.vectors import VectorIndex


def unit_rows(count, dimensions=24, seed=0):
    rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def brute_force(ids, vectors, query, limit):
    """The same by the book: cosines in float64, ties by id."""
    cosines = (vectors.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
    order = sorted(range(len(ids)), key=lambda i: (-cosines[i], ids[i]))[:limit]
    return [int(ids[i]) for i in order], [float(cosines[i]) for i in order]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 200), st.integers(1, 60), st.integers(0, 2**31), st.data())
def test_search_is_brute_force(count, limit, seed, data):
    vectors = unit_rows(count, seed=seed)
    ids = np.sort(np.random.default_rng(seed).choice(10_000, count, replace=False)).astype(np.int64)
    if count > 3:  # passages that are equal must score equally and stand in order of their ids
        copies = data.draw(st.integers(0, count - 1))
        vectors[:copies] = vectors[0]
    query = unit_rows(1, seed=seed + 1)[0]
    index = VectorIndex.build(ids, vectors)
    found, cosines = index.search(query, limit)
    assert (found.tolist(), cosines.tolist()) == brute_force(ids, vectors, query, limit)
    assert found.dtype == np.int64
    assert cosines.dtype == np.float32


def test_ties_at_the_edge_are_broken_by_id_however_many_there_are():
    ids = np.arange(1000, 0, -1, dtype=np.int64)
    index = VectorIndex.build(ids, np.repeat(unit_rows(1), 1000, axis=0))
    found, cosines = index.search(unit_rows(1)[0], 10)
    assert found.tolist() == list(range(1, 11))
    assert len(set(cosines.tolist())) == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_finds_nothing(wrong):
    index = VectorIndex.build(np.arange(5, dtype=np.int64), unit_rows(5))
    query = unit_rows(1)[0]
    query[3] = wrong
    assert index.search(query, 3)[0].size == 0


def test_no_limit_and_no_vectors_find_nothing():
    assert (
        VectorIndex.build(np.arange(5, dtype=np.int64), unit_rows(5)).search(unit_rows(1)[0], 0)[0].size == 0
    )
    assert VectorIndex.build(np.empty(0, np.int64), unit_rows(0)).search(unit_rows(1)[0], 3)[0].size == 0


def test_a_changed_index_is_the_one_built_from_what_is_left():
    ids, vectors = np.arange(1, 101, dtype=np.int64), unit_rows(100)
    new_ids, new_vectors = np.arange(101, 131, dtype=np.int64), unit_rows(30, seed=2)
    gone = np.array([1, 50, 100, 777], np.int64)
    index = VectorIndex.build(ids, vectors).changed(without=gone, ids=new_ids, vectors=new_vectors)
    stay = ~np.isin(ids, gone)
    rebuilt = VectorIndex.build(
        np.concatenate([ids[stay], new_ids]), np.concatenate([vectors[stay], new_vectors])
    )
    assert index.ids.tolist() == rebuilt.ids.tolist()
    query = unit_rows(1, seed=3)[0]
    for one, other in zip(index.search(query, 40), rebuilt.search(query, 40), strict=True):
        assert one.tolist() == other.tolist()


def test_a_search_in_any_thread_uses_one_core():
    index = VectorIndex.build(np.arange(5, dtype=np.int64), unit_rows(5))
    seen = []

    def search():
        faiss.omp_set_num_threads(2)  # what a new thread has on a machine with two cores
        index.search(unit_rows(1)[0], 3)
        seen.append(faiss.omp_get_max_threads())

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert seen == [1]


def test_a_saved_index_comes_back(tmp_path):
    index = VectorIndex.build(np.arange(50, dtype=np.int64), unit_rows(50))
    digest = index.save(tmp_path / "file")
    again = VectorIndex.load(tmp_path / "file", digest)
    query = unit_rows(1, seed=3)[0]
    assert again.search(query, 7)[0].tolist() == index.search(query, 7)[0].tolist()


def test_every_damage_is_refused(tmp_path):
    path = tmp_path / "file"
    digest = VectorIndex.build(np.arange(50, dtype=np.int64), unit_rows(50)).save(path)
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    for wrong in (bytes(flipped), data[:-1], data + b"\0", b""):
        path.write_bytes(wrong)
        with pytest.raises(LibraryDamaged, match="doctor"):
            VectorIndex.load(path, digest)
    path.unlink()
    with pytest.raises(LibraryDamaged):
        VectorIndex.load(path, digest)
