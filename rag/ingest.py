"""Files → changed documents → passages → encodings → one commit a document."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rag.encoder import Encoder
from rag.errors import LibraryError, LibraryMissing, ReadError, UsageError
from rag.passages import SEGMENTER_VERSION, segment
from rag.readers import read
from rag.records import (
    Document,
    Encoding,
    Failure,
    IndexReport,
    Passage,
    Progress,
    ProgressCallback,
    TokenStates,
)
from rag.settings import Settings
from rag.store.catalog import Catalog, NewDocument
from rag.store.files import file_hash, make_private_folder
from rag.store.identity import Identity, check_model, check_segmenter
from rag.store.lock import writer_lock
from rag.store.publish import publish
from rag.store.rows import DocumentRow, document_hash
from rag.store.states import StateCodec, encode_layout, fit_codec
from rag.walk import find_files

_BATCH = 256  # passages encoded together: enough to sort by length, few enough to commit every few seconds
_PUBLISH_S = 60.0  # how often readers get what a long run has written so far
_RACY_NS = 2_000_000_000  # a file read this shortly after it changed may change again within one clock tick
_SURROGATE = re.compile("[\ud800-\udfff]")


def encoded_text(passage: Passage) -> tuple[str, int]:
    """What the model reads for a passage, and the place in it, in code points, where `passage.text` starts."""
    context = f"{passage.context}\n" if passage.context else ""
    return _SURROGATE.sub("\ufffd", context + passage.text), len(context)


def index_paths(
    paths: Sequence[Path],
    *,
    folder: Path,
    encoder: Encoder,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Add or update files and folders; what has not changed costs a look at its size and times.

    A file that cannot be read is named in the report and costs itself alone. Raises UsageError where a path
    is missing or holds nothing to read, ReadError where no file at all could be read, LibraryLocked,
    LibraryMismatch, LibraryError.
    """
    started = time.monotonic()
    files = find_files(paths, index=folder)
    with _writing(folder, create=True) as catalog:
        run = _Run(catalog, encoder, settings, progress or _silent)
        run.index(files)
    report = run.report(time.monotonic() - started)
    if report.failures and not report.added + report.updated + report.unchanged:
        others = f" (and {len(report.failures) - 1} more files)" if len(report.failures) > 1 else ""
        raise ReadError(f"{report.failures[0].reason}{others}; nothing was indexed")
    return report


def remove_paths(paths: Sequence[str | Path], *, folder: Path) -> int:
    """Take documents out, by key, file or folder; returns how many they were.

    Raises UsageError, with nothing removed, where nothing in the library goes by one of the names.
    """
    with _writing(folder) as catalog:
        generation = catalog.generation
        rows: dict[int, DocumentRow] = {}
        for path in paths:
            found = _documents_named(catalog, str(path), generation)
            if not found:
                raise UsageError(
                    f"there is no document {path} in the library; `rag list` shows what there is"
                )
            rows.update((row.id, row) for row in found)
        for row in rows.values():
            catalog.remove(row)
            catalog.drop_file(row.path)
    return len(rows)


@contextmanager
def _writing(folder: Path, *, create: bool = False) -> Iterator[Catalog]:
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
        publish(catalog)


def _documents_named(catalog: Catalog, name: str, generation: int) -> list[DocumentRow]:
    """The documents with that key, in that file or below that folder."""
    row = catalog.document_at(name, generation)
    if row is not None:
        return [row]
    path = Path(name).resolve().as_posix()
    below = path.rstrip("/") + "/"
    found = catalog.documents_of(path, generation)
    return found or [row for row in catalog.documents_at(generation) if row.path.startswith(below)]


