"""`Library`: what a developer, the command and the page use; a folder of documents that answers questions."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from rag.chart import Chart, draw_chart
from rag.chat.conversation import Conversation, Reading, Turn
from rag.chat.reply import reply
from rag.doctor import doctor
from rag.encoder import Encoder, open_encoder
from rag.errors import LibraryError
from rag.generate.events import Event
from rag.generate.messages import Generator
from rag.generate.write import write
from rag.ingest import index_paths, remove_paths
from rag.language import detect_language
from rag.rebuild import rebuild_library
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
from rag.reranker import open_reranker
from rag.search import Wanted, search
from rag.settings import DEFAULT_INDEX, Settings
from rag.snapshot import Snapshot
from rag.sources import SourceState, source_states
from rag.store.catalog import Catalog
from rag.store.identity import Identity
from rag.store.vector_store import VectorStore
from rag.transfer import export_library, import_library


@dataclass(slots=True)
class _Opened:
    """A snapshot and how many calls are reading from it."""

    snapshot: VectorStore
    readers: int = 0


class Library:
    """A library in one folder: add files, ask questions, cite passages. Safe to use from several threads.

    Making one costs nothing: the model and the folder are opened when first needed. Each call sees the newest
    state, also of what another process has written meanwhile. `model` is a sentence-transformers model by
    name or folder, or an address `http://HOST:PORT/v1#NAME`; without it the library's own is used, the
    bundled one for a new library. `reranker` is a cross-encoder by name or folder, which orders the first 50
    passages of each answer; that of `settings` by default. `progress` hears of a model being built, where a
    call has no `progress` of its own. Every method raises `RagError` and its children, with one line for the
    user.
    """

    def __init__(
        self,
        index: str | Path = DEFAULT_INDEX,
        *,
        model: str | None = None,
        reranker: str | None = None,
        settings: Settings | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._settings = replace(settings or Settings(), index=Path(index))
        if reranker is not None:
            self._settings = replace(self._settings, reranker=reranker)
        self._reranker = open_reranker(self._settings.reranker)
        self._model = model
        self._progress = progress
        self._lock = threading.RLock()
        self._encoder: Encoder | None = None
        self._opened: _Opened | None = None
        self._charts: dict[Filters, tuple[int, Chart]] = {}  # of each user; with the generation it shows

    @property
    def folder(self) -> Path:
        """Where the library is on disk."""
        return self._settings.index

    def add(
        self, *paths: str | Path, prune: bool = False, progress: ProgressCallback | None = None
    ) -> IndexReport:
        """Add or update files and folders; what has not changed costs nothing.

        With `prune`, documents whose files are gone from the folders are taken out.
        """
        report = index_paths(
            [Path(path) for path in paths],
            folder=self.folder,
            encoder=self._encode(progress),
            settings=self._named_settings(),
            progress=progress,
        )
        if not prune or not report.vanished:
            return report
        return replace(report, pruned=self.remove(*report.vanished), vanished=())

    def ask(self, question: str, *, k: int | None = None, filters: Filters | None = None) -> Answer:
        """The passages that answer the question, in any language, best first; `k` of them at most.

        Only passages that meet `filters`, where they are given.
        """
        with self._asking() as (snapshot, encoder):
            hits = self._settings.hits if k is None else k
            wanted = Wanted(hits, filters or Filters(), self._reranker)
            return search(snapshot, encoder, question, wanted=wanted, settings=self._settings)

    def reply(
        self,
        question: str,
        conversation: Conversation | None = None,
        *,
        k: int | None = None,
        reading: Reading | None = None,
        filters: Filters | None = None,
        progress: ProgressCallback | None = None,
    ) -> Turn:
        """The next turn of a conversation: how the question is read after the turns before, and its answer.

        Only passages that meet `filters`, where they are given, answer. `reading` is how the question is to
        be read, where that is known (a person has said so, or a language model). `progress` hears of
        `rag.search.SEARCH_STAGES`; what it raises ends the search.
        """
        with self._asking() as (snapshot, encoder):
            hits = self._settings.hits if k is None else k

            def ask(text: str, more: int) -> Answer:
                wanted = Wanted(hits + more, filters or Filters(), self._reranker)
                return search(
                    snapshot, encoder, text, wanted=wanted, settings=self._settings, progress=progress
                )

            return reply(conversation or Conversation(), question, ask=ask, reading=reading)

    def write(
        self, answer: Answer, generator: Generator, *, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """What happens while `generator` writes from the answer's passages (see `rag.generate.events`).

        Ends with `Finished` whatever the endpoint does; closing the iterator, or setting `cancel`, stops it.
        """
        return write(answer, generator, self._encode(), cancel=cancel)

    def chart(self, filters: Filters | None = None) -> Chart:
        """The library's passages in two dimensions, those that meet `filters`; kept until it changes."""
        filters = filters or Filters()
        with self._reading() as snapshot:
            known = self._charts.get(filters)
            if known is None or known[0] != snapshot.generation:
                known = self._charts[filters] = (snapshot.generation, draw_chart(snapshot, filters))
            return known[1]

    def place_on(self, chart: Chart, question: str) -> tuple[float, float]:
        """Where a question stands on a chart, -1 to 1."""
        vector = self._encode().encode_question(question).vectors[0]
        return chart.place(vector, detect_language(question))

    def documents(self) -> tuple[DocumentInfo, ...]:
        """What is in the library, in the order of the keys."""
        with self._reading() as snapshot:
            return snapshot.documents()

    def failures(self) -> tuple[Failure, ...]:
        """The files that could not be read when they were last tried, each with its reason."""
        with closing(Catalog(self.folder, writable=False)) as catalog:
            return tuple(Failure(failed.path, failed.reason) for failed in catalog.failed_files().values())

    def sources(self, paths: Iterable[str]) -> dict[str, SourceState]:
        """Whether these files, of documents in the library, are still as they were read; by path."""
        with closing(Catalog(self.folder, writable=False)) as catalog:
            return source_states(catalog, paths)

    def document(self, key: str) -> Document:
        """One document as it was read, with the structure that was found in it."""
        with self._reading() as snapshot:
            return snapshot.document(key)

    def passages_of(self, key: str) -> tuple[Passage, ...]:
        """The passages of one document, in its order."""
        with self._reading() as snapshot:
            return snapshot.passages_of(key)

    def remove(self, *paths: str | Path) -> int:
        """Take documents out, by file, folder or key; the number of documents that went."""
        return remove_paths(paths, folder=self.folder)

    def rebuild(self, *, progress: ProgressCallback | None = None) -> IndexReport:
        """Cut and encode every document anew, from the texts that the library keeps."""
        encoder = self._encode(progress)
        return rebuild_library(
            self.folder, encoder=encoder, settings=self._named_settings(), progress=progress
        )

    def doctor(self, *, repair: bool = False, full: bool = False) -> tuple[Finding, ...]:
        """What is wrong with the files of the library, and how to mend it; with `repair`, mended.

        With `full` some passages are encoded again and held against their vectors.
        """
        return doctor(
            self.folder, repair=repair, full=full, encoder=self._encode, settings=self._named_settings()
        )

    def export(self, file: str | Path) -> int:
        """The bytes of one new file that holds the whole library; others may write to it meanwhile."""
        return export_library(self.folder, Path(file))

    def restore(self, file: str | Path) -> None:
        """Set up here, where nothing is yet, the library that `export` wrote."""
        import_library(Path(file), self.folder)

    def close(self) -> None:
        """Let go of the folder; calls that are still reading finish first."""
        self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None and not opened.readers:
                opened.snapshot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[VectorStore]:
        """The newest state, kept open until the caller is done with it."""
        with self._lock:
            if self._opened is None or not self._opened.snapshot.is_current:
                newest = _Opened(self._open())
                self._let_go()
                self._opened = newest
            opened = self._opened
            opened.readers += 1
        try:
            yield opened.snapshot
        finally:
            with self._lock:
                opened.readers -= 1
                if not opened.readers and opened is not self._opened:
                    opened.snapshot.close()

    @contextmanager
    def _asking(self) -> Iterator[tuple[VectorStore, Encoder]]:
        """The newest state, and the model that made it. Raises LibraryMismatch."""
        with self._reading() as snapshot:
            encoder = self._encode()
            snapshot.check_model(encoder.fingerprint)
            yield snapshot, encoder

    def _open(self) -> VectorStore:
        """The newest state, opened."""
        return Snapshot(self.folder)

    def _encode(self, progress: ProgressCallback | None = None) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = open_encoder(self._model_name(), progress or self._progress)
            return self._encoder

    def _model_name(self) -> str:
        """The model that was asked for, or else the library's own, or else the default."""
        return self._model or self._own_model() or self._settings.model

    def _own_model(self) -> str | None:
        """The model that the library was made with; None where there is no library that could say so."""
        try:
            with closing(Catalog(self.folder, writable=False)) as catalog:
                identity = Identity.read(catalog)
        except LibraryError:
            return None
        return None if identity is None else identity.model

    def _named_settings(self) -> Settings:
        return replace(self._settings, model=self._model_name())
