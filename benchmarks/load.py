"""Many users at once: `python -m benchmarks.load` asks a real `rag serve` from 1, 4, 16 and 64 clients.

Each client asks, waits for its answer as README says, and asks the next, on a connection that it
keeps. Client and server share the machine, so the client's part is in every figure. `--questions 20000
--clients 16` is the long run that shows whether memory stays flat.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.texts import questions, write_folder
from rag.library import Library

ROOT = Path(__file__).resolve().parents[1]
HITS = 5
DIFFERENT = 60  # questions, asked over and over
LOOKS = 20  # at memory in one level
WARM = 40
TIMEOUT_S = 120.0


@dataclass(slots=True)
class Tally:
    """What came of the questions of one level."""

    took_ms: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)  # the first line of each
    wrong: int = 0  # answers that differ from the one that a single client got
    resident_mb: list[float] = field(default_factory=list)  # of the server, from the beginning to the end


@dataclass(frozen=True, slots=True)
class Level:
    """The figures of one number of clients."""

    clients: int
    questions: int
    per_second: float
    p50_ms: float
    p95_ms: float
    errors: int
    wrong: int
    server_cpu_ms: float  # a question
    resident_mb: float
    growth_mb: float  # over the second half
    curve_mb: list[float]  # resident, at equal distances


def level_of(tally: Tally, *, clients: int, seconds: float, cpu_s: float) -> Level:
    """The figures of a tally; 0 where no question was answered."""
    took = sorted(tally.took_ms)
    count = len(took)
    failed = sum(tally.failures.values())
    looks = tally.resident_mb or [0.0]
    return Level(
        clients=clients,
        questions=count + failed,
        per_second=count / seconds,
        p50_ms=statistics.median(took) if took else 0.0,
        p95_ms=took[min(count - 1, int(0.95 * count))] if took else 0.0,
        errors=failed,
        wrong=tally.wrong,
        server_cpu_ms=1000 * cpu_s / max(1, count + failed),
        resident_mb=looks[-1],
        growth_mb=looks[-1] - looks[len(looks) // 2],
        curve_mb=[round(look, 1) for look in looks],
    )


def table(levels: Sequence[Level]) -> str:
    """The levels as a person reads them."""
    heads = ("clients", "questions", "/s", "p50 ms", "p95 ms", "errors", "wrong", "cpu ms", "MB", "growth MB")
    rows = [" ".join(f"{head:>9}" for head in heads)]
    for one in levels:
        cells = (
            one.clients,
            one.questions,
            f"{one.per_second:.1f}",
            f"{one.p50_ms:.0f}",
            f"{one.p95_ms:.0f}",
            one.errors,
            one.wrong,
            f"{one.server_cpu_ms:.1f}",
            f"{one.resident_mb:.0f}",
            f"{one.growth_mb:+.1f}",
        )
        rows.append(" ".join(f"{cell:>9}" for cell in cells))
    return "\n".join(rows)


class Server:
    """`rag serve` over a library, in a process of its own."""

    def __init__(self, index: Path) -> None:
        command = [sys.executable, "-m", "rag", "serve", "--port", "0", "--index", str(index)]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        self.address = self._address()

    def _address(self) -> str:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                return found[0]
        raise SystemExit("rag serve ended before it served")

    def resident_mb(self) -> float:
        """What the process holds in memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu_s(self) -> float:
        """The processor time that the process has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate(timeout=30)


async def ask(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    """The answer, in the two calls of README. Raises RuntimeError with what was said instead."""
    asked = await client.post("/gradio_api/call/search", json={"data": [question, HITS]})
    if asked.status_code != 200:
        raise RuntimeError(f"{asked.status_code} {asked.text[:200]}")
    event = asked.json()["event_id"]
    said = await client.get(f"/gradio_api/call/search/{event}")
    name, data = "", ""
    for line in said.text.splitlines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and name in ("complete", "error"):
            data = line.removeprefix("data: ")
            break
    if name != "complete":
        raise RuntimeError(f"{name}: {data[:200]}")
    answer: dict[str, Any] = json.loads(data)[0]
    return answer


def essence(answer: dict[str, Any]) -> list[tuple[float, str, str]]:
    """What must be the same whoever else asks."""
    return [(hit["score"], hit["text"], json.dumps(hit["highlights"])) for hit in answer["hits"]]


async def run_level(
    server: Server, asked: Sequence[str], expected: dict[str, Any], *, clients: int, count: int
) -> Level:
    """Ask `count` questions, each client one after the other."""
    tally = Tally()
    left = iter(list(islice(cycle(asked), count)))
    every = max(1, count // LOOKS)

    async def one_client(client: httpx.AsyncClient) -> None:
        for question in left:
            started = time.perf_counter()
            try:
                answer = await ask(client, question)
            except (RuntimeError, httpx.HTTPError) as error:
                tally.failures[f"{type(error).__name__}: {error}".splitlines()[0]] += 1
                continue
            tally.took_ms.append(1000 * (time.perf_counter() - started))
            tally.wrong += essence(answer) != expected[question]
            if len(tally.took_ms) % every == 0:
                tally.resident_mb.append(server.resident_mb())

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=server.address, timeout=TIMEOUT_S, limits=limits) as client:
        started, cpu_s = time.perf_counter(), server.cpu_s()
        await asyncio.gather(*(one_client(client) for _ in range(clients)))
        seconds, cpu_s = time.perf_counter() - started, server.cpu_s() - cpu_s
    for failure, times in tally.failures.most_common(3):
        say(f"{times} × {failure}")
    return level_of(tally, clients=clients, seconds=seconds, cpu_s=cpu_s)


async def run(server: Server, *, clients: Sequence[int], count: int) -> list[Level]:
    """Each level in turn; what one client is answered first is what all must be answered."""
    asked = questions(DIFFERENT, languages=("zh", "en"))
    async with httpx.AsyncClient(base_url=server.address, timeout=TIMEOUT_S) as client:
        for question in asked[:WARM]:
            await ask(client, question)
        expected = {question: essence(await ask(client, question)) for question in asked}
    levels = []
    for number in clients:
        say(f"{number} clients")
        levels.append(await run_level(server, asked, expected, clients=number, count=count))
    return levels


@contextmanager
def library(index: Path | None, *, paragraphs: int) -> Iterator[Path]:
    """The folder of the library that is asked: the one given, or a new one for the while."""
    if index is not None:
        yield index
        return
    with tempfile.TemporaryDirectory(prefix="rag-load-") as folder:
        say(f"indexing {paragraphs} paragraphs")
        write_folder(Path(folder) / "documents", paragraphs=paragraphs, languages=("zh", "en"))
        with Library(Path(folder) / "index") as made:
            made.add(Path(folder) / "documents")
        yield Path(folder) / "index"


def say(what: str) -> None:
    """Say on stderr how far the run is."""
    print(f"load: {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print the table, write the JSON; 1 where a question was not answered, or otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64], help="(%(default)s)")
    parser.add_argument("--questions", type=int, default=400, help="at each level (%(default)s)")
    parser.add_argument("--paragraphs", type=int, default=300, help="of the library (%(default)s)")
    parser.add_argument("--index", type=Path, help="a library to ask instead")
    parser.add_argument("--json", type=Path, default=ROOT / ".benchmarks" / "load.json", help="%(default)s")
    options = parser.parse_args()
    with library(options.index, paragraphs=options.paragraphs) as index:
        server = Server(index)
        try:
            levels = asyncio.run(run(server, clients=options.clients, count=options.questions))
        finally:
            server.close()
    print(table(levels))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(level) for level in levels], indent=1) + "\n")
    return 1 if any(level.errors or level.wrong for level in levels) else 0


if __name__ == "__main__":
    sys.exit(main())
