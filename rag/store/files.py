"""Files that are either there as a whole or not at all, and checksums that say whether they still are.

`faiss.write_index` succeeds on a full disk and `faiss.read_index` accepts flipped bits, so everything derived
is serialised in memory, written here and verified here.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import LibraryError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_BLOCK_BYTES = 1 << 20


def row_checksum(*parts: bytes | int) -> int:
    """The CRC-32 of `parts` with their kinds and lengths, so that no two rows share one by regrouping bytes.

    CRC-32 finds every single flipped bit and every burst up to 32 bits, and costs a seventh of BLAKE2b, which
    counts for token states: 3 MB are verified for one question.
    """
    value = 0
    for part in parts:
        data = struct.pack("<q", part) if isinstance(part, int) else part
        value = zlib.crc32(data, zlib.crc32(struct.pack("<?q", isinstance(part, int), len(data)), value))
    return value


def content_hash(data: bytes | memoryview) -> str:
    """The BLAKE2b hash (32 hexadecimal digits) of `data`."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def file_hash(path: Path) -> str:
    """The BLAKE2b hash (32 hexadecimal digits) of what is in the file, read in blocks."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses below a library's folder into a LibraryError of one line."""
    try:
        yield
    except OSError as error:
        raise LibraryError(
            f"cannot write to {folder}: {error.strerror or error}; what was committed is kept; free space "
            "or make the folder writable, then try again"
        ) from error


def make_private_folder(folder: Path) -> None:
    """Make `folder` and its missing parents; a folder that is made here is closed to other users.

    Raises LibraryError where it cannot be made.
    """
    with told(folder):
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write the file so that it holds its old content or all of `data`, whatever happens, a power cut too.

    Raises OSError, with the old content in place and no leftover, where the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        try:
            _write_all(descriptor, memoryview(data))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _write_all(descriptor: int, data: memoryview) -> None:
    """Write all of `data`: one `write` may take less, and takes 2 GiB at most."""
    view = data.cast("B")
    while view:
        view = view[os.write(descriptor, view[: 1 << 30]) :]


def sync_file(path: Path) -> None:
    """Wait until the content of an existing file is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` (made, renamed, removed) are on the disk; Windows cannot."""
    if os.name == "posix":
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
