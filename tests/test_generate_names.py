"""Names, quotations and codes that must stand in the passage."""

from __future__ import annotations

import pytest

from rag.generate.names import missing_names

PASSAGE = "The Carnegie Library on Dock Street keeps its Sundays, thanks to Miss Edith Sallow's gift. Error T-17 is gone."
SPEECH = "临溪县委书记 周望川\n临溪县有186个行政村。罗建平说，高桥新村的“石匠回乡”贷款由秦立负责。主机的防护等级是IP66。"


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("Edith Sallow left a gift to the Carnegie Library.", []),
        ("Drivers say so, and Miss Sallow's gift helps.", []),
        ("The gift came from Edith Marlow.", ["Marlow"]),
        ("It stands in Harbour Street.", ["Harbour"]),
        ("Error T-18 is gone.", ["T-18"]),
        ("She called it “a matter of honour”.", ["a matter of honour"]),
        ("It rose by the 3rd day.", []),
    ],
)
def test_english(claim, missing):
    assert missing_names(claim, PASSAGE, language="en", same_language=True) == missing


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("临溪县的行政村很多。", []),
        ("青禾县的行政村很多。", ["禾县"]),
        ("全县的城市、乡镇和县里都这样。", []),
        ("罗建平说高桥新村拖到现在。", []),
        ("方慧说高桥新村拖到现在。", ["方慧"]),
        ("“石匠回乡”贷款办得好。", []),
        ("“石匠还乡”贷款办得好。", ["石匠还乡"]),
        ("防护等级是IP67。", ["IP67"]),
    ],
)
def test_chinese(claim, missing):
    assert missing_names(claim, SPEECH, language="zh", same_language=True) == missing


def test_across_languages_only_codes_and_latin_words_count():
    assert missing_names("罗建平把错误T-17修好了。", PASSAGE, language="zh", same_language=False) == []
    assert missing_names("错误T-18来自Marlow。", PASSAGE, language="zh", same_language=False) == [
        "T-18",
        "Marlow",
    ]
    assert missing_names("Mr Luo Jianping said so.", SPEECH, language="en", same_language=False) == []


def test_german_nouns_are_no_names():
    assert missing_names("Die Stadt und das Wasser.", "Der Ort.", language="de", same_language=True) == []
