"""Draw what `benchmarks.scale` measured: `python -m benchmarks.scale_plot NOW.jsonl OUT.png [OLD.jsonl]`.

Six panels over the number of passages, on a logarithmic axis. A second file, of another version on the same
machine, is drawn dashed. Needs a Chromium, which turns the drawing into a picture.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from rag.judge.plot import COLOURS

WIDTH, HEIGHT = 1220, 740
PANEL = (330, 250)  # pixels of a plot, without its axes
PLACES = [(70 + 390 * column, 70 + 370 * row) for row in range(2) for column in range(3)]
KIB = 1024
STACK = (*COLOURS, "#e69f00", "#999999", "#f0e442", "#332288", "#000000")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Curve:
    """A name, and its value in one line of the measurement; None where that line has none."""

    name: str
    value: Callable[[Row], float | None]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share an axis from 0 up; `stacked` draws each on top of the one before."""

    title: str
    curves: Sequence[Curve]
    stacked: bool = False


def panels(rows: Sequence[Row]) -> list[Panel]:
    """What is drawn."""
    kinds = sorted({kind for row in rows for kind in row["bytes"]} - {"writer"})
    parts = list(rows[-1]["parts_ms"])
    return [
        Panel(
            "A question, milliseconds of processor time",
            [Curve("p95", _field("cpu_p95_ms")), Curve("p50", _field("cpu_p50_ms"))],
        ),
        Panel(
            "Where it goes, milliseconds",
            [
                *(Curve(part, lambda row, part=part: row["parts_ms"].get(part)) for part in parts),
                Curve("the rest", lambda row: row["mean_cpu_ms"] - sum(row["parts_ms"].values())),
            ],
            stacked=True,
        ),
        Panel(
            "Resident memory, MB",
            [Curve("all", _field("resident_mb")), Curve("without mapped files", _field("anonymous_mb"))],
        ),
        Panel(
            "Seconds",
            [
                Curve("opening", _field("open_s")),
                Curve("one page more", _field("add_s")),
                Curve("taking it out", _field("remove_s")),
            ],
        ),
        Panel(
            "Disk, KiB a passage",
            [
                Curve(kind, lambda row, kind=kind: row["bytes"].get(kind, 0) / KIB / row["passages"])
                for kind in kinds
            ],
            stacked=True,
        ),
        Panel(
            "Writing, milliseconds a passage (the encoder aside)",
            [
                Curve("commit", lambda row: 1000 * row["commit_s"] / row["passages"]),
                Curve("indexes", lambda row: 1000 * row["publish_s"] / row["passages"]),
            ],
            stacked=True,
        ),
    ]


def _field(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.get(name)


def drawing(rows: Sequence[Row], before: Sequence[Row] = ()) -> str:
    """The SVG of the measurements, by number of passages."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#1d2530">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for place, panel in zip(PLACES, panels(rows), strict=True):
        lines += _panel(panel, rows, () if panel.stacked else before, place)
    return "\n".join([*lines, "</svg>"])


def _panel(panel: Panel, rows: Sequence[Row], before: Sequence[Row], place: tuple[int, int]) -> list[str]:
    """One plot with its axes, curves and their names."""
    left, top = place
    values = [[curve.value(row) or 0.0 for row in rows] for curve in panel.curves]
    if panel.stacked:
        values = [
            [sum(column) for column in zip(*values[: at + 1], strict=True)] for at in range(len(values))
        ]
    older = [[curve.value(row) or 0.0 for row in before] for curve in panel.curves]
    ceiling = _round_up(max(max(line, default=0.0) for line in [*values, *older]))
    sizes = [row["passages"] for row in rows]
    span = (math.log10(min(sizes)), math.log10(max(sizes)))

    def across(size: float) -> float:
        return left + PANEL[0] * (math.log10(size) - span[0]) / max(span[1] - span[0], 1e-9)

    def up(value: float) -> float:
        return top + PANEL[1] * (1 - value / ceiling)

    lines = [_text(left, top - 16, panel.title, weight=600)]
    for step in range(5):
        y = up(ceiling * step / 4)
        lines.append(f'<path d="M{left} {y:.1f}h{PANEL[0]}" stroke="#e3e7ec"/>')
        lines.append(_text(left - 8, y + 4, f"{ceiling * step / 4:g}", anchor="end"))
    lines += [_text(across(size), top + PANEL[1] + 18, _short(size), anchor="middle") for size in sizes]
    for at, curve in reversed(list(enumerate(panel.curves))):
        colour = STACK[at % len(STACK)]
        points = [(across(size), up(value)) for size, value in zip(sizes, values[at], strict=True)]
        old = [(across(row["passages"]), up(value)) for row, value in zip(before, older[at], strict=True)]
        if panel.stacked:
            ground = [(points[-1][0], up(0)), (points[0][0], up(0))]
            lines.append(_shape("polygon", [*points, *ground], f'fill="{colour}" fill-opacity="0.85"'))
        else:
            stroke = f'fill="none" stroke="{colour}" stroke-width="2"'
            lines.append(_shape("polyline", points, stroke))
            lines.append(_shape("polyline", old, f'{stroke} stroke-dasharray="4 4"'))
        y = top + 14 + 15 * (len(panel.curves) - 1 - at)
        lines.append(f'<rect x="{left + 8}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        lines.append(_text(left + 23, y, f"{curve.name} {_rounded(curve.value(rows[-1]) or 0.0)}"))
    return lines


def _shape(kind: str, points: Sequence[tuple[float, float]], style: str) -> str:
    return f'<{kind} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" {style}/>'


def _rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 6, 8 × a power of ten that is not below."""
    power = 10 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _short(size: int) -> str:
    return f"{size // 1000000} M" if size >= 1000000 else f"{size // 1000} k"


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
    )


def read(path: str) -> list[Row]:
    """The lines of a measurement, by number of passages."""
    return sorted(
        map(json.loads, Path(path).read_text("utf-8").splitlines()), key=lambda row: row["passages"]
    )


def main() -> None:
    """Write the picture."""
    picture = drawing(read(sys.argv[1]), read(sys.argv[3]) if len(sys.argv) > 3 else ())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_content(f'<body style="margin:0">{picture}</body>')
        page.screenshot(path=sys.argv[2])
        browser.close()


if __name__ == "__main__":
    main()
