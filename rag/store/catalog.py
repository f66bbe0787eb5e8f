"""The catalog of a library: what its documents, passages, vectors and token states are.

Rows are written once and never changed. A document that changes gets new rows with new passage ids, and what
was there is noted in `removals` with the generation that removed it. So a reader that remembers one
generation reads one state, whatever is committed meanwhile; old rows are swept when no reader holds them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from rag.records import Block, Document, Float32, Int64, Passage
from rag.store import rows
from rag.store.database import CATALOG, Database
from rag.store.rows import Body, DocumentRow, FailedFile, Removal, Row

_IDS_PER_QUERY = 500
_SCAN = 200  # rows of token states are large
_DOCUMENT = "id, key, path, generation, first_passage, passages, info, checksum"

StoredStates: TypeAlias = tuple[bytes, bytes]  # codes and layout of one passage's tokens: see `states`


@dataclass(frozen=True, slots=True)
class FileStamp:
    """How a file looked when its documents were written, and when that was."""

    looks: tuple[int, int, int, int]  # size, mtime and ctime in ns, inode
    seen_ns: int
    hash: str  # of its bytes


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as it goes in: read, cut and encoded; passage i, vector i and states i belong together."""

    read: Document  # as the reader saw it
    title: str  # title and blocks as the segmenter found them
    blocks: tuple[Block, ...]
    passages: tuple[Passage, ...]
    vectors: Float32
    states: Sequence[StoredStates]
    hash: str
    added_at: str  # ISO 8601, UTC


