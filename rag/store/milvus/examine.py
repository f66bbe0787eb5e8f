"""Is a library on a server whole? Every entry against the passages that are there, and the repair."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.records import Finding
from rag.store.milvus.connection import missing
from rag.store.milvus.founding import Founding
from rag.store.milvus.rows import Entry
from rag.store.milvus.schema import SLOW_WORDS, describe, founding_of
from rag.store.milvus.shelf import Shelf

_YOUNG_S = 900.0  # a document that began to come in later than so may still be coming


@dataclass(slots=True)
class _Report:
    documents: int = 0
    passages: int = 0
    writing: int = 0  # documents that may be on their way in now
    unfinished: list[Entry] = field(default_factory=list)
    incomplete: list[Entry] = field(default_factory=list)  # some of whose passages are missing
    orphans: list[int] = field(default_factory=list)  # passages of no document
    foundings: list[str] = field(default_factory=list)  # ids of records that nothing refers to

    @property
    def is_whole(self) -> bool:
        return not (self.unfinished or self.incomplete or self.orphans or self.foundings)


def examine(shelf: Shelf, *, repair: bool) -> tuple[Finding, ...]:
    """What is wrong with the library at a connection, and how to mend it; with `repair`, mended.

    Reads the ids of all passages. Documents that began to come in during the last quarter of an hour are left
    alone. Raises LibraryMissing, LibraryUnreachable, LibraryError.
    """
    founding = shelf.founding()
    if founding is None:
        raise missing(shelf.address)
    report = _look(shelf)
    mended = []
    if repair and not report.is_whole:
        mended = [Finding("ok", f"mended: {finding.what}") for finding in _troubles(report, shelf)]
        shelf.drop_passages(report.orphans)
        shelf.finish(report.unfinished)
        shelf.forget_content(report.incomplete)
        shelf.records.drop(report.foundings)
    left = [] if repair else list(_troubles(report, shelf))
    again = [_again(entry) for entry in report.incomplete] if repair else []
    return (*mended, *left, *again, *_facts(report, shelf, founding))


def _look(shelf: Shelf) -> _Report:
    report = _Report()
    entries = {entry.name: entry for entry in shelf.records.entries_below("")}
    there: dict[str, int] = {}
    coming = {
        entry.name: [range(first, first + count) for first, count in entry.stale]
        for entry in entries.values()
        if entry.stale
    }
    for row in shelf.connection.rows(shelf.address.collection, "id >= 0", ["id", "document"]):
        name, id_ = str(row["document"]), int(row["id"])
        entry = entries.get(name)
        if entry is not None and entry.row is not None and id_ in entry.row.passage_ids:
            there[name] = there.get(name, 0) + 1
        elif not any(id_ in ids for ids in coming.get(name, [])):
            report.orphans.append(id_)
    for name, entry in entries.items():
        if entry.row is not None:
            report.documents += 1
            report.passages += there.get(name, 0)
            if there.get(name, 0) < entry.row.passages:
                report.incomplete.append(entry)
        if entry.stale and time.time() - entry.since < _YOUNG_S:
            report.writing += 1
        elif entry.stale or entry.row is None:
            report.unfinished.append(entry)
    current = f"founding/{founding_of(describe(shelf.connection), shelf.address)}"
    ids = [str(row["id"]) for row in shelf.records.scan("founding")]
    report.foundings = [id_ for id_ in ids if id_ != current and not id_.startswith(f"{current}/")]
    return report


def _troubles(report: _Report, shelf: Shelf) -> Iterator[Finding]:
    remedy = f"rag doctor --repair --store {shelf.address.shown}"
    for entry in report.incomplete:
        yield Finding("error", f"passages of {entry.key} are missing", remedy)
    if report.orphans:
        yield Finding("error", f"{len(report.orphans)} passages belong to no document", remedy)
    if report.unfinished:
        yield Finding("warning", f"the writing of {len(report.unfinished)} documents was cut off", remedy)
    if report.foundings:
        yield Finding("warning", "another process began to make this library at the same time", remedy)


def _again(entry: Entry) -> Finding:
    return Finding("error", f"passages of {entry.key} are missing", f"rag index {entry.path}")


def _facts(report: _Report, shelf: Shelf, founding: Founding) -> Iterator[Finding]:
    if report.writing:
        yield Finding("ok", f"{report.writing} documents are being written now, or were cut off just now")
    if not shelf.server.sparse:
        yield Finding("warning", f"{shelf.server.version}: {SLOW_WORDS}", "run Milvus 2.4 or newer")
    if report.is_whole:
        yield Finding("ok", f"{report.documents} documents, {report.passages} passages: none is missing")
    model, version = founding.identity.model, shelf.server.version
    yield Finding("ok", f"{shelf.address.shown} runs {version}; the model is {model}")
