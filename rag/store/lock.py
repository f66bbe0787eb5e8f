"""Locks that the operating system keeps, so that a killed process holds none: one writer, many readers."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import LibraryError, LibraryLocked
from rag.store.files import PRIVATE_FILE, make_private_folder

WRITER_LOCK = "writer.lock"
READERS = "readers"
_RETRY_S = 0.05


@contextmanager
def writer_lock(folder: Path, *, wait_s: float = 5.0) -> Iterator[None]:
    """Hold the one right to write to the library in `folder`, which exists.

    What the file says of its holder is information for people; the lock itself is the kernel's.
    Raises LibraryLocked, naming the holder, where another process keeps it for longer than `wait_s`.
    """
    path = folder / WRITER_LOCK
    descriptor = _open_lock(path)
    try:
        _acquire(descriptor, path, wait_s)
        holder = f"process {os.getpid()} on {socket.gethostname()} since {_now()}"
        with suppress(OSError):  # a full disk; the lock holds without it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise LibraryError(
            f"cannot write to the library in {path.parent}: {error.strerror}; make the folder writable "
            "or choose another with --index"
        ) from error


def _acquire(descriptor: int, path: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while not _try_lock(descriptor, fcntl.LOCK_EX, path):
        if time.monotonic() >= deadline:
            holder = path.read_text("utf-8", "replace").strip() or "another process"
            raise LibraryLocked(f"{path.parent} is being written by {holder}; try again when it has finished")
        time.sleep(_RETRY_S)


def _try_lock(descriptor: int, kind: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise LibraryError(
            f"the file system of {path.parent} gives no locks ({error.strerror}); "
            "keep the library on a local disk"
        ) from error
    return True


class ReaderMark:
    """A reader's shared lock on one generation: the writer keeps that generation's rows while it is held."""

    def __init__(self, folder: Path, generation: int) -> None:
        self._descriptor: int | None = None
        path = folder / READERS / str(generation)
        try:
            make_private_folder(path.parent)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        except (OSError, LibraryError):
            self.release()  # a folder that cannot be written has no writer that could take rows away

    def release(self) -> None:
        """Let the generation go; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def oldest_read_generation(folder: Path, published: int) -> int:
    """The lowest generation that a living reader holds, `published` where none holds an older one.

    Marks without a reader are removed on the way. Call it with the writer's lock held, after publishing.
    """
    oldest = published
    marks = [
        path for path in (folder / READERS).glob("*") if path.name.isdigit() and int(path.name) < published
    ]
    for path in marks:
        descriptor = os.open(path, os.O_RDWR)
        try:
            if _try_lock(descriptor, fcntl.LOCK_EX, path):
                path.unlink()
            else:
                oldest = min(oldest, int(path.name))
        finally:
            os.close(descriptor)
    return oldest
