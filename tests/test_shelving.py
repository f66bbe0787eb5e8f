"""What is encoded and what is not: each text once, and what the library has already not at all."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from contextlib import closing

import numpy as np
import pytest
from library import EN, index, write_files
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.errors import LibraryMissing
from rag.settings import Settings
from rag.store.catalog import Catalog

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["library"])
FILES = 600


def paragraph(name: str) -> str:
    return " ".join(EN.format(f"{name}-{number}") for number in range(3))


def write(path, *names):
    path.write_text("\n\n".join(paragraph(name) for name in names), "utf-8")


def stored(folder) -> dict[str, list[tuple[bytes, bytes, bytes]]]:
    """File name -> text, vector and token states of its passages as they lie on the disk."""
    with closing(Catalog(folder)) as catalog:
        found = {}
        for row in catalog.documents_at(catalog.generation):
            ids = np.array(row.passage_ids, np.int64)
            vectors = catalog.kept_vectors(ids, 32).astype("<f2")
            found[row.path.rpartition("/")[2]] = [
                (passage.text.encode(), vector.tobytes(), b"".join(states))
                for passage, vector, states in zip(
                    catalog.passages(ids), vectors, catalog.states(ids), strict=True
                )
            ]
        return found


@pytest.fixture
def library(tmp_path):
    """A library of one file with four passages, and its folder of files."""
    (tmp_path / "files").mkdir()
    write(tmp_path / "files" / "a.txt", "one", "two", "three", "four")
    index(tmp_path / "files", tmp_path / "index")
    assert len(stored(tmp_path / "index")["a.txt"]) == 4
    return tmp_path


def test_only_the_changed_paragraph_of_a_document_is_encoded(library):
    before = stored(library / "index")["a.txt"]
    write(library / "files" / "a.txt", "one", "two", "other", "four", "five")
    encoder = TinyEncoder()
    report = index(library / "files", library / "index", encoder)
    assert (report.updated, report.passages, encoder.texts_encoded) == (1, 5, 2)
    after = stored(library / "index")["a.txt"]
    assert [after[place] for place in (0, 1, 3)] == [before[place] for place in (0, 1, 3)]
    fresh = library / "fresh"
    fresh.mkdir()
    shutil.copy(library / "files" / "a.txt", fresh / "a.txt")
    index(fresh, library / "again")
    assert [text for text, _, _ in stored(library / "again")["a.txt"]] == [text for text, _, _ in after]
    assert [vector for _, vector, _ in stored(library / "again")["a.txt"]] == [
        vector for _, vector, _ in after
    ]


def test_a_copy_of_a_file_is_not_encoded(library):
    shutil.copy(library / "files" / "a.txt", library / "files" / "b.txt")
    encoder = TinyEncoder()
    report = index(library / "files", library / "index", encoder)
    assert (report.added, report.passages) == (1, 4)
    found = stored(library / "index")
    assert encoder.texts_encoded == 0
    assert found["a.txt"] == found["b.txt"]


def test_what_documents_repeat_is_encoded_once(library):
    for name in ("c", "d", "e"):
        write(library / "files" / f"{name}.txt", "notice to all", name, "notice to all")
    encoder = TinyEncoder()
    report = index(library / "files", library / "index", encoder)
    assert (report.added, report.passages, encoder.texts_encoded) == (3, 9, 4)
    found = stored(library / "index")
    assert found["c.txt"][0] == found["c.txt"][2] == found["e.txt"][0]
    assert found["c.txt"][1] != found["d.txt"][1]


def test_damaged_encodings_are_not_taken_over(library):
    with closing(Catalog(library / "index")) as catalog:
        catalog.write("UPDATE states SET codes = x'00' WHERE id = ?", [(2,)])
    write(library / "files" / "a.txt", "one", "two", "three", "five")
    encoder = TinyEncoder()
    index(library / "files", library / "index", encoder)
    assert encoder.texts_encoded == 4
    findings = doctor(library / "index", encoder=TinyEncoder, settings=Settings())
    assert [one for one in findings if one.severity == "error"] == []


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    source, folder = write_files(tmp_path / "files", FILES), tmp_path / "index"
    process = SERVER.Process(target=index, args=(source, folder))
    process.start()
    while process.is_alive() and committed(folder) < 1:
        time.sleep(0.001)
    process.kill()
    process.join()
    done = committed(folder)
    assert 0 < done < FILES
    encoder = TinyEncoder()
    report = index(source, folder, encoder)
    assert (report.unchanged, report.added, report.updated) == (done, FILES - done, 0)
    assert encoder.texts_encoded == report.passages  # nothing of what was there
    index(source, tmp_path / "whole")
    assert stored(folder) == stored(tmp_path / "whole")


def committed(folder) -> int:
    try:
        with closing(Catalog(folder)) as catalog:
            return catalog.generation
    except LibraryMissing:
        return 0
