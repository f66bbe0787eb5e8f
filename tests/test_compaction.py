"""Space comes back after many removals, and nothing is lost, whoever reads or is killed meanwhile."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from library import new_catalog, new_document
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.ingest import remove_paths
from rag.settings import Settings
from rag.shelving import renew_reference
from rag.snapshot import Snapshot
from rag.store import database
from rag.store.catalog import Catalog
from rag.store.lock import writer_lock
from rag.store.publish import publish

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["compacting_writer"])
DOCUMENTS = 200


def large_document(number):
    """A document whose text takes 60 KB, however it is compressed."""
    made = new_document(f"/papers/{number}.txt", [f"Page {number} of the harbour office.", f"第{number}页。"])
    noise = random.Random(number).randbytes(40_000).decode("latin-1")
    return replace(made, read=replace(made.read, text=f"{made.read.text}\n{noise}"))


@pytest.fixture(scope="module")
def emptied(tmp_path_factory):
    """A library that has lost nine tenths of its documents and not yet been compacted."""
    folder = tmp_path_factory.mktemp("compaction") / "index"
    with writer_lock_of(folder), closing(new_catalog(folder)) as catalog:
        renew_reference(catalog, TinyEncoder())
        for number in range(DOCUMENTS):
            catalog.replace(large_document(number))
        publish(catalog)
    gone = [f"/papers/{number}.txt" for number in range(DOCUMENTS) if number % 10]
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "_FREE_PAGES", 10**9)
    remove_paths(gone, folder=folder)
    patch.undo()
    return folder


def writer_lock_of(folder):
    folder.mkdir(mode=0o700)
    return writer_lock(folder)


@pytest.fixture
def folder(tmp_path, emptied):
    return shutil.copytree(emptied, tmp_path / "index")


def content(snapshot):
    vector = TinyEncoder().encode_question("harbour 页").vectors[0]
    found = {info.key: snapshot.document(info.key).text for info in snapshot.documents()}
    ids, scores = snapshot.vector_search(vector, limit=99, language="en")
    texts = [passage.text for passage in snapshot.passages(ids)]
    return found, ids.tolist(), scores.tolist(), texts, np.array(snapshot.vectors(ids)).tobytes()


def read(folder):
    with Snapshot(folder) as snapshot:
        assert snapshot.damage == []
        return content(snapshot)


def sound(folder):
    findings = doctor(folder, encoder=TinyEncoder, settings=Settings())
    return [finding for finding in findings if finding.severity != "ok"] == []


def test_space_comes_back_and_a_reader_goes_on(folder, monkeypatch):
    before, size = read(folder), (folder / "catalog.sqlite").stat().st_size
    monkeypatch.setattr(database, "_FREE_PAGES", 1)
    with Snapshot(folder) as snapshot:
        with writer_lock(folder), closing(Catalog(folder)) as catalog:
            assert catalog.compact()
            assert not catalog.compact()
        assert content(snapshot) == before
        assert snapshot.is_current
    assert (folder / "catalog.sqlite").stat().st_size < size / 3
    assert read(folder) == before
    assert sound(folder)


def test_it_happens_by_itself_and_never_for_a_little(tmp_path, folder, monkeypatch):
    size = (folder / "catalog.sqlite").stat().st_size
    remove_paths(["/papers/0.txt"], folder=folder)
    assert (folder / "catalog.sqlite").stat().st_size == size  # 9 MB free: too little to care
    monkeypatch.setattr(database, "_FREE_PAGES", 1000)
    remove_paths(["/papers/10.txt"], folder=folder)
    assert (folder / "catalog.sqlite").stat().st_size < size / 3
    assert sound(folder)


def killed(folder, seconds):
    """Whether the compaction was over when its process was killed so long after it began."""
    import compacting_writer

    receiver, sender = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=compacting_writer.work, args=(str(folder), sender))
    process.start()
    sender.close()
    with receiver:
        assert receiver.poll(120)
        assert receiver.recv() == "begin"
        time.sleep(seconds)
        process.kill()
        process.join()
        try:
            return bool(receiver.recv())
        except EOFError:
            return False


def test_killed_while_it_compacts(tmp_path, emptied):
    before, cut, done = read(emptied), 0, 0
    for number in range(18):
        folder = shutil.copytree(emptied, tmp_path / str(number))
        over = killed(folder, 0.004 * 1.5**number if number < 16 else 2.0)
        cut += not over
        done += over
        assert read(folder) == before, f"kill {number}"
        assert sound(folder), f"kill {number}"
        shutil.rmtree(folder)
    assert cut > 1
    assert done > 0
