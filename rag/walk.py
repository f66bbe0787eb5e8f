"""The files that the user means: folders walked in order, with what leads out of them left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.errors import UsageError
from rag.readers import readable
from rag.records import Failure


def find_files(paths: Sequence[Path], *, index: Path, skipped: list[Failure] | None = None) -> list[Path]:
    """The files in `paths`, absolute, each once: files as given, folders walked in name order.

    Left out in folders: names without a reader, hidden files, the index itself; and, named in `skipped` with
    the reason, links that leave the folder or lead nowhere, devices, pipes, folders that cannot be opened.
    Raises UsageError where a path does not exist or a folder holds nothing to read.
    """
    skipped = [] if skipped is None else skipped
    found: dict[Path, None] = {}
    for path in paths:
        path = Path(path)
        if not path.exists():
            raise UsageError(f"{path} does not exist; give a file or a folder")
        if path.is_dir():
            root = path.resolve()
            inside = list(_walk(root, root, index.resolve(), skipped))
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


def _walk(folder: Path, root: Path, index: Path, skipped: list[Failure]) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Failure(folder.as_posix(), f"skipped: the folder cannot be opened ({error.strerror})"))
        return
    for entry in ordered:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            target = _target(path, root, skipped)
            if target is None or target.is_dir():
                continue  # a folder inside is walked where it stands
            path = target
        if path.is_dir():
            if path != index:
                yield from _walk(path, root, index, skipped)
        elif readable(path):
            if _is_regular(path):
                yield path
            else:
                skipped.append(
                    Failure(path.as_posix(), "skipped: it is a device, a pipe or gone, not a file")
                )


def _target(link: Path, root: Path, skipped: list[Failure]) -> Path | None:
    """What a symbolic link inside the folder leads to, None where that is nothing or outside."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        skipped.append(Failure(link.as_posix(), "skipped: the link leads nowhere"))
        return None
    if not target.is_relative_to(root):
        reason = f"skipped: the link leaves the folder, to {target.as_posix()}; name that path to index it"
        skipped.append(Failure(link.as_posix(), reason))
        return None
    return target


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
