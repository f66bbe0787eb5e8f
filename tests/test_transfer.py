"""Export and import: the same answers, nothing half done, nothing damaged let in."""

from __future__ import annotations

import json
import random
import stat
import threading
import zipfile

import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.errors import LibraryDamaged, LibraryError, LibraryMissing, RagError, UsageError
from rag.ingest import remove_paths
from rag.search import Wanted, search
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store import publish
from rag.transfer import MANIFEST, export_library, import_library

QUESTIONS = ("reservoirs and dykes: 水库和堤坝", "north pier repairs notice", "防汛工作会议")


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source", 10)


@pytest.fixture
def folder(tmp_path, source, monkeypatch):
    monkeypatch.setattr(publish, "_REWRITE_FROM", 1)  # with vector files
    monkeypatch.setattr(publish, "_REBUILD_BELOW", 0)  # and removed passages in the index of terms
    index(source, tmp_path / "index")
    remove_paths([source / "4.txt"], folder=tmp_path / "index")
    return tmp_path / "index"


def answers(folder):
    with Snapshot(folder) as snapshot:
        assert snapshot.damage == []
        found = [
            search(snapshot, TinyEncoder(), question, wanted=Wanted(8), settings=Settings())
            for question in QUESTIONS
        ]
        return [answer.hits for answer in found], snapshot.documents(), snapshot.generation


def sound(folder):
    findings = doctor(folder, encoder=TinyEncoder, settings=Settings())
    return [finding.severity for finding in findings] == ["ok"]


def test_a_library_that_comes_back_gives_the_same_answers_and_grows(tmp_path, source, folder):
    size = export_library(folder, tmp_path / "all.zip")
    assert size == (tmp_path / "all.zip").stat().st_size
    import_library(tmp_path / "all.zip", tmp_path / "new" / "index")
    assert answers(tmp_path / "new" / "index") == answers(folder)
    assert sound(tmp_path / "new" / "index")
    report = index(source, tmp_path / "new" / "index")
    assert (report.unchanged, report.added) == (9, 1)  # file stamps come along; 4.txt had been removed
    assert sound(tmp_path / "new" / "index")


def test_all_files_are_the_users_own(tmp_path, folder):
    export_library(folder, tmp_path / "all.zip")
    import_library(tmp_path / "all.zip", tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "all.zip").stat().st_mode) == 0o600
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    assert modes == {False: 0o600, True: 0o700}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_an_export_while_another_writes_is_one_state(tmp_path, source, folder):
    stop, failed = threading.Event(), []

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            (source / "1.txt").write_text(f"Version {number} of this page, 第{number}版。", "utf-8")
            try:
                index(source, folder)
            except RagError as error:  # pragma: no cover
                failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            export_library(folder, tmp_path / f"{number}.zip")
            import_library(tmp_path / f"{number}.zip", tmp_path / f"new{number}")
            answers(tmp_path / f"new{number}")
            assert sound(tmp_path / f"new{number}")
    finally:
        stop.set()
        writer.join()
    assert failed == []


def test_no_file_and_no_folder_is_overwritten(tmp_path, folder):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        export_library(folder, tmp_path / "taken")
    with pytest.raises(UsageError, match="is not a folder"):
        export_library(folder, tmp_path / "absent" / "all.zip")
    with pytest.raises(LibraryMissing):
        export_library(tmp_path / "absent", tmp_path / "all.zip")
    export_library(folder, tmp_path / "all.zip")
    before = answers(folder)
    with pytest.raises(UsageError, match="is in use"):
        import_library(tmp_path / "all.zip", folder)
    with pytest.raises(UsageError, match="is in use"):
        import_library(tmp_path / "all.zip", tmp_path / "taken")
    with pytest.raises(LibraryMissing, match="rag export"):
        import_library(tmp_path / "absent.zip", tmp_path / "new")
    assert answers(folder) == before
    (tmp_path / "empty").mkdir()
    import_library(tmp_path / "all.zip", tmp_path / "empty")


@pytest.mark.parametrize(
    "seed", [*range(20), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(20, 60))]
)
def test_a_damaged_export_is_refused_with_one_line_or_harmless(tmp_path, folder, seed, tmp_path_factory):
    chance = random.Random(seed)
    file = tmp_path / "all.zip"
    export_library(folder, file)
    data = bytearray(file.read_bytes())
    way = seed % 4
    if way == 0:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif way == 1:
        del data[chance.randrange(len(data)) :]
    elif way == 2:
        start = chance.randrange(len(data))
        data[start : start + 300] = chance.randbytes(len(data[start : start + 300]))
    else:
        data += chance.randbytes(chance.randrange(1, 300))
    file.write_bytes(data)
    target = tmp_path / "new"
    try:
        import_library(file, target)
    except LibraryError as error:
        line = str(error)
        assert ("\n" in line, str(file) in line, target.exists()) == (False, True, False)
    else:  # a bit that says nothing, a time of day in the zip's own tables say
        assert answers(target) == answers(folder)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def rewritten(source, target, *, names=None, manifest=None):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        parts = json.loads(old.read(MANIFEST))
        if manifest:
            manifest(parts)
        for name in old.namelist():
            data = json.dumps(parts).encode() if name == MANIFEST else old.read(name)
            new.writestr((names or {}).get(name, name), data)


def test_an_export_that_somebody_made_up_is_refused(tmp_path, folder):
    export_library(folder, tmp_path / "all.zip")

    def refused(match, **changes):
        rewritten(tmp_path / "all.zip", tmp_path / "other.zip", **changes)
        with pytest.raises(LibraryDamaged, match=match):
            import_library(tmp_path / "other.zip", tmp_path / "a" / "b" / "new")
        assert not (tmp_path / "a" / "b" / "new").exists()

    def led_out(manifest):
        manifest["parts"]["../out"] = manifest["parts"].pop(last)

    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        last = sorted(set(archive.namelist()) - {MANIFEST})[-1]
    refused("leads out", names={last: "../out"}, manifest=led_out)
    refused("missing or too many", names={last: "other"})
    refused("version 9", manifest=lambda manifest: manifest.update(version=9))
    refused("not written by", manifest=lambda manifest: manifest.update(format="other"))
    refused("not what was written", manifest=lambda manifest: manifest["parts"][last].__setitem__(0, 3))
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(LibraryDamaged, match="whole export"):
        import_library(tmp_path / "text.zip", tmp_path / "new")


def test_a_damaged_library_is_not_exported_as_if_it_were_whole(tmp_path, folder):
    terms = next(path for path in folder.iterdir() if path.name.startswith("terms-"))
    victim = max(terms.iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    before = answers_whatever(folder)
    export_library(folder, tmp_path / "all.zip")
    import_library(tmp_path / "all.zip", tmp_path / "new")
    assert answers_whatever(tmp_path / "new") == before
    (folder / "catalog.sqlite").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(LibraryError):
        export_library(folder, tmp_path / "two.zip")
    assert not (tmp_path / "two.zip").exists()


def answers_whatever(folder):
    with Snapshot(folder) as snapshot:
        wanted = Wanted(8)
        return [
            search(snapshot, TinyEncoder(), question, wanted=wanted, settings=Settings()).hits
            for question in QUESTIONS
        ]
