"""Nothing leaves the machine, nobody else can read the index, no text stands in a log."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from serving import FERRY, RAG, ROOT, TEA, _address

HERE = Path(__file__).parent
QUESTION = "What does the night ferry across Harrow Sound cost?"
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs Linux and a C compiler"
)


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """The environment of a process without network, and the file that names who tried."""
    place = tmp_path_factory.mktemp("network")
    library = place / "no_network.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "no_network.c", "-ldl"], check=True
    )
    tried = place / "tried"
    silencers = (
        "CI",
        "ORT_RUNNING_UNIT_TESTS",
        "ORT_DISABLE_TELEMETRY",
        "HF_HUB_OFFLINE",
        "GRADIO_ANALYTICS_ENABLED",
    )
    environment = {name: value for name, value in os.environ.items() if name not in silencers}
    return environment | {"LD_PRELOAD": str(library), "NO_NETWORK_LOG": str(tried)}, tried


def attempts(tried):
    return tried.read_text().splitlines() if tried.exists() else []


def test_the_shim_sees_python_and_native_code(cut_off):
    environment, tried = cut_off
    code = (
        "import socket, contextlib\n"
        "for name in ('example.com', '192.0.2.1'):\n"
        "    with contextlib.suppress(OSError): socket.create_connection((name, 80), 1)\n"
        "with contextlib.suppress(OSError): socket.socket().connect(('192.0.2.1', 80))\n"
        "with contextlib.suppress(OSError):\n"
        "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))\n"
        "socket.create_server(('127.0.0.1', 0)).close()\n"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    seen = attempts(tried)
    assert "getaddrinfo example.com" in seen
    assert "connect 192.0.2.1" in seen
    assert "sendto 192.0.2.1" in seen
    tried.unlink()


def ask_over_http(address):
    started = httpx.post(f"{address}/gradio_api/call/search", json={"data": [QUESTION, 3]}, timeout=60)
    event = started.json()["event_id"]
    answer = httpx.get(f"{address}/gradio_api/call/search/{event}", timeout=120).text
    assert "four pounds" in answer
    assert httpx.get(address, timeout=60).status_code == 200


def test_nothing_leaves_the_machine_nothing_is_logged_and_nobody_else_may_look(tmp_path, cut_off):
    environment, tried = cut_off
    documents, index = tmp_path / "documents", tmp_path / "index"
    documents.mkdir()
    (documents / "ferry.md").write_text(FERRY, "utf-8")
    (documents / "tea.txt").write_text(TEA, "utf-8")
    old = os.umask(0o000)  # the most that others could be given
    try:
        said = [
            subprocess.run(
                [*RAG, *arguments, "--index", str(index)],
                cwd=ROOT,
                env=environment | {"HOME": str(tmp_path / "home")},
                capture_output=True,
                text=True,
                timeout=600,
                check=True,
            )
            for arguments in (["index", str(documents)], ["ask", QUESTION, "--json"], ["doctor"])
        ]
        command = [*RAG, "serve", "--port", "0", "--index", str(index)]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                ask_over_http(_address(process))
            finally:
                process.send_signal(signal.SIGTERM)
                out, errors = process.communicate(timeout=60)
    finally:
        os.umask(old)
    assert process.returncode == 0
    assert attempts(tried) == []
    assert "four pounds" in json.loads(said[1].stdout)["hits"][0]["text"]
    logged = out + errors + said[0].stdout + "".join(each.stderr for each in said)
    for private in ("four pounds", "night ferry", "Harrow", "Ada Quill", "青禾", "茶园"):
        assert private.lower() not in logged.lower()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [index, *index.rglob("*")]}
    wrong = {
        path.name: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}
