"""How well written answers are checked, on judged ones, and how well an endpoint writes, on questions.

`rag evaluate --answers FILE` judges the checking: the answers are there, with what is right in each sentence.
`rag evaluate FILE --llm URL` judges an endpoint, with the checking as it is: a citation is right where its
passage holds the quote that answers, a refusal where nothing does and the endpoint or the library says so. A
question that got no answer, as the endpoint was down, says nothing about either: it is counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rag.encoder import Encoder, open_encoder
from rag.errors import EvaluationError
from rag.evaluate import sample_of
from rag.generate.citations import claims
from rag.generate.messages import Generator
from rag.generate.output import written_answer
from rag.generate.support import evidence_of
from rag.generate.verify import verify
from rag.judge.answers import Count, JudgedAnswer, Ratio, figures_of, given_passages, ratio, read_answers
from rag.judge.outcomes import Judgement
from rag.judge.quotes import Shelved, judge_quotations, shelve
from rag.judge.sets import read_quotations
from rag.library import Library
from rag.records import Answer, Progress, ProgressCallback
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.wire import JsonObject
from rag.written import Status, Verdict, Written

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Figures over all answers, and over those of each group ("category right", "language zh")."""

    dataset: str
    answers: int
    sentences: int
    figures: dict[str, Ratio]
    groups: dict[str, dict[str, Ratio]]
    failed: int = 0  # answers that did not come, in no figure
    problem: str = ""  # of the first of them


