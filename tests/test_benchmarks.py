"""What the benchmarks measure with: the same text every time, and a table that does not hide a miss."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from benchmarks.bench import Line, table
from benchmarks.load import Tally, level_of
from benchmarks.texts import other_numbers, paragraph, questions, sentences_by_language, write_folder

ROOT = Path(__file__).resolve().parents[1]


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def test_the_folder_is_the_same_every_time_and_holds_what_was_asked(tmp_path):
    write_folder(tmp_path / "a", paragraphs=95)
    write_folder(tmp_path / "b", paragraphs=95)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    paragraphs = [one for text in contents(tmp_path / "a").values() for one in text.strip().split("\n\n")]
    assert len(paragraphs) == len(set(paragraphs)) == 95
    assert len({name[-6:-4] for name in contents(tmp_path / "a")}) >= 5  # languages


def test_a_paragraph_is_made_of_sentences_with_other_numbers():
    generator = random.Random(1)
    assert other_numbers("In 1999, 3 of 10.", generator) != "In 1999, 3 of 10."
    made = paragraph(["No number here."], "en", generator)
    assert set(made.split(". ")) == {"No number here", "No number here."}
    assert len(made) >= 420


def test_questions_are_as_many_as_asked_and_short():
    asked = questions(40)
    assert len(asked) == 40
    assert asked == questions(40)
    assert all(1 < len(question) <= 61 and question.endswith("?") for question in asked)


def test_sentences_are_whole_lines_of_the_samples():
    found = sentences_by_language()
    assert {"zh", "en"} <= set(found)
    assert all("\n" not in sentence for sentences in found.values() for sentence in sentences)


def test_the_table_shows_what_was_missed():
    lines = [
        Line("index", 30.0, 10.0, "/s", 3.0, "ratio ≥ 1.5", True),
        Line("question", 9.0, 10.0, "ms", 0.9, "ratio ≤ 0.7", False),
        Line("slow", 9.0, 10.0, "ms", 0.9, "", None),
        Line("memory", 300.0, None, "MB", 300.0, "< 600 MB", True),
    ]
    rows = [" ".join(row.split()) for row in table(lines).splitlines()[1:]]
    assert rows == [
        "index 30.0 10.0 3.00 ratio ≥ 1.5 ok",
        "question 9.0 10.0 0.90 ratio ≤ 0.7 MISSED",
        "slow 9.0 10.0 0.90",
        "memory 300.0 < 600 MB ok",
    ]


def test_the_cost_of_a_command_is_reported_on_stderr():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.asked", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    report = json.loads(done.stderr.splitlines()[-1])
    assert report["heavy"] == []
    assert 5 < report["peak_mb"] < 100


def test_the_figures_of_a_level_are_those_of_its_tally():
    tally = Tally(took_ms=[30.0, 10.0, 20.0, 40.0], resident_mb=[100.0, 110.0, 112.0, 115.0])
    tally.failures["busy"] = 1
    level = level_of(tally, clients=2, seconds=2.0, cpu_s=0.5)
    assert (level.questions, level.errors, level.per_second) == (5, 1, 2.0)
    assert (level.p50_ms, level.p95_ms, level.server_cpu_ms) == (25.0, 40.0, 100.0)
    assert (level.resident_mb, level.growth_mb) == (115.0, 3.0)


def test_a_level_without_an_answer_has_no_figures():
    level = level_of(Tally(), clients=1, seconds=1.0, cpu_s=0.0)
    assert (level.questions, level.per_second, level.p50_ms, level.p95_ms) == (0, 0.0, 0.0, 0.0)
