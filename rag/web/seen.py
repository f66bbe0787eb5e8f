"""The library as one of its users sees it: without what the others have uploaded."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rag.chart import Chart
from rag.chat.conversation import Conversation, Reading, Turn
from rag.errors import UsageError
from rag.filters import is_shown
from rag.generate.events import Event
from rag.generate.messages import Generator
from rag.library import Library
from rag.records import (
    Answer,
    Document,
    DocumentInfo,
    Failure,
    Filters,
    Finding,
    IndexReport,
    Passage,
    ProgressCallback,
)
from rag.sources import SourceState


@dataclass(frozen=True, slots=True)
class Seen:
    """A library without the files below `uploads`, but for those below `own`; the rest is everyone's.

    What another user has uploaded is as if it were not there: it does not answer, is not listed, not opened
    and not removed. The background that scores are measured against is the whole library's.
    """

    library: Library
    uploads: Path
    own: Path

    @property
    def folder(self) -> Path:
        """Where the library is on disk."""
        return self.library.folder

    def _filters(self, filters: Filters | None = None) -> Filters:
        return replace(filters or Filters(), hidden=self.uploads.as_posix(), own=self.own.as_posix())

    def ask(self, question: str, *, k: int | None = None, filters: Filters | None = None) -> Answer:
        """The passages that answer the question, in any language, best first; `k` of them at most."""
        return self.library.ask(question, k=k, filters=self._filters(filters))

    def reply(
        self,
        question: str,
        conversation: Conversation | None = None,
        *,
        reading: Reading | None = None,
        progress: ProgressCallback | None = None,
    ) -> Turn:
        """The next turn of a conversation about what this user sees."""
        filters = self._filters()
        return self.library.reply(question, conversation, reading=reading, filters=filters, progress=progress)

    def write(
        self, answer: Answer, generator: Generator, *, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """What happens while `generator` writes from the answer's passages, all of which this user sees."""
        return self.library.write(answer, generator, cancel=cancel)

    def chart(self) -> Chart:
        """The passages that this user sees, in two dimensions."""
        return self.library.chart(self._filters())

    def place_on(self, chart: Chart, question: str) -> tuple[float, float]:
        """Where a question stands on a chart, -1 to 1."""
        return self.library.place_on(chart, question)

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What this user sees of the library, in the order of the keys."""
        filters = self._filters()
        return tuple(info for info in self.library.documents() if is_shown(filters, info.path))

    def failures(self) -> tuple[Failure, ...]:
        """The files that could not be read when they were last tried, but for those of others."""
        filters = self._filters()
        return tuple(failure for failure in self.library.failures() if is_shown(filters, failure.path))

    def sources(self, paths: Iterable[str]) -> dict[str, SourceState]:
        """Whether these files are still as they were read, of those that this user sees."""
        filters = self._filters()
        return self.library.sources(path for path in paths if is_shown(filters, path))

    def document(self, key: str) -> Document:
        """One document as it was read."""
        return self._shown(self.library.document(key))

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """The passages of one document, in its order."""
        self._shown(self.library.document(key))
        return self.library.passages_of(key)

    def _shown(self, document: Document) -> Document:
        if not is_shown(self._filters(), document.path):
            raise UsageError(  # word for word what is said of a document that is not there
                f"there is no document {document.key} in the library; `rag list` shows what there is"
            )
        return document

    def add(self, *paths: str | Path, progress: ProgressCallback | None = None) -> IndexReport:
        """Add or update files, which stand below `own`."""
        return self.library.add(*paths, progress=progress)

    def remove(self, *paths: str | Path) -> int:
        """Take this user's own documents out. Raises UsageError where one is not."""
        for path in paths:
            if not Path(path).resolve().is_relative_to(self.own):  # resolved: "own/../other" is not one's own
                name = Path(path).name
                raise UsageError(f"{name} is not one of your uploads; only those can be removed here")
        return self.library.remove(*paths)

    def doctor(self, *, repair: bool = False, full: bool = False) -> tuple[Finding, ...]:
        """What is wrong with the files of the library, but for lines that name another user's file."""
        others, own = self.uploads.as_posix() + "/", self.own.as_posix() + "/"
        found = self.library.doctor(repair=repair, full=full)
        return tuple(one for one in found if others not in f"{one.what} {one.remedy}".replace(own, ""))
