"""Evaluation sets: what is read, and that whatever is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.judge.sets import Quotation, count_corpus, read_beir, read_quotations

CORPUS = [
    {"_id": "d1", "title": "Ferry", "text": "The ferry leaves at nine."},
    {"_id": "d2", "title": "", "text": "渡船八点开。"},
    {"_id": "d3", "text": "The pier is closed."},
]
QUERIES = [
    {"_id": "q1", "text": "When does the ferry leave?", "metadata": {"answers": ["nine", " "]}},
    {"_id": "q2", "text": "渡船几点开？"},
    {"_id": "q3", "text": "Who was the first captain?", "metadata": None},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td3\t1\nq2\td2\t1\nq2\td3\t0\n"


def lines(records) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(lines(CORPUS), encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text(lines(QUERIES), encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS, encoding="utf-8")
    return tmp_path


def test_a_set_is_read_in_the_order_of_its_queries(folder):
    first, second, third = read_beir(folder)
    assert (first.id, first.question, dict(first.gains)) == (
        "q1",
        "When does the ferry leave?",
        {"d1": 2, "d3": 1},
    )
    assert first.answers == ("nine",)
    assert first.gold == "Ferry\nThe ferry leaves at nine."
    assert (dict(second.gains), second.answers, second.gold) == ({"d2": 1}, (), "渡船八点开。")
    assert third.id == "q3"
    assert not third.answerable
    assert count_corpus(folder) == 3


def test_a_query_of_another_split_is_not_one_that_nothing_answers(folder):
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq3\td1\t1\n", encoding="utf-8")
    assert [judgement.id for judgement in read_beir(folder)] == ["q1", "q2"]


def test_qrels_without_a_header_lose_no_row(folder):
    path = folder / "qrels" / "test.tsv"
    path.write_text(QRELS.partition("\n")[2], encoding="utf-8")
    assert dict(read_beir(folder)[0].gains) == {"d1": 2, "d3": 1}


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_are_read(folder):
    (folder / "queries.jsonl").write_text(lines(QUERIES).replace("\n", "\r\n\r\n"), encoding="utf-8-sig")
    (folder / "qrels" / "test.tsv").write_text(QRELS.replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert [judgement.id for judgement in read_beir(folder)] == ["q1", "q2", "q3"]


def test_a_line_separator_inside_a_text_does_not_end_the_line(folder):
    records = [dict(CORPUS[0], text="one\u2028two\x85three"), *CORPUS[1:]]
    (folder / "corpus.jsonl").write_text(lines(records), encoding="utf-8")
    assert read_beir(folder)[0].gold == "Ferry\none\u2028two\x85three"


def broken(folder: Path, name: str, text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    with pytest.raises(EvaluationError) as caught:
        read_beir(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("corpus.jsonl", lines(CORPUS) + "{oops\n", "corpus.jsonl, line 4: is not JSON"),
        ("corpus.jsonl", lines(CORPUS) + "[1]\n", "line 4: is not a JSON object"),
        ("corpus.jsonl", lines([*CORPUS, CORPUS[0]]), "line 4: the id 'd1' is that of line 1 too"),
        ("corpus.jsonl", lines([{"_id": "d1"}]), 'line 1: has no "text"'),
        ("corpus.jsonl", lines([{"text": "no id"}]), 'line 1: has no "_id"'),
        ("corpus.jsonl", lines(CORPUS[:2]), "names 1 ids that are not in corpus.jsonl (d3)"),
        ("corpus.jsonl", lines(CORPUS).encode() + b'{"_id": "\xff"}\n', "line 4: is not UTF-8"),
        ("queries.jsonl", lines(QUERIES[1:]), "names 1 ids that are not in queries.jsonl (q1)"),
        ("queries.jsonl", lines([dict(QUERIES[0], text=" "), *QUERIES[1:]]), 'line 1: has no "text"'),
        (
            "queries.jsonl",
            lines([dict(QUERIES[0], metadata=["nine"]), *QUERIES[1:]]),
            '"metadata" is not an object',
        ),
        (
            "queries.jsonl",
            lines([dict(QUERIES[0], metadata={"answers": "nine"}), *QUERIES[1:]]),
            '"answers" is',
        ),
        ("queries.jsonl", lines([dict(QUERIES[0], _id=True), *QUERIES[1:]]), "neither text nor a number"),
        ("qrels/test.tsv", QRELS + "q2 d1 1\n", "test.tsv, line 6: is not three columns"),
        ("qrels/test.tsv", QRELS + "q2\td1\tgood\n", "test.tsv, line 6: is not three columns"),
        ("qrels/test.tsv", "q1\td1\tgood\n", "test.tsv, line 1: is not three columns"),
        ("qrels/test.tsv", QRELS + "q9\td1\t1\n", "names 1 ids that are not in queries.jsonl (q9)"),
    ],
)
def test_what_is_wrong_is_named(folder, name, text, expected):
    assert expected in broken(folder, name, text)


def test_an_empty_set_is_refused(folder):
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n", encoding="utf-8")
    assert "holds no question" in broken(folder, "queries.jsonl", "\n")


def test_many_unknown_ids_are_counted_and_three_shown(folder):
    extra = "".join(f"q1\tx{number}\t1\n" for number in range(5))
    assert "names 5 ids that are not in corpus.jsonl (x0, x1, x2 …)" in broken(
        folder, "qrels/test.tsv", QRELS + extra
    )


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(EvaluationError, match=f"has no {name}"):
        read_beir(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(EvaluationError, match="nowhere: no such folder"):
        read_beir(tmp_path / "nowhere")


def test_numbers_as_ids_are_text(folder):
    (folder / "corpus.jsonl").write_text(lines([{"_id": 7, "text": "seven"}]), encoding="utf-8")
    (folder / "queries.jsonl").write_text(lines([{"_id": 1, "text": "one?"}]), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\t7\t1\n", encoding="utf-8")
    (judgement,) = read_beir(folder)
    assert (judgement.id, dict(judgement.gains)) == ("1", {"7": 1})


def test_quotations_are_read(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(
        lines(
            [
                {"question": "几点开？", "quote": "渡船八点开", "section": "时刻", "speaker": None},
                {"id": "none", "question": "Who?", "quote": None, "lang": "en", "answers": ["x"]},
            ]
        ),
        encoding="utf-8",
    )
    assert read_quotations(path) == (
        Quotation(1, "1", "几点开？", "渡船八点开", section="时刻"),
        Quotation(2, "none", "Who?", None, answers=("x",)),
    )


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"quote": "x"}, 'line 1: has no "question"'),
        ({"question": "x"}, 'line 1: has no "quote"'),
        ({"question": "x", "quote": ""}, 'line 1: has no "quote"'),
        ({"question": "x", "quote": 1}, 'line 1: has no "quote"'),
        ({"question": "x", "quote": "y", "document": 3}, 'line 1: "document" is not text'),
    ],
)
def test_a_broken_quotation_is_named(tmp_path, record, expected):
    path = tmp_path / "questions.jsonl"
    path.write_text(lines([record]), encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        read_quotations(path)
    assert expected in str(caught.value)


def test_a_missing_or_empty_file_of_quotations_is_named(tmp_path):
    with pytest.raises(EvaluationError, match="no such file"):
        read_quotations(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(EvaluationError, match="holds no question"):
        read_quotations(tmp_path / "empty.jsonl")
