"""What the rows of both collections hold, to and from the records of the package."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rag.records import Document, Float32, Passage, Source
from rag.store.catalog import StoredStates
from rag.store.milvus.condition import condition_fields
from rag.store.milvus.connection import Row
from rag.store.milvus.packing import (
    ascii_path,
    bytes_field,
    digest,
    field_bytes,
    scrambled,
    text_field,
    text_of,
)
from rag.store.milvus.schema import Server, as_json
from rag.store.milvus.words import LENGTH_BITS, WordCounts, sparse_vector
from rag.store.rows import DocumentRow

CANDIDATE = ("id", "turn", "language", "vector", "codes", "layout", "text", "place")
COUNTED = ("id", "turn", "terms", "counts", "length")
READ = ("id", "language", "text", "place")


# --- passages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """One passage as its row keeps it."""

    passage: Passage
    turn: int  # `Placed.turn`
    vector: Float32  # (d,) unit
    states: StoredStates


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage's id, and the how manieth it was to come into the library."""

    id: int
    turn: int


def unit_halves(vectors: Float32) -> Float32:
    """The vectors (n, d) as float16 keeps them, unit rows: what a library in a folder has too."""
    whole = np.asarray(vectors, "<f2").astype(np.float32)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), np.float32(1e-12))
    return whole


def passage_row(
    passage: Passage, read: Document, words: WordCounts, *, place: Placed, kept: tuple[Float32, StoredStates]
) -> Row:
    """The row of a passage of the document `read`, but for its vectors in the server's own form.

    Its turn is the passage's id in a library in a folder, where one process has fed both in the same order.
    Candidates with equal scores go by it, and so does the lot by which samples are drawn: so both libraries
    find and draw the same.
    """
    source, (vector, (codes, layout)) = passage.source, kept
    names = [source.title, source.section, source.speaker, source.role]
    numbers = [source.page, source.paragraph, source.start, source.end]
    where = json.dumps([*names, *numbers, source.place, read.path, read.id], ensure_ascii=False)
    return {
        "id": place.id,
        "language": passage.language,
        "vector": vector,
        "terms": list(words.terms),
        "counts": list(words.counts),
        "length": words.length,
        "bits": [bit for bit in range(LENGTH_BITS) if words.length >> bit & 1],
        "turn": place.turn,
        "lot": int(scrambled(np.array([place.turn], np.int64))[0]),
        "text": text_field(passage.text),
        "place": text_field(where),
        "codes": bytes_field(codes),
        "layout": bytes_field(layout),
        **condition_fields(source, key=read.key, date=read.date),
    }


def for_server(row: Row, words: WordCounts, *, average: float, server: Server) -> Row:
    """The row with its vectors as this server takes them."""
    unit = unit_halves(row["vector"][None])[0]
    vectors: Row = {"vector": np.asarray(row["vector"], np.float16) if server.halves else unit.tolist()}
    if server.sparse:
        vectors["words"] = sparse_vector(words, average)
    return row | vectors


def kept_of(row: Row) -> Kept:
    """What a row with the fields `CANDIDATE` keeps."""
    vector = unit_halves(_vector(row["vector"])[None])[0]
    return Kept(
        passage_of(row), int(row["turn"]), vector, (field_bytes(row["codes"]), field_bytes(row["layout"]))
    )


def _vector(value: Any) -> Float32:  # noqa: ANN401
    """A vector that came back: a list of numbers, or the bytes of float16, which may stand in a list."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], bytes):
        value = value[0]
    if isinstance(value, bytes):
        return np.frombuffer(value, "<f2").astype(np.float32)
    return np.asarray(value, np.float32)


def words_of(row: Row) -> WordCounts:
    """What a row with the fields `COUNTED` says of the passage's words."""
    return WordCounts(tuple(row["terms"]), tuple(row["counts"]), int(row["length"]))


def passage_of(row: Row) -> Passage:
    """The passage of a row with the fields `READ`."""
    *names, page, paragraph, start, end, place, path, record = json.loads(text_of(row["place"]))
    title, section, speaker, role = names
    source = Source(
        document=path,
        title=title,
        section=section,
        speaker=speaker,
        role=role,
        page=page,
        paragraph=paragraph,
        start=start,
        end=end,
        id=record,
        place=place,
    )
    return Passage(int(row["id"]), text_of(row["text"]), str(row["language"]), source)


# --- records ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one document: as it was committed, and which passages are to be taken out.

    `stale` holds (first id, number) of passages that are no longer its own, or not yet: those of a version
    whose writing goes on or was cut off; `since` is when it began, in seconds of the epoch.
    """

    key: str
    path: str
    row: DocumentRow | None = None
    stale: tuple[tuple[int, int], ...] = ()
    since: float = 0.0

    @property
    def name(self) -> str:
        """The key's hash, which names what belongs to the document."""
        return digest(self.key)


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file whose documents are all committed, or one that could not be read and why."""

    path: str
    hash: str = ""  # of its bytes
    documents: int = 0
    failure: str = ""


def record(id_: str, kind: str, data: str, *, path: str = "") -> Row:
    """A row of the collection of records."""
    return {"id": id_, "kind": kind, "path": ascii_path(path), "data": data, "unused": [0.0, 0.0]}


def entry_record(entry: Entry) -> Row:
    """The row of a document."""
    row = None if entry.row is None else asdict(entry.row)
    data = text_field(as_json([entry.key, entry.path, row, entry.stale, entry.since]))
    return record(f"document/{entry.name}", "document", data, path=entry.path)


def entry_of(row: Row) -> Entry:
    """The document of a row."""
    key, path, kept, stale, since = json.loads(text_of(row["data"]))
    if kept is not None:
        kept = DocumentRow(**(kept | {"warnings": tuple(kept["warnings"])}))
    return Entry(key, path, kept, tuple((first, count) for first, count in stale), since)


def note_id(path: str) -> str:
    """The id of a file's row."""
    return f"file/{digest(path)}"


def note_record(note: FileNote) -> Row:
    """The row of a file."""
    data = text_field(as_json([note.path, note.hash, note.documents, note.failure[:2000]]))
    return record(note_id(note.path), "failure" if note.failure else "file", data, path=note.path)


def note_of(row: Row) -> FileNote:
    """The file of a row."""
    path, hash_, documents, failure = json.loads(text_of(row["data"]))
    return FileNote(path, hash_, documents, failure)
