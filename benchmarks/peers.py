"""Wenju beside its peers, same weights, passages and questions, in one run: `python -m benchmarks.peers`.

Peers are installed into a virtual environment of their own, under this project's constraints.txt, and set up
as their documentation says (`benchmarks.peer_runs`). One after the other, each job in a process of its own,
they index the passages of every set and are asked its questions. A peer that cannot be installed or run is a
line of the table with its reason. The table goes to standard output as Markdown, everything to a JSON file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peer_table import OURS, Result, report
from benchmarks.quality import SETS
from rag.errors import EvaluationError
from rag.evaluate import sample_of
from rag.judge.metrics import ranking_values
from rag.judge.outcomes import Judgement, Outcome
from rag.judge.sets import read_beir
from rag.model import cache_folder, default_model_folder
from rag.records import Answer

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("xquad-zh", "xquad-en", "xquad-mixed")  # the rate of indexing is that of the first
HITS = 10
ROUNDS = 2  # of indexing the first set, every peer in turn
TIMEOUT_S = 1200  # of one job
QUIET = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}


@dataclass(frozen=True, slots=True)
class Peer:
    """One line of the table: its name, its module in `benchmarks.peer_runs`, and what pip installs for it."""

    name: str
    module: str
    packages: tuple[str, ...]


PEERS = (
    Peer(OURS, "wenju", ()),
    Peer("sentence-transformers + FAISS", "plain_faiss", ("sentence-transformers", "faiss-cpu")),
    Peer("txtai hybrid", "txtai_hybrid", ("txtai",)),
    Peer(
        "LlamaIndex + FAISS + BM25",
        "llamaindex_fusion",
        (
            "llama-index-core",
            "llama-index-embeddings-huggingface",
            "llama-index-vector-stores-faiss",
            "llama-index-retrievers-bm25",
            "faiss-cpu",
        ),
    ),
    Peer("Haystack in-memory hybrid", "haystack_hybrid", ("haystack-ai", "sentence-transformers-haystack")),
    Peer("LanceDB hybrid", "lancedb_hybrid", ("lancedb", "sentence-transformers")),
    Peer("bm25s + jieba", "bm25s_jieba", ("bm25s", "jieba", "PyStemmer")),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One evaluation set: its passages and the questions that are asked."""

    name: str
    passages: list[dict[str, str]]
    judgements: tuple[Judgement, ...]


class PeerFailed(Exception):
    """A peer could not be installed or run; the message is one line that says why."""


def read_set(folder: Path, sample: int | None) -> Measured:
    """Return the set in a BEIR folder, with so many of its answerable questions. Raises EvaluationError."""
    judgements = [one for one in read_beir(folder) if one.answerable]
    corpus = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in corpus if line.strip()]
    passages = [{"id": str(one["_id"]), "text": str(one["text"])} for one in records]
    return Measured(folder.name, passages, sample_of(judgements, sample))


def install(environment: Path, peer: Peer) -> Path:
    """Return the python that runs the peer, its packages installed there. Raises PeerFailed.

    Wenju runs with the python of this process.
    """
    if not peer.packages:
        return Path(sys.executable)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.is_file():
        say(f"making a virtual environment in {environment}")
        _run([sys.executable, "-m", "venv", str(environment)])
    constraints = ("--constraint", str(ROOT / "constraints.txt"))
    _run([str(python), "-m", "pip", "install", "--quiet", *constraints, *peer.packages])
    return python


def versions(python: Path, peer: Peer) -> dict[str, str]:
    """Return the version of each of the peer's packages, or of Wenju. Raises PeerFailed."""
    names = list(peer.packages or ("wenju",))
    code = "import json, sys; from importlib.metadata import version as v; "
    code += "print(json.dumps({name: v(name) for name in sys.argv[1:]}))"
    found: dict[str, str] = json.loads(_run([str(python), "-c", code, *names]))
    return found


