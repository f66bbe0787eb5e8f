"""Clean paragraphs in eleven languages, cut as pages cut them, must be found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from recut import STYLES, boundary_scores, torn_words

CLEAN = Path(__file__).parent / "golden" / "clean"
LANGUAGES = sorted(path.stem for path in CLEAN.glob("*.txt"))
PAGES = 6  # of each language and style, each cut in another way
THAI = 0.70  # Thai has no full stop: only spaces, widths and particles tell where a paragraph ends
FLOOR = 0.94


def paragraphs_of(language: str) -> list[str]:
    return (CLEAN / f"{language}.txt").read_text(encoding="utf-8").strip().split("\n")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_paragraphs_are_found_again(language, style, record_property):
    precision, recall = boundary_scores(paragraphs_of(language), style=style, pages=PAGES, seed=3)
    score = 2 * precision * recall / (precision + recall)
    record_property("boundary_f1", round(score, 3))
    assert score >= (THAI if language == "th" else FLOOR)


def test_paragraphs_are_found_again_on_the_whole():
    scores = []
    for language in (name for name in LANGUAGES if name != "th"):
        for style in STYLES:
            precision, recall = boundary_scores(paragraphs_of(language), style=style, pages=PAGES, seed=5)
            scores.append(2 * precision * recall / (precision + recall))
    assert sum(scores) / len(scores) >= 0.99


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "ru", "zh", "ja"])
def test_words_are_put_together_as_they_were(language):
    torn = torn_words(paragraphs_of(language), style="wrapped, blank lines", pages=PAGES, seed=7)
    assert torn <= 0.01
