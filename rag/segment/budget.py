"""A text cut into parts that a model can read: at sentences, else clauses, else words, else anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import regex

from rag.language import detect_language
from rag.segment.script import is_mark
from rag.sentences import sentence_spans

Span: TypeAlias = tuple[int, int]

_CLAUSE = regex.compile(r"[，,；;：:、،؛—–]+[\s”’」』）)\"']*|\n+")
_SPACE = regex.compile(r"\s+")
_LANGUAGE_SAMPLE = 4000  # characters that decide the language of the text
_LONGEST_TOKEN = 32  # characters; a text longer than this for each token allowed is not even counted


def split_spans(text: str, *, count_tokens: Callable[[str], int], max_tokens: int) -> list[Span]:
    """The parts of `text` as (start, end), in order, of `max_tokens` or fewer each, as even as may be.

    Together they hold all of `text` but white space. A single character that counts more than `max_tokens`
    is a part by itself.
    """
    if _fits(text, count_tokens, max_tokens):
        return [(0, len(text))]
    sentences = sentence_spans(text, detect_language(text[:_LANGUAGE_SAMPLE]))
    atoms = _atoms(text, sentences, count_tokens=count_tokens, max_tokens=max_tokens)
    sizes = [count_tokens(text[start:end]) for start, end in atoms]
    spans: list[Span] = []
    for first, last in _even_groups(sizes, max_tokens):
        start, end = atoms[first][0], atoms[last - 1][1]
        if last - first > 1 and count_tokens(text[start:end]) > max_tokens:
            spans += atoms[first:last]
        else:
            spans.append((start, end))
    return spans


def _fits(text: str, count_tokens: Callable[[str], int], max_tokens: int) -> bool:
    return len(text) <= max_tokens * _LONGEST_TOKEN and count_tokens(text) <= max_tokens


def _atoms(
    text: str, spans: Sequence[Span], *, count_tokens: Callable[[str], int], max_tokens: int
) -> list[Span]:
    """`spans`, each that is too long cut further: at clauses, then at white space, then anywhere."""
    atoms: list[Span] = []
    for start, end in spans:
        if _fits(text[start:end], count_tokens, max_tokens):
            atoms.append((start, end))
            continue
        for pattern in (_CLAUSE, _SPACE):
            parts = _cut(text, start, end, pattern)
            if len(parts) > 1:
                atoms += _atoms(text, parts, count_tokens=count_tokens, max_tokens=max_tokens)
                break
        else:
            atoms += _slices(text, start, end, count_tokens=count_tokens, max_tokens=max_tokens)
    return atoms


def _cut(text: str, start: int, end: int, pattern: regex.Pattern[str]) -> list[Span]:
    """The stretch cut after each match, white space at the edges left out."""
    parts: list[Span] = []
    for match in pattern.finditer(text, start, end):
        parts.append((start, match.end()))
        start = match.end()
    parts.append((start, end))
    return [trimmed for part in parts if (trimmed := _trim(text, *part))[0] < trimmed[1]]


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _slices(
    text: str, start: int, end: int, *, count_tokens: Callable[[str], int], max_tokens: int
) -> list[Span]:
    """A stretch without any boundary cut by length, never inside a character with its marks."""
    size = max(1, max_tokens)
    parts: list[Span] = []
    while start < end:
        stop = _whole(text, min(end, start + size), end)
        while stop - start > 1 and count_tokens(text[start:stop]) > max_tokens:
            shorter = _whole(text, start + (stop - start) // 2, stop)
            if shorter >= stop:
                break
            stop = shorter
        part = _trim(text, start, stop)
        if part[0] < part[1]:
            parts.append(part)
        start = stop
    return parts


def _whole(text: str, position: int, end: int) -> int:
    """`position`, moved on past marks that belong to the character before it (64 of them at most)."""
    end = min(end, position + 64)
    while position < end and is_mark(text[position]):
        position += 1
    return position


def _even_groups(sizes: Sequence[int], limit: int) -> list[Span]:
    """The fewest groups of neighbours of `limit` or less in sum, the largest as small as possible."""
    fewest = len(_groups(sizes, limit))
    low, high = max(max(sizes), -(-sum(sizes) // fewest)), limit
    low = min(low, high)
    while low < high:
        middle = (low + high) // 2
        if len(_groups(sizes, middle)) <= fewest:
            high = middle
        else:
            low = middle + 1
    return _groups(sizes, high)


def _groups(sizes: Sequence[int], limit: int) -> list[Span]:
    groups: list[Span] = []
    first, total = 0, 0
    for index, size in enumerate(sizes):
        if index > first and total + size > limit:
            groups.append((first, index))
            first, total = index, 0
        total += size
    groups.append((first, len(sizes)))
    return groups
