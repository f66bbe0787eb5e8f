"""The pure functions of looking up: golden markup, order, snippets, what narrows, and nothing that runs."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_web_html import HOSTILE, hit, info, parsed, passage, source

from rag.citation import STYLES
from rag.errors import UsageError
from rag.records import Answer, Filters
from rag.web.lookup import (
    SNIPPET_CHARACTERS,
    Wanted,
    facets_view,
    filters_of,
    found_view,
    in_order,
    snippet,
)
from rag.web.room_texts import EN as EN_ROOMS
from rag.web.room_texts import ZH as ZH_ROOMS
from rag.web.texts import EN, ZH

KEY = "/docs/北岸日报.txt"


def answer(*hits, answerable=True):
    return Answer("茶农增收多少？", answerable, 0.9, hits, 12.4)


def test_found(golden):
    golden("web/found-zh.html", found_view(answer(hit()), Wanted("茶农"), {KEY: "2021-04-09"}, ZH))
    plain = source(document="/d/ferry.md", title="Night ferry", section="", speaker="", role="", page=None)
    shown = hit(passage=passage("It costs four pounds.", source=plain, language="en"), highlights=((0, 21),))
    golden("web/found-en.html", found_view(answer(shown, answerable=False), Wanted("cost"), {}, EN))


def test_facets(golden):
    documents = (info("a.txt", title="Night ferry"), info("b/c.md", language="zh"))
    golden("web/facets-en.html", facets_view(documents, Wanted("x", language="zh", speaker="Ada"), EN))


def test_nothing_found_says_whether_filters_did_it():
    assert ZH.nothing_found in found_view(answer(), Wanted("x"), {}, ZH)
    assert EN_ROOMS.narrowed in found_view(answer(), Wanted("x", format="md"), {}, EN)


def test_every_style_is_there_to_be_copied():
    markup = parsed(found_view(answer(hit()), Wanted("x"), {KEY: "2021-04-09"}, ZH))
    copied = {name: value for name, value in markup.attributes if name.removeprefix("data-") in STYLES}
    assert len(copied) == len(STYLES)
    assert copied["data-gbt7714"].startswith("林一舟. 发展茶业[Z]//北岸日报. 2021-04-09: 3.")


def test_order():
    first = hit(2, passage=passage(source=source(start=10)))
    second = hit(3, passage=passage(source=source(start=90)))
    other = hit(1, passage=passage(source=source(document="/docs/a.txt")))
    hits = (other, first, second)
    assert in_order(hits, "relevance", {}) == [other, first, second]
    assert in_order(reversed(hits), "document", {}) == [other, first, second]
    assert in_order(hits, "date", {KEY: "2021"}) == [first, second, other]


@given(st.text(max_size=900), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=3))
def test_a_snippet_is_a_part_of_the_text_and_its_spans_mark_the_same(text, spans):
    shown, inside = snippet(text, spans)
    assert shown.removeprefix("… ").removesuffix(" …") in text or len(text) <= SNIPPET_CHARACTERS
    assert len(shown) <= max(SNIPPET_CHARACTERS + 4, 4)
    for start, end in inside:
        assert 0 <= start < end <= len(shown)
        assert any(shown[start:end] in text[first:last] for first, last in merged(spans))


def merged(spans):
    from rag.web.html import merged_spans

    return merged_spans(spans, 900)


def test_a_snippet_begins_before_what_is_marked():
    text = "x" * 500 + "HERE" + "y" * 500
    shown, [(start, end)] = snippet(text, [(500, 504)])
    assert shown[start:end] == "HERE"
    assert shown.startswith("… x")


def test_which_document_is_meant():
    documents = (info("a.txt", title="Night ferry"), info("b.txt", title="Day ferry"))
    assert filters_of(Wanted("x", document="Day ferry"), documents).document == "/docs/b.txt"
    assert filters_of(Wanted("x", document="night"), documents).document == "/docs/a.txt"
    assert filters_of(Wanted("x", document="b.txt"), documents).document == "/docs/b.txt"
    assert filters_of(Wanted("x"), documents) == Filters()
    for name in ("ferry", "nowhere"):
        with pytest.raises(UsageError, match=name):
            filters_of(Wanted("x", document=name), documents)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_markup(text):
    evil = source(document=f"/docs/{text}", title=text, section=text, speaker=text, role=text)
    found = found_view(answer(hit(passage=passage(text, source=evil))), Wanted(text), {}, EN)
    wanted = Wanted(text, text, text, text, text, text, text, text, text)
    facets = facets_view((info(text, title=text, language=text),), wanted, EN)
    for markup in (found, facets):
        shown = parsed(markup)
        assert not {"script", "img", "svg", "iframe", "textarea"} & set(shown.tags)
        assert not [name for name, _ in shown.attributes if name.startswith("on")]


def test_every_word_is_said_in_both_languages():
    for field in fields(ZH_ROOMS):
        chinese, english = getattr(ZH_ROOMS, field.name), getattr(EN_ROOMS, field.name)
        assert chinese.strip()
        assert english.strip()
        assert chinese.count("{") == english.count("{"), field.name


def test_narrowing_is_more_than_words_and_order():
    assert not Wanted("x", sort="date").is_narrowed
    assert replace(Wanted("x"), since="2020-01-01").is_narrowed
