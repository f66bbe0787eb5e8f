"""When many ask at once: so many wait, the next is told so at once, and who has gone is forgotten.

Gradio keeps the queue and refuses when it is full; here the refusal gets its words. What Gradio answers
without its queue (`/run/…`, MCP) is counted here. Gradio also keeps what belongs to a session, and takes each
question of a program for a session of its own; here it is dropped when the answer has been fetched, so that
questions of programs neither fill the memory nor push out the conversations of the people at the page.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from rag.web.safety import App, Receive, Scope, Send
from rag.web.texts import TEXTS, TONGUE_COOKIE, chosen_tongue
from rag.wire import JsonObject

# 64 clients at once wait at most 60 deep. At the 30 questions a second of two busy cores so many wait four
# seconds, which is as long as people do.
WAITING = 128
MAX_BODY_BYTES = 2 * 1024 * 1024  # of a question, however it is wrapped; uploads have their own limit
RETRY_S = 5
UNFETCHED = 512  # answers that nobody came for; many more than questions can be waiting

_API = "/gradio_api/"
_JOIN = _API + "queue/join"
_CALL = _API + "call/"
_MCP = _API + "mcp"
_DIRECT = (_API + "run/", _API + "api/", _MCP)
_ASKING = (*_DIRECT, _CALL, _JOIN)

Message = MutableMapping[str, Any]
Forget = Callable[[str], None]


class Crowd:
    """ASGI middleware: words for a full queue, a bound for what does not queue, no trace of who has left.

    `forget` drops what is kept of a session.
    """

    def __init__(self, app: App, forget: Forget) -> None:
        self.app = app
        self._forget = forget
        self._direct = 0  # requests that are being answered without Gradio's queue
        self._unfetched: OrderedDict[str, None] = OrderedDict()  # sessions of programs' questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 (429 to the page's own script) when too many wait; pass everything else on."""
        path, method = (scope["path"], scope["method"]) if scope["type"] == "http" else ("", "")
        if method == "GET" and path.startswith(_CALL):
            await self._fetch(scope, receive, send)
        elif method == "POST" and path.startswith(_ASKING):
            body = await _body(receive)
            if len(body) > MAX_BODY_BYTES:
                await _answer(send, 413, {"detail": f"a question has {MAX_BODY_BYTES} bytes at most"})
            elif path.startswith(_DIRECT):
                await self._ask_directly(scope, _again(body, receive), send, body)
            else:
                await self.app(scope, _again(body, receive), self._worded(scope, send))
        else:
            await self.app(scope, receive, send)

    async def _ask_directly(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        if self._direct >= WAITING:
            await _refuse(scope, send, body)
            return
        self._direct += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._direct -= 1

    def _worded(self, scope: Scope, send: Send) -> Send:
        """Send on, with words for the refusal of a full queue; note the session of a program's question."""
        refused = False

        async def send_on(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = message["status"] == 503
            if not refused:
                if message["type"] == "http.response.body" and scope["path"].startswith(_CALL):
                    self._note(message.get("body", b""))
                await send(message)
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                # Gradio's script shows the words of a 429; a 503 it words itself, in English.
                status = 429 if scope["path"].startswith(_JOIN) else 503
                await _answer(send, status, {"detail": busy(scope)})

        return send_on

    def _note(self, body: bytes) -> None:
        """Remember the session of a program's question, which has its event's name; forget the oldest."""
        try:
            event = str(json.loads(body)["event_id"])
        except (ValueError, KeyError, TypeError):
            return
        self._unfetched[event] = None
        if len(self._unfetched) > UNFETCHED:
            self._forget(self._unfetched.popitem(last=False)[0])

    async def _fetch(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = scope["path"].rstrip("/").rpartition("/")[2]
        try:
            await self.app(scope, receive, send)
        finally:
            if event in self._unfetched:
                del self._unfetched[event]
                self._forget(event)


def busy(scope: Scope) -> str:
    """The line that says that too many ask, in the language of who asks."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get(b"cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    chosen = cookies[TONGUE_COOKIE].value if TONGUE_COOKIE in cookies else None
    return TEXTS[chosen_tongue(chosen, headers.get(b"accept-language", ""))].busy


async def _body(receive: Receive) -> bytes:
    """The body of a request, or a little more than the limit of one that is larger."""
    body, more = b"", True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Receive the body that was read already, and then what comes after it."""
    left = [body]

    async def receive_again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return receive_again


async def _refuse(scope: Scope, send: Send, body: bytes) -> None:
    """Say that too many ask: over MCP as the result of a call that failed, for that is what a model reads."""
    call = _mcp_call(body) if scope["path"].startswith(_MCP) else None
    if call is None:
        await _answer(send, 503, {"detail": busy(scope)})
        return
    result = {"content": [{"type": "text", "text": busy(scope)}], "isError": True}
    await _answer(send, 200, {"jsonrpc": "2.0", "id": call, "result": result})


def _mcp_call(body: bytes) -> str | int | None:
    """The id of the tool call that a request of MCP is; None where it is something else."""
    try:
        request = json.loads(body)
        call = request["id"] if request["method"] == "tools/call" else None
    except (ValueError, KeyError, TypeError):
        return None
    return call if isinstance(call, str | int) else None


async def _answer(send: Send, status: int, content: JsonObject) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *([(b"retry-after", str(RETRY_S).encode())] if status in (429, 503) else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
