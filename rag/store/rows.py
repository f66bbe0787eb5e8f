"""What one row of the catalog holds, to and from the records of the package.

Text is stored as UTF-8 bytes with lone surrogates passed through: SQLite's `length()` stops at a NUL in a
TEXT and its binding refuses a surrogate, and file names may hold both kinds of trouble. Every row ends in a
checksum of all its other columns, and what is read here has been compared with it.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Block, BlockKind, Document, DocumentInfo, Float32, Passage, Place, Source
from rag.store.files import content_hash, row_checksum

Row: TypeAlias = tuple[Any, ...]  # columns of one row: bytes and whole numbers, the checksum last


def to_bytes(text: str) -> bytes:
    """The text as it is stored."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The text that `to_bytes` stored."""
    return data.decode("utf-8", "surrogatepass")


def to_json(value: object) -> bytes:
    """The value as compact JSON, stored like text."""
    return to_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def damaged(what: str) -> LibraryDamaged:
    """The error for a row that is not what was written."""
    return LibraryDamaged(f"{what} is damaged in the catalog; run `rag doctor --repair`")


def sealed(table: str, *parts: bytes | int) -> Row:
    """The row of a table: its parts and a checksum of them and the table's name."""
    return (*parts, row_checksum(to_bytes(table), *parts))


def is_sound(table: str, row: Row) -> bool:
    """Whether the row is one that `sealed` made for that table."""
    *parts, checksum = row
    known = all(isinstance(part, bytes | int) for part in parts)
    return known and row_checksum(to_bytes(table), *parts) == checksum


def opened(table: str, row: Row, what: str) -> Row:
    """The parts of a row. Raises LibraryDamaged, naming `what`, where it is not what was written."""
    if not is_sound(table, row):
        raise damaged(what)
    return row[:-1]


# --- documents ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One version of one document; its passages are `first_passage` and the `passages - 1` ids after it."""

    id: int
    key: str
    path: str
    generation: int  # the commit that wrote it
    first_passage: int
    passages: int
    title: str
    record: str | None  # Document.id
    encoding: str
    date: str
    warnings: tuple[str, ...]
    languages: dict[str, int]  # language -> passages
    characters: int
    added_at: str
    hash: str  # of what the reader saw: see `document_hash`

    @property
    def passage_ids(self) -> range:
        """The ids of its passages, in document order."""
        return range(self.first_passage, self.first_passage + self.passages)

    def columns(self) -> Row:
        """The row of the table `documents`."""
        info = to_json(
            [
                self.title,
                self.record,
                self.encoding,
                self.date,
                self.warnings,
                self.languages,
                self.characters,
                self.added_at,
                self.hash,
            ]
        )
        return sealed(
            "documents",
            self.id,
            to_bytes(self.key),
            to_bytes(self.path),
            self.generation,
            self.first_passage,
            self.passages,
            info,
        )

    @classmethod
    def from_columns(cls, row: Row) -> DocumentRow:
        """The document of a row of the table. Raises LibraryDamaged."""
        parts = opened("documents", row, f"the entry of document {row[0]}")
        id_, key, path, generation, first_passage, passages, info = parts
        title, record, encoding, date, warnings, languages, characters, added_at, hash_ = json.loads(
            to_text(info)
        )
        return cls(
            id=id_,
            key=to_text(key),
            path=to_text(path),
            generation=generation,
            first_passage=first_passage,
            passages=passages,
            title=title,
            record=record,
            encoding=encoding,
            date=date,
            warnings=tuple(warnings),
            languages=languages,
            characters=characters,
            added_at=added_at,
            hash=hash_,
        )

    def info(self) -> DocumentInfo:
        """The document's line in the library's list."""
        return DocumentInfo(
            key=self.key,
            path=self.path,
            title=self.title,
            language=max(sorted(self.languages), key=self.languages.__getitem__, default="und"),
            passages=self.passages,
            characters=self.characters,
            added_at=self.added_at,
            id=self.record,
            warnings=self.warnings,
            date=self.date,
        )


def document_hash(document: Document) -> str:
    """A hash of what a reader saw, but for its path: what decides whether to encode again."""
    head = [
        document.title,
        document.id,
        document.encoding,
        document.date,
        document.warnings,
        _shape(document.blocks),
        *_structure(document),
    ]
    return content_hash(to_json(head) + b"\n" + to_bytes(document.text))


def _shape(blocks: Sequence[Block]) -> list[tuple[str, int, int, int, int | None]]:
    return [(block.kind.value, block.start, block.end, block.level, block.page) for block in blocks]


def _structure(document: Document) -> tuple[list[tuple[int, str]], bool]:
    return [(place.start, place.name) for place in document.places], document.is_member


