"""File systems without locks, read-only folders, clocks that go backwards: a clear line, the old state served."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from library import index, write_files
from odd_disk_state import read_state

HERE = Path(__file__).parent
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs Linux and a C compiler"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "odd_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "odd_disk.c", "-ldl"], check=True)
    return library


@pytest.fixture
def place(tmp_path):
    index(write_files(tmp_path / "source", 4), tmp_path / "index")
    return tmp_path


def use(place, shim=None, **environment):
    """What a process in such surroundings says that it could do; the file has just changed."""
    more = {"LD_PRELOAD": str(shim)} if shim else {}
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    result = subprocess.run(
        [sys.executable, HERE / "odd_disk_user.py", place / "index", place / "source" / "1.txt"],
        env=os.environ | more | {"PYTHONPATH": paths} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@linux
@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named_and_can_be_read(place, shim, code):
    (place / "source" / "1.txt").write_text("A new text.", "utf-8")
    said = use(place, shim, ODD_FLOCK=str(code))
    for command in ("index", "remove", "doctor"):
        assert "gives no locks" in said[command]
        assert "local disk" in said[command]
    assert said["read"] == read_state(place / "index")


@linux
def test_a_read_only_library_is_named_and_can_be_read(place, shim):
    (place / "source" / "1.txt").write_text("A new text.", "utf-8")
    said = use(place, shim, ODD_READONLY=str(place / "index"))
    for command in ("index", "remove", "doctor"):
        assert said[command].startswith("told cannot write to the library in")
        assert "Read-only file system; make the folder writable" in said[command]
    assert said["read"] == read_state(place / "index")


def test_without_any_of_this_it_works(place):
    (place / "source" / "1.txt").write_text("A new text.", "utf-8")
    said = use(place)
    assert (said["index"], said["remove"], said["doctor"]) == (1, 1, 1)
    assert len(said["read"][0]) == 3


def test_a_clock_that_goes_backwards_hides_no_change(place, monkeypatch):
    file, folder = place / "source" / "1.txt", place / "index"
    size = file.stat().st_size
    real = time.time_ns
    for number, shift_s in enumerate((10**9, -(10**9), 0)):  # the system's clock, some thirty years off
        monkeypatch.setattr(time, "time_ns", lambda shift_s=shift_s: real() + shift_s * 10**9)
        file.write_text(f"Version {number}.".ljust(size), "utf-8")
        os.utime(file, ns=(0, (2 * 10**18, 10**9, 0)[number]))  # the file's own: the future, 1970
        assert index(file, folder).updated == 1
        assert index(file, folder).unchanged == 1
    file.write_text("Version x.".ljust(size), "utf-8")
    os.utime(file, ns=(0, 0))  # the same size and the same time of change as before
    assert index(file, folder).updated == 1
