"""Questions while another process indexes the same library over and over: every answer is of one state."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from reindexing_writer import DOCUMENTS, VERSIONS, text, write

from rag import Library

CLIENTS = 16


def version_of(passage: str) -> int:
    """Which version the passage is of; it names one colour, in one language."""
    found = {
        version
        for version, (english, chinese, _) in enumerate(VERSIONS)
        if english in passage or f"{chinese}色" in passage
    }
    assert len(found) == 1, passage
    return found.pop()


def check(answer, number):
    """The answer is about the document, and every document in it is of one version, as it was written."""
    assert answer.hits
    versions = {}
    for hit in answer.hits:
        document = int(Path(hit.passage.source.document).stem)
        version = version_of(hit.passage.text)
        assert re.sub(r"\s", "", hit.passage.text) in re.sub(r"\s", "", text(document, version))
        assert versions.setdefault(document, version) == version
    assert int(Path(answer.hits[0].passage.source.document).stem) == number


@pytest.mark.parametrize("questions", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_question_fails_while_the_library_is_indexed_again(tmp_path, questions):
    folder, index, stop = tmp_path / "papers", tmp_path / "index", tmp_path / "stop"
    write(folder, 0)
    with Library(index) as library:
        library.add(folder)
        writer = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("reindexing_writer.py")), folder, index, stop],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
        )
        try:
            assert writer.stdout.readline() == "1\n"

            def ask(asked):
                number = asked % (DOCUMENTS - 1)  # the last one comes and goes
                english, chinese = (
                    f"How many barrels of tar are at Quay {number}?",
                    f"第{number}码头仓库存有多少桶柏油？",
                )
                check(library.ask(chinese if asked // 7 % 2 else english), number)

            with ThreadPoolExecutor(CLIENTS) as clients:
                assert len(list(clients.map(ask, range(questions)))) == questions
        finally:
            stop.touch()
            said, _ = writer.communicate(timeout=120)
    assert writer.returncode == 0
    assert len(said.splitlines()) > questions // 100  # it did work meanwhile
