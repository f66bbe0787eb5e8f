"""What the commands share: options, the opened library, one JSON object a line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.settings import DEFAULT_INDEX, DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    from rag.library import Library
    from rag.wire import JsonObject


def index_option(command: argparse.ArgumentParser) -> None:
    """Add --index."""
    command.add_argument(
        "--index", type=Path, default=DEFAULT_INDEX, metavar="DIR", help="the library's folder (%(default)s)"
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
    from rag.library import Library
    from rag.progress import progress_bars

    model, reranker = (getattr(options, name, None) for name in ("model", "reranker"))
    with (
        progress_bars() as progress,
        Library(options.index, model=model, reranker=reranker, progress=progress) as library,
    ):
        yield library


def print_json(record: JsonObject) -> None:
    """Print the record as one line."""
    print(json.dumps(record, ensure_ascii=False), flush=True)
