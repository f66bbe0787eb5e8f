"""The bytes of one file, or one clear line about why not; what every reader begins with."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias

from rag.errors import ReadError

MAX_TEXT_BYTES = 64 << 20  # decoding takes up to ten times this in memory
MAX_BINARY_BYTES = 256 << 20  # of a PDF or an office file, whose pictures are skipped


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive, unpacked; readers use it like the path of a file on disk."""

    archive: str  # as shown to the user
    member: str  # its path inside
    data: bytes
    depth: int = 1  # archives around it

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.member).name

    @property
    def suffix(self) -> str:
        """The name's suffix, with its dot."""
        return PurePosixPath(self.member).suffix

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.member).stem

    def as_posix(self) -> str:
        """How messages name it."""
        return f"{self.archive}#{self.member}"


File: TypeAlias = Path | Member


def check_file(path: File) -> int:
    """Return the size in bytes of the regular file at `path`, without opening it: a pipe would block.

    Raises:
        ReadError: it is missing, no regular file, empty, or has a name that is not Unicode.
    """
    shown = path.as_posix()
    if shown != shown.encode("utf-8", "replace").decode("utf-8"):
        raise ReadError(f"{shown!a}: the name is not Unicode; rename the file")
    size = len(path.data) if isinstance(path, Member) else _size_on_disk(path)
    if size == 0:
        raise ReadError(f"{shown} is empty; there is nothing to index in it")
    return size


def _size_on_disk(path: Path) -> int:
    shown = path.as_posix()
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise ReadError(f"{shown}: {_reason(error)}; check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise ReadError(f"{shown} is a folder; a file is wanted here")
    if not stat.S_ISREG(status.st_mode):
        raise ReadError(f"{shown} is a device or a pipe, not a file; leave it out")
    return status.st_size


def load(path: File, *, max_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """Return the content of the file at `path`.

    Raises:
        ReadError: as `check_file`; or it is larger than `max_bytes`, or cannot be read.
    """
    size = check_file(path)
    if size > max_bytes:
        raise ReadError(
            f"{path.as_posix()} has {size >> 20} MB, more than the {max_bytes >> 20} MB that one such file "
            "may have; split it into several files"
        )
    with opened(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise ReadError(f"{path.as_posix()}: {_reason(error)}; check its permissions") from error


def opened(path: File) -> BinaryIO:
    """Return the file at `path`, open for reading. Raises ReadError where it cannot be."""
    if isinstance(path, Member):
        return io.BytesIO(path.data)
    try:
        return path.open("rb")
    except OSError as error:
        raise ReadError(f"{path.as_posix()}: {_reason(error)}; check its permissions") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
