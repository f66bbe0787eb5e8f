"""A whole library as one file, and back: a zip of what one state needs, with a checksum for each part.

What is written is SQLite's own copy of the catalog, taken in one read transaction while others may write,
and the derived files that this copy names: a library that comes back gives the very same answers. Parts are
stored as they are; they are compressed where it pays.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from rag.errors import LibraryDamaged, LibraryError, LibraryMissing, UsageError
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog
from rag.store.database import CATALOG
from rag.store.files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    make_private_folder,
    sync_file,
    sync_folder,
    told,
)
from rag.store.lock import ReaderMark
from rag.store.publish import Published

MANIFEST = "manifest.json"
_FORM = "wenju library"
_VERSION = 1
_BLOCK_BYTES = 1 << 20
_TRIES = 20

_Manifest: TypeAlias = dict[str, Any]  # "format", "version", "parts": name -> [bytes, SHA-256]


def export_library(folder: Path, file: Path) -> int:
    """The bytes of `file` after writing the library's newest published state into it.

    Raises UsageError where the file exists, LibraryMissing, LibraryDamaged where the library is not what was
    written, LibraryError where the disk refuses; no file is left then.
    """
    if os.path.lexists(file):
        raise UsageError(f"{file} exists already; choose another name or delete it")
    if not file.parent.is_dir():
        raise UsageError(f"{file.parent} is not a folder; make it first")
    with Snapshot(folder):  # publishes what a killed writer committed; says what is wrong
        pass
    work = file.with_name(f".{file.name}.tmp")
    with told(file.parent):
        try:
            _write(folder, work)
            work.replace(file)
            sync_folder(file.parent)
        finally:
            work.unlink(missing_ok=True)
        return file.stat().st_size


def _write(folder: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".export", dir=target.parent) as temporary:
        copy = Path(temporary) / CATALOG
        copy.touch(PRIVATE_FILE)
        with _state(folder, copy) as names:
            target.unlink(missing_ok=True)
            target.touch(PRIVATE_FILE)
            parts: dict[str, list[int | str]] = {}
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
                for name in sorted(names):
                    parts[name] = list(_pack(archive, copy if name == CATALOG else folder / name, name))
                manifest = {"format": _FORM, "version": _VERSION, "parts": parts}
                archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    sync_file(target)


@contextmanager
def _state(folder: Path, copy: Path) -> Iterator[list[str]]:
    """The names of the files of one state, with the catalog's copy made; no writer deletes them meanwhile."""
    for _ in range(_TRIES):
        with closing(Catalog(folder, writable=False)) as live:
            live.copy_to(copy)
        with closing(Catalog(copy.parent)) as catalog:
            published = Published.read(catalog)
        mark = ReaderMark(folder, published.generation)
        try:
            with closing(Catalog(folder, writable=False)) as live:
                if Published.read(live).generation != published.generation:
                    continue  # it may have deleted files before it saw the mark
            yield [CATALOG, *_derived(folder, published)]
            return
        finally:
            mark.release()
    raise LibraryError(f"the library in {folder} changes faster than it can be copied; try again")


def _derived(folder: Path, published: Published) -> Iterator[str]:
    for shelf in published.shelves.values():
        yield from sorted({shelf.vectors, shelf.clusters} - {""})
        yield from (f"{shelf.terms}/{name}" for name in shelf.terms_files)


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> tuple[int, str]:
    """Size and SHA-256 of the file, written to the archive."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        while block := source.read(_BLOCK_BYTES):
            target.write(block)
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


# --- back ---------------------------------------------------------------------------------------------------


def import_library(file: Path, folder: Path) -> None:
    """Set up in `folder`, which is new or empty, the library that is in the file.

    All of it is checked before it is put in its place by one rename. Raises UsageError where the folder is in
    use, LibraryMissing where there is no such file, LibraryDamaged where it is not a whole export,
    LibraryMismatch where another version made it, LibraryError; the folder is as it was then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in use; import into a new folder with --index")
    if not file.is_file():
        raise LibraryMissing(f"there is no file {file}; name one that `rag export` wrote")
    folder = folder.resolve()
    make_private_folder(folder.parent)
    work = folder.with_name(f".{folder.name}.import")
    with told(folder.parent):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(PRIVATE_FOLDER)
        try:
            _unpack(file, work)
            with closing(Catalog(work)):  # a format that this version reads
                pass
            work.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _unpack(file: Path, work: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = _manifest(archive)["parts"]
            if sorted(archive.namelist()) != sorted([MANIFEST, *parts]) or CATALOG not in parts:
                raise ValueError("parts are missing or too many")
            for name, (size, digest) in parts.items():
                _unpack_part(archive, name, work / _safe(name), (size, digest))
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise LibraryDamaged(f"{file} is not a whole export ({reason}); take another copy of it") from error


def _manifest(archive: zipfile.ZipFile) -> _Manifest:
    manifest = json.loads(archive.read(MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != _FORM:
        raise ValueError("it was not written by `rag export`")
    if manifest.get("version") != _VERSION:
        raise ValueError(f"it has version {manifest.get('version')}, this program reads {_VERSION}")
    return manifest


def _safe(name: str) -> PurePosixPath:
    """The name, if it stays in the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(path.parts) not in (1, 2):
        raise ValueError(f"the name {name!r} leads out of it")
    return path


def _unpack_part(archive: zipfile.ZipFile, name: str, target: Path, expected: tuple[int, str]) -> None:
    """Write one part, no more of it than was promised. Raises ValueError where it is not what was written."""
    digest, left = hashlib.sha256(), expected[0]
    target.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
    target.touch(PRIVATE_FILE)
    with archive.open(name) as source, target.open("r+b") as writing:
        while block := source.read(min(_BLOCK_BYTES, left + 1)):
            left -= len(block)
            if left < 0:
                break
            writing.write(block)
            digest.update(block)
    if left or digest.hexdigest() != expected[1]:
        raise ValueError(f"{name} is not what was written")
    sync_file(target)
