"""Pages with the faults of real ones, and what the segmentation makes of them; each was checked by eye."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.passages import segment
from rag.records import Document

PAGES = Path(__file__).parent / "golden" / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("*.txt"))


def count_tokens(text: str) -> int:
    """About what the model counts: a token for two wide characters, one for four others."""
    return 1 + sum(2 if ord(character) > 0x2E80 else 1 for character in text) // 4


def described(name: str) -> str:
    text = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
    found = segment(
        Document(path=f"/{name}.txt", title="", text=text), count_tokens=count_tokens, max_tokens=320
    )
    return json.dumps(
        {
            "title": found.title,
            "blocks": [
                [block.kind, block.level, block.page, block.start, block.end, text[block.start : block.end]]
                for block in found.blocks
                if block.kind != "paragraph"
            ],
            "passages": [
                {
                    "section": passage.source.section,
                    "speaker": passage.source.speaker,
                    "role": passage.source.role,
                    "page": passage.source.page,
                    "paragraph": passage.source.paragraph,
                    "span": [passage.source.start, passage.source.end],
                    "language": passage.language,
                    "text": passage.text,
                }
                for passage in found.passages
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


@pytest.mark.parametrize("name", NAMES)
def test_page(name, golden):
    golden(f"pages/{name}.json", described(name) + "\n")


def test_there_are_a_dozen_pages():
    assert len(NAMES) >= 12
