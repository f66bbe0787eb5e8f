"""What `confidence` is worth in libraries of 10 to 10,000 passages: `python -m benchmarks.calibration`.

A library of each size holds some articles of a set, filled up with other text (`benchmarks.others`).
Questions about its articles have an answer there, those about the set's other articles have none. Articles of
odd number are never fitted on: figures and the diagram are theirs. `--fit` prints the logistic model of
`rag.confidence` fitted on those of even number and on this project's own questions.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from benchmarks.others import others
from benchmarks.quality import SETS
from rag.confidence import ANSWERABLE_FROM, Evidence, confidence
from rag.encoder import Encoder, open_encoder
from rag.errors import EvaluationError
from rag.ingest import index_paths
from rag.judge.calibration import Bin, bins, brier, reliability_svg
from rag.judge.intervals import area_under_roc
from rag.judge.sets import json_objects
from rag.progress import progress_bars
from rag.search import best_evidence
from rag.settings import Settings
from rag.snapshot import Snapshot

SIZES = (10, 100, 1000, 10_000)
PASSAGE_SETS = {"xquad-zh": ("xquad-zh", "xquad-en-zh"), "xquad-en": ("xquad-en", "xquad-zh-en")}
QUESTIONS = 120  # asked of one library and set, half of them with an answer there
SMALL_LIBRARIES = 6  # of the smallest size: one holds only two articles
SEED = 20220401
OWN = Path(__file__).resolve().parents[1] / "data"
# An own case counts for four, so that eleven languages and whole documents weigh more than encyclopedia
# articles; a near miss for half of that, as the evidence hardly tells them apart.
OWN_WEIGHT, NEAR_MISS_WEIGHT = 4.0, 2.0
GROUP = 100.0  # cases that a set at one size counts for
PRIOR = 0.1

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One question asked of one library."""

    dataset: str
    size: int  # passages of the library
    answerable: bool
    held_out: bool
    evidence: Evidence
    weight: float = 1.0

    @property
    def own(self) -> bool:
        """Return whether it is about this project's own documents."""
        return self.dataset.startswith("own ")

    @property
    def confidence(self) -> float:
        """Return what the shipped model says."""
        return confidence(self.evidence)


@dataclass(frozen=True, slots=True)
class Set:
    """The passages of a set by article, and the questions of sets that ask about them, by article."""

    texts: Mapping[int, Sequence[str]]
    questions: Mapping[str, Mapping[int, Sequence[str]]]  # by set


def read_set(name: str, asking: Sequence[str]) -> Set:
    """Return a set whose ids are ARTICLE-PARAGRAPH, as XQuAD's are here."""
    texts: dict[int, list[str]] = {}
    for _, record in json_objects(SETS / name / "corpus.jsonl"):
        texts.setdefault(int(str(record["_id"]).partition("-")[0]), []).append(str(record["text"]))
    questions: dict[str, dict[int, list[str]]] = {}
    for one in asking:
        gold = dict(
            line.split("\t")[:2]
            for line in (SETS / one / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]
        )
        for _, record in json_objects(SETS / one / "queries.jsonl"):
            article = int(gold[str(record["_id"])].partition("-")[0])
            questions.setdefault(one, {}).setdefault(article, []).append(str(record["text"]))
    return Set(texts, questions)


