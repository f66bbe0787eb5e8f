"""A library on a server as those who write to it see it. Several processes may, each its own documents.

Nothing on the server is a transaction, so a document is written in an order that any interruption leaves
mendable, and everything may be written twice: (1) its entry says which passage ids are about to come, (2) the
passages, under ids that follow from key and content, and the text, (3) the entry says that they are its own
and which older ones are not any more, (4) those are deleted. What a killed writer has left is finished by the
next one that writes or removes the document, or by `rag doctor --repair`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rag.errors import LibraryError, LibraryMissing
from rag.store.catalog import NewDocument
from rag.store.milvus.connection import Connection, Row, missing
from rag.store.milvus.founding import Founding
from rag.store.milvus.packing import batches, first_id
from rag.store.milvus.records import Records
from rag.store.milvus.rows import (
    Entry,
    FileNote,
    Placed,
    entry_record,
    for_server,
    note_id,
    note_record,
    passage_row,
)
from rag.store.milvus.schema import Server, create_passages, create_records, describe, founding_of
from rag.store.milvus.words import WordCounts, count_words
from rag.store.publish import lexical_text
from rag.store.rows import Body, DocumentRow, languages_of

_PASSAGES_AT_ONCE = 256  # of 8 KB, 200 KB at most: under the 64 MB of one request
_IDS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Coming:
    """A document on its way in, and what is there of it so far."""

    new: NewDocument
    old: Entry
    first: int
    row: DocumentRow

    @property
    def intent(self) -> Entry:
        """The entry while the passages are being written."""
        coming = (self.first, self.row.passages)
        stale = tuple(dict.fromkeys([*self.old.stale, coming]))
        return replace(self.old, stale=stale, since=time.time())

    @property
    def final(self) -> Entry:
        """The entry once they are."""
        rest = [_less(each, self.first, self.row.passages) for each in _ranges(self.old)]
        return Entry(self.old.key, self.old.path, self.row, tuple(each for each in rest if each[1]))


class Shelf:
    """The library at a connection, for writing. `records` is what it keeps beside the passages."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.address = connection.address
        self.records = Records(connection)
        self._averages: dict[str, float] | None = None

    @cached_property
    def server(self) -> Server:
        """What the server is."""
        return Server.of(self.connection.call("get_server_version"))

    def founding(self) -> Founding | None:
        """What the library is founded on; None where there is no library yet."""
        try:
            name = founding_of(describe(self.connection), self.address)
        except LibraryMissing:
            return None
        return self.records.founding(name)

    def found(self, founding: Founding) -> Founding:
        """Make the library, on this founding or on that of another process that was faster."""
        create_records(self.connection)
        self.records.keep_founding(founding)
        dimensions = founding.identity.dimensions
        won = create_passages(self.connection, self.server, dimensions=dimensions, founding=founding.name)
        return founding if won == founding.name else self.records.founding(won)

    def prepare(self) -> None:
        """Finish what one that made the library and was killed may have left undone: indexes, loading."""
        founding = self.founding()
        if founding is None:
            raise missing(self.address)
        create_records(self.connection)
        create_passages(
            self.connection, self.server, dimensions=founding.identity.dimensions, founding=founding.name
        )

    # --- writing --------------------------------------------------------------------------------------------

    def write(self, documents: Sequence[NewDocument], notes: Sequence[FileNote] = ()) -> None:
        """Put documents in, in place of those with the same keys; then note files that are done with.

        No two documents have the same key.
        """
        known = self.records.entries(new.read.key for new in documents)
        coming = [_coming(new, known.get(new.read.key)) for new in documents]
        self.records.put([entry_record(each.intent) for each in coming])
        turn = self._put_passages(coming, self.records.next_turn())
        bodies = [
            row
            for each in coming
            for row in self.records.body_rows(
                each.old.name, each.row.hash[:32], Body(each.new.read, each.new.blocks)
            )
        ]
        self.records.put(bodies)
        finals = [entry_record(each.final) for each in coming]
        self.records.put([*finals, *self.records.changed(turn)])
        self._drop_stale([each.final for each in coming], {each.old.key: each.old for each in coming})
        self.records.put(list(map(note_record, notes)))  # last: a file that is noted is not looked at again

    def remove(self, entries: Sequence[Entry], paths: Iterable[str] = ()) -> None:
        """Take documents out, and forget what is known of files."""
        stale = [replace(entry, row=None, stale=_ranges(entry)) for entry in entries]
        self.records.put([entry_record(entry) for entry in stale])
        self.records.drop([note_id(path) for path in paths])
        self._drop_stale(stale, {entry.key: entry for entry in entries})
        self.records.put(self.records.changed())

    def finish(self, entries: Sequence[Entry]) -> None:
        """Delete what an interrupted writer has left of these documents."""
        self._drop_stale(entries, {})
        self.records.put(self.records.changed())

    def forget_content(self, entries: Sequence[Entry]) -> None:
        """Have documents written again by the next run that meets their files."""
        known = [(entry, entry.row) for entry in entries if entry.row is not None]
        self.records.put([entry_record(replace(entry, row=replace(row, hash=""))) for entry, row in known])
        self.records.drop([note_id(entry.path) for entry in entries])

    def drop_passages(self, ids: Sequence[int]) -> None:
        """Delete passages."""
        for part in batches(ids, _IDS_AT_ONCE):
            self.connection.write("delete", self.address.collection, ids=part)

    def _put_passages(self, coming: Sequence[_Coming], turn: int) -> int:
        """The turn after these passages, the first of which has the turn `turn`."""
        rows: list[tuple[Row, WordCounts]] = []
        for each in coming:
            for place, passage in enumerate(each.new.passages):
                words = count_words(lexical_text(passage))
                kept = each.new.vectors[place], each.new.states[place]
                placed = Placed(each.first + place, turn + len(rows))
                rows.append((passage_row(passage, each.new.read, words, place=placed, kept=kept), words))
        averages = self._averages_for(rows)
        for start in range(0, len(rows), _PASSAGES_AT_ONCE):
            self._upsert(
                [
                    for_server(row, words, average=averages[row["language"]], server=self.server)
                    for row, words in rows[start : start + _PASSAGES_AT_ONCE]
                ]
            )
        return turn + len(rows)

    def _upsert(self, rows: list[Row]) -> None:
        if self.server.upserts:
            self.connection.write("upsert", self.address.collection, rows)
            return
        self.drop_passages([row["id"] for row in rows])
        # `insert` would double what a try that timed out has written after all: each try deletes first
        for attempt in range(self.connection.patience.tries):
            try:
                self.connection.call(
                    "insert", self.address.collection, rows, timeout=self.connection.patience.write_s
                )
                return
            except LibraryError:
                if attempt + 1 == self.connection.patience.tries:
                    raise
                self.drop_passages([row["id"] for row in rows])

    def _averages_for(self, rows: Sequence[tuple[Row, WordCounts]]) -> dict[str, float]:
        """The average length to write each language's vectors with; noted now for one that is new."""
        lengths: dict[str, list[int]] = {}
        for row, words in rows:
            lengths.setdefault(row["language"], []).append(words.length)
        if self._averages is None or lengths.keys() - self._averages.keys():
            self._averages = self.records.averages()
        new = {
            code: max(float(np.mean(found)), 1.0)
            for code, found in lengths.items()
            if code not in self._averages
        }
        if new:
            self.records.keep_averages(new)
            self._averages |= new
        return self._averages

    def _drop_stale(self, entries: Sequence[Entry], before: dict[str, Entry]) -> None:
        """Delete the stale passages of documents, and their texts of before; then note that it is done."""
        ranges = [each for entry in entries for each in entry.stale]
        self.drop_passages([id_ for first, count in ranges for id_ in range(first, first + count)])
        gone: list[str] = []
        for entry in entries:
            old = before[entry.key].row if entry.key in before else None
            if old is not None and (entry.row is None or old.hash != entry.row.hash):
                gone += self.records.body_ids(entry.name, old.hash[:32])
        self.records.drop(gone)
        done = [replace(entry, stale=()) for entry in entries if entry.stale and entry.row is not None]
        self.records.put([entry_record(entry) for entry in done])
        self.records.drop([f"document/{entry.name}" for entry in entries if entry.row is None])


def _coming(new: NewDocument, old: Entry | None) -> _Coming:
    read = new.read
    first = first_id(read.key, new.hash)
    row = DocumentRow(
        id=first,
        key=read.key,
        path=read.path,
        generation=0,
        first_passage=first,
        passages=len(new.passages),
        title=new.title,
        record=read.id,
        encoding=read.encoding,
        date=read.date,
        warnings=read.warnings,
        languages=languages_of(new.passages),
        characters=len(read.text),
        added_at=new.added_at,
        hash=new.hash,
    )
    return _Coming(new, old or Entry(read.key, read.path), first, row)


def _ranges(entry: Entry, *more: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """All passages that there may be of a document as (first id, number), and `more`."""
    own = [(entry.row.first_passage, entry.row.passages)] if entry.row else []
    return tuple(dict.fromkeys([*entry.stale, *own, *more]))


def _less(stale: tuple[int, int], first: int, passages: int) -> tuple[int, int]:
    """The range without those that are written now; settings may have cut the same text into fewer."""
    begin, count = stale
    kept = min(count, passages) if begin == first else 0
    return begin + kept, count - kept