@dataclass(frozen=True, slots=True)
class Body:
    """A document as the reader saw it, and its blocks as the segmenter found them."""

    read: Document
    blocks: tuple[Block, ...]

    def columns(self, document: int) -> Row:
        """The row of the table `bodies` for the document with that id."""
        read = self.read
        facts = [read.path, read.title, read.id, read.encoding, read.date, read.warnings]
        head = [*facts, _shape(read.blocks), *_structure(read)]
        parts = (to_bytes(read.text), to_json(head), to_json(_shape(self.blocks)))
        return sealed("bodies", document, *map(zlib.compress, parts))

    @classmethod
    def from_columns(cls, row: Row) -> Body:
        """The body of a row of the table. Raises LibraryDamaged."""
        _, *parts = opened("bodies", row, f"the text of document {row[0]}")
        text, head, found = (to_text(zlib.decompress(part)) for part in parts)
        path, title, record, encoding, date, warnings, blocks, places, is_member = json.loads(head)
        read = Document(
            path=path,
            title=title,
            text=text,
            blocks=_blocks(blocks),
            id=record,
            encoding=encoding,
            date=date,
            warnings=tuple(warnings),
            places=tuple(Place(*place) for place in places),
            is_member=is_member,
        )
        return cls(read, _blocks(json.loads(found)))


def _blocks(shape: list[list[Any]]) -> tuple[Block, ...]:
    return tuple(Block(BlockKind(kind), *place) for kind, *place in shape)


# --- files that could not be read ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be read, how it looked then, and which version of the readers tried."""

    path: str
    looks: tuple[int, ...]  # FileStamp.looks; empty where nobody could look, which equals no file's looks
    seen_ns: int
    readers: int  # READERS_VERSION
    reason: str  # one line

    def columns(self) -> Row:
        """The row of the table `failures`."""
        stamp = to_json([self.looks, self.seen_ns, self.readers])
        return sealed("failures", to_bytes(self.path), stamp, to_bytes(self.reason))

    @classmethod
    def from_columns(cls, row: Row) -> FailedFile:
        """The failed file of a row of the table. Raises LibraryDamaged."""
        path, stamp, reason = opened("failures", row, f"the note that {row[0]!r} could not be read")
        looks, seen_ns, readers = json.loads(stamp)
        return cls(to_text(path), tuple(looks), seen_ns, readers, to_text(reason))


# --- removals -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Removal:
    """That a document's passages, `first_passage` and the `passages - 1` after it, end with `generation`."""

    document: int  # DocumentRow.id
    generation: int
    first_passage: int
    passages: int
    languages: dict[str, int]

    def columns(self) -> Row:
        """The row of the table `removals`."""
        head = (self.document, self.generation, self.first_passage, self.passages)
        return sealed("removals", *head, to_json(self.languages))

    @classmethod
    def from_columns(cls, row: Row) -> Removal:
        """The removal of a row of the table. Raises LibraryDamaged."""
        parts = opened("removals", row, f"the note that document {row[0]} was removed")
        document, generation, first_passage, passages, languages = parts
        return cls(document, generation, first_passage, passages, json.loads(languages))


# --- passages -----------------------------------------------------------------------------------------------


def languages_of(passages: Sequence[Passage]) -> dict[str, int]:
    """How many of the passages are in each language."""
    return dict(Counter(passage.language for passage in passages))


def passage_columns(id_: int, passage: Passage) -> Row:
    """The row of the table `passages`; path and record id of its document stand in that one's row."""
    source = passage.source
    names = [source.title, source.section, source.speaker, source.role]
    place = to_json([*names, source.page, source.paragraph, source.start, source.end, source.place])
    return sealed("passages", id_, to_bytes(passage.language), to_bytes(passage.text), place)


def passage_from_columns(row: Row, document: DocumentRow) -> Passage:
    """The passage of a row of the table `passages`. Raises LibraryDamaged."""
    id_, language, text, place = opened("passages", row, f"passage {row[0]} of {document.key}")
    title, section, speaker, role, page, paragraph, start, end, name = json.loads(to_text(place))
    source = Source(
        document=document.path,
        title=title,
        section=section,
        speaker=speaker,
        role=role,
        page=page,
        paragraph=paragraph,
        start=start,
        end=end,
        id=document.record,
        place=name,
    )
    return Passage(id_, to_text(text), to_text(language), source)


def vector_columns(id_: int, vector: Float32) -> Row:
    """The row of the table `vectors`, float16, which moves a cosine by less than 1e-4."""
    return sealed("vectors", id_, np.asarray(vector, "<f2").tobytes())


def vectors_from_columns(found: Sequence[Row], dimensions: int) -> Float32:
    """The vectors (n, dimensions), unit rows, of n rows of the table `vectors`. Raises LibraryDamaged."""
    whole = kept_vectors_from_columns(found, dimensions)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), np.float32(1e-12))
    return whole


def kept_vectors_from_columns(found: Sequence[Row], dimensions: int) -> Float32:
    """The same as they were kept, which `vector_columns` keeps as the same bytes again."""
    parts = [opened("vectors", row, f"the vector of passage {row[0]}")[1] for row in found]
    return np.frombuffer(b"".join(parts), "<f2").reshape(len(found), dimensions).astype(np.float32)


def states_columns(id_: int, codes: bytes, layout: bytes) -> Row:
    """The row of the table `states`: one passage's token states as `states.StateCodec` wrote them."""
    return sealed("states", id_, codes, layout)


def states_from_columns(row: Row) -> tuple[bytes, bytes]:
    """Codes and layout of a row of the table `states`. Raises LibraryDamaged."""
    _, codes, layout = opened("states", row, f"the token states of passage {row[0]}")
    return codes, layout
