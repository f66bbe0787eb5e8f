"""How sure an answer is, as a probability, and when to say that nothing in the library answers.

A logistic model over what the search saw of the best passage (`python -m benchmarks.calibration --fit`),
fitted on 771 questions over this project's own documents (`data/questions`: 373 with an answer, 198
off-topic, 200 near misses) and on half of XQuAD's articles in libraries of 10 to 10,000 passages. On the
other half of the articles, 1,914 cases: Brier 0.089, AUROC 0.965 (before the ranking of languages changed
and it was fitted anew, 0.093 and 0.956; fitted on the own questions alone, of 1,696 cases, 0.189 and 0.817).
By size, 10 to 10,000: Brier 0.080, 0.083, 0.106, 0.127. Own questions, ten-fold: Brier 0.128 with an answer,
0.072 off-topic. Off-topic questions over the own documents: AUROC 0.982; near misses are hardly told apart
(0.675). Tried and left out: interaction with the size, words apart for another language, margin to the next
passages, least and low quarter of the token maxima, one-vector similarity (0.00 to 0.01 each).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Of the half held out 93 % of the answerable questions are answered and 84 % of the others refused; at 0.32
# 90 and 88 %. Chosen with a newspaper page in view: it gets 27 of 29 and 8 of 10, at 0.28 to 0.36 26 and 8.
ANSWERABLE_FROM = 0.27
# Tokens. The off-topic questions of the fit are short: without the lower bound keywords are always refused.
_SHORTEST, _LONGEST = 11, 24


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best passage answering the question."""

    interaction: float  # MaxSim of the best passage, standardised within its language
    words: float  # share of the question's idf mass that it holds, 0 to 1
    similarity: float  # its MaxSim as it is, -1 to 1
    tokens: int  # of the question: an average over few tokens is high by chance more often
    one_language: bool  # question and passage share it, and with it a part of their similarity
    passages: int  # of the best one's language: the best of many scores high by chance more often

    def features(self) -> tuple[float, ...]:
        """What the logistic model weighs, in the order of `_WEIGHTS`."""
        length = math.log(min(max(self.tokens, _SHORTEST), _LONGEST))
        same = float(self.one_language)
        size = math.log(max(self.passages, 1))
        return self.interaction, self.words, self.similarity, length, same, size, same * self.similarity


# Fitted: -15.13. The states of two layers (`rag.e5.graph`) stand 0.08 to 0.35 higher on the logit over the
# own questions; this much lower as many are answered and refused as before. Not fitted again otherwise.
_INTERCEPT = -15.38
_WEIGHTS = (0.325, 10.18, 14.93, 3.09, -0.44, -0.202, -6.10)


def confidence(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the best passage answers."""
    logit = _INTERCEPT + sum(
        weight * value for weight, value in zip(_WEIGHTS, evidence.features(), strict=True)
    )
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))


_FEWEST_TERMS, _MOST_TERMS = 8, 30


def confidence_without_tokens(*, meaning: float, words: float, terms: int, one_language: bool) -> float:
    """The same where the model gives no token states, from standardised one-vector similarity and words.

    `terms` counts the question's lexical terms. Fitted on the same questions with the bundled model's
    vectors alone: ten-fold AUROC 0.823 off-topic, 0.607 near misses, Brier 0.199. In sample, at
    `ANSWERABLE_FROM`, 95 % of the answerable questions are answered, 53 % of the off-topic and 12 % of
    the near misses refused: a server's vectors tell far less than token states. No raw cosine is in it,
    as each model has its own range of them.
    """
    length = math.log(min(max(terms, _FEWEST_TERMS), _MOST_TERMS))
    logit = -5.16 + 0.25 * meaning + 8.75 * words + 1.52 * length - 1.11 * one_language
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))
