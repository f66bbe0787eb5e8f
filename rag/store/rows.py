"""What one row of the catalog holds, to and from the records of the package.

Text is stored as UTF-8 bytes with lone surrogates passed through: SQLite's `length()` stops at a NUL in a TEXT
and its binding refuses a surrogate, and file names may hold both kinds of trouble.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Block, BlockKind, Document, DocumentInfo, Float32, Passage, Source
from rag.store.files import content_hash, row_checksum


def to_bytes(text: str) -> bytes:
    """The text as it is stored."""
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The text that `to_bytes` stored."""
    return data.decode("utf-8", "surrogatepass")


def to_json(value: object) -> bytes:
    """The value as compact JSON in bytes, surrogates passed through."""
    return to_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def damaged(what: str) -> LibraryDamaged:
    """The error for a row that is not what was written."""
    return LibraryDamaged(f"{what} is damaged in the catalog; run `rag doctor --repair`")


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One version of one document: its passages are `first_passage` and the `passages - 1` ids after it."""

    id: int
    key: str
    path: str
    generation: int
    first_passage: int
    passages: int
    title: str
    record: str | None
    encoding: str
    warnings: tuple[str, ...]
    languages: dict[str, int]
    characters: int
    added_at: str
    hash: str

    @property
    def passage_ids(self) -> range:
        """The ids of its passages, in document order."""
        return range(self.first_passage, self.first_passage + self.passages)

    def columns(self) -> tuple[int, bytes, bytes, int, int, int, bytes, int]:
        """The row as the table `documents` holds it, the checksum last."""
        info = to_json(
            [
                self.title,
                self.record,
                self.encoding,
                self.warnings,
                self.languages,
                self.characters,
                self.added_at,
                self.hash,
            ]
        )
        head = (
            self.id,
            to_bytes(self.key),
            to_bytes(self.path),
            self.generation,
            self.first_passage,
            self.passages,
        )
        return (*head, info, row_checksum(*head, info))

    @classmethod
    def from_columns(cls, row: tuple[Any, ...]) -> DocumentRow:
        """The row that `columns` made. Raises LibraryDamaged where it is not the same any more."""
        *parts, checksum = row
        if not _holds(parts, checksum):
            raise damaged(f"the entry of document {row[0]}")
        id_, key, path, generation, first, passages, info = parts
        title, record, encoding, warnings, languages, characters, added_at, hash_ = json.loads(to_text(info))
        return cls(
            id_, to_text(key), to_text(path), generation, first, passages,
            title, record, encoding, tuple(warnings), languages, characters, added_at, hash_,
        )  # fmt: skip

    def info(self) -> DocumentInfo:
        """The line of the library's list for this document."""
        language = max(sorted(self.languages), key=self.languages.__getitem__, default="und")
        return DocumentInfo(
            key=self.key,
            path=self.path,
            title=self.title,
            language=language,
            passages=self.passages,
            characters=self.characters,
            added_at=self.added_at,
            id=self.record,
            warnings=self.warnings,
        )


def _holds(parts: list[Any], checksum: object) -> bool:
    """Whether the parts are of the kinds that are stored and their checksum is the one beside them."""
    return all(isinstance(part, bytes | int) for part in parts) and row_checksum(*parts) == checksum


def document_hash(document: Document) -> str:
    """A hash of what a reader saw, without its path: what decides whether to encode again."""
    blocks = [(block.kind, block.start, block.end, block.level, block.page) for block in document.blocks]
    head = [document.title, document.id, document.encoding, document.warnings, blocks]
    return content_hash(to_json(head) + b"\n" + to_bytes(document.text))


def languages_of(passages: tuple[Passage, ...]) -> dict[str, int]:
    """How many of the passages are in each language."""
    return dict(Counter(passage.language for passage in passages))


def body_columns(document: int, text: str, blocks: tuple[Block, ...]) -> tuple[int, bytes, bytes, int]:
    """The text and blocks of a document as the table `bodies` holds them."""
    body = zlib.compress(to_bytes(text), 6)
    shape = zlib.compress(to_json([(b.kind, b.start, b.end, b.level, b.page) for b in blocks]), 6)
    return document, body, shape, row_checksum(document, body, shape)


def body_from_columns(row: tuple[Any, ...]) -> tuple[str, tuple[Block, ...]]:
    """The text and blocks that `body_columns` stored. Raises LibraryDamaged."""
    *parts, checksum = row
    if not _holds(parts, checksum):
        raise damaged(f"the text of document {row[0]}")
    _, body, shape = parts
    blocks = json.loads(to_text(zlib.decompress(shape)))
    return to_text(zlib.decompress(body)), tuple(
        Block(BlockKind(kind), start, end, level, page) for kind, start, end, level, page in blocks
    )


def passage_columns(id_: int, passage: Passage) -> tuple[int, bytes, bytes, bytes, int]:
    """The passage as the table `passages` holds it; its document's path and record id are in that one's row."""
    source = passage.source
    place = to_json(
        [
            source.title,
            source.section,
            source.speaker,
            source.role,
            source.page,
            source.paragraph,
            source.start,
            source.end,
        ]
    )
    head = (id_, to_bytes(passage.language), to_bytes(passage.text), place)
    return (*head, row_checksum(*head))


def passage_from_columns(row: tuple[Any, ...], document: DocumentRow) -> Passage:
    """The passage that `passage_columns` stored. Raises LibraryDamaged."""
    *parts, checksum = row
    if not _holds(parts, checksum):
        raise damaged(f"passage {row[0]} of {document.key}")
    id_, language, text, place = parts
    title, section, speaker, role, page, paragraph, start, end = json.loads(to_text(place))
    source = Source(
        document=document.path, title=title, section=section, speaker=speaker, role=role,
        page=page, paragraph=paragraph, start=start, end=end, id=document.record,
    )  # fmt: skip
    return Passage(id_, to_text(text), to_text(language), source)


def vector_columns(id_: int, vector: Float32) -> tuple[int, bytes, int]:
    """The vector (d,) as the table `vectors` holds it: float16, which moves a cosine by about 1e-5."""
    data = np.asarray(vector, "<f2").tobytes()
    return id_, data, row_checksum(id_, data)


def vectors_from_columns(rows: list[tuple[Any, ...]], dimensions: int) -> Float32:
    """The vectors (n, dimensions), unit rows, of n rows of the table. Raises LibraryDamaged."""
    for id_, data, checksum in rows:
        if not _holds([id_, data], checksum) or len(data) != 2 * dimensions:
            raise damaged(f"the vector of passage {id_}")
    halves = np.frombuffer(b"".join(row[1] for row in rows), "<f2").reshape(len(rows), dimensions)
    whole = halves.astype(np.float32)
    return np.asarray(whole / np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-12), np.float32)


def states_columns(id_: int, codes: bytes, layout: bytes) -> tuple[int, bytes, bytes, int]:
    """One passage's token states as the table `states` holds them."""
    return id_, codes, layout, row_checksum(id_, codes, layout)


def states_from_columns(row: tuple[Any, ...]) -> tuple[bytes, bytes]:
    """Codes and layout of a row of the table `states`. Raises LibraryDamaged."""
    *parts, checksum = row
    if not _holds(parts, checksum):
        raise damaged(f"the token states of passage {row[0]}")
    return parts[1], parts[2]
