"""The bytes of one file, or one clear line about why not; what every reader begins with."""

from __future__ import annotations

import stat
from pathlib import Path

from rag.errors import ReadError

MAX_TEXT_BYTES = 64 << 20  # decoding takes up to ten times this in memory


def check_file(path: Path) -> int:
    """Return the size in bytes of the regular file at `path`, without opening it: a pipe would block.

    Raises:
        ReadError: it is missing, no regular file, empty, or has a name that is not Unicode.
    """
    shown = path.as_posix()
    if shown != shown.encode("utf-8", "replace").decode("utf-8"):
        raise ReadError(f"{shown!a}: the name is not Unicode; rename the file")
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise ReadError(f"{shown}: {_reason(error)}; check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise ReadError(f"{shown} is a folder; a file is wanted here")
    if not stat.S_ISREG(status.st_mode):
        raise ReadError(f"{shown} is a device or a pipe, not a file; leave it out")
    if status.st_size == 0:
        raise ReadError(f"{shown} is empty; there is nothing to index in it")
    return status.st_size


def load(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """Return the content of the file at `path`.

    Raises:
        ReadError: as `check_file`; or it is larger than `max_bytes`, or cannot be read.
    """
    size = check_file(path)
    if size > max_bytes:
        raise ReadError(
            f"{path.as_posix()} has {size >> 20} MB, more than the {max_bytes >> 20} MB that one text may "
            "have; split it into several files"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path.as_posix()}: {_reason(error)}; check its permissions") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
