"""The commands that ask: `rag ask` and `rag chat`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.commands.options import (
    index_option,
    model_option,
    opened_library,
    positive,
    print_json,
    reranker_option,
)
from rag.commands.written import generator_of, llm_options, reader_of, write_answer
from rag.errors import QuestionError, UsageError
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.chat.conversation import Conversation, Reading, Turn
    from rag.generate.messages import Generator
    from rag.library import Library
    from rag.records import Answer


def ask_command(command: argparse.ArgumentParser) -> None:
    """Ask one question, or a file of questions."""
    command.add_argument("question", nargs="?", metavar="QUESTION")
    command.add_argument(
        "--questions",
        type=Path,
        metavar="FILE.jsonl",
        help='one {"id", "question"} a line; answers keep the order',
    )
    command.add_argument("-k", type=positive, default=Settings().hits, help="passages to show (%(default)s)")
    for name, (metavar, what) in _FILTERS.items():
        command.add_argument(f"--{name}", default="", metavar=metavar, help=what)
    llm_options(command)
    index_option(command)
    model_option(command)
    reranker_option(command)
    command.set_defaults(run=run_ask)


_FILTERS = {  # the fields of `records.Filters`
    "folder": ("DIR", "only from documents below this folder"),
    "document": ("PATH", "only from this document"),
    "format": ("ENDING", "only from files with this ending, as in pdf"),
    "language": ("CODE", "only passages in this language, as in zh"),
    "since": ("DATE", "only from documents that state a date on or after this day, month or year"),
    "until": ("DATE", "only from documents that state a date on or before it"),
    "speaker": ("NAME", "only what this person says or writes"),
    "section": ("HEADING", "only from sections under this heading"),
}


def chat_command(command: argparse.ArgumentParser) -> None:
    """Ask question after question; a follow-up is read from the ones before, a number opens that passage."""
    command.add_argument("-k", type=positive, default=Settings().hits, help="passages to show (%(default)s)")
    llm_options(command)
    index_option(command)
    model_option(command)
    command.set_defaults(run=run_chat)


def run_ask(options: argparse.Namespace) -> int:
    """Print the answer to each question, in order, each as soon as it is there."""
    from rag.filters import check
    from rag.generate.output import written_record
    from rag.records import Filters
    from rag.terminal import answer_text
    from rag.wire import answer_record

    filters = Filters(**{name: getattr(options, name) for name in _FILTERS})
    check(filters)
    if (options.question is None) == (options.questions is None):
        raise UsageError('give either a QUESTION or --questions FILE.jsonl: rag ask "…"')
    generator = generator_of(options)
    with opened_library(options) as library:
        for id, question in _questions(options):
            answer: Answer = library.ask(question, k=options.k, filters=filters)
            if not options.json:
                print(answer_text(answer, colour=sys.stdout.isatty()), flush=True)
            record = answer_record(answer, id=id)
            if generator is not None:
                written = write_answer(library, answer, generator, as_json=options.json)
                record["written"] = written_record(written)
            if options.json:
                print_json(record)
    return 0


def run_chat(options: argparse.Namespace) -> int:
    """Answer each line of stdin within one conversation, until it ends."""
    from rag.chat.conversation import Conversation
    from rag.terminal import passage_text

    conversation, generator = Conversation(), generator_of(options)
    with opened_library(options) as library:
        for line in _lines():
            last = conversation.last
            opened = int(line) if line.isdecimal() and len(line) < 3 and last is not None else 0
            if last is not None and 1 <= opened <= len(last.answer.hits):
                print(passage_text(last.answer.hits[opened - 1], library.passages_of), flush=True)
                continue
            try:
                conversation += _said(library, line, conversation, generator, options)
            except QuestionError as error:
                print(f"rag: {error}", file=sys.stderr)
    return 0


def _said(
    library: Library,
    line: str,
    conversation: Conversation,
    generator: Generator | None,
    options: argparse.Namespace,
) -> Turn:
    """The turn that a line makes, printed at once; with an endpoint, read and answered by it then."""
    from rag.generate.condense import reread
    from rag.generate.output import written_record
    from rag.wire import turn_record

    turn = library.reply(line, conversation, k=options.k)
    _show(turn, options)
    if generator is not None:

        def reply(reading: Reading) -> Turn:
            return library.reply(line, conversation, k=options.k, reading=reading)

        other = reread(turn, conversation, reader_of(options), reply=reply)
        if other is not turn:
            turn = other
            _show(turn, options)
    record = turn_record(turn.asked, _read_as(turn), turn.answer)
    if generator is not None and turn.reading.kind != "speaker":
        written = write_answer(library, turn.answer, generator, as_json=options.json)
        turn, record = replace(turn, written=written), record | {"written": written_record(written)}
    if options.json:
        print_json(record)
    return turn


def _show(turn: Turn, options: argparse.Namespace) -> None:
    """Print the turn's passages; not where programs read: they get one object a question, at its end."""
    from rag.terminal import turn_text

    if not options.json:
        print(turn_text(turn.asked, _read_as(turn), turn.answer, colour=sys.stdout.isatty()), flush=True)


def _read_as(turn: Turn) -> str:
    return turn.asked if turn.reading.kind == "speaker" else turn.reading.text


def _lines() -> Iterator[str]:
    """Each line that is asked, from a person behind a prompt or from a pipe; blank ones are passed over."""
    while True:
        if sys.stdin.isatty():
            print("? ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _questions(options: argparse.Namespace) -> Iterator[tuple[object, str]]:
    if options.questions is None:
        yield None, options.question
        return
    from rag.wire import question_lines

    yield from question_lines(options.questions)
