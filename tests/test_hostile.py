"""Damaged files and files made to do harm: each is read or is a named error, and the next file is read."""

from __future__ import annotations

import resource
import time

import pytest
from hostile_files import HARMFUL, mutations
from sample_files import SAMPLES

from rag.errors import ReadError
from rag.reading import Limits, Reading

FEW, MANY = 14, 200
SECONDS = Limits().seconds
GIB = 1 << 20  # in KiB, as ru_maxrss counts


def outcome(reading: Reading, path) -> str:
    """What became of one file: "read" or the one line of its error."""
    started = time.monotonic()
    try:
        texts = [document.text for document in reading.read(path)]
        assert texts
        assert all(text.strip() for text in texts)
        line = "read"
    except ReadError as error:
        line = str(error)
        assert "\n" not in line
        assert path.name in line
    assert time.monotonic() - started < SECONDS + 5
    return line


def peak_kib() -> int:
    """The most memory that any ended child process of this one has had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def check(tmp_path, name: str, count: int) -> dict[str, int]:
    good = tmp_path / "good.txt"
    good.write_text("一个好文件。 A good file.", "utf-8")
    found = {"read": 0, "refused": 0}
    with Reading() as reading:
        for label, data in mutations(name, count):
            path = tmp_path / f"{label}-{name}"
            path.write_bytes(data)
            line = outcome(reading, path)
            assert "crash" not in line
            assert "exit code" not in line
            found["read" if line == "read" else "refused"] += 1
            path.unlink()
        assert outcome(reading, good) == "read"
    assert peak_kib() < GIB
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files(tmp_path, name):
    assert sum(check(tmp_path, name, FEW).values()) == FEW


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_two_hundred_damaged_files(tmp_path, name):
    started = time.monotonic()
    found = check(tmp_path, name, MANY)
    print(f"\n{name}: {found}, {time.monotonic() - started:.1f} s, peak {peak_kib() >> 10} MiB")
    assert sum(found.values()) == MANY


@pytest.mark.parametrize("name", HARMFUL)
def test_files_made_to_do_harm(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HARMFUL[name]())
    good = tmp_path / "good.txt"
    good.write_text("一个好文件。 A good file.", "utf-8")
    with Reading() as reading:
        started = time.monotonic()
        line = outcome(reading, path)
        print(f"{name}: {time.monotonic() - started:.2f} s, {line[:160]}")
        assert outcome(reading, good) == "read"
    assert peak_kib() < GIB
    assert "root:" not in line
