"""Files that are being read into the library: kept by the server, so that a page may be closed meanwhile.

One thread reads them one after the other, each in a commit of its own; so a file that fails or is cancelled
costs itself alone.
"""

from __future__ import annotations

import itertools
import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from rag.errors import RagError
from rag.records import IndexReport, Progress, ProgressCallback
from rag.web.uploads import kept

State = Literal["waiting", "reading", "done", "failed", "cancelled"]
ACTIVE: tuple[State, ...] = ("waiting", "reading")
KEPT_JOBS = 500  # finished ones that are still shown; the oldest go first
KEPT_REMOVED = 20  # removals that can be undone, of each user
REMOVED = ".removed-"
Add = Callable[[Path, ProgressCallback], IndexReport]
logger = logging.getLogger("rag.web")


class Cancelled(RagError):
    """The user does not want this file any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file on its way into the library."""

    id: int
    user: str
    path: Path  # the uploaded copy, or the file itself where `folder` is None
    folder: Path | None  # where the copy is kept
    state: State = "waiting"
    progress: Progress = field(default_factory=partial(Progress, "reading", 0, 0))
    reason: str = ""  # why it failed, or what is doubtful about it

    @property
    def name(self) -> str:
        """The file's name, as the user knows it."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Removal:
    """One file that was taken out of the library, and how it comes back."""

    id: int
    user: str
    path: Path
    hidden: Path | None  # where an upload's file waits; None for a file that is not the library's


class Jobs:
    """The files on their way, of all users; thread-safe."""

    def __init__(self, add: Add, take_out: Callable[[Path], object]) -> None:
        self._add = add
        self._take_out = take_out
        self._jobs: dict[int, Job] = {}
        self._removals: dict[int, Removal] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def submit(self, paths: Sequence[Path], *, user: str, folder: Path | None) -> list[Job]:
        """Line files up; those of a `folder` are copied there first."""
        with self._work:
            added = [Job(next(self._numbers), user, path, folder) for path in paths]
            self._jobs.update((job.id, job) for job in added)
            finished = [job.id for job in self._jobs.values() if job.state not in ACTIVE]
            for number in finished[: max(0, len(finished) - KEPT_JOBS)]:
                del self._jobs[number]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wenju-jobs", daemon=True)
                self._thread.start()
            self._work.notify()
        return added

    def of(self, user: str) -> list[Job]:
        """Return that user's files, in the order in which they came."""
        with self._lock:
            return [job for job in self._jobs.values() if job.user == user]

    def cancel(self, number: int, user: str) -> None:
        """Give up a file that waits or is being read; others are left alone."""
        with self._lock:
            job = self._jobs.get(number)
            if job is not None and job.user == user and job.state in ACTIVE:
                self._jobs[number] = replace(job, state="cancelled")

    def clear(self, user: str) -> None:
        """Forget that user's finished files."""
        with self._lock:
            gone = [job.id for job in self._jobs.values() if job.user == user and job.state not in ACTIVE]
            for number in gone:
                del self._jobs[number]

    # --- reading --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._work:
                while (job := self._next()) is None:
                    self._work.wait()
                self._jobs[job.id] = job = replace(job, state="reading")
            self._finish(job, *self._read(job))

    def _next(self) -> Job | None:
        return next((job for job in self._jobs.values() if job.state == "waiting"), None)

    def _read(self, job: Job) -> tuple[State, str]:
        def heard(progress: Progress) -> None:
            with self._lock:
                now = self._jobs[job.id]
                if now.state == "cancelled":
                    raise Cancelled
                self._jobs[job.id] = replace(now, progress=progress)

        try:
            report = self._added(job, heard)
            return "done", "; ".join(_bare(warning.reason, warning.path) for warning in report.warnings)
        except Cancelled:
            return "cancelled", ""
        except RagError as error:
            return "failed", str(error)
        except Exception:
            logger.exception("reading %s failed", job.name)
            return "failed", ""

    def _added(self, job: Job, heard: ProgressCallback) -> IndexReport:
        if job.folder is None:
            return self._add(job.path, heard)
        earlier = False
        try:
            with kept([job.path], job.folder) as [(path, old)]:
                earlier = old is not None
                report = self._add(path, heard)
        except Cancelled:
            self._undone(job.folder / path.name, earlier=earlier)
            raise
        return report

    def _undone(self, path: Path, *, earlier: bool) -> None:
        """Bring the library back to what it was before a file that was given up."""
        with suppress(RagError):  # it had not come as far as the library
            self._take_out(path)
        if earlier:
            self._add(path, lambda progress: None)

    def _finish(self, job: Job, state: State, reason: str) -> None:
        with self._lock:
            # Cancelled too late: it is in the library, and the page says so.
            self._jobs[job.id] = replace(
                self._jobs[job.id], state=state, reason=_bare(reason, job.path.as_posix())
            )

    # --- taking out, and back -------------------------------------------------------------------------------

    def removed(self, path: Path, *, user: str, is_upload: bool) -> Removal:
        """Note that a file was taken out, and put an upload's file aside until it is too late to undo."""
        with self._lock:
            number = next(self._numbers)
        hidden = path.with_name(f"{REMOVED}{number}-{path.name}") if is_upload else None
        if hidden is not None:
            path.replace(hidden)
        removal = Removal(number, user, path, hidden)
        with self._lock:
            self._removals[number] = removal
            own = [one for one in self._removals.values() if one.user == user]
            late = own[: max(0, len(own) - KEPT_REMOVED)]
            for one in late:
                del self._removals[one.id]
        for one in late:
            if one.hidden is not None:
                one.hidden.unlink(missing_ok=True)
        return removal

    def restore(self, number: int, user: str) -> Job | None:
        """Line a file that was taken out up again; None where it is too late."""
        with self._lock:
            removal = self._removals.get(number)
            if removal is None or removal.user != user:
                return None
            del self._removals[number]
        if removal.hidden is not None:
            if removal.path.exists():  # another file of that name has come meanwhile: it stays
                return None
            removal.hidden.replace(removal.path)
        return self.submit([removal.path], user=user, folder=None)[0]


def _bare(reason: str, path: str) -> str:
    """Return a reason without the folders of the server."""
    folder = path.rpartition("/")[0]
    return reason.replace(f"{folder}/", "").strip() if folder else reason


def sweep(uploads: Path) -> None:
    """Delete what earlier servers have put aside and can no longer be undone."""
    for path in uploads.rglob(f"{REMOVED}*"):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
