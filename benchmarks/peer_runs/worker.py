"""One job of one peer: JSON on stdin, JSON on stdout; whatever a peer prints goes to stderr.

The job is `{"peer": module, "model": folder, "folder": folder}` and either `"passages": [{"id", "text"}]`, to
index, or `"questions": [text…], "k": hits`, to open what was indexed and ask. The result of the first is
`{"seconds", "peak_mb"}`; of the second `{"first_at", "took_ms", "found", "peak_mb"}`: the time of day when
the first question was answered, milliseconds and ids for each question. Models are loaded before the time of
indexing begins; the first question carries everything.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Protocol

Job = dict[str, Any]


class PeerRun(Protocol):
    """What every module of this package calls `Peer`; made with the model's folder and the index's."""

    def index(self, passages: list[dict[str, str]]) -> None:
        """Write an index of the passages, all of it, into the folder."""

    def search(self, question: str, k: int) -> list[str]:
        """Return the ids of the passages for the question, best first, `k` at most."""


def index(peer: PeerRun, job: Job) -> Job:
    """Index the passages of the job once."""
    started = time.perf_counter()
    peer.index(job["passages"])
    return {"seconds": time.perf_counter() - started}


def ask(peer: PeerRun, job: Job) -> Job:
    """Ask every question of the job, in turn; the first one twice, cold and then warm as the others."""
    peer.search(job["questions"][0], job["k"])
    first_at = time.time()
    took_ms, found = [], []
    for question in job["questions"]:
        started = time.perf_counter()
        ids = peer.search(question, job["k"])
        took_ms.append(1000 * (time.perf_counter() - started))
        found.append(list(dict.fromkeys(ids)))
    return {"first_at": first_at, "took_ms": took_ms, "found": found}


def peak_memory_mb() -> float:
    """Return the most memory that this process has held, in MB.

    On Linux from VmHWM: `ru_maxrss` there begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


def main() -> None:
    """Do the job; a peer that fails ends the process with its own traceback."""
    result_file = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    module = importlib.import_module(f"benchmarks.peer_runs.{job['peer']}")
    peer: PeerRun = module.Peer(job["model"], Path(job["folder"]))
    result = index(peer, job) if "passages" in job else ask(peer, job)
    result_file.write(json.dumps(result | {"peak_mb": peak_memory_mb()}))
    result_file.close()


if __name__ == "__main__":
    main()
