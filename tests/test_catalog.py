from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from library import new_catalog, new_document

from rag.errors import LibraryDamaged, LibraryError, LibraryMismatch, LibraryMissing
from rag.store.catalog import Catalog, FileStamp
from rag.store.lock import writer_lock
from rag.store.salvage import replacement

TEXTS = ["One passage.", "Another, with a 字.", "A third."]


@pytest.fixture
def catalog(tmp_path):
    with closing(new_catalog(tmp_path)) as catalog:
        yield catalog


def ids_of(*numbers):
    return np.array(numbers, np.int64)


def test_a_document_comes_back_as_it_went_in(catalog):
    new = new_document("/a.txt", TEXTS)
    row = catalog.replace(new)
    assert catalog.document(row) == new.read
    assert catalog.body(row).read == new.read
    assert [passage.text for passage in catalog.passages(ids_of(1, 2, 3))] == TEXTS
    assert [passage.id for passage in catalog.passages(ids_of(3, 1))] == [3, 1]
    assert catalog.passages(ids_of(2))[0].source == new.passages[1].source
    assert np.allclose(catalog.vectors(ids_of(1, 2, 3), 32), new.vectors, atol=1e-3)
    assert np.allclose(np.linalg.norm(catalog.vectors(ids_of(1, 2, 3), 32), axis=1), 1, atol=1e-6)
    assert catalog.states(ids_of(3, 1)) == [new.states[2], new.states[0]]
    info = row.info()
    assert (info.key, info.language, info.passages, info.characters) == (
        "/a.txt",
        "en",
        3,
        len(new.read.text),
    )


@pytest.mark.parametrize(
    "text", ["with a \0 inside", "lone \ud800 surrogate", "\x1f\u202e\u200d", "", "👩‍👩‍👧"]
)
def test_any_text_comes_back(catalog, text):
    row = catalog.replace(new_document(f"/{text}", [text]))
    assert catalog.document(row).text == text
    assert catalog.passages(ids_of(1))[0].text == text
    assert catalog.document_at(f"/{text}", 1) == row


def test_a_changed_document_gets_new_ids_and_the_old_generation_stays_readable(catalog):
    first = catalog.replace(new_document("/a.txt", TEXTS))
    second = catalog.replace(new_document("/a.txt", ["New."]))
    assert list(second.passage_ids) == [4]
    assert catalog.documents_at(1) == [first]
    assert catalog.documents_at(2) == [second]
    assert catalog.document(first).text == "\n".join(TEXTS)
    assert catalog.documents_at(0) == []


def test_ids_are_never_given_twice(catalog):
    for _ in range(3):
        row = catalog.replace(new_document("/a.txt", ["x", "y"]))
        catalog.remove(row)
        catalog.sweep(catalog.generation, noted_until=catalog.generation)
    assert catalog.replace(new_document("/b.txt", ["z"])).first_passage == 7


def test_a_sweep_leaves_nothing_of_what_was_removed(catalog, tmp_path):
    kept = catalog.replace(new_document("/b.txt", ["stays"]))
    catalog.replace(new_document("/a.txt", ["a secret word: Xylophonregal"]))
    catalog.replace(new_document("/a.txt", ["changed"]))
    catalog.sweep(catalog.generation, noted_until=catalog.generation)
    for table in ("passages", "vectors", "states"):
        assert [row[0] for row in catalog.scan(table)] == [1, 3]
    assert len(list(catalog.scan("bodies"))) == 2
    assert catalog.removals(0, 99) == []
    assert catalog.documents_at(3)[-1] == kept
    assert b"Xylophonregal" not in (tmp_path / "catalog.sqlite").read_bytes()


def test_notes_of_removals_can_outlive_the_rows(catalog):
    catalog.remove(catalog.replace(new_document("/a.txt", TEXTS)))
    catalog.sweep(2, noted_until=1)
    assert [(note.first_passage, note.passages, note.generation) for note in catalog.removals(0, 2)] == [
        (1, 3, 2)
    ]
    assert catalog.documents_at(1) == []


class Stop(Exception):
    pass


def test_a_transaction_that_fails_changes_nothing(catalog):
    catalog.replace(new_document("/a.txt", TEXTS))
    before = dump(catalog)

    def states():
        yield from new_document("/a.txt", ["new", "newer"]).states[:1]
        raise Stop

    new = new_document("/a.txt", ["new", "newer"])
    object.__setattr__(new, "states", states())
    with pytest.raises(Stop):
        catalog.replace(new)
    assert dump(catalog) == before
    with pytest.raises(Stop), catalog.transaction():
        catalog.put("generation", 77)
        raise Stop
    assert dump(catalog) == before


def dump(catalog):
    return [line for line in sqlite3.connect(catalog.path).iterdump()]


