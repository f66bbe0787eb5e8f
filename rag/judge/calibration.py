"""Probabilities against what came true: Brier score, reliability bins and their diagram.

DeGroot and Fienberg 1983, "The comparison and evaluation of forecasters": where a forecaster is calibrated,
of the things said with probability p a share of p comes true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from rag.judge.intervals import Float64
from rag.judge.plot import COLOURS, FONT

BINS = 10
SIDE, MARGIN = 360, 60  # of the square, and left and below of it, in pixels
LEAST_RADIUS, MOST_RADIUS = 3.0, 9.0  # of a bin with one case, of the fullest bin


@dataclass(frozen=True, slots=True)
class Bin:
    """The cases whose probability lies in one of the equal parts of 0 to 1."""

    said: float  # their mean probability
    true: float  # the share of them that came true
    count: int


def brier(said: Float64, truth: NDArray[np.bool_]) -> float:
    """Return the mean squared distance of (n,) probabilities from 1 where true and 0 where not; 0 is best."""
    return float(((said - truth) ** 2).mean())


def bins(said: Float64, truth: NDArray[np.bool_], count: int = BINS) -> tuple[Bin, ...]:
    """Return the bins, of `count` equal parts, that have a case, ascending."""
    places = np.minimum((said * count).astype(int), count - 1)
    groups = (places == place for place in range(count))
    return tuple(
        Bin(float(said[group].mean()), float(truth[group].mean()), int(group.sum()))
        for group in groups
        if group.any()
    )


def reliability_svg(models: Mapping[str, Sequence[Bin]]) -> str:
    """Return the reliability diagram of one or more models by their labels; a larger dot is more cases."""
    body = [_text(MARGIN + SIDE / 2, SIDE + 66, "confidence", "middle"), *_grid()]
    for number, (label, found) in enumerate(models.items()):
        colour = COLOURS[number % len(COLOURS)]
        most = max(one.count for one in found)
        points = " ".join(f"{_x(one.said):.1f},{_y(one.true):.1f}" for one in found)
        body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for one in found:
            radius = LEAST_RADIUS + (MOST_RADIUS - LEAST_RADIUS) * (one.count / most) ** 0.5
            title = f"{label}: said {one.said:.2f}, true {one.true:.2f}, {one.count} cases"
            body.append(
                f'<circle cx="{_x(one.said):.1f}" cy="{_y(one.true):.1f}" r="{radius:.1f}" '
                f'fill="{colour}"><title>{escape(title)}</title></circle>'
            )
        body.append(_text(MARGIN + 14, 40 + 20 * number, label, "start", colour))
    width, height = SIDE + MARGIN + 20, SIDE + MARGIN + 20
    lines = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" {FONT} fill="#1d2530">\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f"{lines}\n</svg>\n"
    )


def _grid() -> list[str]:
    lines = []
    for step in range(0, 11, 2):
        value = step / 10
        ends = (
            (_x(value), _y(0), _x(value), _y(1)),
            (_x(0), _y(value), _x(1), _y(value)),
        )
        lines += [_line(*end, "#e3e7ec") for end in ends]
        lines += [
            _text(_x(value), SIDE + 40, f"{value:g}", "middle"),
            _text(MARGIN - 10, _y(value) + 4, f"{value:g}", "end"),
        ]
    return [*lines, _line(_x(0), _y(0), _x(1), _y(1), "#8a94a0")]


def _x(value: float) -> float:
    return MARGIN + SIDE * value


def _y(value: float) -> float:
    return 20 + SIDE * (1 - value)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#1d2530") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
