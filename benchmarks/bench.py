"""Speed and memory against the plain script, on the same passages, in one run: `python -m benchmarks.bench`.

Absolute times belong to the machine; the ratios carry over. Both sides run as processes of their own and take
turns (A B A B), so that whatever else the machine does falls on both; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.texts import questions, write_folder

ROOT = Path(__file__).resolve().parents[1]
HITS = 10
QUESTIONS = 24
AT_ONCE = 4  # questions before the other side's turn
PAIRS = 3  # of index runs
ROUNDS = 4  # of questions
COLD_RUNS = 5
SMALL = 300  # paragraphs of the folder that is indexed again and again
TWO = ("zh", "en")  # languages of the large library; a second one of its size mixes all of the samples'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result; `ok` is None where there is no target."""

    what: str
    ours: float
    plain: float | None
    unit: str
    value: float  # what the target speaks of: a ratio, or `ours` itself
    target: str
    ok: bool | None


class Worker:
    """A process that answers JSON lines."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._read()

    def __call__(self, do: str, **arguments: object) -> dict[str, Any]:
        """Return the result of one command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker of the bench ended early with code {self._process.wait()}; see above")
        result: dict[str, Any] = json.loads(line)
        return result

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


@contextmanager
def workers() -> Iterator[tuple[Worker, Worker]]:
    """Give both sides, their models loaded."""
    say("starting both sides")
    plain, ours = Worker("benchmarks.plain"), Worker("benchmarks.ours")
    try:
        yield ours, plain
    finally:
        plain.close()
        ours.close()


def measure_index(ours: Worker, plain: Worker, place: Path) -> Iterator[Line]:
    """Index a small folder in turns, then the large one once; yield the rates."""
    rates: list[tuple[float, float]] = []
    for turn in range(PAIRS):
        say(f"indexing, turn {turn + 1} of {PAIRS}")
        rates.append(_index_both(ours, plain, place, folder=place / "small", name=f"small-{turn}"))
    yield _rate_line(f"index, {SMALL} paragraphs (passages/s)", rates)
    say("indexing the large folder")
    large = _index_both(ours, plain, place, folder=place / "large", name="large")
    yield _rate_line("index, the large folder (passages/s)", [large])


def _index_both(ours: Worker, plain: Worker, place: Path, *, folder: Path, name: str) -> tuple[float, float]:
    out, texts = str(place / f"library-{name}"), str(place / f"{name}.json")
    mine = ours("index", out=out, folder=str(folder))
    ours("passages", out=out, texts=texts)
    theirs = plain("index", out=str(place / f"plain-{name}"), texts=texts)
    return mine["passages"] / mine["seconds"], theirs["passages"] / theirs["seconds"]


def _rate_line(what: str, rates: Sequence[tuple[float, float]]) -> Line:
    ratio = statistics.median(ours / plain for ours, plain in rates)
    ours, plain = (statistics.median(side) for side in zip(*rates, strict=True))
    return Line(what, ours, plain, "/s", ratio, "ratio ≥ 1.5", ratio >= 1.5)


def measure_questions(ours: Worker, plain: Worker, place: Path) -> Iterator[Line]:
    """Ask both sides the same questions in turns; yield the median and the slow end.

    The library in every language is the hard case: candidates are taken from each language, so with ten of
    them nearly all of its passages are scored. The plain script's time does not depend on the text.
    """
    say("asking")
    took = _ask_both(ours, plain, out=place / "library-large", asked=questions(QUESTIONS, languages=TWO))
    middle = [statistics.median(side) for side in took]
    ratio = middle[0] / middle[1]
    yield Line("warm question, median (ms)", *middle, "ms", ratio, "ratio ≤ 0.7", ratio <= 0.7)
    slow = [statistics.quantiles(side, n=20)[-1] for side in took]
    yield Line("warm question, 95th percentile (ms)", *slow, "ms", slow[0] / slow[1], "", None)
    ours("index", out=str(place / "library-mixed"), folder=str(place / "mixed"))
    took = _ask_both(ours, plain, out=place / "library-mixed", asked=questions(QUESTIONS))
    middle = [statistics.median(side) for side in took]
    yield Line("the same, all languages mixed (ms)", *middle, "ms", middle[0] / middle[1], "", None)


