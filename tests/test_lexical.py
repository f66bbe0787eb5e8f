from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import LibraryDamaged
from rag.store import lexical
from rag.store.lexical import LexicalIndex

ALPHABET = ["网", "络", "网络", "data", "2022", "a", "é", "x" * 64]


def field_norm(length):
    """The length as tantivy keeps it: in one byte, exact up to 40, then with 3 bits after the leading one."""
    if length <= 40:
        return length
    rest = length - 24
    shift = rest.bit_length() - 4
    return ((rest >> shift) << shift) + 24


def brute_force(passages, terms, limit, k1=1.2, b=0.75):
    """BM25 of Robertson and Zaragoza with the idf of Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)), ties by id."""
    count = len(passages)
    average = sum(len(words) for words in passages.values()) / count if count else 0
    scores = {}
    for id_, words in passages.items():
        frequency = Counter(words)
        score = 0.0
        for term in terms:
            holding = sum(term in others for others in passages.values())
            if frequency[term]:
                idf = np.log(1 + (count - holding + 0.5) / (holding + 0.5))
                norm = k1 * (1 - b + b * field_norm(len(words)) / average)
                score += idf * frequency[term] * (k1 + 1) / (frequency[term] + norm)
        if any(term in words for term in terms):
            scores[id_] = score
    return sorted(scores.items(), key=lambda item: (-round(item[1], 4), item[0]))[:limit], scores


def entries(passages):
    return [(id_, id_ // 3 * 3, " ".join(words)) for id_, words in passages.items()]


PASSAGES = st.dictionaries(
    st.integers(0, 500), st.lists(st.sampled_from(ALPHABET), min_size=0, max_size=90), min_size=1, max_size=30
)


@settings(deadline=None, max_examples=40)
@given(PASSAGES, st.lists(st.sampled_from([*ALPHABET, "absent"]), min_size=1, max_size=6), st.integers(1, 35))
def test_scores_are_those_of_the_formula(passages, terms, limit):
    found, scores = LexicalIndex.in_memory(entries(passages)).search(terms, limit)
    expected, all_scores = brute_force(passages, terms, limit)
    assert len(found) == len(expected)
    assert np.allclose(scores, [score for _, score in expected], rtol=1e-4, atol=1e-5)
    assert np.allclose([all_scores[id_] for id_ in found.tolist()], scores, rtol=1e-4, atol=1e-5)
    assert list(zip(-scores, found, strict=True)) == sorted(zip(-scores, found, strict=True))


def test_equal_passages_score_equally_and_stand_by_id_across_segments(tmp_path):
    words = ["网", "络", "网络", "data", "2022"]
    first = {id_: words for id_ in range(900, 0, -1)}
    manifest = lexical.build(tmp_path / "one", entries(first))
    more = {id_: words for id_ in range(1500, 900, -1)}
    manifest = lexical.update(tmp_path / "two", tmp_path / "one", manifest, entries=entries(more), gone=())
    found, scores = LexicalIndex.load(tmp_path / "two", manifest).search(["网络", "data", "2022", "a"], 1200)
    assert found.tolist() == list(range(1, 1201))
    assert len(set(scores.tolist())) == 1


def test_an_updated_index_finds_what_a_rebuilt_one_finds(tmp_path):
    random = np.random.default_rng(0)
    passages = {id_: random.choice(ALPHABET, 20).tolist() for id_ in range(1, 301)}
    manifest = lexical.build(tmp_path / "one", entries({i: w for i, w in passages.items() if i <= 200}))
    manifest = lexical.update(
        tmp_path / "two",
        tmp_path / "one",
        manifest,
        entries=entries({i: w for i, w in passages.items() if i > 200}),
        gone=[30, 33],
    )
    left = {i: w for i, w in passages.items() if not 30 <= i < 36}
    updated, rebuilt = LexicalIndex.load(tmp_path / "two", manifest), LexicalIndex.in_memory(entries(left))
    assert updated.passages == rebuilt.passages == 294
    terms = ["网络", "2022"]
    assert set(updated.search(terms, 400)[0].tolist()) == set(rebuilt.search(terms, 400)[0].tolist())


def test_the_old_folder_stays_as_it_was(tmp_path):
    passages = {id_: ["data"] for id_ in range(10)}
    manifest = lexical.build(tmp_path / "one", entries(passages))
    reader = LexicalIndex.load(tmp_path / "one", manifest)
    lexical.update(tmp_path / "two", tmp_path / "one", manifest, entries=[(50, 50, "data")], gone=[0])
    lexical.verify(tmp_path / "one", manifest)
    assert LexicalIndex.load(tmp_path / "one", manifest).passages == 10
    shutil.rmtree(tmp_path / "one")
    assert reader.search(["data"], 20)[0].tolist() == list(range(10))


def test_a_term_asked_twice_counts_twice():
    index = LexicalIndex.in_memory(entries({1: ["a", "data"], 2: ["a", "2022"]}))
    once = dict(zip(*(x.tolist() for x in index.search(["data"], 5)), strict=True))
    twice = dict(zip(*(x.tolist() for x in index.search(["data", "data"], 5)), strict=True))
    assert twice[1] == pytest.approx(2 * once[1])


def test_document_frequency():
    index = LexicalIndex.in_memory(entries({1: ["a", "a"], 2: ["a", "2022"], 3: ["é"]}))
    assert [index.document_frequency(term) for term in ("a", "2022", "absent", "")] == [2, 1, 0, 0]


@pytest.mark.parametrize("terms", [[], ["absent"], ["AND"], ['+a -b "c'], [""], ["\0"]])
def test_terms_are_words_and_never_a_query_language(terms):
    index = LexicalIndex.in_memory(entries({1: ["a", "data"]}))
    assert index.search(terms, 5)[0].size == 0


def test_an_empty_index_finds_nothing():
    assert LexicalIndex.in_memory([]).search(["a"], 5)[0].size == 0
    assert LexicalIndex.in_memory(entries({1: ["a"]})).search(["a"], 0)[0].size == 0


def test_every_damage_is_refused(tmp_path):
    manifest = lexical.build(tmp_path / "one", entries({id_: ["data"] for id_ in range(10)}))
    for name in manifest:
        path = tmp_path / "one" / name
        data = path.read_bytes()
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        for wrong in (bytes(flipped), data[:-1], data + b"\0"):
            path.write_bytes(wrong)
            with pytest.raises(LibraryDamaged, match="doctor"):
                LexicalIndex.load(tmp_path / "one", manifest)
            with pytest.raises(LibraryDamaged, match="doctor"):
                lexical.update(tmp_path / "two", tmp_path / "one", manifest, entries=[], gone=[])
        path.unlink()
        with pytest.raises(LibraryDamaged):
            LexicalIndex.load(tmp_path / "one", manifest)
        path.write_bytes(data)
    assert [each.name for each in tmp_path.iterdir()] == ["one"]


def test_files_are_private(tmp_path):
    lexical.build(tmp_path / "one", entries({1: ["a"]}))
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "one").iterdir()} == {0o600}
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
