"""Quality on whole sets, one line a set: `python -m benchmarks.quality [SET…] [--ablation]`.

A set is a folder in BEIR layout; without one, every set of the folder `eval` in `shared` beside the checkout
is measured, where there is one. Settings are the defaults, the same for every set.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rag.evaluate import evaluate
from rag.judge.compare import compare
from rag.judge.outcomes import Evaluation, evaluation_record, run_of
from rag.progress import progress_bars
from rag.settings import Settings

SETS = Path(__file__).resolve().parents[2] / "shared" / "eval"
COLUMNS = ("ndcg@10", "recall@1", "recall@10", "recall@100", "sentence@1")
# Settings with one channel out, by what the table calls them.
ABLATIONS: Mapping[str, Mapping[str, float]] = {
    "no meaning": {"meaning_weight": 0.0},
    "no words": {"words_weight": 0.0},
    "no interaction": {"interaction_weight": 0.0},
}


def variants(ablation: bool) -> dict[str, Settings]:
    """Return the settings to measure, by name; the defaults come first."""
    settings = {"default": Settings()}
    if ablation:
        settings |= {name: replace(Settings(), **changed) for name, changed in ABLATIONS.items()}
    return settings


def header() -> str:
    """Return the first line of the table."""
    names = "".join(f"{name:>12}" for name in COLUMNS)
    return f"{'':<14} {'':<15}{names}{'ms/question':>13}{'passages/s':>12}{'Δ ndcg@10 (p)':>18}"


def row(name: str, evaluation: Evaluation, default: Evaluation) -> str:
    """Return one line of the table: metrics ×100, and how far the default is."""
    metrics = evaluation.figures.metrics
    values = "".join(f"{100 * metrics[one]:12.2f}" if one in metrics else f"{'':>12}" for one in COLUMNS)
    each_ms = 1000 * evaluation.search_seconds / evaluation.queries
    rate = evaluation.passages / evaluation.index_seconds
    moved = difference(evaluation, default)
    return f"{evaluation.dataset:<14} {name:<15}{values}{each_ms:13.1f}{rate:12.1f}{moved:>18}"


def difference(evaluation: Evaluation, default: Evaluation) -> str:
    """Return how much nDCG@10 (×100) is above that of the default settings, with its p-value."""
    if evaluation is default:
        return ""
    found = compare(run_of(default), run_of(evaluation))[0]
    return f"{100 * found.difference:+.2f} ({found.p_value:.4f})"


def measure(
    folders: Iterable[Path], settings: Mapping[str, Settings], sample: int | None
) -> list[Evaluation]:
    """Measure every set with every setting, print the table as it grows, and return what was found."""
    found: list[Evaluation] = []
    print(header(), flush=True)
    for folder in folders:
        default = None
        for name, chosen in settings.items():
            with progress_bars() as progress:
                evaluation = evaluate(folder, settings=chosen, sample=sample, progress=progress)
            default = default or evaluation
            found.append(evaluation)
            print(row(name, evaluation, default), flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no set."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "sets", nargs="*", type=Path, metavar="SET", help=f"folders in BEIR layout ({SETS}/*)"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="ask only N questions of each set")
    parser.add_argument("--ablation", action="store_true", help="also with each channel out in turn")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the records, one a line")
    options = parser.parse_args(arguments)
    folders = options.sets or sorted(path.parent for path in SETS.glob("*/corpus.jsonl"))
    if not folders:
        print(f"no evaluation sets in {SETS}: name folders in BEIR layout", file=sys.stderr)
        return 1
    found = measure(folders, variants(options.ablation), options.sample)
    if options.json:
        lines = (json.dumps(evaluation_record(one), ensure_ascii=False) for one in found)
        options.json.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
