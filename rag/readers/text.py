"""Plain text: the file is the document, and its structure is left to the segmenter."""

from __future__ import annotations

from collections.abc import Iterator

from rag.decoding import decode
from rag.readers.file import File, load
from rag.records import Document


def read_text(path: File) -> Iterator[Document]:
    """Yield the one document of a plain text file; it has no title and no blocks.

    Raises:
        ReadError: the file cannot be read, is too large, or is not text.
    """
    decoded = decode(load(path), name=path.as_posix())
    yield Document(
        path=path.as_posix(),
        title="",
        text=decoded.text,
        encoding=decoded.encoding,
        warnings=decoded.warnings,
    )
