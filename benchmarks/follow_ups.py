"""How well follow-up questions are read: `python -m benchmarks.follow_ups [--index DIR] [--misses]`.

Over `data/questions/follow-ups.jsonl` and the sample documents: the share of readings that are as expected,
and of retrievals that put the gold passage first, against "no rewriting" and "append the question before";
and how many questions that stand for themselves (each of `questions.jsonl` after the one before it) are left
alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag.chat.conversation import Conversation, Turn
from rag.chat.reading import read_follow_up
from rag.library import Library
from rag.records import Answer

DATA = Path(__file__).resolve().parents[1] / "data"
Case = dict[str, Any]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, help="a library of data/documents; made anew where not given")
    parser.add_argument("--misses", action="store_true", help="print what was not read or found as expected")
    parser.add_argument("--alone", action="store_true", help="only the questions that stand for themselves")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as temporary,
        Library(options.index or Path(temporary) / "index") as library,
    ):
        if options.index is None:
            library.add(DATA / "documents")
        if not options.alone:
            report(library, show_misses=options.misses)
        left_alone(library, show_misses=options.misses)


def report(library: Library, *, show_misses: bool) -> None:
    """Print each way's figures, by kind of follow-up."""
    cases = lines("follow-ups")
    ways: dict[str, Callable[[Case, Conversation], tuple[str, Answer, bool]]] = {
        "no rewriting": lambda case, talk: _plain(library, case["turns"][-1]),
        "append the question before": lambda case, talk: _plain(
            library, f"{case['turns'][-2]} {case['turns'][-1]}"
        ),
        "first reading": lambda case, talk: _first_reading(library, case, talk),
        "rag.chat": lambda case, talk: _reply(library, case, talk),
    }
    talks = [talk_before(library, case) for case in cases]
    for way, ask in ways.items():
        found: defaultdict[str, list[bool]] = defaultdict(list)
        read: list[bool] = []
        for case, talk in zip(cases, talks, strict=True):
            text, answer, right_kind = ask(case, talk)
            gold = right_kind and holds(answer, case)
            found[case["kind"]].append(gold)
            if "readings" in case:
                read.append(plain(text) in map(plain, case["readings"]))
            if show_misses and way == "rag.chat" and (not gold or ("readings" in case and not read[-1])):
                print(f"  {case['id']} {case['kind']} gold first: {gold}; {case['turns']} -> {text}")
        every = [right for kind in found.values() for right in kind]
        kinds = ", ".join(f"{kind} {sum(right)}/{len(right)}" for kind, right in found.items())
        print(
            f"{way}: gold first {sum(every)}/{len(every)} = {sum(every) / len(every):.3f} ({kinds});", end=" "
        )
        print(f"read as expected {sum(read)}/{len(read)}")


def left_alone(library: Library, *, show_misses: bool) -> None:
    """Print how many questions that stand for themselves are read so."""
    questions = [line["question"] for line in lines("questions")]
    questions += [line["question"] for line in lines("offtopic")]
    kept, surely = 0, 0
    for before, question in pairwise(questions):
        talk = Conversation() + library.reply(before)
        reading = library.reply(question, talk).reading
        surely += read_follow_up(talk, question).kind == "alone"
        kept += reading.kind == "alone"
        if show_misses and reading.kind != "alone":
            print(f"  {reading.kind}: {before} | {question} -> {reading.text}")
    print(f"left alone: {kept}/{len(questions) - 1} ({surely} by the first reading)")


def lines(name: str) -> list[Case]:
    """Return the records of a file of questions."""
    text = (DATA / "questions" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def talk_before(library: Library, case: Case) -> Conversation:
    """Return the conversation before the follow-up."""
    talk = Conversation()
    for question in case["turns"][:-1]:
        talk += library.reply(question, talk)
    return talk


def _plain(library: Library, question: str) -> tuple[str, Answer, bool]:
    return question, library.ask(question), True


def _first_reading(library: Library, case: Case, talk: Conversation) -> tuple[str, Answer, bool]:
    reading = read_follow_up(talk, case["turns"][-1])
    if reading.kind == "speaker":
        return _reply(library, case, talk)
    return reading.text, library.ask(reading.text), case["kind"] != "speaker"


def _reply(library: Library, case: Case, talk: Conversation) -> tuple[str, Answer, bool]:
    turn: Turn = library.reply(case["turns"][-1], talk)
    return turn.reading.text, turn.answer, case["kind"] != "speaker" or turn.reading.kind == "speaker"


def holds(answer: Answer, case: Case) -> bool:
    """Whether the first hit is of the gold document and holds the gold quote."""
    if not answer.hits:
        return False
    passage = answer.hits[0].passage
    if "speaker" in case and passage.source.speaker != case["speaker"]:
        return False
    named = passage.source.document.endswith(case["document"])
    return named and plain(case["quote"]) in plain(passage.text)


def plain(text: str) -> str:
    """Return text without white space, full-width punctuation and hyphens at line ends, folded."""
    folded = "".join(text.split()).casefold().replace("？", "?").replace("，", ",").replace("’", "'")
    return folded.replace("-", "").rstrip("?。.").lstrip("¿").replace("\xa0", "")


if __name__ == "__main__":
    main()
