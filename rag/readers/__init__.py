"""From a file to its documents: one function for each family of formats, `(path) -> Iterator[Document]`.

What documents hold, whatever the format: `text` has line feeds as its only line ends and neither NUL nor
other control characters (`rag.decoding.clean`); `path` is absolute; blocks are in order, do not overlap and
lie within the text. For plain text and Markdown `text` is the decoded file; for formats that wrap their text,
as HTML does, it is the text taken out, and offsets count in that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import ReadError
from rag.readers.corpus import read_corpus
from rag.readers.file import check_file
from rag.readers.html import looks_like_html, read_html
from rag.readers.markdown import read_markdown
from rag.readers.text import read_text
from rag.records import Document

READERS: dict[str, Callable[[Path], Iterator[Document]]] = {
    ".jsonl": read_corpus,
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), read_markdown),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".shtml"), read_html),
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".org", ".adoc", ".asc", ".tex"), read_text),
}


def readable(path: Path) -> bool:
    """Return whether a file of this name is read when a folder is walked: a known suffix, or none at all.

    A file of another name can still be given to `read` by itself; it is then read as text.
    """
    name = path.name.lower()
    return path.suffix.lower() in READERS or ("." not in name and bool(name))


def read(path: Path) -> Iterator[Document]:
    """Yield the documents of one file, in file order; the file is opened at the first `next`.

    A suffix that no reader knows, or none, leaves it to the content: HTML, else plain text.

    Raises:
        ReadError: the file is missing, no regular file, empty, too large, or holds no text that can be read.
        EncodingError: it seems to be text, but no character encoding fits.
    """
    try:
        path = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ReadError(f"{path}: {error}; check the path") from error
    check_file(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        reader = read_html if looks_like_html(path) else read_text
    yield from reader(path)
