"""The parts of the command `rag` that have to do with written answers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.commands.options import positive
from rag.errors import UsageError
from rag.settings import DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    from rag.generate.endpoint import ChatEndpoint
    from rag.generate.events import Event
    from rag.generate.messages import Generator
    from rag.library import Library
    from rag.records import Answer, ProgressCallback
    from rag.web.talk import Scribe
    from rag.wire import JsonObject
    from rag.written import Written


def llm_options(command: argparse.ArgumentParser) -> None:
    """Add --llm, --llm-model and --llm-context."""
    command.add_argument(
        "--llm",
        metavar="URL",
        help="an OpenAI-compatible endpoint that writes an answer; the passages are sent to it. Its key: "
        "RAG_LLM_API_KEY in the environment",
    )
    command.add_argument("--llm-model", metavar="NAME", help="the endpoint's name of the model")
    command.add_argument(
        "--llm-context",
        type=positive,
        default=0,
        metavar="TOKENS",
        help="how much the model can read and write together: fewer passages go to one with a small context",
    )


def generator_of(options: argparse.Namespace) -> ChatEndpoint | None:
    """The endpoint that was asked for; None where none was."""
    if options.llm is None and options.llm_model is None and not options.llm_context:
        return None
    if not options.llm or not options.llm_model:
        raise UsageError("--llm URL and --llm-model NAME go together: give both")
    from rag.generate.endpoint import ChatEndpoint

    return ChatEndpoint(options.llm, options.llm_model, context_tokens=options.llm_context)


def scribe_of(options: argparse.Namespace) -> Scribe | None:
    """The endpoint that was asked for, as the page uses it; None where none was."""
    writer = generator_of(options)
    if writer is None:
        return None
    from rag.web.talk import Scribe

    return Scribe(writer, reader_of(options), writer.shown)


def reader_of(options: argparse.Namespace) -> ChatEndpoint:
    """The endpoint that was asked for, to read follow-ups: it is waited for less long."""
    from rag.generate.condense import LIMITS
    from rag.generate.endpoint import ChatEndpoint

    return ChatEndpoint(options.llm, options.llm_model, context_tokens=options.llm_context, limits=LIMITS)


def write_answer(library: Library, answer: Answer, generator: Generator, *, as_json: bool) -> Written:
    """What the endpoint wrote; without `as_json`, printed sentence by sentence as it comes.

    An endpoint that fails costs one line and no exit code: the passages are there.
    """
    from rag.generate.output import event_text, written_answer

    def shown() -> Iterator[Event]:
        for event in library.write(answer, generator):
            text = "" if as_json else event_text(event, colour=sys.stdout.isatty())
            if text:
                print(text, flush=True)
            yield event

    written = written_answer(shown())
    if written.problem:
        print(f"rag: the answer was not written to its end: {written.problem}", file=sys.stderr)
    return written


def appraise(
    options: argparse.Namespace, library: Library, progress: ProgressCallback
) -> tuple[JsonObject, str]:
    """The figures of judged answers, or of an endpoint that answers a set's questions; as JSON, as text."""
    from rag.appraise import appraisal_record, appraisal_text, appraise_answers, appraise_endpoint

    generator = generator_of(options)
    if generator is None:
        settings = replace(Settings(), index=options.index, model=options.model or DEFAULT_MODEL)
        appraisal = appraise_answers(options.answers, settings=settings, progress=progress)
    elif options.answers is not None:
        raise UsageError(
            "--answers judges answers that are there: leave --llm out, or name a file of questions"
        )
    else:
        appraisal = appraise_endpoint(
            options.set, library, generator, sample=options.sample, progress=progress
        )
    return appraisal_record(appraisal), appraisal_text(appraisal)
