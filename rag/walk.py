"""The files that the user means: folders walked in order, with what leads out of them left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.errors import UsageError
from rag.readers import readable


def find_files(paths: Sequence[Path], *, index: Path) -> list[Path]:
    """The files in `paths`, absolute, each once: files as given, folders walked in name order.

    Left out in folders: names without a reader, hidden files, links that leave the folder, devices, pipes,
    the index itself. Raises UsageError where a path does not exist or a folder holds nothing to read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        path = Path(path)
        if not path.exists():
            raise UsageError(f"{path} does not exist; give a file or a folder")
        if path.is_dir():
            root = path.resolve()
            inside = list(_walk(root, root, index.resolve()))
            if not inside:
                raise UsageError(
                    f"{path} holds no file that can be read; `rag index --help` lists the formats"
                )
            found.update(dict.fromkeys(inside))
        else:
            found[path.resolve()] = None
    if not found:
        raise UsageError("nothing to index; give a file or a folder")
    return list(found)


def _walk(folder: Path, root: Path, index: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            path = path.resolve()
            if not path.is_relative_to(root) or path.is_dir():
                continue  # a folder inside is walked where it stands
        if path.is_dir():
            if path != index:
                yield from _walk(path, root, index)
        elif readable(path) and stat.S_ISREG(path.stat().st_mode):
            yield path
