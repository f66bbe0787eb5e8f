"""`serve` puts the page over a library on a port of this machine until it is stopped."""

from __future__ import annotations

import ctypes
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from rag.errors import RagError
from rag.library import Library
from rag.web.auth import Users
from rag.web.safety import checked_port, names_of, private_environment
from rag.web.talk import Scribe


@dataclass(frozen=True, slots=True)
class Access:
    """Who may come in, and by which names of this machine; by default whoever is at this machine."""

    users: Users | None = None
    shared: bool = False  # what one user uploads is everyone's
    names: tuple[str, ...] = ()  # host names beside those of the address that is listened to


EVERYONE_HERE = Access()
# Each of glibc's arenas, up to 16 here, keeps the largest arrays that its threads have had: with two of them
# the server holds 710 MB under 16 clients, else 820, at the same speed.
_M_ARENA_MAX = -8
_ARENAS = 2


def serve(
    library: Library,
    *,
    host: str,
    port: int,
    access: Access = EVERYONE_HERE,
    scribe: Scribe | None = None,
) -> None:
    """Serve the page until Ctrl-C or a termination signal; port 0 takes a free one.

    With `scribe`, answers are written from the passages, which are sent to its address.

    Raises:
        ServeError: the port is taken, or the address is not this machine's or open to others.
    """
    with suppress(AttributeError, OSError, TypeError):  # where the C library is not glibc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    with running(library, host=host, port=port, access=access, scribe=scribe) as address:
        sent = ""
        if scribe is not None:
            sent = f"Questions and passages are sent to {scribe.address} (model {scribe.writer.model})\n"
        _wait_for_a_signal(f"文据 Wenju is at {address}  (Ctrl-C stops it)\n{sent}")


@contextmanager
def running(
    library: Library,
    *,
    host: str,
    port: int,
    access: Access = EVERYONE_HERE,
    scribe: Scribe | None = None,
) -> Iterator[str]:
    """Serve the page in the background and give its address; after the block all is closed and cleaned.

    Raises:
        ServeError: as `serve`.
    """
    port = checked_port(host, port, guarded=access.users is not None)
    with (
        tempfile.TemporaryDirectory(prefix="wenju-", ignore_cleanup_errors=True) as private,
        private_environment(Path(private) / "uploads"),
    ):
        # Only now: Gradio reads the environment while it is imported.
        from rag.web.handlers import Desk
        from rag.web.page import Door, Folders, build, launch
        from rag.web.rooms import map_of

        served = Path(private) / "served"  # empty; with no folder at all an environment variable would decide
        served.mkdir()
        index = library.folder.resolve()
        desk = Desk(library, index, apart=access.users is not None and not access.shared, scribe=scribe)
        page = build(desk)
        door = Door((*names_of(host), *access.names), access.users, desk.pdf, partial(map_of, desk))
        try:
            folders = Folders(served, index)
            address = launch(page, host=host, port=port, folders=folders, door=door).rstrip("/")
            threading.Thread(target=_warm, args=(library,), name="wenju-warm", daemon=True).start()
            yield address
        finally:
            page.close(verbose=False)


def _warm(library: Library) -> None:
    """Open the model and the library before the first question waits for them."""
    with suppress(RagError):  # whoever asks is told
        library.ask("?")


def _wait_for_a_signal(said: str) -> None:
    stopped = threading.Event()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        sys.stderr.write(said)
        sys.stderr.flush()
        while not stopped.wait(0.5):  # a bare wait would not see Ctrl-C on Windows
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
