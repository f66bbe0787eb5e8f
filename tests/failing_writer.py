"""Waits for orders and writes to a library on a disk that fails: run by `test_failing_disk` under LD_PRELOAD.

One order a line: folder, file, number of the call that fails (-1: none), errno (0: a short write), 1 where all later
calls fail too. Each is carried out in a forked process; the answer is one line: calls made, and what came of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from tiny_encoder import TinyEncoder

from rag.errors import RagError
from rag.ingest import index_paths
from rag.settings import Settings

FEW = Settings(exact_vectors=2)  # vectors go into clusters, which is one more file to write


def carry_out(folder: str, file: str, numbers: list[str]) -> str:
    disk = ctypes.CDLL(None)
    number, code, for_ever = map(int, numbers)
    disk.disk_arm(os.fsencode(folder), ctypes.c_long(number), code, for_ever)
    try:
        index_paths([Path(file)], folder=Path(folder), encoder=TinyEncoder(), settings=FEW)
        outcome = "done"
    except RagError as error:
        outcome = f"told {error}"
    except BaseException as error:  # noqa: BLE001 - what is not ours is what the test looks for
        outcome = f"untold {type(error).__name__}: {error}"
    return f"{disk.disk_counted()} {outcome}".replace("\n", " ")


for line in sys.stdin:
    folder, file, *numbers = line.rstrip("\n").split("\t")
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        os.write(writing, carry_out(folder, file, numbers).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read().decode()
    _, status = os.waitpid(child, 0)
    print(text or f"0 died with status {status}", flush=True)
