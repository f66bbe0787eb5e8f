"""Who may come in: users in a file, one `name:hash` a line, asked for by HTTP Basic before all else.

Basic and not a page of its own: one gate before the page, the REST API, the MCP tools and every file alike
(Gradio's `auth=` leaves its MCP server open), and each client, from curl to an MCP configuration, knows it.
Passwords are kept as scrypt hashes only (RFC 7914).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import getpass
import hashlib
import hmac
import re
import secrets
import sys
import threading
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from rag.errors import ServeError, UsageError
from rag.web.safety import App, Receive, Scope, Send
from rag.web.uploads import safe_name

USER_HEADER = "x-wenju-user"  # set by `Gate`, never taken from outside
COST, BLOCK, PARALLEL = 2**14, 8, 1  # 16 MB and about 50 ms for each guess
SALT_BYTES, HASH_BYTES = 16, 32
MIN_PASSWORD = 8
KEPT = 1000  # credentials known to be right, so that not every request costs a hash
# Gradio calls this itself when it starts, without credentials; it starts the queue and tells nothing.
_OPEN = ("/gradio_api/startup-events",)
_NAME = re.compile(r"\w[\w.@-]{0,63}")
_CHALLENGE = (b"www-authenticate", b'Basic realm="Wenju", charset="UTF-8"')


@dataclass(frozen=True, slots=True)
class Secret:
    """What is kept of a password."""

    cost: int
    salt: bytes
    hash: bytes

    def is_of(self, password: str) -> bool:
        """Return whether it is that password's."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost), self.hash)


def given_password() -> str:
    """Return the password typed twice at the terminal, or the first line of stdin where there is none."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("password: ")
    if password != getpass.getpass("again: "):
        raise UsageError("the two passwords differ; try again")
    return password


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        data, salt=salt, n=cost, r=BLOCK, p=PARALLEL, dklen=HASH_BYTES, maxmem=256 * cost * BLOCK
    )


def user_line(name: str, password: str) -> str:
    """Return the line of the users' file for a new password. Raises UsageError where either will not do."""
    name = unicodedata.normalize("NFC", name)
    if not _is_name(name):
        raise UsageError(f"{name!r} cannot be a user's name; take up to 64 letters, digits and . @ _ -")
    if len(password) < MIN_PASSWORD:
        raise UsageError(f"the password is too short; take {MIN_PASSWORD} characters or more")
    salt = secrets.token_bytes(SALT_BYTES)
    return f"{name}:scrypt${COST}${salt.hex()}${_scrypt(password, salt, COST).hex()}"


def _is_name(name: str) -> bool:
    """Whether it can be a user's name and, as it is, the name of the folder of that user's uploads."""
    return bool(_NAME.fullmatch(name)) and safe_name(name) == name


@dataclass(slots=True)
class Users:
    """The users of one file, by name."""

    secrets: dict[str, Secret]
    _known: dict[bytes, str] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def named(self, header: str) -> str | None:
        """Return whose `Authorization` header it is; None where it is nobody's. May take 50 ms."""
        digest = hmac.digest(self._key, header.encode("utf-8", "surrogatepass"), "sha256")
        known = self._known.get(digest)
        if known is not None:
            return known
        name, password = _credentials(header)
        with self._lock:  # one guess at a time: guessing must not take all processors
            secret = self.secrets.get(name, _NOBODY)  # an unknown name takes as long as a wrong password
            if not secret.is_of(password) or secret is _NOBODY:
                return None
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[digest] = name
        return name


_NOBODY = Secret(COST, b"\0" * SALT_BYTES, b"\0" * HASH_BYTES)


def _credentials(header: str) -> tuple[str, str]:
    """Return name and password of a Basic header; two empty texts where it is none."""
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    name, colon, password = decoded.partition(":")
    return (unicodedata.normalize("NFC", name), password) if colon and scheme.lower() == "basic" else ("", "")


def read_users(path: Path) -> Users:
    """Return the users of a file. Raises ServeError, which names the line, where one is wrong."""
    form = "each line is one that `rag user NAME` printed"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServeError(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}") from error
    found: dict[str, Secret] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, kept = line.strip().partition(":")
        secret = _secret(kept)
        if secret is None or not _is_name(name):
            raise ServeError(f"{path}, line {number}: no user and hash; {form}")
        if name.casefold() in map(str.casefold, found):
            raise ServeError(f"{path}, line {number}: {name} stands there twice; delete one of the lines")
        found[name] = secret
    if not found:
        raise ServeError(f"{path} names no user; {form}")
    return Users(found)


def _secret(kept: str) -> Secret | None:
    parts = kept.split("$")
    try:
        method, cost, salt, hash_ = parts[0], int(parts[1]), bytes.fromhex(parts[2]), bytes.fromhex(parts[3])
    except (IndexError, ValueError):
        return None
    sound = len(parts) == 4 and method == "scrypt" and len(salt) >= SALT_BYTES and len(hash_) == HASH_BYTES
    return Secret(cost, salt, hash_) if sound and 2**14 <= cost <= 2**20 and cost & (cost - 1) == 0 else None


class Gate:
    """ASGI middleware: lets in who has an account, and tells the application who it is."""

    def __init__(self, app: App, users: Users) -> None:
        self.app = app
        self.users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 to whom the file does not know; pass everything else on with the user's name."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in _OPEN:
            await self.app(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if pair[0].lower() != USER_HEADER.encode()]
        given = next((value for name, value in headers if name.lower() == b"authorization"), b"")
        name = await asyncio.to_thread(self.users.named, given.decode("latin-1")) if given else None
        if name is not None:
            headers.append((USER_HEADER.encode(), quote(name).encode()))
            await self.app({**scope, "headers": headers}, receive, send)
        elif scope["type"] == "http":
            await _challenge(send)
        else:
            await send({"type": "websocket.close", "code": 1008})


async def _challenge(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), _CHALLENGE]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"refused: name and password are needed\n"})


def user_of(header: str | None) -> str:
    """Return the name that `Gate` put into the header; "" where there is none."""
    return unquote(header or "")
