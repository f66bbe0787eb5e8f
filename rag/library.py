"""`Library`: what a developer, the command and the page use; a folder of documents that answers questions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from rag.chart import Chart, draw_chart
from rag.doctor import doctor
from rag.encoder import Encoder, open_encoder
from rag.errors import LibraryError
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
from rag.search import Wanted, search
from rag.settings import DEFAULT_INDEX, Settings
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog
from rag.store.identity import Identity


@dataclass(slots=True)
class _Opened:
    """A snapshot and how many calls are reading from it."""

    snapshot: Snapshot
    readers: int = 0


class Library:
    """A library in one folder: add files, ask questions, cite passages. Safe to use from several threads.

    Making one costs nothing: the model and the folder are opened when first needed. Each call sees the newest
    state, also of what another process has written meanwhile. `model` is a sentence-transformers model by
    name or folder; without it the library's own is used, the bundled one for a new library. `progress` hears
    of a model being built, where a call has no `progress` of its own. Every method
    raises `RagError` and its children, with one line for the user.
    """

    def __init__(
        self,
        index: str | Path = DEFAULT_INDEX,
        *,
        model: str | None = None,
        settings: Settings | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._settings = replace(settings or Settings(), index=Path(index))
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

    def add(self, *paths: str | Path, progress: ProgressCallback | None = None) -> IndexReport:
        """Add or update files and folders; what has not changed costs nothing."""
        return index_paths(
            [Path(path) for path in paths],
            folder=self.folder,
            encoder=self._encode(progress),
            settings=self._named_settings(),
            progress=progress,
        )

    def ask(self, question: str, *, k: int | None = None, filters: Filters | None = None) -> Answer:
        """The passages that answer the question, in any language, best first; `k` of them at most.

        Only passages that meet `filters`, where they are given.
        """
        with self._reading() as snapshot:
            encoder = self._encode()
            snapshot.check_model(encoder.fingerprint)
            wanted = Wanted(self._settings.hits if k is None else k, filters or Filters())
            return search(snapshot, encoder, question, wanted=wanted, settings=self._settings)

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
        with closing(Catalog(self.folder)) as catalog:
            return tuple(Failure(failed.path, failed.reason) for failed in catalog.failed_files().values())

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

    def doctor(self, *, repair: bool = False) -> tuple[Finding, ...]:
        """What is wrong with the files of the library, and how to mend it; with `repair`, mended."""
        return doctor(self.folder, repair=repair, encoder=self._encode, settings=self._named_settings())

    def close(self) -> None:
        """Let go of the folder; calls that are still reading finish first."""
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
    def _reading(self) -> Iterator[Snapshot]:
        """The newest state, kept open until the caller is done with it."""
        with self._lock:
            if self._opened is None or not self._opened.snapshot.is_current:
                newest = _Opened(Snapshot(self.folder))
                self.close()
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

    def _encode(self, progress: ProgressCallback | None = None) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = open_encoder(self._model_name(), progress or self._progress)
            return self._encoder

    def _model_name(self) -> str:
        """The model that was asked for, or else the library's own, or else the default."""
        return self._model or _model_of(self.folder) or self._settings.model

    def _named_settings(self) -> Settings:
        return replace(self._settings, model=self._model_name())


def _model_of(folder: Path) -> str | None:
    """The model that the library was made with; None where there is no library that could say so."""
    try:
        with closing(Catalog(folder)) as catalog:
            identity = Identity.read(catalog)
    except LibraryError:
        return None
    return None if identity is None else identity.model
