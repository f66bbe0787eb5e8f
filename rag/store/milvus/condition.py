"""What a person narrows a search to, as a condition that Milvus evaluates: pure functions.

Texts are compared as hashes or percent-encoded, so that nothing in them can end a literal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from rag.filters import absolute, bare, check, ending, first_day, last_day
from rag.records import SECTION_SEPARATOR, Filters, Source
from rag.store.milvus.packing import ascii_path, digest
from rag.store.milvus.schema import MAX_RUNS


def language_condition(language: str, within: str | None = None) -> str:
    """Passages of one language, and of those only `within`."""
    condition = f'language == "{language}"'
    return f"{condition} and ({within})" if within else condition


def condition_of(filters: Filters) -> str:
    """What passages meet that meet the filters, language aside; "" where all do. Raises UsageError."""
    check(filters)
    return " and ".join(f"({each})" for each in _conditions(filters))


def _conditions(filters: Filters) -> Iterator[str]:
    if filters.folder:
        yield _below(filters.folder)
    if filters.hidden:
        shown = f" or ({_below(filters.own)})" if filters.own else ""
        yield f"not ({_below(filters.hidden)}){shown}"
    if filters.document:
        names = dict.fromkeys((filters.document, absolute(filters.document)))
        yield " or ".join(f'document == "{digest(name)}" or path == "{ascii_path(name)}"' for name in names)
    if filters.format:
        yield f'format == "{ascii_path(ending(filters.format))}"'
    if filters.since or filters.until:
        yield 'since != ""'
    if filters.since:
        yield f'until >= "{first_day(filters.since)}"'
    if filters.until:
        yield f'since <= "{last_day(filters.until)}"'
    if bare(filters.speaker):
        yield f'speaker == "{digest(bare(filters.speaker))}"'
    if bare(filters.section):
        yield f'array_contains(sections, "{digest(bare(filters.section))}")'


def _below(folder: str) -> str:
    """Paths that begin with the folder and a slash: "/" is followed by "0"."""
    start = ascii_path(absolute(folder)).rstrip("/")
    return f'path >= "{start}/" and path < "{start}0"'


def condition_fields(source: Source, *, key: str, date: str) -> dict[str, object]:
    """The fields of a passage from there that conditions look at; `date` is what its document states."""
    return {
        "document": digest(key),
        "path": ascii_path(source.document),
        "format": ascii_path(PurePosixPath(source.document).suffix[1:].lower())[:256],
        "since": first_day(date) if date else "",
        "until": last_day(date) if date else "",
        "speaker": digest(bare(source.speaker)) if bare(source.speaker) else "",
        "sections": _runs(source.section),
    }


def _runs(section: str) -> list[str]:
    """A hash of each run of headings in a section path, the shortest first."""
    headings = bare(section).split(bare(SECTION_SEPARATOR)) if bare(section) else []
    count = len(headings)
    runs = (
        bare(SECTION_SEPARATOR).join(headings[start : start + length])
        for length in range(1, count + 1)
        for start in range(count - length + 1)
    )
    return list(dict.fromkeys(digest(run) for run in runs))[:MAX_RUNS]
