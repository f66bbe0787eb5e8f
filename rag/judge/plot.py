"""Runs -> one SVG picture: each metric with its interval, and how soon what answers is found.

A pure function that returns text, so that no plotting library is needed; the colours are told apart by
colour-blind readers too (Okabe and Ito 2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from rag.judge.outcomes import Run

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9")
DEPTH = 100  # the last rank of the curve
WIDTH = 760
LEFT, RIGHT = 130, 730  # of both panels, in pixels
ROW = 18  # pixels a run takes below a metric
CURVE_HEIGHT = 200
FONT = 'font-family="system-ui, Noto Sans CJK SC, sans-serif" font-size="13"'


def runs_svg(runs: Mapping[str, Run]) -> str:
    """Return the picture of one or more runs (at most five), by their labels.

    Raises ValueError where there is none, or more than there are colours.
    """
    if not 1 <= len(runs) <= len(COLOURS):
        raise ValueError(f"{len(runs)} runs: between 1 and {len(COLOURS)} can be told apart")
    legend, below_legend = _legend(list(runs))
    metrics, below_metrics = _metrics_panel(list(runs.values()), top=below_legend + 20)
    curve, bottom = _curve_panel(list(runs.values()), top=below_metrics + 60)
    body = "\n".join([*legend, *metrics, *curve])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" '
        f'height="{bottom}" {FONT} fill="#1d2530">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f"{body}\n</svg>\n"
    )


def found_within(ranks: Sequence[int | None], depth: int = DEPTH) -> list[float]:
    """Return, for each k from 1 to `depth`, the share of questions whose answer is within the first k."""
    return [sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in range(1, depth + 1)]


def _legend(labels: Sequence[str]) -> tuple[list[str], int]:
    lines = []
    for row, label in enumerate(labels):
        y = 22 + 20 * row
        lines.append(f'<circle cx="{LEFT + 5}" cy="{y - 4}" r="5" fill="{COLOURS[row]}"/>')
        lines.append(_text(LEFT + 18, y, label))
    return lines, 22 + 20 * len(labels)


def _metrics_panel(runs: Sequence[Run], *, top: int) -> tuple[list[str], int]:
    """Return the dots and whiskers, one row a run below each metric, and where they end."""
    names = list(dict.fromkeys(name for run in runs for name in run.figures.metrics))
    lowest = min(low for run in runs for low, _ in run.figures.interval95.values())
    floor = min(0.9, math.floor(10 * lowest) / 10)
    bottom = top + len(names) * (ROW * len(runs) + 8)
    lines = _vertical_grid(floor, top=top, bottom=bottom)
    for position, name in enumerate(names):
        y = top + position * (ROW * len(runs) + 8)
        lines.append(_text(LEFT - 12, y + ROW * len(runs) / 2 + 5, name, anchor="end"))
        for row, run in enumerate(runs):
            if name in run.figures.metrics:
                lines += _whisker(run, name, y=y + ROW * row + ROW / 2, floor=floor, colour=COLOURS[row])
    return lines, bottom


def _vertical_grid(floor: float, *, top: int, bottom: int) -> list[str]:
    lines = []
    for step in range(11):
        value = floor + (1 - floor) * step / 10
        x = _across(value, floor)
        lines.append(_line(x, top, x, bottom, "#e3e7ec"))
        lines.append(_text(x, bottom + 18, f"{100 * value:g}", anchor="middle"))
    return lines


def _whisker(run: Run, name: str, *, y: float, floor: float, colour: str) -> list[str]:
    low, high = run.figures.interval95[name]
    value = run.figures.metrics[name]
    x = _across(value, floor)
    title = f"{name} {100 * value:.2f} [{100 * low:.2f}, {100 * high:.2f}]"
    return [
        _line(_across(low, floor), y, _across(high, floor), y, colour, width=2),
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"><title>{escape(title)}</title></circle>',
    ]


def _curve_panel(runs: Sequence[Run], *, top: int) -> tuple[list[str], int]:
    """Return the share found within the first k, k on a logarithmic axis, and where the panel ends."""
    curves = [found_within(list(run.ranks.values())) for run in runs]
    floor = min(0.9, math.floor(10 * min(curve[0] for curve in curves)) / 10)
    bottom = top + CURVE_HEIGHT
    lines = [_text(LEFT, top - 12, "found within the first k")]
    for step in range(6):
        value = floor + (1 - floor) * step / 5
        y = _up(value, floor, bottom)
        lines.append(_line(LEFT, y, RIGHT, y, "#e3e7ec"))
        lines.append(_text(LEFT - 12, y + 4, f"{100 * value:g}", anchor="end"))
    for k in (1, 2, 5, 10, 20, 50, 100):
        lines.append(_text(_along(k), bottom + 20, str(k), anchor="middle"))
    for colour, curve in zip(COLOURS, curves, strict=False):
        points = " ".join(
            f"{_along(k):.1f},{_up(value, floor, bottom):.1f}" for k, value in enumerate(curve, start=1)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return lines, bottom + 40


def _across(value: float, floor: float) -> float:
    return LEFT + (RIGHT - LEFT) * (value - floor) / (1 - floor)


def _along(k: int) -> float:
    return LEFT + (RIGHT - LEFT) * math.log(k) / math.log(DEPTH)


def _up(value: float, floor: float, bottom: int) -> float:
    return bottom - CURVE_HEIGHT * (value - floor) / (1 - floor)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
