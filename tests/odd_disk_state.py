"""What a reader gets of a small library."""

from __future__ import annotations

from tiny_encoder import TinyEncoder

from rag.search import Wanted, search
from rag.settings import Settings
from rag.snapshot import Snapshot


def read_state(folder):
    with Snapshot(folder) as snapshot:
        answer = search(snapshot, TinyEncoder(), "north pier notice", wanted=Wanted(3), settings=Settings())
        return [[info.key for info in snapshot.documents()], [hit.passage.text for hit in answer.hits]]
