"""Every write, sync, truncation, link and rename below the library fails in turn: old state or new, and a clear line."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.settings import Settings
from rag.snapshot import Snapshot

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs Linux and a C compiler"
)
FAULTS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "short write": 0}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A library, a changed file, and the state before and after."""
    place = tmp_path_factory.mktemp("disk")
    source = write_files(place / "source", 4)
    index(source, place / "index")
    return place


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A process that carries out orders on a failing disk."""
    library = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "failing_disk.c", "-ldl"], check=True
    )
    environment = os.environ | {
        "LD_PRELOAD": str(library),
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)]),
    }
    command = [sys.executable, HERE / "failing_writer.py"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


def order(writer, folder, file, *numbers):
    writer.stdin.write("\t".join([str(folder), str(file), *map(str, numbers)]) + "\n")
    writer.stdin.flush()
    counted, outcome = writer.stdout.readline().rstrip("\n").split(" ", 1)
    return int(counted), outcome


def texts(folder):
    with Snapshot(folder) as snapshot:
        for info in snapshot.documents():
            assert snapshot.passages_of(info.key)
        return {info.key: snapshot.document(info.key).text for info in snapshot.documents()}


def run(writer, place, tmp_path, fault):
    """One change of one file with one call failing; returns how many calls were made."""
    number, code, for_ever = fault
    folder, file = tmp_path / "index", place / "source" / "1.txt"
    shutil.copytree(place / "index", folder)
    old_text = file.read_text("utf-8")
    old = texts(folder)
    try:
        file.write_text("The new text of this file: 新的内容。", "utf-8")
        counted, outcome = order(writer, folder, file, number, code, for_ever)
        assert outcome.startswith(("done", "told")), f"call {number}: {outcome}"
        assert outcome != "done" or code == 0 or not for_ever or number >= counted
        found = texts(folder)
        new = old | {file.as_posix(): "The new text of this file: 新的内容。"}
        assert found in (old, new), f"call {number}: {outcome}"
        assert outcome != "done" or found == new, f"call {number}: acknowledged and lost"
        findings = doctor(folder, encoder=TinyEncoder, settings=Settings())
        assert [each for each in findings if each.severity == "error"] == [], f"call {number}: {findings}"
        assert index(file, folder).updated + (found == new) == 1
        assert texts(folder) == new
    finally:
        file.write_text(old_text, "utf-8")
        shutil.rmtree(folder)
    return counted


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_some_calls(writer, place, tmp_path, fault):
    calls = run(writer, place, tmp_path, (-1, 0, 0))
    assert calls > 20
    for number in range(list(FAULTS).index(fault), calls, 15):
        run(writer, place, tmp_path, (number, FAULTS[fault], 0))


def test_a_disk_that_is_full_from_some_call_on(writer, place, tmp_path):
    calls = run(writer, place, tmp_path, (-1, 0, 0))
    for number in range(0, calls, 19):
        run(writer, place, tmp_path, (number, errno.ENOSPC, 1))


@pytest.mark.slow
@pytest.mark.parametrize("for_ever", [0, 1])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_at_each_call(writer, place, tmp_path, fault, for_ever):
    for number in range(run(writer, place, tmp_path, (-1, 0, 0))):
        run(writer, place, tmp_path, (number, FAULTS[fault], for_ever))
