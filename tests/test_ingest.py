from __future__ import annotations

import json
import os
from contextlib import closing

import numpy as np
import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

from rag.errors import LibraryLocked, LibraryMismatch, LibraryMissing, ReadError, UsageError
from rag.ingest import index_paths, remove_paths
from rag.rebuild import rebuild_library
from rag.records import Passage, Source
from rag.settings import Settings
from rag.shelving import encoded_text
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog
from rag.store.lock import writer_lock
from rag.walk import find_files


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


def keys(folder):
    with Snapshot(folder) as snapshot:
        return [info.key for info in snapshot.documents()]


def passage_count(folder):
    with Snapshot(folder) as snapshot:
        return sum(snapshot.languages.values())


def test_a_folder_is_indexed_in_the_order_of_its_names(source, folder):
    report = index(source, folder)
    assert (report.added, report.updated, report.unchanged, report.failures) == (6, 0, 0, ())
    assert keys(folder) == [f"{source.as_posix()}/{number}.txt" for number in range(6)]
    assert report.passages == passage_count(folder) > 6
    assert set(Snapshot(folder).languages) == {"zh", "en"}


def test_what_has_not_changed_is_neither_encoded_nor_written(source, folder):
    index(source, folder)
    with Snapshot(folder) as snapshot:
        before = snapshot.generation
    encoder = TinyEncoder()
    os.utime(source / "0.txt", (1, 1))
    report = index(source, folder, encoder)
    assert (report.added, report.updated, report.unchanged, report.passages) == (0, 0, 6, 0)
    assert encoder.texts_encoded == 0
    with Snapshot(folder) as snapshot:
        assert snapshot.generation == before


def test_a_changed_file_replaces_its_passages(source, folder):
    index(source, folder)
    (source / "2.txt").write_text("The ferry to Brannock sails at noon.", "utf-8")
    report = index(source, folder)
    assert (report.added, report.updated, report.unchanged, report.passages) == (0, 1, 5, 1)
    with Snapshot(folder) as snapshot:
        [passage] = snapshot.passages_of(f"{source.as_posix()}/2.txt")
        assert passage.text == "The ferry to Brannock sails at noon."
        assert len(snapshot.documents()) == 6


def test_a_change_that_keeps_size_and_times_is_seen(source, folder):
    path = source / "1.txt"
    text, status = path.read_text("utf-8"), path.stat()
    index(source, folder)
    path.write_text(text.replace("防汛", "防火"), "utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert index(source, folder).updated == 1


def corpus(path, records):
    path.write_text(
        "".join(json.dumps({"_id": i, "title": "", "text": t}) + "\n" for i, t in records), "utf-8"
    )
    return path


def test_only_the_changed_records_of_a_file_of_many_are_encoded(tmp_path, folder):
    path = corpus(
        tmp_path / "corpus.jsonl", [("a", "First record."), ("b", "Second record."), ("c", "Third record.")]
    )
    assert index(path, folder).added == 3
    corpus(path, [("a", "First record."), ("b", "Second record, changed."), ("d", "Fourth record.")])
    encoder = TinyEncoder()
    report = index(path, folder, encoder)
    assert (report.added, report.updated, report.unchanged) == (1, 1, 1)
    assert encoder.texts_encoded == 2
    assert keys(folder) == [f"{path.as_posix()}#{name}" for name in "abd"]


def test_an_id_that_stands_twice_is_told_and_counts_once(tmp_path, folder):
    path = corpus(tmp_path / "corpus.jsonl", [("a", "First record."), ("a", "Second record.")])
    report = index(path, folder)
    assert report.added == 1
    assert "twice" in report.warnings[0].reason
    assert index(path, folder).unchanged == 1


def test_the_same_folder_three_times_a_file_renamed_removed_and_added_again(tmp_path, folder):
    source = write_files(tmp_path / "source", 40)
    for _ in range(3):
        index(source, folder)
    (source / "7.txt").rename(source / "seven.txt")
    index(source, folder)
    remove_paths([source / "8.txt"], folder=folder)
    index(source, folder)
    assert keys(folder) == sorted(path.as_posix() for path in source.iterdir())
    with closing(Catalog(folder)) as catalog:
        live = {id_ for row in catalog.documents_at(catalog.generation) for id_ in row.passage_ids}
        for table in ("passages", "vectors", "states"):
            assert {row[0] for row in catalog.scan(table)} == live


def test_an_unreadable_file_costs_itself_alone(source, folder):
    (source / "empty.txt").touch()
    (source / "binary.txt").write_bytes(bytes(range(256)) * 40)
    report = index(source, folder)
    assert report.added == 6
    assert {failure.path for failure in report.failures} == {
        f"{source.as_posix()}/{n}.txt" for n in ("empty", "binary")
    }


def test_nothing_readable_is_one_error(tmp_path, folder):
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ReadError, match="empty.*nothing was indexed"):
        index(tmp_path / "empty.txt", folder)


