"""Is the library sound? Every finding with its remedy, and the repair, which puts aside and never deletes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from rag.encoder import Encoder
from rag.errors import LibraryDamaged, LibraryMissing
from rag.ingest import index_files
from rag.rebuild import rescue
from rag.records import Finding
from rag.settings import Settings
from rag.shelving import encode_all
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.clusters import LEAST_RECALL, Measured
from rag.store.consolidate import consolidate
from rag.store.database import CATALOG
from rag.store.examine import Report, examine
from rag.store.files import PRIVATE_FOLDER
from rag.store.identity import check_model
from rag.store.lock import writer_lock
from rag.store.publish import QUARANTINE, Published
from rag.store.salvage import Salvage

_GONE = "the catalog is missing or empty"
_ENCODED_AGAIN = 32  # passages of each language
_SAME_COSINE = 0.999  # another processor may round otherwise


def doctor(
    folder: Path,
    *,
    repair: bool = False,
    full: bool = False,
    encoder: Callable[[], Encoder],
    settings: Settings,
) -> tuple[Finding, ...]:
    """What is wrong with the library in `folder`, and how to mend it; where nothing is, a finding says that.

    Every row and file is held against its checksum. With `full` some passages are encoded again too, and held
    against their vectors: what a checksum cannot see is a model whose results are others now.

    With `repair` what can be mended is: derived files are made again from the catalog, a damaged catalog is
    replaced by one of all that is sound in it, and documents that it lost are read from their files again.
    `encoder` is called only where documents must be encoded. Raises LibraryMissing, LibraryLocked,
    LibraryMismatch, LibraryError.
    """
    if not (folder / CATALOG).is_file() and not _has_remains(folder):
        raise LibraryMissing(
            f"there is no library in {folder}; make one with `rag index PATH --index {folder}`"
        )
    with writer_lock(folder):
        report = _examined(folder)
        mended = list(_mend(folder, report, encoder, settings)) if repair and _is_ill(report) else []
        if mended:
            report = _examined(folder)
        again = _encoded_again(folder, encoder()) if full and not _is_ill(report) else ()
        return (*mended, *_findings(report, folder), *again, *_surroundings(folder))


def _has_remains(folder: Path) -> bool:
    """Whether there was a library here."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return any(name == QUARANTINE or name.startswith(("vectors-", "terms-", CATALOG)) for name in names)


def _examined(folder: Path) -> Report:
    try:
        with closing(Catalog(folder)) as catalog:
            return examine(catalog)
    except LibraryMissing:
        return Report(catalog=[_GONE])
    except LibraryDamaged as error:
        return Report(catalog=[str(error).split("; run `rag doctor")[0]])


def _is_ill(report: Report) -> bool:
    return bool(
        report.catalog or report.derived or report.behind or report.leftovers or report.short_of_recall
    )


# --- what is said -------------------------------------------------------------------------------------------


def _findings(report: Report, folder: Path) -> Iterator[Finding]:
    """The report in findings, the gravest first."""
    remedy = f"rag doctor --repair --index {folder}"
    for line in report.catalog:
        yield Finding("error", line, remedy if line != _GONE else _remedy_of_loss(folder))
    for lines in report.derived.values():
        for line in lines:
            yield Finding("error", f"{line}; answers are right, but opening is slow", remedy)
    if report.behind:
        yield Finding("warning", f"{report.behind} commits are not in the indexes yet", remedy)
    for name in report.leftovers:
        yield Finding("warning", f"{name} is left over from a run that was cut off", remedy)
    if not _is_ill(report):
        with closing(Catalog(folder)) as catalog:
            documents = len(catalog.documents_at(catalog.generation))
            passages = sum(shelf.passages for shelf in Published.read(catalog).shelves.values())
        yield Finding("ok", f"{documents} documents, {passages} passages: all as it was written")
    for language, measured in report.measured.items():
        yield _about_clusters(language, measured, remedy)


def _about_clusters(language: str, measured: Measured, remedy: str) -> Finding:
    """How much of what exact search finds the clusters of a language find."""
    short = measured.recall < LEAST_RECALL
    what = (
        f"the vectors of {language} are in {measured.clusters} clusters, {measured.probes} are searched: "
        f"recall@100 {measured.recall:.3f} against exact search, on {measured.questions} questions"
    )
    return Finding("warning", f"{what}, below {LEAST_RECALL}", remedy) if short else Finding("ok", what)


