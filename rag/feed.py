"""Files → changed documents → a library on a server; and out of it again.

The road of `rag.ingest` to another place. Any number of processes may go it at the same time, each with files
of its own; a run that is stopped goes on where it was, and what it wrote twice is there once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rag.encoder import Encoder
from rag.errors import ReadError, UsageError
from rag.ingest import Meter
from rag.passages import SEGMENTER_VERSION, Segmentation, segment
from rag.reading import Reading
from rag.records import Document, Encoding, Failure, IndexReport, Passage, ProgressCallback
from rag.settings import Settings
from rag.shelving import encode_all, encode_sample, new_codec, passage_tokens, sample_bytes
from rag.store.catalog import NewDocument
from rag.store.files import file_hash
from rag.store.identity import Identity
from rag.store.milvus.connection import missing
from rag.store.milvus.founding import Founding
from rag.store.milvus.rows import Entry, FileNote
from rag.store.milvus.schema import SLOW_WORDS
from rag.store.milvus.shelf import Shelf
from rag.store.rows import document_hash, to_bytes
from rag.store.states import encode_layout
from rag.walk import find_files

_BATCH = 128  # passages that are encoded and written together, as `rag.shelving` does
_FILES_AT_ONCE = 200  # whose notes are asked for in one request


def feed_paths(
    paths: Sequence[Path],
    *,
    shelf: Shelf,
    encoder: Encoder,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> IndexReport:
    """Add or update files and folders; an unchanged file costs reading it once, to see that.

    As `rag.ingest.index_paths`, but that a file under another path is another file. Raises UsageError,
    ReadError where no file at all could be read, LibraryMismatch, LibraryUnreachable, LibraryError.
    """
    started = time.monotonic()
    skipped: list[Failure] = []
    files = find_files(paths, index=settings.index, skipped=skipped)
    founding = shelf.founding()
    if founding is not None:
        founding.check(shelf.address, fingerprint=encoder.fingerprint, segmenter=SEGMENTER_VERSION)
        shelf.prepare()
    with Reading() as reading:
        run = _Run(shelf, encoder, settings, reading, Meter(files, progress), founding)
        run.feed(files)
    vanished = () if run.founding is None else tuple(_vanished(shelf, paths, files))
    if not shelf.server.sparse:
        skipped.append(Failure(shelf.address.shown, SLOW_WORDS))
    report = run.report(vanished, skipped, seconds=time.monotonic() - started)
    if report.failures and not report.added + report.updated + report.unchanged:
        others = f" (and {len(report.failures) - 1} more files)" if len(report.failures) > 1 else ""
        raise ReadError(f"{report.failures[0].reason}{others}; nothing was indexed")
    return report


def take_out(paths: Sequence[str | Path], *, shelf: Shelf) -> int:
    """Take documents, and files that failed, out, by key, file or folder; returns how many they were.

    Raises UsageError, with nothing removed, where nothing in the library goes by one of the names.
    """
    if shelf.founding() is None:
        raise missing(shelf.address)
    found: dict[str, Entry] = {}
    files: set[str] = set()
    failed = 0
    for path in paths:
        entries = _entries_named(shelf, str(path))
        file = Path(path).resolve().as_posix()
        notes = [*shelf.records.notes([file]).values(), *shelf.records.failures_below(file)]
        unread = [note.path for note in notes if note.failure]
        if not entries and not unread:
            raise UsageError(f"there is no document {path} in the library; `rag list` shows what there is")
        found.update((entry.key, entry) for entry in entries)
        files.update(unread, (entry.path for entry in entries))
        failed += len(unread)
    shelf.remove(list(found.values()), sorted(files))
    return sum(entry.row is not None for entry in found.values()) + failed


def _entries_named(shelf: Shelf, name: str) -> list[Entry]:
    """The documents with that key, in that file or below that folder; remains of cut-off writing too."""
    entry = shelf.records.entry(name)
    if entry is not None:
        return [entry]
    path = Path(name).resolve().as_posix()
    return shelf.records.entries_of(path) or list(shelf.records.entries_below(path))


def _vanished(shelf: Shelf, paths: Sequence[Path], files: Sequence[Path]) -> Iterator[str]:
    """The files below the folders among `paths` that are in the library and no longer on the disk."""
    there = {path.as_posix() for path in files}
    for folder in paths:
        if folder.is_dir():
            entries = shelf.records.entries_below(folder.resolve().as_posix())
            for path in sorted({entry.path for entry in entries if entry.row is not None}):
                if path not in there and not os.path.lexists(path):
                    yield path


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document that is cut and not yet encoded."""

    read: Document
    hash: str
    cut: Segmentation


