"""Recall where the answer's language is one passage in a hundred: `python -m benchmarks.rare`.

A library holds ten passages or so of a set in one language and 990 in the other: passages of other articles,
filled up with other text (`benchmarks.others`). Questions about the ten are asked in both languages. Several
libraries, with other articles for the ten each time.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.others import others
from benchmarks.quality import SETS
from rag.encoder import Encoder, open_encoder
from rag.errors import EvaluationError
from rag.ingest import index_paths
from rag.judge.outcomes import Judgement, unit_of
from rag.judge.sets import json_objects, read_beir
from rag.library import Library
from rag.progress import progress_bars
from rag.settings import Settings

RARE, COMMON = 10, 990  # passages
LIBRARIES = 4
DEPTHS = (1, 10, 100)
# The set whose passages are rare, the set of the common ones, and the questions about the rare ones.
WAYS = {
    "zh among en": ("xquad-zh", "xquad-en", {"in zh": "xquad-zh", "in en": "xquad-en-zh"}),
    "en among zh": ("xquad-en", "xquad-zh", {"in en": "xquad-en", "in zh": "xquad-zh-en"}),
}
SEED = 20220401


def texts_of(name: str) -> dict[str, str]:
    """Return the passages of a set by id, ARTICLE-PARAGRAPH."""
    return {str(one["_id"]): str(one["text"]) for _, one in json_objects(SETS / name / "corpus.jsonl")}


def article_of(unit: str) -> str:
    """Return the article that a passage is of."""
    return unit.partition("-")[0]


def measured(name: str, encoder: Encoder, settings: Settings) -> dict[str, list[float]]:
    """Return, by language of the questions, the rank of the passage that answers, infinite beyond 100."""
    rare_name, common_name, asking = WAYS[name]
    rare, common = texts_of(rare_name), texts_of(common_name)
    fillers = others(common_name.rpartition("-")[2], COMMON)
    judgements = {way: read_beir(SETS / dataset) for way, dataset in asking.items()}
    ranks: dict[str, list[float]] = {way: [] for way in asking}
    articles = sorted({article_of(unit) for unit in rare})
    for number in range(LIBRARIES):
        random.Random(SEED + number).shuffle(articles)
        inside = articles[:2]
        texts = {unit: text for unit, text in rare.items() if article_of(unit) in inside}
        beside = [text for unit, text in common.items() if article_of(unit) not in inside] + fillers
        texts |= {f"other-{place}": text for place, text in enumerate(beside[: COMMON * len(texts) // RARE])}
        with tempfile.TemporaryDirectory() as work, progress_bars() as progress:
            corpus, index = Path(work) / "corpus.jsonl", Path(work) / "index"
            lines = (json.dumps({"_id": unit, "title": "", "text": text}) for unit, text in texts.items())
            corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
            index_paths([corpus], folder=index, encoder=encoder, settings=settings, progress=progress)
            with Library(index) as library:
                for way, asked in judgements.items():
                    ranks[way] += _ranks(library, asked, texts)
    return ranks


def _ranks(library: Library, asked: Sequence[Judgement], texts: Mapping[str, str]) -> list[float]:
    """Return the rank of the passage that answers, for each question that one of the texts answers."""
    found = []
    for judgement in asked:
        if judgement.gains.keys() & texts.keys():
            hits = library.ask(judgement.question, k=max(DEPTHS)).hits
            right = (hit.rank for hit in hits if unit_of(judgement, hit.passage) in judgement.gains)
            found.append(next(right, float("inf")))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no set or no text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rare", description=__doc__.partition("\n")[0])
    parser.add_argument("--encodings", type=Path, metavar="FILE", help="take encodings from this file")
    options = parser.parse_args(arguments)
    names = {one for rare, common, asking in WAYS.values() for one in (rare, common, *asking.values())}
    if not all((SETS / name / "corpus.jsonl").is_file() for name in names):
        print(f"the sets {', '.join(sorted(names))} are not in {SETS}", file=sys.stderr)
        return 1
    settings = Settings(encodings=options.encodings)
    encoder = open_encoder(settings.model)
    print(f"{'':<24}{'questions':>10}" + "".join(f"{f'recall@{depth}':>12}" for depth in DEPTHS), flush=True)
    for name in WAYS:
        try:
            found = measured(name, encoder, settings)
        except EvaluationError as error:
            print(error, file=sys.stderr)
            return 1
        for way, ranks in found.items():
            shares = [sum(rank <= depth for rank in ranks) / len(ranks) for depth in DEPTHS]
            values = "".join(f"{share:12.3f}" for share in shares)
            print(f"{f'{name}, asked {way}':<24}{len(ranks):>10}{values}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
