"""One request to an endpoint, read by a thread of its own, so that waiting can end at any moment.

A blocking read cannot be broken off from outside, but its socket can: whoever waits here asks for the next
bytes with a time limit; on leaving, the socket is shut down: the read ends, and the server knows to stop.
That holds from the moment that the server takes the connection; before, the thread ends after `connect_s`.
"""

from __future__ import annotations

import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from rag.errors import GenerationError
from rag.generate.address import Address
from rag.secret import unlogged

POLL_S = 0.1  # how soon a wait notices that it is cancelled
_CHUNKS_AHEAD = 64  # chunks of at most 64 KB that may wait to be read
_MAX_REFUSAL = 1 << 16  # bytes of an error page
_RESET = struct.pack("ii", 1, 0)  # linger for no time: what closes the connection resets it


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much an endpoint may take."""

    connect_s: float = 10.0
    first_token_s: float = 120.0  # a large model on a small machine reads the passages for a minute
    between_tokens_s: float = 30.0
    total_s: float = 300.0
    max_characters: int = 8000  # ten times what is asked for
    max_bytes: int = 8 << 20  # of the whole exchange
    retries: int = 2  # after 429 and 503
    longest_wait_s: float = 20.0  # before a retry; an endpoint that asks for more is not waited for


@dataclass(frozen=True, slots=True)
class Refused:
    """The endpoint answered, and not with 200."""

    status: int
    headers: httpx.Headers
    body: bytes


class Cancelled(GenerationError):
    """Whoever asked does not want the answer any more."""


_Item = bytes | Refused | Exception | None  # None: the body is at its end


class Exchange:
    """A request that is under way; a context manager that ends it."""

    def __init__(self, address: Address, body: dict[str, Any], limits: Limits) -> None:
        self._address, self._body, self._limits = address, body, limits
        self._items: queue.Queue[_Item] = queue.Queue(_CHUNKS_AHEAD)
        self._stop = threading.Event()
        self._connection: socket.socket | None = None  # a second handle, whatever TLS makes of the first
        self._lock = threading.Lock()
        self._broken_off = False  # before the answer's end
        self._thread = threading.Thread(target=self._read, name="rag-llm", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broken_off = kind is not None
        self._stop.set()
        self._hang_up()

    def next(self, until: float, cancel: threading.Event | None) -> bytes | Refused | None:
        """The next bytes of the body, a refusal, or None at the end; `until` is a `time.monotonic()`.

        Raises Cancelled, TimeoutError, or GenerationError where the connection fails.
        """
        while True:
            if cancel is not None and cancel.is_set():
                raise Cancelled("stopped")
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                item = self._items.get(timeout=min(left, POLL_S))
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise GenerationError(_what_failed(item)) from item
            return item

    def _read(self) -> None:
        limits = self._limits
        timeout = httpx.Timeout(max(limits.first_token_s, limits.between_tokens_s), connect=limits.connect_s)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._address.key:
            headers["Authorization"] = f"Bearer {self._address.key}"
        request: dict[str, Any] = {
            "json": self._body,
            "headers": headers,
            "extensions": {"trace": self._watch},
        }
        try:
            with (
                unlogged(self._address.key),
                httpx.Client(timeout=timeout, trust_env=not self._address.is_local) as client,
                client.stream("POST", self._address.url, **request) as response,
            ):
                self._take(response)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to: the waiting side raises it
            self._put(error)
        finally:
            with self._lock:
                connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _watch(self, event: str, info: dict[str, Any]) -> None:
        """Keep the connection as soon as there is one: the first header may take a minute."""
        if event.endswith("connect_tcp.complete"):
            with self._lock:
                self._connection = info["return_value"].get_extra_info("socket").dup()
            self._hang_up()

    def _hang_up(self) -> None:
        """Shut the connection down where nobody waits any more."""
        with self._lock:
            if self._stop.is_set() and self._connection is not None:
                with suppress(OSError):  # closed by the other side already
                    if self._broken_off:  # a server in the middle of a write may never notice a mere close
                        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    self._connection.shutdown(socket.SHUT_RDWR)

    def _take(self, response: httpx.Response) -> None:
        """Hand over the body, or a refusal with the beginning of its page."""
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise GenerationError("it sent a compressed answer that was not asked for")
        if response.status_code != httpx.codes.OK:
            page = b""
            for chunk in response.iter_raw():
                page += chunk
                if len(page) > _MAX_REFUSAL or self._stop.is_set():
                    break
            self._put(Refused(response.status_code, response.headers, page[:_MAX_REFUSAL]))
            return
        for chunk in response.iter_raw():
            if not self._put(chunk):
                return
        self._put(None)

    def _put(self, item: _Item) -> bool:
        """Whether the waiting side still wants more, after handing it `item`."""
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False


def _what_failed(error: Exception) -> str:
    """One line about a connection that failed, without what the request held."""
    if isinstance(error, GenerationError):
        return str(error)
    if isinstance(error, httpx.ConnectTimeout):
        return "it did not accept a connection in time"
    if isinstance(error, httpx.ConnectError):
        return "it cannot be reached: is it running, and is the address right?"
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.RemoteProtocolError):
        return _what_broke(str(error))
    if isinstance(error, httpx.NetworkError | OSError):  # reset
        return "it broke the connection off"
    if isinstance(error, httpx.HTTPError):
        return f"the connection failed ({type(error).__name__})"
    return f"the request failed ({type(error).__name__})"


def _what_broke(said: str) -> str:
    """One line about what is no whole HTTP answer, from how h11 puts it."""
    if said.startswith("Server disconnected"):
        return "it closed the connection without an answer"
    if said.startswith("peer closed"):
        return "it closed the connection in the middle of the answer"
    return "what it sends is no HTTP: is that address an endpoint's?"


def request_body(model: str, messages: Sequence[dict[str, str]], *, temperature: bool) -> dict[str, Any]:
    """What is sent: the messages, streamed; as sober as the model allows."""
    body: dict[str, Any] = {"model": model, "messages": list(messages), "stream": True}
    return body | {"temperature": 0} if temperature else body


def json_of(page: bytes) -> object:
    """The JSON of an error page, None where it is none."""
    try:
        return json.loads(page.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
