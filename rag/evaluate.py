"""Questions with judgements -> `Evaluation`: every question goes the road of `rag ask`.

Two forms: a folder in BEIR layout, whose corpus becomes a library of its own, and a JSONL of questions and
quotes about the library in `settings.index`. The parts are in `rag.judge`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag.encoder import Encoder, open_encoder
from rag.errors import EvaluationError
from rag.judge.compare import (
    Comparison,
    compare,
    comparison_record,
    comparison_table,
    read_run,
    run_text,
)
from rag.judge.metrics import figures, holds_answer
from rag.judge.outcomes import (
    Evaluation,
    Judgement,
    Outcome,
    answers_question,
    evaluation_record,
    run_of,
    unit_of,
)
from rag.judge.plot import runs_svg
from rag.judge.quotes import judge_quotations, shelve
from rag.judge.report import miss_report
from rag.judge.sets import Quotation, read_beir, read_quotations
from rag.judge.shelf import corpus_shelf
from rag.records import Answer, DocumentInfo, Passage, Progress, ProgressCallback, Source
from rag.reranker import open_reranker
from rag.search import Wanted, search
from rag.settings import Settings
from rag.snapshot import Snapshot

__all__ = [
    "Outputs",
    "comparison_record",
    "comparison_table",
    "evaluate",
    "evaluate_answers",
    "evaluation_record",
    "write_outputs",
]

DEPTH = 100  # passages asked for: what recall@100 needs
KEPT_HITS = 3  # of each answer, for the report
SEED = 20220401  # of the sample


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write about an evaluation, where named; `against` is read: the saved run to compare with."""

    save: Path | None = None  # JSON, for a later `against`
    report: Path | None = None  # HTML, the worst misses
    plot: Path | None = None  # SVG
    against: Path | None = None