def run_job(python: Path, peer: Peer, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of one job in a fresh process, and when it was started. Raises PeerFailed."""
    environment = dict(os.environ) | QUIET
    if peer.packages:
        environment.pop("PYTHONPATH", None)  # nothing of another environment gets in
    started_at = time.time()
    command = [str(python), "-m", "benchmarks.peer_runs.worker"]
    written = _run(command, text=json.dumps({"peer": peer.module, **job}), environment=environment)
    result: dict[str, Any] = json.loads(written)
    return result | {"started_at": started_at}


def _run(command: Sequence[str], *, text: str = "", environment: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, encoding="utf-8", cwd=ROOT,
            env=environment, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise PeerFailed(f"{' '.join(command[:4])} took more than {TIMEOUT_S} s") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR: ")] or lines
        raise PeerFailed(errors[-1] if errors else f"ended with code {done.returncode} and said nothing")
    return done.stdout


def index(python: Path, peer: Peer, measured: Measured, folder: Path) -> tuple[float, float]:
    """Index a set into a new folder; return passages a second and the peak memory in MB."""
    folder.mkdir(parents=True)
    job = {"model": str(default_model_folder()), "folder": str(folder), "passages": measured.passages}
    result = run_job(python, peer, job)
    return len(measured.passages) / result["seconds"], result["peak_mb"]


def ask(python: Path, peer: Peer, measured: Measured, folder: Path) -> dict[str, Any]:
    """Ask a set's questions of what lies in the folder; return the worker's result."""
    questions = [one.question for one in measured.judgements]
    job = {"model": str(default_model_folder()), "folder": str(folder), "questions": questions, "k": HITS}
    return run_job(python, peer, job)


def ndcg(judgements: Sequence[Judgement], found: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return nDCG@10 of each question, as `rag evaluate` counts it."""
    outcomes = [
        Outcome(judgement, tuple(ids[:HITS]), Answer(judgement.question, True, 1.0, (), 0.0))
        for judgement, ids in zip(judgements, found, strict=True)
    ]
    return ranking_values(outcomes)["ndcg@10"]


def measure(peer: Peer, python: Path, sets: Sequence[Measured], place: Path, result: Result) -> None:
    """Index every set and ask its questions; fill the result. Raises PeerFailed."""
    for number, measured in enumerate(sets):
        say(f"{peer.name}: {measured.name}")
        folder = place / peer.module / measured.name
        rate, peak = index(python, peer, measured, folder)
        result.index_mb = max(result.index_mb, peak)
        if number == 0:
            result.passages_per_s.append(rate)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            result.disk_kb = size / 1024 / len(measured.passages)
        asked = ask(python, peer, measured, folder)
        result.ndcg[measured.name] = ndcg(measured.judgements, asked["found"])
        result.took_ms.extend(asked["took_ms"])
        result.cold_s.append(asked["first_at"] - asked["started_at"])
        result.ask_mb = max(result.ask_mb, asked["peak_mb"])


def measure_all(
    peers: Sequence[Peer], sets: Sequence[Measured], environment: Path, *, rounds: int, file: Path
) -> list[Result]:
    """Install and measure each peer in turn, then the rate of indexing again; return one result a peer.

    `file` holds what is measured so far, after each peer, so that a run that is stopped is not lost.
    """
    results = [Result(peer.name) for peer in peers]
    pythons: dict[str, Path] = {}
    for peer, result in zip(peers, results, strict=True):
        with failure_in(result):
            say(f"installing {peer.name}")
            pythons[peer.name] = install(environment, peer)
    with tempfile.TemporaryDirectory(prefix="wenju-peers-") as place:
        for peer, result in _still(peers, results):
            with failure_in(result):
                result.versions = versions(pythons[peer.name], peer)
                measure(peer, pythons[peer.name], sets, Path(place), result)
            write(results, file)
        for turn in range(1, rounds):
            for peer, result in _still(peers, results):
                with failure_in(result):
                    say(f"{peer.name}: indexing {sets[0].name} again")
                    again = Path(place) / peer.module / f"again-{turn}"
                    result.passages_per_s.append(index(pythons[peer.name], peer, sets[0], again)[0])
    write(results, file)
    return results


def write(results: Sequence[Result], file: Path) -> None:
    """Write all results as JSON, each with the nDCG@10 of each question."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")


def _still(peers: Sequence[Peer], results: Sequence[Result]) -> list[tuple[Peer, Result]]:
    return [(peer, one) for peer, one in zip(peers, results, strict=True) if not one.failure]


@contextmanager
def failure_in(result: Result) -> Iterator[None]:
    """Write into the result why the peer could not be installed or run, and go on."""
    try:
        yield
    except PeerFailed as error:
        result.failure = str(error)
        say(f"{result.peer} is left out: {error}")


def say(what: str) -> None:
    """Say on stderr how far the run is."""
    print(f"peers: {what}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON; 1 where there is no set or a peer failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--sets", type=Path, default=SETS, help="folder of the BEIR folders (%(default)s)")
    parser.add_argument("--sample", type=int, default=120, help="questions of each set (%(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the rate of indexing (%(default)s)")
    parser.add_argument("--environment", type=Path, help="virtual environment of the peers (in the cache)")
    parser.add_argument("--only", nargs="+", choices=[one.module for one in PEERS], help="run only these")
    parser.add_argument("--json", type=Path, default=ROOT / ".benchmarks" / "peers.json", help="%(default)s")
    options = parser.parse_args(arguments)
    environment = options.environment or cache_folder() / "peers"
    try:
        sets = [read_set(options.sets / name, options.sample) for name in NAMES]
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 1
    peers = [one for one in PEERS if options.only is None or one.module in options.only]
    results = measure_all(peers, sets, environment.absolute(), rounds=options.rounds, file=options.json)
    print(report(results, NAMES, conditions(sets, options.rounds)))
    return 1 if any(one.failure for one in results) else 0


def conditions(sets: Sequence[Measured], rounds: int) -> dict[str, object]:
    """Return what the figures depend on, by name."""
    return {
        "passages a set": len(sets[0].passages),
        "questions a set": len(sets[0].judgements),
        "rounds of indexing": rounds,
        "hits": HITS,
        "cores": os.cpu_count(),
        "load when it ended": f"{os.getloadavg()[0]:.1f}",
    }


if __name__ == "__main__":
    sys.exit(main())
