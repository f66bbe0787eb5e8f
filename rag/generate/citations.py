"""The sentences of a written answer, and the numbers of the passages that each of them cites."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from rag.sentences import sentence_spans

MOST_IN_RANGE = 9  # "[1-9]"; a longer range is no citation

_NUMBER = r"\^?(?:passages?\s+|段落\s*|来源\s*)?\d{1,3}"
_MARK = regex.compile(
    rf"\s*[\[【［]\s*(?P<list>{_NUMBER}(?:\s*(?:[,，、;；]|-|–|—|and|和)\s*{_NUMBER})*)\s*[\]】］]",
    regex.IGNORECASE,
)
_PART = regex.compile(r"(\d+)\s*(?:[-–—]\s*\^?(\d+))?")
_LABEL = regex.compile(r"^\s*(?:[-*•#>]+|\(?\d{1,2}[.)、．](?!\d))\s*")
_WORD = regex.compile(r"[\p{L}\p{N}]")


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer: `answer[start:end]`, what it says without its marks, and what it cites."""

    start: int
    end: int
    text: str
    cited: tuple[int, ...]  # in order of first mention, each once, whether such a passage was given or not


def claims(answer: str, language: str = "und") -> list[Claim]:
    """The sentences of `answer` in order; every mark belongs to the sentence that it stands in or follows."""
    spans: list[tuple[int, int]] = []
    for start, end in sentence_spans(answer, language):
        leading = _leading_marks(answer, start, end)
        if spans and leading > start:  # "… said so. [1] The next": the mark is the first sentence's
            spans[-1] = (spans[-1][0], leading)
            start = leading + len(answer[leading:end]) - len(answer[leading:end].lstrip())
        if _WORD.search(_MARK.sub("", answer[start:end])):
            spans.append((start, end))
        elif spans:
            spans[-1] = (spans[-1][0], end)
    return [_claim(answer, start, end) for start, end in spans]


def without_marks(text: str) -> str:
    """The text without citation marks and without the label of a list at its beginning."""
    return _LABEL.sub("", _MARK.sub("", text), count=1).strip()


def cited_numbers(text: str) -> tuple[int, ...]:
    """The numbers of all citation marks in the text, each once: "[1]", "[1, 3]", "[2-4]", "【1】"."""
    numbers: dict[int, None] = {}
    for mark in _MARK.finditer(text):
        for first, last in _PART.findall(mark["list"]):
            low, high = int(first), int(last or first)
            if high - low < MOST_IN_RANGE:
                numbers |= dict.fromkeys(range(low, high + 1))
    return tuple(numbers)


def _leading_marks(answer: str, start: int, end: int) -> int:
    """Where the marks with which `answer[start:end]` begins end; `start` where it begins with none."""
    place = start
    while mark := _MARK.match(answer, place, end):
        place = mark.end()
    return place


def _claim(answer: str, start: int, end: int) -> Claim:
    return Claim(start, end, without_marks(answer[start:end]), cited_numbers(answer[start:end]))
