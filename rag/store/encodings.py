"""Encodings of passages kept outside any library, in one file, by model, codec and what the model reads.

What it gives is what was put in, or nothing: each row ends in a checksum, and a row that is not what was
written, a full disk or a locked file costs the time of encoding again and nothing else. Several processes may
use the file at once. A row holds the passage's tokens, so the text can be read from it: the file is the
user's to name and to delete.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np

from rag.errors import UsageError
from rag.records import Float32
from rag.store.catalog import StoredStates
from rag.store.files import PRIVATE_FILE, content_hash, make_private_folder
from rag.store.rows import is_sound, sealed, to_bytes

# One passage's vector (d,) and states, as a library keeps them.
Kept: TypeAlias = tuple[Float32, StoredStates]

_TABLE = "encodings"
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS {_TABLE} (key BLOB PRIMARY KEY, vector BLOB NOT NULL, codes BLOB NOT NULL, "
    "layout BLOB NOT NULL, checksum INTEGER NOT NULL)"
)
_BUSY_S = 10.0
_KEY_BYTES = 20
_IN_VAIN = (
    "encodings could not be taken from the file or kept in it; name another or delete it if this stays so"
)
_OURS_ALL_THE_SAME = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class EncodingCache:
    """The file at `path`, made where there is none; UsageError where it cannot be, or is another file."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.trouble = ""  # why something could not be read or written, one line
        try:
            make_private_folder(self.path.parent)
            self.path.touch(PRIVATE_FILE)
            with self._opened() as connection, connection:
                connection.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OURS_ALL_THE_SAME:
                self.trouble = f"{_IN_VAIN} ({error})"
                return
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"cannot keep encodings in {path}: {reason}; name a new file in a folder that can be written"
            ) from error

    def get(self, model: str, codec: bytes, texts: Sequence[str]) -> dict[str, Kept]:
        """What is kept of these texts for the model of this fingerprint and the codec's bytes, by text."""
        keys = {_key(model, codec, text): text for text in texts}
        found: dict[str, Kept] = {}
        for row in self._rows(list(keys)):
            if not is_sound(_TABLE, row):
                continue
            key, vector, codes, layout = row[:-1]
            found[keys[key]] = np.frombuffer(vector, "<f4").astype(np.float32), (codes, layout)
        return found

    def _rows(self, keys: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
        with self._forgiven(), self._opened() as connection:
            for key in keys:
                yield from connection.execute(f"SELECT * FROM {_TABLE} WHERE key = ?", (key,))

    def put(self, model: str, codec: bytes, encodings: Mapping[str, Kept]) -> None:
        """Keep these, by text; all or none."""
        rows: Iterable[tuple[object, ...]] = (
            sealed(_TABLE, _key(model, codec, text), vector.astype("<f4").tobytes(), codes, layout)
            for text, (vector, (codes, layout)) in encodings.items()
        )
        with self._forgiven(), self._opened() as connection, connection:
            connection.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?, ?)", rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
            yield connection

    @contextmanager
    def _forgiven(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self.trouble = f"{_IN_VAIN} ({error})"


def _key(model: str, codec: bytes, text: str) -> bytes:
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    for part in (model, content_hash(codec)):
        digest.update(to_bytes(part) + b"\0")
    digest.update(to_bytes(text))
    return digest.digest()
