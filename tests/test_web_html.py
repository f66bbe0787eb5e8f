"""The pure functions that make the page: golden markup, and nothing from a document ever becomes markup."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import (
    Answer,
    Block,
    BlockKind,
    Channels,
    Document,
    DocumentInfo,
    Finding,
    Hit,
    Passage,
    Source,
)
from rag.segment.joints import Vocabulary
from rag.web.cards import answer_view, deep_link, error_view, quotation, quoted_sentence
from rag.web.examples import example_questions, examples_view
from rag.web.flow import flowed, flowed_marked, source_spans
from rag.web.html import bdi, element, escape, marked, merged_spans
from rag.web.reader import WINDOW_CHARACTERS, Place, no_document_view, reader_view
from rag.web.shelf import ROWS, findings_view, shelf_view
from rag.web.texts import EN, ZH, chosen_tongue, language_name, place_text

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "${alert(1)}",
    "{{alert(1)}}",
    "{{#each this}}{{/each}}",
    "`+alert(1)+`",
    "<svg/onload=alert(1)>",
    "&lt;script&gt;",
    '__i18n__{"key": "x"}',
    "</textarea><iframe src=javascript:alert(1)>",
    "\x00\x07\ud800",
)


class Collector(HTMLParser):
    """Reads markup back: the tags, the attributes by name, the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def parsed(markup: str) -> Collector:
    collector = Collector()
    collector.feed(markup)
    collector.close()
    return collector


def source(**changes) -> Source:
    plain = Source("/docs/北岸日报.txt", "北岸日报", "发展茶业", "林一舟", "青禾县县长", 3, 12, 40, 62)
    return replace(plain, **changes)


def passage(text="今年新增茶园两千亩。农民人均增收三千元。", **changes) -> Passage:
    return replace(Passage(7, text, "zh", source()), **changes)


def hit(rank=1, **changes) -> Hit:
    return replace(Hit(passage(), 1.5, rank, ((10, 20),), Channels(6.2, 0.31, -0.4)), **changes)


def answer(**changes) -> Answer:
    plain = Answer("茶农增收多少？", True, 0.934, (hit(), hit(2, highlights=())), 41.7)
    return replace(plain, **changes)


# --- escaping ---


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_leaves_no_markup_and_no_template(text):
    markup = escape(text)
    assert not re.search(r"[<>\"'`${}\x00]", markup)
    shown = re.sub(r"[\x00-\x08\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
    assert "".join(parsed(f"<p>{markup}</p>").text) == shown


@given(st.text())
def test_escape_reads_back_as_the_same_text(text):
    shown = "".join("\N{REPLACEMENT CHARACTER}" if character in UNSHOWN else character for character in text)
    assert "".join(parsed(f"<p>{escape(text)}</p>").text) == shown


UNSHOWN = {chr(code) for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))}


def test_element_escapes_attributes_and_leaves_out_what_is_none():
    assert element(
        "a", "b", href='"x"', hidden=True, disabled=False, title=None, data_act="go", class_="c"
    ) == ('<a href="&quot;x&quot;" hidden data-act="go" class="c">b</a>')


@given(st.lists(st.tuples(st.integers(-3, 14), st.integers(-3, 14)), max_size=6))
def test_merged_spans_cover_the_same_characters(spans):
    merged = merged_spans(spans, 10)
    covered = {place for start, end in spans for place in range(max(0, start), min(10, end))}
    assert {place for start, end in merged for place in range(start, end)} == covered
    assert all(before[1] < after[0] for before, after in pairwise(merged))


def test_marked_marks_each_span_once_and_escapes_inside():
    assert marked("a<b>c", [(1, 4), (3, 4)]) == "a<mark>&lt;b&gt;</mark>c"
    assert marked("abc", []) == "abc"


# --- cards ---


def test_answer_in_chinese(golden):
    golden("web/answer-zh.html", answer_view(answer(), ZH))


def test_answer_in_english_without_speaker_page_and_section(golden):
    plain = passage("The ferry runs all winter. It costs four pounds.", language="en")
    where = source(
        document="/docs/gazette.txt", title="Night ferry", section="", speaker="", role="", page=None, id="q7"
    )
    shown = hit(passage=replace(plain, source=where), highlights=((0, 26), (27, 48)))
    golden("web/answer-en.html", answer_view(answer(hits=(shown,), question="When does it run?"), EN))


