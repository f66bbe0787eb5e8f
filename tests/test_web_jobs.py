"""Files on their way into a library: one by one, given up, taken out and brought back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from test_web_html import parsed

from rag.errors import ReadError
from rag.model import STAGE
from rag.records import Failure, IndexReport, Progress
from rag.web.intake import jobs_view, removal_view
from rag.web.jobs import Job, Jobs, Removal, sweep
from rag.web.texts import EN, ZH


class Reader:
    """Stands for the library: notes what comes, and waits in the middle of it as long as the test wants."""

    def __init__(self):
        self.inside: list[str] = []
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def add(self, path, progress):
        if path.name.startswith("bad"):
            raise ReadError(f"{path.as_posix()} is empty; there is nothing to index in it")
        self.begun.set()
        self.go_on.wait(20)
        progress(Progress("indexing", 1, 2, "passages"))
        self.inside.append(path.read_text("utf-8"))
        return IndexReport(added=1, warnings=(Failure(str(path), f"{path}: read as GB18030"),))

    def take_out(self, path):
        self.inside = [text for text in self.inside if text != path.read_text("utf-8")]


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def jobs(reader):
    return Jobs(reader.add, reader.take_out)


def written(folder: Path, name: str, text: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text or name, "utf-8")
    return folder / name


def settled(jobs, user=""):
    deadline = time.monotonic() + 20
    while any(job.state in ("waiting", "reading") for job in jobs.of(user)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return {job.name: job.state for job in jobs.of(user)}


def test_files_are_read_one_by_one_and_one_failure_costs_itself_alone(jobs, reader, tmp_path):
    reader.go_on.set()
    paths = [written(tmp_path / "new", name) for name in ("a.txt", "bad.txt", "c.txt")]
    jobs.submit(paths, user="", folder=tmp_path / "kept")
    assert settled(jobs) == {"a.txt": "done", "bad.txt": "failed", "c.txt": "done"}
    assert reader.inside == ["a.txt", "c.txt"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["a.txt", "c.txt"]
    reasons = {job.name: job.reason for job in jobs.of("")}
    assert reasons["a.txt"] == "a.txt: read as GB18030"
    assert str(tmp_path / "new") not in reasons["bad.txt"]


def test_what_waits_and_what_is_read_can_be_given_up(jobs, reader, tmp_path):
    paths = [written(tmp_path / "new", name) for name in ("a.txt", "b.txt", "c.txt")]
    first, second, _ = jobs.submit(paths, user="ada", folder=tmp_path / "kept")
    assert reader.begun.wait(20)
    jobs.cancel(second.id, "bo")  # not his
    assert jobs.of("ada")[1].state == "waiting"
    jobs.cancel(first.id, "ada")
    jobs.cancel(second.id, "ada")
    reader.go_on.set()
    assert settled(jobs, "ada") == {"a.txt": "cancelled", "b.txt": "cancelled", "c.txt": "done"}
    deadline = time.monotonic() + 20
    while reader.inside != ["c.txt"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["c.txt"]
    jobs.clear("ada")
    assert jobs.of("ada") == []


def test_one_sees_the_own_files_only(jobs, reader, tmp_path):
    reader.go_on.set()
    jobs.submit([written(tmp_path / "new", "a.txt")], user="ada", folder=tmp_path / "kept")
    assert [job.name for job in jobs.of("ada")] == ["a.txt"]
    assert jobs.of("bo") == []


def test_a_removal_is_undone(jobs, reader, tmp_path):
    reader.go_on.set()
    upload, other = written(tmp_path / "kept", "a.txt"), written(tmp_path / "elsewhere", "b.txt")
    first = jobs.removed(upload, user="ada", is_upload=True)
    second = jobs.removed(other, user="ada", is_upload=False)
    assert not upload.exists()
    assert other.exists()
    assert jobs.restore(first.id, "bo") is None
    jobs.restore(first.id, "ada")
    jobs.restore(second.id, "ada")
    assert settled(jobs, "ada") == {"a.txt": "done", "b.txt": "done"}
    assert upload.exists()
    assert jobs.restore(first.id, "ada") is None


def test_a_new_file_of_the_name_is_not_overwritten(jobs, tmp_path):
    upload = written(tmp_path / "kept", "a.txt", "old")
    removal = jobs.removed(upload, user="", is_upload=True)
    written(tmp_path / "kept", "a.txt", "new")
    assert jobs.restore(removal.id, "") is None
    assert upload.read_text("utf-8") == "new"


def test_what_can_no_longer_be_undone_is_deleted(jobs, tmp_path):
    for number in range(25):
        jobs.removed(written(tmp_path / "kept", f"{number}.txt"), user="", is_upload=True)
    assert len(list((tmp_path / "kept").iterdir())) == 20
    sweep(tmp_path)
    assert list((tmp_path / "kept").iterdir()) == []


# --- as markup ---


def job(state="reading", name="a.txt", **changes):
    return Job(**{"id": 3, "user": "", "path": Path(f"/x/{name}"), "folder": None, "state": state} | changes)


def test_list_of_files(golden):
    files = [
        job(progress=Progress("indexing", 1, 4)),
        job("waiting", "<b>.txt", id=4),
        job("failed", "c.txt", id=5, reason="c.txt is empty"),
    ]
    golden("web/jobs-en.html", jobs_view(files, EN))
    assert jobs_view([], EN) == ""


def test_the_bar_has_no_end_where_the_total_is_unknown():
    assert "wj-endless" in jobs_view([job()], EN)
    assert ZH.preparing in jobs_view([job(progress=Progress(STAGE, 1, 5))], ZH)
    assert "width:25%" in jobs_view([job(progress=Progress("indexing", 1, 4))], ZH)


def test_a_removal_offers_its_undoing():
    shown = parsed(removal_view(Removal(7, "", Path("/x/<i>.txt"), None), EN))
    assert ("data-removal", "7") in shown.attributes
    assert "i" not in shown.tags
