"""Quotations -> judgements: which passages of a library hold the words that answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path, PurePath

from rag.errors import EvaluationError
from rag.judge.metrics import plain
from rag.judge.outcomes import QUOTE, Judgement
from rag.judge.sets import Quotation
from rag.records import DocumentInfo, Passage


@dataclass(frozen=True, slots=True)
class Shelved:
    """One document of the library as quotes are looked for in it: its passages' texts, plain, in one string.

    Passage i stands at `starts[i]` (inclusive) to `starts[i + 1]` (exclusive) of `text`.
    """

    names: frozenset[str]
    passages: tuple[Passage, ...]
    text: str
    starts: tuple[int, ...]


def shelve(info: DocumentInfo, passages: Sequence[Passage]) -> Shelved:
    """Return a document ready to be looked through; `passages` are in document order."""
    texts = [plain(passage.text) for passage in passages]
    names = {info.key, info.path, PurePath(info.path).name, PurePath(info.path).stem, info.title, info.id}
    return Shelved(
        names=frozenset(name for name in names if name),
        passages=tuple(passages),
        text="".join(texts),
        starts=tuple(accumulate(map(len, texts), initial=0)),
    )


def passages_with(quote: str, document: Shelved) -> list[Passage]:
    """Return the passages that hold the quote, or a part of it where it runs over their border.

    White space and width do not count (see `plain`); every place where the quote stands counts.
    """
    wanted, found = plain(quote), dict[int, Passage]()
    place = document.text.find(wanted) if wanted else -1
    while place >= 0:
        first = bisect_right(document.starts, place) - 1
        last = bisect_right(document.starts, place + len(wanted) - 1) - 1
        found |= {passage.id: passage for passage in document.passages[first : last + 1]}
        place = document.text.find(wanted, place + 1)
    return list(found.values())


def judge_quotations(
    quotations: Sequence[Quotation], documents: Sequence[Shelved], *, path: Path
) -> tuple[Judgement, ...]:
    """Return one judgement a quotation, in their order; all passages that hold its quote are one unit.

    Raises EvaluationError where a quote is nowhere in the library: it could not be found by any search, and
    the figures would blame the search for it.
    """
    judgements, lost = [], []
    for quotation in quotations:
        judgement = _judge(quotation, documents)
        if quotation.quote is not None and not judgement.passages:
            lost.append(quotation)
        judgements.append(judgement)
    if lost:
        raise EvaluationError(_complaint(lost, path))
    return tuple(judgements)


def _judge(quotation: Quotation, documents: Iterable[Shelved]) -> Judgement:
    quote = quotation.quote
    wanted = [one for one in documents if quotation.document is None or quotation.document in one.names]
    found = [] if quote is None else [passage for one in wanted for passage in passages_with(quote, one)]
    return Judgement(
        id=quotation.id,
        question=quotation.question,
        gains={QUOTE: 1} if found else {},
        answers=quotation.answers or (() if quote is None else (quote,)),
        gold=found[0].text if found else "",
        passages=frozenset(passage.id for passage in found),
        section=quotation.section,
        speaker=quotation.speaker,
    )


def _complaint(lost: Sequence[Quotation], path: Path) -> str:
    first = lost[0]
    place = f"document {first.document!r}" if first.document is not None else "the library"
    rest = f" (and those of {len(lost) - 1} more lines)" if len(lost) > 1 else ""
    quote = first.quote or ""
    shown = quote if len(quote) <= 40 else quote[:40] + "…"
    return (
        f"{path}, line {first.line}: the quote “{shown}”{rest} is in no passage of {place}; "
        "index its document, or correct the line"
    )
