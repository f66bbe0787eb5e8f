"""A library made again from itself: with another model or segmenter, or out of a damaged catalog."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rag.encoder import Encoder
from rag.errors import LibraryMissing
from rag.records import IndexReport, Progress, ProgressCallback
from rag.settings import Settings
from rag.shelving import Shelver, identify, renew_reference
from rag.store.catalog import Catalog
from rag.store.consolidate import consolidate
from rag.store.lock import writer_lock
from rag.store.publish import hand_over, publish, tidy
from rag.store.reference import has_reference
from rag.store.salvage import Salvage, replacement, salvage


def rebuild_library(
    folder: Path, *, encoder: Encoder, settings: Settings, progress: ProgressCallback | None = None
) -> IndexReport:
    """Cut and encode every document of the library anew, from the texts that it keeps; files are not needed.

    The old library answers until the new one takes its place, and stays in `quarantine/`. Raises
    LibraryMissing, LibraryLocked, LibraryDamaged, LibraryError, with the library as it was.
    """
    started = time.monotonic()
    if not folder.is_dir():
        raise LibraryMissing(
            f"there is no library in {folder}; make one with `rag index PATH --index {folder}`"
        )
    with writer_lock(folder):
        with closing(Catalog(folder)) as old, replacement(folder) as new:
            new.put("generation", old.generation)  # generations name derived files: they only go up
            new.put("next_passage", old.last_passage + 1)
            identify(new, encoder, settings)
            shelver = Shelver(new, encoder, settings, publishing=False)
            documents = old.documents_at(old.generation)
            for number, row in enumerate(documents):
                if progress:
                    progress(Progress("indexing", number, len(documents), "documents"))
                shelver.add(old.body(row).read, content=row.hash)
            shelver.flush()
            for path, stamp in old.file_stamps().items():
                new.put_file(path, stamp)
            new.put_failures(list(old.failed_files().values()))
            shelver_passages, warnings = shelver.passages, shelver.warnings
            publish(new)  # in its place unpublished, it would answer nothing until that is done
            hand_over(new, folder)
        with closing(Catalog(folder)) as catalog:
            tidy(catalog)
            consolidate(catalog, exact_up_to=settings.exact_vectors)
    return IndexReport(
        updated=len(documents),
        passages=shelver_passages,
        seconds=time.monotonic() - started,
        warnings=warnings,
    )


def rescue(catalog: Path, *, encoder: Callable[[], Encoder], settings: Settings) -> Salvage:
    """What came of putting a new catalog, of all that is sound in the damaged file `catalog`, in its place.

    It is published then. Documents whose text is sound but not all the rest are cut and encoded again. Hold
    the writer lock. Raises LibraryMismatch where that needs another model than the encoder's, LibraryError,
    OSError.
    """
    with replacement(catalog.parent) as new:
        result = salvage(catalog, new)
        if result.encode:
            model = encoder()
            identify(new, model, settings)
            shelver = Shelver(new, model, settings, publishing=False)
            for document, content in result.encode:
                shelver.add(document, content=content)
            shelver.flush()
        if new.last_passage and not has_reference(new):
            model = encoder()
            identify(new, model, settings)
            renew_reference(new, model)
        publish(new)
        hand_over(new, catalog.parent)
    return result
