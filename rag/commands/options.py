"""What the commands share: options, the opened library, one JSON object a line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.settings import DEFAULT_INDEX, DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    from rag.library import Library
    from rag.records import ProgressCallback
    from rag.wire import JsonObject


def index_option(command: argparse.ArgumentParser) -> None:
    """Add --index."""
    command.add_argument(
        "--index", type=Path, default=DEFAULT_INDEX, metavar="DIR", help="the library's folder (%(default)s)"
    )
    command.add_argument(
        "--store",
        metavar="ADDRESS",
        help="keep the library on a Milvus server instead: milvus://HOST:PORT/COLLECTION",
    )


def model_option(command: argparse.ArgumentParser) -> None:
    """Add --model."""
    command.add_argument(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="a sentence-transformers model, or one that a server runs, as http://HOST:PORT/v1#NAME "
        f"(default: the library's own, {DEFAULT_MODEL} for a new one)",
    )


def reranker_option(command: argparse.ArgumentParser) -> None:
    """Add --reranker."""
    command.add_argument(
        "--reranker",
        metavar="NAME_OR_FOLDER",
        help=f"a cross-encoder that orders the first {Settings().reranked} passages (default: none)",
    )


def positive(text: str) -> int:
    """The whole number of 1 or more that an option names."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return number


@contextmanager
def opened_library(options: argparse.Namespace) -> Iterator[Library]:
    """The library that the options name, closed at the end."""
    from rag.progress import progress_bars

    with progress_bars() as progress, _library(options, progress) as library:
        yield library


def _library(options: argparse.Namespace, progress: ProgressCallback) -> Library:
    model, reranker = (getattr(options, name, None) for name in ("model", "reranker"))
    if options.store is None:
        from rag.library import Library

        settings = Settings(encodings=getattr(options, "encodings", None))
        return Library(options.index, model=model, reranker=reranker, settings=settings, progress=progress)
    from rag.cluster import ClusterLibrary

    return ClusterLibrary(options.store, options.index, model=model, reranker=reranker, progress=progress)


def refuse_store(options: argparse.Namespace, command: str) -> None:
    """Raise UsageError where a library on a server is asked for what only one in a folder can do."""
    if options.store is not None:
        raise UsageError(f"rag {command} is for a library in a folder: leave --store out")


def print_json(record: JsonObject) -> None:
    """Print the record as one line."""
    print(json.dumps(record, ensure_ascii=False), flush=True)
