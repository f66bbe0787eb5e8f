"""The same work through `Library`, as a worker beside `benchmarks.plain`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rag.library import Library

from benchmarks.plain import Command, serve


def main() -> None:
    """Serve `index`, `passages` and `ask`."""
    libraries: dict[str, Library] = {}

    def library(command: Command) -> Library:
        return libraries.setdefault(command["out"], Library(command["out"]))

    def index(command: Command) -> dict[str, Any]:
        started = time.perf_counter()
        report = library(command).add(command["folder"])
        return {"seconds": time.perf_counter() - started, "passages": report.passages}

    def passages(command: Command) -> dict[str, Any]:
        """Write the passages' texts, as cut here, for the other side to encode."""
        found = library(command)
        texts = [one.text for info in found.documents() for one in found.passages_of(info.key)]
        Path(command["texts"]).write_text(json.dumps(texts), encoding="utf-8")
        return {"passages": len(texts)}

    def ask(command: Command) -> dict[str, Any]:
        took = []
        for question in command["questions"]:
            started = time.perf_counter()
            library(command).ask(question, k=command["hits"])
            took.append(1000 * (time.perf_counter() - started))
        return {"took_ms": took}

    def warm(_: Command) -> dict[str, Any]:
        """Load the model, as the other side does at its start: no measurement pays for it."""
        from rag.encoder import open_encoder
        from rag.settings import DEFAULT_MODEL

        return {"dimensions": open_encoder(DEFAULT_MODEL).dimensions}

    serve({"index": index, "passages": passages, "ask": ask, "warm": warm})


if __name__ == "__main__":
    main()