def cases_of(found: Set, fillers: Sequence[str], size: int, seed: int, encoder: Encoder) -> Iterator[Case]:
    """Yield the cases of one library of that size: its articles are drawn by `seed`."""
    generator = random.Random(seed)
    articles = sorted(found.texts)
    inside: list[int] = []
    count = 0
    for parity in _alternating(generator, articles):
        length = len(found.texts[parity])
        if count + length > min(size, len(articles) * 5 // 2):
            break
        inside.append(parity)
        count += length
    texts = [text for article in inside for text in found.texts[article]]
    texts += fillers[: size - len(texts)]
    with tempfile.TemporaryDirectory() as work, progress_bars() as progress:
        corpus = Path(work) / "corpus.jsonl"
        records = ({"_id": str(number), "title": "", "text": text} for number, text in enumerate(texts))
        corpus.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        index = Path(work) / "index"
        index_paths([corpus], folder=index, encoder=encoder, settings=Settings(), progress=progress)
        with Snapshot(index) as snapshot:
            for dataset, by_article in found.questions.items():
                for question, article in _drawn(by_article, inside, generator):
                    seen = best_evidence(snapshot, encoder, question, settings=Settings())
                    yield Case(dataset, size, article in inside, article % 2 == 1, seen)


def _alternating(generator: random.Random, articles: Sequence[int]) -> list[int]:
    """Return the articles in drawn order, even and odd in turn."""
    halves = [[one for one in articles if one % 2 == parity] for parity in (0, 1)]
    for half in halves:
        generator.shuffle(half)
    return [one for pair in zip(*halves, strict=False) for one in pair]


def _drawn(
    by_article: Mapping[int, Sequence[str]], inside: Sequence[int], generator: random.Random
) -> Iterator[tuple[str, int]]:
    """Yield questions with their articles: as many about articles inside as about others, at most."""
    for wanted in (True, False):
        some = [
            (question, article)
            for article, questions in sorted(by_article.items())
            if (article in inside) == wanted
            for question in questions
        ]
        yield from generator.sample(some, min(QUESTIONS // 2, len(some)))


def own_cases(encoder: Encoder) -> Iterator[Case]:
    """Yield those of `data/questions` about `data/documents`."""
    with tempfile.TemporaryDirectory() as work:
        index_paths([OWN / "documents"], folder=Path(work), encoder=encoder, settings=Settings())
        with Snapshot(Path(work)) as snapshot:
            size = sum(snapshot.languages.values())
            for name, asked, answerable in own_questions():
                seen = best_evidence(snapshot, encoder, asked, settings=Settings())
                weight = NEAR_MISS_WEIGHT if name == "near misses" else OWN_WEIGHT
                yield Case(f"own {name}", size, answerable, False, seen, weight)


def own_questions() -> Iterator[tuple[str, str, bool]]:
    """Yield group, question and whether it has an answer, of all files of `data/questions` that say so."""
    for _, record in json_objects(OWN / "questions" / "questions.jsonl"):
        quoted = record["quote"] is not None
        yield ("questions" if quoted else "off topic"), str(record["question"]), quoted
    for _, record in json_objects(OWN / "questions" / "offtopic.jsonl"):
        yield "off topic", str(record["question"]), False
    for _, record in json_objects(OWN / "questions" / "near-misses.jsonl"):
        yield "questions", str(record["answerable"]["question"]), True
        yield "near misses", str(record["unanswerable"]["question"]), False


def features(cases: Sequence[Case]) -> Float64:
    """Return (n, 1 + weights): a column of ones, then what `rag.confidence` weighs."""
    return np.array([[1.0, *case.evidence.features()] for case in cases])


def importance(cases: Sequence[Case]) -> Float64:
    """Return (n,) weights: each set at each size counts for `GROUP` cases, an own case for its own weight."""
    groups = Counter((case.dataset, case.size) for case in cases)
    return np.array(
        [case.weight if case.own else GROUP / groups[case.dataset, case.size] for case in cases], np.float64
    )


def fit(cases: Sequence[Case]) -> Float64:
    """Return the coefficients with the greatest weighted likelihood, held near 0 by a weak prior."""
    x, y, weights = features(cases), np.array([case.answerable for case in cases], float), importance(cases)
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    centre[0], scale[0] = 0.0, 1.0
    scaled = (x - centre) / scale

    def loss(coefficients: Float64) -> tuple[float, Float64]:
        logits = scaled @ coefficients
        prior = PRIOR * np.r_[0.0, coefficients[1:]]
        slope = scaled.T @ (weights * (1 / (1 + np.exp(-logits)) - y)) + prior
        return (weights * (np.logaddexp(0, logits) - y * logits)).sum() + prior @ coefficients / 2, slope

    found = optimize.minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x / scale
    found[0] -= found[1:] @ centre[1:]
    return np.asarray(found, np.float64)


def cross_validated(cases: Sequence[Case]) -> Float64:
    """Return (n,) probabilities of the own cases, each by a model fitted without its tenth of them."""
    own = [case for case in cases if case.own]
    fitted_on = [case for case in cases if not case.own and not case.held_out]
    tenth = np.random.default_rng(SEED).integers(0, 10, len(own))
    said = np.zeros(len(own))
    for part in range(10):
        rest = [case for case, place in zip(own, tenth, strict=True) if place != part]
        coefficients = fit([*fitted_on, *rest])
        said[tenth == part] = probabilities(
            [case for case, place in zip(own, tenth, strict=True) if place == part], coefficients
        )
    return said


def probabilities(cases: Sequence[Case], coefficients: Float64 | None) -> Float64:
    """Return (n,) what the shipped model says of the cases, or one with these coefficients."""
    if coefficients is None:
        return np.array([case.confidence for case in cases])
    return np.asarray(1 / (1 + np.exp(-features(cases) @ coefficients)), np.float64)


def row(name: str, cases: Sequence[Case], said: Float64) -> str:
    """Return one row of the table, of cases and what was said (n,) of them."""
    truth = np.array([case.answerable for case in cases])
    right, wrong = said[truth], said[~truth]
    area = float(area_under_roc(right, wrong)) if right.size and wrong.size else math.nan
    answered = 100 * (right >= ANSWERABLE_FROM).mean() if right.size else math.nan
    refused = 100 * (wrong < ANSWERABLE_FROM).mean() if wrong.size else math.nan
    return f"{name:<28}{len(cases):>6}{brier(said, truth):>9.3f}{area:>9.3f}{answered:>12.1f}{refused:>11.1f}"


def table(cases: Sequence[Case], coefficients: Float64 | None) -> list[str]:
    """Return the rows: all held-out cases, then by set and size."""
    rows = [f"{'':<28}{'cases':>6}{'Brier':>9}{'AUROC':>9}{'answered %':>12}{'refused %':>11}"]
    held = [case for case in cases if case.held_out]
    groups = {"all held out": held}
    for size in sorted({case.size for case in held}):
        groups[f"{size} passages"] = [case for case in held if case.size == size]
    for dataset in sorted({case.dataset for case in cases}):
        of_set = [case for case in cases if case.dataset == dataset]
        groups[dataset] = [case for case in of_set if case.held_out] or of_set
    return rows + [
        row(name, group, probabilities(group, coefficients)) for name, group in groups.items() if group
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no set or no text."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N")
    parser.add_argument("--sets", nargs="+", default=list(PASSAGE_SETS), choices=list(PASSAGE_SETS))
    parser.add_argument("--fit", action="store_true", help="fit the model, and show its figures too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the reliability diagram (SVG)")
    options = parser.parse_args(arguments)
    if not all((SETS / name / "corpus.jsonl").is_file() for name in options.sets):
        print(f"the sets {', '.join(options.sets)} are not in {SETS}", file=sys.stderr)
        return 1
    try:
        cases = list(collect(options.sets, options.sizes))
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 1
    report(cases, fitting=options.fit, plot=options.plot)
    return 0


def collect(sets: Sequence[str], sizes: Sequence[int]) -> Iterator[Case]:
    """Yield all cases."""
    encoder = open_encoder(Settings().model)
    yield from own_cases(encoder)
    for name in sets:
        found = read_set(name, PASSAGE_SETS[name])
        fillers = others(name.rpartition("-")[2], max(sizes))
        for size in sizes:
            for number in range(SMALL_LIBRARIES if size == min(sizes) else 1):
                yield from cases_of(found, fillers, size, SEED + number, encoder)


def report(cases: Sequence[Case], *, fitting: bool, plot: Path | None) -> None:
    """Print the table of the shipped model, and of a fitted one; write the diagram of held-out cases."""
    print("\n".join(table(cases, None)), flush=True)
    held = [case for case in cases if case.held_out]
    truth = np.array([case.answerable for case in held])
    shown: dict[str, Sequence[Bin]] = {"shipped": bins(probabilities(held, None), truth)}
    if fitting:
        coefficients = fit([case for case in cases if not case.held_out])
        print("\nfitted:", " ".join(f"{value:.3f}" for value in coefficients))
        print("\n".join(table(cases, coefficients)), flush=True)
        own = [case for case in cases if case.own]
        print("the own ones, ten-fold:")
        said = cross_validated(cases)
        for name in sorted({case.dataset for case in own}):
            print(
                row(
                    name,
                    [case for case in own if case.dataset == name],
                    said[[c.dataset == name for c in own]],
                )
            )
        shown["fitted"] = bins(probabilities(held, coefficients), truth)
    for name, found in shown.items():
        print(f"\n{name}: said, share that was answerable, cases")
        print("\n".join(f"{one.said:8.3f}{one.true:8.3f}{one.count:8d}" for one in found))
    if plot is not None:
        plot.write_text(reliability_svg(shown), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
