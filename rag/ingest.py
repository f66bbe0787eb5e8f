"""Files → changed documents → the library; and out of it again."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rag.encoder import Encoder
from rag.errors import LibraryError, LibraryMissing, ReadError, UsageError
from rag.readers import READERS_VERSION
from rag.reading import Reading
from rag.records import Document, Failure, IndexReport, Progress, ProgressCallback
from rag.settings import Settings
from rag.shelving import Shelver, encoded_text, identify
from rag.store.catalog import Catalog, FileStamp
from rag.store.consolidate import consolidate
from rag.store.files import file_hash, make_private_folder
from rag.store.lock import writer_lock
from rag.store.publish import publish
from rag.store.rows import DocumentRow, FailedFile, document_hash, to_bytes
from rag.walk import find_files

__all__ = ["encoded_text", "index_files", "index_paths", "remove_paths"]

_RACY_NS = 2_000_000_000  # a file read this shortly after it changed may change again within one clock tick


def index_paths(
    paths: Sequence[Path],
    *,
    folder: Path,
    encoder: Encoder,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Add or update files and folders; what has not changed costs a look at its size and times.

    A file that cannot be read is named in the report and costs itself alone; one that is gone from the
    folders is named, and its documents stay: see `remove_paths`. Raises UsageError where a path is missing or
    holds nothing to read, ReadError where no file at all could be read, LibraryLocked, LibraryMismatch,
    LibraryError.
    """
    started = time.monotonic()
    skipped: list[Failure] = []
    files = find_files(paths, index=folder, skipped=skipped)
    with writing(folder, create=True, settings=settings) as catalog:
        report = index_files(catalog, files, encoder=encoder, settings=settings, progress=progress)
        vanished = tuple(_vanished(catalog, paths, files))
    report = replace(
        report,
        vanished=vanished,
        warnings=(*skipped, *report.warnings),
        seconds=time.monotonic() - started,
    )
    if report.failures and not report.added + report.updated + report.unchanged + report.moved:
        others = f" (and {len(report.failures) - 1} more files)" if len(report.failures) > 1 else ""
        raise ReadError(f"{report.failures[0].reason}{others}; nothing was indexed")
    return report


