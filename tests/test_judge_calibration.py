"""Probabilities against what came true: by hand, and the diagram to scale."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from rag.judge.calibration import MARGIN, SIDE, Bin, bins, brier, reliability_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_brier_by_hand():
    said = np.array([1.0, 0.5, 0.2])
    assert brier(said, np.array([True, False, False])) == pytest.approx((0 + 0.25 + 0.04) / 3)


def test_bins_by_hand():
    said = np.array([0.05, 0.15, 0.11, 0.99, 1.0])
    truth = np.array([False, True, False, True, True])
    assert bins(said, truth) == (
        Bin(0.05, 0.0, 1),
        Bin(pytest.approx(0.13), 0.5, 2),
        Bin(pytest.approx(0.995), 1.0, 2),
    )


def test_a_calibrated_forecaster_lies_on_the_diagonal():
    random = np.random.default_rng(1)
    said = random.random(200_000)
    found = bins(said, random.random(said.size) < said)
    assert len(found) == 10
    assert all(abs(one.said - one.true) < 0.01 for one in found)


def test_dots_stand_at_their_values_and_labels_are_escaped():
    picture = ET.fromstring(reliability_svg({"a <b>": (Bin(0.25, 0.5, 10), Bin(1.0, 0.0, 40))}))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in picture.iter(f"{SVG}circle")]
    assert dots == [(MARGIN + SIDE / 4, 20 + SIDE / 2), (MARGIN + SIDE, 20 + SIDE)]
    assert "a <b>" in [text.text for text in picture.iter(f"{SVG}text")]
