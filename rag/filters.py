"""What a person may narrow a search to, and which documents and passages meet it: pure functions."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path, PurePosixPath

from rag.errors import UsageError
from rag.records import SECTION_SEPARATOR, Filters, Source

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def check(filters: Filters) -> None:
    """Raise UsageError where a date of the filters is none."""
    for name, value in (("since", filters.since), ("until", filters.until)):
        if value and not _is_date(value):
            raise UsageError(f"{name} {value!r} is not a date; write it as 2024-03-31, 2024-03 or 2024")
    if filters.since and filters.until and first_day(filters.since) > last_day(filters.until):
        raise UsageError(f"no date is since {filters.since} and until {filters.until}; exchange the two")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(first_day(text))
    except ValueError:
        return False
    return True


def first_day(text: str) -> str:
    """A day that no day of the date, month or year comes before, as texts compare."""
    return text + "-01-01"[len(text) - 4 :]


def last_day(text: str) -> str:
    """A day that no day of the month or year comes after, as texts compare."""
    return text + "-12-31"[len(text) - 4 :]


def meets_document(filters: Filters, *, key: str, path: str, stated: str) -> bool:
    """Whether passages of the document may meet the filters; `stated` is the date that it states."""
    return (
        (not filters.folder or _is_below(filters.folder, path))
        and (not filters.hidden or is_shown(filters, path))
        and (not filters.document or _is_named(filters.document, key, path))
        and (not filters.format or PurePosixPath(path).suffix[1:].lower() == ending(filters.format))
        and _is_within(filters, stated)
    )


def is_shown(filters: Filters, path: str) -> bool:
    """Whether the file at `path` is not hidden from the one who asks."""
    return not _is_below(filters.hidden, path) or bool(filters.own and _is_below(filters.own, path))


def _is_below(folder: str, path: str) -> bool:
    return path.startswith(absolute(folder).rstrip("/") + "/")


def absolute(path: str) -> str:
    """The path as the library knows files; a folder that is gone keeps its name."""
    return Path(path).resolve().as_posix()


def _is_named(name: str, key: str, path: str) -> bool:
    return name in (key, path) or absolute(name) in (key, path)


def ending(name: str) -> str:
    """A format as files are compared by it: "PDF" and ".pdf" are "pdf"."""
    return name.strip().lstrip(".").lower()


def _is_within(filters: Filters, stated: str) -> bool:
    """Whether any day of the stated date is in the range."""
    if not filters.since and not filters.until:
        return True
    if not stated:
        return False
    begins_in_time = not filters.until or first_day(stated) <= last_day(filters.until)
    return begins_in_time and (not filters.since or last_day(stated) >= first_day(filters.since))


def needs_source(filters: Filters) -> bool:
    """Whether passages of one document may differ in whether they meet the filters, language aside."""
    return bool(bare(filters.speaker) or bare(filters.section))


def meets_source(filters: Filters, source: Source) -> bool:
    """Whether a passage from there meets what the filters ask of speaker and section."""
    speaker, section = bare(filters.speaker), bare(filters.section)
    mark = bare(SECTION_SEPARATOR)
    return (not speaker or bare(source.speaker) == speaker) and (
        not section or f"{mark}{section}{mark}" in f"{mark}{bare(source.section)}{mark}"
    )


def bare(text: str) -> str:
    """The text without white space and case: a name is set as “陈 曦” and asked for as “陈曦”."""
    return "".join(text.split()).casefold()
