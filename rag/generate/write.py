"""An answer with its passages -> the events of writing from them, each sentence checked as it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from rag.encoder import Encoder
from rag.errors import GenerationError
from rag.generate.budget import chosen_hits
from rag.generate.citations import Claim, claims
from rag.generate.events import Checked, Delta, Event, Finished, PassagesFound
from rag.generate.exchange import Cancelled
from rag.generate.messages import NO_ANSWER, Generator, answer_messages
from rag.generate.support import Evidence, evidence_of
from rag.generate.verify import verify
from rag.language import detect_language
from rag.records import Answer
from rag.written import Quote, Status, Verdict, Written

QUOTES = 3  # passages whose sentences stand in for an answer
_NO_ROOM = "the question leaves no room for a passage in the model's context: ask in fewer words"
_OPENERS = "[【［"


def write(
    answer: Answer,
    generator: Generator,
    encoder: Encoder,
    *,
    cancel: threading.Event | None = None,
) -> Iterator[Event]:
    """What happens, in order (see `events`); always ends with `Finished`, whatever the endpoint does.

    The passages come before anything is sent. The model is given the passages that fit into its
    context (see `budget`), and is not asked where the library itself says that nothing answers.
    """
    yield PassagesFound(answer)
    started = time.perf_counter()
    writing = _Writing(answer, generator.model)
    if not answer.answerable or not answer.hits:
        yield Finished(writing.written(Status.UNANSWERABLE, started=started))
        return
    hits = chosen_hits(answer, generator.context_tokens, encoder.count_tokens)
    if not hits:
        yield Finished(writing.written(Status.FAILED, problem=_NO_ROOM, started=started))
        return
    problem, status = "", None
    pieces = generator.stream(answer_messages(answer.question, hits), cancel=cancel)
    try:
        evidence: dict[int, Evidence] = {}
        for piece in pieces:
            if piece:
                # Not before the request is out: a model reads the passages for longer than this takes.
                evidence = evidence or evidence_of([(hit.rank, hit.passage) for hit in hits], encoder)
                writing.text += piece
                yield Delta(piece)
                yield from writing.check(evidence, encoder, is_whole=False)
        yield from writing.check(evidence, encoder, is_whole=True)
    except Cancelled:
        status = Status.CANCELLED
    except GenerationError as error:
        problem = str(error)
    finally:
        close = getattr(pieces, "close", None)  # a generator's: ends the request when nobody listens any more
        if close is not None:
            close()
    yield Finished(writing.written(status, problem=problem, started=started))


class _Writing:
    """The text so far, and the verdicts on those of its sentences that are whole."""

    def __init__(self, answer: Answer, model: str) -> None:
        self.answer, self.model = answer, model
        self.text = ""
        self.verdicts: list[Verdict] = []
        self._checked = 0  # characters of `text`
        self._language = detect_language(answer.question)

    def check(
        self, evidence: Mapping[int, Evidence], encoder: Encoder, *, is_whole: bool
    ) -> Iterator[Checked]:
        """A verdict on each sentence that nothing can be added to any more."""
        if is_refusal(self.text):
            return
        begin = self._checked
        found = claims(self.text[begin:], self._language)
        for place, claim in enumerate(found):
            if not is_whole and (
                place + 1 == len(found) or _may_be_a_mark(self.text[begin:], found[place + 1])
            ):
                return
            shifted = Claim(begin + claim.start, begin + claim.end, claim.text, claim.cited)
            verdict = verify(
                shifted, self.text, evidence, encoder, language=self._language, question=self.answer.question
            )
            self._checked = shifted.end
            self.verdicts.append(verdict)
            yield Checked(verdict)

    def written(self, status: Status | None, *, started: float, problem: str = "") -> Written:
        """The result, without a sentence that the endpoint did not finish: half a number is another one."""
        status = status or _status(self.text, self.verdicts, problem)
        quotes = () if status is Status.WRITTEN else quotes_of(self.answer)
        return Written(
            status=status,
            model=self.model,
            text=self.text[: self._checked],
            verdicts=tuple(self.verdicts),
            quotes=quotes,
            problem=problem,
            took_ms=(time.perf_counter() - started) * 1000,
        )


def _may_be_a_mark(text: str, claim: Claim) -> bool:
    """Whether what follows a sentence may yet turn out to be its citation: "[1" before the bracket closes."""
    return text[claim.start] in _OPENERS and claim.end == len(text) and len(claim.text) < 12


def is_refusal(text: str) -> bool:
    """Whether the model says, in the word that it was told, that the passages do not answer.

    True as well while the text is only the beginning of that word.
    """
    bare = text.strip().strip("*`\"'“”[]().。 ").upper().replace(" ", "_")
    return bool(bare) and (bare.startswith(NO_ANSWER) or NO_ANSWER.startswith(bare))


def _status(text: str, verdicts: list[Verdict], problem: str) -> Status:
    if any(verdict.supported for verdict in verdicts):
        return Status.WRITTEN
    if verdicts:
        return Status.UNSUPPORTED
    return Status.REFUSED if not problem and is_refusal(text) else Status.FAILED


def quotes_of(answer: Answer) -> tuple[Quote, ...]:
    """The sentences of the first passages that answer, in the passages' own words."""
    quotes = []
    for hit in answer.hits[:QUOTES]:
        said = " … ".join(hit.passage.text[start:end].strip() for start, end in hit.highlights)
        if said:
            quotes.append(Quote(hit.rank, said))
    return tuple(quotes)
