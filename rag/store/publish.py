"""Bring the derived indexes to the catalog's generation, or make them again from the catalog alone.

`published` in the catalog names the files of one generation with their hashes; it changes in one commit. Readers
open what it names; files that it does not name are leftovers.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import LibraryDamaged
from rag.records import Int64, Passage
from rag.store import lexical
from rag.store.catalog import Catalog, Removal
from rag.store.files import make_private_folder
from rag.store.lexical import Entry, LexicalIndex
from rag.store.lock import oldest_read_generation
from rag.store.vectors import VectorIndex
from rag.tokens import lexical_terms

QUARANTINE = "quarantine"
_REWRITE_FROM = (
    256  # vectors: so many changes are read from the catalog at opening before a file is (re)written
)
_REWRITE_SHARE = 0.25  # ... or this share of the file, whichever is more
_REBUILD_BELOW = (
    2000  # terms: a smaller index is made anew when anything was removed, so that its statistics stay exact
)
_REBUILD_SHARE = 0.1  # ... a larger one when this share of it is removed passages
_SCAN = 1000


@dataclass(frozen=True, slots=True)
class Shelf:
    """The derived files of one language: names within the folder, "" where none is needed yet."""

    passages: int = 0
    vectors: str = ""
    vectors_hash: str = ""
    vectors_generation: int = 0
    vectors_last_id: int = 0
    vectors_count: int = 0
    lexical: str = ""
    lexical_files: dict[str, str] = field(default_factory=dict)
    lexical_removed: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """One generation as readers see it: ids up to `last_id`, less the removals up to `generation`."""

    generation: int = 0
    last_id: int = 0
    shelves: dict[str, Shelf] = field(default_factory=dict)

    @classmethod
    def read(cls, catalog: Catalog) -> Published:
        """What the catalog says is published; nothing in a new library."""
        value: dict[str, Any] | None = catalog.get("published")
        if value is None:
            return cls()
        shelves = {language: Shelf(**shelf) for language, shelf in value.pop("shelves").items()}
        return cls(**value, shelves=shelves)


def lexical_text(passage: Passage) -> str:
    """What the lexical index knows of a passage: the words around it and its own."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def entries(catalog: Catalog, ids: Int64) -> Iterator[Entry]:
    """The lexical entries of these passages, in that order."""
    for start in range(0, len(ids), _SCAN):
        for first, passage in catalog.passages_with_document(ids[start : start + _SCAN]):
            yield passage.id, first, " ".join(lexical_terms(lexical_text(passage)))


def removed_ids(removals: list[Removal]) -> Int64:
    """The ids of all passages that were removed."""
    ranges = [np.arange(r.first_passage, r.first_passage + r.passages, dtype=np.int64) for r in removals]
    return np.concatenate(ranges) if ranges else np.empty(0, np.int64)


def live_ids(catalog: Catalog, published: Published, language: str) -> Int64:
    """The ids of the language's passages in the published generation, ascending."""
    ids = catalog.passage_ids(language, 0, published.last_id)
    return np.setdiff1d(ids, removed_ids(catalog.removals(0, published.generation)), assume_unique=True)


def open_vectors(catalog: Catalog, published: Published, language: str, dimensions: int) -> VectorIndex:
    """The vectors of the language as published: the file, brought up to date from the catalog in memory.

    Raises LibraryDamaged or FileNotFoundError where the file is not what was written.
    """
    shelf = published.shelves[language]
    gone = removed_ids(catalog.removals(shelf.vectors_generation, published.generation))
    new = np.setdiff1d(catalog.passage_ids(language, shelf.vectors_last_id, published.last_id), gone)
    vectors = catalog.vectors(new, dimensions)
    if not shelf.vectors:
        return VectorIndex.build(new, vectors)
    base = VectorIndex.load(catalog.folder / shelf.vectors, shelf.vectors_hash)
    return base.changed(without=gone, ids=new, vectors=vectors)


def rebuilt_vectors(catalog: Catalog, published: Published, language: str, dimensions: int) -> VectorIndex:
    """The same from the catalog alone."""
    ids = live_ids(catalog, published, language)
    return VectorIndex.build(ids, catalog.vectors(ids, dimensions))


def open_lexical(catalog: Catalog, published: Published, language: str) -> LexicalIndex:
    """The terms of the language as published. Raises LibraryDamaged."""
    shelf = published.shelves[language]
    return LexicalIndex.load(catalog.folder / shelf.lexical, shelf.lexical_files)


def rebuilt_lexical(catalog: Catalog, published: Published, language: str) -> LexicalIndex:
    """The same from the catalog alone."""
    return LexicalIndex.in_memory(entries(catalog, live_ids(catalog, published, language)))


