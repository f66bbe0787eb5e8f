"""From a file to its documents: one function for each family of formats, `(path) -> Iterator[Document]`.

What documents hold, whatever the format: `text` has line feeds as its only line ends (and form feeds between
pages) and neither NUL nor other control characters (`rag.decoding.clean`); `path` is absolute; blocks are in
order, do not overlap and lie within the text. For plain text and Markdown `text` is the decoded file; for
formats that wrap their text it is the text taken out, and offsets count in that.

What strangers wrote is parsed here: `rag.reading` runs `read` in a process of its own, under limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rag.errors import ReadError
from rag.readers.bundle import read_bundle
from rag.readers.corpus import read_corpus
from rag.readers.delimited import read_delimited
from rag.readers.docx import read_docx
from rag.readers.epub import read_epub
from rag.readers.fields import read_json
from rag.readers.file import File, check_file, opened
from rag.readers.html import looks_like_html, read_html
from rag.readers.mail import read_mail
from rag.readers.markdown import read_markdown
from rag.readers.odt import read_odt
from rag.readers.pdf import read_pdf
from rag.readers.pptx import read_pptx
from rag.readers.rtf import read_rtf
from rag.readers.subtitles import read_subtitles
from rag.readers.text import read_text
from rag.readers.xlsx import read_xlsx
from rag.records import Document

READERS_VERSION = 1  # goes up when a reader learns to read more: what failed is then read again


def _read_zip(path: File) -> Iterator[Document]:
    yield from read_bundle(path, read, readable)


READERS: dict[str, Callable[[File], Iterator[Document]]] = {
    **dict.fromkeys((".jsonl", ".ndjson"), read_corpus),
    ".json": read_json,
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), read_markdown),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".shtml"), read_html),
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".org", ".adoc", ".asc", ".tex"), read_text),
    ".pdf": read_pdf,
    **dict.fromkeys((".docx", ".docm", ".dotx"), read_docx),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx"), read_pptx),
    **dict.fromkeys((".xlsx", ".xlsm"), read_xlsx),
    **dict.fromkeys((".csv", ".tsv", ".tab"), read_delimited),
    ".epub": read_epub,
    ".rtf": read_rtf,
    **dict.fromkeys((".odt", ".ott"), read_odt),
    ".eml": read_mail,
    **dict.fromkeys((".srt", ".vtt"), read_subtitles),
    ".zip": _read_zip,
}


def readable(path: File) -> bool:
    """Return whether a file of this name is read when a folder is walked: a known suffix, or none at all.

    A file of another name can still be given to `read` by itself; what it is is then told by its content.
    """
    name = path.name.lower()
    return path.suffix.lower() in READERS or ("." not in name and bool(name))


def read(path: File) -> Iterator[Document]:
    """Yield the documents of one file, in file order; the file is opened at the first `next`.

    A suffix that no reader knows, or none, leaves it to the content: HTML or PDF, else plain text.

    Raises:
        ReadError: the file is missing, no regular file, empty, too large, or holds no text that can be read.
        EncodingError: it seems to be text, but no character encoding fits.
    """
    if isinstance(path, Path):
        try:
            path = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ReadError(f"{path}: {error}; check the path") from error
    check_file(path)
    reader = READERS.get(path.suffix.lower()) or _by_content(path)
    yield from reader(path)


def _by_content(path: File) -> Callable[[File], Iterator[Document]]:
    if looks_like_html(path):
        return read_html
    with opened(path) as file:
        return read_pdf if file.read(5) == b"%PDF-" else read_text
