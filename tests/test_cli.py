"""The command as a contract: output, exit codes, one line for what goes wrong."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag.cli import build_parser, main

PAGES = {
    "ferry.txt": "Ferries to Skerry Island\n\nThe morning ferry leaves Port Amber at 7:40 and takes 55 minutes."
    "\n\nBicycles travel free of charge, but dogs need a ticket of two crowns.",
    "水库.txt": "青岭水库检修通知\n\n青岭水库的三号闸门从九月十二日起检修，工期为四十五天。\n\n检修期间向下游每天放水两次。",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    for name, text in PAGES.items():
        (folder / "documents" / name).parent.mkdir(exist_ok=True)
        (folder / "documents" / name).write_text(text, "utf-8")
    assert main(["index", str(folder / "documents"), "--index", str(folder / "index")]) == 0
    return folder


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("question", "document", "words"),
    [
        ("When does the morning ferry leave Port Amber?", "ferry.txt", "7:40"),
        ("三号闸门的检修工期是多少天？", "水库.txt", "四十五天"),
        ("How long will the repair of gate three of the reservoir take?", "水库.txt", "四十五天"),
    ],
)
def test_a_question_gets_the_answer_of_the_contract(capsys, library, question, document, words):
    code, out, _ = run(capsys, "ask", question, "--index", library / "index", "-k", 2, "--json")
    assert code == 0
    answer = json.loads(out)
    assert list(answer) == ["question", "answerable", "confidence", "took_ms", "hits"]
    assert answer["question"] == question
    assert 0 <= answer["confidence"] <= 1
    best = answer["hits"][0]
    assert (best["rank"], Path(best["source"]["document"]).name) == (1, document)
    assert words in best["text"]
    start, end = best["highlights"][0]
    assert words in best["text"][start:end]
    source = best["source"]
    text = (library / "documents" / document).read_text("utf-8")
    assert words in text[source["start"] : source["end"]]
    assert {"document", "title", "section", "speaker", "page", "paragraph", "start", "end"} <= set(source)


def test_many_questions_keep_their_order_and_ids(capsys, library, tmp_path):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        '{"id": "b", "question": "dog ticket price"}\n\n{"id": 7, "question": "放水几次？"}\n{"question": "ferry"}\n',
        "utf-8",
    )
    code, out, _ = run(capsys, "ask", "--questions", questions, "--index", library / "index", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [answer.get("id") for answer in answers] == ["b", 7, None]
    assert [answer["question"] for answer in answers] == ["dog ticket price", "放水几次？", "ferry"]


def test_a_question_can_be_narrowed(capsys, library, tmp_path):
    def documents(*options):
        code, out, _ = run(capsys, "ask", "ferry", "--index", library / "index", "--json", *options)
        assert code == 0
        return {Path(hit["source"]["document"]).name for hit in json.loads(out)["hits"]}

    assert documents() == set(PAGES)
    assert documents("--language", "zh") == {"水库.txt"}
    assert documents("--document", library / "documents" / "ferry.txt") == {"ferry.txt"}
    assert documents("--folder", library / "documents", "--format", "txt") == set(PAGES)
    assert documents("--folder", tmp_path) == documents("--since", "2020") == set()
    assert documents("--speaker", "nobody") == documents("--section", "nothing") == set()
    assert run(capsys, "ask", "ferry", "--until", "soon", "--index", library / "index")[0] == 2
    (tmp_path / "questions.jsonl").write_text('{"question": "ferry"}\n', "utf-8")
    options = ["--questions", tmp_path / "questions.jsonl", "--language", "zh", "--json"]
    out = run(capsys, "ask", "--index", library / "index", *options)[1]
    assert {hit["source"]["document"].rsplit("/")[-1] for hit in json.loads(out)["hits"]} == {"水库.txt"}


def test_the_same_question_gets_the_same_answer(capsys, library):
    outs = [run(capsys, "ask", "ferry", "--index", library / "index", "--json")[1] for _ in range(2)]
    first, second = ({**json.loads(out), "took_ms": 0} for out in outs)
    assert first == second


def test_encodings_are_kept_for_another_library(capsys, tmp_path, library):
    """The second library takes its passages' encodings from the file: it answers the same, to the last digit."""
    kept, answers = tmp_path / "encodings.sqlite", []
    for name in ("first", "second"):
        index = tmp_path / name
        code, _, problems = run(capsys, "index", library / "documents", "--index", index, "--encodings", kept)
        assert (code, problems) == (0, "")
        size = kept.stat().st_size
        _, shown, _ = run(capsys, "ask", "When does the ferry leave?", "--index", index, "--json")
        answers.append({**json.loads(shown), "took_ms": 0})
    assert answers[0] == answers[1]
    assert kept.stat().st_size == size > 0


def test_a_library_on_a_server_takes_no_file_of_encodings(capsys, tmp_path, library):
    code, _, problem = run(
        capsys,
        *("index", library / "documents", "--store", "milvus://127.0.0.1:1/x"),
        *("--encodings", tmp_path / "encodings.sqlite"),
    )
    assert code == 2
    assert "leave --store out" in problem
    assert not (tmp_path / "encodings.sqlite").exists()


