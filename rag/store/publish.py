"""Bring the derived indexes to the catalog's generation, or make them again from the catalog alone.

`published` in the catalog names the files of one generation with their hashes, and changes in one commit.
Readers open what it names; a file that it does not name is a leftover. So a document is safe from its own
commit on, and seen from the next publication on.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from rag.errors import LibraryDamaged, LibraryError
from rag.records import Int64, Passage
from rag.store import lexical
from rag.store.catalog import Catalog
from rag.store.clusters import Clusters, Measured, Read
from rag.store.database import Json
from rag.store.files import make_private_folder, told
from rag.store.layered import LayeredIndex
from rag.store.lexical import Entry, LexicalIndex
from rag.store.lock import oldest_read_generation
from rag.store.rows import Removal
from rag.store.vectors import VectorIndex
from rag.tokens import lexical_terms

QUARANTINE = "quarantine"
_DERIVED = ("vectors-", "terms-", "rebuild")  # what may be left half-made: salvage works in `rebuild`
_REWRITE_FROM = (
    256  # vectors: this many changes are read from the catalog at opening before a file is written
)
_REWRITE_SHARE = 0.25  # ... or this share of the file, whichever is more
_REBUILD_BELOW = (
    2000  # terms: below this many passages any removal makes the index anew: its statistics are exact
)
_REBUILD_SHARE = 0.1  # ... above it, when this share of it is removed passages, which still count in idf
_SCAN = 1000


@dataclass(frozen=True, slots=True)
class Shelf:
    """The derived files of one language, by name; no vectors file is needed while there are few."""

    passages: int = 0
    vectors: str = ""
    vectors_hash: str = ""
    vectors_generation: int = 0
    vectors_last_id: int = 0
    vectors_count: int = 0
    terms: str = ""
    terms_files: lexical.Manifest = field(default_factory=dict)
    terms_removed: int = 0  # passages that are deleted in the index but still count in its statistics
    clusters: str = ""  # the file of passages up to `clusters_last_id`; `vectors` holds those after them
    clusters_hash: str = ""
    clusters_generation: int = 0
    clusters_last_id: int = 0
    clusters_count: int = 0  # when it was written
    clusters_trained: int = 0  # passages when its centres were made
    clusters_measured: tuple[int, int, int, float] | None = None  # the fields of `Measured`

    @property
    def files(self) -> set[str]:
        """The names of its files and folders."""
        return {self.vectors, self.terms, self.clusters} - {""}

    @property
    def measured(self) -> Measured | None:
        """What the clusters are like; None where there are none."""
        return Measured(*self.clusters_measured) if self.clusters_measured else None


@dataclass(frozen=True, slots=True)
class Published:
    """One generation as readers see it: the passages up to `last_id` less the removals up to `generation`."""

    generation: int = 0
    last_id: int = 0
    shelves: dict[str, Shelf] = field(default_factory=dict)  # by language
    superseded: dict[str, int] = field(default_factory=dict)  # file -> the generation that no longer needs it

    @classmethod
    def read(cls, catalog: Catalog) -> Published:
        """What the catalog says is published; nothing in a new library."""
        value: Json = catalog.get("published")
        if value is None:
            return cls()
        shelves = {language: Shelf(**shelf) for language, shelf in value["shelves"].items()}
        return cls(value["generation"], value["last_id"], shelves, value["superseded"])

    @property
    def files(self) -> set[str]:
        """The names of the derived files and folders that it needs."""
        return {name for shelf in self.shelves.values() for name in shelf.files}


# --- what a generation holds --------------------------------------------------------------------------------


def lexical_text(passage: Passage) -> str:
    """What the lexical index knows of a passage: the words around it and its own."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def entries(catalog: Catalog, ids: Int64) -> Iterator[Entry]:
    """The lexical entries of these passages, in that order."""
    generation = catalog.generation  # paths are no part of an entry
    for start in range(0, len(ids), _SCAN):
        for document, passage in catalog.passages_with_document(ids[start : start + _SCAN], generation):
            yield passage.id, document.first_passage, " ".join(lexical_terms(lexical_text(passage)))


def removed_ids(removals: list[Removal]) -> Int64:
    """The ids of all passages that were removed."""
    ranges = [np.arange(r.first_passage, r.first_passage + r.passages, dtype=np.int64) for r in removals]
    return np.concatenate(ranges) if ranges else np.empty(0, np.int64)


def live_ids(catalog: Catalog, published: Published, language: str, *, after: int = 0) -> Int64:
    """The ids above `after` of the language's passages in the published generation, ascending."""
    ids = catalog.passage_ids(language, after, published.last_id)
    return np.setdiff1d(ids, removed_ids(catalog.removals(0, published.generation)), assume_unique=True)


def dimensions_of(catalog: Catalog) -> int:
    """The dimensions of the library's vectors."""
    return int(catalog.get("identity")["dimensions"])


# --- opening ------------------------------------------------------------------------------------------------