def publish(catalog: Catalog, *, dimensions: int) -> Published:
    """Make the derived files of the catalog's generation and let readers have it. Hold the writer lock."""
    old = Published.read(catalog)
    generation = catalog.generation
    if old.generation == generation:
        return old
    counts = Counter({language: shelf.passages for language, shelf in old.shelves.items()})
    changes = Counter[str]()
    for row in catalog.added_between(old.generation, generation):
        counts.update(row.languages)
        changes.update(row.languages)
    removals = catalog.removals(old.generation, generation)
    for removal in removals:
        counts.subtract(removal.languages)
        changes.update(removal.languages)
    new = Published(generation, int(catalog.get("next_passage")) - 1, {})
    for language in sorted(language for language, count in counts.items() if count > 0):
        shelf = old.shelves.get(language, Shelf())
        if changes[language]:
            shelf = replace(shelf, passages=counts[language])
            shelf = _with_vectors(catalog, new, language, shelf, dimensions)
            shelf = _with_lexical(catalog, (old, new), language, shelf)
        new.shelves[language] = shelf
    catalog.put("published", asdict(new))
    tidy(catalog, new)
    return new


def _with_vectors(catalog: Catalog, new: Published, language: str, shelf: Shelf, dimensions: int) -> Shelf:
    """The shelf with a vectors file that is at most a quarter behind; unchanged where it still is."""
    gone = removed_ids(catalog.removals(shelf.vectors_generation, new.generation))
    added = catalog.passage_ids(language, shelf.vectors_last_id, new.last_id)
    behind = added.size + np.intersect1d(gone, added).size
    if shelf.vectors:
        behind = added.size + gone.size
    if behind <= max(_REWRITE_FROM, _REWRITE_SHARE * shelf.vectors_count):
        return shelf
    staged = Published(new.generation, new.last_id, {language: shelf})
    try:
        index = open_vectors(catalog, staged, language, dimensions)
    except (LibraryDamaged, FileNotFoundError):
        set_aside(catalog.folder, shelf.vectors)
        index = rebuilt_vectors(catalog, staged, language, dimensions)
    name = f"vectors-{language}-{new.generation}.faiss"
    return replace(
        shelf,
        vectors=name,
        vectors_hash=index.save(catalog.folder / name),
        vectors_generation=new.generation,
        vectors_last_id=new.last_id,
        vectors_count=int(index.ids.size),
    )


def _with_lexical(
    catalog: Catalog, states: tuple[Published, Published], language: str, shelf: Shelf
) -> Shelf:
    """The shelf with a terms folder of the new generation."""
    old, new = states
    removals = [r for r in catalog.removals(old.generation, new.generation) if language in r.languages]
    removed = shelf.lexical_removed + sum(removal.languages[language] for removal in removals)
    name = f"terms-{language}-{new.generation}"
    folder = catalog.folder / name
    anew = removed and (shelf.passages < _REBUILD_BELOW or removed > _REBUILD_SHARE * shelf.passages)
    if shelf.lexical and not anew:
        ids = np.setdiff1d(catalog.passage_ids(language, old.last_id, new.last_id), removed_ids(removals))
        gone = [removal.first_passage for removal in removals]
        base = catalog.folder / shelf.lexical
        try:
            files = lexical.update(
                folder, base, shelf.lexical_files, entries=entries(catalog, ids), gone=gone
            )
            return replace(shelf, lexical=name, lexical_files=files, lexical_removed=removed)
        except LibraryDamaged:
            set_aside(catalog.folder, shelf.lexical)
    files = lexical.build(folder, entries(catalog, live_ids(catalog, new, language)))
    return replace(shelf, lexical=name, lexical_files=files, lexical_removed=0)


def set_aside(folder: Path, name: str) -> None:
    """Move a damaged derived file out of the way, into `quarantine/`: never deleted, for someone may need it."""
    damaged = folder / name
    if name and damaged.exists():
        make_private_folder(folder / QUARANTINE)
        target = folder / QUARANTINE / name
        while target.exists():
            target = target.with_name(target.name + "~")
        damaged.rename(target)


def tidy(catalog: Catalog, published: Published) -> None:
    """Delete what no reader needs: rows of removed documents and derived files that are not published.

    A reader that opened such a file keeps it open; one that was about to opens the newer state instead.
    """
    folder = catalog.folder
    oldest = oldest_read_generation(folder, published.generation)
    noted = [shelf.vectors_generation for shelf in published.shelves.values() if shelf.vectors]
    if catalog.removals(0, oldest):
        catalog.sweep(oldest, noted_until=min([*noted, published.generation]))
    kept = {shelf.vectors for shelf in published.shelves.values()}
    kept |= {shelf.lexical for shelf in published.shelves.values()}
    for path in folder.iterdir():
        if path.name not in kept and path.name.lstrip(".").startswith(("vectors-", "terms-")):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
