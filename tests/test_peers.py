"""The comparison with peers: its table hides no failure and no peer that is ahead, its jobs give real results."""

from __future__ import annotations

import ast
import sys
import warnings
from pathlib import Path

import pytest

from benchmarks.peer_table import Result, ahead, report, table
from benchmarks.peers import PEERS, ROOT, Peer, PeerFailed, failure_in, ndcg, read_set, run_job
from rag.judge.outcomes import Judgement
from tests.tiny_models import bert

RUNS = ROOT / "benchmarks" / "peer_runs"
HERE = Path(sys.executable)
PLAIN = Peer("plain", "plain_faiss", ("sentence-transformers",))
PASSAGES = [
    {"id": "a", "text": "the ferry leaves at nine"},
    {"id": "b", "text": "xxxx qqqq zzzz"},
    {"id": "c", "text": "pears want water in june"},
]


def result(peer: str, *, right: int, ms: float, rate: float) -> Result:
    values = {str(number): float(number < right) for number in range(20)}
    return Result(
        peer,
        versions={peer.lower(): "1.2"},
        ndcg={"set": values},
        took_ms=[ms] * 3,
        passages_per_s=[rate, rate],
        cold_s=[1.0],
        index_mb=100.0,
        ask_mb=50.0,
        disk_kb=2.0,
    )


def test_the_table_has_a_line_for_every_peer_and_a_reason_for_one_that_failed():
    ours, other = result("Wenju", right=15, ms=9, rate=20), result("Other", right=10, ms=9, rate=20)
    lines = table([ours, Result("Broken", failure="no wheel"), other], ["set"]).splitlines()
    assert lines[2] == "| Wenju 1.2 | 75.0 | 20.0 | 9.0 | 9.0 | 1.00 | 100 | 50 | 2.0 |"
    assert lines[3] == "| Broken | — | — | — | — | — | — | — | — |"
    assert lines[4].startswith("| Other 1.2 | 50.0 |")
    assert lines[-1] == "- Broken was not measured: no wheel"


def test_a_peer_that_is_ahead_is_named():
    ours, other = result("Wenju", right=5, ms=9, rate=20), result("Other", right=15, ms=4, rate=30)
    found = ahead([ours, Result("Broken", failure="no wheel"), other], ["set"])
    assert found[0].startswith("- nDCG@10 on set: Other by 50.0 (p = 0.00")
    assert "- passages/s (Wenju 20.0): Other 30.0" in found
    assert "- question p50 ms (Wenju 9.0): Other 4.0" in found
    assert not any("disk" in line for line in found)


def test_a_difference_that_chance_explains_is_said_to_be_one():
    ours, other = result("Wenju", right=15, ms=9, rate=20), result("Other", right=16, ms=9, rate=20)
    assert ahead([ours, other], ["set"])[0].startswith("- nDCG@10 on set: Other by 5.0")
    assert ahead([ours, other], ["set"])[0].endswith(", within chance)")


def test_no_peer_ahead_and_wenju_not_measured_are_said():
    ours, other = result("Wenju", right=15, ms=9, rate=20), result("Other", right=5, ms=9, rate=20)
    assert ahead([ours, other], ["set"]) == ["- No peer is ahead in any column."]
    assert "not measured" in report([Result("Wenju", failure="gone"), other], ["set"], {"hits": 10})


def test_ndcg_of_a_passage_in_second_place_by_hand():
    judgement = Judgement("q", "?", {"a": 1})
    assert ndcg([judgement], [["b", "a"]])["q"] == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3)


def test_a_peer_that_cannot_run_gives_its_reason():
    broken = Result("Gone")
    with failure_in(broken):
        run_job(HERE, Peer("Gone", "no_such_peer", ()), {"model": "", "folder": ""})
    assert broken.failure == "ModuleNotFoundError: No module named 'benchmarks.peer_runs.no_such_peer'"


@pytest.mark.slow
def test_the_plain_peer_indexes_and_finds_a_passage_by_its_own_words(tmp_path):
    model = sentence_model(tmp_path / "model")
    job = {"model": str(model), "folder": str(tmp_path)}
    indexed = run_job(HERE, PLAIN, {**job, "passages": PASSAGES})
    asked = run_job(HERE, PLAIN, {**job, "questions": [one["text"] for one in PASSAGES], "k": 2})
    assert [ids[0] for ids in asked["found"]] == ["a", "b", "c"]
    assert {len(ids) for ids in asked["found"]} == {2}
    assert indexed["seconds"] > 0
    assert len(asked["took_ms"]) == 3
    assert asked["first_at"] > asked["started_at"]
    assert asked["peak_mb"] > 50


def sentence_model(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

        raw = Transformer(str(bert(folder.parent / "raw", "BertModel")))
        modules = [raw, Pooling(32), Normalize()]
        SentenceTransformer(modules=modules, device="cpu").save(str(folder))
    return folder


def test_a_set_is_read_whole_and_sampled(tmp_path):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "title": "", "text": "one"}\n', "utf-8")
    (tmp_path / "queries.jsonl").write_text(
        '{"_id": "1", "text": "what"}\n{"_id": "2", "text": "who"}\n{"_id": "3", "text": "nothing"}\n',
        "utf-8",
    )
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n2\ta\t1\n", "utf-8")
    found = read_set(tmp_path, sample=1)
    assert found.passages == [{"id": "a", "text": "one"}]
    assert len(found.judgements) == 1
    assert len(read_set(tmp_path, sample=None).judgements) == 2


def test_every_peer_has_a_module_and_only_wenju_imports_this_package():
    modules = {path.stem for path in RUNS.glob("*.py")} - {"__init__", "worker"}
    assert modules == {peer.module for peer in PEERS}
    for path in RUNS.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imports_rag = any(name.split(".")[0] == "rag" for name in names)
        assert imports_rag == (path.stem == "wenju"), path


def test_a_command_that_fails_is_one_line():
    with pytest.raises(PeerFailed, match=r"^KeyError: 'questions'$") as failure:
        run_job(HERE, Peer("Wenju", "wenju", ()), {"model": "", "folder": str(ROOT / "nowhere")})
    assert "\n" not in str(failure.value)
