"""Damaged files and files made to do harm: each is read or is a named error, and the next file is read."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hostile_files import HARMFUL, mutations
from sample_files import SAMPLES

from rag.errors import ReadError
from rag.reading import Limits, Reading

FEW, MANY = 10, 200
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


def peak_kib(reading: Reading) -> int:
    """The most memory that the reading process has had, 0 where it is gone; its limit is checked elsewhere."""
    if reading._worker is None:
        return 0
    status = Path(f"/proc/{reading._worker._process.pid}/status")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) if status.exists() else 0


def check(tmp_path, name: str, count: int) -> dict[str, int]:
    """How many of the damaged files were read and refused, and the most memory that it took."""
    good = tmp_path / "good.txt"
    good.write_text("一个好文件。 A good file.", "utf-8")
    found = {"read": 0, "refused": 0, "peak MiB": 0}
    with Reading() as reading:
        for label, data in mutations(name, count):
            path = tmp_path / f"{label}-{name}"
            path.write_bytes(data)
            line = outcome(reading, path)
            assert "crash" not in line
            assert "exit code" not in line
            found["read" if line == "read" else "refused"] += 1
            path.unlink()
            found["peak MiB"] = max(found["peak MiB"], peak_kib(reading) >> 10)
        assert outcome(reading, good) == "read"
    assert found["peak MiB"] < GIB >> 10
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files(tmp_path, name):
    found = check(tmp_path, name, FEW)
    assert found["read"] + found["refused"] == FEW


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_two_hundred_damaged_files(tmp_path, name):
    started = time.monotonic()
    found = check(tmp_path, name, MANY)
    print(f"\n{name}: {found}, {time.monotonic() - started:.1f} s")
    assert found["read"] + found["refused"] == MANY


@pytest.mark.parametrize("name", HARMFUL)
def test_files_made_to_do_harm(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HARMFUL[name]())
    good = tmp_path / "good.txt"
    good.write_text("一个好文件。 A good file.", "utf-8")
    with Reading() as reading:
        started = time.monotonic()
        line = outcome(reading, path)
        peak = peak_kib(reading)
        print(f"{name}: {peak >> 10} MiB, {time.monotonic() - started:.2f} s, {line[:160]}")
        assert outcome(reading, good) == "read"
    assert peak < GIB
    assert "root:" not in line
