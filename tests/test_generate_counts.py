"""One of a thing where the passage has several."""

from __future__ import annotations

import pytest

from rag.generate.counts import missing_counts


@pytest.mark.parametrize(
    ("claim", "passage", "missing"),
    [
        ("One boat came back.", "Two boats came back.", ["one boat"]),
        ("The first floor burnt.", "The second floor burnt.", ["first floor"]),
        ("县里有一个村通了路。", "县里有两个村通了路。", ["一个村"]),
        ("第一届大会召开。", "第二届大会召开。", ["第一届大"]),
        ("One boat came back.", "Two boats left, and one boat came back.", []),
        ("One boat came back.", "A boat came back after two boats left.", []),
        ("One of them came.", "Two of them came.", []),
        ("One day it rained.", "For two days it rained.", []),
        ("The first floor burnt.", "First the second floor burnt.", []),
        ("县里有一个村通了路。", "两个村里，这个村通了路。", []),
        ("他是一位老师。", "他教书。", []),
        ("第一届大会召开。", "首届大会召开，第二届也已筹备。", []),
        ("统一个性", "两个性", []),
    ],
)
def test_counts(claim, passage, missing):
    assert missing_counts(claim, passage) == missing
