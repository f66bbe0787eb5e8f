"""The page of a PDF and its text in a real browser: side by side, at the page of the hit, and turned."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sample_files import pdf
from serving import served
from test_web_browser import NARROW, browser, opened

from rag.library import Library

__all__ = ["browser", "opened"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("reader"), {"printed.pdf": pdf()}) as site:
        yield site


def drawn(page, number):
    """The picture, once that page of the PDF is drawn in it."""
    picture = page.locator(".wj-sheet img")
    expect(picture).to_be_visible()
    page.wait_for_function(
        """(number) => {
            const picture = document.querySelector(".wj-sheet img");
            return picture.complete && picture.naturalWidth > 600 && picture.currentSrc.includes(`/wenju/page/${number}?`);
        }""",
        arg=number,
    )
    return picture


def read(opened, site, paragraph=1, **options):
    return opened(f"/?doc={site.documents / 'printed.pdf'}#p{paragraph}", locale="en-GB", **options)


def test_the_picture_stands_beside_the_text_in_a_wide_window(opened, site):
    page = read(opened, site)
    picture, text = drawn(page, 1).bounding_box(), page.locator(".wj-doc-text").bounding_box()
    assert text["x"] + text["width"] <= picture["x"]
    assert picture["y"] < text["y"] + text["height"]
    assert text["y"] < picture["y"] + picture["height"]
    assert picture["x"] + picture["width"] <= page.viewport_size["width"]


def test_the_picture_stands_above_the_text_in_a_narrow_window(opened, site):
    page = read(opened, site, viewport=NARROW)
    page.locator(".wj-sheet summary").click()
    picture, text = drawn(page, 1).bounding_box(), page.locator(".wj-doc-text").bounding_box()
    assert picture["y"] + picture["height"] <= text["y"]
    assert picture["x"] >= 0
    assert picture["x"] + picture["width"] <= NARROW["width"]


def test_the_page_of_the_hit_is_shown_and_pages_are_turned(opened, site):
    last = page_of_the_chinese(site)
    page = read(opened, site, last)
    label, back, on = (
        page.locator(f".wj-sheet {one}") for one in ("summary span", "[data-step='-1']", "[data-step='1']")
    )
    drawn(page, 2)
    expect(label).to_have_text("p. 2")
    back.click()
    picture = drawn(page, 1)
    expect(label).to_have_text("p. 1")
    expect(picture).to_have_attribute("alt", "p. 1: printed.pdf")
    back.click()  # there is none before the first
    expect(label).to_have_text("p. 1")
    on.focus()
    page.keyboard.press("Enter")
    expect(drawn(page, 2)).to_have_attribute("alt", "p. 2: printed.pdf")
    page.keyboard.press("Enter")
    expect(label).to_have_text("p. 2")


def page_of_the_chinese(site) -> int:
    """The paragraph of the passage that stands on the second page."""
    with Library(site.index) as library:
        passages = library.passages_of(library.documents()[0].key)
    return next(one.source.paragraph for one in passages if one.source.page == 2)
