"""Copy what is sound in a damaged catalog into a new one, and say what is left to make again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from rag.records import Document
from rag.store import rows
from rag.store.catalog import Catalog
from rag.store.database import CATALOG
from rag.store.files import make_private_folder, sync_file, sync_folder, told
from rag.store.pages import read_rows
from rag.store.publish import QUARANTINE
from rag.store.rows import Body, DocumentRow, Row, is_sound

_WORK = "rebuild"  # the folder of a catalog that is not yet in place
_TABLES = {  # by number of columns
    3: ("vectors", "files"),
    4: ("states", "meta", "failures"),
    5: ("passages", "bodies"),
    6: ("removals",),
    8: ("documents",),
}
_OF_PASSAGES = ("passages", "vectors", "states")
_COPIED_FACTS = ("identity", "codec")
_COMMIT_ROWS = 5000
_PUT_TOGETHER = "its text was damaged on the disk; what is shown was put together from its passages"


@dataclass(slots=True)
class Salvage:
    """What was copied from a damaged catalog and what is still to do."""

    kept: int = 0  # documents copied whole
    encode: list[tuple[Document, str]] = field(
        default_factory=list
    )  # sound texts, with hash: to cut and encode
    read: set[str] = field(default_factory=set)  # files to read again
    passages_before: int | None = None  # in the published state, where that is still known
    lost: list[str] = field(default_factory=list)  # keys of documents of which only the name is left


# --- a new catalog in the place of the old ------------------------------------------------------------------


@contextmanager
def replacement(folder: Path) -> Iterator[Catalog]:
    """A new catalog that takes the place of the library's own when the block ends, in one rename.

    The old one stays in `quarantine/`. Where the block raises, all is as it was. Hold the writer lock.
    """
    work = folder / _WORK
    shutil.rmtree(work, ignore_errors=True)
    try:
        with closing(Catalog(work, create=True)) as catalog:
            yield catalog
        with told(folder):
            sync_file(work / CATALOG)
            _keep_old(folder)
            (work / CATALOG).replace(folder / CATALOG)
            sync_folder(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _keep_old(folder: Path) -> None:
    """Give the catalog a second name in `quarantine/`; its journal, not for the new one, moves."""
    make_private_folder(folder / QUARANTINE)
    number = 1
    while (kept := folder / QUARANTINE / f"{CATALOG}.{number}").exists():
        number += 1
    journal = folder / f"{CATALOG}-journal"
    if (folder / CATALOG).exists():
        try:
            os.link(folder / CATALOG, kept)
        except OSError:
            shutil.copyfile(folder / CATALOG, kept)
    if journal.exists():
        journal.replace(kept.with_name(f"{kept.name}-journal"))
    sync_folder(folder / QUARANTINE)


# --- what is sound ------------------------------------------------------------------------------------------


def sound_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Each row in the file that is what was written, with the name of its table; in page order."""
    for row in read_rows(path):
        for table in _TABLES.get(len(row), ()):
            if is_sound(table, row):
                yield table, row


def salvage(damaged: Path, target: Catalog) -> Salvage:
    """Copy every document that is whole in the file `damaged` to the new catalog `target`, under its old ids.

    A row counts when its checksum does; SQLite's own structures are not needed. Raises OSError.
    """
    found = _Found.read(damaged)
    copy = _Copy(target, orphans=found.bodies - set(found.documents) - found.removed)
    usable = all(key in found.facts for key in _COPIED_FACTS)  # without them nobody can say what vectors mean
    for document in found.live():
        has_passages = usable and found.has_passages(document)
        copy.decide(document, has_body=document.id in found.bodies, has_passages=has_passages)
    for part in _parts(sound_rows(damaged)):
        with target.transaction():
            for table, row in part:
                copy.row(table, row)
    copy.finish(found)
    result = copy.result
    if "published" in found.facts:
        shelves = json.loads(found.facts["published"])["shelves"].values()
        result.passages_before = sum(shelf["passages"] for shelf in shelves)
    result.read |= found.files - {document.path for document in found.live()}
    return result


def _parts(found: Iterator[tuple[str, Row]]) -> Iterator[list[tuple[str, Row]]]:
    while part := list(islice(found, _COMMIT_ROWS)):
        yield part


