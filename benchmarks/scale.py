"""A library from a thousand passages to a million: `python -m benchmarks.scale --sizes 1000 10000 100000`.

One library grows through all sizes, on the path that `rag index` takes: a commit a document, a publication
now and then. Only reading, cutting and encoding are left out; passages come from `benchmarks.synthetic`. At
each size a fresh process opens it and asks whole questions (`rag.search.search`, the bundled model encodes
them), then adds a page. Processor time stands beside the clock's: on a machine that does other work as well
it says what the clock would on an idle one. A line of JSON a size goes to standard output, for
`benchmarks.scale_plot`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import rag.candidates
import rag.search
from benchmarks.synthetic import PASSAGES_A_DOCUMENT, TEXTS, Maker, measure
from benchmarks.texts import questions
from rag.encoder import Encoder, open_encoder
from rag.ingest import index_paths, remove_paths
from rag.records import Float32
from rag.search import Wanted, search
from rag.settings import DEFAULT_MODEL, Settings
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog
from rag.store.consolidate import consolidate
from rag.store.identity import read_codec
from rag.store.lock import writer_lock
from rag.store.states import StateCodec

SHARES = {"zh": 0.45, "en": 0.45, "es": 0.05, "ja": 0.05}
PUBLISH_EVERY = 100_000  # passages
QUESTIONS = 240
WARM_UP = 40
CHUNK = 20_000  # vectors compared at once
FIRST = TEXTS[0] / "harrow-sound-gazette.txt"  # a real document: it fits the codec of token states
PARTS: dict[str, tuple[object, str]] = {  # where the time of a question goes: name -> what is timed
    "reading the question": (rag.search, "understand"),
    "vectors": (Snapshot, "vector_search"),
    "vectors of the candidates": (Snapshot, "indexed_vectors"),
    "words": (Snapshot, "lexical_search"),
    "idf": (rag.candidates, "idf_masses"),
    "reading token states": (Catalog, "states"),
    "MaxSim": (StateCodec, "cosines"),
    "background": (Snapshot, "background_sample"),
    "sentences": (rag.search, "_hits"),
}


class Watch:
    """Milliseconds of processor time in each of `PARTS`; what one calls inside another counts in both."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the parts while the block runs."""
        patches = [mock.patch.object(owner, name, self._timed(part, getattr(owner, name)))
                   for part, (owner, name) in PARTS.items()]  # fmt: skip
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function that it stands for
            started = time.process_time()
            try:
                return call(*arguments, **named)
            finally:
                self.spent[part] += 1000 * (time.process_time() - started)

        return timed


