"""The sentence of a passage that answers, as character spans: pure functions on arrays.

Each token of the question has one vote and shares it out among the sentences of the passage, most of it to
those that hold its nearest tokens (late interaction). Voting, rather than adding similarities, keeps a token
that is near everything from drowning one that is near a single sentence. A sentence goes on from what stands
before it ("The company then moved …"), so it also holds, at a discount, what its predecessor, the first
sentence and the passage's title and heading hold. Nothing is encoded again, nothing depends on the language.

sentence@1 × 100 given the gold passage, on decoded 64-byte states; XQuAD zh / en / en→zh / zh→en:

    mean similarity (FINDINGS 2)                    81.3  83.9  73.3  75.5
    votes                                           83.1  85.4  74.7  76.9
    + question's own mean subtracted by half        83.2  86.1  77.0  79.4
    + rare tokens weigh more                        82.4  86.4  78.8  79.9
    + what stands before counts as well             84.0  88.3  79.4  80.1
    + two neighbours where one is not clearly best  87.1  90.3  83.5  83.5  (7.7, 6.2, 14.5, 13.8 % are two)

On the questions of data/ (167 over passages of several sentences, 13 languages; no constant was chosen on
them) mean similarity gives 78.4, the best sentence 80.8, with its neighbour in doubt 83.8. Constants have one
or two digits; 25 % more or less of any moves no figure by more than 1.2.

Measured and left out (points on the four sets): overlap of words beside states 0.0, length +0.1, position
-0.3, numbers and dates where the question asks for one +0.3 (with word lists for each language; digits alone
0.0), names where it asks who 0.0, the question encoded as a passage -0.4, weights by sub-word pieces -0.1,
every sentence encoded anew -0.2 / -1.2 / +2.5 / +1.6 for a forward pass as long as the passage.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rag.records import Float32, Int32, Int64, TokenStates
from rag.sentences import sentence_spans
from rag.tokens import lexical_terms

# Of the mean of the question's states, taken off each: topic and language lie there.
OWN_MEAN = np.float32(0.5)
TEMPERATURE = np.float32(0.15)  # cosine; this much nearer earns e times the share of a vote
# ln; vocabularies run from frequent to rare, and the first e**4 ids say nothing.
COMMON_RANK = np.float32(4.0)
LEAST_WEIGHT = np.float32(0.05)
FROM_BEFORE = np.float32(0.1)  # cosine; the discount on what the sentence before holds
FROM_AFAR = np.float32(0.2)  # the discount on what the first sentence, title and heading hold
# Votes apart. That a sentence answers is e ** (34 × votes) as likely (fitted on the four sets; 28 to 40 on
# each alone), so a neighbour closer than this is at least half as likely, and both are shown.
DOUBT = np.float32(0.02)
_QUESTION_MARKS = ("?", "？", "؟", "⁈", "⁇", "՞", "፧")
_CLOSERS = "\"'”’»」』）) "


def best_sentences(
    question: TokenStates, text: str, tokens: TokenStates, *, language: str
) -> tuple[tuple[int, int], ...]:
    """The stretch of `text` that answers best, as the only entry: a sentence, or two neighbours in doubt.

    `tokens` holds the passage's states with spans into `text` (those of its context end at 0 or before), in
    the same space as `question`. Equal votes go to the earlier sentence. Empty where `text` is blank.
    """
    spans = _without_questions(sentence_spans(text, language), text)
    if len(spans) < 2 or len(question.states) == 0 or len(tokens.states) == 0:
        return tuple(spans[:1])
    first, last = _chosen(votes(question, tokens, spans))
    return ((spans[first][0], spans[last][1]),)


def wordiest_sentence(
    rarity: Mapping[str, float], text: str, *, language: str
) -> tuple[tuple[int, int], ...]:
    """The sentence of `text` that holds most of the question, for a model without token states.

    `rarity` weighs each of the question's terms (`rag.tokens.lexical_terms`). Equal sentences, and all where
    none holds a term, as in another language, go to the earlier one. Empty where `text` is blank.
    """
    spans = _without_questions(sentence_spans(text, language), text)
    if not spans:
        return ()
    held = [
        sum(rarity.get(term, 0.0) for term in sorted(set(lexical_terms(text[start:end]))))
        for start, end in spans
    ]
    return (spans[int(np.argmax(held))],)


def _without_questions(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """The sentences that do not ask: a question answers nothing, its tokens count for the next sentence."""
    return [
        span
        for span in spans
        if span == spans[-1] or not text[span[0] : span[1]].rstrip(_CLOSERS).endswith(_QUESTION_MARKS)
    ]


def votes(question: TokenStates, tokens: TokenStates, spans: list[tuple[int, int]]) -> Float32:
    """(n,) the share of the question's votes that each of the n sentences at `spans` gets; they sum to 1.

    A sentence without tokens (beyond what the model reads) has what is carried over to it. With no tokens at
    all every sentence gets the same.
    """
    similarity = _focused(question.states) @ tokens.states.T
    owners = _owners(tokens.spans, spans)
    nearest = _nearest(similarity, owners, len(spans))
    held = _carried_over(nearest, _outside(similarity, owners))
    shares = np.exp((held - held.max(axis=1, keepdims=True)) / TEMPERATURE)
    shares /= shares.sum(axis=1, keepdims=True)
    weights = token_weights(question.token_ids)
    return np.asarray(weights @ shares / weights.sum(), dtype=np.float32)


def token_weights(token_ids: Int32) -> Float32:
    """(q,) what each token's vote counts for: little for the commonest pieces, by its id's rank."""
    rarity = np.log1p(token_ids.astype(np.float32)) - COMMON_RANK
    return np.sqrt(np.maximum(rarity, LEAST_WEIGHT))


def _focused(states: Float32) -> Float32:
    """(q, d) the states without half of their mean, unit rows."""
    rest = states - OWN_MEAN * states.mean(axis=0)
    return np.asarray(rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _owners(places: Int32, spans: list[tuple[int, int]]) -> Int64:
    """(t,) the first sentence that ends after the middle of each token, -1 for a token of the context."""
    ends = np.array([end for _, end in spans])
    middles = places.sum(axis=1) / 2
    owners = np.minimum(np.searchsorted(ends, middles, side="right"), len(spans) - 1)
    return np.where(places[:, 1] <= 0, -1, owners)


def _nearest(similarity: Float32, owners: Int64, count: int) -> Float32:
    """(q, n) the similarity of each question token to its nearest token of each sentence, -1 without one."""
    nearest = np.full((len(similarity), count), -1, np.float32)
    for sentence in range(count):
        inside = owners == sentence
        if inside.any():
            nearest[:, sentence] = similarity[:, inside].max(axis=1)
    return nearest


def _outside(similarity: Float32, owners: Int64) -> Float32:
    """(q,) the similarity of each question token to its nearest token of the context, -1 without one."""
    return np.asarray(similarity[:, owners < 0].max(axis=1, initial=-1), dtype=np.float32)


def _carried_over(nearest: Float32, outside: Float32) -> Float32:
    """(q, n) what each sentence holds by itself or, at a discount, through what stands before it."""
    held = np.maximum(nearest, np.maximum(nearest[:, 0], outside)[:, None] - FROM_AFAR)
    held[:, 1:] = np.maximum(held[:, 1:], nearest[:, :-1] - FROM_BEFORE)
    return held


def _chosen(shares: Float32) -> tuple[int, int]:
    """The first and the last sentence to show: the best, with its better neighbour where that is close."""
    best = int(shares.argmax())
    neighbours = [place for place in (best - 1, best + 1) if 0 <= place < len(shares)]
    second = max(neighbours, key=lambda place: float(shares[place]))
    if shares[best] - shares[second] > DOUBT:
        return best, best
    return min(best, second), max(best, second)
