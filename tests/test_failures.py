"""Files that could not be read are remembered, named, and tried again when they have changed."""

from __future__ import annotations

import json
import os
from contextlib import closing

import pytest
import sample_files
from library import index
from tiny_encoder import TinyEncoder

from rag import ingest
from rag.cli import main
from rag.doctor import doctor
from rag.errors import ReadError
from rag.ingest import remove_paths
from rag.library import Library
from rag.readers import READERS_VERSION
from rag.rebuild import rebuild_library
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog
from rag.store.rows import FailedFile

OLD = 1_600_000_000


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.txt").write_text("A good file with some words in it.", "utf-8")
    (folder / "bad.docx").write_bytes(b"no Word document")
    os.utime(folder / "bad.docx", (OLD, OLD))
    return folder


@pytest.fixture
def settled(monkeypatch):
    """A file counts as left alone at once: nobody waits two seconds in a test."""
    monkeypatch.setattr(ingest, "_RACY_NS", -(10**12))


def failed(folder) -> dict[str, FailedFile]:
    with closing(Catalog(folder)) as catalog:
        return catalog.failed_files()


def test_a_failure_is_named_and_kept(source, tmp_path):
    report = index(source, tmp_path / "index")
    bad = (source / "bad.docx").as_posix()
    assert [(failure.path, failure.reason) for failure in report.failures] == [
        (bad, failed(tmp_path / "index")[bad].reason)
    ]
    assert "is no Word document or is damaged" in report.failures[0].reason
    assert failed(tmp_path / "index")[bad].readers == READERS_VERSION


def test_an_unchanged_failure_is_not_tried_again_but_said_again(source, tmp_path, monkeypatch, settled):
    first = index(source, tmp_path / "index")
    monkeypatch.setattr("sys.executable", "/nowhere/python")  # a second try would say so
    again = index(source, tmp_path / "index")
    assert (again.unchanged, again.failures) == (1, first.failures)


def test_a_touch_or_a_newer_reader_has_it_tried_again(source, tmp_path, monkeypatch, settled):
    index(source, tmp_path / "index")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    os.utime(source / "bad.docx", (OLD + 1, OLD + 1))
    assert "cannot be started" in index(source, tmp_path / "index").failures[0].reason
    monkeypatch.undo()
    index(source, tmp_path / "index")
    monkeypatch.setattr(ingest, "READERS_VERSION", READERS_VERSION + 1)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert "cannot be started" in index(source, tmp_path / "index").failures[0].reason


def test_a_file_that_can_be_read_at_last_is_no_failure(source, tmp_path):
    index(source, tmp_path / "index")
    (source / "bad.docx").write_bytes(sample_files.docx())
    assert index(source, tmp_path / "index").added == 1
    assert failed(tmp_path / "index") == {}


def test_a_file_that_is_gone_is_no_failure(source, tmp_path):
    index(source, tmp_path / "index")
    (source / "bad.docx").unlink()
    index(source, tmp_path / "index")
    assert failed(tmp_path / "index") == {}


def test_a_changed_file_that_fails_keeps_what_was_read_before(source, tmp_path):
    (source / "other.txt").write_text("Another file, which stays as it is.", "utf-8")
    index(source, tmp_path / "index")
    (source / "good.txt").write_bytes(bytes(range(256)) * 20)
    report = index(source, tmp_path / "index")
    assert {failure.path for failure in report.failures} == {
        (source / name).as_posix() for name in ("bad.docx", "good.txt")
    }
    with Snapshot(tmp_path / "index") as snapshot:
        assert (source / "good.txt").as_posix() in [info.key for info in snapshot.documents()]
    (source / "good.txt").write_text("A good file with some words in it.", "utf-8")
    assert index(source, tmp_path / "index").unchanged == 2
    assert list(failed(tmp_path / "index")) == [(source / "bad.docx").as_posix()]


def test_a_failure_is_removed_by_its_path_and_with_its_folder(source, tmp_path):
    index(source, tmp_path / "index")
    assert remove_paths([source / "bad.docx"], folder=tmp_path / "index") == 1
    assert failed(tmp_path / "index") == {}
    os.utime(source / "bad.docx", (OLD + 5, OLD + 5))
    index(source, tmp_path / "index")
    assert remove_paths([source], folder=tmp_path / "index") == 2
    assert failed(tmp_path / "index") == {}