def open_vectors(catalog: Catalog, published: Published, language: str) -> VectorIndex | LayeredIndex:
    """The vectors of the language as published. Raises LibraryDamaged where a file is not as written."""
    newest = open_newest(catalog, published, language)
    clusters = open_clusters(catalog, published, language)
    return LayeredIndex(clusters, newest, reader_of_vectors(catalog)) if clusters else newest


def open_clusters(catalog: Catalog, published: Published, language: str) -> Clusters | None:
    """The clusters of the language, less what was removed since; None where it has none, LibraryDamaged."""
    shelf = published.shelves[language]
    if shelf.measured is None:
        return None
    path = catalog.folder / shelf.clusters
    found = Clusters.load(path, shelf.clusters_hash, probes=shelf.measured.probes)
    return found.without(removed_ids(catalog.removals(shelf.clusters_generation, published.generation)))


def reader_of_vectors(catalog: Catalog) -> Read:
    """What reads vectors from the catalog."""
    return partial(catalog.vectors, dimensions=dimensions_of(catalog))


def open_newest(catalog: Catalog, published: Published, language: str) -> VectorIndex:
    """The vectors that are in no clusters: the file, brought up to date in memory from the catalog.

    Raises LibraryDamaged where the file is not what was written.
    """
    shelf = published.shelves[language]
    new = live_ids(catalog, published, language, after=shelf.vectors_last_id)
    vectors = catalog.vectors(new, dimensions_of(catalog))
    if not shelf.vectors:
        return VectorIndex.build(new, vectors)
    base = VectorIndex.load(catalog.folder / shelf.vectors, shelf.vectors_hash)
    gone = removed_ids(catalog.removals(shelf.vectors_generation, published.generation))
    return base.changed(without=gone, ids=new, vectors=vectors)


def rebuilt_vectors(catalog: Catalog, published: Published, language: str) -> VectorIndex:
    """The same from the catalog alone."""
    ids = live_ids(catalog, published, language)
    return VectorIndex.build(ids, reader_of_vectors(catalog)(ids))


def open_lexical(catalog: Catalog, published: Published, language: str) -> LexicalIndex:
    """The terms of the language as published. Raises LibraryDamaged where a file is not what was written."""
    shelf = published.shelves[language]
    return LexicalIndex.load(catalog.folder / shelf.terms, shelf.terms_files)


def rebuilt_lexical(catalog: Catalog, published: Published, language: str) -> LexicalIndex:
    """The same from the catalog alone, in memory."""
    return LexicalIndex.in_memory(entries(catalog, live_ids(catalog, published, language)))


# --- publishing ---------------------------------------------------------------------------------------------


def publish(catalog: Catalog) -> Published:
    """Make the derived files of the catalog's generation and let readers have it. Hold the writer lock.

    Raises LibraryError, with the old publication in place.
    """
    with told(catalog.folder):
        return _publish(catalog)


def _publish(catalog: Catalog) -> Published:
    old = Published.read(catalog)
    if old.generation == catalog.generation:
        return old
    new = Published(catalog.generation, catalog.last_passage)
    counts, changed = _counted(catalog, old, new)
    for language in sorted(language for language, count in counts.items() if count > 0):
        shelf = old.shelves.get(language, Shelf())
        if language in changed:
            shelf = replace(shelf, passages=counts[language])
            shelf = with_vectors(catalog, new, language, shelf)
            shelf = _with_lexical(catalog, (old, new), language, shelf)
        new.shelves[language] = shelf
    new.superseded.update(old.superseded)
    new.superseded.update(dict.fromkeys(old.files - new.files, new.generation))
    return put(catalog, new)


def republish(catalog: Catalog, languages: set[str]) -> Published:
    """Make the derived files of these languages anew from the catalog alone. Hold the writer lock.

    Raises LibraryError.
    """
    with told(catalog.folder):
        return _republish(catalog, languages)


def _republish(catalog: Catalog, languages: set[str]) -> Published:
    old = _publish(catalog)
    new = replace(old, shelves=dict(old.shelves), superseded=dict(old.superseded))
    for language in sorted(languages & set(old.shelves)):
        for name in sorted(old.shelves[language].files):
            set_aside(catalog.folder, name)
        shelf = Shelf(passages=live_ids(catalog, old, language).size)
        shelf = with_vectors(catalog, new, language, shelf)
        new.shelves[language] = _with_lexical(catalog, (old, new), language, shelf)
    return put(catalog, new)


def hand_over(catalog: Catalog, folder: Path) -> None:
    """Move the derived files of a catalog that will take the place of the one in `folder` there, ahead of it.

    So it is published from the moment that it is there. The folder's own catalog must name none of them: a
    catalog made again goes on with the old one's generations. Raises LibraryError.
    """
    with told(folder):
        for name in sorted(Published.read(catalog).files):
            _delete(folder / name)  # what a run that was killed in this moment has left
            (catalog.folder / name).rename(folder / name)


