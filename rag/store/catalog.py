"""The catalog: one SQLite file that is the truth about a library.

Rows are written once and never changed; a document that changes gets new rows with new passage ids, and the
old ones are noted in `removals` with the generation that removed them. So a reader that remembers one
generation reads one state with any connection, and the old rows are deleted when no reader holds them.

The journal is SQLite's rollback journal with synchronous=EXTRA. WAL would let readers and the writer overlap a
little more, but SQLite before 3.51.3 can lose commits in it, a committed page may live outside the file
(a `-wal` left behind when the folder is copied), and it needs shared memory that network file systems lack.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import LibraryDamaged, LibraryError, LibraryMismatch, LibraryMissing
from rag.records import Document, Float32, Int64, Passage
from rag.store import rows
from rag.store.files import PRIVATE_FILE, make_private_folder, row_checksum
from rag.store.rows import DocumentRow

CATALOG = "catalog.sqlite"
FORMAT = 1
_BUSY_S = 60.0
_IDS_PER_QUERY = 500

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path BLOB PRIMARY KEY, stamp BLOB NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, path BLOB NOT NULL, generation INTEGER NOT NULL,
    first_passage INTEGER NOT NULL, passages INTEGER NOT NULL, info BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX documents_key ON documents (key);
CREATE INDEX documents_path ON documents (path);
CREATE INDEX documents_generation ON documents (generation);
CREATE INDEX documents_passage ON documents (first_passage);
CREATE TABLE removals (
    document INTEGER PRIMARY KEY, generation INTEGER NOT NULL, first_passage INTEGER NOT NULL,
    passages INTEGER NOT NULL, languages BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX removals_generation ON removals (generation);
CREATE TABLE bodies (document INTEGER PRIMARY KEY, text BLOB NOT NULL, blocks BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, language BLOB NOT NULL, text BLOB NOT NULL, place BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX passages_language ON passages (language);
CREATE TABLE vectors (id INTEGER PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE states (id INTEGER PRIMARY KEY, codes BLOB NOT NULL, layout BLOB NOT NULL, checksum INTEGER NOT NULL);
"""
_DOCUMENT = "id, key, path, generation, first_passage, passages, info, checksum"


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as it goes in: what was read, cut and encoded; row i of each belongs to passage i."""

    document: Document
    hash: str
    passages: tuple[Passage, ...]
    vectors: Float32
    states: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """That the passages `first_passage` and the `passages - 1` after it are gone from `generation` on."""

    document: int
    generation: int
    first_passage: int
    passages: int
    languages: dict[str, int]


class Catalog:
    """One connection to the catalog of the library in `folder`; the writer's holds the writer lock beside it.

    Raises LibraryMissing where there is no catalog, LibraryMismatch where a newer version of this package made
    it, LibraryDamaged where it is not what was written.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self.path = folder / CATALOG
        self._lock = threading.RLock()
        if create:
            make_private_folder(folder)
            self.path.touch(PRIVATE_FILE)
        elif not self.path.is_file():
            raise LibraryMissing(
                f"there is no library in {folder}; make one with `rag index PATH --index {folder}`"
            )
        with self._told():
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        try:
            self._open(create)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, create: bool) -> None:
        with self._told():
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA cache_size = -65536")
            empty = not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if empty and not create:
                raise LibraryMissing(
                    f"the library in {self.folder} is empty; fill it with `rag index PATH --index {self.folder}`"
                )
            if empty:
                self._connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}")
                self._put("format", FORMAT)
                self._put("generation", 0)
                self._put("next_passage", 1)
                self._connection.execute("COMMIT")
        if self.get("format") != FORMAT:
            raise LibraryMismatch(
                f"the library in {self.folder} has format {self.get('format')}, this program reads {FORMAT}; "
                "use the version that made it, or index into another folder"
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise LibraryError(
                f"the catalog {self.path} cannot be used: {error}; the last committed state is kept, "
                "free space or permissions and try again"
            ) from error
        except sqlite3.DatabaseError as error:
            raise LibraryDamaged(
                f"the catalog {self.path} is damaged ({error}); run `rag doctor --repair`"
            ) from error

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._told():
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        with self._lock:
            self._connection.close()

    # --- the library's own facts ---------------------------------------------------------------------------------

    def get(self, key: str) -> Any:
        """The value kept under `key`, None where there is none. Raises LibraryDamaged."""
        found = self._query("SELECT value, checksum FROM meta WHERE key = ?", (key,))
        if not found:
            return None
        value, checksum = found[0]
        if not isinstance(value, bytes) or row_checksum(rows.to_bytes(key), value) != checksum:
            raise rows.damaged(f"the entry {key!r}")
        return json.loads(value)

    def _put(self, key: str, value: object) -> None:
        data = rows.to_json(value)
        self._connection.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)",
            (key, data, row_checksum(rows.to_bytes(key), data)),
        )

    @property
    def generation(self) -> int:
        """How many commits have changed the documents."""
        return int(self.get("generation"))

    # --- writing -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or, where anything raises, nothing."""
        with self._lock, self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def put(self, key: str, value: object) -> None:
        """Keep a JSON value under `key`."""
        with self._lock, self._told():
            self._put(key, value)

    def replace(self, new: NewDocument, *, added_at: str) -> DocumentRow:
        """Write the document and its passages, in place of the one with the same key. One commit of its own.

        Raises whatever stopped it, with the library as it was.
        """
        with self.transaction():
            generation = self.generation + 1
            old = self.document_at(new.document.key, generation)
            if old is not None:
                self._note_removal(old, generation)
            row = self._insert(new, generation, added_at)
            self._put("generation", generation)
        return row

    def remove(self, document: DocumentRow) -> None:
        """Take one document and its passages out. One commit of its own."""
        with self.transaction():
            generation = self.generation + 1
            self._note_removal(document, generation)
            self._put("generation", generation)

    def _note_removal(self, row: DocumentRow, generation: int) -> None:
        head = (row.id, generation, row.first_passage, row.passages, rows.to_json(row.languages))
        self._connection.execute(
            "INSERT INTO removals VALUES (?, ?, ?, ?, ?, ?)", (*head, row_checksum(*head))
        )

    def _insert(self, new: NewDocument, generation: int, added_at: str) -> DocumentRow:
        document = new.document
        first = int(self.get("next_passage"))
        sequence = self._query("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
        row = DocumentRow(
            id=(sequence[0][0] if sequence else 0) + 1,
            key=document.key,
            path=document.path,
            generation=generation,
            first_passage=first,
            passages=len(new.passages),
            title=document.title,
            record=document.id,
            encoding=document.encoding,
            warnings=document.warnings,
            languages=rows.languages_of(new.passages),
            characters=len(document.text),
            added_at=added_at,
            hash=new.hash,
        )
        execute = self._connection.executemany
        execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row.columns()])
        execute(
            "INSERT INTO bodies VALUES (?, ?, ?, ?)",
            [rows.body_columns(row.id, document.text, document.blocks)],
        )
        ids = row.passage_ids
        pairs = zip(ids, new.passages, strict=True)
        execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", (rows.passage_columns(i, p) for i, p in pairs))
        vectors = zip(ids, new.vectors, strict=True)
        execute("INSERT INTO vectors VALUES (?, ?, ?)", (rows.vector_columns(i, v) for i, v in vectors))
        states = zip(ids, new.states, strict=True)
        execute("INSERT INTO states VALUES (?, ?, ?, ?)", (rows.states_columns(i, *s) for i, s in states))
        self._put("next_passage", first + len(new.passages))
        return row

    def sweep(self, generation: int, *, noted_until: int) -> None:
        """Delete the rows of what was removed up to `generation`, and the notes of it up to `noted_until`."""
        gone = self.removals(0, generation)
        with self.transaction():
            for removal in gone:
                last = removal.first_passage + removal.passages - 1
                for table in ("passages", "vectors", "states"):
                    self._connection.execute(
                        f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", (removal.first_passage, last)
                    )
                self._connection.execute("DELETE FROM documents WHERE id = ?", (removal.document,))
                self._connection.execute("DELETE FROM bodies WHERE document = ?", (removal.document,))
            self._connection.execute(
                "DELETE FROM removals WHERE generation <= ?", (min(generation, noted_until),)
            )

    # --- documents -----------------------------------------------------------------------------------------------

    def documents_at(self, generation: int) -> list[DocumentRow]:
        """The documents of that generation, ordered by key."""
        return self._documents("", (), generation)

    def document_at(self, key: str, generation: int) -> DocumentRow | None:
        """The document with that key in that generation, None where there is none."""
        found = self._documents("AND key = ?", (rows.to_bytes(key),), generation)
        return found[0] if found else None

    def documents_of(self, path: str, generation: int) -> list[DocumentRow]:
        """The documents of one file in that generation, ordered by key."""
        return self._documents("AND path = ?", (rows.to_bytes(path),), generation)

    def _documents(
        self, condition: str, parameters: tuple[object, ...], generation: int
    ) -> list[DocumentRow]:
        sql = (
            f"SELECT {_DOCUMENT} FROM documents d WHERE generation <= ? {condition} AND NOT EXISTS "
            "(SELECT 1 FROM removals r WHERE r.document = d.id AND r.generation <= ?) ORDER BY key, id"
        )
        return [
            DocumentRow.from_columns(row) for row in self._query(sql, (generation, *parameters, generation))
        ]

    def added_between(self, after: int, until: int) -> list[DocumentRow]:
        """The documents written in the generations after `after` up to `until`, removed since or not, by id."""
        found = self._query(
            f"SELECT {_DOCUMENT} FROM documents WHERE generation > ? AND generation <= ? ORDER BY id",
            (after, until),
        )
        return [DocumentRow.from_columns(row) for row in found]

    def removals(self, after: int, until: int) -> list[Removal]:
        """What was removed in the generations after `after` up to `until`, by document id."""
        found = self._query(
            "SELECT * FROM removals WHERE generation > ? AND generation <= ? ORDER BY document",
            (after, until),
        )
        for *parts, checksum in found:
            if row_checksum(*parts) != checksum:
                raise rows.damaged(f"the note that document {parts[0]} was removed")
        return [Removal(*row[:4], json.loads(row[4])) for row in found]

    def body(self, document: DocumentRow) -> Document:
        """The document with its text. Raises LibraryDamaged."""
        found = self._query("SELECT * FROM bodies WHERE document = ?", (document.id,))
        if not found:
            raise rows.damaged(f"the text of {document.key}")
        text, blocks = rows.body_from_columns(found[0])
        return Document(
            path=document.path,
            title=document.title,
            text=text,
            blocks=blocks,
            id=document.record,
            encoding=document.encoding,
            warnings=document.warnings,
        )

    def _document_of_passage(self, passage: int) -> DocumentRow:
        found = self._query(
            f"SELECT {_DOCUMENT} FROM documents WHERE first_passage <= ? AND passages > 0 ORDER BY first_passage DESC, id LIMIT 1",
            (passage,),
        )
        row = DocumentRow.from_columns(found[0]) if found else None
        if row is None or passage not in row.passage_ids:
            raise rows.damaged(f"the document of passage {passage}")
        return row

    # --- passages ------------------------------------------------------------------------------------------------

    def passages(self, ids: Int64) -> list[Passage]:
        """The passages with these ids, in that order. Raises LibraryDamaged where one is missing or changed."""
        return [passage for _, passage in self.passages_with_document(ids)]

    def passages_with_document(self, ids: Int64) -> list[tuple[int, Passage]]:
        """The same, each with the first passage id of its document."""
        document: DocumentRow | None = None
        result = []
        for row in self._rows("passages", ids):
            if document is None or row[0] not in document.passage_ids:
                document = self._document_of_passage(row[0])
            result.append((document.first_passage, rows.passage_from_columns(row, document)))
        return result

    def vectors(self, ids: Int64, dimensions: int) -> Float32:
        """The vectors (n, dimensions) of these passages, unit rows, in that order. Raises LibraryDamaged."""
        return rows.vectors_from_columns(self._rows("vectors", ids), dimensions)

    def states(self, ids: Int64) -> list[tuple[bytes, bytes]]:
        """Codes and layout of these passages' token states, in that order. Raises LibraryDamaged."""
        return [rows.states_from_columns(row) for row in self._rows("states", ids)]

    def passage_ids(self, language: str, after: int, until: int) -> Int64:
        """The ids in (after, until] of that language's passages, removed ones included, ascending."""
        found = self._query(
            "SELECT id FROM passages WHERE language = ? AND id > ? AND id <= ? ORDER BY id",
            (rows.to_bytes(language), after, until),
        )
        return np.array([row[0] for row in found], np.int64)

    def _rows(self, table: str, ids: Int64) -> list[tuple[Any, ...]]:
        """The rows of `table` with these ids, in that order."""
        wanted = [int(id_) for id_ in ids]
        found: dict[int, tuple[Any, ...]] = {}
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            part = wanted[start : start + _IDS_PER_QUERY]
            marks = ",".join("?" * len(part))
            found.update(
                (row[0], row) for row in self._query(f"SELECT * FROM {table} WHERE id IN ({marks})", part)
            )
        missing = next((id_ for id_ in wanted if id_ not in found), None)
        if missing is not None:
            raise rows.damaged(f"passage {missing} (table {table})")
        return [found[id_] for id_ in wanted]

    # --- files ---------------------------------------------------------------------------------------------------

    def file_stamps(self) -> dict[str, list[Any]]:
        """What is remembered of each file that was read, by path."""
        stamps = {}
        for path, stamp, checksum in self._query("SELECT * FROM files"):
            if row_checksum(path, stamp) != checksum:
                raise rows.damaged(f"the entry of file {rows.to_text(path)}")
            stamps[rows.to_text(path)] = json.loads(stamp)
        return stamps

    def put_file(self, path: str, stamp: list[Any]) -> None:
        """Remember how a file looked when all its documents were written."""
        head = (rows.to_bytes(path), rows.to_json(stamp))
        with self._lock, self._told():
            self._connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (*head, row_checksum(*head))
            )

    def drop_file(self, path: str) -> None:
        """Forget a file."""
        with self._lock, self._told():
            self._connection.execute("DELETE FROM files WHERE path = ?", (rows.to_bytes(path),))
