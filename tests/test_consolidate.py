"""A library whose vectors go into clusters while it is added to, changed, damaged and mended."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from library import new_catalog, new_document, write_files
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.ingest import index_paths, remove_paths
from rag.settings import Settings
from rag.shelving import renew_reference
from rag.snapshot import Snapshot
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.consolidate import consolidate
from rag.store.lock import writer_lock
from rag.store.publish import Published
from rag.transfer import export_library, import_library

FEW = Settings(exact_vectors=10)
QUESTIONS = ["reservoirs and dykes", "the north pier", "水库和堤坝", "notice number 3", "防汛工作会议"]


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source", 20)


@pytest.fixture
def folder(tmp_path, source, monkeypatch):
    monkeypatch.setattr(publish, "_REWRITE_FROM", 3)
    index_paths([source], folder=tmp_path / "index", encoder=TinyEncoder(), settings=FEW)
    return tmp_path / "index"


def shelves(folder):
    with closing(Catalog(folder)) as catalog:
        return Published.read(catalog).shelves


def check(folder, documents):
    """Every document is there; nearly all that brute force finds is found; each cosine is exact."""
    hits = total = 0
    with Snapshot(folder) as snapshot:
        assert len(snapshot.documents()) == documents
        for language, count in snapshot.languages.items():
            ids = snapshot.background(language, size=count)
            assert len(ids) == count
            vectors = snapshot.vectors(ids)
            for question in QUESTIONS:
                query = TinyEncoder().encode_question(question).vectors[0]
                cosines = (vectors.astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
                right = ids[np.lexsort((ids, -cosines))[:9]]
                found, scores = snapshot.vector_search(query, limit=9, language=language)
                assert scores.tolist() == cosines[np.searchsorted(ids, found)].tolist()
                hits, total = hits + np.isin(found, right).sum(), total + len(right)
    assert hits >= 0.98 * total
    return snapshot.damage


def test_few_stay_exact_and_many_go_into_clusters(tmp_path, source, folder):
    assert {shelf.clusters != "" for shelf in shelves(folder).values()} == {True}
    assert check(folder, 20) == []
    index_paths([source], folder=tmp_path / "exact", encoder=TinyEncoder(), settings=Settings())
    assert {shelf.clusters for shelf in shelves(tmp_path / "exact").values()} == {""}
    assert check(tmp_path / "exact", 20) == []


def test_adding_changing_and_removing_across_both_layers(source, folder):
    before = {language: shelf.clusters for language, shelf in shelves(folder).items()}
    documents = 20
    for number in range(4):
        (source / f"{number}.txt").write_text(f"Changed for the {number}th time: the pier is open.", "utf-8")
        (source / f"new{number}.txt").write_text(f"第{number}号通知：水库今天放水。", "utf-8")
        index_paths([source], folder=folder, encoder=TinyEncoder(), settings=FEW)
        remove_paths([source / f"{number + 8}.txt"], folder=folder)  # in the clusters
        (source / f"{number + 8}.txt").unlink()
        assert check(folder, documents) == []
    assert {language: shelf.clusters for language, shelf in shelves(folder).items()} != before
    with Snapshot(folder) as snapshot:
        assert snapshot.damage == []


def test_one_page_more_leaves_the_clusters_alone(source, folder):
    before = shelves(folder)
    (source / "more.txt").write_text("One more notice about the south pier.", "utf-8")
    index_paths([source / "more.txt"], folder=folder, encoder=TinyEncoder(), settings=FEW)
    for language, shelf in shelves(folder).items():
        assert (shelf.clusters, shelf.clusters_hash) == (
            before[language].clusters,
            before[language].clusters_hash,
        )
    assert check(folder, 21) == []


def test_a_language_that_has_become_small_is_searched_exactly_again(folder):
    with Snapshot(folder) as snapshot:
        keys = [info.key for info in snapshot.documents()]
    remove_paths(keys[4:], folder=folder)
    assert {shelf.clusters for shelf in shelves(folder).values()} == {""}
    assert check(folder, 4) == []
    assert [path.name for path in folder.glob("*.ivf")] == []


def test_a_reader_keeps_its_clusters_and_its_answers_while_others_are_made(source, folder):
    query = TinyEncoder().encode_question(QUESTIONS[0]).vectors[0]
    with Snapshot(folder) as old:
        before = old.vector_search(query, limit=9, language="en")
        files = {path.name for path in folder.glob("*.ivf")}
        for number in range(12):
            (source / f"new{number}.txt").write_text(f"Notice {number}: the dyke is closed.", "utf-8")
        index_paths([source], folder=folder, encoder=TinyEncoder(), settings=FEW)
        assert not old.is_current
        assert files <= {path.name for path in folder.glob("*.ivf")}
        for mine, theirs in zip(old.vector_search(query, limit=9, language="en"), before, strict=True):
            assert mine.tolist() == theirs.tolist()
    (source / "last.txt").write_text("The last notice.", "utf-8")
    index_paths([source / "last.txt"], folder=folder, encoder=TinyEncoder(), settings=FEW)
    assert len(list(folder.glob("*.ivf"))) == 2  # those of a language each


@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
@pytest.mark.parametrize("kind", ["*.ivf", "*.faiss"])
def test_a_damaged_file_gives_no_wrong_answer_and_is_mended(source, folder, kind, damage):
    for number in range(6):
        (source / f"new{number}.txt").write_text(f"Notice {number}: the dyke is closed.", "utf-8")
    index_paths([source], folder=folder, encoder=TinyEncoder(), settings=Settings(exact_vectors=12))
    path = sorted(folder.glob(kind))[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    path.write_bytes(data if damage == "flip" else data[: len(data) // 3])
    if damage == "delete":
        path.unlink()
    assert check(folder, 26) != []
    findings = doctor(folder, encoder=TinyEncoder, settings=FEW)
    assert [finding.severity for finding in findings if finding.severity != "ok"] == ["error"]
    doctor(folder, repair=True, encoder=TinyEncoder, settings=FEW)
    assert check(folder, 26) == []
    assert {shelf.clusters != "" for shelf in shelves(folder).values()} == {True}
    assert (folder / "quarantine").is_dir() or damage == "delete"


def test_the_doctor_says_how_good_the_clusters_are_and_mends_bad_ones(folder):
    findings = doctor(folder, encoder=TinyEncoder, settings=FEW)
    assert [finding.severity for finding in findings] == ["ok"] * 3
    assert all("recall@100" in finding.what for finding in findings[1:])
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        value = catalog.get("published")
        value["shelves"]["en"]["clusters_measured"] = [1, 8, 256, 0.91]
        catalog.put("published", value)
    findings = doctor(folder, encoder=TinyEncoder, settings=FEW)
    assert [finding.severity for finding in findings] == ["warning", "ok"]
    assert "0.910" in findings[0].what
    assert "--repair" in findings[0].remedy
    mended = doctor(folder, repair=True, encoder=TinyEncoder, settings=FEW)
    assert mended[0].what == "mended: made the clusters of en anew"
    assert {finding.severity for finding in mended} == {"ok"}
    assert check(folder, 20) == []


def test_a_writer_that_dies_before_the_clusters_are_published_leaves_a_sound_library(folder):
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        renew_reference(catalog, TinyEncoder())
        catalog.put("generation", catalog.generation + 1)  # as it stands between the two notes
        (folder / "vectors-en-999.ivf").write_bytes(b"half")
    assert check(folder, 20) == []
    doctor(folder, repair=True, encoder=TinyEncoder, settings=FEW)
    assert not (folder / "vectors-en-999.ivf").exists()


def test_a_library_written_in_one_go(tmp_path):
    with closing(new_catalog(tmp_path)) as catalog, writer_lock(tmp_path):
        renew_reference(catalog, TinyEncoder())
        for number in range(40):
            texts = [f"Notice {number}-{part}: dyke {number * part} is closed." for part in range(5)]
            catalog.replace(new_document(f"/{number}.txt", texts))
        consolidate(catalog, exact_up_to=50)
    assert shelves(tmp_path)["en"].clusters_count == 200
    assert check(tmp_path, 40) == []


def test_clusters_go_along_with_an_export(tmp_path, folder):
    export_library(folder, tmp_path / "library.wenju")
    import_library(tmp_path / "library.wenju", tmp_path / "back")
    assert {shelf.clusters != "" for shelf in shelves(tmp_path / "back").values()} == {True}
    assert check(tmp_path / "back", 20) == []
