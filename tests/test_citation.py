"""Quotations with their source in every style, in both languages, with what tries to break out."""

from __future__ import annotations

import pytest

from rag.citation import MAX_QUOTE_CHARACTERS, STYLES, Quotation, cited, quotation_of
from rag.records import Passage, Source

TEA = Quotation(
    "农民人均增收三千元。",
    Source("/data/北岸日报.txt", "北岸日报", "发展茶业 富民兴县", "林一舟", "青禾县县长", 3, 7, 0, 9),
    "2021-04-09",
)
FERRY = Quotation(
    "One crossing costs four pounds.",
    Source("/data/ferry.md", "Night ferry", "Prices › Fares", "Ada M. Quill", "By", None, 2, 0, 9),
)
BARE = Quotation("Words.", Source("/data/notes.txt", "", "", "", "", None, 1, 0, 6))


def test_plain():
    assert cited(TEA, "plain", tongue="zh") == (
        "“农民人均增收三千元。”\n"
        "— 青禾县县长 林一舟，发展茶业 富民兴县，北岸日报，2021-04-09，北岸日报.txt，第 3 页，第 7 段"
    )
    assert cited(FERRY, "plain") == (
        "“One crossing costs four pounds.”\n— By Ada M. Quill, Prices › Fares, Night ferry, ferry.md, ¶ 2"
    )
    assert cited(BARE, "plain") == "“Words.”\n— notes.txt, ¶ 1"


def test_markdown():
    assert cited(FERRY, "markdown") == (
        "> One crossing costs four pounds.\n>\n"
        "> — By Ada M. Quill, Prices › Fares, *Night ferry*, ferry.md, ¶ 2"
    )
    assert cited(BARE, "markdown", tongue="zh").endswith("> — *notes.txt*，第 1 段")


def test_bibtex():
    assert cited(TEA, "bibtex", tongue="zh") == (
        "@misc{document-2021-p7,\n  author = {{林一舟}},\n  title = {发展茶业 富民兴县},\n"
        "  booktitle = {北岸日报},\n  howpublished = {北岸日报.txt},\n  year = {2021},\n  date = {2021-04-09},\n"
        "  pages = {3},\n  note = {第 7 段},\n  annote = {农民人均增收三千元。},\n}"
    )
    assert cited(BARE, "bibtex").splitlines()[:2] == ["@misc{notes-p1,", "  title = {notes.txt},"]


def test_gbt7714():
    assert cited(TEA, "gbt7714", tongue="zh") == (
        "林一舟. 发展茶业 富民兴县[Z]//北岸日报. 2021-04-09: 3. (北岸日报.txt，第 7 段)."
    )
    assert cited(FERRY, "gbt7714") == "QUILL A M. Fares[Z]//Night ferry. (ferry.md, ¶ 2)."
    assert cited(BARE, "gbt7714") == "notes.txt[Z]. (notes.txt, ¶ 1)."


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ada Quill", "QUILL A"),
        ("J.R. Moss", "MOSS J R"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("Harrow Sound Harbour Board", "Harrow Sound Harbour Board"),
        ("沈若川", "沈若川"),
        ("Вера Зимина", "Вера Зимина"),
        ("Ada", "Ada"),
    ],
)
def test_a_name_in_gbt7714(name, written):
    source = Source("/a.txt", "T", "", name, "", None, 1, 0, 1)
    assert cited(Quotation("x", source), "gbt7714").startswith(f"{written}. T[Z]")


def test_nothing_breaks_out_of_its_style():
    evil = "}, note={x} % \\input{/etc/passwd} *b* [a](javascript:x) <img src=x> `c`\n- item"
    quotation = Quotation(evil, Source("/a}b.txt", evil, evil, evil, evil, None, 1, 0, 1))
    bibtex = cited(quotation, "bibtex")
    assert "\\input{" not in bibtex
    assert bibtex.replace(r"\{", "").replace(r"\}", "").count("{") == bibtex.replace(r"\{", "").replace(
        r"\}", ""
    ).count("}")
    assert all(line.startswith(("@misc", "  ", "}")) for line in bibtex.splitlines())
    markdown = cited(quotation, "markdown")
    assert "<img" not in markdown.replace("\\<", "")
    assert "[a](" not in markdown.replace("\\[", "")
    assert all(line.startswith(">") for line in markdown.splitlines())
    begun = cited(Quotation("- a list? 1. no", BARE.source), "markdown")
    assert begun.startswith("> \\- a list")


def test_a_record_of_a_file_of_many_is_named():
    source = Source("/data/corpus.jsonl", "", "", "", "", None, 1, 0, 1, id="Q42")
    assert "corpus.jsonl #Q42" in cited(Quotation("x", source), "plain")
    assert cited(Quotation("x", source), "bibtex").startswith("@misc{q42-p1,")


def test_the_marked_sentences_are_quoted():
    text = "First one.  Second\none. Third."
    passage = Passage(1, text, "en", BARE.source)
    assert quotation_of(passage, ((24, 30), (0, 10))).quote == "First one. … Third."
    assert quotation_of(passage, ()).quote == "First one. Second one. Third."
    long = Passage(1, "word " * 400, "en", BARE.source)
    assert len(quotation_of(long, ()).quote) <= MAX_QUOTE_CHARACTERS + 2


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_the_quote_is_in_every_style_but_the_reference(style, tongue):
    assert (TEA.quote in cited(TEA, style, tongue=tongue)) == (style != "gbt7714")