def test_nothing_answers(golden):
    golden("web/unanswered-zh.html", answer_view(answer(answerable=False, hits=(hit(),)), ZH))


def test_nothing_at_all():
    shown = parsed(answer_view(answer(hits=(), answerable=False), EN))
    assert EN.nothing_answers in shown.text
    assert EN.nothing_found in shown.text
    assert EN.nearest not in shown.text


def test_answer_that_nothing_answers_quotes_nothing():
    assert "blockquote" not in parsed(answer_view(answer(answerable=False), EN)).tags


def test_bars_share_one_scale_and_never_overflow():
    strong = hit(channels=Channels(12.0, 1.5, -1.0))
    weak = hit(2, channels=Channels(6.2, 0.31, 3.0))
    widths = re.findall(r"width:(\d+)%", answer_view(answer(hits=(strong, weak)), EN))
    assert widths == ["100", "100", "0", "52", "31", "25"]


def test_a_cross_encoder_that_read_the_passage_has_a_bar():
    read = hit(channels=Channels(3.0, 0.5, 6.0, reranker=0.0))
    shown = answer_view(answer(hits=(read, hit(2))), EN)
    assert re.findall(r"width:(\d+)%", shown)[:4] == ["48", "50", "97", "50"]
    assert shown.count(EN.reranker + ": 50%") == 1
    extreme = hit(channels=Channels(1.0, 0.5, 1.0, reranker=-1e9))
    assert f"{EN.reranker}: 0%" in answer_view(answer(hits=(extreme,)), EN)


def test_quoted_sentence_is_the_highlight_or_the_beginning():
    assert quoted_sentence(hit()) == "农民人均增收三千元。"
    assert quoted_sentence(hit(highlights=())) == passage().text
    assert quoted_sentence(hit(highlights=((0, 10), (10, 20)))) == passage().text
    assert quoted_sentence(hit(passage=passage("字" * 900), highlights=())) == "字" * 300 + " …"


def test_quotation_names_its_source():
    assert quotation(hit(), ZH) == (
        "“农民人均增收三千元。”\n— 青禾县县长 林一舟，发展茶业，北岸日报，北岸日报.txt，第 3 页，第 12 段"
    )


def test_deep_link_is_read_back_by_a_browser():
    from urllib.parse import parse_qs, urlsplit

    link = urlsplit(deep_link("/a b/文#1&x.txt#q", 12, "谁？ & why"))
    assert parse_qs(link.query) == {"q": ["谁？ & why"], "doc": ["/a b/文#1&x.txt#q"]}
    assert link.fragment == "p12"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_an_answer_becomes_markup(text):
    where = source(document=f"/docs/{text}", title=text, section=text, speaker=text, role=text, id=text)
    hostile = hit(passage=passage(text * 3, source=where), highlights=((0, 5), (7, 60)))
    for tongue in (ZH, EN):
        harmless = answer_view(answer(hits=(hit(highlights=((0, 5), (7, 60))),)), tongue)
        shown = parsed(answer_view(answer(question=text, hits=(hostile,)), tongue))
        assert set(shown.tags) == set(parsed(harmless).tags)
        assert {name for name, _ in shown.attributes} == {name for name, _ in parsed(harmless).attributes}


def test_error_is_one_line():
    assert error_view("no <library> here") == ('<p class="wj-error" role="alert">no &lt;library&gt; here</p>')


# --- flow ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("网格\n化管理", "网格化管理"),
        ("以改革,\n\n用好", "以改革,用好"),
        ("the night\nferry", "the night ferry"),
        ("用\nFAISS\n索引", "用FAISS索引"),
        ("a har-\nbour", "a harbour"),
        ("대한\n민국", "대한 민국"),
        ("\nedges\n", "edges"),
        ("plain", "plain"),
    ],
)
def test_flowed(text, expected):
    flow, places = flowed(text, Vocabulary())
    assert flow == expected
    assert len(places) == len(flow)
    assert all(
        text[place] == character for character, place in zip(flow, places, strict=True) if character != " "
    )


@given(st.text(alphabet="a字 \n。,3", max_size=40))
def test_flowed_loses_no_character_but_space(text):
    assert re.sub(r"\s", "", flowed(text, Vocabulary())[0]) == re.sub(r"\s", "", text)


