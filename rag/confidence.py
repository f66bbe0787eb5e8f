"""How sure an answer is, as a probability, and when to say that nothing in the library answers.

A logistic model over what the search saw of the best passage (`python -m benchmarks.calibration --fit`),
fitted on 771 questions over this project's own documents (`data/questions`: 373 with an answer, 198 off-
topic, 200 near misses) and on half of XQuAD's articles in libraries of 10, 100 and 1,000 passages. Its terms
were chosen one after another by five-fold likelihood on those alone. On the other half of the articles,
1,696 cases: Brier 0.063, AUROC 0.977, at `ANSWERABLE_FROM` 91 % answered and 93 % refused; by size 0.054,
0.080, 0.100. Own questions, ten-fold: Brier 0.095 with an answer, 0.059 off-topic; cross-validated AUROC
0.965 off-topic, 0.723 near misses (in sample 0.968 and 0.730). Before, without cosine, lead and foreignness,
with the size of the library and the share of words instead: Brier 0.109, AUROC 0.945, 0.944 and 0.698. Left
out as the likelihood hardly changes (0.002 or less): size, words, standardised one vector, margin to the
next passage; the least and low quarter of the token maxima, and the reference paragraphs' similarity, did no
better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Held out, answered and refused: 93.8 and 87.9 % from 0.27, 90.7 and 92.9 from 0.37, 89.7 and 93.8 from 0.4.
ANSWERABLE_FROM = 0.37
# Tokens. The off-topic questions of the fit are short: without the lower bound keywords are always refused.
_SHORTEST, _LONGEST = 11, 24
LEAD_OVER = 5  # places below the first
_TYPICAL_LEAD = 2.0  # where there are not so many candidates


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best passage answering the question."""

    interaction: float  # its late interaction, standardised within its language
    similarity: float  # the same as it is, -1 to 1
    cosine: float  # of its one vector with the question's
    lead: float | None  # its total above that of the passage `LEAD_OVER` places lower; None without one
    foreign: float  # how foreign its language is to the question's words, 0 to 1
    tokens: int  # of the question: an average over few tokens is high by chance more often
    one_language: bool  # question and passage share it, so the passage's language should know the words

    def features(self) -> tuple[float, ...]:
        """What the logistic model weighs, in the order of `_WEIGHTS`."""
        length = math.log(min(max(self.tokens, _SHORTEST), _LONGEST))
        lead = _TYPICAL_LEAD if self.lead is None else max(self.lead, 0.0)
        return (
            self.interaction,
            self.similarity,
            self.cosine,
            self.similarity * self.cosine,  # either may be enough
            length,
            lead,
            lead * length,
            lead * self.similarity,
            self.foreign * length,
            self.foreign * self.one_language,
        )


_INTERCEPT = -55.039
_WEIGHTS = (-0.112, 74.290, 46.606, -77.343, 3.933, 1.558, -0.843, 2.433, 0.958, -8.137)


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