def index_files(
    catalog: Catalog,
    files: Sequence[Path],
    *,
    encoder: Encoder,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """The same for absolute paths of files, with the writer lock held; nothing is published at the end."""
    identify(catalog, encoder, settings)
    with Reading() as reading:
        run = _Run(catalog, Shelver(catalog, encoder, settings), Meter(files, progress), reading)
        run.index(files)
    return run.report()


def remove_paths(paths: Sequence[str | Path], *, folder: Path) -> int:
    """Take documents, and files that failed, out, by key, file or folder; returns how many they were.

    Raises UsageError, with nothing removed, where nothing in the library goes by one of the names.
    """
    with writing(folder) as catalog:
        rows: dict[int, DocumentRow] = {}
        forgotten: list[str] = []
        for path in paths:
            found = _documents_named(catalog, str(path))
            unread = _failures_named(catalog, str(path))
            forgotten += unread
            if not found and not unread:
                raise UsageError(
                    f"there is no document {path} in the library; `rag list` shows what there is"
                )
            rows.update((row.id, row) for row in found)
        for row in rows.values():
            catalog.remove(row)
            catalog.drop_file(row.path)
        catalog.drop_failures(forgotten)
    return len(rows) + len(set(forgotten) - {row.path for row in rows.values()})


@contextmanager
def writing(folder: Path, *, create: bool = False, settings: Settings | None = None) -> Iterator[Catalog]:
    """The catalog with the writer lock held; what was committed is published, also where an error ends it."""
    if create:
        make_private_folder(folder)
    elif not folder.is_dir():
        raise LibraryMissing(
            f"there is no library in {folder}; make one with `rag index PATH --index {folder}`"
        )
    with writer_lock(folder), closing(Catalog(folder, create=create)) as catalog:
        try:
            yield catalog
        except BaseException:
            with suppress(LibraryError, OSError):  # the first error is the one to tell
                publish(catalog)
            raise
        consolidate(catalog, exact_up_to=(settings or Settings()).exact_vectors)


def _vanished(catalog: Catalog, paths: Sequence[Path], files: Sequence[Path]) -> Iterator[str]:
    """The files below the folders among `paths` that are in the library and no longer on the disk."""
    folders = tuple(path.resolve().as_posix().rstrip("/") + "/" for path in paths if path.is_dir())
    there = {path.as_posix() for path in files}
    for path in catalog.paths():
        if path.startswith(folders) and path not in there and not os.path.lexists(path):
            yield path


def _documents_named(catalog: Catalog, name: str) -> list[DocumentRow]:
    """The documents with that key, in that file or below that folder."""
    generation = catalog.generation
    row = catalog.document_at(name, generation)
    if row is not None:
        return [row]
    path = Path(name).resolve().as_posix()
    below = path.rstrip("/") + "/"
    found = catalog.documents_of(path, generation)
    return found or [row for row in catalog.documents_at(generation) if row.path.startswith(below)]


def _failures_named(catalog: Catalog, name: str) -> list[str]:
    """The files that failed and go by that name, or lie below that folder."""
    path = Path(name).resolve().as_posix()
    below = path.rstrip("/") + "/"
    return [failed for failed in catalog.failed_files() if failed == path or failed.startswith(below)]


@dataclass(slots=True)
class _Run:
    """One run of `index_paths`: what it writes to and what it has done so far."""

    catalog: Catalog
    shelver: Shelver
    meter: Meter
    reading: Reading
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    kept: Counter[str] = field(default_factory=Counter)  # documents by path, when the run began
    homes: dict[str, list[str]] = field(default_factory=dict)  # paths by the hash of what was in the file
    looked: dict[str, FileStamp] = field(default_factory=dict)  # only times have changed
    failed: dict[str, FailedFile] = field(default_factory=dict)  # of earlier runs, by path
    failed_now: list[FailedFile] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)

    def report(self) -> IndexReport:
        """What was done."""
        return IndexReport(
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            moved=self.moved,
            passages=self.shelver.passages,
            failures=tuple(self.failures),
            warnings=(*self.warnings, *self.shelver.warnings),
        )

    def index(self, files: Sequence[Path]) -> None:
        """Bring the library up to date with the files."""
        known = self.catalog.file_stamps()
        self.kept = self.catalog.paths()
        for name, stamp in known.items():
            self.homes.setdefault(stamp.hash, []).append(name)
        self.failed = self.catalog.failed_files()
        for number, path in enumerate(files):
            self.meter.file(number)
            try:
                self._file(path, known.get(path.as_posix()))
            except (ReadError, OSError) as error:
                self._fail(path, str(error))
            self.meter.show(self.shelver.passages)
        self.shelver.flush()
        if self.looked or self.failed_now or self.failed:
            gone = [name for name in self.failed if not Path(name).exists()]
            with self.catalog.transaction():
                for name, stamp in self.looked.items():
                    self.catalog.put_file(name, stamp)
                self.catalog.put_failures(self.failed_now)
                self.catalog.drop_failures(gone)
        self.meter.finish(self.shelver.passages)

    def _file(self, path: Path, known: FileStamp | None) -> None:
        """Line up what has changed in one file; when that is committed, drop what is no longer in it."""
        failed = self.failed.get(path.as_posix())
        if failed is not None and failed.readers == READERS_VERSION and _is_as_then(path, failed):
            self.failures.append(Failure(failed.path, failed.reason))
            return
        stamp = _stamp(path, known)
        if known is not None and stamp.hash == known.hash:
            if failed is not None:
                self.catalog.drop_failures([failed.path])
            if stamp != known:
                self.looked[path.as_posix()] = stamp
            self.unchanged += self.kept[path.as_posix()]
            return
        if known is None and self._move(path, stamp):
            return
        keys: set[str] = set()
        copies = [] if known is not None else self._copies(path, stamp)
        for document in self.reading.read(path):
            if document.key in keys:
                self._doubt(document, "its id stands twice in the file; the first is kept")
                continue
            keys.add(document.key)
            self._document(document, copies)
            self.meter.read(len(to_bytes(document.text)))
            self.meter.show(self.shelver.passages)
        self.shelver.then(partial(self._complete, path, stamp, keys))

    def _move(self, path: Path, stamp: FileStamp) -> bool:
        """Whether the file is one that the library knows under a path where it no longer is; then moved."""
        if self.kept[path.as_posix()]:
            return False
        for home in self.homes.get(stamp.hash, []):
            same_format = Path(home).suffix.lower() == path.suffix.lower()
            if self.kept[home] and same_format and not os.path.lexists(home):
                rows = self.catalog.documents_of(home, self.catalog.generation)
                self.catalog.move(rows, path.as_posix(), stamp)
                del self.kept[home]
                self.moved += len(rows)
                return True
        return False

    def _copies(self, path: Path, stamp: FileStamp) -> list[DocumentRow]:
        """The documents of a file that holds the same, where the library has one."""
        homes = (
            home for home in self.homes.get(stamp.hash, []) if home != path.as_posix() and self.kept[home]
        )
        home = next(homes, None)
        return [] if home is None else self.catalog.documents_of(home, self.catalog.generation)

    def _fail(self, path: Path, reason: str) -> None:
        """Note that the file cannot be read; as long as it looks the same it is not tried again."""
        try:
            looks: tuple[int, ...] = _looks(path)
        except OSError:
            looks = ()
        self.failures.append(Failure(path.as_posix(), reason))
        self.failed_now.append(FailedFile(path.as_posix(), looks, time.time_ns(), READERS_VERSION, reason))

    def _document(self, document: Document, copies: Sequence[DocumentRow]) -> None:
        """Line the document up unless it stands in the library as it is."""
        for warning in document.warnings:
            self._doubt(document, warning)
        content = document_hash(document)
        kept = self.catalog.document_at(document.key, self.catalog.generation)
        if kept is not None and kept.hash == content:
            self.unchanged += 1
            return
        if kept is None:
            self.added += 1
        else:
            self.updated += 1
        like = [kept] if kept is not None else [row for row in copies if row.record == document.id]
        self.shelver.add(document, content=content, like=like)

    def _doubt(self, document: Document, warning: str) -> None:
        self.warnings.append(Failure(document.key, warning))

    def _complete(self, path: Path, stamp: FileStamp, keys: set[str]) -> None:
        """Note that all the file holds is committed."""
        for row in self.catalog.documents_of(path.as_posix(), self.catalog.generation):
            if row.key not in keys:
                self.catalog.remove(row)
        self.catalog.put_file(path.as_posix(), stamp)
        self.catalog.drop_failures([path.as_posix()] if path.as_posix() in self.failed else [])