def say(text: str) -> None:
    """One line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def grow(folder: Path, maker: Maker, *, have: int, want: int) -> dict[str, float]:
    """Seconds spent writing passages `have` to `want` and publishing them."""
    committing = publishing = 0.0
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        for first in range(have, want, PASSAGES_A_DOCUMENT):
            document = maker.document(first // PASSAGES_A_DOCUMENT)
            started = time.perf_counter()
            catalog.replace(document)
            committing += time.perf_counter() - started
            done = first + PASSAGES_A_DOCUMENT
            if done >= want or done % PUBLISH_EVERY == 0:
                started = time.perf_counter()
                consolidate(catalog, exact_up_to=Settings().exact_vectors)
                publishing += time.perf_counter() - started
                say(f"{done} passages: commits {committing:.0f} s, publications {publishing:.0f} s")
    return {"commit_s": committing, "publish_s": publishing}


def ask(folder: Path) -> dict[str, Any]:
    """Opening, asking and one page more, in this process."""
    encoder = open_encoder(DEFAULT_MODEL)
    asked = questions(QUESTIONS + WARM_UP, languages=list(SHARES))
    busy = time.process_time()
    opening = statistics.median(seconds_of(lambda: Snapshot(folder).close()) for _ in range(3))
    busy = (time.process_time() - busy) / 3
    with Snapshot(folder) as snapshot:
        assert snapshot.damage == []

        def answer(question: str) -> tuple[float, float]:
            """Milliseconds by the clock and of the processor."""
            started, busy = time.perf_counter(), time.process_time()
            search(snapshot, encoder, question, wanted=Wanted(5), settings=Settings())
            return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - busy)

        for question in asked[:WARM_UP]:
            answer(question)
        took = [answer(question) for question in asked[WARM_UP:]]
        watch = Watch()
        with watch.running():
            whole = sum(answer(question)[1] for question in asked[WARM_UP:])
        resident = memory()
        vectors = np.array([encoder.encode_question(question).vectors[0] for question in asked[:WARM_UP]])
        found = recall(snapshot, vectors)
    return {
        "open_s": opening,
        "open_cpu_s": busy,
        **percentiles("", [wall for wall, _ in took]),
        **percentiles("cpu_", [busy for _, busy in took]),
        "parts_ms": {part: spent / QUESTIONS for part, spent in watch.spent.items()},
        "mean_cpu_ms": whole / QUESTIONS,
        "recall_at_100": found,
        **resident,
        **one_page_more(folder, encoder),
    }


def percentiles(prefix: str, took: list[float]) -> dict[str, float]:
    """The middle and the slow end of milliseconds."""
    ordered = sorted(took)
    return {
        f"{prefix}p50_ms": statistics.median(ordered),
        f"{prefix}p95_ms": ordered[int(0.95 * len(ordered))],
    }


def recall(snapshot: Snapshot, questions: Float32) -> dict[str, float]:
    """Of the 100 passages nearest to each question (q, d), by exact search, the share found, by language."""
    found = {}
    for language, count in snapshot.languages.items():
        ids = snapshot.background(language, size=count)
        parts = [questions @ snapshot.vectors(ids[at : at + CHUNK]).T for at in range(0, count, CHUNK)]
        nearest = ids[np.argsort(-np.concatenate(parts, axis=1), axis=1)[:, :100]]
        shares = [
            np.isin(right, snapshot.vector_search(question, limit=100, language=language)[0]).mean()
            for question, right in zip(questions, nearest, strict=True)
        ]
        found[language] = float(np.mean(shares))
    return found


def one_page_more(folder: Path, encoder: Encoder) -> dict[str, float]:
    """Median seconds to add a page, to open what is then there, and to take the page out again."""
    added, opened, removed = [], [], []
    with tempfile.TemporaryDirectory() as place:
        for number in range(5):
            page = Path(place) / f"page{number}.txt"
            page.write_text(f"Page {number}: the mill opens at nine o'clock.\n\nIt closes at noon.", "utf-8")
            added.append(seconds_of(lambda page=page: index_paths(
                [page], folder=folder, encoder=encoder, settings=Settings())))  # fmt: skip
            opened.append(seconds_of(lambda: Snapshot(folder).close()))
            removed.append(seconds_of(lambda page=page: remove_paths([page], folder=folder)))
    names = ("add_s", "reopen_s", "remove_s")
    return dict(zip(names, map(statistics.median, (added, opened, removed)), strict=True))


def memory() -> dict[str, float]:
    """Megabytes of this process: resident, and that part of it that is no mapped file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith("Rss")}
    return {"resident_mb": sum(sizes.values()), "anonymous_mb": sizes["RssAnon"]}


def seconds_of(work: Callable[[], object]) -> float:
    """How long the call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bytes_of(folder: Path) -> dict[str, int]:
    """What the library takes on disk, by kind of file; a file with two names counts once."""
    sizes: dict[str, int] = defaultdict(int)
    seen = set()
    for path in folder.rglob("*"):
        stat = path.stat()
        if path.is_file() and stat.st_ino not in seen:
            seen.add(stat.st_ino)
            sizes[path.relative_to(folder).parts[0].partition("-")[0].partition(".")[0]] += stat.st_size
    return dict(sizes)


def lone(work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - what the work returns
    """What the call returns in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def main() -> None:
    """Grow, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="keep the library there (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "library"
        encoder = open_encoder(DEFAULT_MODEL)
        index_paths([FIRST], folder=folder, encoder=encoder, settings=Settings())
        with closing(Catalog(folder)) as catalog:
            codec = read_codec(catalog)
        assert codec is not None
        say("measuring the sample texts")
        maker, have, total = Maker(measure(encoder, codec), SHARES), 0, {"commit_s": 0.0, "publish_s": 0.0}
        for size in sorted(options.sizes):
            spent = grow(folder, maker, have=have, want=size)
            total = {name: total[name] + seconds for name, seconds in spent.items()}
            have = size
            say(f"asking at {size}")
            line = {"passages": size, **total, "bytes": bytes_of(folder), **lone(ask, folder)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
