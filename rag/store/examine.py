"""What is wrong with a library's files: every row against its checksum, every part against the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from rag.errors import LibraryDamaged, LibraryError
from rag.records import Int64
from rag.store import publish, rows
from rag.store.catalog import Catalog, stamp_from_columns
from rag.store.clusters import LEAST_RECALL, Measured
from rag.store.database import SCHEMA
from rag.store.identity import Identity
from rag.store.publish import Published
from rag.store.rows import DocumentRow, FailedFile, Removal, Row, is_sound

_SHOWN = 20  # damaged rows named one by one
_TABLES_AND_INDEXES = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
_FACTS = ("format", "generation", "next_passage")


@dataclass(slots=True)
class Report:
    """What was found, a line each; empty where the library is sound."""

    catalog: list[str] = field(default_factory=list)  # damage to the truth
    derived: dict[str, list[str]] = field(default_factory=dict)  # damage to what is made from it, by language
    behind: int = 0  # commits that readers do not see yet
    leftovers: list[str] = field(default_factory=list)  # files that nobody needs
    measured: dict[str, Measured] = field(default_factory=dict)  # of languages in clusters

    @property
    def short_of_recall(self) -> list[str]:
        """The languages whose clusters miss too much of what exact search finds."""
        return [language for language, found in self.measured.items() if found.recall < LEAST_RECALL]


def examine(catalog: Catalog) -> Report:
    """Everything that can be checked about a library. Hold the writer lock: nothing may move meanwhile."""
    report = Report(catalog=list(catalog_damage(catalog)))
    try:
        published = Published.read(catalog)
        report.behind = catalog.generation - published.generation
        report.leftovers = publish.leftovers(catalog.folder, published)
        for language, shelf in sorted(published.shelves.items()):
            if shelf.measured is not None:
                report.measured[language] = shelf.measured
            damage = list(_derived_damage(catalog, published, language))
            if damage:
                report.derived[language] = damage
    except LibraryError as error:
        if not report.catalog:
            report.catalog.append(_plain(error))
    return report


def _plain(error: LibraryError) -> str:
    """What is wrong, without the remedy, which the doctor names once."""
    return str(error).split("; run `rag doctor")[0]


# --- the catalog --------------------------------------------------------------------------------------------


def catalog_damage(catalog: Catalog) -> Iterator[str]:
    """One line for each thing in the catalog that is not as it was written."""
    for check in (_structure, _facts, _small_tables, _passages):
        try:
            yield from check(catalog)
        except LibraryDamaged as error:
            yield _plain(error)


def _structure(catalog: Catalog) -> Iterator[str]:
    """SQLite's own check of pages, trees and indexes."""
    for (line,) in catalog.query(f"PRAGMA integrity_check({_SHOWN})"):
        if line != "ok":
            yield f"the catalog's structure is damaged: {' '.join(line.split())}"
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(SCHEMA)
        if catalog.query(_TABLES_AND_INDEXES) != fresh.execute(_TABLES_AND_INDEXES).fetchall():
            yield "the catalog's tables and indexes are not those of a library"


def _facts(catalog: Catalog) -> Iterator[str]:
    """Both copies of every fact about the library itself."""
    copies: dict[bytes, list[bytes]] = {}
    for row in catalog.query("SELECT * FROM meta"):
        copies.setdefault(row[0], [])
        if is_sound("meta", row):
            copies[row[0]].append(row[2])
    needed = {rows.to_bytes(key) for key in (*_FACTS, *_facts_of_passages(catalog))}
    for key in sorted(needed | set(copies)):
        values = copies.get(key, [])
        if len(values) != 2 or values[0] != values[1]:
            yield f"the entry {key!r} of the catalog has lost {'a copy' if values else 'both copies'}"


def _facts_of_passages(catalog: Catalog) -> tuple[str, ...]:
    """What a library with passages needs; without token states it has no codec for them."""
    if not catalog.last_passage:
        return ()
    identity = Identity.read(catalog)
    stateless = identity is not None and not identity.state_dimensions
    return ("identity", "reference") if stateless else ("identity", "codec", "reference")


def _small_tables(catalog: Catalog) -> Iterator[str]:
    """Every row of files, failures, documents and removals."""
    yield from _damaged(catalog.query("SELECT * FROM files"), stamp_from_columns)
    yield from _damaged(catalog.query("SELECT * FROM failures"), FailedFile.from_columns)
    yield from _damaged(catalog.query("SELECT * FROM documents ORDER BY id"), DocumentRow.from_columns)
    yield from _damaged(catalog.query("SELECT * FROM removals ORDER BY document"), Removal.from_columns)


def _damaged(found: Sequence[Row], parse: Callable[[Row], object]) -> Iterator[str]:
    for row in found:
        try:
            parse(row)
        except LibraryDamaged as error:
            yield _plain(error)


def _passages(catalog: Catalog) -> Iterator[str]:
    """Every row that belongs to a document, and that none is missing or left over."""
    documents = [row for row in catalog.query("SELECT * FROM documents") if is_sound("documents", row)]
    removals = [row for row in catalog.query("SELECT * FROM removals") if is_sound("removals", row)]
    newest = max([row[3] for row in documents] + [row[1] for row in removals], default=0)
    if newest > catalog.generation:
        yield "the catalog's generation is behind its documents"
    ids = [np.arange(first, first + count) for _, _, _, _, first, count, _, _ in documents]
    passages = np.concatenate(ids).astype(np.int64) if ids else np.empty(0, np.int64)
    if passages.max(initial=0) > catalog.last_passage:
        yield "the catalog would give a passage id twice"
    for table in ("passages", "vectors", "states"):
        yield from _table_damage(catalog, table, passages)
    yield from _table_damage(catalog, "bodies", np.array([row[0] for row in documents], np.int64))


def _table_damage(catalog: Catalog, table: str, expected: Int64) -> Iterator[str]:
    """Rows of the table that are changed, missing or of no document."""
    found, wrong = [], 0
    for row in catalog.scan(table):
        found.append(row[0])
        if not is_sound(table, row):
            wrong += 1
            if wrong <= _SHOWN:
                yield f"row {row[0]} of the table {table} is damaged"
    if wrong > _SHOWN:
        yield f"{wrong} rows of the table {table} are damaged"
    ids = np.array(found, np.int64)
    for what, odd in (("missing", np.setdiff1d(expected, ids)), ("too many", np.setdiff1d(ids, expected))):
        if odd.size:
            yield f"{odd.size} rows of the table {table} are {what}, from {odd[0]} on"


# --- what is derived from it --------------------------------------------------------------------------------


def _derived_damage(catalog: Catalog, published: Published, language: str) -> Iterator[str]:
    """Whether the files of one language are what was written and hold what the catalog holds."""
    live = publish.live_ids(catalog, published, language)
    if live.size != published.shelves[language].passages:
        yield f"the number of {language} passages is {live.size}, not what was published"
    try:
        vectors = publish.open_vectors(catalog, published, language)
        if not np.array_equal(vectors.ids, live):
            yield f"the vectors of {language} are not those of its passages"
    except LibraryDamaged as error:
        yield _plain(error)
    try:
        terms = publish.open_lexical(catalog, published, language)
        if terms.passages != live.size:
            yield f"the terms of {language} are those of {terms.passages} passages, not of {live.size}"
    except LibraryDamaged as error:
        yield _plain(error)