def _silent(_: Progress) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One changed document, cut into passages."""

    document: Document
    hash: str
    passages: tuple[Passage, ...]


@dataclass(slots=True)
class _Run:
    """One run of `index_paths`: the catalog it writes to and what it has done so far."""

    catalog: Catalog
    encoder: Encoder
    settings: Settings
    progress: ProgressCallback
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged", "passages"), 0)
    )
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)
    finished: list[tuple[Path, list[Any], set[str]]] = field(
        default_factory=list
    )  # files whose documents are all waiting
    waiting: list[_Work] = field(default_factory=list)
    published_s: float = field(default_factory=time.monotonic)

    def report(self, seconds: float) -> IndexReport:
        """What was done."""
        return IndexReport(
            **self.counts, seconds=seconds, failures=tuple(self.failures), warnings=tuple(self.warnings)
        )

    def index(self, files: list[Path]) -> None:
        """Bring the library up to date with the files."""
        self._identify()
        stamps = self.catalog.file_stamps()
        for number, path in enumerate(files):
            self.progress(
                Progress("indexing", number, len(files), "files", f"{self.counts['passages']} passages")
            )
            self._file(path, stamps.get(path.as_posix()))
            if sum(len(work.passages) for work in self.waiting) >= _BATCH:
                self._flush()
        self._flush()
        self.progress(
            Progress("indexing", len(files), len(files), "files", f"{self.counts['passages']} passages")
        )

    def _identify(self) -> None:
        """Refuse a library of another model or segmenter; a new one is this model's from now on."""
        check_model(self.catalog, self.encoder.fingerprint)
        check_segmenter(self.catalog, SEGMENTER_VERSION)
        identity = Identity(
            model=self.settings.model,
            fingerprint=self.encoder.fingerprint,
            dimensions=self.encoder.dimensions,
            state_dimensions=self.encoder.state_dimensions,
            segmenter=SEGMENTER_VERSION,
        )
        if Identity.read(self.catalog) is None:
            identity.note(self.catalog)

    def _file(self, path: Path, known: list[Any] | None) -> None:
        """Line up what has changed in one file."""
        try:
            stamp, unchanged = _stamp(path, known)
            if unchanged:
                if known is not None and known[:4] != stamp[:4]:
                    self.catalog.put_file(path.as_posix(), stamp)
                self.counts["unchanged"] += max(
                    1, len(self.catalog.documents_of(path.as_posix(), self.catalog.generation))
                )
                return
            keys = {key for document in read(path) for key in self._document(document)}
        except (ReadError, OSError) as error:
            self.failures.append(Failure(path.as_posix(), str(error)))
            return
        self.finished.append((path, stamp, keys))

    def _document(self, document: Document) -> Iterator[str]:
        """Line up the document unless it stands in the library as it is; yields its key."""
        yield document.key
        self.warnings.extend(Failure(document.key, warning) for warning in document.warnings)
        hash_ = document_hash(document)
        kept = self.catalog.document_at(document.key, self.catalog.generation)
        if kept is not None and kept.hash == hash_:
            self.counts["unchanged"] += 1
            return
        limit = min(self.settings.max_tokens, self.encoder.max_tokens)
        cut = segment(document, count_tokens=self.encoder.count_tokens, max_tokens=limit)
        self.counts["added" if kept is None else "updated"] += 1
        self.waiting.append(_Work(replace(document, title=cut.title, blocks=cut.blocks), hash_, cut.passages))
        if sum(len(work.passages) for work in self.waiting) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        """Encode what waits and commit it, document by document; then note the files that are complete."""
        texts = [encoded_text(passage)[0] for work in self.waiting for passage in work.passages]
        encoding = self.encoder.encode_passages(texts) if texts else None
        start = 0
        for work in self.waiting:
            end = start + len(work.passages)
            self._commit(work, encoding, slice(start, end))
            start = end
        self.waiting.clear()
        for path, stamp, keys in self.finished:
            for row in self.catalog.documents_of(path.as_posix(), self.catalog.generation):
                if row.key not in keys:
                    self.catalog.remove(row)
            self.catalog.put_file(path.as_posix(), stamp)
        self.finished.clear()
        if time.monotonic() - self.published_s > _PUBLISH_S:
            publish(self.catalog)
            self.published_s = time.monotonic()

    def _commit(self, work: _Work, encoding: Encoding | None, own: slice) -> None:
        """Write one document with its share of the encoding."""
        vectors = np.empty((0, self.encoder.dimensions), np.float32)
        states: list[tuple[bytes, bytes]] = []
        if encoding is not None and work.passages:
            codec = self._codec(encoding.tokens)
            vectors = encoding.vectors[own]
            states = [(codec.encode(tokens.states), encode_layout(tokens)) for tokens in encoding.tokens[own]]
        added_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.catalog.replace(
            NewDocument(work.document, work.hash, work.passages, vectors, states, added_at=added_at)
        )
        self.counts["passages"] += len(work.passages)

    def _codec(self, tokens: Iterable[TokenStates]) -> StateCodec:
        """The library's codec; fitted now where this is the first that is written."""
        kept = self.catalog.get("codec")
        if kept is not None:
            return StateCodec.from_bytes(bytes.fromhex(kept))
        codec = fit_codec(np.concatenate([each.states for each in tokens]))
        self.catalog.put("codec", codec.to_bytes().hex())
        return codec


def _stamp(path: Path, known: list[Any] | None) -> tuple[list[Any], bool]:
    """Size, times, inode, moment and hash of a file, and whether its content is what is `known`.

    Content is read again unless size, both times and inode are the same *and* the file had rested for two
    seconds when they were noted. A change that keeps `mtime` still changes `ctime`.
    """
    status = path.stat()
    looks = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    if known is not None and known[:4] == looks and known[4] - max(known[1:3]) > _RACY_NS:
        return known, True
    stamp = [*looks, time.time_ns(), file_hash(path)]
    return stamp, known is not None and known[5] == stamp[5]
