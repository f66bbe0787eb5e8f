"""The commands that ask: `rag ask` and `rag chat`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
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
from rag.commands.written import generator_of, llm_options, write_answer
from rag.errors import QuestionError, UsageError
from rag.settings import Settings

if TYPE_CHECKING:
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
    index_option(command)
    model_option(command)
    command.set_defaults(run=run_chat)


def run_ask(options: argparse.Namespace) -> int:
    """Print the answer to each question, in order, each as soon as it is there."""
    from rag.filters import check
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
            written = write_answer(library, answer, generator, as_json=options.json)
            if options.json:
                print_json(answer_record(answer, id=id) | written)
    return 0


def run_chat(options: argparse.Namespace) -> int:
    """Answer each line of stdin within one conversation, until it ends."""
    from rag.chat.conversation import Conversation
    from rag.terminal import passage_text, turn_text
    from rag.wire import turn_record

    conversation, colour = Conversation(), sys.stdout.isatty()
    with opened_library(options) as library:
        for line in _lines():
            last = conversation.last
            opened = int(line) if line.isdecimal() and len(line) < 3 and last is not None else 0
            if last is not None and 1 <= opened <= len(last.answer.hits):
                print(passage_text(last.answer.hits[opened - 1], library.passages_of), flush=True)
                continue
            try:
                turn = library.reply(line, conversation, k=options.k)
            except QuestionError as error:
                print(f"rag: {error}", file=sys.stderr)
                continue
            conversation += turn
            read = turn.asked if turn.reading.kind == "speaker" else turn.reading.text
            if options.json:
                print_json(turn_record(turn.asked, read, turn.answer))
            else:
                print(turn_text(turn.asked, read, turn.answer, colour=colour), flush=True)
    return 0


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
