"""What `benchmarks.peers` found, as a Markdown table, and in words where a peer is ahead."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rag.judge.compare import compare_metric

OURS = "Wenju"
CERTAIN = 0.05  # p-value above which a difference in quality is called none


@dataclass(slots=True)
class Result:
    """What one peer gave; `failure` says why there is nothing, or no more, where it could not be run."""

    peer: str
    failure: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    ndcg: dict[str, dict[str, float]] = field(default_factory=dict)  # set -> question id -> nDCG@10, 0..1
    took_ms: list[float] = field(default_factory=list)  # every question of every set, warm
    passages_per_s: list[float] = field(default_factory=list)  # one a round of indexing
    cold_s: list[float] = field(default_factory=list)  # process start to first answer, one a set
    index_mb: float = 0.0  # peak resident memory of the process that indexed
    ask_mb: float = 0.0  # and of the one that was asked
    disk_kb: float = 0.0  # of the index on disk, a passage


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    title: str
    value: Callable[[Result], float]
    form: str
    more_is_better: bool


def percentile_95(values: Sequence[float]) -> float:
    """Return the 95th percentile; of one value, that one."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


SPEED = (
    Column("passages/s", lambda one: statistics.median(one.passages_per_s), ".1f", True),
    Column("question p50 ms", lambda one: statistics.median(one.took_ms), ".1f", False),
    Column("p95 ms", lambda one: percentile_95(one.took_ms), ".1f", False),
    Column("cold start s", lambda one: statistics.median(one.cold_s), ".2f", False),
    Column("memory indexing MB", lambda one: one.index_mb, ".0f", False),
    Column("memory asking MB", lambda one: one.ask_mb, ".0f", False),
    Column("disk KB/passage", lambda one: one.disk_kb, ".1f", False),
)


def table(results: Sequence[Result], sets: Sequence[str]) -> str:
    """Return a Markdown table, one line a peer; one that failed has its reason below."""
    titles = [*(f"nDCG@10 {name}" for name in sets), *(column.title for column in SPEED)]
    lines = [f"| | {' | '.join(titles)} |", f"|---|{'---:|' * len(titles)}"]
    for result in results:
        cells = ["—"] * len(titles) if result.failure else figures(result, sets)
        lines.append(f"| {name_of(result)} | {' | '.join(cells)} |")
    failed = [f"- {one.peer} was not measured: {one.failure}" for one in results if one.failure]
    return "\n".join([*lines, *(["", *failed] if failed else [])])


def figures(result: Result, sets: Sequence[str]) -> list[str]:
    """Return the cells of a peer that was measured; nDCG@10 × 100."""
    quality = [f"{100 * statistics.mean(result.ndcg[name].values()):.1f}" for name in sets]
    return quality + [format(column.value(result), column.form) for column in SPEED]


def name_of(result: Result) -> str:
    """Return the peer's name with the version of what it is named after."""
    version = next(iter(result.versions.values()), "")
    return f"{result.peer} {version}".strip()


def ahead(results: Sequence[Result], sets: Sequence[str]) -> list[str]:
    """Return a line for each column in which a peer is ahead of Wenju, or one that says that none is.

    Quality is compared question by question (paired randomisation); a difference that chance explains is not
    called one.
    """
    ours = next((one for one in results if one.peer == OURS and not one.failure), None)
    if ours is None:
        return [f"- {OURS} itself was not measured: nothing to compare with."]
    peers = [one for one in results if one is not ours and not one.failure]
    lines = [_quality_line(name, ours, peers) for name in sets]
    lines += [_speed_line(column, ours, peers) for column in SPEED]
    found = [line for line in lines if line]
    return found or ["- No peer is ahead in any column."]


def _quality_line(name: str, ours: Result, peers: Sequence[Result]) -> str:
    better = []
    for peer in peers:
        found = compare_metric("ndcg@10", ours.ndcg[name], peer.ndcg[name])
        if found.difference > 0:
            certain = "" if found.p_value < CERTAIN else ", within chance"
            better.append(f"{peer.peer} by {100 * found.difference:.1f} (p = {found.p_value:.3f}{certain})")
    return f"- nDCG@10 on {name}: {', '.join(better)}" if better else ""


def _speed_line(column: Column, ours: Result, peers: Sequence[Result]) -> str:
    mine = column.value(ours)
    better = [
        f"{peer.peer} {format(theirs, column.form)}"
        for peer in peers
        for theirs in [column.value(peer)]
        if (theirs > mine if column.more_is_better else theirs < mine)
    ]
    return f"- {column.title} ({OURS} {format(mine, column.form)}): {', '.join(better)}" if better else ""


def report(results: Sequence[Result], sets: Sequence[str], conditions: Mapping[str, object]) -> str:
    """Return the table, what was run, and where a peer is ahead."""
    said = ", ".join(f"{name} {value}" for name, value in conditions.items())
    return "\n".join([table(results, sets), "", said, "", "Where a peer is ahead:", *ahead(results, sets)])
