"""Token states to one vector, where a graph gives token states only."""

from __future__ import annotations

import numpy as np

from rag.records import Float32, Int64

POOLINGS = frozenset({"mean", "cls", "lasttoken", "max"})  # as sentence-transformers names them


def pooled(states: Float32, mask: Int64, *, mode: str) -> Float32:
    """One vector (n, d) a text from its token states (n, t, d), up to its length, where `mask` (n, t) is 1.

    Texts begin at the first token. `mode` is one of `POOLINGS`.
    """
    if mode == "cls":
        return np.array(states[:, 0])
    if mode == "lasttoken":
        return np.array(states[np.arange(len(states)), mask.sum(axis=1) - 1])
    if mode == "max":
        hidden = np.where(mask[:, :, None] == 1, states, -np.inf)
        return np.array(hidden.max(axis=1), np.float32)
    if mode == "mean":
        return np.array(
            np.einsum("ntd,nt->nd", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
        )
    raise ValueError(f"pooling {mode!r}: one of {sorted(POOLINGS)} expected")


def unit_rows(rows: Float32) -> Float32:
    """The rows at length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.array(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
