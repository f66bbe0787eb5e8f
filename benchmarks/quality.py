"""Quality on whole sets, one line a set: `python -m benchmarks.quality [SET…] [--ablation]`.

A set is a folder in BEIR layout; without one, every set of the folder `eval` in `shared` beside the checkout
is measured, where there is one. Settings are the defaults, the same for every set.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rag.candidates import Question, score
from rag.encoder import open_encoder
from rag.evaluate import DEPTH, evaluate, outcome_of, sample_of
from rag.judge.compare import compare
from rag.judge.metrics import figures
from rag.judge.outcomes import Evaluation, evaluation_record, run_of
from rag.judge.sets import read_beir
from rag.judge.shelf import corpus_shelf
from rag.progress import progress_bars
from rag.records import Answer, Channels, Hit, Progress, ProgressCallback
from rag.scoring import Weights, ranking
from rag.search import understand
from rag.settings import Settings
from rag.snapshot import Snapshot

SETS = Path(__file__).resolve().parents[2] / "shared" / "eval"
COLUMNS = ("ndcg@10", "recall@1", "recall@10", "recall@100", "sentence@1", "refusal_auroc")
NO_CHANNELS = Channels(0.0, 0.0, 0.0)


def variants() -> dict[str, Weights]:
    """Return the weights with each channel out in turn; the default ones come first."""
    without = {
        f"no {name}": replace(Weights(), **{name: 0.0})
        for name in ("meaning", "interaction", "words", "foreign")
    }
    return {"default": Weights()} | without


def ablate(folder: Path, sample: int | None, progress: ProgressCallback | None) -> dict[str, Evaluation]:
    """Return one evaluation a variant, ranking metrics only; the candidates are those of all channels."""
    settings = Settings()
    judgements = [
        replace(one, answers=())  # no highlights are made, so there are none to judge
        for one in sample_of(read_beir(folder), sample)
        if one.answerable
    ]
    encoder = open_encoder(settings.model, progress)
    shelf = corpus_shelf(folder / "corpus.jsonl", encoder, settings=settings, progress=progress)
    found = {name: [] for name in variants()}  # type: dict[str, list[Answer]]
    seconds = dict.fromkeys(found, 0.0)
    with Snapshot(shelf.folder) as snapshot:
        passages = sum(snapshot.languages.values())
        for done, judgement in enumerate(judgements, start=1):
            question = understand(snapshot, encoder, judgement.question, settings=settings)
            for name, weights in variants().items():
                started = time.perf_counter()
                found[name].append(ranked(snapshot, question, settings, weights))
                seconds[name] += time.perf_counter() - started
            if progress is not None:
                progress(Progress("leaving channels out", done, len(judgements), "questions"))
    results = {}
    for name, answers in found.items():
        outcomes = tuple(outcome_of(one, answer) for one, answer in zip(judgements, answers, strict=True))
        results[name] = Evaluation(
            folder.name, len(outcomes), passages, figures(outcomes), shelf.seconds, seconds[name], outcomes
        )
    return results


def ranked(snapshot: Snapshot, question: Question, settings: Settings, weights: Weights) -> Answer:
    """Return the passages in the order of these weights, without highlights or confidence."""
    scored = score(snapshot, question, settings=settings, weights=weights)
    order = ranking(scored.total, scored.ids)[:DEPTH]
    passages = snapshot.passages(scored.ids[order])
    hits = (Hit(passage, 0.0, rank, (), NO_CHANNELS) for rank, passage in enumerate(passages, start=1))
    return Answer(question.text, True, 1.0, tuple(hits), 0.0)


def header() -> str:
    """Return the first line of the table."""
    names = "".join(f"{name:>14}" for name in COLUMNS)
    return f"{'':<14} {'':<15}{names}{'ms/question':>13}{'Δ ndcg@10 (p)':>18}"


def row(name: str, evaluation: Evaluation, default: Evaluation) -> str:
    """Return one line of the table: metrics ×100, and how far nDCG@10 is from the default's."""
    metrics = evaluation.figures.metrics
    values = "".join(f"{100 * metrics[one]:14.2f}" if one in metrics else f"{'':>14}" for one in COLUMNS)
    each_ms = 1000 * evaluation.search_seconds / evaluation.queries
    moved = difference(evaluation, default)
    return f"{evaluation.dataset:<14} {name:<15}{values}{each_ms:13.1f}{moved:>18}"


def difference(evaluation: Evaluation, default: Evaluation) -> str:
    """Return how much nDCG@10 (×100) is above that of the default settings, with its p-value."""
    if evaluation is default:
        return ""
    found = compare(run_of(default), run_of(evaluation))[0]
    return f"{100 * found.difference:+.2f} ({found.p_value:.4f})"


def measure(folder: Path, sample: int | None, *, ablation: bool) -> Mapping[str, Evaluation]:
    """Return the evaluations of one set by the name of their settings; "" is the whole road."""
    with progress_bars() as progress:
        if ablation:
            return ablate(folder, sample, progress)
        return {"": evaluate(folder, settings=Settings(), sample=sample, progress=progress)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no set."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "sets", nargs="*", type=Path, metavar="SET", help=f"folders in BEIR layout ({SETS}/*)"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="ask only N questions of each set")
    parser.add_argument("--ablation", action="store_true", help="with each channel out in turn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records, one a line")
    options = parser.parse_args(arguments)
    folders = options.sets or sorted(path.parent for path in SETS.glob("*/corpus.jsonl"))
    if not folders:
        print(f"no evaluation sets in {SETS}: name folders in BEIR layout", file=sys.stderr)
        return 1
    print(header(), flush=True)
    records = []
    for folder in folders:
        found = measure(folder, options.sample, ablation=options.ablation)
        default = next(iter(found.values()))
        for name, evaluation in found.items():
            print(row(name, evaluation, default), flush=True)
            records.append({"settings": name or "default"} | evaluation_record(evaluation))
    if options.json:
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        options.json.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