@dataclass(slots=True)
class _Run:
    """One run of `feed_paths`: what it writes to and what it has done so far."""

    shelf: Shelf
    encoder: Encoder
    settings: Settings
    reading: Reading
    meter: Meter
    founding: Founding | None
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    passages: int = 0  # written
    waiting: list[_Waiting] = field(default_factory=list)
    waiting_passages: int = 0
    read: list[FileNote] = field(default_factory=list)  # all of whose documents are written or wait
    gone: list[Entry] = field(default_factory=list)  # documents that are no longer in their files
    failures: list[Failure] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)

    def report(self, vanished: tuple[str, ...], skipped: Sequence[Failure], *, seconds: float) -> IndexReport:
        """What was done."""
        return IndexReport(
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            passages=self.passages,
            seconds=seconds,
            failures=tuple(self.failures),
            warnings=(*skipped, *self.warnings),
            vanished=vanished,
        )

    def feed(self, files: Sequence[Path]) -> None:
        """Bring the library up to date with the files."""
        for start in range(0, len(files), _FILES_AT_ONCE):
            part = files[start : start + _FILES_AT_ONCE]
            known = self.shelf.records.notes([path.as_posix() for path in part]) if self.founding else {}
            for number, path in enumerate(part, start=start):
                self.meter.file(number)
                try:
                    self._file(path, known.get(path.as_posix()))
                except (ReadError, OSError) as error:
                    self.failures.append(Failure(path.as_posix(), str(error)))
                    self.read.append(FileNote(path.as_posix(), failure=str(error)))
                self.meter.show(self.passages)
        self._flush()
        self.meter.finish(self.passages)

    def _file(self, path: Path, known: FileNote | None) -> None:
        """Line up what has changed in one file."""
        hash_ = file_hash(path)
        if known is not None and known.hash == hash_ and not known.failure:
            self.unchanged += known.documents
            return
        entries = self.shelf.records.entries_of(path.as_posix()) if self.founding else []
        kept = {entry.key: entry for entry in entries}
        keys: set[str] = set()
        for document in self.reading.read(path):
            for warning in document.warnings:
                self.warnings.append(Failure(document.key, warning))
            if document.key in keys:
                doubt = "its id stands twice in the file; the first is kept"
                self.warnings.append(Failure(document.key, doubt))
                continue
            keys.add(document.key)
            self._document(document, kept.get(document.key))
            self.meter.read(len(to_bytes(document.text)))
            self.meter.show(self.passages)
        self.gone += [entry for key, entry in kept.items() if key not in keys]
        self.read.append(FileNote(path.as_posix(), hash_, len(keys)))

    def _document(self, document: Document, kept: Entry | None) -> None:
        """Line the document up unless it stands in the library as it is."""
        content = document_hash(document)
        row = kept.row if kept is not None else None
        if row is not None and row.hash == content and kept is not None and not kept.stale:
            self.unchanged += 1
            return
        if row is None:
            self.added += 1
        else:
            self.updated += 1
        max_tokens = passage_tokens(self.encoder, self.settings)
        cut = segment(document, count_tokens=self.encoder.count_tokens, max_tokens=max_tokens)
        self.waiting.append(_Waiting(document, content, cut))
        self.waiting_passages += len(cut.passages)
        if self.waiting_passages >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        """Encode and write all that waits, then note the files that are done with."""
        if self.founding is None and not self.waiting_passages:
            return  # nothing is there to found a library on: what waits goes on waiting
        waiting, self.waiting, self.waiting_passages = self.waiting, [], 0
        read, self.read = self.read, []
        gone, self.gone = self.gone, []
        passages = [passage for each in waiting for passage in each.cut.passages]
        encoding = encode_all(self.encoder, passages)
        if self.founding is None:
            self.founding = self.shelf.found(self._new_founding(passages, encoding))
            # another process may have been faster, with another model
            self.founding.check(
                self.shelf.address, fingerprint=self.encoder.fingerprint, segmenter=SEGMENTER_VERSION
            )
        self.shelf.write(list(self._encoded(waiting, encoding)), read)
        if gone:
            self.shelf.remove(gone)
        self.passages += len(passages)

    def _encoded(self, waiting: Sequence[_Waiting], encoding: Encoding) -> Iterator[NewDocument]:
        """The documents with their share of the encoding."""
        codec = self.founding.codec if self.founding else None
        start = 0
        for each in waiting:
            end = start + len(each.cut.passages)
            tokens = encoding.tokens[start:end]
            yield NewDocument(
                read=each.read,
                title=each.cut.title,
                blocks=each.cut.blocks,
                passages=each.cut.passages,
                vectors=encoding.vectors[start:end],
                states=[(codec.encode(t.states) if codec else b"", encode_layout(t)) for t in tokens],
                hash=each.hash,
                added_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            start = end

    def _new_founding(self, passages: Sequence[Passage], encoding: Encoding) -> Founding:
        """What this run would found a library on, its first passages."""
        encoder, sample = self.encoder, encode_sample(self.encoder)
        codec = None
        if any(len(each.token_ids) for each in encoding.tokens):
            codec = new_codec(encoder, sample, passages, encoding.tokens)
        identity = Identity(
            model=self.settings.model,
            fingerprint=encoder.fingerprint,
            dimensions=encoder.dimensions,
            state_dimensions=encoder.state_dimensions,
            segmenter=SEGMENTER_VERSION,
        )
        return Founding(identity, codec, sample_bytes(sample, codec))
