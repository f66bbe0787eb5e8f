"""A real server of vectors on this machine, in both forms, which can be told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from tiny_encoder import TinyEncoder


class Server:
    """Answers `/v1/embeddings` and `/embed` with the tiny encoder's vectors, and notes what was asked."""

    def __init__(self) -> None:
        self.encoder = TinyEncoder(dimensions=512)
        self.asked: list[dict] = []
        self.headers: list[dict] = []
        self.faults: list[tuple[int, str, dict]] = []  # status, body and headers of the next answers
        self.spoil = lambda answer: answer  # what becomes of a right answer
        self.lock = threading.Lock()
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1#tiny"

    def answer(self, path: str, body: dict) -> object:
        with self.lock:
            if path == "/embed":
                return self.encoder.encode_passages(body["inputs"]).vectors.tolist()
            vectors = self.encoder.encode_passages(body["input"]).vectors
            rows = [{"index": n, "embedding": (3 * row).tolist()} for n, row in enumerate(vectors)]
            return {"object": "list", "data": rows[::-1]}  # any order is allowed


@contextmanager
def embedding_server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.asked.append(body)
                state.headers.append(dict(self.headers))
                fault = state.faults.pop(0) if state.faults else None
            if fault is not None:
                return self.say(*fault)
            if self.path not in ("/v1/embeddings", "/embed"):
                return self.say(404, "nothing here", {})
            return self.say(200, json.dumps(state.spoil(state.answer(self.path, body))), {})

        def say(self, status, text, headers):
            if status == 0:  # hang up without a word
                self.close_connection = True
                return
            data = text.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def not_a_number(answer: dict) -> dict:
    answer["data"][0]["embedding"][0] = float("nan")
    return answer


def shorter(answer: dict) -> dict:
    for row in answer["data"]:
        row["embedding"] = np.array(row["embedding"])[:5].tolist()
    return answer