@pytest.mark.parametrize("table", ["documents", "bodies", "passages", "vectors", "states"])
def test_a_changed_row_is_not_believed(catalog, table):
    row = catalog.replace(new_document("/a.txt", TEXTS))
    column = {"documents": "info", "bodies": "text", "passages": "text", "vectors": "data", "states": "codes"}
    with closing(sqlite3.connect(catalog.path)) as other:
        [(value,)] = other.execute(f"SELECT {column[table]} FROM {table} LIMIT 1").fetchall()
        other.execute(f"UPDATE {table} SET {column[table]} = ? WHERE rowid = 1", (value[:-1] + b"\0",))
        other.commit()
    reads = {
        "documents": lambda: catalog.documents_at(1),
        "bodies": lambda: catalog.document(row),
        "passages": lambda: catalog.passages(ids_of(1)),
        "vectors": lambda: catalog.vectors(ids_of(1), 32),
        "states": lambda: catalog.states(ids_of(1)),
    }
    with pytest.raises(LibraryDamaged, match="doctor --repair"):
        reads[table]()


def test_two_rows_that_changed_places_are_not_believed(catalog):
    catalog.replace(new_document("/a.txt", TEXTS))
    with closing(sqlite3.connect(catalog.path)) as other:
        other.executescript("UPDATE vectors SET id = id + 10; UPDATE vectors SET id = 13 - id + 1;")
        other.commit()
    with pytest.raises(LibraryDamaged):
        catalog.vectors(ids_of(1), 32)


def test_a_missing_passage_is_damage(catalog):
    with pytest.raises(LibraryDamaged, match="passage 5"):
        catalog.passages(ids_of(5))


def test_facts_survive_the_loss_of_one_copy(catalog):
    catalog.put("generation", 5)
    with closing(sqlite3.connect(catalog.path)) as other:
        other.execute("UPDATE meta SET value = x'00' WHERE key = cast('generation' AS BLOB) AND copy = 0")
        other.commit()
        assert catalog.generation == 5
        other.execute("UPDATE meta SET value = x'00' WHERE key = cast('generation' AS BLOB) AND copy = 1")
        other.commit()
    with pytest.raises(LibraryDamaged, match="generation"):
        _ = catalog.generation


def test_file_stamps(catalog):
    stamp = FileStamp((1, 2, 3, 4), 5, "hash")
    catalog.put_file("/a\udcff.txt", stamp)
    assert catalog.file_stamps() == {"/a\udcff.txt": stamp}
    catalog.drop_file("/a\udcff.txt")
    assert catalog.file_stamps() == {}


def test_no_catalog(tmp_path):
    with pytest.raises(LibraryMissing, match="rag index"):
        Catalog(tmp_path)
    (tmp_path / "catalog.sqlite").touch()
    with pytest.raises(LibraryMissing, match="rag index"):
        Catalog(tmp_path)


def test_a_file_that_is_no_catalog(tmp_path):
    (tmp_path / "catalog.sqlite").write_bytes(b"something else " * 1000)
    with pytest.raises(LibraryDamaged, match="doctor"):
        Catalog(tmp_path)


def test_a_catalog_of_a_later_version_is_refused(catalog, tmp_path):
    catalog.put("format", 99)
    with pytest.raises(LibraryMismatch, match="format 99"):
        Catalog(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="file"):
        Catalog(tmp_path / "file" / "index", create=True)


def test_the_catalog_is_private(catalog, tmp_path):
    assert stat.S_IMODE((tmp_path / "catalog.sqlite").stat().st_mode) == 0o600


def test_a_reader_of_a_replaced_catalog_leaves_the_new_ones_journal_alone(tmp_path):
    with closing(new_catalog(tmp_path)) as old:
        old.replace(new_document("/a.txt", TEXTS))
    with closing(Catalog(tmp_path, writable=False)) as reader, ThreadPoolExecutor(1) as beside:
        with writer_lock(tmp_path):
            with replacement(tmp_path) as new:
                new.replace(new_document("/b.txt", ["Quite another."]))
            with closing(Catalog(tmp_path)) as writer:
                with writer.transaction():
                    writer.put_bytes(
                        "much", bytes(24 << 20)
                    )  # does not fit in the cache: the journal is in use
                    read = beside.submit(reader.passages, ids_of(1, 2, 3))
                    with pytest.raises(TimeoutError):
                        read.result(0.3)
                    assert (tmp_path / "catalog.sqlite-journal").exists()
                assert [passage.text for passage in read.result(60)] == TEXTS
        with closing(Catalog(tmp_path)) as now:
            assert len(now.get_bytes("much")) == 24 << 20
            assert [passage.text for passage in now.passages(ids_of(1))] == ["Quite another."]


def test_a_reader_cannot_write(tmp_path):
    with closing(new_catalog(tmp_path)) as catalog:
        catalog.replace(new_document("/a.txt", TEXTS))
    with closing(Catalog(tmp_path, writable=False)) as reader, pytest.raises(LibraryError, match="written"):
        reader.put("generation", 9)
