"""Put a language's vectors into clusters when they have become many, and the newest ones in with the rest.

That takes from seconds to a minute, so it is done after what was written is published: readers see the new
passages at once, ask the exact index of the newest meanwhile, and change over when the clusters are there.
"""

from __future__ import annotations

from dataclasses import astuple, replace

from rag.errors import LibraryDamaged
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.clusters import LEAST_RECALL, Clusters, build
from rag.store.files import told
from rag.store.identity import read_codec
from rag.store.publish import Published, Shelf
from rag.store.reference import read_reference

_NEWEST_SHARE = 0.05  # of the clusters' passages; the exact index of the newest is searched beside them
_REMOVED_SHARE = 0.2  # ... of which so many may be removed
_TRAINED_FOR = 2  # times as many passages as the centres were made for


def consolidate(catalog: Catalog, *, exact_up_to: int) -> Published:
    """Publish, and again with clusters for each language that has more than `exact_up_to` passages in none.

    Hold the writer lock. Raises LibraryError, with what was published before in place.
    """
    published = publish.publish(catalog)
    due = [language for language in sorted(published.shelves)
           if is_due(catalog, published, language, exact_up_to=exact_up_to)]  # fmt: skip
    if not due:
        return published
    with told(catalog.folder):
        return _consolidated(catalog, published, due, exact_up_to=exact_up_to)


def is_due(catalog: Catalog, published: Published, language: str, *, exact_up_to: int) -> bool:
    """Whether the language wants other clusters than it has."""
    shelf = published.shelves[language]
    if shelf.measured is None:
        return shelf.passages > exact_up_to
    newest = publish.live_ids(catalog, published, language, after=shelf.clusters_last_id).size
    removed = shelf.clusters_count - (shelf.passages - newest)
    return (
        newest > max(exact_up_to, _NEWEST_SHARE * shelf.clusters_count)
        or removed > _REMOVED_SHARE * shelf.clusters_count
        or shelf.measured.recall < LEAST_RECALL
    )


def _consolidated(catalog: Catalog, old: Published, due: list[str], *, exact_up_to: int) -> Published:
    """A publication of a generation of its own, for readers that are opening the old one need its files."""
    new = replace(old, generation=old.generation + 1, shelves=dict(old.shelves))
    for language in due:
        shelf = replace(
            Shelf(), passages=old.shelves[language].passages, terms=old.shelves[language].terms,
            terms_files=old.shelves[language].terms_files, terms_removed=old.shelves[language].terms_removed,
        )  # fmt: skip
        if shelf.passages > exact_up_to:
            new.shelves[language] = _with_clusters(catalog, new, language, (old.shelves[language], shelf))
        else:
            new.shelves[language] = publish.with_vectors(catalog, new, language, shelf)
    superseded = {**old.superseded, **dict.fromkeys(old.files - new.files, new.generation)}
    new = replace(new, superseded=superseded)
    with catalog.transaction():
        catalog.put("generation", new.generation)
        publish.note(catalog, new)
    return publish.put(catalog, new)


def _with_clusters(catalog: Catalog, new: Published, language: str, shelves: tuple[Shelf, Shelf]) -> Shelf:
    """The second shelf with all of its vectors in clusters: those of the first, or new ones."""
    old, shelf = shelves
    ids = publish.live_ids(catalog, new, language)
    trained = _trained(catalog, old) if ids.size <= _TRAINED_FOR * old.clusters_trained else None
    apart = read_reference(catalog, read_codec(catalog)).vectors.reshape(-1, publish.dimensions_of(catalog))
    clusters, measured = build(ids, publish.reader_of_vectors(catalog), apart=apart, trained=trained)
    name = f"vectors-{language}-{new.generation}.ivf"
    return replace(
        shelf,
        vectors_generation=new.generation,
        vectors_last_id=new.last_id,
        clusters=name,
        clusters_hash=clusters.save(catalog.folder / name),
        clusters_generation=new.generation,
        clusters_last_id=new.last_id,
        clusters_count=int(ids.size),
        clusters_trained=old.clusters_trained if trained else int(ids.size),
        clusters_measured=astuple(measured),
    )


def _trained(catalog: Catalog, shelf: Shelf) -> Clusters | None:
    """The clusters whose centres serve again, where they do."""
    if shelf.measured is None or shelf.measured.recall < LEAST_RECALL:
        return None
    try:
        return Clusters.load(catalog.folder / shelf.clusters, shelf.clusters_hash, probes=1)
    except LibraryDamaged:
        publish.set_aside(catalog.folder, shelf.clusters)
        return None