def test_bad_paths_are_one_error_before_anything_is_made(tmp_path, folder):
    (tmp_path / "hollow").mkdir()
    for path, message in (
        (tmp_path / "absent", "does not exist"),
        (tmp_path / "hollow", "no file that can be read"),
    ):
        with pytest.raises(UsageError, match=message):
            index(path, folder)
    assert not folder.exists()


def test_another_model_is_refused_and_a_rebuild_mends_it(source, folder):
    index(source, folder)
    before = [(key, _texts(folder, key)) for key in keys(folder)]
    other = TinyEncoder(dimensions=16, state_dimensions=24)
    with pytest.raises(LibraryMismatch, match="--rebuild"):
        index(source, folder, other)
    for path in source.iterdir():
        path.unlink()  # a rebuild needs the library alone
    report = rebuild_library(folder, encoder=other, settings=Settings())
    assert report.updated == 6
    assert [(key, _texts(folder, key)) for key in keys(folder)] == before
    with Snapshot(folder) as snapshot:
        snapshot.check_model(other.fingerprint)
        with pytest.raises(LibraryMismatch):
            snapshot.check_model(TinyEncoder().fingerprint)
        ids = snapshot.background("zh", size=3)
        assert snapshot.vectors(ids).shape == (3, 16)


def _texts(folder, key):
    with Snapshot(folder) as snapshot:
        return [passage.text for passage in snapshot.passages_of(key)]


def test_a_failed_rebuild_leaves_the_library_as_it_was(source, folder):
    index(source, folder)
    before = keys(folder)

    class Broken(TinyEncoder):
        def encode_passages(self, texts):
            raise MemoryError

    with pytest.raises(MemoryError):
        rebuild_library(folder, encoder=Broken(dimensions=16), settings=Settings())
    assert keys(folder) == before
    assert index(source, folder).unchanged == 6
    assert not (folder / "rebuild").exists()


def test_an_old_segmenter_is_refused(source, folder, monkeypatch):
    index(source, folder)
    monkeypatch.setattr("rag.shelving.SEGMENTER_VERSION", 99)
    with pytest.raises(LibraryMismatch, match="segmenter.*--rebuild"):
        index(source, folder)


def test_what_an_interrupted_run_committed_is_published_and_not_encoded_again(tmp_path, folder):
    path = corpus(
        tmp_path / "corpus.jsonl", [(str(i), f"Record number {i} of this file.") for i in range(300)]
    )

    class Interrupted(TinyEncoder):
        def encode_passages(self, texts):
            if self.texts_encoded > 128:  # the first batch and the codec's sample
                raise KeyboardInterrupt
            return super().encode_passages(texts)

    with pytest.raises(KeyboardInterrupt):
        index(path, folder, Interrupted())
    committed = len(keys(folder))
    assert 0 < committed < 300
    encoder = TinyEncoder()
    report = index(path, folder, encoder)
    assert (report.unchanged, report.added) == (committed, 300 - committed)
    assert encoder.texts_encoded == 300 - committed
    assert len(keys(folder)) == 300


def test_documents_are_removed_by_key_file_and_folder(tmp_path, folder):
    source = write_files(tmp_path / "source")
    path = corpus(tmp_path / "corpus.jsonl", [("a", "First record."), ("b", "Second record.")])
    index_paths([source, path], folder=folder, encoder=TinyEncoder(), settings=Settings())
    assert remove_paths([f"{path.as_posix()}#a"], folder=folder) == 1
    assert remove_paths([source / "0.txt", source / "0.txt"], folder=folder) == 1
    assert remove_paths([source], folder=folder) == 5
    assert keys(folder) == [f"{path.as_posix()}#b"]
    with pytest.raises(UsageError, match="no document"):
        remove_paths([path, tmp_path / "absent"], folder=folder)
    assert keys(folder) == [f"{path.as_posix()}#b"]
    assert remove_paths([path], folder=folder) == 1
    with Snapshot(folder) as snapshot:
        assert snapshot.languages == {}
        assert snapshot.documents() == ()
    assert index(source, folder).added == 6


