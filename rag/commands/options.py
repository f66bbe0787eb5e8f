"""What the commands share: options, the opened library, one JSON object a line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.settings import DEFAULT_INDEX, DEFAULT_MODEL

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
        help=f"a sentence-transformers model (default: the library's own, {DEFAULT_MODEL} for a new one)",
    )


@contextmanager
def opened_library(options: argparse.Namespace) -> Iterator[Library]:
    """The library that the options name, closed at the end."""
    from rag.library import Library
    from rag.progress import progress_bars

    model = getattr(options, "model", None)
    with progress_bars() as progress, Library(options.index, model=model, progress=progress) as library:
        yield library


def print_json(record: JsonObject) -> None:
    """Print the record as one line."""
    print(json.dumps(record, ensure_ascii=False), flush=True)
