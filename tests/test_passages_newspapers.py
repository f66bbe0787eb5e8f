"""Pages of signed articles in eleven languages: each paragraph under its heading, with its author."""

from __future__ import annotations

from pathlib import Path

import pytest
from newspapers import ARTICLES, LAYOUTS, Newspaper, newspaper

from rag.passages import Segmentation, segment
from rag.records import Document

CLEAN = Path(__file__).parent / "golden" / "clean"
PAGES = 8
FLOOR = {"th": 0.6}  # Thai: no full stop, no capitals; a short first half of a sentence looks like a heading


def squeezed(text: str) -> str:
    return "".join(text.replace("-", "").split())


def share_right(page: Newspaper, found: Segmentation) -> tuple[int, int]:
    """How many of the title, the note and the paragraphs came out right, and of how many."""
    right = [found.title == page.title]
    if page.note:
        own = [p for p in found.passages if squeezed(page.note) in squeezed(p.text)]
        right.append(any((p.source.section, p.source.speaker) == ("", "") for p in own))
    for article in page.articles:
        for paragraph in article.paragraphs:
            middle = squeezed(paragraph)[3:14]
            own = [p for p in found.passages if middle in squeezed(p.text)]
            place = (article.heading, article.speaker)
            right.append(any((p.source.section, p.source.speaker) == place for p in own))
    return sum(right), len(right)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", sorted(ARTICLES))
def test_each_paragraph_has_its_heading_and_author(language, layout):
    paragraphs = (CLEAN / f"{language}.txt").read_text(encoding="utf-8").strip().split("\n")
    right = total = 0
    for seed in range(PAGES):
        page = newspaper(language, layout, paragraphs, seed)
        document = Document(path="/page.txt", title="", text=page.text)
        own, of = share_right(page, segment(document, count_tokens=len, max_tokens=600))
        right += own
        total += of
    assert right >= FLOOR.get(language, 0.92) * total
