"""A library that follows its folders: each change of a file is in it a moment later."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles

from rag.errors import LibraryError, ReadError, UsageError
from rag.library import Library
from rag.records import Change, IndexReport
from rag.terminal import report_text
from rag.walk import find_files

_TICK_MS = 500  # how often a failed change is looked at again, and a signal heard
_STEP_MS = 200  # quiet for so long: an editor that writes, renames and touches is one change
_DEBOUNCE_MS = 2000  # never waits longer than this
_RETRY_S = 5.0
_ONE_BY_ONE = 50  # more changes at once are indexed together and reported in one line


def watch(library: Library, folders: Sequence[Path], *, prune: bool, say: Callable[[Change], None]) -> None:
    """Bring the library up to date with the folders, and again whenever a file in them changes, for ever.

    `say` hears of each change. Documents of deleted files are taken out with `prune` only. What fails because
    the library cannot be written is said and tried again. Raises UsageError where a folder is none,
    KeyboardInterrupt where the user ends it.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder; give folders to watch")
    follower = _Follower(library, [folder.resolve() for folder in folders], prune, say)
    changes = watchfiles.watch(
        *follower.roots,
        watch_filter=lambda _, path: follower.concerns(Path(path)),
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
    )
    # Watching begins before the first look, so that nothing falls between the two.
    follower.touched.update(Path(path) for _, path in next(changes))
    follower.touched.update(follower.roots)
    follower.follow()
    say(Change("watching", ", ".join(map(str, folders))))
    for batch in changes:
        follower.touched.update(Path(path) for _, path in batch)
        follower.follow()


@dataclass(slots=True)
class _Follower:
    """What is watched, and what has changed and is not in the library yet."""

    library: Library
    roots: list[Path]
    prune: bool
    say: Callable[[Change], None]
    touched: set[Path] = field(default_factory=set)
    not_before: float = 0.0
    complaint: str = ""

    def concerns(self, path: Path) -> bool:
        """Whether a change there may be one of a document: not in the index, nothing hidden."""
        if path.is_relative_to(self.library.folder.resolve()):
            return False
        inside = [path.relative_to(root) for root in self.roots if path.is_relative_to(root)]
        return any(not any(part.startswith(".") for part in each.parts) for each in inside)

    def follow(self) -> None:
        """Bring in what has changed; where the library cannot be written, try again later."""
        if not self.touched or time.monotonic() < self.not_before:
            return
        try:
            self._add([path for path in self._present() if self._is_touched(path)])
            self._drop()
        except LibraryError as error:
            self.not_before = time.monotonic() + _RETRY_S
            if str(error) != self.complaint:
                self.say(Change("waiting", str(self.library.folder), str(error)))
            self.complaint = str(error)
            return
        self.touched.clear()
        self.complaint = ""

    def _present(self) -> list[Path]:
        """The files in the folders that are read; a folder may have become empty or be gone."""
        found: list[Path] = []
        for root in self.roots:
            try:
                found += find_files([root], index=self.library.folder)
            except UsageError:
                continue
        return list(dict.fromkeys(found))

    def _is_touched(self, path: Path) -> bool:
        """Whether the file or a folder above it has changed: a folder that moves is one change."""
        return path in self.touched or not self.touched.isdisjoint(path.parents)

    def _add(self, files: Sequence[Path]) -> None:
        if len(files) > _ONE_BY_ONE:
            report = self.library.add(*files)
            self._tell_failures(report)
            folders = ", ".join(map(str, self.roots))
            self.say(Change("indexed", folders, report_text(report)))
            return
        for path in files:
            try:
                report = self.library.add(path)
            except ReadError as error:
                self.say(Change("failed", str(path), str(error)))
                continue
            except UsageError:  # deleted in this moment: the next change says so
                continue
            self._tell_failures(report)
            self._tell(path, report)

    def _tell_failures(self, report: IndexReport) -> None:
        for failure in report.failures:
            self.say(Change("failed", failure.path, failure.reason))

    def _tell(self, path: Path, report: IndexReport) -> None:
        counts = {"added": report.added, "updated": report.updated, "moved": report.moved}
        done = [what for what, count in counts.items() if count]
        if done:
            self.say(Change(" and ".join(done), str(path), f"{report.passages} passages written"))

    def _drop(self) -> None:
        """Take out, or name, what is gone; a folder that is itself away may come back with all it holds."""
        roots = [root for root in self.roots if root.is_dir()]
        gone = [
            path
            for path in sorted({info.path for info in self.library.documents()})
            if self._is_touched(Path(path))
            and any(Path(path).is_relative_to(root) for root in roots)
            and not os.path.lexists(path)
        ]
        if gone and self.prune:
            self.library.remove(*gone)
        for path in gone:
            if self.prune:
                self.say(Change("removed", path))
            else:
                self.say(Change("vanished", path, "its documents are kept; --prune removes them"))
