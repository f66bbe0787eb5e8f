"""A sentence of an answer and the passages that it cites -> `Verdict`.

What must hold, in this order: it cites a passage that was given; it sends nobody to an address that was not
asked for; it is in the question's language; every number, date, name and quotation in it stands in a passage
that it cites; one of these, or all together, says what it says (`support`). A sentence
without a citation is not supported, however true: nobody could look it up.

What this cannot see: a "not" put in or left out, "before" for "after", who did what to whom, in the very
words of the passage. Nor does it add up: a sum that the model has worked out stands in no passage, and is
marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.encoder import Encoder
from rag.generate.citations import Claim
from rag.generate.counts import missing_counts
from rag.generate.figures import missing_figures
from rag.generate.instructions import is_instruction
from rag.generate.likeness import Piece, likeness_of
from rag.generate.names import missing_names
from rag.generate.support import Evidence, above_floor, said
from rag.generate.tongue import other_language
from rag.language import UNDECIDED, detect_language
from rag.written import Reason, Verdict


def verify(
    claim: Claim,
    answer: str,
    evidence: Mapping[int, Evidence],
    encoder: Encoder,
    *,
    language: str,
    question: str = "",
) -> Verdict:
    """The verdict on one sentence of `answer` to `question`.

    `language` is the question's, and what to assume of a sentence that shows none.
    """
    given = [evidence[number] for number in claim.cited if number in evidence]
    if not given:
        reason = Reason.NOT_GIVEN if claim.cited else Reason.UNCITED
        return _verdict(claim, answer, reason)
    if is_instruction(claim.text, question):
        return _verdict(claim, answer, Reason.INSTRUCTION)
    if other_language(claim.text, language):
        return _verdict(claim, answer, Reason.LANGUAGE)
    own = detect_language(claim.text)
    own = language if own == UNDECIDED else own
    sentence = said(claim.text, encoder)
    pieces = likeness_of(claim.text, sentence.tokens, encoder.fingerprint)
    missing = missing_from(claim.text, given, language=own, pieces=pieces)
    if missing:
        return _verdict(claim, answer, Reason.FACT, missing=missing)
    scores = {one.rank: above_floor(sentence, [one], same_language=own == one.language) for one in given}
    same = all(one.language == own for one in given)
    score = max(*scores.values(), above_floor(sentence, given, same_language=same))
    if score < 0:
        return _verdict(claim, answer, Reason.WEAK, score=score)
    only = {one.rank for one in given if _holds_alone(claim, one, given, language=own, pieces=pieces)}
    alone = tuple(one.rank for one in given if scores[one.rank] >= 0 or one.rank in only)
    return _verdict(claim, answer, Reason.SUPPORTED, citations=alone or tuple(scores), score=score)


def missing_from(
    claim: str, given: list[Evidence], *, language: str, pieces: Sequence[Piece] = ()
) -> tuple[str, ...]:
    """The figures, names and quotations of the sentence that stand in none of the passages."""
    held = frozenset[str]().union(*(one.values for one in given))
    text = "\n".join(one.text for one in given)
    same = all(one.language == language for one in given)
    names = missing_names(claim, text, language=language, same_language=same, pieces=pieces)
    counts = missing_counts(claim, text) if same else []
    return tuple(dict.fromkeys((*missing_figures(claim, held), *counts, *names)))


def _holds_alone(
    claim: Claim, one: Evidence, given: list[Evidence], *, language: str, pieces: Sequence[Piece]
) -> bool:
    """Whether a figure or name of the sentence stands in this passage and in no other that it cites."""
    others = [other for other in given if other is not one]
    return bool(others) and bool(missing_from(claim.text, others, language=language, pieces=pieces))


def _verdict(
    claim: Claim,
    answer: str,
    reason: Reason,
    *,
    citations: tuple[int, ...] = (),
    missing: tuple[str, ...] = (),
    score: float = 0.0,
) -> Verdict:
    return Verdict(
        start=claim.start,
        end=claim.end,
        text=answer[claim.start : claim.end],
        said=claim.text,
        reason=reason,
        citations=citations,
        dropped=tuple(number for number in claim.cited if number not in citations),
        missing=missing,
        score=score,
    )
