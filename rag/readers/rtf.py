"""Rich text (RTF): kreuzberg takes the text out, with the code pages of its fonts, and the title."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.decoding import clean
from rag.errors import ReadError
from rag.readers.assembly import iso_date
from rag.readers.file import File, load
from rag.records import Document

_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_ESCAPED = re.compile(r"\\'([0-9a-fA-F]{2})")
_MAX_BYTES = 32 << 20
_MAX_DEPTH = 500


def read_rtf(path: File) -> Iterator[Document]:
    """Yield the one document of an RTF file; its structure is left to the segmenter. Raises ReadError."""
    data = load(path, max_bytes=_MAX_BYTES)
    shown = path.as_posix()
    if not data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{\\rtf"):
        raise ReadError(f"{shown} is no RTF file; give it the suffix of what it is")
    if _depth(data) > _MAX_DEPTH:
        raise ReadError(f"{shown} nests its groups too deep; save it again in its own program")
    import kreuzberg

    config = kreuzberg.ExtractionConfig(use_cache=False, enable_quality_processing=False)
    try:
        result = kreuzberg.extract_bytes_sync(data, "application/rtf", config=config)
    except kreuzberg.KreuzbergError as error:
        raise ReadError(f"{shown} is damaged ({' '.join(str(error).split())[:200]})") from error
    text = clean(result.content)
    if not text.strip():
        raise ReadError(f"{shown} holds no text; there is nothing to index in it")
    title = _unescaped(str(result.metadata.get("title") or ""), data)
    date = iso_date(str(result.metadata.get("created_at") or ""))
    yield Document(path=shown, title=" ".join(clean(title).split()), text=text, date=date)


def _unescaped(title: str, data: bytes) -> str:
    """The title with its escaped bytes in the code page of the file, which kreuzberg leaves in it."""
    page = _CODE_PAGE.search(data)
    encoding = f"cp{page.group(1).decode()}" if page else "cp1252"
    raw = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), title)
    try:
        return raw.encode("latin-1").decode(encoding) if raw != title else title
    except (LookupError, UnicodeError):
        return title


def _depth(data: bytes) -> int:
    """How deep the groups nest, at most; escaped braces count too, which does not matter here."""
    depth = deepest = 0
    for byte in data.translate(None, bytes(set(range(256)) - set(b"{}"))):
        depth += 1 if byte == 0x7B else -1
        deepest = max(deepest, depth)
    return deepest
