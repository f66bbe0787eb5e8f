"""Bytes, texts and terms as the fields of a collection can hold them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.records import Int64

FIELD_BYTES = 65_535  # what Milvus lets a VARCHAR hold at most
NO_WORD = 0  # a dimension that no term has: a sparse vector must not be empty
TERM_IDS = (
    1 << 31
) - 1  # as many as an INT32 holds above 0: milvus-lite takes no negative number in a filter
_PIECE_BYTES = 48_000  # 64,000 in base64
_PLAIN, _PACKED = "=", "z"


def digest(*parts: str) -> str:
    """A name of 32 hexadecimal digits for these texts, lone surrogates and all."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "little") + data)
    return hashed.hexdigest()


def first_id(key: str, content: str) -> int:
    """The id of a document's first passage, 0 to 2**62: another one for each key and content.

    The same document written twice has the same ids. That two of d documents with n passages in all share an
    id has a chance of d × n / 2**62: 1 in 500 for ten million documents with a billion passages.
    """
    return int(digest("passages", key, content)[:16], 16) >> 2


def scrambled(ids: Int64) -> Int64:
    """A number from 0 to 2**63 - 1 for each id that looks random (splitmix64)."""
    mixed: NDArray[np.uint64] = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)


def term_id(term: str) -> int:
    """The dimension of a term, 1 to 2**31 - 2.

    Two terms share one with a chance of 1 in two billion: of a million passages about one is found by a word
    that it does not hold, once in a question.
    """
    hashed = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return 1 + int.from_bytes(hashed, "little") % (TERM_IDS - 1)


def ascii_path(path: str) -> str:
    """The path in characters that need no quoting in a filter; what is below a folder begins like it."""
    return quote(path.encode("utf-8", "surrogatepass"), safe="/")


def text_field(text: str) -> str:
    """The text as a field holds it: as it is where that is possible. Raises LibraryError where nothing is."""
    try:
        if len(text.encode()) < FIELD_BYTES:
            return _PLAIN + text
    except UnicodeEncodeError:
        pass
    packed = _PACKED + bytes_field(zlib.compress(text.encode("utf-8", "surrogatepass")))
    if len(packed) > FIELD_BYTES:
        raise LibraryError(
            f"a text of {len(text)} characters is too long for a field of Milvus, which holds "
            f"{FIELD_BYTES} bytes: keep its document in a library in a folder"
        )
    return packed


def text_of(field: str) -> str:
    """The text that `text_field` packed."""
    if field.startswith(_PLAIN):
        return field[1:]
    return zlib.decompress(field_bytes(field[1:])).decode("utf-8", "surrogatepass")


def bytes_field(data: bytes) -> str:
    """Bytes as text: fields of bytes there are none."""
    return base64.b64encode(data).decode()


def field_bytes(field: str) -> bytes:
    """The bytes that `bytes_field` packed."""
    return base64.b64decode(field)


def pieces(data: bytes) -> list[str]:
    """The data as fields, one after the other; at least one."""
    return [
        bytes_field(data[start : start + _PIECE_BYTES]) for start in range(0, max(len(data), 1), _PIECE_BYTES)
    ]


def joined(fields: Iterable[str]) -> bytes:
    """The data that `pieces` cut."""
    return b"".join(field_bytes(field) for field in fields)


def batches(items: Sequence[int], size: int) -> list[list[int]]:
    """The items, some at a time."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