def _surroundings(folder: Path) -> Iterator[Finding]:
    """What else a person should know."""
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        yield Finding("warning", f"other users can look into {folder}", f"chmod {PRIVATE_FOLDER:o} {folder}")
    quarantine = folder / QUARANTINE
    if quarantine.is_dir():
        remedy = f"delete {quarantine} when you miss nothing"
        yield Finding("ok", f"damaged or replaced files of earlier repairs are kept in {quarantine}", remedy)


def _remedy_of_loss(folder: Path) -> str:
    return f"put {folder / CATALOG} back from a copy, or run `rag index` on your files with --index {folder}"


def _encoded_again(folder: Path, encoder: Encoder) -> Iterator[Finding]:
    """Whether the model makes of some passages of each language the vectors that are kept."""
    apart = tried = 0
    with closing(Catalog(folder)) as catalog:
        check_model(catalog, encoder.fingerprint)
        published = Published.read(catalog)
        for language in sorted(published.shelves):
            ids = publish.live_ids(catalog, published, language)
            ids = ids[:: -(-ids.size // _ENCODED_AGAIN)]
            kept = catalog.vectors(ids, publish.dimensions_of(catalog))
            made = encode_all(encoder, catalog.passages(ids, published.generation)).vectors
            apart += int((np.einsum("ij,ij->i", kept, made) < _SAME_COSINE).sum())
            tried += ids.size
    if apart:
        what = f"the model makes other vectors of {apart} of {tried} passages than those that are kept"
        yield Finding("error", what, f"rag index --rebuild --index {folder}")
    else:
        yield Finding("ok", f"{tried} passages encoded again: the vectors are those that are kept")


# --- what is done -------------------------------------------------------------------------------------------


def _mend(
    folder: Path, report: Report, encoder: Callable[[], Encoder], settings: Settings
) -> Iterator[Finding]:
    """Mend what can be, and say what was mended and what is lost."""
    if not (folder / CATALOG).exists() or not (folder / CATALOG).stat().st_size:
        return  # nothing is left to mend it from
    if report.catalog:
        salvage = rescue(folder / CATALOG, encoder=encoder, settings=settings)
        with closing(Catalog(folder)) as catalog:
            yield from _read_again(catalog, salvage, encoder, settings)
            yield from _missed(consolidate(catalog, exact_up_to=settings.exact_vectors), salvage, folder)
        for line in report.catalog:
            yield Finding("ok", f"mended: {line}")
        return
    with closing(Catalog(folder)) as catalog:
        publish.publish(catalog)
        publish.republish(catalog, set(report.derived))
        consolidate(catalog, exact_up_to=settings.exact_vectors)
        publish.tidy(catalog)
    for line in [line for lines in report.derived.values() for line in lines]:
        yield Finding("ok", f"mended: {line}")
    for language in report.short_of_recall:
        yield Finding("ok", f"mended: made the clusters of {language} anew")
    if report.behind or report.leftovers:
        yield Finding("ok", "mended: finished what a run that was cut off had begun")


def _read_again(
    catalog: Catalog, salvage: Salvage, encoder: Callable[[], Encoder], settings: Settings
) -> Iterator[Finding]:
    """Read the files of documents that could not be copied whole; say which are lost."""
    files = [Path(path) for path in sorted(salvage.read) if Path(path).is_file()]
    if files:
        report = index_files(catalog, files, encoder=encoder(), settings=settings)
        yield from (Finding("warning", f"{each.path}: {each.reason}") for each in report.failures)
    for key in salvage.lost:
        if catalog.document_at(key, catalog.generation) is None:
            remedy = "put its file back where it was and run `rag index` on it"
            yield Finding(
                "error", f"{key} is lost: it is damaged in the catalog and its file is gone", remedy
            )


def _missed(published: Published, salvage: Salvage, folder: Path) -> Iterator[Finding]:
    """Say where the library has become smaller than it was."""
    after = sum(shelf.passages for shelf in published.shelves.values())
    remedy = f"run `rag index` on your files and folders again, with --index {folder}"
    if salvage.passages_before is None:
        yield Finding("warning", "nobody can say whether documents are missing now", remedy)
    elif after < salvage.passages_before:
        gone = salvage.passages_before - after
        yield Finding(
            "error", f"{gone} of {salvage.passages_before} passages could not be brought back", remedy
        )