def test_flowed_marked_marks_across_a_line_break():
    assert flowed_marked("甲乙\n丙<丁", [(1, 4)], Vocabulary()) == "甲<mark>乙丙</mark>&lt;丁"
    assert flowed_marked("one\ntwo three", [(4, 7)], Vocabulary()) == "one <mark>two</mark> three"


def test_source_spans_walk_over_repaired_breaks():
    text = "题目\n\n推进网格\n\n化管理，成效\n明显。尾"
    start, end = text.index("推"), text.index("尾")
    cut = passage("推进网格化管理，成效明显。", source=source(start=start, end=end))
    spans = source_spans(cut, text, [(2, 7)])
    assert [text[first:last] for first, last in spans] == ["网格\n\n化管理"]
    hyphenated = "the harb-\nour board met"
    whole = passage("the harbour board met", source=source(start=0, end=len(hyphenated)))
    assert source_spans(whole, hyphenated, [(4, 11)]) == [(4, 13)]


def test_source_spans_of_a_passage_that_does_not_fit_stay_inside():
    odd = passage("完全不同的文字", source=source(start=2, end=6))
    assert all(2 <= first <= last <= 6 for first, last in source_spans(odd, "甲乙丙丁戊己庚", [(0, 7)]))


# --- reader ---


def document() -> tuple[Document, list[Passage]]:
    parts = (
        (BlockKind.TITLE, "北岸日报", 0, 1),
        (BlockKind.HEADING, "发展茶业", 1, 1),
        (BlockKind.BYLINE, "青禾县县长 林一舟", 0, 1),
        (BlockKind.PARAGRAPH, "今年新增茶园\n两千亩。农民人均增收三千元。", 0, 1),
        (BlockKind.HEADING, "The <ferry>", 1, 2),
        (BlockKind.LIST_ITEM, "1. winter", 0, 2),
        (BlockKind.LIST_ITEM, "2. summer", 0, 2),
        (BlockKind.TABLE_ROW, "Year\tPassengers", 0, 2),
        (BlockKind.TABLE_ROW, "| 2021 | 64 |", 0, 2),
        (BlockKind.VERSE, "one line\nanother", 0, 2),
        (BlockKind.CODE, "if a < b:\n    pass", 0, 2),
        (BlockKind.FURNITURE, "— 2 —", 0, 2),
    )
    text, blocks = "", []
    for kind, words, level, page in parts:
        blocks.append(Block(kind, len(text), len(text) + len(words), level, page))
        text += words + "\n\n"
    passages = [
        passage(
            "今年新增茶园两千亩。农民人均增收三千元。",
            source=source(start=blocks[3].start, end=blocks[3].end, paragraph=1),
        ),
        passage(
            "1. winter 2. summer",
            id=8,
            language="en",
            source=source(start=blocks[5].start, end=blocks[6].end, paragraph=2),
        ),
    ]
    return Document("/docs/北岸日报.txt", "北岸日报", text, tuple(blocks), warnings=("maybe GBK",)), passages


def test_reader_opened_at_a_sentence(golden):
    whole, passages = document()
    view = reader_view(whole, passages, place=Place(passages[0], ((10, 20),)), offset=0, texts=ZH)
    golden("web/reader-zh.html", view)


def test_reader_without_a_place_marks_nothing():
    whole, passages = document()
    markup = reader_view(whole, passages, place=None, offset=0, texts=EN)
    assert "<mark>" not in markup
    assert "wj-here" not in markup


def test_reader_of_a_document_without_blocks_shows_all_of_its_text():
    plain = Document("/docs/a.txt", "A title", "one\ntwo\n\nthree")
    shown = parsed(reader_view(plain, [], place=None, offset=0, texts=EN))
    assert [text for text in shown.text if text in ("A title", "one two", "three")] == [
        "A title",
        "one two",
        "three",
    ]


