"""What the channels' weights are worth on sets they were not chosen on: `python -m benchmarks.weights`.

Every question's channels are scored once; then each set of weights of a grid orders its candidates. For each
set those are chosen that are best on the mean of all other sets, and their figure on this one is shown
beside the shipped weights' and the best ones' for it: what choosing on the others loses, and what tuning to
the set itself would have gained.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import SETS
from rag.candidates import score
from rag.encoder import Encoder, open_encoder
from rag.evaluate import sample_of
from rag.judge.outcomes import unit_of
from rag.judge.sets import read_beir
from rag.judge.shelf import corpus_shelf
from rag.progress import progress_bars
from rag.scoring import Weights, ranking, totals
from rag.search import understand
from rag.settings import Settings
from rag.snapshot import Snapshot

MEANING = (0.0, 0.05, 0.15, 0.3, 0.4, 0.5)
WORDS = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
FOREIGN = (0.0, 0.3, 0.6, 0.9)
GRID = tuple(
    Weights(meaning=meaning, words=words, foreign=foreign)
    for meaning, words, foreign in product(MEANING, WORDS, FOREIGN)
)
QUESTIONS = 240
DEPTH = 20  # passages read: a document may hold several of them


def gains_at_10(folder: Path, sample: int, encoder: Encoder) -> NDArray[np.float64]:
    """Return (weights of `GRID`, questions) nDCG@10, every right document counting the same.

    Raises EvaluationError where the folder is no set.
    """
    judgements = [one for one in sample_of(read_beir(folder), sample) if one.answerable]
    with progress_bars() as progress:
        shelf = corpus_shelf(folder / "corpus.jsonl", encoder, settings=Settings(), progress=progress)
    found = np.zeros((len(GRID), len(judgements)))
    with Snapshot(shelf.folder) as snapshot:
        for column, judgement in enumerate(judgements):
            question = understand(snapshot, encoder, judgement.question, settings=Settings())
            scored = score(snapshot, question, settings=Settings())
            channels = scored.meaning, scored.interaction, scored.words, scored.foreign
            sums = [totals(weights, *channels) for weights in GRID]
            orders = [scored.ids[ranking(total, scored.ids)[:DEPTH]] for total in sums]
            needed = np.unique(np.concatenate(orders))
            units = {one.id: unit_of(judgement, one) for one in snapshot.passages(needed)}
            for row, order in enumerate(orders):
                ranked = list(dict.fromkeys(units[int(id_)] for id_ in order))[:10]
                found[row, column] = ndcg([unit in judgement.gains for unit in ranked], len(judgement.gains))
    return found


def ndcg(right: Sequence[bool], answers: int) -> float:
    """Return nDCG of a ranking whose entries are right or not, of which `answers` could be."""
    gained = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(right))
    return gained / sum(1 / math.log2(rank + 2) for rank in range(min(len(right), answers)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there are not two sets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.weights", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("sets", nargs="*", type=Path, metavar="SET", help="folders in BEIR layout")
    parser.add_argument("--sample", type=int, default=QUESTIONS, metavar="N", help="questions of each set")
    options = parser.parse_args(arguments)
    folders = options.sets or sorted(path.parent for path in SETS.glob("*/corpus.jsonl"))
    if len(folders) < 2:
        print(f"fewer than two evaluation sets in {SETS}: name folders in BEIR layout", file=sys.stderr)
        return 1
    encoder = open_encoder(Settings().model)
    means = {folder.name: gains_at_10(folder, options.sample, encoder).mean(axis=1) for folder in folders}
    print("\n".join(table(means)))
    return 0


def table(means: dict[str, NDArray[np.float64]]) -> list[str]:
    """Return the rows, nDCG@10 × 100; `means[set]` has one figure for each of `GRID`."""
    shipped = GRID.index(Weights())
    rows = [
        f"{'set':<14}{'shipped':>9}{'from others':>13}{'its best':>10}  meaning, words, foreign of the others"
    ]
    for name, own in means.items():
        others = np.mean([figures for other, figures in means.items() if other != name], axis=0)
        chosen = int(others.argmax())
        values = f"{100 * own[shipped]:9.2f}{100 * own[chosen]:13.2f}{100 * own.max():10.2f}"
        best = GRID[chosen]
        rows.append(f"{name:<14}{values}  {best.meaning:g}, {best.words:g}, {best.foreign:g}")
    return rows


if __name__ == "__main__":
    sys.exit(main())
