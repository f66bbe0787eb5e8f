"""CSV and TSV: each row a record with its headers; the delimiter is told by the lines that it cuts alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from statistics import median

from rag.decoding import decode
from rag.errors import ReadError
from rag.readers.assembly import Assembly
from rag.readers.file import File, load
from rag.readers.rows import add_rows
from rag.records import Document

_DELIMITERS = "\t;|，,"  # of two that cut alike, the comma is the decimal one
_SAMPLE_LINES = 50
_MAX_CELL = 1 << 20


def read_delimited(path: File) -> Iterator[Document]:
    """Yield the one document of a CSV or TSV file. Raises ReadError."""
    decoded = decode(load(path), name=path.as_posix())
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(decoded.text)
    assembly = Assembly(path)
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter)
    try:
        add_rows(assembly, (row for row in reader if any(cell.strip() for cell in row)))
    except csv.Error as error:
        raise ReadError(
            f"{path.as_posix()}, line {reader.line_num}: {error}; save it as CSV again, with cells in quotes"
        ) from error
    yield assembly.document(encoding=decoded.encoding, warnings=decoded.warnings)


def _delimiter(text: str) -> str:
    """The delimiter that stands in most of the first lines, as often in each."""
    lines = [line for line in text[: 1 << 16].split("\n")[:_SAMPLE_LINES] if line.strip()]

    def evenness(delimiter: str) -> float:
        counts = [line.count(delimiter) for line in lines]
        usual = median(counts) if counts else 0
        return sum(count == usual for count in counts) * min(usual, 3) if usual else 0.0

    return max(_DELIMITERS, key=evenness)
