"""Two runs over the same questions: whether one is better, and whether chance alone could have done it.

The test is the paired randomisation test (Smucker, Allan and Carterette 2007, "A comparison of statistical
significance tests for information retrieval evaluation"): the signs of the per-question differences are
flipped at random, and the p-value is twice the share of flips whose mean is at least as far on the
observed side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from rag.errors import EvaluationError
from rag.judge.intervals import SEED, Float64, mean_interval
from rag.judge.outcomes import Evaluation, Figures, Run, evaluation_record, run_of

FLIPS = 9999  # the smallest p-value that can be seen is 1 / (FLIPS + 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two runs, over the questions for which both have a value.

    `difference` is second minus first; `p_value` is two-sided.
    """

    metric: str
    questions: int
    first: float
    second: float
    difference: float
    interval95: tuple[float, float]
    p_value: float
    better: int  # questions at which the second run is better
    worse: int


def run_text(evaluation: Evaluation) -> str:
    """Return an evaluation as one JSON object, its record with what each question gave, for `read_run`."""
    run = run_of(evaluation)
    record = evaluation_record(evaluation) | {"questions": run.figures.questions, "ranks": run.ranks}
    return json.dumps(record) + "\n"


def read_run(path: Path) -> Run:
    """Return the run whose `run_text` the file holds. Raises EvaluationError where there is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        figures = Figures(
            metrics={str(name): float(value) for name, value in record["metrics"].items()},
            interval95={
                str(name): (float(low), float(high)) for name, (low, high) in record["interval95"].items()
            },
            questions={
                str(name): {str(id): float(value) for id, value in values.items()}
                for name, values in record["questions"].items()
            },
        )
        ranks = {str(id): None if rank is None else int(rank) for id, rank in record["ranks"].items()}
        return Run(str(record["dataset"]), figures, ranks)
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error.strerror}); name a saved evaluation"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path}: not a saved evaluation; make one with `rag evaluate … --save FILE`"
        ) from error


def compare(first: Run, second: Run) -> tuple[Comparison, ...]:
    """Return one comparison for each metric that both runs have, in the order of `first`.

    Raises EvaluationError where the runs did not ask the same questions.
    """
    if first.ranks.keys() != second.ranks.keys():
        raise EvaluationError(
            f"the runs over {first.dataset} and {second.dataset} did not ask the same questions; "
            "evaluate both on one set with one --sample"
        )
    before, after = first.figures.questions, second.figures.questions
    return tuple(
        compare_metric(metric, values, after[metric])
        for metric, values in before.items()
        if values.keys() & after.get(metric, {}).keys()
    )


def compare_metric(metric: str, first: Mapping[str, float], second: Mapping[str, float]) -> Comparison:
    """Return the comparison over the questions that both mappings hold (at least one)."""
    ids = [id for id in first if id in second]
    before = np.asarray([first[id] for id in ids], dtype=np.float64)
    after = np.asarray([second[id] for id in ids], dtype=np.float64)
    difference = after - before
    return Comparison(
        metric=metric,
        questions=len(ids),
        first=float(before.mean()),
        second=float(after.mean()),
        difference=float(difference.mean()),
        interval95=mean_interval(difference),
        p_value=_p_value(difference),
        better=int((difference > 0).sum()),
        worse=int((difference < 0).sum()),
    )


def _p_value(difference: Float64) -> float:
    if difference.size < 2 or not difference.any():
        return 1.0  # both signs of one difference are equally far from zero
    test = stats.permutation_test(
        (difference,),
        np.mean,
        permutation_type="samples",
        n_resamples=FLIPS,
        vectorized=True,
        batch=500,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Return what a person reads: a line a metric, values and differences ×100."""
    lines = [
        f"  {'':<12} {'first':>7} {'second':>7} {'diff':>7}  {'95 % interval':>17}  {'p':>6}  better/worse"
    ]
    for one in comparisons:
        first, second, difference = 100 * one.first, 100 * one.second, 100 * one.difference
        interval = "[{:+.2f}, {:+.2f}]".format(*(100 * bound for bound in one.interval95))
        lines.append(
            f"  {one.metric:<12} {first:7.2f} {second:7.2f} {difference:+7.2f}  "
            f"{interval:>17}  {one.p_value:6.4f}  {one.better}/{one.worse}"
        )
    return "\n".join(lines)


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return the JSON object of one comparison."""
    return {
        "metric": comparison.metric,
        "questions": comparison.questions,
        "first": round(comparison.first, 5),
        "second": round(comparison.second, 5),
        "difference": round(comparison.difference, 5),
        "interval95": [round(bound, 5) for bound in comparison.interval95],
        "p_value": round(comparison.p_value, 5),
        "better": comparison.better,
        "worse": comparison.worse,
    }