def test_a_removed_record_comes_back_with_the_next_run(tmp_path, folder):
    path = corpus(tmp_path / "corpus.jsonl", [("a", "First record."), ("b", "Second record.")])
    index(path, folder)
    remove_paths([f"{path.as_posix()}#a"], folder=folder)
    assert index(path, folder).added == 1


def test_removing_from_no_library(tmp_path):
    with pytest.raises(LibraryMissing):
        remove_paths(["x"], folder=tmp_path / "absent")


def test_a_second_writer_is_refused(source, folder, monkeypatch):
    index(source, folder)
    monkeypatch.setattr("rag.store.lock.time.monotonic", iter(range(0, 10_000, 100)).__next__)  # no waiting
    with writer_lock(folder), pytest.raises(LibraryLocked, match="being written by process"):
        remove_paths([source], folder=folder)


def test_progress_goes_from_nothing_to_all(source, folder):
    seen = []
    index_paths([source], folder=folder, encoder=TinyEncoder(), settings=Settings(), progress=seen.append)
    assert seen[-1].done == seen[-1].total == passage_count(folder)
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert all(each.unit == "passages" and "file" in each.note for each in seen)


def test_texts_without_words_are_kept_and_harm_nothing(tmp_path, folder):
    path = corpus(
        tmp_path / "corpus.jsonl",
        [
            ("lone", "half a pair \ud83d here"),
            ("nul", "a\0b"),
            ("blank", " \n "),
            ("signs", "!!! ?"),
            ("ok", "Words."),
        ],
    )
    report = index(path, folder)
    assert report.added == 4  # the blank one is left out by the reader, with a warning
    with Snapshot(folder) as snapshot:
        for info in snapshot.documents():
            assert snapshot.document(info.key).text is not None
            for passage in snapshot.passages_of(info.key):
                assert snapshot.document(info.key).text[passage.source.start : passage.source.end].strip()


def test_the_text_for_the_model_has_the_context_before_it():
    source = Source("/a", "Title", "Section", "Jane Roe", "By", None, 1, 0, 4)
    text, offset = encoded_text(Passage(1, "body\ud800", "en", source))
    assert text == "Title\nSection\nBy Jane Roe\nbody\ufffd"
    assert text[offset:] == "body\ufffd"
    assert encoded_text(Passage(1, "body", "en", Source("/a", "", "", "", "", None, 1, 0, 4))) == ("body", 0)


def test_walking_leaves_out_what_is_not_for_reading(tmp_path):
    inside = write_files(tmp_path / "inside", 2)
    outside = write_files(tmp_path / "outside", 1)
    (inside / ".hidden.txt").write_text("x")
    (inside / "index").mkdir()
    (inside / "index" / "catalog.txt").write_text("x")
    (inside / "picture.xyz").write_bytes(b"\0")
    (inside / "out.txt").symlink_to(outside / "0.txt")
    (inside / "loop").symlink_to(inside)
    (inside / "again.txt").symlink_to(inside / "0.txt")
    os.mkfifo(inside / "pipe.txt")
    found = find_files([inside, inside / "1.txt"], index=inside / "index")
    assert [path.name for path in found] == ["0.txt", "1.txt"]


def test_vectors_and_states_are_those_of_the_encoder(source, folder):
    index(source, folder)
    encoder = TinyEncoder()
    with Snapshot(folder) as snapshot:
        ids = snapshot.background("en", size=100)
        encoding = encoder.encode_passages([encoded_text(passage)[0] for passage in snapshot.passages(ids)])
        assert np.allclose(snapshot.vectors(ids), encoding.vectors, atol=1e-3)
        for kept, tokens in zip(snapshot.states(ids), encoding.tokens, strict=True):
            assert kept.spans.tolist() == tokens.spans.tolist()
            assert kept.token_ids.tolist() == tokens.token_ids.tolist()
            assert np.einsum("ij,ij->i", kept.states, snapshot.project(tokens.states)).min() > 0.9
