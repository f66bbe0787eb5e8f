"""Keys of servers: read from the environment, and taken out of what is shown, written or logged."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from rag.errors import GenerationError, RagError

MASK = "…"
SHORTEST = 8  # characters; a shorter key is a word such as "none" or "ollama", which an answer may hold
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.proxy", "httpcore.http11", "httpcore.http2")


def key_in(variable: str, error: type[RagError]) -> str:
    """The key in that variable, "" where none is set. Raises `error` where it cannot be sent."""
    key = os.environ.get(variable, "").strip()
    if any(not "!" <= character <= "~" for character in key):  # an HTTP client would show it in its own error
        raise error(f"{variable} holds characters that no key has (spaces, line ends); set it again")
    return key


def masked(text: str, key: str) -> str:
    """The text without the key, and without the beginning of it that the text may be cut at."""
    if not key:
        return text
    whole = text.replace(key, MASK)
    begun = _begun(whole, key)
    return whole[: len(whole) - begun] + MASK if begun >= SHORTEST else whole


def masked_pieces(pieces: Iterable[str], key: str) -> Iterator[str]:
    """The pieces without the key, also where it comes in several; "" where what came may be its beginning."""
    if len(key) < SHORTEST:
        yield from pieces
        return
    held = ""
    try:
        for piece in pieces:
            text = (held + piece).replace(key, MASK)
            begun = _begun(text, key)
            held = text[len(text) - begun :]
            yield text[: len(text) - begun]
    except GenerationError:
        yield masked(held, key)
        raise
    yield masked(held, key)


def _begun(text: str, key: str) -> int:
    """How many characters of the key, not all, the text ends with."""
    return next(
        (length for length in range(min(len(key) - 1, len(text)), 0, -1) if text.endswith(key[:length])), 0
    )


@contextmanager
def unlogged(key: str) -> Iterator[None]:
    """While it lasts, no record of the HTTP client holds the key: at DEBUG it logs the headers it gets."""
    if not key:
        yield
        return

    def without(record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if key in said:
            record.msg, record.args = said.replace(key, MASK), ()
        return True

    with ExitStack() as stack:
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.addFilter(without)
            stack.callback(logger.removeFilter, without)
        yield
