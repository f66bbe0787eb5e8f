"""Written answers with judgements, and figures of how well their sentences and citations are judged.

One answer a line: `{"id", "lang", "category", "question", "passages": [{"document", "quote"}], "answer",
"sentences": [{"text", "right": [numbers]}]}`. The i'th passage, which holds the quote, is cited as [i];
`right` are those citations of the sentence that support it, none where it is not supported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import EvaluationError
from rag.generate.citations import cited_numbers, claims
from rag.judge.intervals import ratio_interval
from rag.judge.quotes import Shelved, passages_with
from rag.judge.sets import json_objects
from rag.records import Passage
from rag.written import Verdict

FORM = 'write {"id", "lang", "category", "question", "passages", "answer", "sentences"}'


@dataclass(frozen=True, slots=True)
class JudgedSentence:
    """One sentence of an answer, and which of its citations support it."""

    text: str
    right: frozenset[int]


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One answer, what it was given, and what is right about it."""

    place: str  # file and line
    id: str
    language: str
    category: str
    question: str
    quotes: tuple[
        tuple[str, str], ...
    ]  # (document, quote) of each passage given, in the order of their numbers
    answer: str
    sentences: tuple[JudgedSentence, ...]

    @property
    def supported(self) -> bool:
        """Whether at least one of its sentences is supported by what it cites."""
        return any(sentence.right for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many, for one question."""

    question: str
    hits: int
    of: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share with its 95 % interval; `of` is how many things it is a share of."""

    value: float
    low: float
    high: float
    of: int


def read_answers(path: Path) -> tuple[JudgedAnswer, ...]:
    """Return the answers of a file, in its order. Raises EvaluationError, which names the line."""
    answers = tuple(_answer(record, f"{path}, line {line}") for line, record in json_objects(path))
    if not answers:
        raise EvaluationError(f"{path}: holds no answer; {FORM}, one a line")
    return answers


def _answer(record: Mapping[str, Any], place: str) -> JudgedAnswer:
    try:
        answer = JudgedAnswer(
            place=place,
            id=str(record["id"]),
            language=str(record["lang"]),
            category=str(record["category"]),
            question=str(record["question"]),
            quotes=tuple((str(one["document"]), str(one["quote"])) for one in record["passages"]),
            answer=str(record["answer"]),
            sentences=tuple(
                JudgedSentence(str(one["text"]), frozenset(int(number) for number in one["right"]))
                for one in record["sentences"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{place}: {type(error).__name__} {error}; {FORM}") from error
    found = [answer.answer[claim.start : claim.end] for claim in claims(answer.answer, answer.language)]
    if found != [sentence.text for sentence in answer.sentences]:
        raise EvaluationError(
            f"{place}: its answer has other sentences than are judged; give each as it stands"
        )
    return answer


def given_passages(answer: JudgedAnswer, documents: Sequence[Shelved]) -> list[tuple[int, Passage]]:
    """Return the passages that the answer was given, with their numbers. Raises EvaluationError."""
    given = []
    for number, (document, quote) in enumerate(answer.quotes, start=1):
        shelved = [one for one in documents if document in one.names]
        found = [passage for one in shelved for passage in passages_with(quote, one)]
        if not found:
            raise EvaluationError(
                f"{answer.place}: the quote “{quote[:40]}” is in no passage of {document!r}; "
                "index its document, or correct the line"
            )
        given.append((number, found[0]))
    return given


def figures_of(judged: Sequence[tuple[JudgedAnswer, Sequence[Verdict]]]) -> dict[str, Ratio]:
    """Return the metrics in the order of METRICS; those with nothing to count are left out."""
    counts = {
        name: [count for pair in judged for count in [of(*pair)] if count.of] for name, of in METRICS.items()
    }
    return {name: ratio(found) for name, found in counts.items() if found}


def ratio(counts: Iterable[Count]) -> Ratio:
    """Return the share over all counts, its interval from resampling whole questions."""
    hits: defaultdict[str, int] = defaultdict(int)
    of: defaultdict[str, int] = defaultdict(int)
    for count in counts:
        hits[count.question] += count.hits
        of[count.question] += count.of
    numerators = np.array([hits[question] for question in of], dtype=np.float64)
    denominators = np.array(list(of.values()), dtype=np.float64)
    low, high = ratio_interval(numerators, denominators)
    return Ratio(float(numerators.sum() / denominators.sum()), low, high, int(denominators.sum()))


def _unchecked(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    cited = [(set(cited_numbers(one.text)), one.right) for one in answer.sentences]
    return Count(answer.question, sum(len(a & b) for a, b in cited), sum(len(a) for a, _ in cited))


def _precision(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    kept = [(set(verdict.citations), one.right) for verdict, one in _pairs(answer, verdicts)]
    return Count(answer.question, sum(len(a & b) for a, b in kept), sum(len(a) for a, _ in kept))


def _recall(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    kept = [(set(verdict.citations), one.right) for verdict, one in _pairs(answer, verdicts)]
    return Count(answer.question, sum(len(a & b) for a, b in kept), sum(len(b) for _, b in kept))


def _support(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    same = [verdict.supported == bool(one.right) for verdict, one in _pairs(answer, verdicts)]
    return Count(answer.question, sum(same), len(same))


def _refusal(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    shown = any(verdict.supported for verdict in verdicts)
    return Count(answer.question, int(not shown), int(not answer.supported))


def _answered(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Count:
    shown = any(verdict.supported for verdict in verdicts)
    return Count(answer.question, int(shown and answer.supported), int(answer.supported))


def _pairs(answer: JudgedAnswer, verdicts: Sequence[Verdict]) -> Iterable[tuple[Verdict, JudgedSentence]]:
    return zip(verdicts, answer.sentences, strict=True)


# Of what each is a share: all citations as written; citations that are kept; citations that are right;
# sentences; answers of which nothing is supported; answers of which something is.
METRICS: dict[str, Callable[[JudgedAnswer, Sequence[Verdict]], Count]] = {
    "unchecked_citation_precision": _unchecked,
    "citation_precision": _precision,
    "citation_recall": _recall,
    "sentence_support": _support,
    "refusal": _refusal,
    "answered": _answered,
}