def _ask_both(
    ours: Worker, plain: Worker, *, out: Path, asked: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each question on each side."""
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for first in range(0, len(asked), AT_ONCE):
            few = asked[first : first + AT_ONCE]
            mine = ours("ask", out=str(out), questions=few, hits=HITS)["took_ms"]
            theirs = plain("ask", questions=few, hits=HITS)["took_ms"]
            if turn:  # the first round warms both
                took[0].extend(mine)
                took[1].extend(theirs)
    return took


def measure_command(place: Path) -> Iterator[Line]:
    """Run `rag ask` in fresh processes; yield wall time, memory and whether heavy modules were imported."""
    asked = questions(QUESTIONS, languages=TWO)
    out = str(place / "library-large")
    walls, reports = [], []
    for turn in range(COLD_RUNS + 1):
        wall, report = _command("ask", asked[turn % len(asked)], "--index", out, "--json")
        if turn:  # the first run brings the files into the system's cache
            walls.append(wall)
        reports.append(report)
    wall = statistics.median(walls)
    yield Line("cold `rag ask`, wall time (s)", wall, None, "s", wall, "< 2 s", wall < 2)
    heavy = sorted({name for report in reports for name in report["heavy"]})
    what = "heavy modules imported by `rag ask`" + (f": {', '.join(heavy)}" if heavy else "")
    yield Line(what, len(heavy), None, "", len(heavy), "none", not heavy)
    many = place / "questions.jsonl"
    lines = (json.dumps({"id": number, "question": question}) for number, question in enumerate(asked))
    many.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, report = _command("ask", "--questions", str(many), "--index", out, "--json")
    peak = report["peak_mb"]
    yield Line(f"peak memory, {QUESTIONS} questions (MB)", peak, None, "MB", peak, "< 600 MB", peak < 600)


def _command(*arguments: str) -> tuple[float, dict[str, Any]]:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.asked", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    wall = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"rag {' '.join(arguments)} failed:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return wall, report


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a person reads them."""
    rows = [f"{'':<44} {'ours':>9} {'plain':>9} {'ratio':>7}  target"]
    for line in lines:
        plain = "" if line.plain is None else f"{line.plain:9.1f}"
        ratio = "" if line.plain is None else f"{line.value:7.2f}"
        verdict = {None: "", True: "  ok", False: "  MISSED"}[line.ok]
        rows.append(f"{line.what:<44} {line.ours:9.1f} {plain:>9} {ratio:>7}  {line.target}{verdict}")
    return "\n".join(rows)


def say(what: str) -> None:
    """Say on stderr how far the run is."""
    print(f"bench: {what}", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print the table, and write the JSON; 1 where a target is missed and `--strict` was given."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--paragraphs", type=int, default=1000, help="of the large folder (%(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / ".benchmarks" / "bench.json", help="%(default)s")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    options = parser.parse_args()
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores / 2:
        say(f"the load is {load:.1f} on {cores} cores already: run this again when nothing else does")
    with tempfile.TemporaryDirectory(prefix="rag-bench-") as folder:
        place = Path(folder)
        write_folder(place / "small", paragraphs=SMALL)
        write_folder(place / "large", paragraphs=options.paragraphs, languages=TWO)
        write_folder(place / "mixed", paragraphs=options.paragraphs)
        with workers() as (ours, plain):
            lines = [*measure_index(ours, plain, place), *measure_questions(ours, plain, place)]
        say("asking in fresh processes")
        lines += measure_command(place)
    print(table(lines))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1) + "\n")
    return 1 if options.strict and any(line.ok is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
