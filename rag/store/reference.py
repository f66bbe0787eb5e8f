"""The package's sample of many languages as this library's model and codec see it.

It stands in for passages that answer nothing where the library has only a few in a language: what a question
scores against three Arabic paragraphs about nothing in particular says what an Arabic passage scores anyway.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.records import Float32, Int64
from rag.store.catalog import Catalog
from rag.store.states import StateCodec

_KEY = "reference"


@dataclass(frozen=True, slots=True)
class Background:
    """What the channels of passages that answer nothing in particular look like, in one language.

    `vectors` (n, d) and `states` (T, s) are unit rows; passage i owns the states `offsets[i]` to
    `offsets[i + 1]`.
    """

    vectors: Float32
    states: Float32
    offsets: Int64


@dataclass(frozen=True, slots=True)
class Reference:
    """Encoded paragraphs: `vectors` (n, d) and `states` (T, s) are unit rows, `languages` has n entries.

    Paragraph i owns the states `offsets[i]` to `offsets[i + 1]`.
    """

    languages: tuple[str, ...]
    vectors: Float32
    states: Float32
    offsets: Int64

    def of(self, language: str) -> Reference:
        """Its paragraphs in one language, in order; none where it has none."""
        chosen = [row for row, name in enumerate(self.languages) if name == language]
        lengths = np.diff(self.offsets)[chosen]
        states = [self.states[self.offsets[row] : self.offsets[row + 1]] for row in chosen]
        return Reference(
            languages=(language,) * len(chosen),
            vectors=self.vectors[chosen],
            states=np.concatenate([self.states[:0], *states]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        )


def reference_bytes(
    languages: Sequence[str], *, vectors: Float32, states: Sequence[Float32], codec: StateCodec | None
) -> bytes:
    """Encoded paragraphs as a library keeps them: `vectors` (n, d), n arrays of the model's states.

    Without a codec, as the model gives no states, the vectors alone are kept.
    """
    file = io.BytesIO()
    np.savez(
        file,
        languages=np.array(languages),
        vectors=vectors,
        codes=np.frombuffer(b"".join(codec.encode(each) for each in states) if codec else b"", np.uint8),
        offsets=np.cumsum([0, *(len(each) for each in states)]).astype(np.int64),
    )
    return file.getvalue()


def keep_reference(catalog: Catalog, data: bytes) -> None:
    """Keep what `reference_bytes` made with the library."""
    catalog.put_bytes(_KEY, data)


def has_reference(catalog: Catalog) -> bool:
    """Whether the library has its own."""
    return catalog.get_bytes(_KEY) is not None


def read_reference(catalog: Catalog, codec: StateCodec | None) -> Reference:
    """What `keep_reference` kept; nothing in a library without passages. Raises LibraryDamaged."""
    return reference_from_bytes(catalog.get_bytes(_KEY), codec)


def reference_from_bytes(stored: bytes | None, codec: StateCodec | None) -> Reference:
    """What `reference_bytes` made; nothing from nothing."""
    if stored is None:
        states = np.empty((0, codec.dimensions if codec else 0), np.float32)
        return Reference((), np.empty((0, 0), np.float32), states, np.zeros(1, np.int64))
    with np.load(io.BytesIO(stored), allow_pickle=False) as file:
        states = codec.decode(file["codes"].tobytes()) if codec else np.empty((0, 0), np.float32)
        return Reference(tuple(file["languages"].tolist()), file["vectors"], states, file["offsets"])
