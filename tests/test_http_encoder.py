"""Models that a server runs: both forms, faults of every kind, and a library without token states."""

from __future__ import annotations

import gc
import socket
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from embedding_server import embedding_server, not_a_number, shorter

from rag.cli import main
from rag.encoder import open_encoder
from rag.encoders.http import KEY_VARIABLE, HttpEncoder, read_address
from rag.errors import LibraryMismatch, ModelError
from rag.library import Library
from rag.scoring import WITHOUT_TOKENS
from rag.store.database import CATALOG
from rag.web.handlers import Desk
from rag.web.texts import EN

TEXTS = [
    "The mill was built in 1890.",
    "",
    "磨坊建于一八九〇年。",
    "lone \ud800 surrogate",
    *map(str, range(95)),
]
SECRET = "sk-very-secret-0123456789"


@pytest.fixture
def server(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    with embedding_server() as running:
        yield running
    gc.collect()  # the encoder's connections close with it


def opened(server, **settings) -> HttpEncoder:
    return HttpEncoder(server.address, first_wait_s=0.01, **settings)


def wanted(server, texts):
    plain = [(text if text.strip() else ".").replace("\ud800", "\ufffd") for text in texts]
    return server.encoder.encode_passages(plain).vectors


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/embeddings", "/embed"])
def test_vectors_are_the_servers_in_order_and_of_length_one(server, path):
    encoder = open_encoder(f"http://127.0.0.1:{server.port}{path}#tiny")
    found = encoder.encode_passages(TEXTS)
    np.testing.assert_allclose(found.vectors, wanted(server, TEXTS), atol=1e-6)
    assert [tokens.states.shape for tokens in found.tokens] == [(0, 0)] * len(TEXTS)
    np.testing.assert_allclose(
        encoder.encode_question(TEXTS[0]).vectors, wanted(server, TEXTS[:1]), atol=1e-6
    )
    assert (encoder.dimensions, encoder.state_dimensions) == (512, 0)
    assert encoder.encode_passages([]).vectors.shape == (0, 512)
    sizes = [len(body.get("input") or body["inputs"]) for body in server.asked]
    assert sorted(sizes) == [1, 1, 3, 32, 32, 32]


def test_what_is_sent(server, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    opened(server).encode_passages(["one"])
    assert server.asked[-1] == {"model": "tiny", "input": ["one"], "encoding_format": "float"}
    assert server.headers[-1]["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("name", "question", "passage"),
    [
        ("intfloat/multilingual-e5-large", "query: why", "passage: why"),
        ("e5-small-v2", "query: why", "passage: why"),
        ("BAAI/bge-m3", "why", "why"),
        ("unknown", "why", "why"),
    ],
)
def test_prompts_go_by_the_models_name(server, name, question, passage):
    encoder = HttpEncoder(f"http://127.0.0.1:{server.port}/v1#{name}")
    encoder.encode_question("why")
    encoder.encode_passages(["why"])
    assert [body["input"] for body in server.asked[-2:]] == [[question], [passage]]


def test_instructions_of_qwen_stand_before_questions_only(server):
    encoder = HttpEncoder(f"http://127.0.0.1:{server.port}/v1#Qwen/Qwen3-Embedding-0.6B")
    encoder.encode_question("why")
    assert server.asked[-1]["input"][0].startswith("Instruct: ")
    assert server.asked[-1]["input"][0].endswith("\nQuery:why")


def test_tokens_are_estimated(server):
    encoder = opened(server)
    assert encoder.count_tokens("磨坊 mill, milling") == 2 + 1 + 1 + 2
    assert encoder.count_tokens("") == 0


# --- faults ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503, 0])
def test_a_busy_server_is_asked_again(server, status):
    encoder = opened(server)
    server.faults = [(status, "busy", {"Retry-After": "0"})] * 3
    np.testing.assert_allclose(encoder.encode_passages(["a"]).vectors, wanted(server, ["a"]), atol=1e-6)
    assert server.faults == []


def test_tries_have_an_end(server):
    encoder = opened(server)
    server.faults = [(503, "busy", {})] * 50
    with pytest.raises(ModelError, match=r"cannot be reached or is busy \(status 503, 5 times\)"):
        encoder.encode_passages(["a"])
    assert len(server.faults) == 45
    with pytest.raises(ModelError, match=r"status 503, 2 times"):
        encoder.encode_question("a")
    assert len(server.faults) == 43


def test_a_server_that_is_not_there_gives_one_line(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ModelError, match="see that the server runs") as caught:
        HttpEncoder(f"http://127.0.0.1:{port}/v1#m", first_wait_s=0.01)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_asked_once_and_never_shown(server, monkeypatch, status):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    server.faults = [(status, f"wrong key {SECRET}", {})]
    with pytest.raises(ModelError, match=f"refuses the key .*{KEY_VARIABLE}") as caught:
        opened(server)
    assert SECRET not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("before", ["no model tiny for ", "no model tiny" + " for" * 35 + " "])
def test_an_error_that_names_the_key_is_told_without_it(server, monkeypatch, before):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    server.faults = [(400, f"{before}{SECRET}\n", {})]
    with pytest.raises(ModelError, match="status 400: no model tiny") as caught:
        opened(server)
    assert SECRET[:8] not in str(caught.value)
    assert "…" in str(caught.value)


def test_a_key_that_cannot_be_sent_is_not_shown(server, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, f"{SECRET}\nX-Evil: 1")
    with pytest.raises(ModelError, match=f"{KEY_VARIABLE} holds characters") as caught:
        opened(server)
    assert SECRET not in str(caught.value)
    assert server.asked == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"data": []}',
        '{"data": [{"index": 0}]}',
        '{"data": [{"index": 0, "embedding": "AAAA"}]}',
        '{"data": [{"index": 0, "embedding": []}]}',
        '{"data": [{"index": 0, "embedding": [0, 0]}]}',
        '{"data": [{"index": 3, "embedding": [1, 0]}]}',
        '{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}]}',
    ],
)
def test_an_answer_that_is_none_gives_one_line(server, body):
    server.faults = [(200, body, {})]
    with pytest.raises(ModelError, match="does not answer as an embeddings server does") as caught:
        opened(server)
    assert "\n" not in str(caught.value)


