"""From the bytes of a text file to its characters, decided by evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass

import charset_normalizer

from rag.errors import EncodingError, ReadError

_LINE_END = re.compile(r"\r\n?|[\v\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a file, its encoding, and what is doubtful about it, one line each."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, *, name: str) -> Decoded:
    """Return the characters of `data`, with line ends as "\\n".

    Raises:
        ReadError: `data` is not text.
        EncodingError: no encoding fits.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if b"\0" in data:
        raise ReadError(f"{name} is not a text file; leave it out, or convert it to text")
    try:
        return Decoded(clean(data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(data).best()
    if best is None:
        raise EncodingError(f"{name}: its character encoding cannot be told; save it as UTF-8")
    return Decoded(clean(str(best)), best.encoding, (f"read as {best.encoding}, which is a guess",))


def clean(text: str) -> str:
    """Return `text` with line ends as "\\n" and a space for each other control character."""
    return _CONTROL.sub(" ", _LINE_END.sub("\n", text))
