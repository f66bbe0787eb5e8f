"""The picture: well-formed, to scale, and escaping."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from judging import outcome

from rag.judge.metrics import figures
from rag.judge.outcomes import Evaluation, Run, run_of
from rag.judge.plot import LEFT, RIGHT, found_within, runs_svg

SVG = "{http://www.w3.org/2000/svg}"


def run(units: str = "ba") -> Run:
    outcomes = [outcome(f"q{number}", {"a": 1}, units) for number in range(4)] + [outcome("x", {"z": 1}, "a")]
    return run_of(Evaluation("set", 5, 9, figures(outcomes), 1.0, 1.0, tuple(outcomes)))


def test_found_within_by_hand():
    assert found_within([1, 3, None, 2], 4) == [0.25, 0.5, 0.75, 0.75]


def test_dots_stand_at_their_values():
    picture = ET.fromstring(runs_svg({"before": run()}))
    dots = {
        dot.find(f"{SVG}title").text.split()[0]: float(dot.get("cx"))
        for dot in picture.iter(f"{SVG}circle")
        if dot.find(f"{SVG}title") is not None
    }
    assert list(dots) == ["ndcg@10", "mrr@10", "recall@1", "recall@5", "recall@10", "recall@100"]
    assert dots["recall@1"] == LEFT  # 0, and the axis begins there
    assert dots["recall@5"] == pytest.approx(LEFT + 0.8 * (RIGHT - LEFT), abs=0.1)


def test_each_run_has_its_dots_its_curve_and_its_label():
    picture = ET.fromstring(runs_svg({"before": run(), "after <&>": run("a")}))
    assert len(list(picture.iter(f"{SVG}polyline"))) == 2
    assert len([dot for dot in picture.iter(f"{SVG}circle") if dot.find(f"{SVG}title") is not None]) == 12
    assert "after <&>" in [text.text for text in picture.iter(f"{SVG}text")]


def test_the_axis_leaves_room_when_all_is_right():
    outcomes = [outcome(f"q{number}", {"a": 1}, "a") for number in range(4)]
    perfect = run_of(Evaluation("set", 4, 9, figures(outcomes), 1.0, 1.0, tuple(outcomes)))
    picture = ET.fromstring(runs_svg({"perfect": perfect}))
    assert {"90", "100"} <= {text.text for text in picture.iter(f"{SVG}text")}


@pytest.mark.parametrize("count", [0, 6])
def test_more_runs_than_colours_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} runs"):
        runs_svg({str(number): run() for number in range(count)})
