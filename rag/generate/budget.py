"""Which passages go to a model: whole ones, best first, as many as it can read.

A passage that does not fit is left out, and smaller ones after it may still go. Where none fits whole, the
best is cut at the end of a sentence; what went, and nothing else, is what citations are checked against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import regex

from rag.errors import UsageError
from rag.generate.messages import Message, answer_messages, passage_block
from rag.records import Answer, Hit
from rag.sentences import sentence_spans

PASSAGE_TOKENS = 3000  # of the library's own tokeniser; ten passages of the longest kind
ANSWER_TOKENS = 400  # five long sentences with their numbers
MIN_CONTEXT = 1024  # tokens; the rules, the question and an answer leave a third of it

# A model's own tokeniser is not here, so the least bytes that a token has are taken. Measured with SmolLM2,
# whose 49,000 tokens are English (documents of data/): English 3.1 to 4.2 bytes a token, German 2.4, Spanish
# 2.6, Chinese 1.5 to 2.2, Japanese 1.6, Thai 1.6, Arabic 1.9, Korean 1.2 (which may pass the bound).
# A digit is a token. Models that know the languages make half as many of Chinese.
_NARROW_BYTES, _WIDE_BYTES = 2.6, 1.5
_DIGIT = regex.compile(r"[0-9]")

_Count = Callable[[str], int]


def checked_context(context_tokens: int) -> int:
    """The context, 0 where it is not known. Raises UsageError where nothing can be written within it."""
    if context_tokens and context_tokens < MIN_CONTEXT:
        raise UsageError(
            f"--llm-context: {context_tokens} tokens are too few, as rules, question and answer take most of "
            f"{MIN_CONTEXT}; take a model with a larger context"
        )
    return context_tokens


def most_tokens(text: str) -> int:
    """About the most tokens that any model makes of the text."""
    digits = len(_DIGIT.findall(text))
    narrow = sum(character < "\x80" for character in text) - digits
    wide = len(text.encode("utf-8", "replace")) - narrow - digits
    return digits + math.ceil(narrow / _NARROW_BYTES + wide / _WIDE_BYTES)


def tokens_of(messages: Sequence[Message]) -> int:
    """About the most tokens that a request with these messages has."""
    return sum(most_tokens(message.content) + 8 for message in messages)  # 8: what marks a turn


def chosen_hits(answer: Answer, context_tokens: int, count_tokens: _Count) -> tuple[Hit, ...]:
    """The hits whose passages go to a model with this context; none where the question fills it."""
    hits = given_hits(answer.hits, count_tokens, budget=PASSAGE_TOKENS)
    if not context_tokens:
        return hits
    budget = context_tokens - ANSWER_TOKENS - tokens_of(answer_messages(answer.question, ()))
    return given_hits(hits, most_tokens, budget=budget)


def given_hits(hits: Sequence[Hit], count_tokens: _Count, *, budget: int) -> tuple[Hit, ...]:
    """The hits, best first, whose whole passages fit into `budget` tokens together; else the first, cut."""
    given: list[Hit] = []
    left = budget
    for hit in hits:
        size = count_tokens(passage_block(hit))
        if size <= left:
            given.append(hit)
            left -= size
    if given or not hits:
        return tuple(given)
    cut = _cut(hits[0], lambda hit: count_tokens(passage_block(hit)) <= budget)
    return () if cut is None else (cut,)


def _cut(hit: Hit, fits: Callable[[Hit], bool]) -> Hit | None:
    """The hit with those whole sentences around the first that answers that fit, more after it than before.

    Of a sentence that is too long by itself, as a table may be, its beginning up to a word's end. None where
    nothing fits.
    """
    text = hit.passage.text
    spans = sentence_spans(text, hit.passage.language)
    answers = hit.highlights[0][0] if hit.highlights else 0
    first = next((place for place, (_, end) in enumerate(spans) if end > answers), 0)
    begin, last = first, first
    while last + 1 < len(spans) and fits(_part(hit, spans[begin][0], spans[last + 1][1])):
        last += 1
    while begin > 0 and fits(_part(hit, spans[begin - 1][0], spans[last][1])):
        begin -= 1
    part = _part(hit, spans[begin][0], spans[last][1])
    return part if fits(part) else _beginning(hit, spans[first], fits)


def _beginning(hit: Hit, span: tuple[int, int], fits: Callable[[Hit], bool]) -> Hit | None:
    start, low, high = span[0], span[0], span[1]  # up to `low` it fits, up to `high` it does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(_part(hit, start, middle)) else (low, middle)
    kept = hit.passage.text[start:low]
    word = max(kept.rfind(character) for character in " \n\t,;，；、")
    end = start + word if word > 0 else low
    return _part(hit, start, end) if end > start else None


def _part(hit: Hit, start: int, end: int) -> Hit:
    return replace(hit, passage=replace(hit.passage, text=hit.passage.text[start:end]), highlights=())
