"""A real library, and the real command that serves the page over it, for the tests of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect

from rag.library import Library

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "data" / "documents"
RAG = (sys.executable, "-m", "rag")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=20_000)  # milliseconds; five seconds are too few where others use the machine

FERRY = """# Night ferry

## Fares

By Ada Quill

The night ferry across Harrow Sound costs four pounds for one crossing. Children under twelve travel free.

## Winter

The harbour board keeps the ferry running through the winter. Its eleven crew members come from the island.
"""

TEA = """北岸日报

发展茶业 富民兴县

青禾县县长 林一舟

今年青禾县新增茶园两千亩，农民人均增收三千元。明年还要建两座加工厂。

守住绿水 护好青山

白石县县长 沈若川

白石县的森林覆盖率达到百分之七十一，空气优良天数超过三百五十天。
"""


@dataclass(frozen=True)
class Served:
    """One page that is being served: its address, and the folders that it was made from."""

    address: str  # without a slash at the end
    index: Path
    documents: Path
    process: subprocess.Popen[str]
    guests: list[Callable[[], None]]  # what closes a window on it, before the server ends


@contextmanager
def served(
    folder: Path,
    files: dict[str, str | bytes],
    *,
    samples: bool = False,
    index: Path | None = None,
    options: tuple[str, ...] = (),
    rag: tuple[str, ...] = RAG,
) -> Iterator[Served]:
    """Index `files` (name -> text) and the project's samples into a new library; serve the page over it.

    `rag` is the command that serves.
    """
    documents, index = folder / "documents", index or folder / "index"
    documents.mkdir(parents=True)
    for name, text in files.items():
        (documents / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    if files:
        with Library(index) as library:
            library.add(documents, *([SAMPLES] if samples else []))
    command = [*rag, "serve", "--port", "0", "--index", str(index), *options]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        guests: list[Callable[[], None]] = []
        try:
            yield Served(_address(process), index, documents, process, guests)
        finally:
            try:
                while guests:
                    guests.pop()()
            finally:  # whatever a window says: Popen waits for a server that nobody ends for ever
                process.terminate()
                process.communicate(timeout=30)


def chromium(playwright: Playwright) -> Browser:
    """A started browser; without one the test is skipped, or fails where WENJU_BROWSER=required says so."""
    try:
        return playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, CHROMIUM)), None),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
    except Error as error:
        if os.environ.get("WENJU_BROWSER") == "required":
            raise
        pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise AssertionError("the page was not served:\n" + "".join(lines))
