"""BEIR `corpus.jsonl`: each line one document, `{"_id", "title", "text"}`; read a line at a time.

A line that is no such object is left out, and the document before or after it carries the warning; a file in
which no line is one is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from rag.decoding import clean, doubts
from rag.errors import ReadError
from rag.readers.file import check_file
from rag.records import Document

MAX_LINE_BYTES = 16 << 20  # a longer line is no passage collection; it would be held in memory whole
_MAX_REPORTED = 10  # broken lines named one by one, in a file


def read_corpus(path: Path) -> Iterator[Document]:
    """Yield one document for each line that is not blank, in file order.

    Raises:
        ReadError: the file cannot be read, or no line of it is such an object; raised at the first `next`.
    """
    check_file(path)
    broken: list[str] = []
    reported = 0
    waiting: Document | None = None  # held back, so that the last one can carry what follows it
    for found in _lines(path):
        if isinstance(found, str):
            broken.append(found)
            continue
        if waiting is not None:
            yield waiting
        waiting = _with_warnings(found, broken, already=reported)
        reported += len(broken)
        broken = []
    if waiting is None:
        reason = broken[0] if broken else "all lines are blank"
        raise ReadError(f'{path.as_posix()}: {reason}; each line must be {{"_id", "title", "text"}}')
    yield _with_warnings(waiting, broken, already=reported)


def _lines(path: Path) -> Iterator[Document | str]:
    """Yield for each line that is not blank its document, or what is wrong with it."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _skip_line(file)
                    yield f"line {number} has more than {MAX_LINE_BYTES >> 20} MB and was left out"
                elif line.strip():
                    yield _document(path, line, number)
    except OSError as error:
        raise ReadError(f"{path.as_posix()}: {error.strerror or error}; check its permissions") from error


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _document(path: Path, line: bytes, number: int) -> Document | str:
    try:
        record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return f"line {number} is not UTF-8 and was left out"
    except (ValueError, RecursionError):
        return f"line {number} is not JSON and was left out"
    if not isinstance(record, dict) or "_id" not in record or not isinstance(record.get("text"), str):
        return f"line {number} has no _id or no text and was left out"
    title = record.get("title") or ""
    text = record["text"] if record["text"].strip() else title
    if not isinstance(title, str) or not text.strip():
        return f"line {number} has an empty text and was left out"
    return Document(
        path=path.as_posix(),
        title=clean(title).strip(),
        text=clean(text),
        id=clean(str(record["_id"])),
        warnings=tuple(f"line {number}: {doubt}" for doubt in doubts(title + text)),
    )


def _with_warnings(document: Document, broken: list[str], *, already: int) -> Document:
    """Return `document` with the broken lines as warnings, the first `_MAX_REPORTED` of a file by name."""
    if not broken:
        return document
    named = broken[: max(_MAX_REPORTED - already, 0)]
    rest = len(broken) - len(named)
    more = (f"{rest} more lines were left out",) if rest else ()
    return replace(document, warnings=document.warnings + tuple(named) + more)
