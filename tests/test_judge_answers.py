"""The judged answers of data/, how they are read, and the figures over them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from llm_server import llm_server
from test_data import document, squeezed
from test_generate_write import QUICK, ferry_and_tea

from rag.appraise import appraise_answers, appraise_endpoint
from rag.cli import main
from rag.errors import EvaluationError
from rag.generate.citations import cited_numbers
from rag.generate.endpoint import ChatEndpoint
from rag.judge.answers import figures_of, read_answers
from rag.judge.intervals import ratio_interval
from rag.library import Library
from rag.settings import Settings
from rag.written import Reason, Verdict

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = ROOT / "data" / "answers"
FILES = ("zh", "en", "free", "details")
EVERY = [answer for name in FILES for answer in read_answers(ANSWERS / f"{name}.jsonl")]
HELD_OUT = read_answers(ROOT / "data" / "answers-held-out" / "held-out.jsonl")


def test_they_are_two_hundred_in_two_languages_and_five_kinds():
    counted = Counter(
        (answer.language, answer.category) for answer in EVERY if answer.category not in ("free", "details")
    )
    kinds = ("right", "wrong number", "wrong source", "invented", "half")
    assert counted == {(language, kind): 20 for language in ("zh", "en") for kind in kinds}
    assert len({answer.id for answer in EVERY}) == len(EVERY)


def test_those_held_out_are_others():
    counted = Counter(answer.category for answer in HELD_OUT)
    assert counted == dict.fromkeys(("right", "wrong number", "wrong source", "invented"), 15)
    assert not {answer.question for answer in EVERY} & {answer.question for answer in HELD_OUT}


@pytest.mark.parametrize("answer", [*EVERY, *HELD_OUT], ids=lambda answer: answer.id)
def test_an_answer_is_what_its_category_says(answer):
    rights = [bool(sentence.right) for sentence in answer.sentences]
    if answer.category == "right":
        assert all(rights)
    elif answer.category in ("half", "free", "details"):
        assert any(rights)
        assert not all(rights)
    else:
        assert not any(rights)
    for sentence in answer.sentences:
        cited = set(cited_numbers(sentence.text))
        assert cited
        assert sentence.right <= cited <= set(range(1, len(answer.quotes) + 1))
    for name, quote in answer.quotes:
        assert squeezed(quote) in document(name)


@pytest.mark.slow
def test_the_checking_keeps_its_figures(tmp_path):
    """All of data/answers: nearly nothing wrong passes, and of what is right no more than 8 % is marked."""
    index = tmp_path / "index"
    with Library(index) as opened:
        opened.add(ROOT / "data" / "documents")
    found = appraise_answers(ANSWERS, settings=Settings(index=index)).figures
    assert found["citation_precision"].value >= 0.99
    assert found["citation_recall"].value >= 0.92


def line(**changes):
    record = {
        "id": "a",
        "lang": "en",
        "category": "right",
        "question": "When?",
        "passages": [{"document": "ferry.md", "quote": "leaves at 7:40"}],
        "answer": "At 7:40 [1]. At 9 [1].",
        "sentences": [{"text": "At 7:40 [1].", "right": [1]}, {"text": "At 9 [1].", "right": []}],
    }
    return json.dumps(record | changes)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no answer"),
        ("[]", "line 1: is not a JSON object"),
        ("{}", "line 1: KeyError 'id'"),
        (line(sentences=[{"text": "At 7:40 [1].", "right": [1]}]), "other sentences than are judged"),
        (line(passages=["x"]), "line 1: TypeError"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, text, complaint):
    path = tmp_path / "answers.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(EvaluationError, match=complaint):
        read_answers(path)


def verdict(reason, citations=()):
    return Verdict(0, 1, "x", "x", reason, citations)


def test_figures_by_hand(tmp_path):
    """Four citations as written, one right; two kept, one of them right; three sentences of four judged so."""
    path = tmp_path / "answers.jsonl"
    path.write_text(line() + "\n" + line(id="b", question="Where?", sentences=[
        {"text": "At 7:40 [1].", "right": []}, {"text": "At 9 [1].", "right": []}
    ]), "utf-8")  # fmt: skip
    one, other = read_answers(path)
    yes, no = verdict(Reason.SUPPORTED, (1,)), verdict(Reason.WEAK)
    found = {name: ratio.value for name, ratio in figures_of([(one, [yes, no]), (other, [yes, no])]).items()}
    assert found == {
        "unchecked_citation_precision": 0.25,
        "citation_precision": 0.5,
        "citation_recall": 1.0,
        "sentence_support": 0.75,
        "refusal": 0.0,
        "answered": 1.0,
    }


def test_a_ratio_is_resampled_in_pairs():
    low, high = ratio_interval(np.array([1.0, 0.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    assert 0 <= low < 5 / 7 < high <= 1
    assert ratio_interval(np.array([2.0]), np.array([4.0])) == (0.5, 0.5)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with ferry_and_tea(tmp_path_factory.mktemp("judged")) as opened:
        yield opened


def test_the_command_judges_the_checking(library, tmp_path, capsys):
    said = "The morning ferry leaves Port Amber at 7:40 [1]."
    wrong = "The morning ferry leaves Port Amber at 9:15 [1]."
    path = tmp_path / "answers.jsonl"
    path.write_text(line(answer=f"{said} {wrong}", sentences=[
        {"text": said, "right": [1]}, {"text": wrong, "right": []}
    ]).replace("leaves at 7:40", "leaves Port Amber"), "utf-8")  # fmt: skip
    arguments = ["evaluate", "--answers", str(path), "--index", str(library.folder)]
    assert main([*arguments, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["answers"], record["sentences"]) == (1, 2)
    assert record["metrics"]["unchecked_citation_precision"] == 0.5
    assert record["metrics"]["citation_precision"] == record["metrics"]["sentence_support"] == 1.0
    assert main(arguments) == 0
    assert "category right" in capsys.readouterr().out
    path.write_text(line(), "utf-8")
    assert main(arguments) == 1
    assert "is in no passage of 'ferry.md'" in capsys.readouterr().err


def questions(folder):
    path = folder / "questions.jsonl"
    lines = [
        {"question": "When does the morning ferry leave Port Amber?", "quote": "at 7:40"},
        {"question": "Who painted the ceiling of the chapel?", "quote": None},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def test_an_endpoint_is_judged_by_the_quotes(library, tmp_path):
    with llm_server("The morning ferry leaves Port Amber at 7:40 [1]. It has a bar [1].") as server:
        found = appraise_endpoint(questions(tmp_path), library, ChatEndpoint(server.url, "m"))
    assert {name: ratio.value for name, ratio in found.figures.items()} == {
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "sentence_support": 0.5,
        "refusal": 1.0,
        "answered": 1.0,
    }


def test_an_endpoint_that_never_answers_is_an_error(library, tmp_path, capsys):
    arguments = ["evaluate", str(questions(tmp_path)), "--index", str(library.folder), "--llm-model", "500"]
    with llm_server() as server:
        assert main([*arguments, "--llm", server.url]) == 1
    assert "no answer was written: http://127.0.0.1:" in capsys.readouterr().err


FERRY_QUESTION = "When does the morning ferry leave Port Amber?"
# Asked of the endpoint, though they have no answer, as words of theirs are in the passages.
UNANSWERED = (
    "Which captain steered the morning ferry of Port Amber?",
    "How long is the ferry to Port Amber?",
)
SAID = "The morning ferry leaves Port Amber at 7:40 [1]."


def evaluated(library, tmp_path, capsys, answers):
    """What `rag evaluate` prints as JSON and to stderr, where each question is answered by its place."""
    lines = [{"question": FERRY_QUESTION, "quote": "at 7:40"}]
    lines += [{"question": question, "quote": None} for question in UNANSWERED]
    path = tmp_path / "asked.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    with llm_server(SAID) as server:
        server.answers = dict(zip((FERRY_QUESTION, *UNANSWERED), answers, strict=True))
        arguments = ["evaluate", str(path), "--json", "--index", str(library.folder), "--llm", server.url]
        code = main([*arguments, "--llm-model", "m"])
        asked = len(server.requests)
        text = main([*arguments[:2], *arguments[3:], "--llm-model", "m"])
    assert code == text == 0
    assert asked == 3
    out, err = capsys.readouterr()
    record, text = out.split("\n", 1)
    return json.loads(record), text, err


def test_a_refusal_is_what_the_endpoint_says(library, tmp_path, capsys):
    record, text, _ = evaluated(library, tmp_path, capsys, (SAID, "NO_ANSWER", SAID))
    assert record["metrics"] == {
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "sentence_support": 1.0,
        "refusal": 0.5,
        "answered": 1.0,
    }
    assert (record["failed"], record["problem"]) == (0, None)
    assert "no answer" not in text


def test_an_answer_without_support_is_no_refusal(library, tmp_path, capsys):
    record, _, _ = evaluated(library, tmp_path, capsys, ("NO_ANSWER", "NO_ANSWER", "It has a casino [1]."))
    assert record["metrics"]["refusal"] == 0.5
    assert record["metrics"]["answered"] == 0.0
    assert record["failed"] == 0


@pytest.mark.parametrize("fault", ["500", "half-closed", "says-nothing", "never"])
def test_what_fails_is_reported_apart(library, tmp_path, capsys, monkeypatch, fault):
    """An endpoint that fails on two of three questions refuses nothing."""
    monkeypatch.setattr("rag.generate.endpoint.Limits", lambda: QUICK)
    record, text, _ = evaluated(library, tmp_path, capsys, (SAID, f"fault {fault}", f"fault {fault}"))
    assert record["answers"] == 3
    assert record["failed"] == 2
    assert record["problem"].startswith("http://127.0.0.1:")
    assert "refusal" not in record["metrics"]
    assert record["metrics"]["citation_recall"] == record["metrics"]["answered"] == 1.0
    (line,) = [line for line in text.splitlines() if "no answer to 2 of 3 questions" in line]
    assert line.endswith(record["problem"].partition("completions: ")[2])
    assert "\n" not in record["problem"]


@pytest.mark.parametrize(
    "answers", [("NO_ANSWER", "NO_ANSWER", "fault 500"), (SAID, "fault 500", "NO_ANSWER")]
)
def test_one_failure_among_refusals_is_no_error(library, tmp_path, capsys, answers):
    record, _, _ = evaluated(library, tmp_path, capsys, answers)
    assert record["failed"] == 1
    assert record["metrics"]["refusal"] == 1.0
