"""The parts of a library on a server that need no server."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import LibraryError, LibraryUnreachable, UsageError
from rag.records import Source
from rag.store.lexical import LexicalIndex
from rag.store.milvus.address import read_store_address
from rag.store.milvus.condition import condition_fields
from rag.store.milvus.packing import (
    FIELD_BYTES,
    TERM_IDS,
    ascii_path,
    digest,
    first_id,
    joined,
    pieces,
    scrambled,
    term_id,
    text_field,
    text_of,
)
from rag.store.milvus.rows import Entry
from rag.store.milvus.schema import Server
from rag.store.milvus.words import bm25, count_words, most_unseen, question_weights, sparse_vector
from rag.tokens import lexical_terms

ANY_TEXT = st.text(st.characters(codec=None), max_size=300)  # lone surrogates too


@pytest.mark.parametrize(
    ("text", "uri", "collection"),
    [
        ("milvus://localhost:19530/books", "http://localhost:19530", "books"),
        ("milvus://10.0.0.7/Books_2", "http://10.0.0.7:19530", "Books_2"),
        ("milvus+tls://db.example.org:443/books/", "https://db.example.org:443", "books"),
        ("milvus://[::1]:1/b", "http://[::1]:1", "b"),
    ],
)
def test_addresses(text, uri, collection):
    address = read_store_address(text)
    assert (address.uri, address.collection, address.index) == (uri, collection, None)
    assert read_store_address(address.shown) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("books", "names no Milvus server"),
        ("http://localhost:19530/books", "names no Milvus server"),
        ("milvus:///books", "names no Milvus server"),
        ("milvus://localhost:19530", "names no collection"),
        ("milvus://localhost/two/parts", "names no collection"),
        ("milvus://localhost/书", "names no collection"),
        ("milvus://localhost:port/books", "no address"),
        ("milvus://localhost/books?index=annoy", "FLAT, HNSW"),
        ("milvus://localhost/books?shards=0", "shards= and 1 to 16"),
        ("milvus://localhost/books?token=secret", "FLAT, HNSW"),
        ("milvus://root:secret@localhost/books", "RAG_MILVUS_TOKEN"),
    ],
)
def test_what_is_no_address(text, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        read_store_address(text)
    assert "root:secret" not in str(caught.value)


def test_the_index_is_chosen_by_the_address():
    address = read_store_address("milvus://localhost/books?index=diskann&shards=8")
    assert (address.index, address.shards) == ("DISKANN", 8)
    assert address.shown == "milvus://localhost:19530/books"


@pytest.mark.parametrize(
    ("version", "what"),
    [
        ("v2.3.5-lite", (False, False, False, False, False)),
        ("milvus_lite-3.2.2", (True, True, False, False, True)),
        ("2.4.1", (False, True, True, False, True)),
        ("v2.6.4", (False, True, True, True, True)),
        ("3.0-beta", (False, True, True, True, True)),
    ],
)
def test_what_a_version_can_do(version, what):
    server = Server.of(version)
    assert (server.lite, server.sparse, server.halves, server.arrays, server.upserts) == what


# --- fields -------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_any_text_fits_a_field_and_comes_back(text):
    field = text_field(text)
    assert len(field.encode()) <= FIELD_BYTES
    assert text_of(field) == text


def test_long_texts():
    assert text_of(text_field("好" * 100_000)) == "好" * 100_000
    noise = "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9FFF, 60_000)))
    with pytest.raises(LibraryError, match="60000 characters is too long"):
        text_field(noise)


@pytest.mark.parametrize("size", [0, 1, 47_999, 48_000, 48_001, 200_000])
def test_pieces_are_joined_again(size):
    data = np.random.default_rng(size).bytes(size)
    assert joined(pieces(data)) == data
    assert all(len(piece) < FIELD_BYTES for piece in pieces(data))


@given(ANY_TEXT, ANY_TEXT)
def test_paths_keep_their_order_below_a_folder_and_need_no_quotes(folder, name):
    path, start = ascii_path(f"/{folder}/{name}"), ascii_path(f"/{folder}")
    assert path.isascii()
    assert not set(path) & set("\"\\' \n")
    assert f"{start}/" <= path < f"{start}0"


@given(st.lists(ANY_TEXT, min_size=2, max_size=2, unique=True))
def test_ids_differ_and_fit(texts):
    assert digest(*texts) != digest("".join(texts))
    first, second = (first_id(text, "content") for text in texts)
    assert first != second
    assert min(first, second) >= 0
    assert max(first, second) < 2**62
    assert 0 < term_id(texts[0]) < TERM_IDS


def test_lots_are_spread_evenly():
    lots = scrambled(np.arange(100_000))
    assert (lots >= 0).all()
    shares = np.bincount((lots >> 59).astype(int), minlength=16) / 100_000
    assert np.abs(shares - 1 / 16).max() < 0.005


def test_sections_are_found_by_every_run_of_headings():
    source = Source("/a/b.txt", "", "One › Two two › 三", "Ada Fenn", "", None, 1, 0, 1)
    fields = condition_fields(source, key="/a/b.txt", date="2021-03")
    wanted = ["One", "twotwo", "三", "one›twotwo", "twotwo›三", "one›twotwo›三"]
    assert set(fields["sections"]) == {digest(run.casefold()) for run in wanted}
    assert (fields["since"], fields["until"]) == ("2021-03-01", "2021-03-31")
    assert fields["speaker"] == digest("adafenn")


# --- words --------------------------------------------------------------------------------------------------

WORDS = st.lists(st.sampled_from(["pier", "north", "dyke", "水", "库", "堤", "a1", "2024"]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=12), WORDS, st.integers(1, 40))
def test_scores_are_those_of_tantivy(texts, question, repeats):
    texts = [" ".join(words * (repeats if place == 0 else 1)) for place, words in enumerate(texts)]
    entries = [(place, place, " ".join(lexical_terms(text))) for place, text in enumerate(texts)]
    index = LexicalIndex.in_memory(entries)
    terms = lexical_terms(" ".join(question))
    ids, scores = index.search(terms, 100)
    counted = [count_words(text) for text in texts]
    average = sum(words.length for words in counted) / len(counted)
    weights = question_weights(terms, {term: index.document_frequency(term) for term in terms}, len(texts))
    ours = bm25(weights, counted, average)
    assert np.allclose(ours[ids], scores, rtol=1e-5)
    assert (ours > 0).sum() == len(ids)


@given(WORDS, WORDS, st.floats(1, 300), st.floats(1, 300))
def test_no_text_that_was_not_seen_scores_more_than_is_said(text, question, written, average):
    words = count_words(" ".join(text))
    terms = lexical_terms(" ".join(question))
    weights = question_weights(terms, dict.fromkeys(terms, 3), 10)
    vector = sparse_vector(words, written)
    product = sum(weight * vector.get(term, 0) for term, weight in weights.items())
    assert (
        bm25(weights, [words], average)[0] <= most_unseen(product, written=written, average=average) * 1.0001
    )


def test_a_text_without_words_still_has_a_vector():
    assert sparse_vector(count_words("…!"), 10.0)
    assert bm25({5: 1.0}, [count_words("…!")], 10.0).tolist() == [0]


def test_an_entry_knows_its_document_by_its_key():
    assert Entry("/a", "/a").name == digest("/a")


def test_the_error_for_a_silent_server_is_a_library_error():
    assert issubclass(LibraryUnreachable, LibraryError)
