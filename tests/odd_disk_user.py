"""Reads, indexes and removes in a library and says what came of each: run by `test_odd_disks` under LD_PRELOAD."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from odd_disk_state import read_state
from tiny_encoder import TinyEncoder

from rag.doctor import doctor
from rag.errors import RagError
from rag.ingest import index_paths, remove_paths
from rag.settings import Settings


def outcome(work):
    try:
        return work()
    except RagError as error:
        return f"told {error}"


folder, file = map(Path, sys.argv[1:])
encoder, settings = TinyEncoder(), Settings()
print(
    json.dumps(
        {
            "index": outcome(
                lambda: index_paths([file], folder=folder, encoder=encoder, settings=settings).updated
            ),
            "remove": outcome(lambda: remove_paths([file], folder=folder)),
            "doctor": outcome(lambda: len(doctor(folder, encoder=TinyEncoder, settings=settings))),
            "read": outcome(lambda: read_state(folder)),
        }
    )
)