def evaluate(
    path: Path,
    *,
    settings: Settings,
    sample: int | None = None,
    cache: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Evaluation:
    """Return what the questions of a BEIR folder, or of a JSONL of quotes, say about the search.

    `sample` asks only so many of the questions, the same ones each time, of the whole corpus. `cache` is the
    folder where the library of a BEIR corpus is kept, the user's cache by default. Raises EvaluationError,
    and what opening a model or a library raises.
    """
    if path.is_file() or path.suffix == ".jsonl":
        return _evaluate_quotations(path, settings=settings, sample=sample, progress=progress)
    judgements = sample_of(read_beir(path), sample)
    encoder = open_encoder(settings.model, progress)
    shelf = corpus_shelf(path / "corpus.jsonl", encoder, settings=settings, cache=cache, progress=progress)
    with Snapshot(shelf.folder) as snapshot:
        found = _ask_all(judgements, snapshot, encoder, settings=settings, progress=progress)
        return _evaluation(path.resolve().name, snapshot, found, index_seconds=shelf.seconds)


def _evaluate_quotations(
    path: Path, *, settings: Settings, sample: int | None, progress: ProgressCallback | None
) -> Evaluation:
    quotations = read_quotations(path)
    encoder = open_encoder(settings.model, progress)
    with Snapshot(settings.index) as snapshot:
        snapshot.check_model(encoder.fingerprint)
        documents = [shelve(info, snapshot.passages_of(info.key)) for info in snapshot.documents()]
        judgements = sample_of(judge_quotations(quotations, documents, path=path), sample)
        found = _ask_all(judgements, snapshot, encoder, settings=settings, progress=progress)
        return _evaluation(path.stem, snapshot, found, index_seconds=0.0)


def evaluate_answers(
    quotations: Sequence[Quotation],
    documents: Sequence[tuple[DocumentInfo, Sequence[Passage]]],
    ask: Callable[[str, int], Answer],
    *,
    name: str,
) -> Evaluation:
    """Return the same for questions that the caller asks: `ask` gives the answer, so many hits deep.

    `documents` are those in which the quotes stand, with their passages. Raises EvaluationError.
    """
    shelved = [shelve(info, passages) for info, passages in documents]
    started = time.perf_counter()
    judgements = judge_quotations(quotations, shelved, path=Path(name))
    outcomes = tuple(outcome_of(judgement, ask(judgement.question, DEPTH)) for judgement in judgements)
    seconds = time.perf_counter() - started
    count = sum(len(passages) for _, passages in documents)
    return Evaluation(name, len(judgements), count, figures(outcomes), 0.0, seconds, outcomes)


def sample_of(judgements: Sequence[Judgement], size: int | None) -> tuple[Judgement, ...]:
    """Return `size` of the judgements in their own order, the same ones each time; all if there are fewer."""
    if size is None or size >= len(judgements):
        return tuple(judgements)
    chosen = np.random.default_rng(SEED).choice(len(judgements), size=size, replace=False)
    return tuple(judgements[place] for place in sorted(chosen))


def _ask_all(
    judgements: Sequence[Judgement],
    snapshot: Snapshot,
    encoder: Encoder,
    *,
    settings: Settings,
    progress: ProgressCallback | None,
) -> tuple[tuple[Outcome, ...], float]:
    """Return the outcomes in the order of the judgements, and the seconds that asking took."""
    outcomes, seconds, reranker = [], 0.0, open_reranker(settings.reranker)
    for done, judgement in enumerate(judgements, start=1):
        started = time.perf_counter()
        wanted = Wanted(DEPTH, reranker=reranker)
        answer = search(snapshot, encoder, judgement.question, wanted=wanted, settings=settings)
        seconds += time.perf_counter() - started
        outcomes.append(outcome_of(judgement, answer))
        if progress is not None:
            progress(Progress("evaluating", done, len(judgements), "questions"))
    return tuple(outcomes), seconds


def outcome_of(judgement: Judgement, answer: Answer) -> Outcome:
    """Return what the answer is worth: passages become units, of which the best passage counts."""
    units = tuple(dict.fromkeys(unit_of(judgement, hit.passage) for hit in answer.hits))
    first = answer.hits[0] if answer.hits else None
    sentence = source = None
    if first is not None and answers_question(judgement, first.passage):
        sentence = holds_answer(first, judgement.answers) if judgement.answers else None
        source = _same_source(judgement, first.passage.source)
    kept = replace(answer, hits=answer.hits[:KEPT_HITS])
    return Outcome(judgement, units, kept, sentence=sentence, source=source)


def _same_source(judgement: Judgement, source: Source) -> bool | None:
    """Return whether the source is as the set says; None where the set says neither section nor speaker."""
    wanted = ((judgement.section, source.section), (judgement.speaker, source.speaker))
    named = [(expected, found) for expected, found in wanted if expected is not None]
    return all(expected == found for expected, found in named) if named else None


def _evaluation(
    dataset: str, snapshot: Snapshot, found: tuple[tuple[Outcome, ...], float], *, index_seconds: float
) -> Evaluation:
    outcomes, search_seconds = found
    return Evaluation(
        dataset=dataset,
        queries=len(outcomes),
        passages=sum(snapshot.languages.values()),
        figures=figures(outcomes),
        index_seconds=index_seconds,
        search_seconds=search_seconds,
        outcomes=outcomes,
    )


def write_outputs(evaluation: Evaluation, outputs: Outputs) -> tuple[Comparison, ...]:
    """Write the files asked for, and return how the evaluation compares with the saved run, if one is named.

    Raises EvaluationError where a file cannot be written or read, or the saved run asked other questions.
    """
    runs, comparisons = {"this run": run_of(evaluation)}, tuple[Comparison, ...]()
    if outputs.against is not None:
        before = read_run(outputs.against)
        comparisons = compare(before, runs["this run"])
        runs = {outputs.against.name: before} | runs
    for path, text in ((outputs.report, miss_report(evaluation)), (outputs.plot, runs_svg(runs))):
        if path is not None:
            _write(path, text)
    if outputs.save is not None:
        _write(outputs.save, run_text(evaluation))
    return comparisons


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be written ({error.strerror}); choose another place"
        ) from error
