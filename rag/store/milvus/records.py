"""The collection of records, read and written: founding, documents, files, languages, texts."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence

from rag.errors import LibraryDamaged
from rag.store.milvus.connection import Connection, Row
from rag.store.milvus.founding import Founding
from rag.store.milvus.packing import ascii_path, digest, joined, pieces
from rag.store.milvus.rows import (
    Entry,
    FileNote,
    entry_of,
    note_id,
    note_of,
    record,
)
from rag.store.milvus.schema import records_of
from rag.store.rows import Body

_FIELDS = ["id", "kind", "path", "data"]
_IDS_AT_ONCE = 200
_ROWS_AT_ONCE = 200  # of 64 KB at most
_GENERATION = "generation"
_TURN = "turn"


class Records:
    """What a library keeps beside its passages. Reading sees all that was written before: Strong."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._name = records_of(connection.address)
        self._foundings: dict[str, Founding] = {}

    # --- rows -----------------------------------------------------------------------------------------------

    def get(self, ids: Sequence[str], *, consistency: str = "Strong") -> dict[str, Row]:
        """The rows with these ids that there are, by id."""
        found: dict[str, Row] = {}
        for start in range(0, len(ids), _IDS_AT_ONCE):
            quoted = ", ".join(f'"{id_}"' for id_ in ids[start : start + _IDS_AT_ONCE])
            rows = self._connection.call(
                "query",
                self._name,
                filter=f"id in [{quoted}]",
                output_fields=_FIELDS,
                consistency_level=consistency,
            )
            found.update((row["id"], row) for row in rows)
        return found

    def put(self, rows: Sequence[Row]) -> None:
        """Write rows, in place of those with the same ids."""
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            self._connection.write("upsert", self._name, list(rows[start : start + _ROWS_AT_ONCE]))

    def drop(self, ids: Sequence[str]) -> None:
        """Delete rows."""
        for start in range(0, len(ids), _IDS_AT_ONCE):
            self._connection.write("delete", self._name, ids=list(ids[start : start + _IDS_AT_ONCE]))

    def scan(self, kind: str, condition: str = "") -> Iterator[Row]:
        """All rows of a kind."""
        narrowed = f" and ({condition})" if condition else ""
        return self._connection.rows(self._name, f'kind == "{kind}"{narrowed}', _FIELDS)

    # --- what the library is founded on ---------------------------------------------------------------------

    def keep_founding(self, founding: Founding) -> None:
        """Keep it under its name; nothing refers to it yet."""
        name, cut = founding.name, pieces(founding.to_bytes())
        rows = [record(f"founding/{name}/{place}", "founding", piece) for place, piece in enumerate(cut)]
        self.put([*rows, record(f"founding/{name}", "founding", str(len(cut)))])

    def founding(self, name: str) -> Founding:
        """What was kept under the name. Raises LibraryDamaged."""
        if name not in self._foundings:
            data = self._blob(f"founding/{name}", "what the library is founded on")
            self._foundings[name] = Founding.from_bytes(data)
        return self._foundings[name]

    def _blob(self, id_: str, what: str) -> bytes:
        """What was written in pieces under an id, which is never written again with another content."""
        for consistency in ("Bounded", "Strong"):  # the first costs no wait, and nearly always finds it
            head = self.get([id_], consistency=consistency)
            ids = [f"{id_}/{place}" for place in range(int(head[id_]["data"]))] if head else []
            found = self.get(ids, consistency=consistency)
            if ids and len(found) == len(ids):
                return joined(found[piece]["data"] for piece in ids)
        raise LibraryDamaged(f"{what} is missing at {self._connection.address.shown}; see `rag doctor`")

    # --- the state ------------------------------------------------------------------------------------------

    def generation(self) -> int:
        """A number that is another one after each change; 0 before the first."""
        found = self.get([_GENERATION])
        return int(found[_GENERATION]["data"]) if found else 0

    def next_turn(self) -> int:
        """How many passages have come into the library, and 1; two who write at the same time may agree."""
        found = self.get([_TURN])
        return int(found[_TURN]["data"]) if found else 1

    def changed(self, turn: int | None = None) -> list[Row]:
        """The rows that say that something has changed. Which of two writers is last is all the same."""
        generation = record(_GENERATION, _GENERATION, str(1 + secrets.randbits(62)))
        return [generation, *([record(_TURN, _TURN, str(turn))] if turn is not None else [])]

    def averages(self) -> dict[str, float]:
        """The average length with which each language's sparse vectors are written, by language."""
        return {row["id"].partition("/")[2]: float(row["data"]) for row in self.scan("language")}

    def keep_averages(self, averages: dict[str, float]) -> None:
        """Keep those of languages that are new in the library."""
        self.put([record(f"language/{code}", "language", repr(value)) for code, value in averages.items()])

    # --- documents and files --------------------------------------------------------------------------------

    def entry(self, key: str) -> Entry | None:
        """The document with that key; None where there is none, nor remains of one."""
        id_ = f"document/{digest(key)}"
        found = self.get([id_])
        return entry_of(found[id_]) if found else None

    def entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Those of these documents that there are, by key."""
        found = self.get([f"document/{digest(key)}" for key in keys])
        entries = map(entry_of, found.values())
        return {entry.key: entry for entry in entries}

    def entries_of(self, path: str) -> list[Entry]:
        """The documents of one file."""
        return [entry_of(row) for row in self.scan("document", f'path == "{ascii_path(path)}"')]

    def entries_below(self, folder: str) -> Iterator[Entry]:
        """The documents below a folder; all with ""."""
        return map(entry_of, self.scan("document", _below(folder)))

    def notes(self, paths: Sequence[str]) -> dict[str, FileNote]:
        """What is known of these files, by path."""
        found = self.get([note_id(path) for path in paths])
        notes = map(note_of, found.values())
        return {note.path: note for note in notes}

    def failures_below(self, folder: str) -> list[FileNote]:
        """The files below a folder that could not be read, in the order of their paths; all with ""."""
        return sorted(map(note_of, self.scan("failure", _below(folder))), key=lambda note: note.path)

    # --- texts ----------------------------------------------------------------------------------------------

    def body_rows(self, name: str, content: str, body: Body) -> list[Row]:
        """The rows of a document's text in one version."""
        _, *parts, checksum = body.columns(0)
        data = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
        cut = pieces(data + str(checksum).encode())
        rows = [record(f"body/{name}/{content}/{place}", "body", piece) for place, piece in enumerate(cut)]
        return [*rows, record(f"body/{name}/{content}", "body", str(len(cut)))]

    def body(self, entry: Entry) -> Body:
        """A document's text. Raises LibraryDamaged."""
        content = entry.row.hash[:32] if entry.row else ""
        data = self._blob(f"body/{entry.name}/{content}", f"the text of {entry.key}")
        parts = []
        for _ in range(3):
            (size,) = struct.unpack_from("<Q", data)
            parts.append(data[8 : 8 + size])
            data = data[8 + size :]
        return Body.from_columns((0, *parts, int(data)))

    def body_ids(self, name: str, content: str) -> list[str]:
        """The ids of the rows of a document's text in one version."""
        head = f"body/{name}/{content}"
        found = self.get([head])
        return [head, *(f"{head}/{place}" for place in range(int(found[head]["data"])))] if found else []


def _below(folder: str) -> str:
    """What rows of files and documents below a folder meet; "" for all."""
    start = ascii_path(folder).rstrip("/")
    return f'path >= "{start}/" and path < "{start}0"' if folder else ""
