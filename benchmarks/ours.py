"""The same work through this package, as a worker beside `benchmarks.plain`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.plain import Command, serve
from rag.encoder import open_encoder
from rag.ingest import index_paths
from rag.library import Library
from rag.settings import DEFAULT_MODEL, Settings


def main() -> None:
    """Serve `index`, `passages` and `ask`; the model is opened first, as on the other side."""
    encoder = open_encoder(DEFAULT_MODEL)
    libraries: dict[str, Library] = {}

    def library(command: Command) -> Library:
        return libraries.setdefault(command["out"], Library(command["out"]))

    def index(command: Command) -> dict[str, Any]:
        """Index a folder of text, all of it: reading, cutting, encoding, every commit."""
        started = time.perf_counter()
        out, folder = Path(command["out"]), Path(command["folder"])
        report = index_paths([folder], folder=out, encoder=encoder, settings=Settings())
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

    serve({"index": index, "passages": passages, "ask": ask})


if __name__ == "__main__":
    main()
