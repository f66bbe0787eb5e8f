"""One connection to the catalog's SQLite file: short queries, whole transactions, our errors, checked facts.

The journal is SQLite's rollback journal with synchronous=EXTRA. WAL would let readers and the writer overlap
a little more, but SQLite before 3.51.3 can lose commits in it, what was committed may live outside the file
(in a `-wal` left behind when the folder is copied), and it needs shared memory, which network file systems
lack. Readers hold SQLite's lock for one query only; what keeps their state is in `catalog`.

Readers open the file read-only. A catalog made again takes the old one's place by a rename, and whoever has
the old file open then finds the new one's journal beside it: SQLite would play that into the old file and
delete it under the writer. Read-only it refuses, and the query waits until the journal is gone or proves a
dead writer's.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from rag.errors import LibraryDamaged, LibraryError, LibraryLocked, LibraryMismatch, LibraryMissing
from rag.store.files import PRIVATE_FILE, make_private_folder
from rag.store.lock import writer_lock
from rag.store.pages import PAGE_BYTES
from rag.store.rows import Row, damaged, is_sound, sealed, to_bytes, to_json, to_text

CATALOG = "catalog.sqlite"
FORMAT = 2
_BUSY_S = 60.0  # a commit takes milliseconds; a 10 MB document some seconds
_LOOK_AGAIN_S = 0.01
_CACHE_KIB = 16_384
_FREE_PAGES = 4096  # 16 MB: below that nobody misses the space
_FREE_SHARE = 1 / 3  # then the copy costs less than what was removed had cost

_Read = TypeVar("_Read")
Json: TypeAlias = Any  # dict, list, str, int, float, bool or None

SCHEMA = """
CREATE TABLE meta (
    key BLOB NOT NULL, copy INTEGER NOT NULL, value BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (key, copy));
