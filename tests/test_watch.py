"""`rag watch` in a process of its own: what happens in the folder happens in the library."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue

import pytest

from rag import Library
from rag.cli import main

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120  # the machine may be busy; nothing waits for it when all is well


class Watcher:
    """The command and what it has said so far."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "rag", "watch", *map(str, arguments), "--json"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # A shell lets what it runs in the background ignore SIGINT, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.said: Queue = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.said.put(json.loads(line))

    def until(self, change, name):
        """All that it says until it says that; fails where it does not."""
        heard = []
        while True:
            try:
                heard.append(self.said.get(timeout=PATIENCE_S))
            except Empty:
                pytest.fail(f"{change} {name} never came after {heard}")
            if heard[-1]["change"] == change and Path(heard[-1]["path"]).name == name:
                return heard

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        return code, self.process.stderr.read()


@pytest.fixture
def watch(tmp_path):
    watchers = []

    def start(*arguments):
        watchers.append(Watcher(*arguments, "--index", tmp_path / "index"))
        return watchers[-1]

    yield start
    for each in watchers:
        each.process.kill()
        each.process.wait()
        each.process.stdout.close()
        each.process.stderr.close()


def names(folder):
    with Library(folder) as library:
        return sorted(Path(info.path).name for info in library.documents())


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_happens_in_the_folder_happens_in_the_library(tmp_path, watch, number):
    folder, index = tmp_path / "papers", tmp_path / "index"
    write(folder / "a.txt", "The ferry leaves at seven.")
    watcher = watch(folder, "--prune")
    heard = watcher.until("watching", "papers")
    assert [(each["change"], Path(each["path"]).name) for each in heard[:-1]] == [("added", "a.txt")]
    write(folder / "b.txt", "水库的三号闸门开始检修。")
    watcher.until("added", "b.txt")
    write(folder / "a.txt", "The ferry leaves at eight.")
    watcher.until("updated", "a.txt")
    (folder / "b.txt").rename(folder / "c.txt")
    watcher.until("moved", "c.txt")
    write(tmp_path / "away" / "deep.txt", "A page in a folder that is moved in.")
    shutil.move(tmp_path / "away", folder / "sub")
    watcher.until("added", "deep.txt")
    (folder / "empty.txt").write_bytes(b"\0\xff" * 300)
    watcher.until("failed", "empty.txt")
    write(folder / ".hidden.txt", "nobody sees this")
    (folder / "a.txt").unlink()
    heard = watcher.until("removed", "a.txt")
    assert not [each for each in heard if "hidden" in each["path"]]
    assert names(index) == ["c.txt", "deep.txt"]
    code, errors = watcher.end(number)
    assert (code, "Traceback" in errors) == (0, False)
    assert "stopped" in errors
    assert main(["doctor", "--index", str(index)]) == 0


def test_without_prune_a_deleted_file_stays_in_the_library(tmp_path, watch):
    folder = tmp_path / "papers"
    write(folder / "a.txt", "The ferry leaves at seven.")
    write(folder / "b.txt", "The mill opens at nine.")
    watcher = watch(folder)
    watcher.until("watching", "papers")
    (folder / "a.txt").unlink()
    [gone] = watcher.until("vanished", "a.txt")
    assert "--prune" in gone["note"]
    assert names(tmp_path / "index") == ["a.txt", "b.txt"]
    os.kill(watcher.process.pid, signal.SIGTERM)
    assert watcher.process.wait(PATIENCE_S) == 0


def test_a_library_inside_the_folder_does_not_watch_itself(tmp_path, watch):
    write(tmp_path / "a.txt", "The ferry leaves at seven.")
    watcher = watch(tmp_path)
    watcher.until("watching", tmp_path.name)
    write(tmp_path / "b.txt", "The mill opens at nine.")
    assert len(watcher.until("added", "b.txt")) == 1
    write(tmp_path / "c.txt", "The mill closes at noon.")
    assert len(watcher.until("added", "c.txt")) == 1


def test_only_folders_can_be_watched(tmp_path, capsys):
    write(tmp_path / "a.txt", "text")
    before = signal.getsignal(signal.SIGTERM)
    assert main(["watch", str(tmp_path / "a.txt"), "--index", str(tmp_path / "index")]) == 2
    assert signal.getsignal(signal.SIGTERM) is before
    assert "not a folder" in capsys.readouterr().err
