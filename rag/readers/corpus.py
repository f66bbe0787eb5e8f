"""JSONL, line by line: each a document, of BEIR's form `{"_id", "title", "text"}` or any other record.

A line that holds no text is left out, and the document before or after it carries the warning; a file in
which no line is a record is read as plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from rag.decoding import clean, doubts
from rag.errors import ReadError
from rag.readers.fields import record_document
from rag.readers.file import File, check_file, opened
from rag.readers.text import read_text
from rag.records import Document

MAX_LINE_BYTES = 16 << 20  # a longer line is no passage collection; it would be held in memory whole
_MAX_REPORTED = 10  # broken lines named one by one, in a file


def read_corpus(path: File) -> Iterator[Document]:
    """Yield one document for each line that is not blank, in file order.

    Raises:
        ReadError: the file cannot be read, or holds no text; raised at the first `next`.
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
    if waiting is not None:
        yield _with_warnings(waiting, broken, already=reported)
        return
    if any("has more than" in line for line in broken):
        raise ReadError(f"{path.as_posix()}: {broken[0]}; no other line is a record")
    for document in read_text(path):
        doubt = f"{broken[0]}, as all others were: read as plain text" if broken else ""
        yield replace(document, warnings=(*document.warnings, *filter(None, (doubt,))))


def _lines(path: File) -> Iterator[Document | str]:
    """Yield for each line that is not blank its document, or what is wrong with it."""
    taken: set[int] = set()  # hashes of the ids of other records, which need not differ
    with opened(path) as file:
        try:
            number = 0
            while line := file.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    _skip_line(file)
                    yield f"line {number} has more than {MAX_LINE_BYTES >> 20} MB and was left out"
                elif line.strip():
                    yield _document(path, line, number, taken)
        except OSError as error:
            raise ReadError(f"{path.as_posix()}: {error.strerror or error}; check its permissions") from error


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _document(path: File, line: bytes, number: int, taken: set[int]) -> Document | str:
    try:
        record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return f"line {number} is not UTF-8 and was left out"
    except (ValueError, RecursionError):
        return f"line {number} is not JSON and was left out"
    is_passage = isinstance(record, dict) and "_id" in record and isinstance(record.get("text"), str)
    if is_passage and isinstance(record.get("title") or "", str):
        return _passage(path, record, number)
    document = record_document(path, record, f"line {number}")
    if document is not None and hash(document.id) in taken:
        document = record_document(path, record, f"line {number}", own_id=False)
    if document is None:
        return f"line {number} holds no text and was left out"
    taken.add(hash(document.id))
    return document


def _passage(path: File, record: dict[str, str], number: int) -> Document | str:
    """The document of a line in BEIR's form, which is its text and nothing else."""
    title = record.get("title") or ""
    text = record["text"] if record["text"].strip() else title
    if not text.strip():
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
