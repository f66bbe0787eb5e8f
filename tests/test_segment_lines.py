"""Single lines and pairs of lines: numbers, rows, furniture, hyphens, joints, the tree of headings."""

from __future__ import annotations

import pytest

from rag.records import BlockKind
from rag.segment.furniture import find_furniture
from rag.segment.headings import levels
from rag.segment.joining import join_lines
from rag.segment.joints import Joint, Vocabulary, joint
from rag.segment.lines import split_lines
from rag.segment.numbers import han_number, numbering
from rag.segment.script import is_ended, starts_inside, width
from rag.segment.shapes import is_caption, is_contents_entry, is_meta, is_rule

NOTHING = Vocabulary()


def texts(page: str) -> list[str]:
    return [unit.text for unit in join_lines(split_lines(page)) if unit.kind is not BlockKind.FURNITURE]


@pytest.mark.parametrize(
    ("line", "style", "ordinal", "depth"),
    [
        ("第三章 保护", "chapter", 0, 1),
        ("第十二条 甲方应当", "article", 0, 1),
        ("一、基本情况", "han", 1, 1),
        ("（十二）保存状况", "han-bracket", 12, 1),
        ("Chapter 3", "chapter", 0, 1),
        ("CAPÍTULO II", "chapter", 0, 1),
        ("TOP 2: Verschiedenes", "section", 0, 1),
        ("2.1 Baking", "decimal", 1, 2),
        ("3. Results", "decimal", 3, 1),
        ("3、结果", "decimal", 3, 1),
        ("IV. The Ferry", "roman", 4, 1),
        ("(c) takes it out", "bracket", 3, 1),
        ("③ 第三点", "circle", 3, 1),
        ("B. Methods", "letter", 2, 1),
    ],
)
def test_numbers(line, style, ordinal, depth):
    number = numbering(line)
    assert number is not None
    assert (number.style, number.ordinal, number.depth) == (style, ordinal, depth)


@pytest.mark.parametrize(
    "line", ["3.5 per cent", "A. J. Whitcombe", "2024年3月", "Chapters of my life", "I think so", "10:30"]
)
def test_no_numbers(line):
    number = numbering(line)
    assert number is None or number.is_bare or number.depth == 2


def test_han_numbers():
    assert [han_number(text) for text in ("一", "十", "十二", "二十", "九十九", "一百零三")] == [
        1,
        10,
        12,
        20,
        99,
        103,
    ]


def test_width_counts_columns():
    assert [width(text) for text in ("abc", "中文", "é", "e\u0301", "ｶﾅ")] == [3, 4, 1, 1, 2]


@pytest.mark.parametrize(
    "text", ["The end.", "完了。", "「そうだ。」", "“好！”", "انتهى؟", "सत्य है।", "That is it.[12]", "Why?!"]
)
def test_ended(text):
    assert is_ended(text)


@pytest.mark.parametrize("text", ["by Mr.", "John F.", "see Vol.", "the end,", "完了，", "and so", "3"])
def test_not_ended(text):
    assert not is_ended(text)


def test_what_cannot_begin_a_sentence():
    assert all(map(starts_inside, ["，然后", "”化的", "ー", ") and", "的人", "\u0301a"]))
    assert not any(map(starts_inside, ["的确如此", "“Yes", "然后", "”Hej", "Then", ""]))


def test_shapes():
    assert all(map(is_rule, ["* * *", "-----", "=====", "◆"]))
    assert not is_rule("- a -")
    assert all(
        map(is_caption, ["Figure 3. The bridge", "图1 古桥分布", "Table 2: Loaves", "Photo: Jane Roe"])
    )
    assert not any(map(is_caption, ["Figures lie", "图书馆的灯", "Table manners matter"]))
    assert is_contents_entry("1 Introduction ........ 3")
    assert all(
        map(
            is_meta,
            ["14 de mayo de 2024", "2024年3月9日", "Thursday 6 June 2024    No. 8,114", "№ 37 (5612)"],
        )
    )
    assert not any(map(is_meta, ["In 1998 the bridge fell", "三个转变", "Route 9 gains a night bus"]))


# How lines are put together


