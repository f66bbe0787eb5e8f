"""kill -9 at a random moment of add, update and remove, again and again on one library."""

from __future__ import annotations

import multiprocessing
import random
import time
from itertools import chain

import pytest
from killed_writer import text_of, work
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.errors import LibraryMissing
from rag.settings import Settings
from rag.snapshot import Snapshot

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["killed_writer"])


def contents(folder):
    """Name of each document's file -> its text, and each passage found under it."""
    try:
        with Snapshot(folder) as snapshot:
            assert snapshot.damage == []
            found = {}
            for info in snapshot.documents():
                assert snapshot.passages_of(info.key)
                found[info.path.rsplit("/", 1)[1]] = snapshot.document(info.key).text
            return found
    except LibraryMissing:
        return {}


def one_life(folder, source, seed, known, settings):
    """Let a writer live for a moment; what it acknowledged, and the step that it may or may not have done."""
    receiver, sender = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=work, args=(str(folder), str(source), seed, sender, settings))
    process.start()
    sender.close()
    chance = random.Random(seed)
    heard = []
    for _ in range(chance.choice([1, 1, 2, 5])):  # a slow machine gets as far as a fast one
        assert receiver.poll(60)
        heard.append(receiver.recv())
    time.sleep(chance.choice([0.003, 0.05, 0.1]) * chance.random())
    process.kill()
    process.join()
    acknowledged, step = dict(known), None
    for kind, name, version in chain(heard, received(receiver)):
        if kind == "begin":
            step = (name, None if version is None else text_of(name, version))
        else:
            put(acknowledged, *step)
            step = None
    return acknowledged, step


def received(receiver):
    """What is left in the pipe of a process that has died."""
    with receiver:
        while True:
            try:
                yield receiver.recv()
            except EOFError:
                return


def put(documents, name, text):
    documents.pop(name, None)
    if text is not None:
        documents[name] = text


def lives(tmp_path, seeds, settings=Settings()):  # noqa: B008 - frozen
    """The kinds of vector files that were seen between one life and the next."""
    folder, source = tmp_path / "index", tmp_path / "source"
    source.mkdir()
    known, cut, done, kinds = {}, 0, 0, set()
    for seed in seeds:
        before = known
        acknowledged, step = one_life(folder, source, seed, known, settings)
        known = contents(folder)
        kinds |= {path.suffix for path in folder.glob("vectors-*")}
        cut += step is not None
        done += acknowledged != before
        after = dict(acknowledged)
        if step:
            put(after, *step)
        assert known in (acknowledged, after), f"seed {seed}"
        if folder.exists() and known:
            findings = doctor(folder, encoder=TinyEncoder, settings=Settings())
            assert [each for each in findings if each.severity == "error"] == [], f"seed {seed}"
    assert cut > len(seeds) // 3  # the kills did hit work
    assert done > len(seeds) // 10
    return kinds


def test_fifty_kills(tmp_path):
    lives(tmp_path, range(50))


@pytest.mark.slow
def test_kills_while_vectors_go_into_clusters(tmp_path):
    assert ".ivf" in lives(tmp_path, range(50, 75), Settings(exact_vectors=1))


@pytest.mark.slow
def test_five_hundred_kills(tmp_path):
    lives(tmp_path, range(1000, 1500))
