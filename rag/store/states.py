"""Token states in 64 bytes a token or less: a projection, a rotation and four bits a dimension.

States live, decoded, in *codec space*: mean subtracted (the same from question and passage: from one side
only it ruins the ranking), projected on the leading principal directions, rotated at random so that every
dimension carries the same share, unit length. Cosine there stands for cosine between the states themselves.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.records import Float32, Int32, Int64, TokenStates

CODEC_VERSION = 1
MAX_CODE_DIMENSIONS = 128  # 4 bits each: 64 bytes a token
_KEPT_WHOLE = 32  # so few dimensions are kept as float16: 64 bytes as well
_ROTATION_SEED = 20_240_229
# Lloyd-Max levels of a standard normal distribution for 16 cells (J. Max, 1960, table I), positive half.
_LEVELS = (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326)

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class StateCodec:
    """How this library writes token states; fitted once, kept in the catalog, never changed by growth.

    `mean` is (D,), `basis` (D, d) with orthonormal columns, `levels` the 16 values of a code in units of
    1/sqrt(d). Without levels the d = D dimensions are kept as float16.
    """

    mean: Float32
    basis: Float32
    levels: Float32

    @property
    def dimensions(self) -> int:
        """The dimensions of a decoded state."""
        return int(self.basis.shape[1])

    @property
    def bytes_per_token(self) -> int:
        """The bytes of one token's code, 64 at most."""
        return (self.dimensions + 1) // 2 if self.levels.size else 2 * self.dimensions

    def project(self, states: Float32) -> Float32:
        """The states (t, D) in codec space: (t, d), unit rows. A question's states are compared there."""
        return _unit_rows(np.asarray((states - self.mean) @ self.basis, np.float32))

    def encode(self, states: Float32) -> bytes:
        """The codes of states (t, D), `bytes_per_token` each, in token order."""
        projected = self.project(states)
        if not self.levels.size:
            return projected.astype("<f2").tobytes()
        borders = (self.levels[1:] + self.levels[:-1]) / 2 / np.float32(np.sqrt(self.dimensions))
        cells = np.searchsorted(borders, projected).astype(np.uint8)
        if self.dimensions % 2:
            cells = np.pad(cells, ((0, 0), (0, 1)))
        return (cells[:, 0::2] | (cells[:, 1::2] << 4)).tobytes()

    def decode(self, codes: bytes) -> Float32:
        """The states (t, d) in codec space, unit rows, of codes made by `encode`."""
        if not self.levels.size:
            halves = np.frombuffer(codes, "<f2").reshape(-1, self.dimensions)
            return _unit_rows(halves.astype(np.float32))
        packed = np.frombuffer(codes, np.uint8)
        pairs = self._pairs().take(packed).view(np.float32).reshape(-1, 2 * self.bytes_per_token)
        return _unit_rows(pairs[:, : self.dimensions])

    def _pairs(self) -> NDArray[np.complex64]:
        """The two values of each byte, low half first, as one complex number: one look-up a byte."""
        byte = np.arange(256)
        levels = self.levels / np.float32(np.sqrt(self.dimensions))
        pairs = np.stack([levels[byte & 15], levels[byte >> 4]], axis=1)
        return np.ascontiguousarray(pairs).view(np.complex64)[:, 0]

    def to_bytes(self) -> bytes:
        """The codec as it stands in the catalog."""
        file = io.BytesIO()
        np.savez(file, version=np.int64(CODEC_VERSION), mean=self.mean, basis=self.basis, levels=self.levels)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> StateCodec:
        """The codec that `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return cls(file["mean"], file["basis"], file["levels"])


def fit_codec(states: Float32) -> StateCodec:
    """The codec for states like these (t, D); any t will do, thousands in many languages do best."""
    dimensions = states.shape[1]
    if dimensions <= _KEPT_WHOLE:
        return StateCodec(
            np.zeros(dimensions, np.float32), np.eye(dimensions, dtype=np.float32), np.empty(0, np.float32)
        )
    mean = states.mean(axis=0, dtype=np.float64)
    centred = states - mean
    _, directions = np.linalg.eigh(centred.T @ centred)  # ascending
    leading = directions[:, ::-1][:, :MAX_CODE_DIMENSIONS]
    kept = leading.shape[1]
    rotation, _ = np.linalg.qr(np.random.default_rng(_ROTATION_SEED).standard_normal((kept, kept)))
    half = np.array(_LEVELS, np.float32)
    levels = np.concatenate([-half[::-1], half])
    return StateCodec(mean.astype(np.float32), (leading @ rotation).astype(np.float32), levels)


def _unit_rows(rows: Float32) -> Float32:
    """The rows at length 1; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


def encode_layout(tokens: TokenStates) -> bytes:
    """Token ids and spans in about five bytes a token: widths, then ids, gaps from end to start, lengths."""
    spans = tokens.spans.astype(np.int64)
    gaps = spans[:, 0] - np.concatenate([[0], spans[:-1, 1]])
    columns = (tokens.token_ids.astype(np.int64), gaps, spans[:, 1] - spans[:, 0])
    widths = [_width(column) for column in columns]
    return bytes(widths) + b"".join(
        _pack(column, width) for column, width in zip(columns, widths, strict=True)
    )


def decode_token_ids(layout: bytes, count: int) -> Int32:
    """The ids (t,) of the `count` tokens of a layout."""
    return _unpack(layout[3:], count, layout[0]).astype(np.int32)


def decode_spans(layout: bytes, count: int) -> Int32:
    """The spans (t, 2) of the `count` tokens of a layout: start and end in code points."""
    ids_width, gap_width, length_width = layout[:3]
    place = 3 + ids_width * count
    gaps = _unpack(layout[place:], count, gap_width)
    lengths = _unpack(layout[place + gap_width * count :], count, length_width)
    ends = np.cumsum(gaps + lengths)
    return np.stack([ends - lengths, ends], axis=1).astype(np.int32)


def _width(column: Int64) -> int:
    """The bytes that hold every value of the column, signed."""
    reach = int(max(column.max(initial=0), -column.min(initial=0) - 1))
    return (reach.bit_length() + 8) // 8


def _pack(column: Int64, width: int) -> bytes:
    return column.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()


def _unpack(data: bytes, count: int, width: int) -> Int64:
    """The first `count` little-endian signed numbers of `width` bytes each."""
    raw = np.frombuffer(data, np.uint8, count * width).reshape(count, width)
    whole = np.zeros((count, 8), np.uint8)
    whole[:, :width] = raw
    whole[:, width:] = np.where(raw[:, -1:] & 0x80, 255, 0)
    return whole.view("<i8").reshape(count).astype(np.int64)


def decode_batch(codec: StateCodec, rows: Sequence[tuple[bytes, bytes]]) -> tuple[Float32, Int64, Int32]:
    """States (T, d), offsets (n + 1,) and token ids (T,) of n rows of (codes, layout), one after the other.

    Row i's tokens are `states[offsets[i]:offsets[i + 1]]`.
    """
    counts = [len(codes) // codec.bytes_per_token for codes, _ in rows]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    states = codec.decode(b"".join(codes for codes, _ in rows))
    ids = [decode_token_ids(layout, count) for (_, layout), count in zip(rows, counts, strict=True)]
    return states, offsets, np.concatenate(ids) if ids else np.empty(0, np.int32)
