from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rag.errors import LibraryLocked
from rag.store.lock import ReaderMark, oldest_read_generation, writer_lock

HOLD = """
import sys, pathlib
from rag.store.lock import writer_lock
with writer_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_writer_is_told_who_holds_the_lock(tmp_path, holder):
    with (
        pytest.raises(LibraryLocked, match=rf"written by process {holder.pid} on .* since .* UTC"),
        writer_lock(tmp_path, wait_s=0.1),
    ):
        pass


def test_a_killed_writer_holds_nothing(tmp_path, holder):
    holder.kill()
    holder.wait()
    with writer_lock(tmp_path, wait_s=0):
        assert str(os.getpid()) in (tmp_path / "writer.lock").read_text()


def test_the_second_writer_waits_for_the_first(tmp_path, holder):
    holder.stdin.close()
    with writer_lock(tmp_path, wait_s=10):
        pass


def test_two_writers_of_one_process_exclude_each_other(tmp_path):
    with writer_lock(tmp_path), pytest.raises(LibraryLocked), writer_lock(tmp_path, wait_s=0):
        pass


def test_whatever_the_lock_file_says_it_is_the_lock_that_counts(tmp_path):
    (tmp_path / "writer.lock").write_bytes(b"\xff process 1")
    with writer_lock(tmp_path, wait_s=0):
        pass


def test_a_reader_keeps_its_generation(tmp_path):
    mark = ReaderMark(tmp_path, 3)
    assert oldest_read_generation(tmp_path, 5) == 3
    assert oldest_read_generation(tmp_path, 3) == 3
    mark.release()
    mark.release()
    assert oldest_read_generation(tmp_path, 5) == 5
    assert not list((tmp_path / "readers").iterdir())


def test_the_oldest_of_several_readers_counts(tmp_path):
    marks = [ReaderMark(tmp_path, generation) for generation in (4, 9, 4, 7)]
    assert oldest_read_generation(tmp_path, 10) == 4
    marks[0].release()
    assert oldest_read_generation(tmp_path, 10) == 4
    marks[2].release()
    assert oldest_read_generation(tmp_path, 10) == 7
    for mark in marks:
        mark.release()
