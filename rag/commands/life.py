"""`rag watch`, `rag export`, `rag import`: a library that is kept current, carried away and set up again."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rag.commands.options import index_option, model_option, opened_library, print_json

if TYPE_CHECKING:
    from rag.records import Change


def watch_command(command: argparse.ArgumentParser) -> None:
    """Keep the library current with folders until stopped."""
    command.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    command.add_argument(
        "--prune", action="store_true", help="take out documents when their files are deleted"
    )
    index_option(command)
    model_option(command)
    command.set_defaults(run=run_watch)


def export_command(command: argparse.ArgumentParser) -> None:
    """Write the whole library into one file, with checksums; it may be in use."""
    command.add_argument("file", type=Path, metavar="FILE")
    index_option(command)
    command.set_defaults(run=run_export)


def import_command(command: argparse.ArgumentParser) -> None:
    """Set up the library that `rag export` wrote, in a folder that is new or empty."""
    command.add_argument("file", type=Path, metavar="FILE")
    index_option(command)
    command.set_defaults(run=run_import)


def run_watch(options: argparse.Namespace) -> int:
    """Say one line a change until Ctrl-C or SIGTERM, which end it with 0."""
    from rag.watch import watch
    from rag.wire import change_record

    def say(change: Change) -> None:
        if options.json:
            print_json(change_record(change))
        else:
            print(f"{change.what} {change.path}" + (f": {change.note}" if change.note else ""), flush=True)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with opened_library(options) as library:
            watch(library, options.folders, prune=options.prune, say=say)
    except KeyboardInterrupt:
        print("rag: stopped; what had been committed is kept", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Export, then say how much was written."""
    with opened_library(options) as library:
        size = library.export(options.file)
    if options.json:
        print_json({"exported": str(options.file), "bytes": size})
    else:
        print(f"{options.file}: {size / 1e6:.1f} MB")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Import, then say what is in the library now."""
    with opened_library(options) as library:
        library.restore(options.file)
        documents = library.documents()
    passages = sum(info.passages for info in documents)
    if options.json:
        print_json({"imported": str(options.file), "documents": len(documents), "passages": passages})
    else:
        print(f"{len(documents)} documents, {passages} passages in {options.index}")
    return 0