def test_reader_opens_a_very_long_document_at_the_passage():
    paragraphs = [f"Paragraph {number} " + "x" * 200 for number in range(3000)]
    text = "\n\n".join(paragraphs)
    start = text.index(paragraphs[2000])
    far = passage(
        paragraphs[2000],
        language="en",
        source=source(start=start, end=start + len(paragraphs[2000]), paragraph=2001),
    )
    view = reader_view(Document("/a.txt", "", text), [far], place=Place(far, ((0, 9),)), offset=0, texts=EN)
    assert "<mark>Paragraph</mark> 2000 " in view
    assert "Paragraph 1 " not in view
    assert EN.earlier in view
    assert EN.later in view
    assert len(view) < 2 * WINDOW_CHARACTERS


def test_reader_of_one_endless_paragraph_shows_a_window_of_it():
    text = "".join(f"{number:07d} " for number in range(100_000))
    whole = Document("/a.txt", "", text)
    view = reader_view(whole, [], place=None, offset=400_000, texts=EN)
    assert "0050000" in view
    assert "0000000" not in view
    assert len(view) < 2 * WINDOW_CHARACTERS


def test_the_windows_of_a_long_document_leave_nothing_out():
    text = "\n\n".join(f"n{number:06d} " + "y" * 90 for number in range(4000))
    seen: set[str] = set()
    offset = 0
    while offset < len(text):
        view = reader_view(Document("/a.txt", "", text), [], place=None, offset=offset, texts=EN)
        seen |= set(re.findall(r"n\d{6}", view))
        later = re.findall(r'data-offset="(\d+)"', view)
        offset = int(later[-1]) if EN.later in view else len(text)
    assert len(seen) == 4000


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_document_becomes_markup(text):
    blocks = tuple(Block(kind, 0, len(text)) for kind in BlockKind)
    hostile = Document(f"/docs/{text}", text, text, blocks, id=text, warnings=(text,))
    shown = parsed(reader_view(hostile, [], place=None, offset=0, texts=EN))
    assert not {"script", "img", "svg", "iframe", "textarea"} & set(shown.tags)
    assert not [name for name, _ in shown.attributes if name.startswith("on")]


def test_no_document():
    assert EN.no_document in no_document_view(EN)


# --- shelf ---


def info(name="a.txt", **changes) -> DocumentInfo:
    plain = DocumentInfo(f"/docs/{name}", f"/docs/{name}", "", "en", 4, 900, "2026-01-02T03:04:05Z")
    return replace(plain, **changes)


def states(paths):
    return {path: "gone" if path.endswith("b.txt") else "current" for path in paths}


def test_shelf(golden):
    documents = (
        info("a.txt", title="Night <ferry>"),
        info(
            "b.txt", language="zh", added_at="2026-02-02T00:00:00Z", warnings=("read as GB18030, with doubt",)
        ),
    )
    golden(
        "web/shelf-en.html",
        shelf_view(documents, sources=states, wanted="", sheet=0, size=7_400_000, texts=EN),
    )


def test_shelf_is_filtered_by_title_and_name():
    documents = (info("a.txt", title="Ferry"), info("b.txt"))
    assert "b.txt" not in shelf_view(documents, sources=states, wanted="FERRY", sheet=0, size=0, texts=EN)
    assert EN.no_match in shelf_view(documents, sources=states, wanted="nothing", sheet=0, size=0, texts=EN)


def test_shelf_turns_sheets():
    documents = tuple(info(f"{number:03d}.txt") for number in range(ROWS + 5))
    first = shelf_view(documents, sources=states, wanted="", sheet=0, size=0, texts=EN)
    last = shelf_view(documents, sources=states, wanted="", sheet=99, size=0, texts=EN)
    assert first.count("<tr>") == ROWS + 1
    assert last.count("<tr>") == 6
    assert f"{ROWS + 1}–{ROWS + 5} of {ROWS + 5}" in last


def test_empty_library_says_how_to_begin():
    assert EN.library_empty_note in shelf_view((), sources=states, wanted="", sheet=0, size=0, texts=EN)


def test_findings_name_what_mends_them():
    findings = (Finding("ok", "all is well"), Finding("error", "one <row> is damaged", "rag doctor --repair"))
    shown = parsed(findings_view(findings, EN)).text
    assert shown == [EN.checked, "all is well", "one <row> is damaged", "rag doctor --repair"]


# --- words ---


def test_every_word_is_said_in_both_languages():
    for field in fields(ZH):
        chinese, english = getattr(ZH, field.name), getattr(EN, field.name)
        assert chinese.strip()
        assert english.strip()
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), field.name


