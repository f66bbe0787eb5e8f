"""Files are read in a process of its own, under limits: what a file does there costs that one file.

One process reads file after file (`rag.readers.worker`), started at the first and again where one has brought
it down. It is an ordinary program with pipes, not `multiprocessing`: that would import the main script of
whoever uses this package, which need not have a main guard. What comes back is checked before it is believed.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import rag
from rag.errors import EncodingError, ReadError
from rag.records import Block, BlockKind, Document, Place

_BOOT = "import sys,json;sys.path[:]=json.loads(sys.argv[1]);from rag.readers.worker import main;main()"
_HEADER = struct.Struct(">Q")
_EXIT_MEMORY = 77
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
_SET_VARIABLES = {"MALLOC_ARENA_MAX": "2", "RAYON_NUM_THREADS": "1", "TOKIO_WORKER_THREADS": "1"}
_FRAMES_AHEAD = 4
_CHARACTERS_PER_SECOND = 100_000  # a file that brings this much text may take a second more
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reading of one file may cost."""

    memory_bytes: int = 960 << 20  # with what the programs' own code takes, under 1 GiB resident
    seconds: float = 60.0  # of waiting, and one more for each `_CHARACTERS_PER_SECOND` that came
    characters: int = 2 << 30  # of all documents of one file; `Assembly` limits one document
    frame_bytes: int = 512 << 20  # of one document


class Reading:
    """The reader of a run, as a context manager; nothing is started before the first file.

    One thread uses it at a time.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._worker: _Worker | None = None

    def read(self, path: Path) -> Iterator[Document]:
        """Yield the documents of one file, in file order, as `rag.readers.read` finds them.

        Raises:
            ReadError: the file cannot be read, or its reader crashed, hung or took too much memory.
        """
        try:
            path = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ReadError(f"{path}: {error}; check the path") from error
        if self._worker is None:
            self._worker = _Worker(self._limits)
        worker, self._worker = self._worker, None
        try:
            yield from worker.read(path)
        finally:  # also where the caller has stopped in the middle
            if worker.goes_on:
                self._worker = worker
            else:
                worker.stop()

    def close(self) -> None:
        """End the process, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One reading process, and a thread that takes from its pipe so that a wait for it can end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.goes_on = False  # whether it is ready for another file
        root = str(Path(rag.__file__).resolve().parents[1])
        paths = [root, *(path for path in sys.path if path and path != root)]
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-X",
                    "utf8",
                    "-c",
                    _BOOT,
                    json.dumps(paths),
                    json.dumps(asdict(limits)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=kept | _SET_VARIABLES,
            )
        except OSError as error:
            raise ReadError(f"the reading process cannot be started: {error.strerror or error}") from error
        self._frames: queue.Queue[bytes | None] = queue.Queue(_FRAMES_AHEAD)
        self._is_stopped = False
        self._pump = threading.Thread(target=self._take, name="rag-reading", daemon=True)
        self._pump.start()

    def read(self, path: Path) -> Iterator[Document]:
        """Yield the documents of the file at an absolute path."""
        self.goes_on = False
        shown = path.as_posix()
        with suppress(OSError):  # of a process that has died: the wait for its answer says so
            self._input().write(json.dumps(os.fspath(path)).encode() + b"\n")
            self._input().flush()
        left = self._limits.seconds
        while True:
            started = time.monotonic()
            message = self._receive(left, shown)
            left -= time.monotonic() - started
            if "document" in message:
                document = _unpacked(message["document"], shown)
                left += len(document.text) / _CHARACTERS_PER_SECOND
                yield document
            elif "end" in message:
                self.goes_on = message["end"] is True
                return
            else:
                self.goes_on = self._receive(left, shown).get("end") is True
                if "encoding_error" in message:
                    raise EncodingError(str(message["encoding_error"]))
                raise ReadError(str(message.get("error", f"{shown} cannot be read")))

    def _receive(self, seconds: float, shown: str) -> dict[str, Any]:
        """The next message. Raises ReadError where none comes."""
        try:
            frame = self._frames.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise ReadError(
                f"{shown} took more than {self._limits.seconds:g} s to read and was given up; split it, or "
                "save it in another format"
            ) from None
        if frame is None:
            raise ReadError(f"{shown} {self._end()}")
        try:
            message = json.loads(frame.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise ReadError(f"{shown}: its reader gave back what is no document")
        return message

    def _end(self) -> str:
        """Why the process has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        code = self._process.returncode
        remedy = "save it again in its own program, or in another format"
        if code == _EXIT_MEMORY:
            return f"needs more than {self._limits.memory_bytes >> 20} MB of memory to be read; {remedy}"
        if code is not None and code < 0:
            with suppress(ValueError):
                name = signal.Signals(-code).name
                name += ", mostly for want of memory" if name in ("SIGABRT", "SIGTRAP", "SIGKILL") else ""
                return f"made its reader crash ({name}); {remedy}"
        return f"made its reader end (exit code {code}); {remedy}"

    def _take(self) -> None:
        """Move frames from the pipe to the queue until the process ends; None is the last."""
        pipe = self._process.stdout
        with suppress(OSError, ValueError):
            while pipe is not None and not self._is_stopped:
                header = _exactly(pipe, _HEADER.size)
                size = _HEADER.unpack(header)[0] if header else 0
                if not header or size > self._limits.frame_bytes:
                    break
                frame = _exactly(pipe, size)
                if not frame:
                    break
                self._put(frame)
        self._put(None)

    def _put(self, frame: bytes | None) -> None:
        while not self._is_stopped:
            try:
                self._frames.put(frame, timeout=1.0)
            except queue.Full:
                continue
            return

    def stop(self) -> None:
        """End the process, in whatever state it is."""
        self._is_stopped = True
        with suppress(OSError):
            self._input().close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        self._pump.join(_STOP_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _input(self) -> IO[bytes]:
        pipe = self._process.stdin
        if pipe is None:
            raise OSError("the reading process has no input")
        return pipe


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    """That many bytes; b"" where the pipe ends before."""
    data = pipe.read(size)
    return data if len(data) == size else b""


def _unpacked(facts: list[Any], shown: str) -> Document:
    """The document that `worker.packed` made. Raises ReadError where it is none, or one of another file."""
    try:
        path, title, record, encoding, date, is_member, warnings, places, blocks, text = facts
        document = Document(
            path=path,
            title=_text(title),
            text=_text(text),
            blocks=tuple(_block(*block) for block in blocks),
            id=None if record is None else _text(record),
            encoding=_text(encoding),
            date=_text(date),
            warnings=tuple(map(_text, warnings)),
            places=tuple(Place(_whole(start), _text(name)) for start, name in places),
            is_member=is_member is True,
        )
    except (TypeError, ValueError) as error:
        raise ReadError(f"{shown}: its reader gave back what is no document") from error
    ends = [
        0,
        *(place for block in document.blocks for place in (block.start, block.end)),
        len(document.text),
    ]
    if document.path != shown or ends != sorted(ends):
        raise ReadError(f"{shown}: its reader gave back what is not in the file")
    return document


def _block(kind: str, start: int, end: int, level: int, page: int | None) -> Block:
    return Block(
        BlockKind(kind), _whole(start), _whole(end), _whole(level), None if page is None else _whole(page)
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