CREATE TABLE files (path BLOB PRIMARY KEY, stamp BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE failures (
    path BLOB PRIMARY KEY, stamp BLOB NOT NULL, reason BLOB NOT NULL, checksum INTEGER NOT NULL);
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
CREATE TABLE bodies (
    document INTEGER PRIMARY KEY, text BLOB NOT NULL, found BLOB NOT NULL, stated BLOB NOT NULL,
    checksum INTEGER NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, language BLOB NOT NULL, text BLOB NOT NULL, place BLOB NOT NULL,
    checksum INTEGER NOT NULL);
CREATE INDEX passages_language ON passages (language);
CREATE TABLE vectors (id INTEGER PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE states (
    id INTEGER PRIMARY KEY, codes BLOB NOT NULL, layout BLOB NOT NULL, checksum INTEGER NOT NULL);
"""


class Database:
    """The SQLite file at `path`, usable from several threads, one query at a time.

    Raises LibraryMissing where there is none and `create` is false, LibraryMismatch where a newer version of
    this package made it, LibraryDamaged where it is not what was written, LibraryError where the disk fails.
    """

    def __init__(self, path: Path, *, create: bool = False, writable: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        if create:
            make_private_folder(path.parent)
        with self.told():
            if create:
                path.touch(PRIVATE_FILE)
            elif not path.is_file():
                raise LibraryMissing(
                    f"there is no library in {path.parent}; make one with "
                    f"`rag index PATH --index {path.parent}`"
                )
            self._connection = sqlite3.connect(
                path if writable else path.resolve().as_uri() + "?mode=ro",
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
                uri=not writable,
            )
        try:
            self._set_up(create=create)
        except BaseException:
            self._connection.close()
            raise

    def _set_up(self, *, create: bool) -> None:
        self._settled(self._configure)
        if not self.query("SELECT count(*) FROM sqlite_master")[0][0]:
            if not create:
                raise LibraryMissing(
                    f"the library in {self.path.parent} is empty; fill it with "
                    f"`rag index PATH --index {self.path.parent}`"
                )
            with self.transaction():
                for statement in SCHEMA.split(";"):
                    self._connection.execute(statement)
                for key, value in (("format", FORMAT), ("generation", 0), ("next_passage", 1)):
                    self.put(key, value)
        found = self.get("format")
        if found is None:
            raise damaged("the entry 'format'")
        if found != FORMAT:
            raise LibraryMismatch(
                f"the library in {self.path.parent} has format {found}, this program reads "
                f"{FORMAT}; use the version that made it, or index into another folder"
            )

    def _configure(self) -> None:
        self._connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self._connection.execute("PRAGMA synchronous = EXTRA")
        self._connection.execute("PRAGMA secure_delete = ON")  # what is removed is gone; see also `pages`
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute("PRAGMA cell_size_check = ON")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn the errors of SQLite and of the disk into ours, one line each."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error
        except OSError as error:
            raise LibraryError(
                f"cannot use the catalog {self.path}: {error.strerror or error}; what was committed is kept, "
                "make the folder readable and writable or choose another with --index"
            ) from error

    def _error(self, error: sqlite3.Error) -> LibraryError:
        reason = _REFUSALS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if reason is not None:
            return LibraryError(f"the catalog {self.path} {reason} ({error}); what was committed is kept")
        return LibraryDamaged(f"the catalog {self.path} is damaged ({error}); run `rag doctor --repair`")

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        return self._settled(lambda: self._connection.execute(sql, parameters).fetchall())

    def copy_to(self, target: Path) -> None:
        """Write the database as it is between two commits into the file `target`."""
        with self.told(), closing(sqlite3.connect(target)) as writing:
            self._settled(lambda: self._connection.backup(writing))

    def _settled(self, read: Callable[[], _Read]) -> _Read:
        """What `read` gives, once no journal lies beside the file that a read-only connection cannot use."""
        until = time.monotonic() + _BUSY_S
        while True:
            try:
                with self._lock, self.told():
                    return read()
            except LibraryError as error:
                code = getattr(error.__cause__, "sqlite_errorcode", 0)
                if code != sqlite3.SQLITE_READONLY_ROLLBACK or time.monotonic() > until:
                    raise
            self._roll_back()

    def _roll_back(self) -> None:
        """Undo what a killed writer left half-done; a living writer's journal is its own, and soon gone."""
        try:
            with writer_lock(self.path.parent, wait_s=0):
                Database(self.path).close()
        except LibraryLocked:
            time.sleep(_LOOK_AGAIN_S)

    def write(self, sql: str, records: Iterable[Sequence[object]]) -> None:
        """Run the statement for all of the records or none; one commit of its own outside a `transaction`."""
        with self._lock, self.told():
            if self._connection.in_transaction:
                self._connection.executemany(sql, records)
                return
            with self.transaction():
                self._connection.executemany(sql, records)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or, where anything raises, nothing."""
        with self._lock, self.told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def compact(self) -> bool:
        """Whether the file was made smaller, because much of it is free pages after many removals.

        SQLite's VACUUM is a transaction: killed at any moment, the file is what it was or the smaller one. It
        keeps the file and every row's id, so readers go on; a query waits while pages are copied back. Raises
        LibraryError, with the file as it was, where the disk has no room for it.
        """
        [(free,)] = self.query("PRAGMA freelist_count")
        [(pages,)] = self.query("PRAGMA page_count")
        if free < max(_FREE_PAGES, _FREE_SHARE * pages):
            return False
        with self._lock, self.told():
            self._connection.execute("VACUUM")
        return True

    def get(self, key: str) -> Json:
        """The JSON value kept under `key`, None where there is none. Raises LibraryDamaged."""
        data = self.get_bytes(key)
        return None if data is None else json.loads(to_text(data))

    def put(self, key: str, value: Json) -> None:
        """Keep a JSON value under `key`."""
        self.put_bytes(key, to_json(value))

    def get_bytes(self, key: str) -> bytes | None:
        """The bytes kept under `key`, None where there are none. Raises LibraryDamaged.

        They are kept twice, because a library without its codec or identity needs its model to be mended.
        """
        found = self.query("SELECT * FROM meta WHERE key = ? ORDER BY copy", (to_bytes(key),))
        values: list[bytes] = [row[2] for row in found if is_sound("meta", row)]
        if found and not values:
            raise damaged(f"the entry {key!r}")
        return values[0] if values else None

    def put_bytes(self, key: str, value: bytes) -> None:
        """Keep the bytes under `key`."""
        copies = [sealed("meta", to_bytes(key), copy, value) for copy in (0, 1)]
        self.write("INSERT OR REPLACE INTO meta VALUES (?, ?, ?, ?)", copies)

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        with self._lock:
            self._connection.close()


_REFUSALS = {  # by SQLite's primary result code
    sqlite3.SQLITE_PERM: "may not be used: no permission",
    sqlite3.SQLITE_BUSY: "is busy for too long; wait for the other program and try again",
    sqlite3.SQLITE_LOCKED: "is busy for too long; wait for the other program and try again",
    sqlite3.SQLITE_READONLY: "cannot be written; make the folder and its files writable",
    sqlite3.SQLITE_IOERR: "met a disk that fails; check the disk, then run `rag doctor`",
    sqlite3.SQLITE_FULL: "found the disk full; free some space and try again",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; make the folder readable and writable",
    sqlite3.SQLITE_NOLFS: "is too large for this file system; move the library to another",
    sqlite3.SQLITE_TOOBIG: "cannot hold a document of this size; split the document",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is",
    sqlite3.SQLITE_INTERRUPT: "was interrupted",
}
