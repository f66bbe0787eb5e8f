"""The client of a chat endpoint against a real server: every fault ends in text, or in one clear line, in time."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

import pytest
from llm_server import full_port, llm_server

from rag.errors import GenerationError, UsageError
from rag.generate.address import endpoint_address
from rag.generate.endpoint import ChatEndpoint
from rag.generate.exchange import Cancelled, Limits
from rag.generate.messages import Message
from rag.secret import masked_pieces

TEXT = "The ferry leaves at 7:40 🚢 [1]. It takes 55 minutes [1]."
KEY = "sk-very-secret-0123456789"
QUICK = Limits(connect_s=2, first_token_s=0.5, between_tokens_s=0.5, total_s=5, longest_wait_s=2)
ASKED = [Message("user", "When?")]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("RAG_LLM_API_KEY", KEY)


def ask(server, model, *, limits=QUICK, cancel=None):
    return list(ChatEndpoint(server.url, model, limits=limits).stream(ASKED, cancel=cancel))


@pytest.mark.parametrize(
    "model", ["plain", "whole", "lying-type", "odd-lines", "no-temperature", "503", "429-date", "thinks"]
)
def test_the_text_comes_whole_whatever_form_it_has(model):
    with llm_server(TEXT) as server:
        server.refusals = 2
        assert "".join(ask(server, model, limits=Limits(longest_wait_s=2))) == TEXT


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("hangs-up", "it closed the connection without an answer"),
        ("reset-at-once", "it broke the connection off"),
        ("no-http", "what it sends is no HTTP: is that address an endpoint's?"),
        ("deep-json", "it sent broken JSON"),
        ("deep-whole-json", "it sent broken JSON"),
        ("deep-error", "it failed with status 500"),
        ("endless-reasoning", "it sent more than 8 MB, so the answer is cut"),
        ("endless-whole", "it sent a line of more than 1 MB"),
        ("endless-whole-lines", "it sent an answer of more than 1 MB"),
        ("only-thinks", "it sent reasoning and no answer"),
        ("says-nothing", "it sent an answer without a text"),
        ("html", "sent what is no chat answer (“<!doctype html><title>Welcome to the router</title>”)"),
        ("silent", "it sent nothing for 0.5 seconds"),
        ("never", "it sent nothing for 0.5 seconds"),
        ("broken-json", "it sent broken JSON"),
        ("no-choices", "JSON that is no chat answer"),
        ("error-in-stream", "it says: the GPU is [31m on fire"),
        ("one-line", "it sent a line of more than 1 MB"),
        ("empty", "it sent an empty answer"),
        ("redirects", "it redirects to http://127.0.0.1:1/elsewhere (status 307)"),
        ("compressed", "compressed"),
        ("wrong-key", "it refused the key (status 401): set RAG_LLM_API_KEY"),
        ("echoes-key", "it failed with status 500: upstream failed for Bearer …"),
        ("wrong-model", "no model “wrong-model” (status 404): model 'no-such' not found"),
        ("500", "it failed with status 500"),
        ("429-later", "too many requests (status 429): slow down; try later; it asks to wait 3600 seconds"),
    ],
)
def test_a_fault_is_one_line_without_the_key(model, line):
    with llm_server(TEXT) as server:
        server.refusals = 99
        with pytest.raises(GenerationError) as caught:
            ask(server, model)
        said = str(caught.value)
        assert line in said
        assert said.startswith(f"{server.url}/v1/chat/completions: ")
        assert "\n" not in said
        assert len(said) < 500
        assert KEY not in said
        assert "secret" not in repr(caught.value.__cause__)
        assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("stops", "sent nothing for 0.5 seconds"),
        ("half-closed", "closed the connection in the middle"),
        ("length", "came to the end of its context"),
        ("cut-chunk", "closed the connection in the middle"),
        ("bad-chunk", "what it sends is no HTTP"),
        ("long-length", "closed the connection in the middle"),
        ("reset", "broke the connection off"),
    ],
)
def test_what_came_before_a_break_is_kept(model, line):
    with llm_server(TEXT) as server:
        pieces = []
        with pytest.raises(GenerationError, match=line):
            # the first waits for a busy machine
            limits = Limits(first_token_s=30, between_tokens_s=0.5, total_s=60)
            pieces.extend(_collect(ChatEndpoint(server.url, model, limits=limits).stream(ASKED), pieces))
        assert "".join(pieces) == TEXT[: len(TEXT) * 3 // 4]


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("key-at-cut", "it failed with status 500: upstream failed again"),
        ("key-in-broken-json", 'it sent broken JSON (“{"error": "…”)'),
        ("key-in-headers", "it redirects to http://127.0.0.1:1/… (status 307)"),
    ],
)
def test_a_message_holds_no_beginning_of_the_key(model, line):
    with llm_server(TEXT) as server, pytest.raises(GenerationError) as caught:
        ask(server, model)
    assert line in str(caught.value)
    assert KEY[:8] not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("streams-key", f"{TEXT} … … s…"),
        ("whole-key", f"{TEXT} …."),
        ("streams-half-key", f"{TEXT} …"),
    ],
)
def test_a_key_that_comes_as_text_is_not_passed_on(model, text):
    pieces = []
    with llm_server(TEXT) as server, suppress(GenerationError):
        _collect(ChatEndpoint(server.url, model, limits=QUICK).stream(ASKED), pieces)
    assert "".join(pieces) == text


@pytest.mark.parametrize("key", ["", "none", KEY, "aaaaaaab"])
def test_masking_takes_out_the_key_and_nothing_else(key):
    """Every way of cutting a text in two or three, against masking it whole."""
    for text in ("", "sk-", f"a {KEY}.", f"{KEY}{KEY}", f"{KEY[:9]}{KEY}", "aaaaaaaaaab", "none is sk-ver"):
        whole = text.replace(key, "…") if len(key) >= 8 else text
        for one in range(len(text) + 1):
            for other in range(one, len(text) + 1):
                pieces = (text[:one], text[one:other], text[other:])
                assert "".join(masked_pieces(pieces, key)) == whole


@pytest.mark.parametrize("model", ["plain", "wrong-key", "key-in-headers", "streams-key", "half-closed"])
def test_the_key_is_in_no_log(caplog, model):
    """Of any logger, at any level: the HTTP client logs the headers that it is sent."""
    with llm_server(TEXT) as server, caplog.at_level(logging.DEBUG), suppress(GenerationError):
        ask(server, model)
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    assert any(record.name == "httpx" for record in caplog.records)
    for record in caplog.records:
        assert KEY not in f"{record.getMessage()} {record.args} {record.exc_info} {record.__dict__}"
    assert not logging.getLogger("httpcore.http11").filters


def _collect(stream, pieces):
    for piece in stream:
        pieces.append(piece)
    return []


def test_a_server_that_only_keeps_alive_comes_to_an_end():
    limits = Limits(first_token_s=2, between_tokens_s=2, total_s=0.6)
    with llm_server(TEXT) as server, pytest.raises(GenerationError, match=r"not finish within 0\.6 seconds"):
        ask(server, "drips", limits=limits)


def test_ten_megabytes_are_cut():
    with llm_server() as server:
        pieces = []
        with pytest.raises(GenerationError, match="passes 8000 characters, so it is cut"):
            _collect(ChatEndpoint(server.url, "endless").stream(ASKED), pieces)
        assert len("".join(pieces)) == 8000
        assert server.broken.wait(10)  # the server was told to stop


def test_a_busy_server_is_asked_three_times_and_no_more():
    limits = Limits(longest_wait_s=2, total_s=20)
    with llm_server(TEXT) as server:
        server.refusals = 99
        with pytest.raises(GenerationError, match="status 503"):
            ask(server, "503", limits=limits)
        assert len(server.requests) == 3


def test_setting_cancel_ends_a_wait_and_tells_the_server():
    cancel = threading.Event()
    with llm_server(TEXT) as server:
        timer = threading.Timer(0.3, cancel.set)
        timer.start()
        with pytest.raises(Cancelled):
            ask(server, "drips", limits=Limits(), cancel=cancel)
        assert server.broken.wait(10)
        timer.join()


def threads_that_read():
    return [thread for thread in threading.enumerate() if thread.name == "rag-llm"]


def test_cancelling_tells_a_server_that_has_not_sent_even_a_status():
    cancel = threading.Event()
    with llm_server(TEXT) as server:
        stopper = threading.Thread(target=lambda: server.asked.wait(20) and cancel.set())
        stopper.start()
        with pytest.raises(Cancelled):
            ask(server, "never", limits=Limits(), cancel=cancel)
        assert server.broken.wait(5)
        for thread in threads_that_read():
            thread.join(5)
        assert threads_that_read() == []
        stopper.join()


def test_a_wait_that_is_over_tells_the_server_too():
    with llm_server(TEXT) as server:
        with pytest.raises(GenerationError, match="sent nothing"):
            ask(server, "never")
        assert server.broken.wait(5)


def test_closing_the_iterator_tells_the_server():
    with llm_server("word " * 100_000) as server:
        stream = ChatEndpoint(server.url, "plain").stream(ASKED)
        assert next(stream) in ("", "word wo")
        stream.close()
        assert server.broken.wait(10)


def test_a_wait_for_a_retry_can_be_cancelled():
    cancel = threading.Event()
    with llm_server(TEXT) as server:
        server.refusals = 99
        timer = threading.Timer(0.3, cancel.set)
        timer.start()
        with pytest.raises(Cancelled):
            ask(server, "429", limits=Limits(), cancel=cancel)
        timer.join()
        assert len(server.requests) == 1


def test_bytes_that_are_no_text_are_replaced():
    with llm_server(TEXT) as server:
        assert "".join(ask(server, "invalid-utf8", limits=Limits())) == f"{TEXT} Caf\ufffd \ufffd\ufffd [1]."


def test_a_port_that_takes_no_connection():
    with full_port() as url:
        began = time.monotonic()
        with pytest.raises(GenerationError, match="it did not accept a connection in time"):
            list(ChatEndpoint(url, "plain", limits=Limits(connect_s=0.5)).stream(ASKED))
        assert time.monotonic() - began < 5
        for thread in threads_that_read():
            thread.join(5)
        assert threads_that_read() == []


def test_nobody_listens_there():
    with llm_server() as server:
        url = server.url
    with pytest.raises(GenerationError, match="it cannot be reached: is it running"):
        list(ChatEndpoint(url, "plain", limits=QUICK).stream(ASKED))


def test_what_is_sent():
    with llm_server(TEXT) as server:
        ask(server, "plain")
        (sent,) = server.requests
    assert sent["path"] == "/v1/chat/completions"
    assert sent["headers"]["Authorization"] == f"Bearer {KEY}"
    assert sent["body"] == {
        "model": "plain",
        "messages": [{"role": "user", "content": "When?"}],
        "stream": True,
        "temperature": 0,
    }


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
        ("https://api.example.org/openai/v2", "https://api.example.org/openai/v2/chat/completions"),
        (
            "https://a.example/x/chat/completions?api-version=2024-10-21",
            "https://a.example/x/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_an_address_is_completed(url, address):
    assert endpoint_address(url).url == address
    assert "?" not in endpoint_address(url).shown


@pytest.mark.parametrize(
    "url",
    [
        *("", "localhost:11434", "ftp://a/v1", "http://", "http://a:99999/", "file:///etc"),
        *("http://me:pw@a/v1", "http://me@a/v1", "http://:pw@a/v1", "http://a:pw/b@c/v1", "http://[pw"),
        *("http://a/v1?api-key=pw", "http://a/v1?pw", "http://a/v1?api-version=1&key=pw", "http://a/v1#pw@b"),
        f"http://a/{KEY}/v1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_wrong_usage(url, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(UsageError, match="^--llm: ") as caught:
        ChatEndpoint(url, "m")
    assert "pw" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caplog.records == []


def test_the_key_of_openai_goes_to_openai_only(monkeypatch):
    monkeypatch.delenv("RAG_LLM_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert endpoint_address("http://localhost:11434").key == ""
    assert endpoint_address("https://api.openai.com.evil.example/v1").key == ""
    assert endpoint_address("https://api.openai.com/v1").key == KEY


def test_a_key_that_cannot_be_sent_is_wrong_usage_and_is_not_shown(monkeypatch):
    monkeypatch.setenv("RAG_LLM_API_KEY", f"{KEY}\nX-Evil: 1")
    with pytest.raises(UsageError) as caught:
        ChatEndpoint("http://localhost:1", "m")
    assert KEY not in str(caught.value)


def test_the_key_is_in_no_repr():
    endpoint = ChatEndpoint("http://localhost:1/v1", "m")
    assert KEY not in f"{endpoint!r} {endpoint._address!r} {endpoint.shown}"