def test_vectors_that_change_are_refused(server):
    encoder = opened(server)
    server.spoil = shorter
    with pytest.raises(ModelError, match="now gives vectors of 5 dimensions, not 512"):
        encoder.encode_passages(["a"])
    server.spoil = not_a_number
    with pytest.raises(ModelError, match="no numbers"):
        encoder.encode_passages(["a"])


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("http://127.0.0.1:1/v1", "does not name host and model"),
        ("http:///v1#m", "does not name host and model"),
        ("http://h:port/v1#m", "is no address"),
        (f"http://me:{SECRET}@h/v1#m", KEY_VARIABLE),
        (f"http://h/v1?key={SECRET}#m", KEY_VARIABLE),
        (f"http://me:{SECRET}@h:port/v1#m", "is no address"),
        (f"http://me:a/{SECRET}@h/v1#m", "is no address"),
        (f"http://me:{SECRET}/a@h/v1#m", "is no address"),
        (f"http://{SECRET}/a@h/v1", KEY_VARIABLE),
    ],
)
def test_an_address_that_is_none_gives_one_line_without_secrets(address, wanted):
    with pytest.raises(ModelError, match=wanted) as caught:
        open_encoder(address)
    assert SECRET not in str(caught.value)


def test_addresses():
    assert read_address("https://h:8/a/v1#org/name").url == "https://h:8/a/v1/embeddings"
    assert read_address("http://h/embed#name").url == "http://h/embed"
    assert read_address("http://h/v1#org/name").model == "org/name"


# --- a whole library ---------------------------------------------------------------------------------------

MILL = (
    "The old mill stands by the river. Its wheel turned for ninety years. In 1890 a flood broke the dam. "
    "Nobody was hurt."
)
BEES = "Bees like the lime trees. The honey is sold on Sundays at the market hall. It is dark and bitter."
CINEMA = "电影院每天晚上七点开门。周末加映一场老电影。票价十五元，学生半价。"


@pytest.fixture
def library(server, tmp_path):
    for name, text in {"mill": MILL, "bees": BEES, "cinema": CINEMA}.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    with Library(tmp_path / "index", model=server.address) as made:
        made.add(*tmp_path.glob("*.txt"))
        yield made