@pytest.mark.parametrize(
    ("cookie", "accept", "expected"),
    [
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr-FR, en;q=0.7, zh;q=0.5", "en"),
        (None, "de", "en"),
        (None, "", "en"),
        ("zh", "en-GB", "zh"),
        ("<script>", "zh-TW", "zh"),
    ],
)
def test_chosen_tongue(cookie, accept, expected):
    assert chosen_tongue(cookie, accept) == expected


def test_language_name():
    assert (language_name("ja", ZH), language_name("ja", EN), language_name("xx", EN)) == (
        "日文",
        "Japanese",
        "xx",
    )


def test_examples_are_about_different_documents_and_languages():
    documents = (info("a.txt", title="Ferry"), info("b.txt", passages=9), info("c.txt", language="zh"))
    passages = {
        "/docs/a.txt": [passage("The last boat, they say, waits.", source=source(speaker="", section=""))],
        "/docs/b.txt": [passage(source=source(speaker="", section="Rules › Winter"))],
        "/docs/c.txt": [passage()],
    }
    answers = {
        "What is said about “Winter”?": "/docs/b.txt",
        "林一舟说了什么？": "/docs/c.txt",
        "What is “Ferry” about?": "/docs/b.txt",  # the wrong one: not offered
        "What is said about “The last boat”?": "/docs/a.txt",
    }
    asked = {"passages_of": lambda key: passages[key], "texts": EN}
    assert example_questions(documents, **asked, answered_from=lambda one: answers.get(one, "")) == [
        "What is said about “Winter”?",
        "林一舟说了什么？",
        "What is said about “The last boat”?",
    ]
    assert example_questions(documents, **asked, answered_from=lambda _: "") == []
    long = "The boiler of the upper house is serviced every May by Harbour Heating."
    alone = {"/docs/a.txt": [passage(long, source=source(speaker="", section="", title=""))]}
    one = example_questions(
        documents[:1],
        lambda key: alone[key],
        EN,
        answered_from=lambda one: "/docs/a.txt" if "“The" in one else "",
    )
    assert one == ["What is said about “The boiler of the upper house is”?"]
    assert examples_view([], EN) == ""
    assert bdi("林一舟说了什么？") in examples_view(["林一舟说了什么？"], EN)
    assert "<img" not in examples_view(["<img src=x onerror=alert(1)>\"'"], EN)


def test_the_colours_of_the_theme_and_of_the_style_sheet_are_the_same():
    from rag.web import theme
    from rag.web.chrome import packaged

    style = packaged("style.css")
    light, dark = style.split(".dark {", 1)[0], style.split(".dark {", 1)[1]
    for name in ("PAPER", "SHEET", "INK", "SOFT", "LINE", "BLUE", "BLUE_DEEP", "CINNABAR"):
        variable = f"--wj-{name.lower().replace('_', '-')}"
        assert f"{variable}: {getattr(theme, name)};" in light, variable
        assert f"{variable}: {getattr(theme, name + '_DARK')};" in dark, variable


def test_no_style_or_script_of_ours_names_another_host():
    from importlib.resources import files

    assets = [one for one in files("rag.web").iterdir() if one.name.endswith((".css", ".js", ".html"))]
    assert {one.name for one in assets} >= {"style.css", "rooms.css", "page.js", "rooms.js", "map.js"}
    for asset in assets:
        shown = asset.read_text("utf-8").replace("// ", "").replace("// ---", "")
        assert not re.search(r"https?:|//[a-z]|@import|url\(", shown), asset.name


@pytest.mark.parametrize(
    ("place", "page", "chinese", "english"),
    [
        ("", None, "", ""),
        ("", 3, "第 3 页", "p. 3"),
        ("slide 3", 3, "幻灯片 3", "slide 3"),
        ("sheet Budget {x} 2", 1, "工作表 Budget {x} 2", "sheet Budget {x} 2"),
        ("chapter 潮汐", 2, "章 潮汐", "ch. 潮汐"),
        ("at 00:01:05", None, "00:01:05", "00:01:05"),
    ],
)
def test_where_a_passage_stands(place, page, chinese, english):
    assert (place_text(place, page, ZH), place_text(place, page, EN)) == (chinese, english)
