"""A writer that compacts a library and is killed meanwhile: run by `test_compaction` in a process of its own."""

from __future__ import annotations

from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from rag.store import database
from rag.store.catalog import Catalog
from rag.store.lock import writer_lock


def work(folder: str, told: Connection) -> None:
    """Tell that it begins, compact, tell that it is done."""
    database._FREE_PAGES = 1
    with writer_lock(Path(folder)), closing(Catalog(Path(folder))) as catalog:
        told.send("begin")
        told.send(catalog.compact())
