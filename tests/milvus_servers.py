"""Real Milvus servers for tests, each in a process of its own on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

REAL = "RAG_MILVUS_SERVER"  # the program that `pip install milvus==2.3.5` installs, in whatever environment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def lite_server(folder: Path) -> Iterator[str]:
    """The address, without collection, of a milvus-lite server that keeps its data in `folder`."""
    pytest.importorskip("pymilvus", reason="needs pymilvus: pip install '.[dev]'")
    pytest.importorskip("milvus_lite", reason="needs milvus-lite: pip install '.[dev]'")
    port = free_port()
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1"]
    with running([*command, "--data-dir", str(folder / "data"), "--port", str(port)], folder, port):
        yield f"milvus://127.0.0.1:{port}"


@contextmanager
def real_server(folder: Path) -> Iterator[str]:
    """The address of the server of `pip install milvus==2.3.5`; its pins keep it out of this environment."""
    pytest.importorskip("pymilvus", reason="needs pymilvus: pip install '.[dev]'")
    program = os.environ.get(REAL) or shutil.which("milvus-server")
    if program is None:
        pytest.skip(f"needs a real server: pip install milvus==2.3.5 elsewhere, {REAL}=.../bin/milvus-server")
    port = free_port()
    with running([program, "--data", str(folder / "data"), "--proxy-port", str(port)], folder, port):
        yield f"milvus://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("wb") as log:
        # a group of its own: milvus-server starts the server proper and does not end it
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            _wait_for(process, port, folder / "server.log")
            yield process
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    from pymilvus import MilvusClient
    from pymilvus.exceptions import MilvusException

    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            client = MilvusClient(uri=f"http://127.0.0.1:{port}", timeout=5, dedicated=True)
        except MilvusException:
            time.sleep(0.3)
            continue
        client.close()
        return
    raise AssertionError(f"the server did not come up: {log.read_text(errors='replace')[-2000:]}")
