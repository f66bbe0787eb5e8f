"""The process in which files are read: paths come in on stdin, documents go out on stdout, framed JSON.

It is started by `rag.reading` alone. Nothing that runs here is trusted by the other side: the frames are data
and no pickles, the process has limits on memory, on processor time and on files, its own output is cut off
from the frames, and Python code in it can neither write files, start programs nor open connections.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from rag.errors import EncodingError, ReadError
from rag.readers import read
from rag.records import Document

EXIT_MEMORY = 77
HEADER = struct.Struct(">Q")
_REFUSED = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.remove",
    "os.rename",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_RESTART_SHARE = 0.5  # of the memory limit: a process that has grown to this is replaced after its file
_LOOK_EVERY_S = 0.1


def main() -> None:
    """Read the files whose paths come in, one JSON line each, until there are no more."""
    limits = json.loads(sys.argv[2])
    frames = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    _limit(limits["memory_bytes"])
    sys.addaudithook(_refuse)
    for line in sys.stdin.buffer:
        path = Path(json.loads(line))
        _limit_time(limits["seconds"])
        try:
            _send_all(path, frames, limits["characters"])
            grown = _peak_bytes() > _RESTART_SHARE * limits["memory_bytes"]
        except MemoryError:
            os._exit(EXIT_MEMORY)
        _send(frames, {"end": not grown})
        if grown:
            return


def _send_all(path: Path, frames: BinaryIO, characters: int) -> None:
    """Send the documents of one file, or the reason why there are none or no more."""
    try:
        for document in read(path):
            characters -= len(document.text)
            if characters < 0:
                raise ReadError(f"{path.as_posix()} unfolds to more text than one file may hold; split it")
            _send(frames, {"document": packed(document)})
    except EncodingError as error:
        _send(frames, {"encoding_error": str(error)})
    except ReadError as error:
        _send(frames, {"error": str(error)})
    except OSError as error:
        _send(frames, {"error": f"{path.as_posix()}: {error.strerror or error}; check the path"})
    except RecursionError:
        _send(
            frames,
            {"error": f"{path.as_posix()} nests too deep to be read; save it again in its own program"},
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one file of many: whatever its reader met, the next file is read
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        _send(
            frames,
            {"error": f"{path.as_posix()} cannot be read ({reason}); save it again in its own program"},
        )


def packed(document: Document) -> list[Any]:
    """The document as JSON has it."""
    blocks = [
        [block.kind.value, block.start, block.end, block.level, block.page] for block in document.blocks
    ]
    places = [[place.start, place.name] for place in document.places]
    facts = [document.path, document.title, document.id, document.encoding, document.date, document.is_member]
    return [*facts, list(document.warnings), places, blocks, document.text]


def _send(frames: BinaryIO, message: dict[str, Any]) -> None:
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    frames.write(HEADER.pack(len(data)))
    frames.write(data)
    frames.flush()


# --- limits -------------------------------------------------------------------------------------------------


def _limit(memory_bytes: int) -> None:
    """Limit memory; where the system has no such limit, a thread looks and ends the process."""
    try:
        import resource
    except ImportError:  # Windows: limits on time and on sizes are all there is
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        return

    def look() -> None:
        while _peak_bytes() < memory_bytes:
            time.sleep(_LOOK_EVERY_S)
        os._exit(EXIT_MEMORY)

    threading.Thread(target=look, daemon=True).start()


def _limit_time(seconds: float) -> None:
    """End the process after that much work on one file, also where its parent is gone."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 2 * seconds)


def _peak_bytes() -> int:
    """The most memory that the process has had at once, 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop Python code from what no reader needs."""
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writes or event.startswith(_REFUSED):
        raise PermissionError(f"a reader tried {event}")
