"""Bytes of a chat endpoint -> pieces of text, whatever form they come in; bounded, and it believes nothing.

The form is told by the first bytes, not by the content type, which servers get wrong: `data:` lines
(server-sent events, one chunk of the answer each) or one JSON object (the whole answer, not streamed).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from rag.errors import GenerationError
from rag.secret import masked

MAX_LINE = 1 << 20  # bytes of one line, or of one answer that is not streamed
MAX_MESSAGE = 200  # characters of a server's own words that are shown
_EVENT_FIELDS = (b"data", b"event", b"id", b"retry", b":")


class Ended(GenerationError):
    """The text that came is all there will be, though the model had not come to its end."""


def text_pieces(chunks: Iterable[bytes], key: str = "") -> Iterator[str]:
    """The text of the answer as it comes; "" for a chunk without any, which still says that the server lives.

    Raises GenerationError, without `key` in it, where the bytes are no answer, or stop before its end.
    """
    lines = _lines(chunks)
    first = next((line for line in lines if line.strip()), b"")
    if first.lstrip().startswith(b"{"):
        yield _whole_answer(first, lines, key)
    elif first.startswith(_EVENT_FIELDS):
        yield from _streamed(first, lines, key)
    elif first:
        raise GenerationError(
            f"it sent what is no chat answer (“{shown(first, key)}”): is the address complete, with its /v1?"
        )
    else:
        raise GenerationError("it sent an empty answer")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, of either kind, and what stands after the last one."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        if b"\n" in chunk:
            *whole, rest = bytes(kept).split(b"\n")
            kept = bytearray(rest)
            for line in whole:
                yield line.removesuffix(b"\r")
        if len(kept) > MAX_LINE:
            raise GenerationError(f"it sent a line of more than {MAX_LINE >> 20} MB")
    if kept:
        yield bytes(kept)


def _streamed(first: bytes, lines: Iterable[bytes], key: str) -> Iterator[str]:
    finish = None
    for line in chain((first,), lines):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            _complain_of(finish)
            return
        text, reason = _chunk(_object(data, key))
        finish = reason or finish
        yield text
    if finish is None:
        raise GenerationError("it closed the connection in the middle of the answer")
    _complain_of(finish)


def _whole_answer(first: bytes, lines: Iterable[bytes], key: str) -> str:
    body, size = [first], len(first)
    for line in lines:
        body.append(line)
        size += len(line)
        if size > MAX_LINE:
            raise GenerationError(f"it sent an answer of more than {MAX_LINE >> 20} MB")
    choice = _choice(_object(b"\n".join(body), key))
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str):
        raise GenerationError("it sent an answer without a text")
    return content


def _object(data: bytes, key: str) -> dict[str, Any]:
    """One JSON object of the protocol; an error that it carries is raised."""
    try:
        record = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise GenerationError(f"it sent broken JSON (“{shown(data, key)}”)") from error
    if not isinstance(record, dict):
        raise GenerationError(f"it sent what is no chat answer (“{shown(data, key)}”)")
    if record.get("error"):
        raise GenerationError(f"it says: {error_message(record, key)}")
    return record


def _choice(record: dict[str, Any]) -> dict[str, Any]:
    """The first choice, {} where a chunk carries none (counts of tokens at the end)."""
    choices = record.get("choices")
    if not isinstance(choices, list):
        raise GenerationError("it sent JSON that is no chat answer (no “choices”)")
    return choices[0] if choices and isinstance(choices[0], dict) else {}


def _chunk(record: dict[str, Any]) -> tuple[str, str | None]:
    """The text of one chunk, and why the model stopped, where it has."""
    choice = _choice(record)
    delta = choice.get("delta")
    content = delta.get("content") if isinstance(delta, dict) else None
    reason = choice.get("finish_reason")
    return content if isinstance(content, str) else "", reason if isinstance(reason, str) else None


def _complain_of(finish: str | None) -> None:
    if finish == "length":
        raise Ended("the model came to the end of its context, so the answer is cut")
    if finish == "content_filter":
        raise Ended("the endpoint's filter cut the answer")


def error_message(record: object, key: str) -> str:
    """What a server says is wrong, one short line; "" where it says nothing."""
    error = record.get("error") if isinstance(record, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    if error is None and isinstance(record, dict):
        error = record.get("message") or record.get("detail")
    return shown(error, key) if isinstance(error, str) else ""


def shown(text: str | bytes, key: str) -> str:
    """A server's words as one short printable line without the key."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    said = masked(decoded, key)[: MAX_MESSAGE * 4]  # before any cut: half a key is most of one
    line = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return line if len(line) <= MAX_MESSAGE else line[:MAX_MESSAGE] + "…"
