"""Whether the files that documents come from are still as they were read; nothing is opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from rag.store.catalog import Catalog

# unknown: the library does not remember how the file looked (another machine read it, or a repair lost it)
SourceState: TypeAlias = Literal["current", "changed", "gone", "unknown"]


def source_states(catalog: Catalog, paths: Iterable[str]) -> dict[str, SourceState]:
    """The state of each of the files, by path: by size and time of change, as `rag index` would see it."""
    stamps = catalog.file_stamps()
    return {path: _state(Path(path), stamps[path].looks if path in stamps else None) for path in paths}


def _state(path: Path, looks: tuple[int, int, int, int] | None) -> SourceState:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return "gone"
    if looks is None:
        return "unknown"
    return "current" if (status.st_size, status.st_mtime_ns) == looks[:2] else "changed"
