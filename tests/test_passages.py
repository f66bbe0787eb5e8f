"""`segment` as a whole: the page that started it, promises on any text, budgets, records, stated blocks."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.passages import Segmentation, segment
from rag.records import Block, BlockKind, Document

SEED = Path(__file__).resolve().parents[2] / "shared" / "seed"
HYPHENS = "-‐\u00ad¬⸗־"


def count_tokens(text: str) -> int:
    """About what the model counts: a token for two wide characters, one for four others."""
    return 1 + sum(2 if ord(character) > 0x2E80 else 1 for character in text) // 4


def cut(text: str, *, max_tokens: int = 320, **about) -> Segmentation:
    document = Document(path="/page.txt", title=about.pop("title", ""), text=text, **about)
    return segment(document, count_tokens=count_tokens, max_tokens=max_tokens)


def squeezed(text: str) -> str:
    return "".join(text.split())


# The page that started it


@pytest.fixture(scope="module")
def seed_text() -> str:
    if not SEED.is_dir():
        pytest.skip("the shared folder is not here")
    return next(SEED.glob("*.txt")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seed_questions() -> list[dict[str, str | None]]:
    if not SEED.is_dir():
        pytest.skip("the shared folder is not here")
    return [
        json.loads(line)
        for line in (SEED / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        if line
    ]


def test_seed_page_has_nine_speeches_and_a_note(seed_text):
    found = cut(seed_text)
    assert len({passage.source.section for passage in found.passages}) == 10
    assert len({passage.source.speaker for passage in found.passages}) == 10
    note = found.passages[0]
    assert (note.source.section, note.source.speaker) == ("", "")
    assert all(passage.source.speaker and passage.source.role for passage in found.passages[1:])
    assert found.title == seed_text.strip().split("\n")[0]


def test_seed_quotes_stand_in_their_speech(seed_text, seed_questions):
    found = cut(seed_text)
    for question in seed_questions:
        if question["section"] is None:
            continue
        holding = [p for p in found.passages if squeezed(str(question["quote"])) in squeezed(p.text)]
        assert holding, question
        assert {p.source.section for p in holding} == {question["section"]}
        assert {p.source.speaker for p in holding} == {question["speaker"]}


def test_no_seed_passage_begins_or_ends_in_mid_sentence(seed_text):
    lines = [line for line in seed_text.split("\n") if line]
    open_lines = {a[:12] for b, a in pairwise(lines) if len(b) > 26 and b[-1] not in "。”"}
    assert len(open_lines) == 17
    for passage in cut(seed_text).passages:
        assert passage.text.rstrip("”")[-1] == "。", passage.text[-20:]
        assert passage.text[:12] not in open_lines


@pytest.mark.parametrize("columns", [13, 18, 25, 40])
def test_seed_page_set_in_narrow_columns(seed_text, seed_questions, columns):
    """The same page with every line broken after so many characters and no blank lines within a speech."""
    lines = []
    for paragraph in filter(None, seed_text.split("\n")):
        is_head = len(paragraph) < 30
        parts = [paragraph[i : i + columns] for i in range(0, len(paragraph), columns)]
        lines += ["", paragraph] if is_head else parts
    found = cut("\n".join(lines))
    asked = [question for question in seed_questions if question["section"] is not None]
    right = sum(
        any(
            squeezed(str(question["quote"])) in squeezed(passage.text)
            and passage.source.section == question["section"]
            and passage.source.speaker == question["speaker"]
            for passage in found.passages
        )
        for question in asked
    )
    assert right >= 0.97 * len(asked)


@pytest.mark.parametrize("gap", ["\n", "\n\n\n"])
def test_seed_page_with_other_gaps(seed_text, gap):
    wanted = cut(seed_text)
    found = cut(gap.join(filter(None, seed_text.split("\n"))))
    assert [p.text for p in found.passages] == [p.text for p in wanted.passages]
    assert [(p.source.section, p.source.speaker) for p in found.passages] == [
        (p.source.section, p.source.speaker) for p in wanted.passages
    ]


# What holds of any text

LINES = st.sampled_from(
    [
        "",
        "   ",
        "第一章 总则",
        "一、基本情况",
        "（二）保存状况",
        "县委书记 王小明",
        "本报记者 张三 通讯员 李四",
        "编者按：本报今天刊登三篇发言。",
        "张三：我同意这个办法。",
        "记者：为什么？",
        "这条水沟最长的一段从山顶流到山脚，经过九个村，去年秋天",
        "才修好，花了四十万元。",
        "用好“网格",
        "化”管理。",
        "- 12 -",
        "12",
        "Page 3 of 9",
        "THE DAILY TIDE",
        "By Jane Roe",
        "Jane Roe, Mayor of Exmouth",
        "MR SMITH: I beg to differ.",
        "Q: Why?",
        "The bridge was closed for eleven weeks in the spring because the exam-",
        "ple set by the engineers could not be fol­",
        "lowed. Nobody minded.",
        "and so it went on, through the winter and",
        "- an item",
        "• another",
        "1. first",
        "2. second",
        "| a | b |",
        "|---|---|",
        "Kind        Year 2     Year 3",
        "White       14,200     15,100",
        "    All night the kettle kept its peace",
        "* * *",
        "\f",
        "يقول الشيخ إن الماء عاد إلى",
        "السواقي القديمة.",
        "สะพานไม้ไผ่ที่ไม่เคยอยู่ที่เดิม",
        "紙は水でできている、と彼女は言った。",
        "김철수 기자",
        "e\u0301\u0301 \u202eabc\u202c \x00 \U0001f468\u200d\U0001f469",
        "ﷺ" * 40,
    ]
)
PAGES = st.one_of(st.lists(LINES, max_size=40).map("\n".join), st.text(max_size=300))


@settings(max_examples=300, deadline=None)
@given(text=PAGES, max_tokens=st.integers(1, 60), record=st.booleans())
def test_no_character_is_lost_or_repeated(text, max_tokens, record):
    """The blocks hold all of the source once; the passages hold all of it that is text, once, in order."""
    found = cut(text, max_tokens=max_tokens, id="7" if record else None)
    assert squeezed("".join(text[block.start : block.end] for block in found.blocks)) == squeezed(text)
    ends = 0
    for block in found.blocks:
        assert ends <= block.start < block.end
        ends = block.end
    aside = {BlockKind.TITLE, BlockKind.HEADING, BlockKind.BYLINE, BlockKind.FURNITURE}
    body = squeezed(
        "".join(text[block.start : block.end] for block in found.blocks if block.kind not in aside)
    )
    own = squeezed("".join(passage.text for passage in found.passages))
    assert _without_hyphens(own) == _without_hyphens(body)


@settings(max_examples=300, deadline=None)
@given(text=PAGES, max_tokens=st.integers(1, 60))
def test_offsets_slice_back(text, max_tokens):
    """A passage is its slice, but for white space, hyphens at breaks and furniture between."""
    found = cut(text, max_tokens=max_tokens)
    furniture = [block for block in found.blocks if block.kind is BlockKind.FURNITURE]
    ends = 0
    for passage in found.passages:
        start, end = passage.source.start, passage.source.end
        assert ends <= start < end <= len(text)
        ends = end
        assert passage.text
        assert passage.text == passage.text.strip()
        slice_ = "".join(
            character
            for place, character in enumerate(text[start:end], start)
            if not any(block.start <= place < block.end for block in furniture)
        )
        assert _without_hyphens(squeezed(slice_)) == _without_hyphens(squeezed(passage.text))


def _without_hyphens(text: str) -> str:
    return "".join(character for character in text if character not in HYPHENS)


@settings(max_examples=100, deadline=None)
@given(text=PAGES, max_tokens=st.integers(8, 60))
def test_budget_is_kept(text, max_tokens):
    for passage in cut(text, max_tokens=max_tokens).passages:
        assert count_tokens(passage.text) <= max_tokens


@settings(max_examples=50, deadline=None)
@given(text=PAGES)
def test_same_text_gives_the_same_passages(text):
    assert cut(text) == cut(text)


@settings(max_examples=100, deadline=None)
@given(text=PAGES)
def test_paragraph_numbers_go_up(text):
    numbers = [passage.source.paragraph for passage in cut(text).passages]
    assert numbers == sorted(numbers)
    assert not numbers or numbers[0] == 1


# Size

LARGE = {  # what stands before, what is repeated, how often, what stands after
    "one paragraph of Han": ("", "中文段落没有空行，只有句子。", 20_000, ""),
    "one paragraph of words": ("", "The quick brown fox jumps over the lazy dog. ", 5_000, ""),
    "no boundary at all": ("", "a", 300_000, ""),
    "marks on one letter": ("e", "\u0301", 100_000, ""),
    "white space": ("a", " ", 500_000, "b"),
    "colons": ("", "a:", 50_000, ""),
    "brackets": ("", "(", 200_000, ""),
    "form feeds": ("", "\f", 100_000, "x"),
    "the same line": ("", "Harrow Sound Gazette\n", 4_000, ""),
    "page numbers": ("", "12\n\n", 4_000, ""),
    "short lines": ("", "目标\n县委书记 王强\n第三条 内容\n1. 项目\n张三：好的。\n", 800, ""),
    "rows": ("", "a | b | c\n", 4_000, ""),
    "wrapped lines": ("", "The bridge was closed for eleven weeks in the spring, and the\n", 4_000, ""),
}


@pytest.mark.parametrize("name", LARGE)
def test_time_grows_no_faster_than_the_text(name):
    """Twice the text takes not much more than twice the time (a quadratic step would take four times)."""
    before, unit, count, after = LARGE[name]
    half, whole = (_seconds(before + unit * times + after) for times in (count // 2, count))
    assert whole < 3.2 * half + 0.2


def _seconds(text: str) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        found = cut(text)
        best = min(best, time.process_time() - start)
        assert found.passages
    return best


def test_hostile_characters_are_kept():
    text = "A line with NUL \x00, a lone surrogate \ud800, bidi \u202e marks \u202c and " + "ﷺ" * 100 + "."
    found = cut(text)
    assert "".join(passage.text for passage in found.passages) == text
    assert cut("").passages == ()
    assert cut(" \n\t\n").blocks == ()


# Budgets


def test_a_long_paragraph_is_split_at_sentences_evenly():
    sentences = [f"Sentence number {number} says that the tide came in again." for number in range(60)]
    found = cut("Heading\n\n" + " ".join(sentences), max_tokens=100)
    assert all(
        passage.text.startswith("Sentence number") and passage.text.endswith("again.")
        for passage in found.passages
    )
    sizes = [count_tokens(passage.text) for passage in found.passages]
    assert max(sizes) <= 100
    assert min(sizes) >= 0.5 * max(sizes)
    assert {passage.source.paragraph for passage in found.passages} == {1}


def test_a_sentence_too_long_is_split_at_clauses_then_anywhere():
    clauses = cut("，".join(["这一句话特别长而且没有句号"] * 40) + "。", max_tokens=60)
    assert all(passage.text[-1] in "，。" for passage in clauses.passages)
    plain = cut("字" * 500, max_tokens=20)
    assert "".join(passage.text for passage in plain.passages) == "字" * 500


def test_tiny_paragraphs_join_their_neighbour_of_the_same_section_only():
    text = (
        "Title of the page\n\n"
        "First section\n\nTiny.\n\nThis paragraph is long enough to stand by itself, since it goes on for "
        "a while and says several things about the harbour and the people who live there.\n\n"
        "Second section\n\nSmall.\n\nAnother paragraph that is long enough to stand by itself, about the "
        "road that leads out of the village and up to the pass where the snow lies until May.\n"
    )
    found = cut(text)
    assert [passage.source.section for passage in found.passages] == ["First section", "Second section"]
    assert found.passages[0].text.startswith("Tiny.\nThis paragraph")


def test_a_list_is_not_a_hundred_passages():
    items = "\n".join(f"- item number {number} of the list" for number in range(100))
    found = cut("What to bring\n\nBring all of the following things with you:\n\n" + items)
    assert 4 <= len(found.passages) <= 12
    assert found.passages[0].text.startswith("Bring all of the following things with you:\n- item number 0")
    assert found.passages[-1].text.endswith("- item number 99 of the list")


# Records, and formats that state their blocks


def test_a_record_is_one_passage_whatever_its_shape():
    text = (
        "Introduction\n\n1. The first point\n\nSmith: a speaker perhaps.\n\n- 12 -\n\nThe end of the record."
    )
    found = cut(text, id="doc-7", title="A title")
    (passage,) = found.passages
    assert squeezed(passage.text) == squeezed(text)
    assert (passage.source.section, passage.source.speaker, passage.source.title) == ("", "", "A title")
    assert passage.source.id == "doc-7"


def test_a_long_record_is_split_within_the_budget():
    found = cut(
        "\n\n".join(f"Paragraph {n} of a long record, with some words in it." for n in range(80)),
        id="1",
        max_tokens=100,
    )
    assert len(found.passages) > 5
    assert {passage.source.section for passage in found.passages} == {""}
    assert all(40 < count_tokens(passage.text) <= 100 for passage in found.passages[:-1])


def stated(*parts: tuple[BlockKind, str, int]) -> Document:
    """A document whose format states its blocks, with a mark of the format before each."""
    text, blocks = "", []
    for kind, part, level in parts:
        text += "@ "
        blocks.append(Block(kind, len(text), len(text) + len(part), level))
        text += part + "\n\n"
    return Document(path="/page.md", title="", text=text, blocks=tuple(blocks))


def test_stated_blocks_are_trusted():
    document = stated(
        (BlockKind.TITLE, "The Manual", 1),
        (BlockKind.HEADING, "Setting up", 1),
        (BlockKind.PARAGRAPH, "Short Line In Capitals", 0),
        (BlockKind.HEADING, "the cable, and what goes wrong with it.", 2),
        (BlockKind.PARAGRAPH, "Push the plug in until it clicks. If it does\nnot click, turn it round.", 0),
        (BlockKind.CODE, "def f():\n    return 1", 0),
    )
    found = segment(document, count_tokens=count_tokens, max_tokens=320)
    assert found.title == "The Manual"
    assert [(p.source.section, p.text) for p in found.passages] == [
        ("Setting up", "Short Line In Capitals"),
        (
            "Setting up › the cable, and what goes wrong with it.",
            "Push the plug in until it clicks. If it does not click, turn it round.\ndef f():\nreturn 1",
        ),
    ]
    assert {block.kind for block in found.blocks} >= {BlockKind.FURNITURE, BlockKind.CODE}


def test_bylines_and_cut_paragraphs_are_found_among_stated_blocks():
    document = stated(
        (BlockKind.HEADING, "Cooks win a say", 1),
        (BlockKind.PARAGRAPH, "By Tom Adeyemi", 0),
        (BlockKind.PARAGRAPH, "School cooks will write their own menus from September, after councillors", 0),
        (BlockKind.PARAGRAPH, "voted to end a contract.", 0),
    )
    found = segment(document, count_tokens=count_tokens, max_tokens=320)
    (passage,) = found.passages
    assert passage.source.speaker == "Tom Adeyemi"
    assert passage.text.endswith("after councillors voted to end a contract.")


def test_stated_title_is_left_out_of_the_section():
    document = stated((BlockKind.HEADING, "The Manual", 1), (BlockKind.PARAGRAPH, "It is a short manual.", 0))
    titled = Document(path="/x.md", title="The manual", text=document.text, blocks=document.blocks)
    found = segment(titled, count_tokens=count_tokens, max_tokens=320)
    assert [passage.source.section for passage in found.passages] == [""]
    assert found.title == "The manual"


def test_pages_are_counted_by_form_feeds_and_stated_blocks():
    long = (
        "This paragraph about the tide tables of the estuary is long enough to be one, and a little longer."
    )
    found = cut(f"{long}\n\f{long}\n")
    assert [passage.source.page for passage in found.passages] == [1, 2]
    block = Block(BlockKind.PARAGRAPH, 0, 20, page=4)
    slide = Document(path="/x.pptx", title="", text="Text of a slide here", blocks=(block,))
    assert [p.source.page for p in segment(slide, count_tokens=count_tokens, max_tokens=50).passages] == [4]
