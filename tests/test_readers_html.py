"""HTML: the main text of a page, with its structure and without its furniture."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import paragraphs

from rag.readers import read
from rag.readers.html import html_structure

PAGE = """\
<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>渡口修桥记 - 河口晚报</title>
<style>p { color: red }</style><script>var words = "not text";</script></head>
<body class="has-sidebar">
<header><a href="/">河口晚报</a><nav><ul><li><a href="1">首页</a><li><a href="2">新闻</a></ul></nav></header>
<div class="breadcrumb"><a href="/">首页</a> › 新闻</div>
<main><article>
<h1>渡口修桥记</h1>
<p class="byline">记者 林小满</p>
<p>桥修了整整一个冬天，<b>三月初八</b>才完工。源文件里这一段
换了行。</p>
<h2 id="stone">石料</h2>
<ul><li>青石 <a href="x">二百块</a></li><li>灰浆<ul><li>石灰</li><li>糯米</li></ul></li></ul>
<table><thead><tr><th>月份<th>工人</thead><tr><td>一月<td>12</tr><tr><td>二月<td><p>15</p><p>人</p></tr></table>
<blockquote><p>修桥最难的不是搬石头。</p></blockquote>
<pre>第一行
  第二行</pre>
<p>河水长<br>桥影短<br>船儿不再两头转</p>
<p>上一段。<br><br>下一段。&nbsp;&amp;&lt;完&gt;</p>
<p hidden>hidden</p><p style="display: none">unseen</p>
<noscript>Turn on scripts</noscript><button>Press</button>
<script>document.write("<p>no</p>")</script>
</article></main>
<aside><p>相关新闻：又一座桥</p></aside>
<footer>© 河口晚报 版权所有</footer>
</body></html>
"""


def parts_of(page: str):
    found = html_structure(page)
    return found.title, found.text, found.blocks


def structure(page: str) -> list[tuple[str, int, str]]:
    _, text, blocks = parts_of(page)
    return [(block.kind.value, block.level, text[block.start : block.end]) for block in blocks]


def test_a_page_by_hand():
    title, text, blocks = parts_of(PAGE)
    assert title == "渡口修桥记"
    assert structure(PAGE) == [
        ("title", 1, "渡口修桥记"),
        ("byline", 0, "记者 林小满"),
        ("paragraph", 0, "桥修了整整一个冬天，三月初八才完工。源文件里这一段换了行。"),
        ("heading", 2, "石料"),
        ("list_item", 0, "青石 二百块"),
        ("list_item", 0, "灰浆"),
        ("list_item", 0, "石灰"),
        ("list_item", 0, "糯米"),
        ("table_row", 0, "月份\t工人"),
        ("table_row", 0, "一月\t12"),
        ("table_row", 0, "二月\t15 人"),
        ("quote", 0, "修桥最难的不是搬石头。"),
        ("code", 0, "第一行\n  第二行"),
        ("verse", 0, "河水长\n桥影短\n船儿不再两头转"),
        ("paragraph", 0, "上一段。"),
        ("paragraph", 0, "下一段。 &<完>"),
    ]
    assert text.startswith("渡口修桥记\n\n记者 林小满\n\n桥修了")
    assert "石灰\n糯米\n\n月份\t工人\n一月\t12" in text
    assert blocks[-1].end == len(text)


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="gb2312">', "gb18030"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "cp932"),
        ("<meta charset=windows-1251>", "cp1251"),
        ('<?xml version="1.0" encoding="euc-kr"?>', "cp949"),
    ],
)
def test_a_declared_encoding_is_used(tmp_path, declaration, encoding):
    language = {"gb18030": "zh-hans", "cp932": "ja", "cp1251": "ru", "cp949": "ko"}[encoding]
    words = paragraphs(language)[0][:12]
    path = tmp_path / "page.html"
    path.write_bytes(f"<html><head>{declaration}</head><body><p>{words}</p></body></html>".encode(encoding))
    (document,) = read(path)
    assert (document.text, document.encoding, document.warnings) == (words, encoding, ())


def test_utf8_with_a_wrong_declaration_is_utf8(tmp_path):
    path = tmp_path / "page.html"
    path.write_text('<meta charset="iso-8859-1"><p>' + paragraphs("ja")[0], encoding="utf-8")
    (document,) = read(path)
    assert document.text == paragraphs("ja")[0]


def test_a_page_without_any_of_the_newer_elements():
    page = (
        "<html><title>Old page</title><table width=100%><tr><td><a href=1>Home</a><br><a href=2>News</a></td>"
        f"<td><font size=5>Headline</font><p>{paragraphs('en')[0]}<p>{paragraphs('en')[1]}</td></tr></table>"
    )
    assert structure(page)[-2:] == [
        ("paragraph", 0, paragraphs("en")[0]),
        ("paragraph", 0, paragraphs("en")[1]),
    ]


def test_a_menu_named_by_class_goes_and_the_text_named_so_stays():
    words = paragraphs("en")
    page = f'<div class="main-nav"><p>Start</p></div><div class="with-sidebar"><p>{words[0]}</p></div>'
    assert [text for _, _, text in structure(page)] == [words[0]]
    page = f'<div class="sidebar"><p>{words[0]}</p><p>{words[1]}</p></div><p>Short end.</p>'
    assert [text for _, _, text in structure(page)] == [words[0], words[1], "Short end."]


def test_runs_of_links_are_menus_and_a_bibliography_is_not():
    words = paragraphs("en")[0]
    links = "".join(f"<li><a href={number}>Link {number}</a></li>" for number in range(5))
    assert [text for _, _, text in structure(f"<ul>{links}</ul><p>{words}</p>")] == [words]
    books = "".join(f"<li><a href={number}>{words[:90]} {number}</a></li>" for number in range(5))
    assert len(structure(f"<p>{words}</p><ul>{books}</ul>")) == 6


def test_the_heading_of_the_page_header_is_kept():
    words = paragraphs("en")[0]
    page = f"<header><h1>The ferry</h1><p>A site about boats</p></header><p>{words}</p>"
    assert structure(page) == [("title", 1, "The ferry"), ("paragraph", 0, words)]


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>The ferry | Low Point News</title>", "<h1>The ferry</h1><p>x", "The ferry"),
        ("<title>Low Point</title>", "<h1>The ferry</h1><p>x", "Low Point"),
        ('<title>a</title><meta property="og:title" content="The ferry">', "<p>x", "The ferry"),
        ("", "<h1>The\n ferry</h1><p>x", "The ferry"),
        ("", "<p>x", ""),
        ("<title>One &amp; two</title>", "<svg><title>icon</title></svg><p>x", "One & two"),
    ],
)
def test_titles(head, body, title):
    assert html_structure(f"<html><head>{head}</head><body>{body}</body></html>").title == title


HOSTILE = {
    "deep": ("<div>" * 100_000 + "hello", "hello"),
    "deeper": ("<div>" * 300_000 + "hello", "hello"),
    "formatting": ("<b><i>" * 50_000 + "hello", "hello"),
    "tables": ("<table><tr><td>" * 30_000 + "hello", "hello"),
    "huge attribute": ('<p title="' + "a" * 20_000_000 + '">hello</p>', "hello"),
    "open comments": ("<p>hello</p>" + "<!--" * 100_000, "hello"),
    "open tags": ("<p>hello</p>" + "<a " * 300_000, "hello"),
    "end tags": ("<p>hello</p>" + "</" * 200_000, "hello"),
    "open scripts": ("<p>hello</p>" + "<script>" * 100_000, "hello"),
    "cdata": ("<p>hello</p>" + "<![CDATA[" * 100_000, "hello"),
    "entities": ("<p>hello</p>" + "&#x" * 3, "hello\n\n&#x&#x&#x"),
    "bomb": ('<!DOCTYPE h [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>hello', "hello"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_in_linear_time(name):
    page, words = HOSTILE[name]
    began = time.perf_counter()
    _, text, _ = parts_of(page)
    assert text.endswith(words)
    assert time.perf_counter() - began < 30


def test_files_outside_are_never_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret words", encoding="utf-8")
    address = secret.as_uri()
    page = f'<!DOCTYPE h [<!ENTITY x SYSTEM "{address}">]><p>hello &x;</p><iframe src="{address}">'
    assert "secret words" not in html_structure(page).text


# fmt: off
TAGS = ["p", "/p", "div", "/div", "li", "ul", "/ul", "table", "tr", "td", "/table", "h1", "/h1", "pre",
        "/pre", "br", "a", "/a", "b", "/b", "title"]
# fmt: on


@given(st.lists(st.sampled_from([*(f"<{tag}>" for tag in TAGS), "word ", "字", "\n", "\t"]), max_size=40))
def test_blocks_fit_the_text_and_no_word_is_lost(pieces):
    page = "".join(pieces)
    _, text, blocks = parts_of(page)
    end = 0
    for block in blocks:
        assert end <= block.start < block.end <= len(text)
        assert text[block.start : block.end].strip()
        end = block.end
    if "<title>" not in pieces and "<a>" not in pieces:
        assert text.count("字") == page.count("字")
        assert text.count("word") == page.count("word")
