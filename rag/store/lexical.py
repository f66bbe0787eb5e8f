"""Terms of one language's passages in tantivy: BM25 with k1 = 1.2 and b = 0.75, its defaults.

One index a language, so that document frequency and average length are the language's own. The folder of an
index is never changed after it was published: an update links its files into a new folder and adds segments
there, so that readers keep what they opened. The catalog keeps each file's size and hash.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tantivy

from rag.errors import LibraryDamaged, LibraryError
from rag.records import Float32, Int64
from rag.store.files import PRIVATE_FILE, file_hash, make_private_folder, sync_file, sync_folder

_HEAP_BYTES = 64_000_000
_MARGIN = 16
_ROUNDING = 2e-6  # relative; two orders of summing the same float32 terms differ by less
_ASKED_BY_ID = 2000  # of 100,000: 4 ms with so many ids in the query, 11 ms with 10,000
_EMPTY = (np.empty(0, np.int64), np.empty(0, np.float32))

Entry = tuple[int, int, str]  # passage id, first passage id of its document, terms joined by spaces
Manifest = dict[str, str]  # file name -> hash


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=False, indexed=True, fast=True)
    builder.add_integer_field("document", stored=False, indexed=True, fast=False)
    builder.add_text_field("terms", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class LexicalIndex:
    """The terms of one language's passages, opened for reading."""

    def __init__(self, index: tantivy.Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()

    @property
    def passages(self) -> int:
        """The number of passages in the index."""
        return int(self._searcher.num_docs)

    @classmethod
    def in_memory(cls, entries: Iterable[Entry]) -> LexicalIndex:
        """An index of the entries that leaves no file."""
        index = tantivy.Index(_schema())
        _write(index, entries, ())
        return cls(index)

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> LexicalIndex:
        """The index in a folder. Raises LibraryDamaged where a file is not what was written or is missing."""
        verify(folder, manifest)
        return cls(tantivy.Index.open(str(folder)))

    def search(
        self, terms: Sequence[str], limit: int, *, within: Int64 | None = None
    ) -> tuple[Int64, Float32]:
        """The `limit` best for a bag of terms: ids (k,) and BM25 scores (k,), best first, ties by id.

        Only ids of `within`, where that is given; the statistics are those of all passages.
        """
        if limit < 1 or not terms or not self.passages or (within is not None and not within.size):
            return _EMPTY
        query, few = self._bag(terms), within is not None and within.size <= _ASKED_BY_ID
        if within is not None and few:
            query = self._among(query, within)
        wanted = limit + _MARGIN
        while True:
            ids, scores, complete = self._best(query, wanted)
            if within is not None and not few:
                kept = np.isin(ids, within)
                ids, scores = ids[kept], scores[kept]
            if complete or (
                len(ids) > limit and scores[-1] < scores[limit - 1] * np.float32(1 - 2 * _ROUNDING)
            ):
                break
            wanted *= 2 if within is None or few else 8
        if not len(ids):
            return _EMPTY
        scores = _settled(scores)
        order = np.lexsort((ids, -scores))[:limit]
        return ids[order], scores[order]

    def _best(self, query: tantivy.Query, wanted: int) -> tuple[Int64, Float32, bool]:
        """Ids and scores of the best, scores descending, and whether there are no more."""
        hits = self._searcher.search(query, limit=wanted, count=False).hits
        scores = np.array([score for score, _ in hits], np.float32)
        ids = self._searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
        return np.array(ids, np.int64), scores, len(hits) < wanted

    def _among(self, query: tantivy.Query, ids: Int64) -> tantivy.Query:
        """The query, for passages of these ids only, with its scores."""
        chosen = tantivy.Query.term_set_query(self._schema, "id", ids.tolist())
        silent = tantivy.Query.const_score_query(chosen, 0.0)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, silent)])

    def _bag(self, terms: Sequence[str]) -> tantivy.Query:
        """Any of the terms; one that is asked twice counts twice."""
        counts: dict[str, int] = {}
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
        parts = []
        for term, count in counts.items():
            query = tantivy.Query.term_query(self._schema, "terms", term, "freq")
            weighted = query if count == 1 else tantivy.Query.boost_query(query, float(count))
            parts.append((tantivy.Occur.Should, weighted))
        return tantivy.Query.boolean_query(parts)

    def document_frequency(self, term: str) -> int:
        """The number of passages that hold the term (removed ones count until their segment is merged)."""
        return int(self._searcher.doc_freq("terms", term))


def _settled(scores: Float32) -> Float32:
    """Descending scores with those equal but for rounding made equal to the first of their run."""
    near = scores[1:] >= scores[:-1] * np.float32(1 - _ROUNDING)
    heads = np.concatenate([[0], np.where(near, 0, np.arange(1, len(scores)))])
    return scores[np.maximum.accumulate(heads)]


def build(folder: Path, entries: Iterable[Entry]) -> Manifest:
    """Make a new index of the entries in `folder`, which must not exist, and return its manifest.

    It stands there as a whole or not at all. Raises LibraryError, OSError.
    """
    return _make(folder, None, {}, entries, ())


def update(
    folder: Path, base: Path, manifest: Manifest, *, entries: Iterable[Entry], gone: Iterable[int]
) -> Manifest:
    """Make in `folder` the index in `base` plus the entries, less the documents `gone` (first passage ids).

    `base` stays as it is. Raises LibraryDamaged where that is not what `manifest` says, LibraryError,
    OSError.
    """
    verify(base, manifest)
    return _make(folder, base, manifest, entries, gone)


def verify(folder: Path, manifest: Manifest) -> None:
    """Raise LibraryDamaged where a file of the manifest is missing or not what was written."""
    for name, expected in manifest.items():
        path = folder / name
        if not path.is_file() or file_hash(path) != expected:
            raise LibraryDamaged(f"{path} is damaged or missing; run `rag doctor --repair`")


def _make(
    folder: Path, base: Path | None, manifest: Manifest, entries: Iterable[Entry], gone: Iterable[int]
) -> Manifest:
    work = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)  # left by a writer that was killed before it published
    make_private_folder(work)
    try:
        for name in manifest:
            _link(base / name if base else work, work / name)
        with _told():
            index = tantivy.Index.open(str(work)) if base else tantivy.Index(_schema(), path=str(work))
            _write(index, entries, gone)
        made = _seal(work, manifest)
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return made


def _link(source: Path, target: Path) -> None:
    """A second name for a file that nobody changes; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write(index: tantivy.Index, entries: Iterable[Entry], gone: Iterable[int]) -> None:
    """Commit the entries and the removals. One thread: the same entries make the same segments."""
    writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
    for document in gone:
        writer.delete_documents_by_term("document", document)
    for id_, document, terms in entries:
        entry = tantivy.Document()
        entry.add_integer("id", id_)
        entry.add_integer("document", document)
        entry.add_text("terms", terms)
        writer.add_document(entry)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()


@contextmanager
def _told() -> Iterator[None]:
    """Turn tantivy's errors, all of them ValueError, into ours."""
    try:
        yield
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise LibraryError(
            f"the index of terms cannot be written ({reason}); what was committed is kept; free space or "
            "make the folder writable, then try again"
        ) from error


def _seal(folder: Path, known: Manifest) -> Manifest:
    """Put every file of a finished index on the disk, for the user only, and return their hashes."""
    made: Manifest = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".lock":
            path.unlink()
        elif path.name in known and path.suffix != ".json":
            made[path.name] = known[path.name]
        else:
            path.chmod(PRIVATE_FILE)
            sync_file(path)
            made[path.name] = file_hash(path)
    sync_folder(folder)
    return made
