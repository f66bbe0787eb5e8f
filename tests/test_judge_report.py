"""The page of the worst misses: order, marks, and nothing a document says becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from judging import answer, hit, outcome, passage

from rag.judge.metrics import figures
from rag.judge.outcomes import QUOTE, Evaluation, Judgement, answers_question, unit_of
from rag.judge.report import (
    false_answers,
    false_refusals,
    marked,
    miss_report,
    misses,
    spans_of,
    wrong_sentences,
)

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> ${alert(1)} {{7*7}} \" ' &amp; </style>"


TAGS = set(
    re.findall(
        r"\w+", "html head meta title style body h1 h2 h3 p table thead tbody tr th td article div mark"
    )
)


def evaluation(outcomes, dataset: str = "set") -> Evaluation:
    return Evaluation(dataset, len(outcomes), 9, figures(outcomes), 1.5, 0.25, tuple(outcomes))


def ids(outcomes) -> list[str]:
    return [one.judgement.id for one in outcomes]


class Tags(HTMLParser):
    """Collects the tags and attributes of a page, and refuses tags that do not match."""

    VOID = ("meta", "!doctype")

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "a&lt;b&gt;c"),
        ([(0, 1)], "<mark>a</mark>&lt;b&gt;c"),
        ([(1, 4)], "a<mark>&lt;b&gt;</mark>c"),
        ([(4, 5), (0, 1)], "<mark>a</mark>&lt;b&gt;<mark>c</mark>"),
        ([(0, 3), (2, 5)], "<mark>a&lt;b</mark><mark>&gt;c</mark>"),
        ([(0, 5), (1, 2)], "<mark>a&lt;b&gt;c</mark>"),
        ([(2, 2)], "a&lt;b&gt;c"),
    ],
)
def test_marks(spans, expected):
    assert marked("a<b>c", spans) == expected


def test_answers_are_marked_where_they_first_stand():
    assert spans_of("one two one", ["one", "two", "three"]) == [(0, 3), (4, 7)]


def test_misses_come_worst_first():
    outcomes = [
        outcome("first", {"a": 1}, "a"),
        outcome("second", {"a": 1}, "ba"),
        outcome("lost, unsure", {"z": 1}, "ab", confidence=0.2),
        outcome("fourth", {"a": 1}, "bcda"),
        outcome("lost, sure", {"z": 1}, "ab", confidence=0.8),
        outcome("none", {}, "ab"),
    ]
    assert ids(misses(outcomes)) == ["lost, sure", "lost, unsure", "fourth", "second"]
    assert ids(false_answers(outcomes)) == ["none"]


def test_refusals_and_sentences():
    refused = answer("q", confidence=0.1, answerable=False)
    outcomes = [
        outcome("refused", {"a": 1}, "a", answer=refused),
        outcome("refused and missed", {"a": 1}, "ba", answer=refused),
        outcome("rightly refused", {}, "a", answer=refused),
        outcome("sentence, unsure", {"a": 1}, "a", sentence=False, confidence=0.5),
        outcome("sentence, sure", {"a": 1}, "a", sentence=False, confidence=0.9),
        outcome("sentence right", {"a": 1}, "a", sentence=True),
    ]
    assert ids(false_refusals(outcomes)) == ["refused"]
    assert ids(wrong_sentences(outcomes)) == ["sentence, sure", "sentence, unsure"]
    assert false_answers(outcomes) == []


def test_nothing_from_outside_becomes_markup():
    given = answer(HOSTILE, [hit(1, HOSTILE, unit=HOSTILE, highlights=[(0, 7)])])
    one = outcome("q", {"z": 1}, "a", answer=given, answers=(HOSTILE, "alert"), gold=HOSTILE)
    one = replace(one, judgement=replace(one.judgement, id=HOSTILE, question=HOSTILE))
    html = miss_report(evaluation([one], dataset=HOSTILE))
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.seen <= TAGS
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "dir"}
    assert "<mark>&lt;script</mark>&gt;alert(1)" in html


def test_the_page_shows_what_was_wanted_and_what_came():
    given = answer(
        "Wer?", [hit(1, "Nobody came.", unit="b", highlights=[(0, 6)]), hit(2, "Ada came.", unit="a")]
    )
    one = outcome("q7", {"a": 1}, "ba", answer=given, answers=("Ada",), gold="Ada came.")
    html = miss_report(evaluation([one, outcome("fine", {"a": 1}, "a")]))
    assert "What answers did not come first (1)" in html
    assert "rank 2 · confidence 0.90" in html
    assert '<div class="passage right"><p class="soft" dir="auto">what answers</p>' in html
    assert "<mark>Ada</mark> came." in html
    assert '<div class="passage wrong"><p class="soft" dir="auto">1. score 1.000 · b</p>' in html
    assert "question fine" not in html


def test_a_group_is_cut_and_says_so():
    outcomes = [outcome(f"q{number}", {"z": 1}, "a") for number in range(12)]
    html = miss_report(evaluation(outcomes), limit=5)
    assert "What answers did not come first (12, the first 5 shown)" in html
    assert html.count("<article>") == 5


def test_units_of_documents_passages_and_quotes():
    whole = Judgement("q", "?", {"d1": 1})
    assert unit_of(whole, passage(5, "x", unit="d1")) == "d1"
    assert answers_question(whole, passage(5, "x", unit="d1"))
    assert not answers_question(whole, passage(5, "x", unit="d2"))
    quoted = Judgement("q", "?", {QUOTE: 1}, passages=frozenset({5, 6}))
    assert [unit_of(quoted, passage(number, "x", unit="d1")) for number in (5, 6, 7)] == [QUOTE, QUOTE, "7"]
    assert answers_question(quoted, passage(6, "x"))
