"""Files that move, vanish, come back and are indexed again and again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.ingest import remove_paths
from rag.settings import Settings
from rag.snapshot import Snapshot


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source", 8)


@pytest.fixture
def folder(tmp_path, source):
    index(source, tmp_path / "index")
    return tmp_path / "index"


def state(folder):
    """File name -> passage ids, texts, vectors and paths as a reader gets them."""
    with Snapshot(folder) as snapshot:
        found = {}
        for info in snapshot.documents():
            assert snapshot.document(info.key).path == info.path
            passages = snapshot.passages_of(info.key)
            ids = np.array([passage.id for passage in passages], np.int64)
            assert {passage.source.document for passage in passages} == {info.path}
            found[info.key] = (ids.tolist(), [p.text for p in passages], snapshot.vectors(ids).tobytes())
        assert sum(snapshot.languages.values()) == sum(len(ids) for ids, _, _ in found.values())
        assert snapshot.damage == []
        return found


def sound(folder):
    findings = doctor(folder, encoder=TinyEncoder, settings=Settings())
    return [finding for finding in findings if finding.severity != "ok"] == []


def test_a_moved_file_keeps_its_passages_and_is_not_encoded(source, folder):
    before = state(folder)
    (source / "sub").mkdir()
    for number in (1, 2):
        (source / f"{number}.txt").rename(source / "sub" / f"moved{number}.txt")
    encoder = TinyEncoder()
    report = index(source, folder, encoder)
    assert (report.moved, report.added, report.updated, report.unchanged) == (2, 0, 0, 6)
    assert (report.vanished, report.passages, encoder.texts_encoded) == ((), 0, 0)
    names = {f"{source}/{n}.txt": f"{source}/sub/moved{n}.txt" for n in (1, 2)}
    assert state(folder) == {names.get(key, key): kept for key, kept in before.items()}
    assert sound(folder)
    assert index(source, folder).unchanged == 8
    assert remove_paths([source / "sub" / "moved1.txt"], folder=folder) == 1
    assert len(state(folder)) == 7
    assert sound(folder)


def test_a_reader_keeps_the_old_path_until_it_opens_again(source, folder):
    with Snapshot(folder) as snapshot:
        old = [passage.source.document for passage in snapshot.passages_of(f"{source}/1.txt")]
        ids = np.array([passage.id for passage in snapshot.passages_of(f"{source}/1.txt")], np.int64)
        (source / "1.txt").rename(source / "one.txt")
        assert index(source, folder).moved == 1
        assert [passage.source.document for passage in snapshot.passages(ids)] == old
        assert not snapshot.is_current
    with Snapshot(folder) as snapshot:
        assert {p.source.document for p in snapshot.passages(ids)} == {f"{source}/one.txt"}


def test_all_records_of_a_moved_file_move(tmp_path):
    path, folder = tmp_path / "corpus.jsonl", tmp_path / "index"
    lines = [{"_id": str(n), "title": "", "text": f"Record number {n}, 记录。"} for n in range(5)]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    index(tmp_path, folder)
    path.rename(tmp_path / "other.jsonl")
    assert index(tmp_path, folder).moved == 5
    assert sorted(state(folder)) == [f"{tmp_path}/other.jsonl#{n}" for n in range(5)]


def test_a_copy_and_another_format_are_no_moves(source, folder):
    (source / "copy.txt").write_bytes((source / "1.txt").read_bytes())
    (source / "2.txt").rename(source / "2.md")
    report = index(source, folder)
    assert (report.moved, report.added, report.vanished) == (0, 2, (f"{source}/2.txt",))


def test_a_vanished_file_is_named_and_kept_until_it_is_removed(source, folder):
    (source / "3.txt").unlink()
    for _ in range(2):
        report = index(source, folder)
        assert (report.unchanged, report.vanished) == (7, (f"{source}/3.txt",))
    assert len(state(folder)) == 8
    assert remove_paths(report.vanished, folder=folder) == 1
    assert index(source, folder).vanished == ()


def test_what_vanished_elsewhere_is_not_this_runs_business(tmp_path, source, folder):
    other = write_files(tmp_path / "source2", 2)
    index(other, folder)
    (source / "3.txt").unlink()
    assert index(other, folder).vanished == ()
    assert index(source / "1.txt", folder).vanished == ()


def test_a_document_that_is_added_and_moved_before_anybody_reads_counts_once(tmp_path, source, folder):
    """Both commits may lie between two publications, when the first writer was killed."""
    from contextlib import closing

    from rag.ingest import index_files
    from rag.store.catalog import Catalog
    from rag.store.lock import writer_lock
    from rag.store.publish import publish

    new = source / "new.txt"
    new.write_text("A quite new page about the lighthouse.", "utf-8")
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        index_files(catalog, [new], encoder=TinyEncoder(), settings=Settings())
        new = new.rename(source / "newer.txt")
        assert index_files(catalog, [new], encoder=TinyEncoder(), settings=Settings()).moved == 1
        publish(catalog)
    assert len(state(folder)) == 9
    assert sound(folder)


def test_two_hundred_files_three_times_renamed_and_removed_and_added_again(tmp_path):
    source, folder = write_files(tmp_path / "many", 200), tmp_path / "index"
    assert index(source, folder).added == 200
    first = state(folder)
    for _ in range(2):
        assert index(source, folder).unchanged == 200
    assert state(folder) == first
    for number in range(0, 200, 10):
        (source / f"{number}.txt").rename(source / f"renamed{number}.txt")
    assert index(source, folder).moved == 20
    assert sorted(ids for ids, _, _ in state(folder).values()) == sorted(ids for ids, _, _ in first.values())
    assert remove_paths([source], folder=folder) == 200
    assert state(folder) == {}
    assert index(source, folder).added == 200
    again = state(folder)
    assert sorted(texts for _, texts, _ in again.values()) == sorted(texts for _, texts, _ in first.values())
    assert not {id_ for ids, _, _ in again.values() for id_ in ids} & {
        id_ for ids, _, _ in first.values() for id_ in ids
    }
    assert sound(folder)
