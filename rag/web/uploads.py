"""Uploaded files: kept in a folder of the library's own, under the name that the user knows."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDER = "uploads"  # inside the index folder
MAX_NAME_BYTES = 180  # of the 255 that file systems take: room for the name of a copy in the making
_FORBIDDEN = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)))
)


def safe_name(name: str) -> str:
    """Return a file name as near to `name` as can be kept on every file system: no folder, no hidden file."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join(
        "_" if character in _FORBIDDEN else character for character in name if _is_shown(character)
    )
    stem, dot, suffix = kept.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = stem.strip() or "document"
    if stem.casefold() in _RESERVED:
        stem += "_"
    ending = f".{suffix}" if suffix else ""
    while len(f"{stem}{ending}".encode()) > MAX_NAME_BYTES and len(stem) > 1:
        stem = stem[:-1]
    return f"{stem}{ending}" if len(ending.encode()) < MAX_NAME_BYTES else stem


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@contextmanager
def kept(uploaded: Sequence[Path], folder: Path) -> Iterator[list[tuple[Path, Path | None]]]:
    """Copy uploaded files into `folder` and yield each with what it took the place of (None: nothing).

    After the block every earlier version is deleted; when the block raises, everything is as it was before.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    placed: list[tuple[Path, Path | None]] = []
    try:
        for path in uploaded:
            placed.append(_place(path, folder))
        yield placed
    except BaseException:
        for new, old in reversed(placed):
            put_back(new, old)
        raise
    for _, old in placed:
        if old is not None:
            old.unlink(missing_ok=True)


def _place(path: Path, folder: Path) -> tuple[Path, Path | None]:
    target = folder / safe_name(path.name)
    copy = _hidden(folder)
    shutil.copyfile(path, copy)
    old = None
    if target.exists():
        old = _hidden(folder)
        target.replace(old)
    copy.replace(target)
    return target, old


def _hidden(folder: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
    os.close(handle)
    return Path(name)


def put_back(new: Path, old: Path | None) -> None:
    """Undo one placing: the new file goes, the earlier one is there again."""
    if old is None:
        new.unlink(missing_ok=True)
    elif old.exists():
        old.replace(new)
