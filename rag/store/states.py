"""Token states in 64 bytes a token or less: a projection, a rotation and two or four bits a dimension.

States live, decoded, in *codec space*: mean subtracted, projected on the leading principal directions,
rotated at random so that every dimension carries the same share, unit length. Cosine there stands for cosine
between the states themselves.

Mean and directions decide about questions in another language. MaxSim nDCG@10 on XQuAD (half or less of the
questions, so compare only within one group):

| en | en→zh | zh→en | mean of, directions from, dimensions × bits |
|---|---|---|---|
| 98.5 | 91.1 | 89.0 | states as they are, float32 |
| 98.8 | 90.8 | 90.9 | all passages of the test, 384 × float32 |
| 98.1 | 90.1 | 90.3 | all passages of the test, 128 × 4 |
| 98.8 | 90.5 | 90.7 | all passages of the test, 256 × 2 |
| 98.3 | 79.3 | 84.0 | three Chinese passages, 128 × 4 |
|---|---|---|---|
| 98.1 | 89.4 | 89.2 | sample of 27 languages, 384 × float32 |
| 97.9 | 81.6 | 78.5 | sample, 128 × 4 |
| 98.1 | 87.9 | 86.4 | sample, 256 × 2 |
| 98.0 | 88.1 | 88.1 | sample, 384 dimensions in 64 bytes (Gaussian codebook of 256 × 6) |
| 97.9 | 87.8 | 87.4 | sample, 384 × 1 |
|---|---|---|---|
| 97.6 | 89.0 | 87.6 | sample, 384 × float32 |
| 97.7 | 87.1 | 85.2 | sample, within its languages, 256 × 2 |
| 98.0 | 88.4 | 86.0 | mean of the sample, directions of sample and first 128 passages, 256 × 2 |
| 98.3 | 88.7 | 86.9 | mean of the sample, directions of the first 128 passages, 256 × 2 |

Hence: the mean of a sample of many languages, so that a library of one language can grow into others;
directions from that sample and the library's first passages, within each language, since what tells languages
apart tells no passages apart; many dimensions with two bits rather than few with four.

States that are made to be coded (`rag.e5.heads`) need none of this: 192 × 2 bits of them as they are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.records import Float32, Int32, Int64, TokenStates

CODEC_VERSION = 2
BYTES_PER_TOKEN = 64  # at most
_KEPT_WHOLE = 32  # so few dimensions are kept as float16: 64 bytes as well
_BLOCK = 128  # tokens; an eighth of a megabyte of float32
_ROTATION_SEED = 20_240_229
# Lloyd-Max levels of a standard normal distribution, positive half, by bits (J. Max, 1960, table I).
_LEVELS = {
    2: (0.4528, 1.5104),
    4: (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326),
}


@dataclass(frozen=True, slots=True)
class StateCodec:
    """How one library writes token states; fitted once, kept in its catalog, never changed by growth.

    `mean` is (D,); `basis` is (D, d) with orthonormal columns; `levels` holds the 4 or 16 values that a
    dimension can take, ascending. Without levels the d = D dimensions are kept as float16.
    """

    mean: Float32
    basis: Float32
    levels: Float32

    @property
    def dimensions(self) -> int:
        """The dimensions d of a decoded state."""
        return int(self.basis.shape[1])

    @property
    def bytes_per_token(self) -> int:
        """The bytes of one token's code, 64 at most."""
        return -(-self.dimensions // self._per_byte) if self.levels.size else 2 * self.dimensions

    @property
    def _per_byte(self) -> int:
        """The dimensions that share a byte."""
        return 2 if self.levels.size == 16 else 4

    def project(self, states: Float32) -> Float32:
        """The states (t, D) in codec space: (t, d), unit rows. A question's states are compared there."""
        return _unit_rows(np.asarray((states - self.mean) @ self.basis, np.float32))

    def encode(self, states: Float32) -> bytes:
        """The codes of states (t, D), `bytes_per_token` each, in token order."""
        projected = self.project(states)
        if not self.levels.size:
            return projected.astype("<f2").tobytes()
        borders = (self.levels[1:] + self.levels[:-1]) / 2
        cells = np.zeros((len(states), self.bytes_per_token * self._per_byte), np.uint8)
        cells[:, : self.dimensions] = np.searchsorted(borders, projected)
        codes = np.zeros((len(states), self.bytes_per_token), np.uint8)
        for place in range(self._per_byte):
            codes |= cells[:, place :: self._per_byte] << (place * (8 // self._per_byte))
        return codes.tobytes()

    def decode(self, codes: bytes) -> Float32:
        """The states (t, d) in codec space, unit rows, of codes made by `encode`."""
        if not self.levels.size:
            halves = np.frombuffer(codes, "<f2").reshape(-1, self.dimensions)
            return _unit_rows(halves.astype(np.float32))
        values = self._values().take(np.frombuffer(codes, np.uint8), axis=0)
        return _unit_rows(values.reshape(-1, self.bytes_per_token * self._per_byte)[:, : self.dimensions])

    def cosines(self, question: Float32, codes: bytes) -> Float32:
        """(t, q) cosines of coded tokens with a question's tokens (q, d), which `project` has made.

        What `decode(codes) @ question.T` gives, in blocks that stay in the processor's cache.
        """
        if not self.levels.size:
            return self.decode(codes) @ question.T
        rows = np.frombuffer(codes, np.uint8).reshape(-1, self.bytes_per_token)
        values = self._values()
        padded = np.zeros((values.shape[1] * self.bytes_per_token, len(question)), np.float32)
        padded[: self.dimensions] = question.T
        result = np.empty((len(rows), len(question)), np.float32)
        squares = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            block = values.take(rows[part], axis=0).reshape(-1, len(padded))
            np.matmul(block, padded, out=result[part])
            np.einsum("td,td->t", block, block, out=squares[part])
        padding = len(padded) - self.dimensions  # written as level 0
        squares -= padding * self.levels[0] ** 2
        result /= np.sqrt(np.maximum(squares, np.float32(1e-24)))[:, None]
        return result

    def _values(self) -> Float32:
        """For each byte the values of the dimensions that it holds: (256, per byte)."""
        bits = 8 // self._per_byte
        places = np.arange(self._per_byte) * bits
        cells = (np.arange(256)[:, None] >> places) & (self.levels.size - 1)
        return np.asarray(self.levels[cells], np.float32)

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


def ready_codec(dimensions: int) -> StateCodec:
    """The codec for states that are made for it: of mean 0, with like spread in every dimension."""
    bits = _bits(dimensions)
    if dimensions * bits > BYTES_PER_TOKEN * 8:
        raise ValueError(f"{dimensions} dimensions do not fit {BYTES_PER_TOKEN} bytes a token")
    nothing = np.zeros(dimensions, np.float32)
    return StateCodec(nothing, np.eye(dimensions, dtype=np.float32), _levels(bits, dimensions))


def _bits(dimensions: int) -> int:
    return 4 if dimensions <= 2 * BYTES_PER_TOKEN else 2


def _levels(bits: int, dimensions: int) -> Float32:
    """The values that a dimension of a unit state can take."""
    half = np.array(_LEVELS[bits])
    return np.asarray(np.concatenate([-half[::-1], half]) / np.sqrt(dimensions), np.float32)


def fit_codec(sample: Sequence[Float32], own: Sequence[Float32], *, centred: bool = True) -> StateCodec:
    """The codec for states like these: each entry (t, D) is of one language; `sample` may be empty.

    The mean is that of the sample's languages, or of `own` without a sample; the directions are those along
    which tokens of one language differ, half from the sample and half from `own`. Without `centred` the mean
    is 0, and cosines stay those that a multi-vector model was trained for.
    """
    sample, own = ([states for states in part if len(states)] for part in (sample, own))
    dimensions = own[0].shape[1]
    if dimensions <= _KEPT_WHOLE:
        nothing = np.empty(0, np.float32)
        return StateCodec(np.zeros(dimensions, np.float32), np.eye(dimensions, dtype=np.float32), nothing)
    means = [states.mean(axis=0, dtype=np.float64) for states in sample or own]
    mean = np.mean(means, axis=0) if centred else np.zeros(dimensions)
    spread = np.zeros((dimensions, dimensions))
    for part in (sample, own):
        for states in part:  # one at a time: of 4096 dimensions each takes 134 MB
            spread += _covariance(states, centred=centred) / len(part)
    bits = _bits(dimensions)
    kept = min(dimensions, BYTES_PER_TOKEN * 8 // bits)
    _, directions = np.linalg.eigh(spread)  # ascending
    rotation, _ = np.linalg.qr(np.random.default_rng(_ROTATION_SEED).standard_normal((kept, kept)))
    basis = directions[:, ::-1][:, :kept] @ rotation
    return StateCodec(mean.astype(np.float32), basis.astype(np.float32), _levels(bits, kept))


def _covariance(states: Float32, *, centred: bool) -> NDArray[np.float64]:
    """(D, D), of states (t, D) about their mean, or about 0."""
    rest = states - (states.mean(axis=0, dtype=np.float64) if centred else 0.0)
    return np.asarray(rest.T @ rest / len(states), np.float64)


def _unit_rows(rows: Float32) -> Float32:
    """The same rows, brought to length 1; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows *= np.reciprocal(np.maximum(lengths, np.float32(1e-12)))[:, None]  # in place: the copy costs most
    return rows


def sample_texts() -> dict[str, list[str]]:
    """The package's sample: language -> some short paragraphs in it, written for this project."""
    texts: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "codec_sample.tsv").read_text("utf-8").splitlines():
        language, text = line.split("\t")
        texts.setdefault(language, []).append(text)
    return texts


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


def batch_cosines(
    codec: StateCodec | None, question: Float32, codes: Sequence[bytes]
) -> tuple[Float32, Int64]:
    """(T, q) cosines of n passages' coded tokens with a projected question's (q, d), and offsets (n + 1,).

    Passage i's are the rows `offsets[i]` to `offsets[i + 1]`; without a codec there are none.
    """
    if codec is None:
        return np.empty((0, len(question)), np.float32), np.zeros(len(codes) + 1, np.int64)
    counts = [len(each) // codec.bytes_per_token for each in codes]
    return codec.cosines(question, b"".join(codes)), np.cumsum([0, *counts])


def token_states(codec: StateCodec | None, rows: Sequence[tuple[bytes, bytes]]) -> list[TokenStates]:
    """The token states of n rows of (codes, layout), decoded; empty ones without a codec."""
    if codec is None:
        nothing = np.empty((0, 0), np.float32)
        return [TokenStates(nothing, decode_spans(each, 0), decode_token_ids(each, 0)) for _, each in rows]
    states, offsets = decode_batch(codec, rows)
    cuts = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    return [
        TokenStates(
            states[start:end], decode_spans(layout, end - start), decode_token_ids(layout, end - start)
        )
        for (_, layout), (start, end) in zip(rows, cuts, strict=True)
    ]


def decode_batch(codec: StateCodec, rows: Sequence[tuple[bytes, bytes]]) -> tuple[Float32, Int64]:
    """States (T, d) and offsets (n + 1,) of n rows of (codes, layout), one after the other.

    Row i's tokens are `states[offsets[i]:offsets[i + 1]]`.
    """
    counts = [len(codes) // codec.bytes_per_token for codes, _ in rows]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return codec.decode(b"".join(codes for codes, _ in rows)), offsets
