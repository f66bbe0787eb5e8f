"""The command `rag`: parse arguments, call one function of `Library`, print.

Results go to stdout, progress and errors to stderr. Exit codes: 0 fine, 1 the command could not do it (one
line says what, where and what next), 2 wrong usage, 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.commands.ask import ask_command, chat_command
from rag.commands.life import export_command, import_command, watch_command
from rag.commands.options import index_option as _index_option
from rag.commands.options import model_option as _model_option
from rag.commands.options import opened_library as _library
from rag.commands.options import positive as _positive
from rag.commands.options import print_json as _print_json
from rag.commands.options import refuse_store
from rag.commands.options import reranker_option as _reranker_option
from rag.commands.written import appraise, llm_options, scribe_of
from rag.errors import RagError, UsageError
from rag.settings import DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    pass

DESCRIPTION = "Ask your own documents a question, in any language; get the passages that answer it."
EPILOG = "Results go to stdout, progress to stderr. Exit codes: 0 fine, 1 could not do it, 2 wrong usage."
DEBUG_VARIABLE = "RAG_DEBUG"
# Set before numpy is loaded. A question's products are so small that a second thread mostly waits, and
# OpenBLAS waits by spinning: 100 to 130 ms of processor time a question with two, 26 to 29 with one (two
# cores with other work). The model's threads are onnxruntime's own.
ONE_THREAD_A_PRODUCT = ("OPENBLAS_NUM_THREADS", "1")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command line `arguments` (those of the process by default)."""
    os.environ.setdefault(*ONE_THREAD_A_PRODUCT)
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has printed help (0) or what is wrong with the usage (2)
        return int(stop.code or 0)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except RagError as error:
        return _fail(str(error), 2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        return _fail("stopped; what had been committed is kept", 130)
    except BrokenPipeError:  # the reader of our output has gone: nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return _fail(f"unexpected failure: {line} (nothing was lost; {DEBUG_VARIABLE}=1 shows where)", 1)


def _fail(message: str, code: int) -> int:
    print(f"rag: {' '.join(message.split())}", file=sys.stderr)
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command; each sub-command stores its function as `run`."""
    parser = argparse.ArgumentParser(prog="rag", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, build in _COMMANDS.items():
        run = build.__doc__ or ""
        command = commands.add_parser(name, help=run.rstrip("."), description=run, epilog=EPILOG)
        build(command)
        command.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser


def _index_command(command: argparse.ArgumentParser) -> None:
    """Add or update files and folders; unchanged files cost nothing."""
    command.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders")
    command.add_argument(
        "--rebuild", action="store_true", help="encode everything again, with --model if given"
    )
    command.add_argument(
        "--prune", action="store_true", help="take out documents whose files are gone from the folders"
    )
    command.add_argument(
        "--encodings",
        type=Path,
        metavar="FILE",
        help="keep encodings of passages in this file, too, so that other libraries need not make them again",
    )
    _index_option(command)
    _model_option(command)
    command.set_defaults(run=run_index)


def _list_command(command: argparse.ArgumentParser) -> None:
    """List the documents of the library."""
    command.add_argument(
        "--failed", action="store_true", help="list the files that could not be read, with the reason"
    )
    _index_option(command)
    command.set_defaults(run=run_list)


def _remove_command(command: argparse.ArgumentParser) -> None:
    """Remove documents, by file or by folder."""
    command.add_argument("paths", nargs="+", metavar="PATH")
    _index_option(command)
    command.set_defaults(run=run_remove)


def _doctor_command(command: argparse.ArgumentParser) -> None:
    """Check every file of the library against its checksums."""
    command.add_argument(
        "--repair", action="store_true", help="rebuild what can be rebuilt; nothing is deleted"
    )
    command.add_argument(
        "--full", action="store_true", help="encode some passages again and compare their vectors, too"
    )
    _index_option(command)
    command.set_defaults(run=run_doctor)


def _evaluate_command(command: argparse.ArgumentParser) -> None:
    """Measure retrieval on a folder in BEIR layout, or on questions with quotes about the library."""
    command.add_argument(
        "set",
        type=Path,
        nargs="?",
        metavar="DIR",
        help="BEIR folder, or a JSONL of {question, quote} about the library",
    )
    command.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="instead of DIR: judged answers about the library, to measure how citations are checked",
    )
    llm_options(command)
    command.add_argument("--sample", type=_positive, metavar="N", help="ask only N of the questions")
    for name, what in _EVALUATION_FILES.items():
        command.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    _index_option(command)
    _model_option(command)
    _reranker_option(command)
    command.set_defaults(run=run_evaluate)


_EVALUATION_FILES = {
    "save": "write the run as JSON, to compare a later one with",
    "against": "compare with a saved run, question by question",
    "report": "write the worst misses as an HTML page",
    "plot": "draw the metrics with their intervals, as SVG",
}


def _serve_command(command: argparse.ArgumentParser) -> None:
    """Serve the page, its REST API and MCP tools."""
    command.add_argument("--host", default=Settings().host, help="address to listen on (%(default)s)")
    command.add_argument(
        "--port", type=_port, default=Settings().port, help="port to listen on (%(default)s)"
    )
    command.add_argument(
        "--auth", type=Path, metavar="FILE", help="who may come in: lines that `rag user NAME` printed"
    )
    command.add_argument(
        "--shared", action="store_true", help="with --auth: what one user uploads is everyone's"
    )
    command.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="answer to this host name too (a proxy's)"
    )
    llm_options(command)
    _index_option(command)
    _model_option(command)
    _reranker_option(command)
    command.set_defaults(run=run_serve)


def _user_command(command: argparse.ArgumentParser) -> None:
    """Print a user's line for `rag serve --auth FILE`; the password is asked for, or read from stdin."""
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=run_user)


