"""A real HTTP server that speaks the chat protocol, and every way of speaking it badly that the tests need.

The model's name chooses what happens (FAULTS below), or `Server.fault`, where one page asks all the time; a
plain name is answered with the text that the server was made with, one word a chunk. A request to rewrite a
follow-up gets `Server.follow_up` or what `Server.reading_fault` names, where one is set. What was sent is kept
in `requests`. `Server.answers` gives the text of single questions, or "fault NAME".
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_S = 20  # a "slow" server: no test waits so long, and the server ends it when it is closed


class Server(ThreadingHTTPServer):
    """What the handlers share."""

    daemon_threads = True

    def __init__(self, text: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.text, self.fault, self.follow_up, self.reading_fault = text, "", "", ""
        self.go_on, self.dripping = threading.Event(), threading.Event()  # for "waits", "held"; of "drips"
        self.requests: list[dict] = []
        self.answers: dict[str, str] = {}  # by the question in a request
        self.asked = threading.Event()  # a request has come that is not answered yet: "never", "held"
        self.closing = threading.Event()
        self.broken = threading.Event()  # set when a client went away in mid-answer
        self.refusals = 0  # how many requests are still refused with 429 or 503

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address) -> None:
        self.broken.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    text = ""  # of this answer

    def log_message(self, format, *args) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        self.close_connection = True
        fault = self.server.fault or body["model"]
        is_reading = "Rewrite the last question" in body["messages"][0]["content"]
        if is_reading and self.server.reading_fault:
            fault = self.server.reading_fault
        elif is_reading and self.server.follow_up:
            self.begin()
            self.chunk(self.server.follow_up, "stop")
            return
        own = next((said for asked, said in self.server.answers.items() if asked in str(body)), "")
        self.text = own or self.server.text
        FAULTS.get(own.removeprefix("fault ") if own.startswith("fault ") else fault, answer)(self)

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def send(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def chunk(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        self.send(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")

    def refuse(self, status: int, record: object, **headers: str) -> None:
        self.begin(status, "application/json", **headers)
        self.send(json.dumps(record).encode())


def words_of(text: str) -> list[str]:
    """The text in pieces that give it back when joined."""
    return [text[place : place + 7] for place in range(0, len(text), 7)]


def answer(handler: _Handler) -> None:
    handler.begin()
    handler.send(b": here it comes\n\n")
    for piece in words_of(handler.text):
        handler.chunk(piece)
    handler.chunk("", "stop")
    handler.send(b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\ndata: [DONE]\n\n')


def whole_answer(handler: _Handler) -> None:
    """Not streamed, though it was asked for."""
    handler.begin(kind="application/json")
    message = {"role": "assistant", "content": handler.server.text}
    handler.send(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())


def lying_type(handler: _Handler) -> None:
    handler.begin(kind="text/html; charset=latin-1")
    for piece in words_of(handler.server.text):
        handler.chunk(piece)
    handler.send(b"data: [DONE]\r\n\r\n")


def html_page(handler: _Handler) -> None:
    handler.begin(kind="text/event-stream")
    handler.send(b"<!doctype html><title>Welcome to the router</title>\n")


def silent(handler: _Handler) -> None:
    handler.begin()
    handler.server.closing.wait(WAIT_S)


def never_answers(handler: _Handler) -> None:
    """Takes the request and sends not even a status; notices when the client has gone."""
    handler.server.asked.set()
    handler.connection.settimeout(WAIT_S)
    with suppress(OSError):
        if handler.connection.recv(1) == b"":
            handler.server.broken.set()


def held(handler: _Handler) -> None:
    """Answers when it is told to go on, and sends nothing before."""
    handler.server.asked.set()
    handler.server.go_on.wait(WAIT_S)
    answer(handler)


def stops_midway(handler: _Handler) -> None:
    """The first sentence, half of the second, then nothing, with the connection open."""
    handler.begin()
    handler.chunk(handler.server.text[: len(handler.server.text) * 3 // 4])
    handler.server.closing.wait(WAIT_S)


def waits(handler: _Handler) -> None:
    """Three quarters of the answer, and the rest when it is told to go on."""
    place = len(handler.server.text) * 3 // 4
    handler.begin()
    handler.chunk(handler.server.text[:place])
    handler.server.go_on.wait(WAIT_S)
    handler.chunk(handler.server.text[place:], "stop")


def half_closed(handler: _Handler) -> None:
    handler.begin()
    handler.chunk(handler.server.text[: len(handler.server.text) * 3 // 4])


def drips(handler: _Handler) -> None:
    """Comments for ever, which keep the connection alive and say nothing."""
    handler.begin()
    while not handler.server.closing.wait(0.05):
        handler.send(b": ping\n\n")
        handler.server.dripping.set()


def broken_json(handler: _Handler) -> None:
    handler.begin()
    handler.chunk(handler.server.text[:10])
    handler.send(b'data: {"choices": [{"delta": {"content": "oh\n\n')


def no_choices(handler: _Handler) -> None:
    handler.begin()
    handler.send(b'data: {"object": "something else"}\n\n')


def error_in_stream(handler: _Handler) -> None:
    handler.begin()
    handler.send(b'data: {"error": {"message": "the GPU is\\u001b[31m on fire"}}\n\n')


def odd_lines(handler: _Handler) -> None:
    """Events, ids, empty deltas, null contents, an emoji cut in two by the network: all allowed."""
    handler.begin()
    handler.send(b"event: message\nid: 1\nretry: 5\n")
    handler.send(b'data: {"choices": [{"delta": {"role": "assistant", "content": null}}]}\n\n')
    line = json.dumps({"choices": [{"delta": {"content": handler.server.text}}]}, ensure_ascii=False).encode()
    for place in range(len(line)):
        handler.send((b"data:" if place == 0 else b"") + line[place : place + 1])
    handler.send(b"\n\ndata: [DONE]\n\n")


def endless(handler: _Handler) -> None:
    """Ten megabytes of sentences."""
    handler.begin()
    for _ in range(10_000):
        handler.chunk("And so on and on. " * 57)
    handler.send(b"data: [DONE]\n\n")


def one_line(handler: _Handler) -> None:
    """Ten megabytes without a line end."""
    handler.begin()
    for _ in range(160):
        handler.send(b"data:" + b"x" * 65536)


def empty(handler: _Handler) -> None:
    handler.begin()


def says_nothing(handler: _Handler) -> None:
    handler.begin()
    handler.chunk("", "stop")
    handler.send(b"data: [DONE]\n\n")


def redirects(handler: _Handler) -> None:
    handler.begin(307, Location="http://127.0.0.1:1/elsewhere?token=secret")


def compressed(handler: _Handler) -> None:
    handler.begin(Content_Encoding="gzip")
    handler.send(b"\x1f\x8b\x08\x00")


def wrong_key(handler: _Handler) -> None:
    key = handler.headers.get("Authorization", "")
    handler.refuse(401, {"error": {"message": f"Incorrect API key provided: {key}"}})


def echoes_key(handler: _Handler) -> None:
    key = handler.headers.get("Authorization", "")
    handler.refuse(500, {"error": {"message": f"upstream failed for {key}"}})


def key_of(handler: _Handler) -> str:
    return handler.headers.get("Authorization", "").removeprefix("Bearer ")


def key_at_the_cut(handler: _Handler) -> None:
    """What is shown of the message ends in the middle of the key."""
    handler.refuse(500, {"error": {"message": f"upstream failed {'again ' * 29}{key_of(handler)} and so on"}})


def key_in_broken_json(handler: _Handler) -> None:
    handler.begin()
    handler.send(f'data: {{"error": "{key_of(handler)[:-2]}'.encode())


def key_in_headers(handler: _Handler) -> None:
    handler.begin(307, X_Key=key_of(handler), Location=f"http://127.0.0.1:1/{key_of(handler)}")


def streams_key(handler: _Handler) -> None:
    """The key as answer text, whole and in pieces of one to three characters."""
    key = key_of(handler)
    handler.begin()
    for piece in (f"{handler.server.text} {key} ", key[:1], key[1:3], key[3:], f" {key[0]}{key[0]}", key[1:]):
        handler.chunk(piece)
    handler.send(b"data: [DONE]\n\n")


def streams_half_a_key(handler: _Handler) -> None:
    """All but the last character of the key, and a closed connection."""
    handler.begin()
    handler.chunk(f"{handler.server.text} ")
    for character in key_of(handler)[:-1]:
        handler.chunk(character)


def whole_key(handler: _Handler) -> None:
    handler.begin(kind="application/json")
    message = {"content": f"{handler.server.text} {key_of(handler)}."}
    handler.send(json.dumps({"choices": [{"message": message}]}).encode())


def wrong_model(handler: _Handler) -> None:
    handler.refuse(404, {"error": {"message": "model 'no-such' not found, try pulling it first"}})


def plain_500(handler: _Handler) -> None:
    handler.begin(500, "text/html")
    handler.send(b"<h1>Internal Server Error</h1>" + b"x" * 200_000)


def no_temperature(handler: _Handler) -> None:
    if "temperature" in handler.server.requests[-1]["body"]:
        message = "Unsupported value: 'temperature' does not support 0 with this model"
        handler.refuse(400, {"error": {"message": message}})
    else:
        answer(handler)


def busy(status: int, **headers: str) -> Callable[[_Handler], None]:
    """Refuses as often as the server says, then answers."""

    def respond(handler: _Handler) -> None:
        if handler.server.refusals > 0:
            handler.server.refusals -= 1
            handler.refuse(status, {"error": {"message": "slow down"}}, **headers)
        else:
            answer(handler)

    return respond


def first_part(handler: _Handler) -> bytes:
    """Three quarters of the text, as one event."""
    choice = {"delta": {"content": handler.server.text[: len(handler.server.text) * 3 // 4]}}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def chunked(ending: bytes) -> Callable[[_Handler], None]:
    """Chunked transfer: three quarters of the text, then `ending`, then nothing."""

    def respond(handler: _Handler) -> None:
        handler.begin(Transfer_Encoding="chunked")
        part = first_part(handler)
        handler.send(b"%x\r\n%s\r\n%s" % (len(part), part, ending))

    return respond


def long_length(handler: _Handler) -> None:
    handler.begin(Content_Length="1000000")
    handler.send(first_part(handler))


def reset(handler: _Handler) -> None:
    """Three quarters of the text, then a connection reset by peer."""
    handler.begin()
    handler.send(first_part(handler))
    handler.server.closing.wait(0.3)  # or the reset takes what was sent along
    reset_at_once(handler)


def reset_at_once(handler: _Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.rfile.close()
    handler.connection.close()


def hangs_up(handler: _Handler) -> None:
    """Closes the connection without a status."""


def no_http(handler: _Handler) -> None:
    handler.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


def invalid_utf8(handler: _Handler) -> None:
    handler.begin()
    text = json.dumps(handler.server.text).encode()[:-1] + b' Caf\xe9 \xff\xfe [1]."'
    handler.send(b'data: {"choices": [{"delta": {"content": %s}}]}\n\ndata: [DONE]\n\n' % text)


def deep_json(handler: _Handler) -> None:
    handler.begin()
    handler.send(b'data: {"choices": ' + b"[" * 200_000 + b"\n\n")


def deep_whole_json(handler: _Handler) -> None:
    handler.begin(kind="application/json")
    handler.send(b'{"choices": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}")


def deep_error(handler: _Handler) -> None:
    handler.begin(500, "application/json")
    handler.send(b"[" * 60_000)


def endless_reasoning(handler: _Handler) -> None:
    """Twenty megabytes of what is no text of an answer."""
    handler.begin()
    delta = {"choices": [{"delta": {"reasoning_content": "And so on and on. " * 1000}}]}
    for _ in range(1100):
        handler.send(b"data: " + json.dumps(delta).encode() + b"\n\n")


def endless_whole(indent: int | None) -> Callable[[_Handler], None]:
    """Ten megabytes that are not streamed, in one line or in many."""

    def respond(handler: _Handler) -> None:
        words = {str(n): "And so on and on. " * 50 for n in range(11_000)}
        record = {"choices": [{"message": {"content": "And so on. " * 50, "annotations": words}}]}
        handler.begin(kind="application/json")
        handler.send(json.dumps(record, indent=indent).encode())

    return respond


def only_thinks(handler: _Handler) -> None:
    handler.begin()
    for piece in words_of("<think>The passage says [1] that the ferry leaves at 7:40 [1]. But wait. " * 20):
        handler.chunk(piece)
    handler.send(b"data: [DONE]\n\n")


def thinks(handler: _Handler) -> None:
    handler.begin()
    for piece in words_of(f"<think>The passage [9] says 99.\nSo…</think>\n\n{handler.server.text}"):
        handler.chunk(piece)
    handler.send(b"data: [DONE]\n\n")


def out_of_context(handler: _Handler) -> None:
    handler.begin()
    handler.chunk(handler.server.text[: len(handler.server.text) * 3 // 4], "length")
    handler.send(b"data: [DONE]\n\n")


def echoes_passages(handler: _Handler) -> None:
    """A model that obeys whatever the passages tell it: it repeats the last line of them that begins "Ignore"."""
    asked = handler.server.requests[-1]["body"]["messages"][-1]["content"]
    said = [line for line in asked.splitlines() if line.startswith("Ignore")][-1]
    handler.begin()
    handler.chunk(said.partition("write: ")[2], "stop")
    handler.send(b"data: [DONE]\n\n")


FAULTS: dict[str, Callable[[_Handler], None]] = {
    "whole": whole_answer,
    "lying-type": lying_type,
    "html": html_page,
    "silent": silent,
    "never": never_answers,
    "held": held,
    "stops": stops_midway,
    "waits": waits,
    "half-closed": half_closed,
    "drips": drips,
    "broken-json": broken_json,
    "no-choices": no_choices,
    "error-in-stream": error_in_stream,
    "odd-lines": odd_lines,
    "endless": endless,
    "one-line": one_line,
    "empty": empty,
    "says-nothing": says_nothing,
    "redirects": redirects,
    "compressed": compressed,
    "wrong-key": wrong_key,
    "echoes-key": echoes_key,
    "key-at-cut": key_at_the_cut,
    "key-in-broken-json": key_in_broken_json,
    "key-in-headers": key_in_headers,
    "streams-key": streams_key,
    "streams-half-key": streams_half_a_key,
    "whole-key": whole_key,
    "wrong-model": wrong_model,
    "500": plain_500,
    "no-temperature": no_temperature,
    "429": busy(429),
    "503": busy(503, Retry_After="0"),
    "429-later": busy(429, Retry_After="3600"),
    "429-date": busy(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "cut-chunk": chunked(b"1000\r\ndata: {"),
    "bad-chunk": chunked(b"zzz\r\ndata: {"),
    "long-length": long_length,
    "reset": reset,
    "reset-at-once": reset_at_once,
    "hangs-up": hangs_up,
    "no-http": no_http,
    "invalid-utf8": invalid_utf8,
    "deep-json": deep_json,
    "deep-whole-json": deep_whole_json,
    "deep-error": deep_error,
    "endless-reasoning": endless_reasoning,
    "endless-whole": endless_whole(None),
    "endless-whole-lines": endless_whole(1),
    "only-thinks": only_thinks,
    "thinks": thinks,
    "length": out_of_context,
    "echo": echoes_passages,
}


@contextmanager
def full_port() -> Iterator[str]:
    """The address of a port that takes no connection and refuses none: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def llm_server(text: str = "") -> Iterator[Server]:
    """A server on this machine, which answers with `text`."""
    server = Server(text)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