def appraise_answers(
    path: Path, *, settings: Settings, progress: ProgressCallback | None = None
) -> Appraisal:
    """Return what the judged answers of a file say about the checking of citations.

    Their passages are looked up in the library of `settings.index`. Raises EvaluationError, and what opening
    a library raises.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    answers = [answer for file in files for answer in read_answers(file)]
    if not answers:
        raise EvaluationError(f"{path}: holds no JSONL file of answers; see data/README.md for their form")
    encoder = open_encoder(settings.model, progress)
    with Snapshot(settings.index) as snapshot:
        documents = [shelve(info, snapshot.passages_of(info.key)) for info in snapshot.documents()]
        judged = [
            (answer, _verdicts(answer, documents, encoder))
            for answer in _counted(answers, progress, unit="answers")
        ]
    groups = {
        f"{kind} {name}": figures_of([pair for pair in judged if group(pair[0]) == name])
        for kind, group in _GROUPS.items()
        for name in dict.fromkeys(group(answer) for answer in answers)
    }
    sentences = sum(len(answer.sentences) for answer in answers)
    return Appraisal(path.stem, len(answers), sentences, figures_of(judged), groups)


_GROUPS: dict[str, Callable[[JudgedAnswer], str]] = {
    "category": lambda answer: answer.category,
    "language": lambda answer: answer.language,
}


def _verdicts(answer: JudgedAnswer, documents: Sequence[Shelved], encoder: Encoder) -> tuple[Verdict, ...]:
    evidence = evidence_of(given_passages(answer, documents), encoder)
    return tuple(
        verify(claim, answer.answer, evidence, encoder, language=answer.language, question=answer.question)
        for claim in claims(answer.answer, answer.language)
    )


def appraise_endpoint(
    path: Path,
    library: Library,
    generator: Generator,
    *,
    sample: int | None = None,
    progress: ProgressCallback | None = None,
) -> Appraisal:
    """Return what an endpoint writes for the questions of a JSONL of quotes about the library, checked.

    Raises EvaluationError where no question that it was asked got an answer.
    """
    if path.is_dir():
        raise EvaluationError(f"{path}: is a folder; with --llm give one JSONL file of {{question, quote}}")
    documents = [shelve(info, library.passages_of(info.key)) for info in library.documents()]
    judgements = sample_of(judge_quotations(read_quotations(path), documents, path=path), sample)
    outcomes = []
    for judgement in _counted(judgements, progress, unit="questions"):
        answer = library.ask(judgement.question)
        outcomes.append((judgement, answer, written_answer(library.write(answer, generator))))
    failures = [written.problem for _, _, written in outcomes if written.status is Status.FAILED]
    came = [outcome for outcome in outcomes if outcome[2].status is not Status.FAILED]
    if failures and all(written.status is Status.UNANSWERABLE for _, _, written in came):
        raise EvaluationError(f"no answer was written: {failures[0]}")
    sentences = sum(len(written.verdicts) for _, _, written in came)
    figures, problem = _endpoint_figures(came), failures[0] if failures else ""
    return Appraisal(path.stem, len(outcomes), sentences, figures, {}, len(failures), problem)


def _endpoint_figures(outcomes: Sequence[tuple[Judgement, Answer, Written]]) -> dict[str, Ratio]:
    counts: Mapping[str, list[Count]] = {
        name: [count for outcome in outcomes for count in [of(*outcome)] if count.of]
        for name, of in ENDPOINT_METRICS.items()
    }
    return {name: ratio(found) for name, found in counts.items() if found}


def _right_ranks(judgement: Judgement, answer: Answer) -> set[int]:
    return {hit.rank for hit in answer.hits if hit.passage.id in judgement.passages}


def _kept_right(judgement: Judgement, answer: Answer, written: Written) -> Count:
    kept = [number for verdict in written.verdicts for number in verdict.citations]
    right = _right_ranks(judgement, answer)
    of = len(kept) if judgement.answerable else 0
    return Count(judgement.id, sum(number in right for number in kept), of)


def _found(judgement: Judgement, answer: Answer, written: Written) -> Count:
    kept = {number for verdict in written.verdicts for number in verdict.citations}
    return Count(judgement.id, int(bool(kept & _right_ranks(judgement, answer))), int(judgement.answerable))


def _supported(judgement: Judgement, answer: Answer, written: Written) -> Count:
    return Count(judgement.id, sum(one.supported for one in written.verdicts), len(written.verdicts))


def _refused(judgement: Judgement, answer: Answer, written: Written) -> Count:
    refused = written.status in (Status.REFUSED, Status.UNANSWERABLE)
    return Count(judgement.id, int(refused), int(not judgement.answerable))


def _answered(judgement: Judgement, answer: Answer, written: Written) -> Count:
    return Count(judgement.id, int(written.status is Status.WRITTEN), int(judgement.answerable))


# Of what each is a share: citations kept, for questions with an answer; such questions; sentences; questions
# that nothing answers; questions with an answer.
ENDPOINT_METRICS: dict[str, Callable[[Judgement, Answer, Written], Count]] = {
    "citation_precision": _kept_right,
    "citation_recall": _found,
    "sentence_support": _supported,
    "refusal": _refused,
    "answered": _answered,
}


def appraisal_record(appraisal: Appraisal) -> JsonObject:
    """Return the JSON form: metrics and intervals as `rag evaluate` prints them, and each group's metrics."""
    figures = appraisal.figures
    return {
        "dataset": appraisal.dataset,
        "answers": appraisal.answers,
        "sentences": appraisal.sentences,
        "metrics": {name: round(one.value, 5) for name, one in figures.items()},
        "interval95": {name: [round(one.low, 5), round(one.high, 5)] for name, one in figures.items()},
        "of": {name: one.of for name, one in figures.items()},
        "failed": appraisal.failed,
        "problem": appraisal.problem or None,
        "groups": {
            group: {name: round(one.value, 5) for name, one in found.items()}
            for group, found in appraisal.groups.items()
        },
    }


def appraisal_text(appraisal: Appraisal) -> str:
    """Return the figures as a person reads them, each with its interval and what it is a share of."""
    lines = [f"{appraisal.dataset}: {appraisal.answers} answers, {appraisal.sentences} sentences"]
    lines += [
        f"  {name:<30} {one.value:.4f}   [{one.low:.4f}, {one.high:.4f}]   of {one.of}"
        for name, one in appraisal.figures.items()
    ]
    if appraisal.failed:
        lines.append(
            f"  no answer to {appraisal.failed} of {appraisal.answers} questions, which are in no figure: "
            f"{appraisal.problem}"
        )
    for group, found in appraisal.groups.items():
        lines.append(f"  {group:<22} " + "  ".join(f"{name} {one.value:.3f}" for name, one in found.items()))
    return "\n".join(lines)


def _counted(items: Sequence[Item], progress: ProgressCallback | None, *, unit: str) -> Iterator[Item]:
    """The items, each reported when it is done."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(Progress("evaluating", done, len(items), unit))
