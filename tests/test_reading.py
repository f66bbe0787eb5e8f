"""Files are read in a process of its own: what one of them does there costs that one, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from library import index
from sample_files import write_samples

from rag.errors import EncodingError, ReadError
from rag.readers import read
from rag.reading import Limits, Reading

ROOT = Path(__file__).resolve().parents[1]


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def corpus(folder: Path, count: int = 2000) -> Path:
    lines = [json.dumps({"_id": str(number), "text": "words " * 500}) for number in range(count)]
    return write(folder, "corpus.jsonl", "\n".join(lines))


def running(reading: Reading) -> subprocess.Popen[bytes]:
    """The process that has just read a file."""
    assert reading._worker is not None
    return reading._worker._process


def test_documents_come_back_as_they_were_read(tmp_path):
    with Reading() as reading:
        for path in write_samples(tmp_path).values():
            assert list(reading.read(path)) == list(read(path))


def test_one_process_reads_all_files(tmp_path):
    with Reading() as reading:
        list(reading.read(write(tmp_path, "a.txt", "some words")))
        first = running(reading).pid
        with pytest.raises(ReadError, match=r"empty.txt is empty"):
            list(reading.read(write(tmp_path, "empty.txt", "")))
        list(reading.read(write(tmp_path, "b.txt", "more words")))
        process = running(reading)
        assert process.pid == first
    assert process.poll() is not None


def test_errors_keep_their_kind(tmp_path):
    (tmp_path / "odd.txt").write_bytes(bytes(range(128, 256)) * 40)
    with Reading() as reading, pytest.raises(EncodingError, match=r"odd.txt: no character encoding"):
        list(reading.read(tmp_path / "odd.txt"))
    with Reading() as reading, pytest.raises(ReadError, match="no such file"):
        list(reading.read(tmp_path / "missing.txt"))


def test_a_crash_costs_one_file(tmp_path):
    good = write(tmp_path, "good.txt", "good words")
    with Reading() as reading:
        list(reading.read(good))
        process = running(reading)
        documents = reading.read(corpus(tmp_path))
        next(documents)
        os.kill(process.pid, signal.SIGSEGV)
        with pytest.raises(ReadError, match=r"corpus.jsonl made its reader crash \(SIGSEGV\)"):
            list(documents)
        assert [document.text for document in reading.read(good)] == ["good words"]
        assert running(reading).pid != process.pid


def test_a_process_that_died_between_files_costs_one_file(tmp_path):
    good = write(tmp_path, "good.txt", "good words")
    with Reading() as reading:
        list(reading.read(good))
        os.kill(running(reading).pid, signal.SIGKILL)
        running(reading).wait(10)
        with pytest.raises(ReadError, match="SIGKILL"):
            list(reading.read(good))
        assert len(list(reading.read(good))) == 1


def test_too_much_time_costs_one_file(tmp_path):
    (tmp_path / "slow.html").write_bytes(b"<div>" * 2_000_000 + b"words")
    good = write(tmp_path, "good.txt", "good words")
    expected = pytest.raises(ReadError, match=r"slow.html took more than 1 s to read and was given up")
    with Reading(Limits(seconds=1.0)) as reading, expected:
        list(reading.read(tmp_path / "slow.html"))
    with Reading() as reading:
        assert len(list(reading.read(good))) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the limit differs")
def test_too_much_memory_costs_one_file(tmp_path):
    large = write(tmp_path, "large.txt", "很多文字。\n" * 3_000_000)
    good = write(tmp_path, "good.txt", "good words")
    with Reading(Limits(memory_bytes=150 << 20)) as reading:
        with pytest.raises(ReadError, match=r"large.txt needs more than 150 MB of memory"):
            list(reading.read(large))
        assert len(list(reading.read(good))) == 1


def test_too_much_output_costs_one_file(tmp_path):
    good = write(tmp_path, "good.txt", "good words")
    with Reading(Limits(characters=10_000)) as reading:
        with pytest.raises(ReadError, match="unfolds to more text than one file may hold"):
            list(reading.read(corpus(tmp_path)))
        assert len(list(reading.read(good))) == 1


def test_a_file_left_in_the_middle_leaves_no_process(tmp_path):
    good = write(tmp_path, "good.txt", "good words")
    with Reading() as reading:
        list(reading.read(good))
        process = running(reading)
        documents = reading.read(corpus(tmp_path))
        next(documents)
        documents.close()
        assert process.poll() is not None
        assert len(list(reading.read(good))) == 1


def test_a_process_that_has_grown_is_replaced(tmp_path):
    large = write(tmp_path, "large.txt", "很多文字。\n" * 3_000_000)
    with Reading(Limits(memory_bytes=400 << 20)) as reading:
        assert len(list(reading.read(large))) == 1
        assert reading._worker is None
        assert len(list(reading.read(write(tmp_path, "good.txt", "good words")))) == 1


def test_a_script_without_a_main_guard_can_read(tmp_path):
    path = write(tmp_path, "good.txt", "good words")
    (tmp_path / "json.py").write_text("raise RuntimeError('a file of the user, not the library')")
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path[:] = [{str(ROOT)!r}, *sys.path[1:]]\n"
        "from pathlib import Path\nfrom rag.reading import Reading\n"
        f"with Reading() as reading: print([d.text for d in reading.read(Path({str(path)!r}))])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("['good words']", "")


def test_threads_read_beside_each_other(tmp_path):
    paths = list(write_samples(tmp_path).values())
    expected = [len(list(read(path))) for path in paths]
    found: dict[int, list[int]] = {}

    def work(number: int) -> None:
        with Reading() as reading:
            found[number] = [len(list(reading.read(path))) for path in paths]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == dict.fromkeys(range(4), expected)


def test_the_reading_process_loads_nothing_heavy(tmp_path):
    code = (
        "import sys, rag.readers.worker\n"
        "print(sorted({'torch', 'gradio', 'faiss', 'onnxruntime', 'tantivy', 'kreuzberg', 'lxml'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_unchanged_files_start_no_process(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    path = write(folder, "a.txt", "Some words that stand in a file.")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    assert index(folder, tmp_path / "library").added == 1
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert index(folder, tmp_path / "library").unchanged == 1
    write(folder, "b.txt", "More words.")
    report = index(folder, tmp_path / "library")
    assert "the reading process cannot be started" in report.failures[0].reason


def test_readers_write_no_file_start_no_program_and_open_no_connection():
    code = (
        "import sys, socket, subprocess\nfrom rag.readers.worker import _refuse\nsys.addaudithook(_refuse)\n"
        "for attempt in (lambda: open('x', 'w'), lambda: socket.socket(), lambda: subprocess.run(['true'])):\n"
        "    try:\n        attempt()\n        print('done')\n"
        "    except PermissionError as error:\n        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n")[:3] == [
        "a reader tried open",
        "a reader tried socket.__new__",
        "a reader tried subprocess.Popen",
    ]
