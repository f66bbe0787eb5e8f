"""What stands between the page and the rest of the network: hosts, origins, headers, environment."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag.errors import ServeError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_FILE_BYTES = 200 * 1024 * 1024
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
# Routes of Gradio through which the server would fetch addresses of other hosts for anyone who asks.
_FETCHING = ("/gradio_api/proxy=", "/gradio_api/file=http:", "/gradio_api/file=https:")
_READING = ("GET", "HEAD", "OPTIONS")
# Gradio compiles its HTML templates with Function and styles elements one by one, hence the two unsafe words.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)


class Guard:
    """ASGI middleware: refuses other origins and the fetching routes, and sets the security headers."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to what is refused; pass everything else on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif _is_refused(scope):
            await _refuse(send)
        else:
            await self.app(scope, receive, _with_headers(send))


def _is_refused(scope: Scope) -> bool:
    path: str = scope["path"]
    if path.lower().replace("//", "/").startswith(_FETCHING):
        return True
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    if scope["method"] in _READING or origin is None:
        return False
    return bool(urlsplit(origin).netloc.lower() != headers.get(b"host", "").lower())


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"refused: this request comes from another site\n"})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_with_headers


def names_of(host: str) -> tuple[str, ...]:
    """Return the host names that requests to `host` may bear; this machine's own for an open address."""
    if host not in ("0.0.0.0", "::"):
        return (host, *LOOPBACK_NAMES)
    name = socket.gethostname()
    with suppress(OSError):
        found = {str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(name, None)}
        return (name, *sorted(found), *LOOPBACK_NAMES)
    return (name, *LOOPBACK_NAMES)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_port(host: str, port: int, *, guarded: bool = False) -> int:
    """Return a port on which `host` can be listened to: `port`, or a free one where it is 0.

    Raises:
        ServeError: `host` is open to other machines and the page is not `guarded` by a log-in; or it is no
            address of this one, or the port is taken.
    """
    if not guarded and not is_loopback(host):
        raise ServeError(
            f"{host} can be reached from other machines; name the users who may come in with --auth FILE "
            "(`rag user NAME` makes its lines), or serve on --host 127.0.0.1"
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ServeError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; "
            "stop what is there, or choose another with --port"
        ) from error


# Gradio makes a table of its last 10,000 events after each event, though nobody may look at it.
_NO_STATISTICS = {"GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**12)}


@contextmanager
def private_environment(folder: Path) -> Iterator[None]:
    """Keep Gradio's temporary files in `folder`, its telemetry off and proxies aside, for a while."""
    bypass = ",".join(part for part in (os.environ.get("NO_PROXY", ""), *LOOPBACK_NAMES) if part)
    wanted = {
        "GRADIO_TEMP_DIR": str(folder),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **_NO_STATISTICS,
        "NO_PROXY": bypass,
        "no_proxy": bypass,
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
