"""The data that flows through the package: frozen, slotted, and nothing but data.

`Document` (what a reader saw) → `Passage` (what is searched and cited) → `Encoding` (what the model made
of it) → `Hit` and `Answer` (what a person gets). Character offsets always count code points of
`Document.text`, the decoded source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Float32: TypeAlias = NDArray[np.float32]
Int32: TypeAlias = NDArray[np.int32]
Int64: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

SECTION_SEPARATOR = " › "


class BlockKind(StrEnum):
    """What a stretch of a document is, by its role on the page."""

    TITLE = "title"
    HEADING = "heading"
    BYLINE = "byline"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    VERSE = "verse"
    QUOTE = "quote"
    CODE = "code"
    RECORD = "record"  # a table's row with its headers, one "header: value" a line: a passage by itself
    FURNITURE = "furniture"  # page numbers, running heads, menus: kept in the source, never a passage


@dataclass(frozen=True, slots=True)
class Block:
    """One stretch `text[start:end]` of a document whose kind the file format itself states."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0  # headings: 1 is the highest
    page: int | None = None  # 1-based; a slide or sheet number for such formats


@dataclass(frozen=True, slots=True)
class Place:
    """What the format calls the stretch that begins at `start`, up to the next place's start.

    One word of English and then a number or a name: "slide 3", "sheet Budget", "chapter 12", "at 00:01:05".
    """

    start: int
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """One readable document: a file, or one record of a file that holds many.

    `blocks` is empty where the format states no structure (plain text); the segmenter then finds it by
    shape. Where it is not empty, blocks are in order of `start` and do not overlap. `places` are in order of
    `start`; what stands before the first has no place but its page.
    """

    path: str  # absolute path of the file, with forward slashes
    title: str  # "" where the format states none
    text: str  # the decoded source, line ends as "\n"
    blocks: tuple[Block, ...] = ()
    id: str | None = None  # the record's own id, in a file of many (BEIR `_id`)
    encoding: str = "utf-8"
    date: str = ""  # ISO 8601 day (or "2021-04", "2021") that the document itself states; "" where none
    warnings: tuple[str, ...] = ()  # what the reader doubts, one line each; shown to the user
    places: tuple[Place, ...] = ()
    is_member: bool = False  # a whole file in an archive (`id` is its path there), and no record

    @property
    def key(self) -> str:
        """The document's identity within a library: its path, and its record id where there is one."""
        return self.path if self.id is None else f"{self.path}#{self.id}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a passage stands: enough to cite it and to open the document at it."""

    document: str  # Document.path
    title: str
    section: str  # heading path below the title, joined by SECTION_SEPARATOR; "" at the top
    speaker: str  # the person whose words or article this is, name only; "" where the page names none
    role: str  # what the byline says of the speaker: office, "By", "记者"; "" where nothing
    page: int | None
    paragraph: int  # 1-based, counted through the document
    start: int  # document.text[start:end] is the passage, but for repaired line breaks
    end: int
    id: str | None = None  # Document.id
    place: str = ""  # Place.name: slide, sheet, chapter or time; "" where the page number says it all


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph (or part of a long one, or a few tiny ones): the unit that is searched and cited."""

    id: int  # given by the catalog, never used again after removal; 0 before that
    text: str
    language: str  # ISO 639-1 where there is one ("zh", "en", "ja"), "und" where undecided
    source: Source

    @property
    def context(self) -> str:
        """What the page says about the passage from outside it: title, section, role and speaker."""
        source = self.source
        byline = " ".join(part for part in (source.role, source.speaker) if part)
        return "\n".join(part for part in (source.title, source.section, byline) if part)


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The states of one text's tokens, without special and prompt tokens.

    They are of the model's last layer, those of the bundled model of two layers (`rag.e5.graph`).

    Row i of `states` (t, d) float32, unit length, belongs to the token `token_ids[i]`, which covers the
    characters `spans[i, 0]` to `spans[i, 1]` (end exclusive, code points) of the text given to the encoder.
    Multi-vector models score markers and the like too: those cover none, so start and end are the same.
    """

    states: Float32
    spans: Int32
    token_ids: Int32


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the model made of n texts, in the order given.

    `vectors` is (n, d) float32, unit rows; `tokens` holds n entries.
    """

    vectors: Float32
    tokens: tuple[TokenStates, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which passages may answer: those that meet every condition that is not "". See `rag.filters`."""

    folder: str = ""  # the document's file stands in this folder or below it
    document: str = ""  # the document's key, or its path: then every record of that file
    format: str = ""  # the ending of the file's name, without the point: "pdf"
    language: str = ""  # Passage.language
    since: str = ""  # ISO 8601 day, month or year; documents that state no date do not meet it
    until: str = ""  # likewise; the last day of the month or year is within
    speaker: str = ""  # Source.speaker, white space and case aside
    section: str = ""  # a heading of the passage's section path, or several joined by SECTION_SEPARATOR
    hidden: str = ""  # the document's file does not stand below this folder, ...
    own: str = ""  # ... unless it stands below this one


@dataclass(frozen=True, slots=True)
class Channels:
    """Why a passage was chosen: the parts of its score, each standardised within the passage's language."""

    meaning: float  # one-vector similarity
    words: float  # BM25, after the gate
    interaction: float  # late interaction (MaxSim); 0 where the model gives no token states
    reranker: float | None = None  # the cross-encoder's logit; None where none read the passage


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage found, with the spans of its text that answer: `passage.text[start:end]` for each."""

    passage: Passage
    score: float
    rank: int  # 1-based
    highlights: tuple[tuple[int, int], ...]
    channels: Channels


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library says to one question; `hits` is filled also when `answerable` is false."""

    question: str
    answerable: bool
    confidence: float  # 0..1
    hits: tuple[Hit, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One line of the library's list of documents."""

    key: str
    path: str
    title: str
    language: str  # of most of its passages
    passages: int
    characters: int
    added_at: str  # ISO 8601, UTC
    id: str | None = None
    warnings: tuple[str, ...] = ()
    date: str = ""  # Document.date


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that could not be read, and why, in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one `index` run did, in documents unless named otherwise."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    passages: int = 0  # written in this run
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    warnings: tuple[Failure, ...] = ()  # read, but with doubts (an encoding, say)
    moved: int = 0  # the same content under another path
    vanished: tuple[str, ...] = ()  # files that are gone and whose documents are still in the library
    pruned: int = 0  # taken out because their files are gone


@dataclass(frozen=True, slots=True)
class Change:
    """One line of `rag watch`."""

    what: str  # "added", "updated", "moved", "removed", "vanished" or "failed"; "indexed" where many at once;
    # "watching" when it has caught up, "waiting" when the library cannot be written now
    path: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `doctor` found, and the command that mends it."""

    severity: str  # "ok", "warning", "error"
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is; sent to a `ProgressCallback` now and then."""

    stage: str  # "building the model", "reading", "indexing", "evaluating"
    done: int
    total: int  # 0 where unknown
    unit: str = ""
    note: str = ""


ProgressCallback: TypeAlias = Callable[[Progress], None]
