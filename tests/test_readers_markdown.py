"""Markdown: blocks that point into the source, past its marks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.readers import read
from rag.readers.markdown import markdown_structure

PAGE = """\
# The *ferry* at Low Point

Intro with **bold** words and a [link](http://example.org/x)
on a second line.

Timetable
---------

- first crossing at six
- second crossing
  goes on here

  a second paragraph of the item
  - only in *summer*
1. pay
2) board

> A line of a quotation
> that goes on.
>
> Another.

| day | price |
|-----|-------|
| Mon | 2 |
| Sun | 4 |

```python
def fare():
    return 2
```

    indented code

<div align="center"><b>Closed</b> today</div>
<!-- never shown -->
<script>alert("no")</script>

[ref]: http://example.org

**Winter**

***

## Last `code` ##
"""


def structure(text: str) -> list[tuple[str, int, str]]:
    _, _, blocks = markdown_structure(text)
    return [(block.kind.value, block.level, text[block.start : block.end]) for block in blocks]


def test_a_page_by_hand():
    title, _, _ = markdown_structure(PAGE)
    assert title == "The ferry at Low Point"
    assert structure(PAGE) == [
        ("title", 1, "The *ferry* at Low Point"),
        ("paragraph", 0, "Intro with **bold** words and a [link](http://example.org/x)\non a second line."),
        ("heading", 2, "Timetable"),
        ("list_item", 0, "first crossing at six"),
        ("list_item", 0, "second crossing\n  goes on here"),
        ("paragraph", 0, "a second paragraph of the item"),
        ("list_item", 0, "only in *summer*"),
        ("list_item", 0, "pay"),
        ("list_item", 0, "board"),
        ("quote", 0, "A line of a quotation\n> that goes on."),
        ("quote", 0, "Another."),
        ("table_row", 0, "day | price"),
        ("table_row", 0, "Mon | 2"),
        ("table_row", 0, "Sun | 4"),
        ("code", 0, "def fare():\n    return 2"),
        ("code", 0, "    indented code"),
        ("paragraph", 0, "Closed"),
        ("paragraph", 0, "today"),
        ("paragraph", 0, "Winter"),
        ("heading", 2, "Last `code`"),
    ]


def test_the_text_stays_the_source(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE.replace("\n", "\r\n"), encoding="utf-8", newline="")
    (document,) = read(path)
    assert document.text == PAGE
    assert document.title == "The ferry at Low Point"
    assert document.text[document.blocks[2].start : document.blocks[2].end] == "Timetable"


@pytest.mark.parametrize(
    ("text", "title", "first"),
    [
        ('---\ntitle: "渡口"\ndate: 2024\n---\n\n# 渡口\n\n正文', "渡口", ("title", 1, "渡口")),
        ("---\ntitle: Another\n---\n# 渡口\n\n正文", "Another", ("heading", 1, "渡口")),
        ("+++\ntitle = 'Toml'\n+++\ntext", "Toml", ("paragraph", 0, "text")),
        ("Title\n=====\n\ntext", "Title", ("title", 1, "Title")),
        ("# One\n\n# Two", "", ("heading", 1, "One")),
        ("## Sub\n\n# Top", "", ("heading", 2, "Sub")),
        ("no title at all", "", ("paragraph", 0, "no title at all")),
        ("---\n\nnot front matter", "", ("paragraph", 0, "not front matter")),
    ],
)
def test_titles(text, title, first):
    assert markdown_structure(text)[0] == title
    assert structure(text)[0] == first


def test_what_lies_deeper_than_the_parser_goes_is_still_a_block():
    text = "".join("  " * depth + f"- level {depth}\n" for depth in range(60))
    found = " ".join(stretch for _, _, stretch in structure(text))
    assert all(f"level {depth}" in found for depth in range(60))
    deep = ">" * 500 + " deep words\n"
    assert "deep words" in structure(deep)[0][2]


@given(st.text(st.sampled_from("ab \n\t#*-_>|`~=<!1.)[]:+\\&字。"), max_size=120))
def test_blocks_are_in_order_and_lose_no_word(text):
    _, _, blocks = markdown_structure(text)
    end = 0
    covered = set()
    for block in blocks:
        assert end <= block.start < block.end <= len(text)
        end = block.end
        covered |= set(range(block.start, block.end))
    lost = [place for place, character in enumerate(text) if character == "字" and place not in covered]
    markup = "<", "[", "```", "~~~", "---", "+++"
    assert not lost or any(mark in text for mark in markup)


def test_a_file_of_very_many_lines_is_read_as_plain_text(tmp_path):
    path = tmp_path / "lines.md"
    path.write_text("- a\n" * 200_002, encoding="utf-8")
    (document,) = read(Path(path))
    assert document.blocks == ()
    assert document.warnings == ("more than 200,000 lines: read as plain text, without its Markdown",)
