"""Every further view in a real browser: no rule of axe-core broken, nothing too wide, in order for the keyboard."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect
from sample_files import pdf
from serving import FERRY, TEA, served
from test_web_browser import NARROW, WIDE, browser, look_up, opened, violations

__all__ = ["browser", "opened"]
pytestmark = pytest.mark.browser

WINDOWS = [
    pytest.param(WIDE, "light", "zh-CN", id="wide-light-zh"),
    pytest.param(NARROW, "dark", "en-GB", id="narrow-dark-en"),
    pytest.param(WIDE, "dark", "en-GB", id="wide-dark-en", marks=pytest.mark.slow),
    pytest.param(NARROW, "light", "zh-CN", id="narrow-light-zh", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    name = "a-name-without-any-place-to-break-it-" * 4
    files = {
        "ferry.md": FERRY,
        "北岸日报.txt": TEA,
        "printed.pdf": pdf(),
        f"{name}.pdf": "no PDF",
        "gone.txt": "The old gate.",
    }
    with served(tmp_path_factory.mktemp("access"), files) as site:
        folder = site.index / "judgements"
        folder.mkdir()
        document = str(site.documents / "ferry.md")
        line = {"question": "What does one crossing cost?", "quote": "travel free", "document": document}
        (folder / "right.jsonl").write_text(json.dumps(line), "utf-8")
        yield site


class Seen:
    """What is wrong in the views of a page, each looked at when it is there."""

    def __init__(self, page):
        self.page = page
        self.wrong = {}

    def look(self, view):
        broken = violations(self.page)
        beyond = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if broken or beyond > 0:
            self.wrong[view] = (broken, beyond)


@pytest.mark.parametrize(("viewport", "scheme", "locale"), WINDOWS)
def test_the_library_bars_nobodys_way(opened, tmp_path, viewport, scheme, locale):
    page = opened("/#library", viewport=viewport, color_scheme=scheme, locale=locale)
    seen = Seen(page)
    page.locator("#wj-shelf .wj-failures summary").click()
    expect(page.locator("#wj-shelf .wj-failures li").first).to_be_visible()
    seen.look("failures")
    page.locator("[data-act=check]").click()
    expect(page.locator("#wj-report .wj-report li").first).to_be_visible()
    seen.look("check")
    files = [tmp_path / f"{viewport['width']}{scheme}.txt", tmp_path / "empty.txt"]
    files[0].write_text("The south gate opens at seven.", "utf-8")
    files[1].write_bytes(b"")
    page.locator("#wj-upload input[type=file]").set_input_files(files)
    expect(page.locator(".wj-job-done")).to_be_visible(timeout=60_000)
    expect(page.locator(".wj-job-failed")).to_be_visible(timeout=60_000)
    seen.look("uploads")
    row = page.locator(".wj-shelf tbody tr", has_text=files[0].name)
    row.locator("[data-act=sure]").click()
    expect(row.locator("[data-act=keep]")).to_be_focused()
    seen.look("confirmation")
    row.locator("[data-act=remove]").click()
    expect(page.locator("#wj-report [data-act=restore]")).to_be_visible()
    seen.look("undo")
    page.locator("[data-act=tidy]").click()
    expect(page.locator(".wj-job")).to_have_count(0)
    assert seen.wrong == {}


@pytest.mark.parametrize(("viewport", "scheme", "locale"), WINDOWS)
def test_map_evaluation_and_pages_bar_nobodys_way(opened, site, viewport, scheme, locale):
    page = opened("/#map", viewport=viewport, color_scheme=scheme, locale=locale)
    seen = Seen(page)
    page.wait_for_function("window.wenjuRooms?.map.state.loaded")
    expect(page.locator("#wj-legend li").first).to_be_visible()
    seen.look("map")
    page.locator("#wj-map-box input").fill("ferry")
    expect(page.locator("#wj-near .wj-found-hit").first).to_be_visible()
    seen.look("near")
    page.locator("#wj-map-tabs [data-view=evaluate]").click()
    page.locator("[data-act=measure]").click()
    expect(page.locator("#wj-judged .wj-metrics")).to_be_visible()
    seen.look("evaluate")
    page.goto(f"{site.address}/?doc={site.documents / 'printed.pdf'}#p1")
    expect(page.locator(".wj-sheet summary")).to_be_visible()
    if viewport == NARROW:
        page.locator(".wj-sheet summary").click()
    expect(page.locator(".wj-sheet img")).to_be_visible()
    seen.look("pdf")
    assert seen.wrong == {}


# --- the keyboard ---

FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const around = [one, ...(function* () { for (let up = one.parentElement; up && up.id !== "wj-stage"; up = up.parentElement) yield up; })()];
    const ring = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    return {
        what: one.dataset.view ?? one.dataset.act ?? one.closest("#wj-question, #wj-ask-button")?.id ?? one.tagName,
        question: one.dataset.question ?? "",
        ringed: around.slice(0, 1).map((each) => ring(getComputedStyle(each)))[0] || (/TEXTAREA|INPUT/.test(one.tagName) && around.some((each) => ring(getComputedStyle(each)))),
        seen: box.width > 0 && box.height > 0 && style.visibility === "visible",
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_keyboard_goes_through_the_page_in_its_order(opened, scheme):
    page = opened(locale="en-GB", color_scheme=scheme)
    expect(page.locator("#wj-question textarea")).to_be_focused()
    shown = [one.get_attribute("data-question") for one in page.locator(".wj-examples button").all()]
    assert len(shown) > 1
    page.evaluate("document.activeElement.blur(), window.getSelection().removeAllRanges()")
    page.keyboard.press("Home")
    page.locator(".wj-brand").focus()
    stops = [page.evaluate(FOCUSED)]
    while len([one for one in stops if one["question"]]) < len(shown):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
        assert len(stops) < 40, stops
    assert [one for one in stops if not (one["seen"] and one["ringed"])] == []
    order = [one["what"] for one in stops]
    wanted = ["home", "ask", "lookup", "reader", "library", "tongue", "theme", "wj-question", "wj-ask-button"]
    assert [one for one in order if one in wanted] == wanted
    assert order.index("try") > order.index("wj-ask-button")
    assert [one["question"] for one in stops if one["question"]] == shown


def test_the_reader_steps_through_what_was_looked_up(opened):
    page = opened(locale="en-GB")
    hits = look_up(page, "ferry")
    count = hits.count()
    assert count > 1
    hits.first.locator(".wj-open").click()
    at = page.locator("#wj-step-at")
    expect(at).to_have_text(f"1 / {count}")
    page.locator("[data-act=next]").click()
    expect(at).to_have_text(f"2 / {count}")
    expect(hits.nth(1)).to_have_class(re.compile("wj-current"))
    page.keyboard.press("[")
    expect(at).to_have_text(f"1 / {count}")
    page.keyboard.press("]")
    expect(at).to_have_text(f"2 / {count}")
    page.locator("[data-act=previous]").click()
    expect(hits.first).to_have_class(re.compile("wj-current"))


def test_filters_and_order_are_reached_by_keyboard(opened):
    page = opened(locale="en-GB")
    look_up(page, "ferry")
    summary = page.locator("#wj-facets summary")
    tab_to(page, "one.closest('#wj-facets summary')")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-facets details")).to_have_attribute("open", "")
    shown = page.locator("#wj-facets :is(input, select)")
    names = [one.get_attribute("name") for one in shown.all()]
    assert {"in", "folder", "lang", "who", "section", "format", "from", "to", "sort", "style"} == set(names)
    reached = []
    for name in names:
        tab_to(page, f"one.name === '{name}'")
        reached.append(page.evaluate("document.activeElement.name"))
        if name == "sort":
            page.keyboard.press("ArrowDown")
    assert reached == names
    page.wait_for_function("location.search.includes('sort=document')")
    summary.focus()
    tab_to(page, "one.name === 'lang'")
    page.keyboard.press("c")  # Chinese
    page.wait_for_function("location.search.includes('lang=zh')")


def tab_to(page, is_there):
    """Press Tab until the focus is where `is_there` says of the element `one`."""
    for _ in range(25):
        if page.evaluate(f"((one) => Boolean({is_there}))(document.activeElement)"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {is_there}")
