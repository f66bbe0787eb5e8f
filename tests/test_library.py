"""The developer's face: five lines, newest state, several threads, languages mixed."""

from __future__ import annotations

import threading

import pytest

from rag import Library, RagError
from rag.candidates import score
from rag.search import understand
from rag.settings import Settings
from rag.snapshot import Snapshot

TEXTS = {
    "zh": "桐坞镇的古桥建于一六二三年，桥长四十八米，由石匠吴阿根带领乡民修建。",
    "en": "The lighthouse at Crane Point was automated in 1974 and its last keeper was Ada Fenn.",
    "es": "El molino de Valdecierzo muele trigo ecológico y vende harina los sábados por la mañana.",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    with Library(folder / "index") as library:
        library.add(*(folder / f"{name}.txt" for name in TEXTS))
        yield library


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("古桥有多长？", "zh"),
        ("Who was the last keeper of the lighthouse?", "en"),
        ("¿Qué día se vende la harina?", "es"),
        ("Which year was the old bridge built?", "zh"),
        ("灯塔的最后一位看守人是谁？", "en"),
    ],
)
def test_a_question_in_any_language_finds_its_passage(library, question, language):
    answer = library.ask(question, k=3)
    assert answer.hits[0].passage.text == TEXTS[language]
    assert [hit.rank for hit in answer.hits] == [1, 2, 3]
    assert sorted((hit.score for hit in answer.hits), reverse=True) == [hit.score for hit in answer.hits]


def test_every_language_is_scored_exhaustively_in_a_small_library(library):
    with Snapshot(library.folder) as snapshot:
        encoder = library._encode()
        asked = understand(snapshot, encoder, "bridge", settings=Settings())
        assert len(score(snapshot, asked, settings=Settings()).ids) == 3
        assert snapshot.languages == {"zh": 1, "en": 1, "es": 1}


def test_documents_can_be_opened_at_a_hit(library):
    source = library.ask("lighthouse", k=1).hits[0].passage.source
    document = library.document(source.document)
    assert document.text[source.start : source.end] == TEXTS["en"]
    assert [passage.text for passage in library.passages_of(source.document)] == [TEXTS["en"]]
    assert {info.language for info in library.documents()} == set(TEXTS)


def test_a_reader_sees_what_another_writes(library, tmp_path):
    page = tmp_path / "page.txt"
    page.write_text("Die Seilbahn auf den Hohen Rain fährt alle zwölf Minuten.", "utf-8")
    before = len(library.documents())
    with Library(library.folder) as other:
        other.add(page)
        assert len(library.documents()) == before + 1
        assert other.remove(page) == 1
    assert len(library.documents()) == before


def test_asking_from_many_threads_gives_one_answer(library):
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(library.ask("古桥", k=1).hits[0].passage.text))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [TEXTS["zh"]] * 8


def test_a_library_that_is_not_there_is_one_line(tmp_path):
    with Library(tmp_path / "none") as library, pytest.raises(RagError, match="rag index") as caught:
        library.ask("anything")
    assert "\n" not in str(caught.value)


def test_the_five_lines_of_readme_run(tmp_path, monkeypatch):
    from pathlib import Path

    root = Path(__file__).parents[1]
    code = (root / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    (tmp_path / "data").symlink_to(root / "data")
    monkeypatch.chdir(tmp_path)
    code = code.replace('"data/documents"', '"data/documents/harrow-sound-gazette.txt"')
    exec(compile(code, "README.md", "exec"), {})
