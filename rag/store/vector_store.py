"""What a search needs of a library, wherever that keeps its passages.

`rag.snapshot.Snapshot` is one in a folder, `rag.store.milvus.reader.MilvusStore` one on a server. The same
passages rank the same in both, whichever scores them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from rag.records import Document, DocumentInfo, Filters, Float32, Int64, Passage, TokenStates
from rag.store.reference import Background, Reference

Within: TypeAlias = Any  # some of a language's passages as the store's own `matching` gives them


class VectorStore(Protocol):
    """One state of a library; safe to read from several threads; close it when done.

    All that reads raises LibraryDamaged where what is kept is not what was written, and LibraryUnreachable
    where a server does not answer.
    """

    @property
    def generation(self) -> int:
        """A number that is another one after each change."""

    @property
    def is_current(self) -> bool:
        """Whether a store opened now would show the same state."""

    @property
    def languages(self) -> Mapping[str, int]:
        """The number of passages in each language, by language code."""

    def check_model(self, fingerprint: str) -> None:
        """Raise LibraryMismatch where the library was made with a model of another fingerprint."""

    def close(self) -> None:
        """Let the state go."""

    # --- search ---------------------------------------------------------------------------------------------

    def vector_search(
        self, vector: Float32, *, limit: int, language: str, within: Within | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages nearest to the unit vector (d,): ids (k,) and cosines (k,), best first."""

    def lexical_search(
        self, terms: Sequence[str], *, limit: int, language: str, within: Within | None = None
    ) -> tuple[Int64, Float32]:
        """The language's passages that hold any of the terms: ids (k,) and BM25 scores (k,), best first.

        k1 = 1.2, b = 0.75; the statistics are those of all the language's passages, whatever `within` says.
        """

    def document_frequency(self, term: str, language: str) -> int:
        """The number of the language's passages that hold the term."""

    def matching(self, filters: Filters) -> Mapping[str, Within]:
        """The passages that meet the filters, by language. Raises UsageError."""

    def background_sample(self, language: str, *, size: int) -> Background:
        """Up to `size` of the language's passages that look drawn at random."""

    def reference(self, language: str) -> Reference:
        """Paragraphs of that language about nothing in particular, encoded like the library's own."""

    # --- what is kept of a passage --------------------------------------------------------------------------

    def indexed_vectors(self, ids: Int64, *, language: str) -> Float32:
        """The vectors (n, d) of passages of one language, unit rows, in that order."""

    def project(self, states: Float32) -> Float32:
        """A question's token states (t, D) in the space of the stored ones: (t, d), unit rows."""

    def cosines(self, question: Float32, ids: Int64) -> tuple[Float32, Int64]:
        """(T, q) cosines of n passages' tokens with a projected question's (q, d), and offsets (n + 1,)."""

    def states(self, ids: Int64) -> list[TokenStates]:
        """Each passage's token states in the space of `project`; spans are into the text as encoded."""

    def passages(self, ids: Int64) -> list[Passage]:
        """The passages, in that order."""

    # --- documents ------------------------------------------------------------------------------------------

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What is in the library, ordered by the bytes of the keys."""

    def document_ranges(self) -> list[tuple[int, DocumentInfo]]:
        """The first passage's id and the document, for each that has passages, ascending."""

    def document(self, key: str) -> Document:
        """The document with its text, title and blocks. Raises UsageError where there is none of that key."""

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """One document's passages, in its order. Raises UsageError where there is none of that key."""
