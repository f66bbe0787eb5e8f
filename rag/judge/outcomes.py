"""The data of an evaluation: `Judgement` (what should come) → `Outcome` (what came) → `Evaluation`.

Results are counted in *units*: documents in a BEIR set, passages in a set of quotes over a library. Metrics
are fractions in 0..1, higher is better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.records import Answer, Passage

QUOTE = "quote"  # the one unit that all passages holding a question's quote make together


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question of an evaluation set, with what answers it.

    `gains` maps the unit that answers to its grade (1 or more); it is empty where nothing answers.
    `passages` holds, in a set of quotes only, the ids of the passages that hold the quote.
    """

    id: str
    question: str
    gains: Mapping[str, int]
    answers: tuple[str, ...] = ()
    gold: str = ""  # text of the unit with the highest grade, for the report
    passages: frozenset[int] = frozenset()
    section: str | None = None  # None where the set does not say
    speaker: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether anything in the set answers the question."""
        return bool(self.gains)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one question.

    `units` are those found, best first, each once. `answer` keeps the first few hits only. `sentence` and
    `source` are None where they cannot be judged: the set names none, or no unit that answers came first.
    """

    judgement: Judgement
    units: tuple[str, ...]
    answer: Answer
    sentence: bool | None = None  # the highlighted sentence holds an answer
    source: bool | None = None  # section and speaker are those that the set names

    @property
    def rank(self) -> int | None:
        """The 1-based rank of the first unit that answers; None where none came."""
        gains = self.judgement.gains
        return next((rank for rank, unit in enumerate(self.units, start=1) if unit in gains), None)


def unit_of(judgement: Judgement, passage: Passage) -> str:
    """Return the unit that a passage counts for when this question is judged."""
    if judgement.passages:
        return QUOTE if passage.id in judgement.passages else str(passage.id)
    return str(passage.id) if passage.source.id is None else passage.source.id


def answers_question(judgement: Judgement, passage: Passage) -> bool:
    """Return whether the passage is (a part of) what the set names as answering the question."""
    return unit_of(judgement, passage) in judgement.gains


@dataclass(frozen=True, slots=True)
class Figures:
    """Metrics over all questions, with their 95 % intervals and what each question contributes.

    `questions[metric][question id]` is the value whose mean is `metrics[metric]`; `refusal_auroc` is no such
    mean and has no entry there.
    """

    metrics: Mapping[str, float]
    interval95: Mapping[str, tuple[float, float]]
    questions: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run over one set; `outcomes` are in the order of the set."""

    dataset: str
    queries: int
    passages: int
    figures: Figures
    index_seconds: float  # as measured when the index was made, also where it came from the cache
    search_seconds: float  # all questions together
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """What is kept of an evaluation to compare or plot another beside it.

    `ranks` holds, for each answerable question, the rank of what answers it, or None.
    """

    dataset: str
    figures: Figures
    ranks: Mapping[str, int | None]


def run_of(evaluation: Evaluation) -> Run:
    """Return the part of an evaluation that is kept."""
    ranks = {one.judgement.id: one.rank for one in evaluation.outcomes if one.judgement.answerable}
    return Run(evaluation.dataset, evaluation.figures, ranks)


def evaluation_record(evaluation: Evaluation) -> dict[str, Any]:
    """Return the JSON object of `rag evaluate --json`, keys in the order of the contract."""
    figures = evaluation.figures
    return {
        "dataset": evaluation.dataset,
        "queries": evaluation.queries,
        "passages": evaluation.passages,
        "metrics": {name: round(value, 5) for name, value in figures.metrics.items()},
        "interval95": {
            name: [round(low, 5), round(high, 5)] for name, (low, high) in figures.interval95.items()
        },
        "seconds": {
            "index": round(evaluation.index_seconds, 3),
            "search": round(evaluation.search_seconds, 3),
        },
    }