def test_failures_outlive_a_rebuild_and_a_repair(source, tmp_path):
    folder = tmp_path / "index"
    index(source, folder)
    before = failed(folder)
    rebuild_library(folder, encoder=TinyEncoder(), settings=Settings())
    assert failed(folder) == before
    with closing(Catalog(folder)) as catalog:
        catalog.write("UPDATE vectors SET data = x'41' WHERE id = 1", [()])
    doctor(folder, repair=True, encoder=TinyEncoder, settings=Settings())
    assert failed(folder) == before


def test_nothing_but_failures_is_an_error_and_still_listed(source, tmp_path):
    (source / "good.txt").unlink()
    with pytest.raises(ReadError, match="nothing was indexed"):
        index(source, tmp_path / "index")
    with Library(tmp_path / "index") as library:
        assert [failure.path for failure in library.failures()] == [(source / "bad.docx").as_posix()]


def test_the_command_lists_them(source, tmp_path, capsys):
    index(source, tmp_path / "index")
    assert main(["list", "--failed", "--index", str(tmp_path / "index")]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert line.startswith((source / "bad.docx").as_posix())
    assert main(["list", "--failed", "--json", "--index", str(tmp_path / "index")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record) == ["path", "reason"]
    assert record["path"] == (source / "bad.docx").as_posix()


def test_what_is_left_out_of_a_folder_is_said(source, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("Not inside.")
    (source / "out.txt").symlink_to(outside)
    (source / "nowhere.txt").symlink_to(tmp_path / "missing.txt")
    (source / "loop.txt").symlink_to(source / "loop.txt")
    os.mkfifo(source / "pipe.txt")
    report = index(source, tmp_path / "index")
    said = {warning.path.rpartition("/")[2]: warning.reason for warning in report.warnings}
    assert set(said) == {"out.txt", "nowhere.txt", "loop.txt", "pipe.txt"}
    assert "leaves the folder" in said["out.txt"]
    assert "leads nowhere" in said["nowhere.txt"]
    assert "leads nowhere" in said["loop.txt"]
    assert "a pipe" in said["pipe.txt"]
    assert report.added == 1


TEXTS = {
    "paragraph": "这一段没有尽头，只有逗号，" * 27_000,  # 1 MB here; 10 MB in the slow one
    "nul": "a\0b\0 words" + " that go on, 还有别的字" * 30,
    "bidi": "\u202eevil\u202c مرحبا \u2066x\u2069 and words",
    "controls": "\x01\x02\x1b[31mred\x7f words" + " that go on, 还有别的字" * 30,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈 family words 👨🏽‍🚀",
    "long ligature": "\ufdfa" * 100,
    "combining": "e" + "\u0301" * 5000,
}


def check_text(tmp_path, name: str, text: str) -> None:
    path = tmp_path / "texts" / f"{name}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    report = index(path, tmp_path / "index")
    assert (report.added, report.failures) == (1, ())
    with Snapshot(tmp_path / "index") as snapshot:
        document = snapshot.document(path.as_posix())
        passages = snapshot.passages_of(path.as_posix())
        letters = ["".join(part.split()) for part in (document.text, "".join(p.text for p in passages))]
        assert letters[0] == letters[1]
        for passage in passages:
            part = document.text[passage.source.start : passage.source.end]
            assert "".join(part.split()) == "".join(passage.text.split())


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_is_indexed_with_its_offsets(tmp_path, name):
    check_text(tmp_path, name, TEXTS[name])


def test_lone_surrogates_in_a_file_are_replaced_or_named(tmp_path):
    path = tmp_path / "lone.txt"
    path.write_bytes(("words \ud83d and more" + "，还有别的字" * 30).encode("utf-8", "surrogatepass"))
    report = index(path, tmp_path / "index")
    assert report.added == 1
    assert "broken" in report.warnings[0].reason


@pytest.mark.slow
def test_a_paragraph_of_ten_megabytes(tmp_path):
    check_text(tmp_path, "paragraph", "这一段没有尽头，只有逗号，" * 270_000)
