"""The bundled model's heads for late interaction: a token's states in three layers → one, ready to be coded.

`benchmarks.heads` fits them, on texts and their translations, and writes `heads.npz`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.records import Float32

HEADS_FILE = Path(__file__).parent / "heads.npz"


@dataclass(frozen=True, slots=True)
class Head:
    """`joined @ weights + bias`, brought to length 1; weights (layers × width, d), bias (d,)."""

    weights: Float32
    bias: Float32


@dataclass(frozen=True, slots=True)
class Heads:
    """One head for the tokens of passages, one for those of questions.

    Both read the unit states of `layers` (the first is 1), joined in that order. A passage's state has mean 0
    and like variance in every dimension, over texts of many languages: `rag.store.states` codes it as it is.
    """

    layers: tuple[int, ...]
    passage: Head
    question: Head

    @property
    def dimensions(self) -> int:
        """The dimensions d of a state."""
        return len(self.passage.bias)


def read_heads() -> Heads:
    """The heads that the package carries."""
    with np.load(HEADS_FILE, allow_pickle=False) as file:
        passage, question = (
            Head(file[f"{role}_weights"].astype(np.float32), file[f"{role}_bias"].astype(np.float32))
            for role in ("passage", "question")
        )
        return Heads(tuple(file["layers"].tolist()), passage, question)
