"""A writer that works until it is killed: run by `test_kill` in a process of its own."""

from __future__ import annotations

import random
from multiprocessing.connection import Connection
from pathlib import Path

from tiny_encoder import TinyEncoder

from rag.ingest import index_paths, remove_paths
from rag.settings import Settings


def text_of(name: str, version: int) -> str:
    """What a file holds in one version: one to four paragraphs."""
    sentence = f"Document {name} in version {version} says so, 第{version}版。"
    return "\n\n".join(sentence * (2 + part) for part in range(1 + version % 4))


def work(folder: str, source: str, seed: int, told: Connection, settings: Settings) -> None:
    """Add, update and remove at random; each step is announced, done, and told to be done."""
    chance = random.Random(seed)
    while True:
        path = Path(source) / f"{chance.randrange(8)}.txt"
        if path.exists() and chance.random() < 0.3:
            told.send(("begin", path.name, None))
            path.unlink()
            remove_if_there(path, Path(folder))
        else:
            version = chance.randrange(1000)
            told.send(("begin", path.name, version))
            path.write_text(text_of(path.name, version), "utf-8")
            index_paths([path], folder=Path(folder), encoder=TinyEncoder(), settings=settings)
        told.send(("done", path.name, None))


def remove_if_there(path: Path, folder: Path) -> None:
    from rag.errors import UsageError

    try:
        remove_paths([path], folder=folder)
    except UsageError:
        return