class Catalog(Database):
    """The catalog of the library in `folder`. Hold the writer lock, or open it not `writable`.

    Raises what `Database` raises; all reading raises LibraryDamaged where a row is not what was written.
    """

    def __init__(self, folder: Path, *, create: bool = False, writable: bool = True) -> None:
        self.folder = folder
        super().__init__(folder / CATALOG, create=create, writable=writable)

    @property
    def generation(self) -> int:
        """The number of commits that changed documents."""
        return int(self.get("generation"))

    @property
    def last_passage(self) -> int:
        """The highest passage id that was ever given, 0 in a new library."""
        return int(self.get("next_passage")) - 1

    # --- writing --------------------------------------------------------------------------------------------

    def replace(self, new: NewDocument) -> DocumentRow:
        """Write the document and its passages, in place of one with the same key, in one commit.

        Raises whatever stopped it, with the library as it was.
        """
        with self.transaction():
            generation = self.generation + 1
            old = self.document_at(new.read.key, generation)
            if old is not None:
                self._note_removal(old, generation)
            row = self._document_row(new, generation)
            self._insert(new, row)
            self.put("generation", generation)
        return row

    def remove(self, document: DocumentRow) -> None:
        """Take one document and its passages out, in one commit."""
        with self.transaction():
            generation = self.generation + 1
            self._note_removal(document, generation)
            self.put("generation", generation)

    def move(self, documents: Sequence[DocumentRow], path: str, stamp: FileStamp) -> None:
        """Give all documents of one file another path, in one commit; they keep their passages.

        Each gets a new row and text; the note that the old row ends names no passage, so that none is removed
        from any index.
        """
        with self.transaction():
            generation = self.generation + 1
            for old in documents:
                body = self.body(old)
                read = replace(body.read, path=path)
                new = replace(old, id=self._next_document(), key=read.key, path=path, generation=generation)
                note = Removal(old.id, generation, old.first_passage, 0, {})
                self.write("INSERT INTO removals VALUES (?, ?, ?, ?, ?, ?)", [note.columns()])
                self._insert_document(new, Body(read, body.blocks))
                self.drop_file(old.path)
            self.put_file(path, stamp)
            self.put("generation", generation)

    def _note_removal(self, row: DocumentRow, generation: int) -> None:
        removal = Removal(row.id, generation, row.first_passage, row.passages, row.languages)
        self.write("INSERT INTO removals VALUES (?, ?, ?, ?, ?, ?)", [removal.columns()])

    def _document_row(self, new: NewDocument, generation: int) -> DocumentRow:
        document = new.read
        return DocumentRow(
            id=self._next_document(),
            key=document.key,
            path=document.path,
            generation=generation,
            first_passage=self.last_passage + 1,
            passages=len(new.passages),
            title=new.title,
            record=document.id,
            encoding=document.encoding,
            date=document.date,
            warnings=document.warnings,
            languages=rows.languages_of(new.passages),
            characters=len(document.text),
            added_at=new.added_at,
            hash=new.hash,
        )

    def _next_document(self) -> int:
        last = self.query("SELECT seq FROM sqlite_sequence WHERE name = 'documents'")
        return int(last[0][0]) + 1 if last else 1

    def _insert_document(self, row: DocumentRow, body: Body) -> None:
        self.write("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row.columns()])
        self.write("INSERT INTO bodies VALUES (?, ?, ?, ?, ?)", [body.columns(row.id)])

    def _insert(self, new: NewDocument, row: DocumentRow) -> None:
        self._insert_document(row, Body(new.read, new.blocks))
        for id_, passage, vector, states in zip(
            row.passage_ids, new.passages, new.vectors, new.states, strict=True
        ):
            self.write("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", [rows.passage_columns(id_, passage)])
            self.write("INSERT INTO vectors VALUES (?, ?, ?)", [rows.vector_columns(id_, vector)])
            self.write("INSERT INTO states VALUES (?, ?, ?, ?)", [rows.states_columns(id_, *states)])
        self.put("next_passage", row.first_passage + row.passages)

    def sweep(self, generation: int, *, noted_until: int) -> None:
        """Delete the rows of what was removed up to `generation`, and the notes of it up to `noted_until`."""
        gone = self.removals(0, generation)
        ranges = [(removal.first_passage, removal.first_passage + removal.passages - 1) for removal in gone]
        documents = [(removal.document,) for removal in gone]
        with self.transaction():
            for table in ("passages", "vectors", "states"):
                self.write(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", ranges)
            self.write("DELETE FROM documents WHERE id = ?", documents)
            self.write("DELETE FROM bodies WHERE document = ?", documents)
            self.write("DELETE FROM removals WHERE generation <= ?", [(min(generation, noted_until),)])

    # --- documents ------------------------------------------------------------------------------------------

    def documents_at(self, generation: int) -> list[DocumentRow]:
        """The documents of that generation, ordered by the bytes of their keys."""
        return self._documents("", (), generation)

    def document_at(self, key: str, generation: int) -> DocumentRow | None:
        """The document with that key in that generation, None where there is none."""
        found = self._documents("AND key = ?", (rows.to_bytes(key),), generation)
        return found[0] if found else None

    def documents_of(self, path: str, generation: int) -> list[DocumentRow]:
        """The documents of one file in that generation, ordered like `documents_at`."""
        return self._documents("AND path = ?", (rows.to_bytes(path),), generation)

    def paths(self) -> Counter[str]:
        """The number of documents in each file, by path, as it is now. What is shown is read elsewhere."""
        found = self.query(
            "SELECT path, count(*) FROM documents d WHERE NOT EXISTS "
            "(SELECT 1 FROM removals r WHERE r.document = d.id) GROUP BY path ORDER BY path"
        )
        return Counter({rows.to_text(path): count for path, count in found})

    def _documents(self, condition: str, values: tuple[object, ...], generation: int) -> list[DocumentRow]:
        sql = (
            f"SELECT {_DOCUMENT} FROM documents d WHERE generation <= ? {condition} AND NOT EXISTS "
            "(SELECT 1 FROM removals r WHERE r.document = d.id AND r.generation <= ?) ORDER BY key, id"
        )
        return [DocumentRow.from_columns(row) for row in self.query(sql, (generation, *values, generation))]

    def added_between(self, after: int, until: int) -> list[DocumentRow]:
        """The documents written in the generations (after, until], removed since or not, by id."""
        sql = f"SELECT {_DOCUMENT} FROM documents WHERE generation > ? AND generation <= ? ORDER BY id"
        return [DocumentRow.from_columns(row) for row in self.query(sql, (after, until))]

    def removals(self, after: int, until: int) -> list[Removal]:
        """What was removed in the generations (after, until], by document id."""
        sql = "SELECT * FROM removals WHERE generation > ? AND generation <= ? ORDER BY document"
        return [Removal.from_columns(row) for row in self.query(sql, (after, until))]

    def document(self, row: DocumentRow) -> Document:
        """The document with title and blocks as the segmenter found them."""
        body = self.body(row)
        return replace(body.read, title=row.title, blocks=body.blocks)

    def body(self, row: DocumentRow) -> Body:
        """The document as the reader saw it, and its blocks."""
        found = self.query("SELECT * FROM bodies WHERE document = ?", (row.id,))
        if not found:
            raise rows.damaged(f"the text of {row.key}")
        return Body.from_columns(found[0])

    def _document_of_passage(self, passage: int, generation: int) -> DocumentRow:
        """The document that had the passage in that generation: of a moved one there are several rows."""
        found = self.query(
            f"SELECT {_DOCUMENT} FROM documents WHERE first_passage <= ? AND passages > 0 "
            "AND generation <= ? ORDER BY first_passage DESC, id DESC LIMIT 1",
            (passage, generation),
        )
        row = DocumentRow.from_columns(found[0]) if found else None
        if row is None or passage not in row.passage_ids:
            raise rows.damaged(f"the document of passage {passage}")
        return row

    # --- passages -------------------------------------------------------------------------------------------

    def passages(self, ids: Int64, generation: int | None = None) -> list[Passage]:
        """The passages with these ids, in that order, with their paths then (now by default)."""
        return [passage for _, passage in self.passages_with_document(ids, generation)]

    def passages_with_document(
        self, ids: Int64, generation: int | None = None
    ) -> list[tuple[DocumentRow, Passage]]:
        """The same, each with its document."""
        generation = self.generation if generation is None else generation
        document: DocumentRow | None = None
        result = []
        for row in self._rows("passages", ids):
            if document is None or row[0] not in document.passage_ids:
                document = self._document_of_passage(row[0], generation)
            result.append((document, rows.passage_from_columns(row, document)))
        return result

    def vectors(self, ids: Int64, dimensions: int) -> Float32:
        """The vectors (n, dimensions) of these passages, unit rows, in that order."""
        return rows.vectors_from_columns(self._rows("vectors", ids), dimensions)

    def kept_vectors(self, ids: Int64, dimensions: int) -> Float32:
        """The same as they were kept: written again, they are the same bytes."""
        return rows.kept_vectors_from_columns(self._rows("vectors", ids), dimensions)

    def states(self, ids: Int64) -> list[StoredStates]:
        """The stored token states of these passages, in that order."""
        return [rows.states_from_columns(row) for row in self._rows("states", ids)]

    def passage_ids(self, language: str, after: int, until: int) -> Int64:
        """The ids in (after, until] of that language's passages, removed ones included, ascending."""
        found = self.query(
            "SELECT id FROM passages WHERE language = ? AND id > ? AND id <= ? ORDER BY id",
            (rows.to_bytes(language), after, until),
        )
        return np.array([row[0] for row in found], np.int64)

    def scan(self, table: str) -> Iterator[Row]:
        """All rows of a table whose first column is its whole-numbered key, by that key, some at a time."""
        last = -1
        while part := self.query(
            f"SELECT * FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, _SCAN)
        ):
            yield from part
            last = part[-1][0]

    def _rows(self, table: str, ids: Int64) -> list[Row]:
        """The rows of `table` with these ids, in that order."""
        wanted = ids.tolist()
        found: dict[int, Row] = {}
        for start in range(0, len(wanted), _IDS_PER_QUERY):
            part = wanted[start : start + _IDS_PER_QUERY]
            marks = ",".join("?" * len(part))
            found.update(
                (row[0], row) for row in self.query(f"SELECT * FROM {table} WHERE id IN ({marks})", part)
            )
        missing = next((id_ for id_ in wanted if id_ not in found), None)
        if missing is not None:
            raise rows.damaged(f"passage {missing} (table {table})")
        return [found[id_] for id_ in wanted]

    # --- files ----------------------------------------------------------------------------------------------

    def file_stamps(self) -> dict[str, FileStamp]:
        """What is remembered of each file that was read, by path."""
        return dict(stamp_from_columns(row) for row in self.query("SELECT * FROM files"))

    def put_file(self, path: str, stamp: FileStamp) -> None:
        """Remember how a file looked when all its documents had been written."""
        stamped = rows.to_json([stamp.looks, stamp.seen_ns, stamp.hash])
        row = rows.sealed("files", rows.to_bytes(path), stamped)
        self.write("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", [row])

    def drop_file(self, path: str) -> None:
        """Forget a file."""
        self.write("DELETE FROM files WHERE path = ?", [(rows.to_bytes(path),)])

    def failed_files(self) -> dict[str, FailedFile]:
        """The files that could not be read, by path, in the order of their paths' bytes."""
        found = map(FailedFile.from_columns, self.query("SELECT * FROM failures ORDER BY path"))
        return {failed.path: failed for failed in found}

    def put_failures(self, failed: Sequence[FailedFile]) -> None:
        """Remember that files could not be read."""
        self.write("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?)", [one.columns() for one in failed])

    def drop_failures(self, paths: Sequence[str]) -> None:
        """Forget that files could not be read."""
        self.write("DELETE FROM failures WHERE path = ?", [(rows.to_bytes(path),) for path in paths])


def stamp_from_columns(row: Row) -> tuple[str, FileStamp]:
    """Path and stamp of a row of the table `files`. Raises LibraryDamaged."""
    path, stamp = rows.opened("files", row, f"the entry of file {row[0]!r}")
    looks, seen_ns, hash_ = json.loads(stamp)
    return rows.to_text(path), FileStamp(tuple(looks), seen_ns, hash_)