_COMMANDS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "index": _index_command,
    "ask": ask_command,
    "chat": chat_command,
    "list": _list_command,
    "remove": _remove_command,
    "doctor": _doctor_command,
    "watch": watch_command,
    "export": export_command,
    "import": import_command,
    "evaluate": _evaluate_command,
    "serve": _serve_command,
    "user": _user_command,
}


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return number


def run_index(options: argparse.Namespace) -> int:
    """Index, then say what was done; 1 when some files failed and none was read."""
    from rag.progress import progress_bars
    from rag.records import IndexReport
    from rag.terminal import report_text
    from rag.wire import report_record

    if not options.paths and not options.rebuild:
        raise UsageError("name the files or folders to index: rag index PATH")
    if options.encodings is not None:
        refuse_store(options, "index --encodings")
    with _library(options) as library, progress_bars() as progress:
        report = library.rebuild(progress=progress) if options.rebuild else IndexReport()
        if options.paths:
            report = library.add(*options.paths, prune=options.prune, progress=progress)
    for doubt in (*report.failures, *report.warnings):
        print(f"rag: {doubt.path}: {doubt.reason}", file=sys.stderr)
    for path in report.vanished:
        print(f"rag: {path}: the file is gone, its documents are kept; --prune removes them", file=sys.stderr)
    if options.json:
        _print_json(report_record(report))
    else:
        print(report_text(report))
    return 1 if report.failures and not report.added + report.updated + report.unchanged + report.moved else 0


def run_list(options: argparse.Namespace) -> int:
    """Print one line a document, or a file that failed."""
    from rag.terminal import document_line, failure_line
    from rag.wire import document_record, failure_record

    with _library(options) as library:
        for failure in library.failures() if options.failed else ():
            if options.json:
                _print_json(failure_record(failure))
            else:
                print(failure_line(failure))
        if options.failed:
            return 0
        for info in library.documents():
            if options.json:
                _print_json(document_record(info))
            else:
                print(document_line(info))
    return 0


def run_remove(options: argparse.Namespace) -> int:
    """Remove and say how many documents went; 1 when none matched."""
    with _library(options) as library:
        removed = library.remove(*options.paths)
    if options.json:
        _print_json({"removed": removed})
    elif removed:
        print(f"{removed} removed")
    if not removed:
        return _fail(
            f"no document of the library matches {' '.join(options.paths)}; `rag list` shows them", 1
        )
    return 0


def run_doctor(options: argparse.Namespace) -> int:
    """Print the findings; 1 when an error is left."""
    from rag.wire import finding_record

    with _library(options) as library:
        findings = library.doctor(repair=options.repair, full=options.full)
    for finding in findings:
        if options.json:
            _print_json(finding_record(finding))
        else:
            print(f"{finding.severity}: {finding.what}" + (f" -> {finding.remedy}" if finding.remedy else ""))
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Print the metrics of one evaluation set, or of written answers."""
    refuse_store(options, "evaluate")
    if (options.set is None) == (options.answers is None):
        raise UsageError("give either a folder or file of questions, or --answers FILE: rag evaluate DIR")
    writes = options.llm is not None or options.llm_model is not None or options.llm_context
    if options.answers is not None or writes:
        from rag.progress import progress_bars

        with _library(options) as library, progress_bars() as progress:
            record, text = appraise(options, library, progress)
        if options.json:
            _print_json(record)
        else:
            print(text)
        return 0
    from rag.evaluate import (
        Outputs,
        comparison_record,
        comparison_table,
        evaluate,
        evaluation_record,
        write_outputs,
    )
    from rag.progress import progress_bars
    from rag.terminal import evaluation_text

    settings = replace(
        Settings(), index=options.index, model=options.model or DEFAULT_MODEL, reranker=options.reranker
    )
    with progress_bars() as progress:
        evaluation = evaluate(options.set, settings=settings, sample=options.sample, progress=progress)
    outputs = Outputs(**{name: getattr(options, name) for name in _EVALUATION_FILES})
    comparisons = write_outputs(evaluation, outputs)
    record = evaluation_record(evaluation)
    if options.json:
        more = {"comparison": [comparison_record(one) for one in comparisons]} if comparisons else {}
        _print_json(record | more)
        return 0
    print(evaluation_text(record))
    if comparisons:
        print(f"\n{comparison_table(comparisons)}")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from rag.web.app import Access, serve
    from rag.web.auth import read_users

    if options.shared and options.auth is None:
        raise UsageError("--shared says whose the users' uploads are; name the users with --auth FILE")
    users = None if options.auth is None else read_users(options.auth)
    access, scribe = Access(users, options.shared, tuple(options.name)), scribe_of(options)
    with _library(options) as library:
        serve(library, host=options.host, port=options.port, access=access, scribe=scribe)
    return 0


def run_user(options: argparse.Namespace) -> int:
    """Print the line; a password never stands on the command line, where others could read it."""
    from rag.web.auth import given_password, user_line

    line = user_line(options.name, given_password())
    if options.json:
        _print_json({"name": options.name, "line": line})
    else:
        print(line)
    return 0