def test_hyphens_go_or_stay_by_what_the_document_says():
    assert joint("the exam-", "ple set", NOTHING) == Joint("", 1)
    assert joint("a well-", "known rule", NOTHING) == Joint("", 0)
    assert joint("a re-", "elected mayor", Vocabulary.of(["who was re-elected twice"])) == Joint("", 0)
    assert joint("the co-", "operative", Vocabulary.of(["our cooperative shop"])) == Joint("", 1)
    assert joint("fol\u00ad", "lowed", NOTHING) == Joint("", 1)
    assert joint("Vor-", "und Nachteile", NOTHING) == Joint(" ", 0)
    assert joint("Anglo-", "American", NOTHING) == Joint("", 0)
    assert joint("COVID-", "19 cases", NOTHING) == Joint("", 0)


def test_scripts_without_spaces_are_joined_with_nothing():
    assert joint("打造“网格", "化+数字化”", NOTHING) == Joint("", 0)
    assert joint("水の音が絶え", "ない。", NOTHING) == Joint("", 0)
    assert joint("ช่วยกันสร้าง", "ใหม่", NOTHING) == Joint("", 0)
    assert joint("共20", "22年", NOTHING) == Joint("", 0)
    assert joint("the harbour", "board", NOTHING) == Joint(" ", 0)
    assert joint("마을 회관", "앞에", NOTHING) == Joint(" ", 0)


def test_han_and_latin_have_a_space_where_the_document_has_one():
    assert joint("使用", "Python 编写", Vocabulary.of(["用 C 语言", "写 Go 程序"])) == Joint(" ", 0)
    assert joint("使用", "Python编写", Vocabulary.of(["用C语言", "写Go程序"])) == Joint("", 0)


def test_page_numbers_and_running_heads_between_two_halves_are_left_out():
    page = (
        "The map in the council's plan was drawn in 1978, and since then the main\n"
        "channel has moved two hundred metres to the east, as three generations of\n\n"
        "— 12 —\n\nThe Estuary Review\n\n"
        "students have measured. Half of the area is now under water.\n"
    )
    (paragraph,) = texts(page)
    assert "three generations of students have measured." in paragraph


def test_numbers_that_count_chapters_are_no_page_numbers():
    long = "The bridge was closed for eleven weeks in the spring. Nobody minded, for nobody used it."
    lines = split_lines(f"1\n\n{long}\n\n2\n\n{long}\n\n3\n\n{long}")
    assert not any(find_furniture(lines))


def test_a_line_is_not_joined_to_its_neighbours():
    prose = "这条水沟最长的一段从山顶流到山脚，经过九个村，去年秋天才修好。"
    page = [
        prose,
        "守好青山绿水 做强生态产业",
        "青溪县委书记 何立新",
        prose,
        "1. 第一件事",
        "2. 第二件事",
        prose,
    ]
    assert texts("\n".join(page)) == page
    assert texts("\n\n".join(page)) == page


def test_rows_and_verse_keep_their_lines():
    rows = ["Kind        Year 2     Year 3", "White       14,200     15,100", "Rye          6,400     13,400"]
    assert texts("\n".join(rows)) == rows
    verse = (
        "He never asks you where you go.\n"
        "    There is one river and one shore.\n"
        "He rows the way he rowed before,\n"
        "    a little crooked, rather slow,"
    )
    units = join_lines(split_lines("A line of prose before it.\n\n" + verse))
    (stanza,) = [unit for unit in units if unit.kind is BlockKind.VERSE]
    assert stanza.text.count("\n") == 3


def test_the_tree_of_headings():
    order = [
        ("plain", 1),
        ("han", 1),
        ("han-bracket", 1),
        ("han", 1),
        ("plain", 1),
        ("chapter", 1),
        ("plain", 1),
    ]
    assert levels(order, equal=frozenset(), under=frozenset()) == [1, 2, 3, 2, 1, 1, 2]
    numbered = [("decimal", 1), ("decimal", 2), ("plain", 1), ("decimal", 2), ("decimal", 1)]
    assert levels(numbered, equal=frozenset(), under=frozenset({"plain"})) == [1, 2, 3, 2, 1]
    beside = [("plain", 1), ("decimal", 1), ("decimal", 1), ("plain", 1)]
    assert levels(beside, equal=frozenset({"plain"}), under=frozenset()) == [1, 1, 1, 1]
