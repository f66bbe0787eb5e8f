"""From a file to its documents: one function per family of formats, each `(path) -> Iterator[Document]`."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import ReadError
from rag.readers.corpus import read_corpus
from rag.readers.text import read_text
from rag.records import Document

READERS: dict[str, Callable[[Path], Iterator[Document]]] = {
    ".jsonl": read_corpus,
    ".md": read_text,
    ".markdown": read_text,
    ".text": read_text,
    ".txt": read_text,
}


def readable(path: Path) -> bool:
    """Return whether there is a reader for a file of this name."""
    return path.suffix.lower() in READERS or not path.suffix


def read(path: Path) -> Iterator[Document]:
    """Yield the documents of one file, in file order.

    Raises:
        ReadError: the file is missing, not a regular file, empty, or not in a form that can be read.
    """
    path = Path(path).resolve()
    try:
        status = os.stat(path)
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise ReadError(f"{path} is not a regular file; give a file or a folder of files")
    if status.st_size == 0:
        raise ReadError(f"{path} is empty; there is nothing to index in it")
    yield from READERS.get(path.suffix.lower(), read_text)(path)
