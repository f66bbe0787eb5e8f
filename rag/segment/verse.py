"""Lines whose breaks are meant: stanzas, addresses, lists of short lines without bullets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.segment.columns import FULL, by_columns, fill_of
from rag.segment.lines import Line
from rag.segment.script import CONTINUING, TERMINAL, first_letter, is_cjk, is_spaceless

WIDEST, MEAN_WIDEST = 72, 56  # columns; of a line of verse, and of most of them
WIDEST_HAN = 48
_ENOUGH = 2.0  # the score from which on a run of lines is a stanza
_MARKS = frozenset("，。、,；：！？;:!?.")


@dataclass(frozen=True, slots=True)
class _Run:
    """Running lines without a blank line between them, and what their setting says."""

    first: int
    last: int  # exclusive
    widest: int  # columns
    is_whole: bool  # the last line ends with a mark, and about as far right as the others: seldom so in prose
    full: float  # the share of lines, but for the last, that fill a column
    score: float

    def __len__(self) -> int:
        return self.last - self.first


def find_verse(lines: Sequence[Line], barriers: Sequence[bool], fill: Sequence[float]) -> list[bool]:
    """For each line whether its break is meant; `fill` says how far lines reached in their column."""
    broadest = _broadest(lines)
    runs = [_measured(lines, run, fill, broadest) for run in _runs(lines, barriers)]
    scores = [run.score for run in runs]
    for i in _regular(runs):
        scores[i] += 1.5
    stanzas = [run for run, score in zip(runs, scores, strict=True) if len(run) >= 2 and score >= _ENOUGH]
    if len(stanzas) >= 3 and 2 * sum(map(len, stanzas)) >= sum(map(len, runs)):
        chosen = _poem(runs, stanzas)
    else:
        chosen = [run for run in stanzas if _stands_alone(lines, run, stanzas)]
    marks = [False] * len(lines)
    for run in chosen:
        for index in range(run.first, run.last):
            marks[index] = True
    return marks


def _broadest(lines: Sequence[Line]) -> int:
    """The width that one line in ten reaches in this document."""
    ordered = sorted((by_columns(line) for line in lines), reverse=True)
    return ordered[len(ordered) // 10] if ordered else 0


def _runs(lines: Sequence[Line], barriers: Sequence[bool]) -> list[range]:
    """The stretches of running lines with no blank line between them."""
    runs: list[range] = []
    first = 0
    for index in range(1, len(lines) + 1):
        is_cut = (
            index == len(lines)
            or lines[index].gap > 0
            or lines[index].new_page
            or barriers[index]
            or barriers[index - 1]
        )
        if is_cut:
            if not barriers[first]:
                runs.append(range(first, index))
            first = index
    return runs


def _measured(lines: Sequence[Line], run: range, fill: Sequence[float], broadest: int) -> _Run:
    edges = [by_columns(lines[i]) for i in run]
    widest = max(edges)
    full = sum(fill[i] >= FULL for i in run[:-1]) / max(1, len(run) - 1)
    is_short = widest <= WIDEST and sum(lines[i].columns for i in run) <= MEAN_WIDEST * len(run)
    score = _score(lines, run, widest, full, broadest) if is_short and len(run) >= 2 else 0.0
    is_whole = edges[-1] >= 0.7 * widest and _stopped(lines, run[-1:]) == 1
    return _Run(run[0], run[-1] + 1, widest, is_whole=is_whole, full=full, score=score)


def _score(lines: Sequence[Line], run: range, widest: int, full: float, broadest: int) -> float:
    """How much the lines look like verse by themselves."""
    stopped = _stopped(lines, run)
    if is_spaceless(lines[run[0]].text[0]):
        return _score_spaceless(lines, run, widest, full, stopped)
    unfilled = _unfilled(lines, run, widest, FULL)
    capitals = sum(first_letter(lines[i].text).isupper() for i in run) / len(run)
    score = 2.0 if unfilled >= 0.6 else 1.0 if unfilled >= 0.34 else 0.0
    score += 1.0 if stopped >= 0.75 else 0.5 if stopped >= 0.5 else 0.0
    score += 1.0 if capitals >= 0.9 else 0.0
    score += 2.0 if _alternates(lines, run) else 0.0
    score += 1.5 if broadest >= 1.6 * widest else 1.0 if broadest >= 1.3 * widest else 0.0
    return score - (1.5 if full > 0.5 else 1.0 if full > 0.34 else 0.0)


def _score_spaceless(lines: Sequence[Line], run: range, widest: int, full: float, stopped: float) -> float:
    if widest > WIDEST_HAN or (full > 0.5 and 0.0 < stopped < 0.75):
        return 0.0
    has_marks = any(mark in _MARKS for i in run for mark in lines[i].text)
    if not has_marks and len(run) >= 3 and is_cjk(lines[run[0]].text[0]):
        return _ENOUGH
    is_ragged = full == 0 and _unfilled(lines, run, widest, 0.8) >= 0.75
    return _ENOUGH if stopped >= 0.75 or is_ragged else 0.0


def _stopped(lines: Sequence[Line], run: Sequence[int]) -> float:
    """The share of lines that end with a mark."""
    last = [lines[i].text[-1] for i in run]
    return sum(mark in TERMINAL or mark in CONTINUING or mark in "”’」』\"'" for mark in last) / len(last)


def _unfilled(lines: Sequence[Line], run: range, widest: int, share: float) -> float:
    """The share of lines on which the next word would have found room."""
    short = sum(fill_of(lines[i], lines[i + 1], widest) < share for i in run[:-1])
    return short / max(1, len(run) - 1)


def _alternates(lines: Sequence[Line], run: range) -> bool:
    """Whether the lines are indented by turns, as couplets are."""
    indents = [lines[i].indent for i in run]
    turns = sum(before != after for before, after in pairwise(indents))
    fewest = min(indents.count(indent) for indent in set(indents))
    return len(set(indents)) == 2 and fewest >= 2 and turns >= 0.6 * (len(run) - 1)


def _regular(runs: Sequence[_Run]) -> set[int]:
    """The runs beside one of as many lines, whole in both: stanzas of one form."""
    found: set[int] = set()
    for i, (one, other) in enumerate(pairwise(runs)):
        is_alike = len(one) == len(other) >= 3 and one.is_whole and other.is_whole
        if is_alike and max(one.score, other.score) >= 1:
            found |= {i, i + 1}
    return found


def _poem(runs: Sequence[_Run], stanzas: Sequence[_Run]) -> list[_Run]:
    """In a document of verse all runs that are no wider than the stanzas and no shorter than a couplet."""
    widest = max(run.widest for run in stanzas)
    starts = {run.first for run in stanzas}
    return [
        run
        for run in runs
        if run.first in starts
        or (run.first > 0 and len(run) >= 2 and run.widest <= 1.1 * widest and 2 * run.full <= 1)
    ]


def _stands_alone(lines: Sequence[Line], run: _Run, stanzas: Sequence[_Run]) -> bool:
    """Whether one stanza in a document of prose is long or clear enough; the head of a page never is."""
    if run.first == 0:
        return False
    if len(run) >= 4 or (len(run) == 3 and _stopped(lines, range(run.first, run.last)) >= 0.5):
        return True
    return len(run) >= 3 and len(stanzas) >= 2
