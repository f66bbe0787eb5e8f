"""`rag evaluate` from files to figures, with the real model on a set small enough to judge by eye."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from judging import answer, hit, outcome

from rag.cli import main
from rag.encoder import open_encoder
from rag.errors import EvaluationError, LibraryMissing
from rag.evaluate import (
    KEPT_HITS,
    Outputs,
    evaluate,
    evaluation_record,
    outcome_of,
    sample_of,
    write_outputs,
)
from rag.ingest import index_paths
from rag.judge.metrics import figures
from rag.judge.outcomes import QUOTE, Evaluation, Judgement
from rag.judge.shelf import KEPT, make_room, shelf_name
from rag.settings import DEFAULT_MODEL, Settings

FERRY = (
    "The night ferry to Oster leaves pier four at half past nine. It carries twelve cars and sixty people."
)
MUSEUM = "The glass museum opens on Tuesdays. Its furnace was lit in 1874 by the Larsen brothers."
BEES = "Beekeepers in the valley lost a third of their hives to the long frost. New queens came from Tarn."
BRIDGE = "石拱桥长四十二米，建于清代乾隆年间。桥上每天清晨有早市，卖菱角和鲜藕。"
TEA = "今年春茶产量为三百一十吨，比去年多一成。茶农合作社新建了两座烘干车间。"
POOL = "游泳馆每周三闭馆换水。儿童票十五元，成人票三十元，六十五岁以上免费。"
CORPUS = {"ferry": FERRY, "museum": MUSEUM, "bees": BEES, "bridge": BRIDGE, "tea": TEA, "pool": POOL}
QUERIES = [
    ("q1", "When does the night ferry leave?", "ferry", ["half past nine"]),
    ("q2", "Who lit the furnace of the glass museum?", "museum", ["Larsen"]),
    ("q3", "石拱桥有多长？", "bridge", ["四十二米"]),
    ("q4", "成人游泳票多少钱？", "pool", ["三十元"]),
    ("q5", "What is the boiling point of tungsten?", None, []),
    ("q6", "月球的背面有什么？", None, []),
]
METRICS = ["ndcg@10", "mrr@10", "recall@1", "recall@5", "recall@10", "recall@100"]
METRICS += ["sentence@1", "refusal_auroc"]


def write_lines(path: Path, records) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "town"
    (folder / "qrels").mkdir(parents=True)
    write_lines(
        folder / "corpus.jsonl", ({"_id": id, "title": "", "text": text} for id, text in CORPUS.items())
    )
    write_lines(
        folder / "queries.jsonl",
        ({"_id": id, "text": text, "metadata": {"answers": found}} for id, text, _, found in QUERIES),
    )
    rows = "".join(f"{id}\t{unit}\t1\n" for id, _, unit, _ in QUERIES if unit)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows, "utf-8")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def evaluation(folder, cache) -> Evaluation:
    return evaluate(folder, settings=Settings(), cache=cache)


def test_the_record_has_the_form_of_the_contract(evaluation):
    record = evaluation_record(evaluation)
    assert list(record) == ["dataset", "queries", "passages", "metrics", "interval95", "seconds"]
    assert (record["dataset"], record["queries"], record["passages"]) == ("town", 6, 6)
    assert list(record["metrics"]) == METRICS
    assert list(record["interval95"]) == METRICS
    assert list(record["seconds"]) == ["index", "search"]
    assert all(0 <= value <= 1 for value in record["metrics"].values())
    for name, (low, high) in record["interval95"].items():
        assert 0 <= low <= record["metrics"][name] <= high <= 1
    assert record["seconds"]["index"] > 0
    assert record["seconds"]["search"] > 0
    assert json.loads(json.dumps(record)) == record


def test_easy_questions_are_answered(evaluation):
    metrics = evaluation.figures.metrics
    assert (metrics["recall@1"], metrics["recall@100"], metrics["sentence@1"]) == (1, 1, 1)
    assert [outcome.judgement.id for outcome in evaluation.outcomes] == [id for id, *_ in QUERIES]
    assert all(len(outcome.answer.hits) <= KEPT_HITS for outcome in evaluation.outcomes)


def test_a_second_run_takes_the_library_from_the_cache(folder, tmp_path):
    first = evaluate(folder, settings=Settings(), sample=4, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    stages: list[str] = []
    second = evaluate(
        folder,
        settings=Settings(),
        sample=4,
        cache=tmp_path,
        progress=lambda progress: stages.append(progress.stage),
    )
    assert list(tmp_path.iterdir()) == [kept]
    assert set(stages) == {"evaluating"}
    assert second.index_seconds == first.index_seconds  # as measured when it was made
    assert second.figures == first.figures


def test_another_corpus_or_another_budget_is_another_library(folder, tmp_path):
    encoder = open_encoder(DEFAULT_MODEL)
    name = shelf_name(folder / "corpus.jsonl", encoder, Settings())
    assert shelf_name(folder / "corpus.jsonl", encoder, Settings(hits=9)) == name
    assert shelf_name(folder / "corpus.jsonl", encoder, Settings(max_tokens=100)) != name
    (tmp_path / "corpus.jsonl").write_bytes((folder / "corpus.jsonl").read_bytes() + b"\n")
    assert shelf_name(tmp_path / "corpus.jsonl", encoder, Settings()) != name


def test_a_library_that_was_left_half_made_is_made_again(folder, tmp_path):
    evaluate(folder, settings=Settings(), sample=4, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    (kept / "evaluation.json").unlink()
    assert evaluate(folder, settings=Settings(), sample=4, cache=tmp_path).passages == 6
    assert (kept / "evaluation.json").is_file()


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(EvaluationError, match="cannot be written"):
        evaluate(folder, settings=Settings(), sample=4, cache=tmp_path / "cache")


def test_the_libraries_used_last_are_kept(tmp_path):
    for number in range(KEPT + 3):
        (tmp_path / str(number)).mkdir()
        os.utime(tmp_path / str(number), (number, number))
    make_room(tmp_path)
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == list(range(4, KEPT + 3))


@pytest.fixture(scope="module")
def quotes(tmp_path_factory) -> tuple[Path, Settings]:
    """A file of questions with quotes, and the settings of the library that it is about."""
    place = tmp_path_factory.mktemp("quotes")
    (place / "town").mkdir()
    for name, text in CORPUS.items():
        (place / "town" / f"{name}.txt").write_text(text + "\n", "utf-8")
    settings = Settings(index=place / "index")
    index_paths(
        [place / "town"], folder=settings.index, encoder=open_encoder(DEFAULT_MODEL), settings=settings
    )
    write_lines(
        place / "questions.jsonl",
        [
            {"question": "When does the ferry leave?", "quote": "leaves pier four at half past nine"},
            {"question": "石拱桥有多长？", "quote": "长四十二米", "document": "bridge.txt", "section": ""},
            {"question": "石拱桥建于何时？", "quote": "建于清代", "section": "another"},
            {"question": "Who was the first emperor of Rome?", "quote": None},
        ],
    )
    return place / "questions.jsonl", settings


def test_quotes_over_a_library(quotes):
    path, settings = quotes
    evaluation = evaluate(path, settings=settings)
    metrics = evaluation.figures.metrics
    assert (evaluation.dataset, evaluation.queries) == ("questions", 4)
    assert (metrics["recall@1"], metrics["sentence@1"], metrics["source@1"]) == (1, 1, 0.5)
    assert [outcome.source for outcome in evaluation.outcomes] == [None, True, False, None]


def test_the_command_prints_one_object_and_compares_with_a_saved_run(quotes, tmp_path, capsys):
    path, settings = quotes
    saved, page = tmp_path / "run.json", tmp_path / "misses.html"
    common = ["evaluate", str(path), "--index", str(settings.index)]
    assert main([*common, "--json", "--save", str(saved), "--report", str(page)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert list(json.loads(line)) == ["dataset", "queries", "passages", "metrics", "interval95", "seconds"]
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert main([*common, "--json", "--against", str(saved)]) == 0
    compared = json.loads(capsys.readouterr().out)["comparison"]
    assert [(one["metric"], one["difference"]) for one in compared[:2]] == [("ndcg@10", 0), ("mrr@10", 0)]
    assert main([*common, "--against", str(saved)]) == 0
    assert "better/worse" in capsys.readouterr().out


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "none")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1


def test_quotes_without_a_library_are_refused(tmp_path):
    write_lines(tmp_path / "questions.jsonl", [{"question": "?", "quote": "x"}])
    with pytest.raises(LibraryMissing):
        evaluate(tmp_path / "questions.jsonl", settings=replace(Settings(), index=tmp_path / "none"))


def test_a_missing_set_is_named_before_any_model_is_opened(tmp_path):
    settings = replace(Settings(), model="no such model")
    with pytest.raises(EvaluationError, match="no such folder"):
        evaluate(tmp_path / "none", settings=settings)
    with pytest.raises(EvaluationError, match="no such file"):
        evaluate(tmp_path / "none.jsonl", settings=settings)


def judgements(count: int) -> list[Judgement]:
    return [Judgement(f"q{number}", "?", {"a": 1}) for number in range(count)]


def test_a_sample_is_seeded_keeps_the_order_and_asks_no_question_twice():
    everything = judgements(100)
    chosen = sample_of(everything, 20)
    assert chosen == sample_of(everything, 20)
    assert len({judgement.id for judgement in chosen}) == 20
    assert [everything.index(judgement) for judgement in chosen] == sorted(map(everything.index, chosen))
    assert sample_of(everything, 100) == sample_of(everything, None) == tuple(everything)
    assert len(sample_of(everything, 1000)) == 100


def test_a_document_in_several_passages_is_one_result():
    hits = [hit(1, unit="b"), hit(2, unit="a"), hit(3, unit="b"), hit(4, unit="c"), hit(5, unit="a")]
    found = outcome_of(Judgement("q", "?", {"c": 1}), answer("?", hits))
    assert found.units == ("b", "a", "c")
    assert found.rank == 3


def test_passages_that_hold_the_quote_are_one_result():
    judgement = Judgement("q", "?", {QUOTE: 1}, passages=frozenset({7, 9}))
    hits = [hit(1, number=3), hit(2, number=9), hit(3, number=7), hit(4, number=4)]
    assert outcome_of(judgement, answer("?", hits)).units == ("3", QUOTE, "4")


@pytest.mark.parametrize(
    ("units", "answers", "expected"),
    [("a", ("one",), True), ("a", ("two",), False), ("a", (), None), ("b", ("one",), None)],
)
def test_the_sentence_is_judged_only_when_the_gold_passage_came_first(units, answers, expected):
    judgement = Judgement("q", "?", {"a": 1}, answers=answers)
    hits = [hit(1, "one. two.", unit=units, highlights=[(0, 4)])]
    assert outcome_of(judgement, answer("?", hits)).sentence is expected


def test_no_hits_are_a_miss():
    found = outcome_of(Judgement("q", "?", {"a": 1}), answer("?"))
    assert (found.units, found.rank, found.sentence, found.source) == ((), None, None, None)


def small_evaluation() -> Evaluation:
    outcomes = (outcome("q1", {"a": 1}, "ba"), outcome("q2", {"a": 1}, "a"))
    return Evaluation("town", 2, 6, figures(outcomes), 1.0, 0.5, outcomes)


def test_only_the_outputs_asked_for_are_written(tmp_path):
    assert write_outputs(small_evaluation(), Outputs()) == ()
    assert write_outputs(small_evaluation(), Outputs(report=tmp_path / "misses.html")) == ()
    assert [path.name for path in tmp_path.iterdir()] == ["misses.html"]


def test_a_saved_run_is_compared_and_drawn(tmp_path):
    write_outputs(small_evaluation(), Outputs(save=tmp_path / "before.json"))
    outputs = Outputs(against=tmp_path / "before.json", plot=tmp_path / "plot.svg")
    first, *_ = write_outputs(small_evaluation(), outputs)
    assert (first.metric, first.difference, first.p_value) == ("ndcg@10", 0.0, 1.0)
    assert "before.json" in (tmp_path / "plot.svg").read_text("utf-8")


def test_an_output_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(EvaluationError, match=r"misses\.html: cannot be written"):
        write_outputs(small_evaluation(), Outputs(report=tmp_path / "none" / "misses.html"))
