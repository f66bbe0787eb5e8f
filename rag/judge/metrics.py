"""Outcomes -> figures: ranking metrics by ir-measures, intervals and the refusal curve by SciPy.

Ranking metrics and `sentence@1` count answerable questions only; `refusal_auroc` needs both kinds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG

from rag.errors import EvaluationError
from rag.judge.intervals import Float64, area_interval, area_under_roc, mean_interval
from rag.judge.outcomes import Figures, Outcome
from rag.records import Hit

RANKING = {
    "ndcg@10": nDCG @ 10,
    "mrr@10": RR @ 10,
    "recall@1": R @ 1,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "recall@100": R @ 100,
}


def plain(text: str) -> str:
    """Return `text` after NFKC and without white space: how quotes and answers are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def highlighted_texts(hit: Hit) -> list[str]:
    """Return the highlighted stretches in text order; those with only white space between are one."""
    text, merged = hit.passage.text, list[tuple[int, int]]()
    for start, end in sorted(hit.highlights):
        if merged and not text[merged[-1][1] : start].strip():
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return [text[start:end] for start, end in merged]


def holds_answer(hit: Hit, answers: Iterable[str]) -> bool:
    """Return whether a highlighted stretch of the hit holds one of the answers (see `plain`)."""
    stretches = [plain(text) for text in highlighted_texts(hit)]
    return any(plain(answer) in stretch for answer in answers for stretch in stretches)


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Return metrics, intervals and per-question values, metrics in the order of the contract.

    Raises EvaluationError where no question has anything that answers it.
    """
    if not any(outcome.judgement.answerable for outcome in outcomes):
        raise EvaluationError(
            "none of the questions has a passage that answers it: there is nothing to measure"
        )
    questions = question_values(outcomes)
    columns = {name: np.array(list(values.values())) for name, values in questions.items()}
    metrics = {name: float(column.mean()) for name, column in columns.items()}
    intervals = {name: mean_interval(column) for name, column in columns.items()}
    right, wrong = confidences(outcomes)
    if right.size and wrong.size:
        metrics["refusal_auroc"] = float(area_under_roc(right, wrong))
        intervals["refusal_auroc"] = area_interval(right, wrong)
    return Figures(metrics, intervals, questions)


def question_values(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Return `values[metric][question id]`; metrics without a question to judge are left out."""
    values = ranking_values(outcomes)
    for name, judged in (
        ("sentence@1", {one.judgement.id: one.sentence for one in outcomes}),
        ("source@1", {one.judgement.id: one.source for one in outcomes}),
    ):
        known = {id: float(right) for id, right in judged.items() if right is not None}
        if known:
            values[name] = known
    return values


def ranking_values(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Return nDCG, reciprocal rank and recall of each answerable question, as trec_eval defines them.

    Scores given to ir-measures are the negated ranks: the order is ours, ties cannot arise.
    """
    judged = [outcome for outcome in outcomes if outcome.judgement.answerable]
    qrels = [
        ir_measures.Qrel(one.judgement.id, unit, gain)
        for one in judged
        for unit, gain in one.judgement.gains.items()
    ]
    run = [
        ir_measures.ScoredDoc(one.judgement.id, unit, -float(rank))
        for one in judged
        for rank, unit in enumerate(one.units)
    ]
    names = {measure: name for name, measure in RANKING.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in RANKING}
    for metric in ir_measures.iter_calc(list(names), qrels, run):
        values[names[metric.measure]][metric.query_id] = metric.value
    order = [one.judgement.id for one in judged]
    return {name: {id: by_id[id] for id in order} for name, by_id in values.items()}


def confidences(outcomes: Sequence[Outcome]) -> tuple[Float64, Float64]:
    """Return the confidences of the answerable questions, and those of the unanswerable ones."""
    kinds: Mapping[bool, list[float]] = {True: [], False: []}
    for outcome in outcomes:
        kinds[outcome.judgement.answerable].append(outcome.answer.confidence)
    return np.asarray(kinds[True], dtype=np.float64), np.asarray(kinds[False], dtype=np.float64)
