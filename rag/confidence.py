"""How sure an answer is, as a probability, and when to say that nothing in the library answers.

A logistic model over what the search saw of the best passage, fitted on 430 questions over this project's own
documents (`data/questions`: 240 with an answer, 190 without, in thirteen languages; ten-fold Brier 0.159).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Of the 430 questions (ten-fold), at this threshold: 97 % of the answerable are answered, 62 % of the
# off-topic and 12 % of the near misses refused. On a newspaper page that the fit had not seen: 27 of 29 and
# 7 of 10.
ANSWERABLE_FROM = 0.2
_SHORTEST, _LONGEST = 4, 24  # tokens; what a question's length says is held within what the fit has seen


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best passage answering the question."""

    interaction: float  # MaxSim of the best passage, standardised within its language
    words: float  # share of the question's idf mass that it holds, 0 to 1
    similarity: float  # its MaxSim as it is, -1 to 1
    tokens: int  # of the question: an average over few tokens is high by chance more often


def confidence(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the best passage answers."""
    length = math.log(min(max(evidence.tokens, _SHORTEST), _LONGEST))
    logit = (
        -14.45
        + 0.65 * evidence.interaction
        + 2.56 * evidence.words
        + 3.03 * evidence.similarity
        + 4.30 * length
    )
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))
