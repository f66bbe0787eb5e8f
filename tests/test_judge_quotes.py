"""Quotes found in a library's passages, whatever the white space and the borders."""

from __future__ import annotations

from pathlib import Path

import pytest
from judging import passage

from rag.errors import EvaluationError
from rag.judge.outcomes import QUOTE
from rag.judge.quotes import judge_quotations, passages_with, shelve
from rag.judge.sets import Quotation
from rag.records import DocumentInfo

FILE = Path("questions.jsonl")


def shelved(name: str, *texts: str, first: int = 1):
    info = DocumentInfo(
        f"/books/{name}", f"/books/{name}", f"Title of {name}", "en", len(texts), 1, "2026-01-01"
    )
    return shelve(info, [passage(number, text) for number, text in enumerate(texts, start=first)])


def numbers(quote: str, document) -> list[int]:
    return [found.id for found in passages_with(quote, document)]


def test_every_passage_that_holds_the_quote_is_found():
    book = shelved("a.txt", "渡船八点 开。", "码头在北边。", "渡船八点开，九点回。")
    assert numbers("渡船\n八点开", book) == [1, 3]
    assert numbers("码头", book) == [2]
    assert numbers("渡船十点", book) == []
    assert numbers(" ", book) == []


def test_a_quote_over_a_border_belongs_to_both_sides_and_no_more():
    book = shelved("a.txt", "one two", "three four", "five")
    assert numbers("two three", book) == [1, 2]
    assert numbers("two", book) == [1]
    assert numbers("three", book) == [2]
    assert numbers("o three four f", book) == [1, 2, 3]
    assert numbers("e", book) == [1, 2, 3]


def test_overlapping_places_all_count():
    assert numbers("abab", shelved("a.txt", "ab", "ab", "ab")) == [1, 2, 3]


def test_judgements_keep_their_order_and_what_the_line_says():
    books = [shelved("a.txt", "The ferry leaves."), shelved("b.txt", "The pier is closed.", first=2)]
    first, none, both = judge_quotations(
        [
            Quotation(1, "q1", "?", "pier", section="News", speaker="Jane"),
            Quotation(2, "q2", "?", None),
            Quotation(3, "q3", "?", "The", answers=("ferry",)),
        ],
        books,
        path=FILE,
    )
    assert (first.id, dict(first.gains), first.passages) == ("q1", {QUOTE: 1}, {2})
    assert (first.section, first.speaker, first.answers) == ("News", "Jane", ("pier",))
    assert (none.answerable, none.passages, none.answers) == (False, frozenset(), ())
    assert (both.passages, both.answers) == ({1, 2}, ("ferry",))


@pytest.mark.parametrize("name", ["b.txt", "b", "/books/b.txt", "Title of b.txt"])
def test_a_document_can_be_named(name):
    books = [shelved("a.txt", "same words"), shelved("b.txt", "same words", first=2)]
    (judgement,) = judge_quotations([Quotation(1, "1", "?", "same", document=name)], books, path=FILE)
    assert judgement.passages == {2}


def test_a_quote_that_is_nowhere_is_named():
    books = [shelved("a.txt", "some words")]
    lost = [Quotation(4, "x", "?", "other"), Quotation(9, "y", "?", "words", document="b.txt")]
    with pytest.raises(EvaluationError, match=r"line 4: the quote “other” \(and those of 1 more lines\)"):
        judge_quotations(lost, books, path=FILE)
    with pytest.raises(EvaluationError, match=r"line 9: .* in no passage of document 'b\.txt'"):
        judge_quotations(lost[1:], books, path=FILE)