@dataclass(slots=True)
class _Found:
    """The sound rows of a damaged catalog; of large tables only which there are."""

    facts: dict[str, bytes] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    documents: dict[int, DocumentRow] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    bodies: set[int] = field(default_factory=set)
    ids: dict[str, set[int]] = field(default_factory=lambda: {table: set() for table in _OF_PASSAGES})
    generation: int = 0
    last_passage: int = 0

    @classmethod
    def read(cls, path: Path) -> _Found:
        """What is in the file."""
        found = cls()
        for table, row in sound_rows(path):
            found._note(table, row)
        found.generation = max(found.generation, int(found.facts.get("generation", b"0")))
        found.last_passage = max(found.last_passage, int(found.facts.get("next_passage", b"1")) - 1)
        return found

    def _note(self, table: str, row: Row) -> None:
        if table == "meta":
            self.facts[rows.to_text(row[0])] = row[2]
        elif table == "files":
            self.files.add(rows.to_text(row[0]))
        elif table == "failures":
            pass  # copied as they are
        elif table == "documents":
            document = DocumentRow.from_columns(row)
            self.documents[document.id] = document
            self.generation = max(self.generation, document.generation)
            self.last_passage = max(self.last_passage, document.first_passage + document.passages - 1)
        elif table == "removals":
            self.removed.add(row[0])
            self.generation = max(self.generation, row[1])
        elif table == "bodies":
            self.bodies.add(row[0])
        else:
            self.ids[table].add(row[0])
            self.last_passage = max(self.last_passage, row[0])

    def live(self) -> list[DocumentRow]:
        """The documents that were not removed; of two with one key the later."""
        latest = {self.documents[id_].key: id_ for id_ in sorted(self.documents) if id_ not in self.removed}
        return [self.documents[id_] for id_ in latest.values()]

    def has_passages(self, document: DocumentRow) -> bool:
        """Whether all that the document's passages need is sound."""
        return all(self.ids[table].issuperset(document.passage_ids) for table in _OF_PASSAGES)


class _Copy:
    """The way from the damaged catalog into the new one: first `decide`, then each `row`, then `finish`."""

    def __init__(self, target: Catalog, *, orphans: set[int]) -> None:
        self.result = Salvage()
        self._target = target
        self._documents: dict[int, DocumentRow] = {}
        self._passages: set[int] = set()
        self._encode: dict[int, str] = dict.fromkeys(orphans, "")  # documents whose text is sound -> hash
        self._bodiless: dict[int, DocumentRow] = {}  # by the id of each of their passages
        self._texts: dict[int, Row] = {}  # passages of those

    def decide(self, document: DocumentRow, *, has_body: bool, has_passages: bool) -> None:
        """Copy the document, have it made again from its text or its file, or give it up."""
        if has_body and not has_passages:
            self._encode[document.id] = document.hash
            return
        if not has_body:
            self.result.read.add(document.path)
            if not has_passages:
                self.result.lost.append(document.key)
                return
            warnings = (*document.warnings, _PUT_TOGETHER)
            document = replace(document, warnings=warnings, hash="")
            self._bodiless.update(dict.fromkeys(document.passage_ids, document))
        self._documents[document.id] = document
        self._passages.update(document.passage_ids)
        self.result.kept += 1

    def row(self, table: str, row: Row) -> None:
        """Write the row to the new catalog if it belongs there."""
        id_ = row[0]
        if table in _OF_PASSAGES and id_ in self._passages:
            self._insert(table, row)
            if table == "passages" and id_ in self._bodiless:
                self._texts[id_] = row
        elif table == "failures" or (table == "bodies" and id_ in self._documents):
            self._insert(table, row)
        elif table == "bodies" and id_ in self._encode:
            read = Body.from_columns(row).read
            self.result.encode.append((read, self._encode[id_] or rows.document_hash(read)))

    def _insert(self, table: str, row: Row) -> None:
        self._target.write(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", [row])

    def finish(self, found: _Found) -> None:
        """Write documents and facts; no file stamps, so that all files are looked at again."""
        with self._target.transaction():
            for document in self._documents.values():
                self._insert("documents", document.columns())
            for document in {document.id: document for document in self._bodiless.values()}.values():
                self._insert("bodies", self._put_together(document).columns(document.id))
            for key in _COPIED_FACTS:
                if key in found.facts:
                    self._target.put_bytes(key, found.facts[key])
            self._target.put("generation", found.generation + 1)
            self._target.put("next_passage", found.last_passage + 1)

    def _put_together(self, document: DocumentRow) -> Body:
        """A body whose text has the passages in their places and line ends between."""
        text = ["\n"] * document.characters
        for id_ in document.passage_ids:
            passage = rows.passage_from_columns(self._texts[id_], document)
            start, end = passage.source.start, passage.source.end
            text[start:end] = passage.text[: end - start].ljust(end - start)
        read = Document(
            path=document.path,
            title=document.title,
            text="".join(text),
            id=document.record,
            encoding=document.encoding,
            warnings=document.warnings,
        )
        return Body(read, ())