class Meter:
    """Tells how far a run is, in passages; how many there will be is judged from the bytes still to read."""

    def __init__(self, files: Sequence[Path], progress: ProgressCallback | None) -> None:
        self._progress = progress
        self._sizes = [path.stat().st_size for path in files] if progress else []
        self._left = sum(self._sizes)
        self._number = 0
        self._current = 0  # bytes of this file not read yet
        self._read = 0  # bytes of changed documents

    def file(self, number: int) -> None:
        """Begin the file with that place in the list."""
        if self._progress:
            self._left -= self._sizes[number]
            self._number, self._current = number, self._sizes[number]

    def read(self, size: int) -> None:
        """Note that a document of `size` bytes was read."""
        self._read += size
        self._current = max(0, self._current - size)

    def show(self, passages: int) -> None:
        """Tell how far it is; `passages` are committed."""
        if self._progress:
            left = (self._left + self._current) * passages / self._read if self._read else 0
            total = passages + round(left) if passages else 0
            note = f"file {self._number + 1} of {len(self._sizes)}"
            self._progress(Progress("indexing", passages, total, "passages", note))

    def finish(self, passages: int) -> None:
        """Tell that it is done."""
        if self._progress:
            note = f"{len(self._sizes)} files"
            self._progress(Progress("indexing", passages, passages, "passages", note))


def _stamp(path: Path, known: FileStamp | None) -> FileStamp:
    """How the file looks now; its content is hashed only where its looks have changed or are too fresh.

    A change that keeps the size and sets `mtime` back still changes `ctime`.
    """
    looks = _looks(path)
    if known is not None and known.looks == looks and _is_settled(looks, known.seen_ns):
        return known
    return FileStamp(looks, time.time_ns(), file_hash(path))


def _looks(path: Path) -> tuple[int, int, int, int]:
    """Size, mtime and ctime in ns, inode."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _is_settled(looks: tuple[int, ...], seen_ns: int) -> bool:
    """Whether the file had been left alone for long enough when it was looked at."""
    return seen_ns - max(looks[1:3]) > _RACY_NS


def _is_as_then(path: Path, failed: FailedFile) -> bool:
    """Whether a file that failed looks as it did then; `touch` is enough to have it tried again."""
    return failed.looks == _looks(path) and _is_settled(failed.looks, failed.seen_ns)