def test_ranking_rests_on_vectors_and_words(library, server):
    answer = library.ask("Which flood broke the dam of the mill?")
    best = answer.hits[0]
    assert best.passage.text == MILL
    assert [best.passage.text[a:b] for a, b in best.highlights] == ["In 1890 a flood broke the dam."]
    assert {hit.channels.interaction for hit in answer.hits} == {0.0}
    assert best.channels.meaning > 0
    assert best.channels.words > 0
    assert [hit.score for hit in answer.hits] == sorted((hit.score for hit in answer.hits), reverse=True)
    for hit in answer.hits:  # a cinema in Chinese is foreign to the question, a mill is not
        own = hit.channels.meaning + WITHOUT_TOKENS.words * hit.channels.words
        assert (hit.passage.text == CINEMA) != (hit.score == pytest.approx(own, abs=1e-4))
    other = library.ask("学生票价是多少？")
    assert other.hits[0].passage.text == CINEMA
    assert [CINEMA[a:b] for a, b in other.hits[0].highlights] == ["票价十五元，学生半价。"]


def test_confidence_tells_what_the_library_holds(library):
    held = library.ask("On which days is the honey sold at the market hall?")
    foreign = library.ask("Why do volcanoes erupt?")
    assert 0 <= foreign.confidence < held.confidence <= 1
    assert held.answerable
    assert not foreign.answerable


def test_a_library_opens_again_by_its_address_and_is_sound(library, server, tmp_path):
    question = "Where is the honey sold?"
    before = library.ask(question)
    library.close()
    with Library(tmp_path / "index") as again:
        assert again.ask(question).hits == before.hits
        assert {finding.severity for finding in again.doctor()} <= {"ok", "warning"}
        assert again.rebuild().updated == 3
        assert again.ask(question).hits[0].passage.text == BEES


def test_a_damaged_catalog_is_mended_without_the_server(library, server, tmp_path):
    question = "Where is the honey sold?"
    before = library.ask(question)
    library.close()
    with closing(sqlite3.connect(tmp_path / "index" / CATALOG)) as catalog, catalog:
        catalog.execute("DELETE FROM meta WHERE rowid IN (SELECT max(rowid) FROM meta)")
    asked = len(server.asked)
    with Library(tmp_path / "index", model=server.address) as damaged:
        assert "error" in {finding.severity for finding in damaged.doctor()}
        assert "error" not in {finding.severity for finding in damaged.doctor(repair=True)}
        assert len(server.asked) == asked
        assert [hit.passage.text for hit in damaged.ask(question).hits] == [
            hit.passage.text for hit in before.hits
        ]


def test_another_model_is_another_library(library, server, tmp_path):
    with (
        Library(tmp_path / "index", model=f"http://127.0.0.1:{server.port}/v1#other") as other,
        pytest.raises(LibraryMismatch),
    ):
        other.ask("why")


def test_a_server_that_goes_away_loses_nothing(library, server, tmp_path, capsys):
    (tmp_path / "late.txt").write_text("A late note about the ferry.", encoding="utf-8")
    library._encoder._first_wait_s = 0.01
    server.faults = [(500, "down", {})] * 100
    with pytest.raises(ModelError, match="what is committed is kept"):
        library.add(tmp_path / "late.txt")
    server.faults = []
    assert len(library.documents()) == 3
    assert library.add(tmp_path / "late.txt").added == 1


def test_the_command_takes_an_address(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    (tmp_path / "mill.txt").write_text(MILL, encoding="utf-8")
    index = str(tmp_path / "index")
    assert main(["index", str(tmp_path / "mill.txt"), "--index", index, "--model", server.address]) == 0
    assert main(["ask", "What happened in 1890?", "--index", index]) == 0
    server.faults = [(401, "no", {})]
    assert main(["ask", "What happened in 1890?", "--index", index]) == 1
    printed = capsys.readouterr()
    assert "In 1890 a flood broke the dam." in printed.out
    assert "refuses the key" in printed.err
    assert SECRET not in printed.out + printed.err
    kept = b"".join(path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file())
    assert SECRET.encode() not in kept


def test_the_page_welcomes_with_what_is_there_while_the_server_is_down(library, server):
    desk = Desk(library, library.folder)
    server.faults = [(401, "no", {})]
    welcome = desk.welcome(EN)
    assert "3 documents" in welcome
    assert "wj-examples" not in welcome
    assert "wj-error" not in welcome
    assert "wj-examples" in desk.welcome(EN)  # and asks again when it is back
