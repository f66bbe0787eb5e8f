"""Plain text: the file is the document, and its structure is left to the segmenter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag.decoding import decode
from rag.errors import ReadError
from rag.records import Document


def read_text(path: Path) -> Iterator[Document]:
    """Yield the one document of a plain text file.

    Raises:
        ReadError: the file cannot be read, or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(f"{path}: {error.strerror}") from error
    decoded = decode(data, name=str(path))
    yield Document(
        path=path.as_posix(),
        title="",
        text=decoded.text,
        encoding=decoded.encoding,
        warnings=decoded.warnings,
    )
