"""The conversations that a library keeps: each turn as it was read and answered, by whom, in one SQLite file.

The file lies in the library's folder, closed to other users, and is no part of the catalog's truth: without
it the library is whole. A turn is there as a whole or not at all, after a crash too. One person's
conversations are never another's: every function asks for the `user` ("" where nobody signs in).
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.chat.conversation import Conversation, Reading, Turn
from rag.errors import HistoryError
from rag.records import Answer, Channels, Hit, Passage, Source
from rag.written import Quote, Reason, Status, Verdict, Written

FILE = "history.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    key TEXT PRIMARY KEY, user TEXT NOT NULL, started_at TEXT NOT NULL, changed_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL, asked TEXT NOT NULL, folded TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (conversation, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_of ON conversations (user, changed_at);
"""
_WAIT_S = 5.0  # for another process that writes
_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation in the list of them."""

    key: str
    title: str  # its first question
    turns: int
    changed_at: str  # ISO 8601, UTC


class History:
    """The conversations kept in one library's folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def keep(self, key: str, conversation: Conversation, user: str) -> str:
        """Write the conversation in the place of the one under `key`; its key, a new one where there is none.

        A key of another user's is not written to: the conversation gets a new one.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._opened() as database, database:
            key = key if self._owned(database, key, user) else secrets.token_hex(_KEY_BYTES)
            database.execute(
                "INSERT INTO conversations VALUES (?1, ?2, ?3, ?3) "
                "ON CONFLICT (key) DO UPDATE SET changed_at = ?3",
                (key, user, now),
            )
            database.execute("DELETE FROM turns WHERE conversation = ?", (key,))
            database.executemany(
                "INSERT INTO turns VALUES (?, ?, ?, ?, ?)",
                [
                    (key, number, _storable(turn.asked), _folded(_words_of(turn)), turn_record(turn))
                    for number, turn in enumerate(conversation.turns)
                ],
            )
        return key

    def conversation(self, key: str, user: str) -> Conversation:
        """The conversation under `key`; one without turns where the user has none there."""
        if not self._path.exists():
            return Conversation()
        with self._opened() as database:
            if not self._owned(database, key, user):
                return Conversation()
            rows = database.execute("SELECT record FROM turns WHERE conversation = ? ORDER BY number", (key,))
            return Conversation(tuple(turn_of(record) for (record,) in rows.fetchall()))

    def talks(self, user: str, *, wanted: str = "", limit: int = 100) -> tuple[Talk, ...]:
        """The user's conversations, the newest first; those that hold all of `wanted`'s words."""
        if not self._path.exists():
            return ()
        needles = _folded(wanted).split()
        holds = "".join(
            " AND EXISTS (SELECT 1 FROM turns WHERE conversation = key AND instr(folded, ?))" for _ in needles
        )
        with self._opened() as database:
            rows = database.execute(
                "SELECT key, (SELECT asked FROM turns WHERE conversation = key ORDER BY number LIMIT 1), "
                "(SELECT count(*) FROM turns WHERE conversation = key), changed_at "
                f"FROM conversations WHERE user = ?{holds} ORDER BY changed_at DESC, key LIMIT ?",
                (user, *needles, limit),
            )
            return tuple(Talk(key, title or "", turns, at) for key, title, turns, at in rows.fetchall())

    def forget(self, key: str, user: str) -> bool:
        """Delete the conversation under `key`; whether the user had one there."""
        if not self._path.exists():
            return False
        with self._opened() as database, database:
            gone = database.execute("DELETE FROM conversations WHERE key = ? AND user = ?", (key, user))
            return gone.rowcount > 0

    @staticmethod
    def _owned(database: sqlite3.Connection, key: str, user: str) -> bool:
        row = database.execute("SELECT 1 FROM conversations WHERE key = ? AND user = ?", (key, user))
        return row.fetchone() is not None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connected() as database:
                yield database
        except (OSError, sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise HistoryError(
                f"the conversations in {self._path} cannot be read or written: {error}; the library is "
                "whole; if this stays, move that file away and a new one is begun"
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():  # made first, so that it is never open to others
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self._path, timeout=_WAIT_S)) as database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA secure_delete = ON")  # what is deleted leaves nothing in the file
            database.executescript(_SCHEMA)
            yield database


def turn_record(turn: Turn) -> str:
    """The JSON form in which a turn is kept."""
    return json.dumps(asdict(turn), ensure_ascii=True)  # lone surrogates too


def turn_of(record: str) -> Turn:
    """The turn whose JSON form this is. Raises ValueError, KeyError or TypeError where it is none."""
    data: dict[str, Any] = json.loads(record)
    answer = data["answer"]
    return Turn(
        asked=data["asked"],
        reading=Reading(**data["reading"]),
        answer=Answer(**{**answer, "hits": tuple(_hit_of(hit) for hit in answer["hits"])}),
        written=_written_of(data["written"]) if data.get("written") else None,  # an older record has none
    )


def _written_of(data: dict[str, Any]) -> Written:
    parts = {
        "status": Status(data["status"]),
        "verdicts": tuple(_verdict_of(verdict) for verdict in data["verdicts"]),
        "quotes": tuple(Quote(**quote) for quote in data["quotes"]),
    }
    return Written(**{**data, **parts})


def _verdict_of(data: dict[str, Any]) -> Verdict:
    lists = {name: tuple(data[name]) for name in ("citations", "dropped", "missing")}
    return Verdict(**{**data, **lists, "reason": Reason(data["reason"])})


def _hit_of(data: dict[str, Any]) -> Hit:
    passage = data["passage"]
    return Hit(
        passage=Passage(**{**passage, "source": Source(**passage["source"])}),
        score=data["score"],
        rank=data["rank"],
        highlights=tuple((int(start), int(end)) for start, end in data["highlights"]),
        channels=Channels(**data["channels"]),
    )


def _words_of(turn: Turn) -> str:
    """What a turn is found by: its question, as asked and as read, what was quoted and written."""
    parts: Sequence[str] = (turn.asked, turn.reading.text)
    for hit in turn.quoted:
        passage = hit.passage
        parts = (*parts, passage.text, passage.source.document.rpartition("/")[2], passage.context)
    if turn.written is not None:
        parts = (*parts, turn.written.text)
    return "\n".join(parts)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", _storable(text)).casefold()


def _storable(text: str) -> str:
    """The text without lone surrogates, which SQLite refuses, and without NUL, at which it stops."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
