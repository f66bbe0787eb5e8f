"""BEIR `corpus.jsonl`: each line one document, `{"_id", "title", "text"}`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rag.decoding import clean
from rag.errors import ReadError
from rag.records import Document


def read_corpus(path: Path) -> Iterator[Document]:
    """Yield one document a line, in file order, reading no more than a line at a time.

    Raises:
        ReadError: the file cannot be read, or a line is not such an object.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(path, line, number)
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path}: {error}") from error


def _document(path: Path, line: str, number: int) -> Document:
    try:
        record = json.loads(line)
        return Document(
            path=path.as_posix(),
            title=clean(str(record.get("title", ""))),
            text=clean(str(record["text"])),
            id=str(record["_id"]),
        )
    except (ValueError, KeyError, AttributeError) as error:
        raise ReadError(f"{path}, line {number}: not a document; want _id, title and text") from error
