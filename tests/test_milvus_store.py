"""One contract, two stores: the same files rank the same in a folder and on a Milvus server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from embedding_server import embedding_server
from library import write_files
from milvus_servers import lite_server, real_server
from tiny_encoder import TinyEncoder

from rag.cluster import ClusterLibrary
from rag.encoder import Encoder, open_encoder
from rag.ingest import index_paths, remove_paths
from rag.records import Filters
from rag.search import Wanted, search
from rag.settings import DEFAULT_MODEL, Settings
from rag.snapshot import Snapshot
from rag.store.milvus.address import read_store_address
from rag.store.milvus.connection import Connection
from rag.store.milvus.reader import MilvusStore
from rag.store.vector_store import VectorStore
from rag.tokens import lexical_terms

DATA = Path(__file__).resolve().parents[1] / "data"
FILTERS = (
    Filters(language="zh"),
    Filters(folder=str(DATA / "documents")),
    Filters(folder=str(DATA)),
    Filters(folder=str(DATA / "doc")),
    Filters(document=str(DATA / "documents" / "lanjiang-daily-speeches.txt")),
    Filters(format=".MD"),
    Filters(since="2020", until="2024-06"),
    Filters(until="2023"),
    Filters(speaker="周 望川"),
    Filters(section="守住一江清水 办好山区供水"),
    Filters(section="守住"),
    Filters(hidden=str(DATA / "documents")),
    Filters(hidden=str(DATA), own=str(DATA / "documents")),
    Filters(speaker="周望川", language="zh", format="txt"),
)


def questions(step: int) -> list[str]:
    lines = (DATA / "questions" / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines[::step]]


@dataclass
class Pair:
    """The same files in both."""

    encoder: Encoder
    local: Snapshot
    server: MilvusStore


def hits_of(store: VectorStore, encoder: Encoder, question: str, filters: Filters | None = None, k: int = 10):
    wanted = Wanted(k, filters or Filters())
    answer = search(store, encoder, question, wanted=wanted, settings=Settings())
    places = [(hit.passage.source, hit.passage.text, hit.passage.language) for hit in answer.hits]
    shown = [hit.highlights for hit in answer.hits]
    channels = [
        (hit.score, hit.channels.meaning, hit.channels.words, hit.channels.interaction) for hit in answer.hits
    ]
    return places, shown, np.array(channels).reshape(-1, 4), answer.confidence


def assert_same_answer(pair: Pair, question: str, filters: Filters | None = None) -> int:
    places, shown, channels, confidence = hits_of(pair.local, pair.encoder, question, filters)
    places_there, shown_there, channels_there, confidence_there = hits_of(
        pair.server, pair.encoder, question, filters
    )
    assert places_there == places
    assert shown_there == shown
    assert np.abs(channels_there - channels).max(initial=0) < 1e-4, channels_there - channels
    assert abs(confidence_there - confidence) < 1e-4
    return len(places)


def make_pair(paths: list[Path], folder: Path, address: str, encoder: Encoder) -> Pair:
    settings = Settings(index=folder)
    index_paths(paths, folder=folder, encoder=encoder, settings=settings)
    library = cluster(address, encoder)
    library.add(*paths)
    connection = Connection(read_store_address(address))
    return Pair(encoder, Snapshot(folder), MilvusStore(connection))


def cluster(address: str, encoder: Encoder | None = None) -> ClusterLibrary:
    library = ClusterLibrary(address)
    library._encoder = encoder or TinyEncoder()  # what --model opens; the tiny one has no name
    return library


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    with lite_server(tmp_path_factory.mktemp("lite")) as address:
        yield address


@pytest.fixture(scope="module")
def tiny(lite, tmp_path_factory):
    pair = make_pair([DATA / "documents"], tmp_path_factory.mktemp("tiny"), f"{lite}/tiny", TinyEncoder())
    with pair.local:
        yield pair


# --- the contract -------------------------------------------------------------------------------------------


def test_both_hold_the_same(tiny):
    assert tiny.server.languages == tiny.local.languages
    assert max(tiny.local.languages.values()) > Settings().background  # so that a sample is drawn
    there, here = (
        [(info.key, info.passages, info.title) for info in store.documents()]
        for store in (tiny.server, tiny.local)
    )
    assert there == here
    for info in tiny.local.documents():
        assert tiny.server.document(info.key) == tiny.local.document(info.key)
        texts = [(passage.text, passage.source) for passage in tiny.local.passages_of(info.key)]
        assert [(passage.text, passage.source) for passage in tiny.server.passages_of(info.key)] == texts


@pytest.mark.parametrize("question", questions(30))
def test_answers_are_the_same(tiny, question):
    assert assert_same_answer(tiny, question) == 10


@pytest.mark.parametrize("filters", FILTERS, ids=range(len(FILTERS)))
def test_narrowed_answers_are_the_same(tiny, filters):
    found = [assert_same_answer(tiny, question, filters) for question in questions(100)]
    alone = sum(len(ids) for ids in tiny.local.matching(filters).values())
    assert found == [min(10, count) for count in found]
    assert bool(alone) == any(found)


def test_every_channel_is_the_same(tiny):
    question = tiny.encoder.encode_question("三水厂的二号滤池什么时候修完？ the river harbour").vectors[0]
    terms = tuple(
        dict.fromkeys(lexical_terms("三水厂的二号滤池什么时候修完？ the river harbour museum 2024"))
    )
    for language in tiny.local.languages:
        for search_ in ("vector_search", "lexical_search"):
            asked = question if search_ == "vector_search" else terms
            ids, scores = getattr(tiny.local, search_)(asked, limit=48, language=language)
            ids_there, scores_there = getattr(tiny.server, search_)(asked, limit=48, language=language)
            assert np.allclose(scores_there, scores, rtol=0, atol=1e-4)
            here = [passage.source for passage in tiny.local.passages(ids)]
            assert {passage.source for passage in tiny.server.passages(ids_there)} == set(here)
        for term in terms:
            assert tiny.server.document_frequency(term, language) == tiny.local.document_frequency(
                term, language
            )
        background = [store.background_sample(language, size=64) for store in (tiny.server, tiny.local)]
        assert {row.tobytes() for row in background[0].vectors} == {
            row.tobytes() for row in background[1].vectors
        }
        assert np.array_equal(tiny.server.reference(language).vectors, tiny.local.reference(language).vectors)


def test_a_language_that_is_not_there_finds_nothing(tiny):
    vector = tiny.encoder.encode_question("x").vectors[0]
    assert tiny.server.vector_search(vector, limit=5, language="xx")[0].size == 0
    assert tiny.server.lexical_search(["x"], limit=5, language="xx")[0].size == 0
    assert tiny.server.vector_search(vector * np.nan, limit=5, language="zh")[0].size == 0
    assert tiny.server.lexical_search(["x"], limit=0, language="zh")[0].size == 0


def test_both_are_the_same_after_changes_and_removals(lite, tmp_path):
    source = write_files(tmp_path / "source", 40)
    folder, address, encoder = tmp_path / "index", f"{lite}/changes", TinyEncoder()
    make_pair([source], folder, address, encoder).local.close()
    (source / "3.txt").write_text(
        "The dykes at the south pier were raised by two metres.\n\n堤坝加高了两米。", "utf-8"
    )
    (source / "new.txt").write_text("水库的水位下降了。", "utf-8")
    index_paths([source], folder=folder, encoder=encoder, settings=Settings(index=folder))
    remove_paths([source / "5.txt", source / "6.txt"], folder=folder)
    with cluster(address, encoder) as library:
        report = library.add(source)
        assert (report.added, report.updated, report.unchanged) == (1, 1, 39)
        assert library.remove(source / "5.txt", source / "6.txt") == 2
    with Snapshot(folder) as local:
        pair = Pair(encoder, local, MilvusStore(Connection(read_store_address(address))))
        assert pair.server.languages == local.languages
        for question in (
            "when were the dykes raised?",
            "水库的水位怎么样？",
            "north pier repairs notice 7-1-2",
        ):
            assert_same_answer(pair, question)
    assert [f.severity for f in cluster(address).doctor()] == ["ok", "ok"]


def test_a_model_behind_an_address_without_token_states_ranks_the_same(lite, tmp_path):
    with embedding_server() as running:
        encoder = open_encoder(running.address)
        names = ("linxi-water-minutes.txt", "marlow-finch-hiring-policy.txt")
        paths = [DATA / "documents" / name for name in names]
        pair = make_pair(paths, tmp_path / "index", f"{lite}/address", encoder)
        assert pair.server.founding.codec is None
        with pair.local:
            for question in questions(60):
                assert_same_answer(pair, question)


def test_the_bundled_model_ranks_the_same(lite, tmp_path):
    names = ("linxi-water-minutes.txt", "marlow-finch-hiring-policy.txt", "zarechinsk-river-museum.txt")
    paths = [DATA / "documents" / name for name in names]
    pair = make_pair(paths, tmp_path / "index", f"{lite}/bundled", open_encoder(DEFAULT_MODEL))
    with pair.local:
        for question in questions(60):
            assert_same_answer(pair, question)


@pytest.mark.slow
def test_the_bundled_model_ranks_the_same_on_all_documents(lite, tmp_path):
    encoder = open_encoder(DEFAULT_MODEL)
    pair = make_pair([DATA / "documents"], tmp_path / "index", f"{lite}/everything", encoder)
    with pair.local:
        for question in questions(3):
            assert_same_answer(pair, question)


# --- the server of milvus 2.3.5 -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with real_server(tmp_path_factory.mktemp("real")) as address:
        yield address


@pytest.mark.slow
@pytest.mark.parametrize("index", ["flat", "hnsw", "ivf_sq8"])
def test_a_real_server_without_sparse_vectors_ranks_the_same(real, tmp_path, index):
    address = f"{real}/tiny_{index}?index={index}"
    pair = make_pair([DATA / "documents"], tmp_path / "index", address, TinyEncoder())
    assert not pair.server.server.sparse
    with pair.local:
        for question in questions(12):
            assert_same_answer(pair, question)
        for filters in FILTERS:
            assert_same_answer(pair, questions(100)[0], filters)
    findings = cluster(address).doctor()
    assert [finding.severity for finding in findings] == ["warning", "ok", "ok"]
    assert "2.4" in findings[0].what
