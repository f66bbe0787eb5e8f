from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest
from library import index, new_document, write_files
from tiny_encoder import TinyEncoder

from rag.errors import LibraryMissing, UsageError
from rag.ingest import remove_paths
from rag.snapshot import Snapshot
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.lock import writer_lock
from rag.tokens import lexical_terms

QUESTION = "reservoirs and dykes: 水库和堤坝 of the north pier"


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source", 12)


@pytest.fixture
def folder(tmp_path, source):
    index(source, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def vector_files(monkeypatch):
    """Vector files from the second vector on."""
    monkeypatch.setattr(publish, "_REWRITE_FROM", 1)


def answers(snapshot):
    """What one question finds in each language, and all that belongs to what it finds."""
    vector = TinyEncoder().encode_question(QUESTION).vectors[0]
    found = []
    for language in sorted(snapshot.languages):
        for ids, scores in (
            snapshot.vector_search(vector, limit=7, language=language),
            snapshot.lexical_search(lexical_terms(QUESTION), limit=7, language=language),
        ):
            found.append((ids.tolist(), scores.tolist(), snapshot.passages(ids)))
            found += [tokens.states.tobytes() for tokens in snapshot.states(ids)]
    return found


def generation_of(folder):
    with Snapshot(folder) as snapshot:
        return snapshot.generation


def test_vector_search_is_brute_force_within_the_language(folder):
    vector = TinyEncoder().encode_question(QUESTION).vectors[0]
    with Snapshot(folder) as snapshot:
        for language, count in snapshot.languages.items():
            ids = snapshot.background(language, size=10_000)
            assert len(ids) == count
            assert {passage.language for passage in snapshot.passages(ids)} == {language}
            cosines = snapshot.vectors(ids).astype(np.float64) @ vector
            order = sorted(range(count), key=lambda i: (-np.float32(cosines[i]), ids[i]))[:9]
            found, scores = snapshot.vector_search(vector, limit=9, language=language)
            assert found.tolist() == ids[order].tolist()
            assert np.allclose(scores, cosines[order], atol=1e-6)


def test_lexical_search_stays_within_the_language(folder):
    with Snapshot(folder) as snapshot:
        found, scores = snapshot.lexical_search(lexical_terms("notice number 0"), limit=50, language="en")
        assert {passage.language for passage in snapshot.passages(found)} == {"en"}
        assert (np.diff(scores) <= 0).all()
        assert snapshot.lexical_search(lexical_terms("notice"), limit=50, language="zh")[0].size == 0
        assert snapshot.document_frequency(lexical_terms("notice")[0], "en") == snapshot.languages["en"]
        assert snapshot.document_frequency(lexical_terms("notice")[0], "fr") == 0


def test_a_language_that_is_not_there_finds_nothing(folder):
    vector = TinyEncoder().encode_question(QUESTION).vectors[0]
    with Snapshot(folder) as snapshot:
        assert snapshot.vector_search(vector, limit=5, language="fr")[0].size == 0
        assert snapshot.lexical_search(["a"], limit=5, language="fr")[0].size == 0
        assert snapshot.background("fr", size=5).size == 0


def test_the_background_is_the_same_each_time_and_mostly_the_same_after_growth(tmp_path, source, folder):
    with Snapshot(folder) as snapshot:
        before = snapshot.background("zh", size=8)
    with Snapshot(folder) as snapshot:
        assert snapshot.background("zh", size=8).tolist() == before.tolist()
    index(write_files(tmp_path / "more", 4), folder)
    with Snapshot(folder) as snapshot:
        assert len(set(snapshot.background("zh", size=8)) & set(before)) >= 4
        assert (np.diff(snapshot.background("zh", size=8)) > 0).all()


@pytest.mark.usefixtures("vector_files")
def test_a_reader_keeps_its_state_while_a_writer_works(source, folder):
    with Snapshot(folder) as old:
        before, documents = answers(old), old.documents()
        assert old.is_current
        for number in range(3):
            (source / f"{number}.txt").write_text(f"Replaced for the {number}th time.", "utf-8")
            index(source / f"{number}.txt", folder)
            remove_paths([source / f"{number + 5}.txt"], folder=folder)
        assert not old.is_current
        assert answers(old) == before
        assert old.documents() == documents
        assert old.passages_of(documents[5].key)
        with Snapshot(folder) as new:
            assert new.generation > old.generation
            assert len(new.documents()) == 9
    with closing(Catalog(folder)) as catalog:
        assert len(catalog.removals(0, 99)) > 0
    (source / "11.txt").write_text("Another.", "utf-8")
    index(source / "11.txt", folder)  # no reader holds the old rows any more
    with closing(Catalog(folder)) as catalog:
        live = {id_ for row in catalog.documents_at(catalog.generation) for id_ in row.passage_ids}
        assert {row[0] for row in catalog.scan("states")} == live
        assert publish.leftovers(folder, publish.Published.read(catalog)) == []
    assert len(list(folder.glob("terms-*"))) == 2


def test_what_a_killed_writer_committed_is_published_by_the_next_reader(folder):
    with closing(Catalog(folder)) as catalog:
        catalog.replace(new_document("/late.txt", ["A late notice about the south pier."]))
    with Snapshot(folder) as snapshot:
        assert snapshot.document("/late.txt").text == "A late notice about the south pier."
        found, _ = snapshot.lexical_search(lexical_terms("south"), limit=5, language="en")
        assert [passage.source.document for passage in snapshot.passages(found)] == ["/late.txt"]
        assert snapshot.damage == []


def test_while_a_writer_works_its_unpublished_commits_are_not_seen(folder):
    before = generation_of(folder)
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        catalog.replace(new_document("/late.txt", ["A late notice."]))
        with Snapshot(folder) as snapshot:
            assert snapshot.generation == before
            assert "/late.txt" not in [info.key for info in snapshot.documents()]
    assert generation_of(folder) == before + 1


@pytest.mark.usefixtures("vector_files")
@pytest.mark.parametrize("damage", ["flip", "cut", "append", "delete", "swap"])
@pytest.mark.parametrize("kind", ["vectors-*", "terms-*/*"])
def test_a_damaged_index_gives_no_wrong_answer(source, folder, kind, damage):
    (source / "1.txt").write_text("Changed, so that files differ from the first ones.", "utf-8")
    index(source, folder)
    with Snapshot(folder) as snapshot:
        before = answers(snapshot)
    files = sorted(folder.glob(kind), key=lambda path: -path.stat().st_size)
    assert len(files) >= 2
    spoil(files, damage)
    with Snapshot(folder) as snapshot:
        assert answers(snapshot) == before
        assert snapshot.damage


def spoil(files, damage):
    first, second, *_ = files
    data = first.read_bytes()
    if damage == "flip":
        first.write_bytes(
            data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 8]) + data[len(data) // 2 + 1 :]
        )
    elif damage == "cut":
        first.write_bytes(data[: len(data) * 2 // 3])
    elif damage == "append":
        first.write_bytes(data + b"\0\0\0")
    elif damage == "delete":
        first.unlink()
    else:
        first.write_bytes(second.read_bytes())
        second.write_bytes(data)


@pytest.mark.usefixtures("vector_files")
def test_an_index_kept_up_finds_what_one_made_anew_finds(tmp_path, source, folder):
    for number in range(4):
        write_files(tmp_path / "source" / f"part{number}", 2 + number)
        (source / f"{number}.txt").write_text(f"Replaced for the {number}th time, 水库.", "utf-8")
        index(source, folder)
        remove_paths([source / f"{number + 6}.txt"], folder=folder)
    with Snapshot(folder) as snapshot:
        kept_up = answers(snapshot)
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        publish.republish(catalog, {"zh", "en"})
    with Snapshot(folder) as snapshot:
        assert answers(snapshot) == kept_up


def test_a_library_can_be_read_from_a_folder_that_cannot_be_written(folder, monkeypatch):
    with Snapshot(folder) as snapshot:
        before = answers(snapshot)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("rag.store.lock.make_private_folder", refuse)
    with Snapshot(folder) as snapshot:
        assert answers(snapshot) == before


def test_many_threads_read_one_snapshot(folder):
    with Snapshot(folder) as snapshot:
        before, wrong = answers(snapshot), []

        def read():
            for _ in range(5):
                if answers(snapshot) != before:
                    wrong.append(1)

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_states_in_a_batch_are_the_states_one_by_one(folder):
    with Snapshot(folder) as snapshot:
        ids = snapshot.background("zh", size=5)[::-1]
        states, offsets = snapshot.states_batch(ids)
        for number, tokens in enumerate(snapshot.states(ids)):
            start, end = offsets[number], offsets[number + 1]
            assert np.array_equal(states[start:end], tokens.states)


def test_names_that_are_not_there(tmp_path, folder):
    with pytest.raises(LibraryMissing, match="rag index"):
        Snapshot(tmp_path / "absent")
    with Snapshot(folder) as snapshot:
        for read in (snapshot.document, snapshot.passages_of):
            with pytest.raises(UsageError, match="rag list"):
                read("/absent.txt")


def test_an_empty_library_answers_nothing(tmp_path):
    with closing(Catalog(tmp_path, create=True)):
        pass
    with Snapshot(tmp_path) as snapshot:
        assert (snapshot.languages, snapshot.documents(), snapshot.generation) == ({}, (), 0)
        assert snapshot.states_batch(np.empty(0, np.int64))[1].tolist() == [0]
