"""The sentence of a passage that answers, as character spans: pure functions on arrays."""

from __future__ import annotations

import numpy as np

from rag.records import TokenStates
from rag.sentences import sentence_spans


def best_sentences(
    question: str, question_tokens: TokenStates, text: str, tokens: TokenStates, *, language: str
) -> tuple[tuple[int, int], ...]:
    """The spans of `text` that answer best, in text order.

    `tokens` holds the passage's states with spans into `text` (those of its context end at 0 or before), in
    the same space as `question_tokens`. First version: the sentence with the highest late interaction.
    """
    spans = sentence_spans(text, language)
    similarity = tokens.states @ question_tokens.states.T
    best: tuple[tuple[int, int], ...] = ()
    best_score = -np.inf
    for start, end in spans:
        inside = (tokens.spans[:, 0] >= start) & (tokens.spans[:, 1] <= end) & (tokens.spans[:, 1] > 0)
        if inside.any() and (score := float(similarity[inside].max(axis=0).mean())) > best_score:
            best, best_score = ((start, end),), score
    return best or tuple(spans[:1])
