"""The pages of PDF documents as pictures, drawn when somebody looks at them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from rag.web.auth import USER_HEADER, user_of
from rag.web.safety import App, Receive, Scope, Send

ROUTE = "/wenju/page/"  # …/wenju/page/3?doc=KEY
MAP = "/wenju/map"
WIDTH = 1400  # pixels: sharp at half of a large window
TIMEOUT_S = 20.0
KEPT = 48  # pictures of 100 to 400 KB
AT_ONCE = 2
Find = Callable[[str, str], Path | None]
DrawMap = Callable[[str], bytes]


class Sheets:
    """ASGI middleware: answers `ROUTE` with a picture and `MAP` with the numbers of a user's map.

    `find` gives a user's PDF file by its document's key.

    The path never comes from outside: it is the one that the library noted for that document.
    """

    def __init__(self, app: App, find: Find, draw_map: DrawMap) -> None:
        self.app = app
        self._find = find
        self._draw_map = draw_map
        self._kept: dict[tuple[str, int, int], bytes] = {}
        self._room: asyncio.Semaphore | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 to what is no page of a PDF of the library; pass everything else on."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == MAP:
            numbers = await asyncio.to_thread(self._draw_map, _user(scope))
            await _answer(send, b"application/octet-stream", numbers, kept=b"no-store")
        elif path.startswith(ROUTE):
            picture = await self._picture(scope) if scope["method"] == "GET" else None
            await _answer(send, b"image/png", picture, kept=b"private, max-age=3600")
        else:
            await self.app(scope, receive, send)

    async def _picture(self, scope: Scope) -> bytes | None:
        number = scope["path"].removeprefix(ROUTE)
        keys = parse_qs(scope["query_string"].decode("latin-1")).get("doc", [])
        if not number.isdecimal() or not 0 < len(number) < 7 or not keys:
            return None
        path = await asyncio.to_thread(self._find, keys[0], _user(scope))
        return None if path is None else await self._drawn(path, int(number))

    async def _drawn(self, path: Path, page: int) -> bytes | None:
        try:
            at = (path.as_posix(), path.stat().st_mtime_ns, page)
        except OSError:
            return None  # indexed once, and gone or moved since
        if at not in self._kept:
            self._room = self._room or asyncio.Semaphore(AT_ONCE)
            async with self._room:
                picture = await _rendered(path, page)
            if picture is None:
                return None
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[at] = picture
        return self._kept[at]


def _user(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == USER_HEADER.encode()), b"")
    return user_of(given.decode("latin-1"))


async def _answer(send: Send, kind: bytes, body: bytes | None, *, kept: bytes) -> None:
    """Answer with the body, or with 404 where there is none."""
    status = 404 if body is None else 200
    headers = [(b"content-type", kind if body is not None else b"text/plain"), (b"cache-control", kept)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"there is no such page\n" if body is None else body})


async def _rendered(path: Path, page: int) -> bytes | None:
    """Return the picture that a process of its own draws; None where it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rag.web.render",
        str(path),
        str(page),
        str(WIDTH),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        picture, _ = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return picture if process.returncode == 0 else None