def tidy(catalog: Catalog) -> None:
    """Delete what no reader needs. Hold the writer lock. Raises LibraryError."""
    with told(catalog.folder):
        put(catalog, Published.read(catalog))


def put(catalog: Catalog, published: Published) -> Published:
    """Commit the publication and delete what nobody needs any more."""
    note(catalog, published)
    kept = _tidy(catalog, published)
    if kept != published.superseded:
        published = replace(published, superseded=kept)
        note(catalog, published)
    return published


def note(catalog: Catalog, published: Published) -> None:
    """Commit the publication."""
    catalog.put("published", asdict(published))


def _counted(catalog: Catalog, old: Published, new: Published) -> tuple[Counter[str], set[str]]:
    """The passages of each language in the new generation, and the languages that changed since the old."""
    counts = Counter({language: shelf.passages for language, shelf in old.shelves.items()})
    changed: set[str] = set()
    added = catalog.added_between(old.generation, new.generation)
    fresh = {row.first_passage: row for row in added if row.first_passage > old.last_id}  # not the moved ones
    for row in fresh.values():
        counts.update(row.languages)
        changed.update(row.languages)
    for removal in catalog.removals(old.generation, new.generation):
        counts.subtract(removal.languages)
        changed.update(removal.languages)
    return counts, changed


def with_vectors(catalog: Catalog, new: Published, language: str, shelf: Shelf) -> Shelf:
    """The shelf with a vectors file that is at most a quarter behind: the one it has, or a new one.

    Clusters stay as they are: see `consolidate`.
    """
    behind = live_ids(catalog, new, language, after=shelf.vectors_last_id).size
    if shelf.vectors:
        behind += removed_ids(catalog.removals(shelf.vectors_generation, new.generation)).size
    if behind <= max(_REWRITE_FROM, _REWRITE_SHARE * shelf.vectors_count):
        return shelf
    state = replace(new, shelves={language: shelf})
    try:
        index = open_newest(catalog, state, language)
    except LibraryDamaged:
        set_aside(catalog.folder, shelf.vectors)
        ids = live_ids(catalog, new, language, after=shelf.clusters_last_id)
        index = VectorIndex.build(ids, reader_of_vectors(catalog)(ids))
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
    """The shelf with a terms folder of the new generation, linked to the old one's files where it can be."""
    old, new = states
    folder = catalog.folder / f"terms-{language}-{new.generation}"
    removals = [r for r in catalog.removals(old.generation, new.generation) if language in r.languages]
    removed = shelf.terms_removed + sum(removal.languages[language] for removal in removals)
    stale = removed > _REBUILD_SHARE * shelf.passages or (removed and shelf.passages < _REBUILD_BELOW)
    if shelf.terms and not stale:
        added = entries(catalog, live_ids(catalog, new, language, after=old.last_id))
        gone = [removal.first_passage for removal in removals]
        base = catalog.folder / shelf.terms
        try:
            files = lexical.update(folder, base, shelf.terms_files, entries=added, gone=gone)
            return replace(shelf, terms=folder.name, terms_files=files, terms_removed=removed)
        except LibraryDamaged:
            set_aside(catalog.folder, shelf.terms)
    files = lexical.build(folder, entries(catalog, live_ids(catalog, new, language)))
    return replace(shelf, terms=folder.name, terms_files=files, terms_removed=0)


def set_aside(folder: Path, name: str) -> None:
    """Move a damaged derived file into `quarantine/`, out of the way but not lost."""
    found = folder / name
    if not name or not found.exists():
        return
    make_private_folder(folder / QUARANTINE)
    target = folder / QUARANTINE / name
    while target.exists():
        target = target.with_name(target.name + "~")
    found.rename(target)


def _tidy(catalog: Catalog, published: Published) -> dict[str, int]:
    """Delete removed documents' rows and the derived files that no reader needs; returns those still read."""
    oldest = oldest_read_generation(catalog.folder, published.generation)
    bases = [shelf.vectors_generation for shelf in published.shelves.values() if shelf.vectors]
    bases += [shelf.clusters_generation for shelf in published.shelves.values() if shelf.clusters]
    if catalog.removals(0, oldest):
        catalog.sweep(oldest, noted_until=min([*bases, oldest]))
    with suppress(LibraryError):  # no room for the copy: the library stays as large as it is
        catalog.compact()
    read = {name: since for name, since in published.superseded.items() if since > oldest}
    for name in leftovers(catalog.folder, replace(published, superseded=read)):
        _delete(catalog.folder / name)
    return read


def leftovers(folder: Path, published: Published) -> list[str]:
    """The names of derived and half-written files that no reader of this or an older generation needs."""
    needed = published.files | set(published.superseded)
    names = [path.name for path in folder.iterdir()]
    return sorted(name for name in names if name.lstrip(".").startswith(_DERIVED) and name not in needed)


def _delete(path: Path) -> None:
    """Delete a file or a folder; a folder that will not go is tried again at the next publication."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