def test_indexing_again_does_nothing_and_a_change_replaces(capsys, tmp_path):
    page, index = tmp_path / "page.txt", tmp_path / "index"
    page.write_text("The old mill opens at nine.", "utf-8")
    assert json.loads(run(capsys, "index", page, "--index", index, "--json")[1])["added"] == 1
    assert json.loads(run(capsys, "index", page, "--index", index, "--json")[1])["unchanged"] == 1
    page.write_text("The old mill opens at ten on weekdays.", "utf-8")
    assert json.loads(run(capsys, "index", page, "--index", index, "--json")[1])["updated"] == 1
    hits = json.loads(run(capsys, "ask", "When does the mill open?", "--index", index, "--json")[1])["hits"]
    assert [hit["text"] for hit in hits] == ["The old mill opens at ten on weekdays."]
    code, out, _ = run(capsys, "remove", page, "--index", index, "--json")
    assert (code, json.loads(out)) == (0, {"removed": 1})
    assert run(capsys, "list", "--index", index)[:2] == (0, "")


def test_list_and_doctor(capsys, library):
    code, out, _ = run(capsys, "list", "--index", library / "index", "--json")
    assert code == 0
    assert sorted(Path(json.loads(line)["document"]).name for line in out.splitlines()) == sorted(PAGES)
    code, out, _ = run(capsys, "doctor", "--index", library / "index", "--json")
    assert code == 0
    assert {json.loads(line)["severity"] for line in out.splitlines()} == {"ok"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", "", "--index", "{index}"], 1, "empty"),
        (["ask", " \n\t ", "--index", "{index}"], 1, "empty"),
        (["ask", "?!…", "--index", "{index}"], 1, "words"),
        (["ask", "a" * 1_000_000, "--index", "{index}"], 1, "shorten"),
        (["ask", "ferry", "--index", "{tmp}/nothing"], 1, "rag index"),
        (["ask"], 2, "QUESTION"),
        (["ask", "x", "--questions", "y"], 2, "QUESTION"),
        (["ask", "--questions", "{tmp}/missing.jsonl", "--index", "{index}"], 1, "missing.jsonl"),
        (["ask", "x", "-k", "0"], 2, "whole number"),
        (["index", "--index", "{index}"], 2, "PATH"),
        (["index", "{tmp}/missing", "--index", "{tmp}/new"], None, "missing"),
        (["index", "{tmp}/empty", "--index", "{tmp}/new"], None, "empty"),
        (["index", "{tmp}/binary.txt", "--index", "{tmp}/new"], 1, "binary"),
        (["ask", "x", "--index", "{index}", "--model", "{tmp}/empty"], 1, "model"),
        (["remove", "{tmp}/never", "--index", "{index}"], None, "rag list"),
        (["evaluate", "{tmp}/missing"], 1, "missing"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_goes_wrong_is_one_line(capsys, library, tmp_path, arguments, code, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    filled = [one.format(index=library / "index", tmp=tmp_path) if "{" in one else one for one in arguments]
    found, out, error = run(capsys, *filled)
    assert found == code if code is not None else found in (1, 2)
    assert out == ""
    lines = error.strip().splitlines()
    assert len(lines) == 1 or lines[0].startswith("usage:")
    assert words in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "question", ["🙂 ferry", "fe\0rry", "ferry \ud800", 'ferry AND (title:"x" OR *', "ﷺ" * 100]
)
def test_odd_questions_are_answered(capsys, library, question):
    code, out, _ = run(capsys, "ask", question, "--index", library / "index", "--json")
    assert code == 0
    assert json.loads(out)["hits"]


def test_a_conversation_from_a_pipe(capsys, library, monkeypatch):
    lines = "When does the morning ferry leave Port Amber?\n\n1\n???\nWhen?\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    code, out, err = run(capsys, "chat", "--index", library / "index", "-k", 1)
    assert code == 0
    assert out.count("7:40") >= 3  # the answer, the passage in its place, the answer again
    assert "read as: When does the morning ferry leave Port Amber? When?" in out
    assert err.count("the question is empty") == 1


def test_a_conversation_in_json(capsys, library, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("三号闸门的检修工期是多少天？\n什么时候？\n"))
    _, out, _ = run(capsys, "chat", "--index", library / "index", "-k", 1, "--json")
    first, second = map(json.loads, out.splitlines())
    assert first["read_as"] == first["asked"]
    assert second["read_as"] == "三号闸门的检修工期是多少天？什么时候？"


def test_every_command_has_help(capsys):
    assert run(capsys, "--help")[0] == 0
    for command in ("index", "ask", "chat", "list", "remove", "doctor", "evaluate", "serve"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert len(out) > 100
    assert build_parser().prog == "rag"


def test_readme_names_every_command():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    commands = [
        "index",
        "ask",
        "chat",
        "list",
        "remove",
        "doctor",
        "watch",
        "export",
        "import",
        "evaluate",
        "serve",
        "user",
    ]
    for command in commands:
        assert f"rag {command}" in readme


def test_asking_loads_no_torch(library):
    code = (
        "import sys\nfrom rag.cli import main\n"
        f"code = main(['ask', 'ferry', '--index', {str(library / 'index')!r}])\n"
        "print(code, sorted({'torch', 'transformers', 'gradio', 'sentence_transformers'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "0 []"
