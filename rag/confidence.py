"""How sure an answer is, as a probability, and when to say that nothing in the library answers.

A logistic model over what the search saw. First version: its weights were set by eye.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ANSWERABLE_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best passage answering the question."""

    interaction: float  # MaxSim of the best passage, standardised within its language
    meaning: float  # one-vector similarity, likewise
    words: float  # share of the question's idf mass that it holds, 0 to 1
    similarity: float  # its MaxSim as it is, -1 to 1


def confidence(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the best passage answers."""
    logit = -6.0 + 1.2 * evidence.interaction + 0.4 * evidence.meaning + 4.0 * evidence.words
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))
