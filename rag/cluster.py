"""`ClusterLibrary`: a `Library` that a Milvus server keeps, for any number of processes at the same time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rag.chart import Chart
from rag.encoder import Encoder
from rag.errors import UsageError
from rag.feed import feed_paths, take_out
from rag.library import Library
from rag.records import Failure, Filters, Finding, IndexReport, ProgressCallback
from rag.settings import DEFAULT_INDEX, Settings
from rag.sources import SourceState
from rag.store.milvus.address import read_store_address
from rag.store.milvus.connection import Connection, Patience
from rag.store.milvus.examine import examine
from rag.store.milvus.reader import MilvusStore
from rag.store.milvus.schema import SLOW_WORDS
from rag.store.milvus.shelf import Shelf
from rag.store.vector_store import VectorStore

_LOG = logging.getLogger("rag")


class ClusterLibrary(Library):
    """A library at `milvus://HOST:PORT/COLLECTION`; otherwise as `Library`.

    `index` is a folder on this machine without passages: the page keeps uploads and conversations there.
    A question takes `patience.question_s` at most, then LibraryUnreachable is raised. Not there, each refused
    with UsageError: `rebuild`, `export`, `restore` and `chart`.
    """

    def __init__(
        self,
        store: str,
        index: str | Path = DEFAULT_INDEX,
        *,
        model: str | None = None,
        reranker: str | None = None,
        settings: Settings | None = None,
        progress: ProgressCallback | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._connection = Connection(read_store_address(store), patience)
        self._shelf = Shelf(self._connection)
        super().__init__(index, model=model, reranker=reranker, settings=settings, progress=progress)

    def add(
        self, *paths: str | Path, prune: bool = False, progress: ProgressCallback | None = None
    ) -> IndexReport:
        """Add or update files and folders; what has not changed costs reading it once.

        With `prune`, documents whose files are gone from the folders are taken out.
        """
        report = feed_paths(
            [Path(path) for path in paths],
            shelf=self._shelf,
            encoder=self._encode(progress),
            settings=self._named_settings(),
            progress=progress,
        )
        self._look_again()
        if not prune or not report.vanished:
            return report
        return replace(report, pruned=self.remove(*report.vanished), vanished=())

    def remove(self, *paths: str | Path) -> int:
        """Take documents out, by file, folder or key; the number of documents that went."""
        removed = take_out(paths, shelf=self._shelf)
        self._look_again()
        return removed

    def failures(self) -> tuple[Failure, ...]:
        """The files that could not be read when they were last tried, each with its reason."""
        with self._reading():  # says where there is no library
            return tuple(Failure(note.path, note.failure) for note in self._shelf.records.failures_below(""))

    def sources(self, paths: Iterable[str]) -> dict[str, SourceState]:
        """Whether these files are still as they were read: not known, other machines may have read them."""
        return dict.fromkeys(paths, "unknown")

    def doctor(self, *, repair: bool = False, full: bool = False) -> tuple[Finding, ...]:
        """What is wrong with the library, and how to mend it; with `repair`, mended.

        Raises UsageError with `full`.
        """
        if full:
            raise self._refusal("--full", "doctor without it looks at everything that the server keeps")
        return examine(self._shelf, repair=repair)

    def chart(self, filters: Filters | None = None) -> Chart:
        """Nothing: raises UsageError."""
        raise self._refusal("the map", "it needs every vector at once")

    def rebuild(self, *, progress: ProgressCallback | None = None) -> IndexReport:
        """Nothing: raises UsageError."""
        raise self._refusal("--rebuild", "index into another collection, then drop this one")

    def export(self, file: str | Path) -> int:
        """Nothing: raises UsageError."""
        raise self._refusal("export", "back the server up with its own tool, milvus-backup")

    def restore(self, file: str | Path) -> None:
        """Nothing: raises UsageError."""
        raise self._refusal("import", "index the files themselves")

    def close(self) -> None:
        """Let go of the server."""
        super().close()
        self._connection.close()

    def _refusal(self, what: str, instead: str) -> UsageError:
        return UsageError(
            f"{what} is for a library in a folder, not for {self._connection.address.shown}: {instead}"
        )

    @contextmanager
    def _asking(self) -> Iterator[tuple[VectorStore, Encoder]]:
        self._encode()  # the model takes its time once, and no question's
        with self._connection.one_question(), super()._asking() as asked:
            yield asked

    def _look_again(self) -> None:
        """Have the next call open the newest state."""
        self._let_go()

    def _open(self) -> VectorStore:
        before = self._opened.snapshot if self._opened is not None else None
        older = before if isinstance(before, MilvusStore) else None
        store = MilvusStore(self._connection, older, records=self._shelf.records)
        if before is None and not store.server.sparse:
            _LOG.warning("rag: %s: %s", self._connection.address.shown, SLOW_WORDS)
        return store

    def _own_model(self) -> str | None:
        founding = self._shelf.founding()
        return None if founding is None else founding.identity.model
