"""Documents that are markup, in every view of a real browser: shown as they are written, and never run."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from serving import served
from test_web_browser import HOSTILE, HOSTILE_NAME, ask, browser, first_hit_on_map, opened

from rag.library import Library
from rag.web.judged import FOLDER, RIGHT, WRONG

__all__ = ["browser", "opened"]
pytestmark = pytest.mark.browser

# The byline of a mail is its sender, and "by" in Arabic makes a name of whatever follows it.
SPEAKER = "<img src=x onerror=window.stolen=21>"
MAIL = f"""From: "=?utf-8?b?2KjZgtmE2YU=?= {SPEAKER}" <keeper@pier.example>
Subject: <script>window.stolen=22</script>
Date: Mon, 01 Jan 2024 10:00:00 +0000
Content-Type: text/plain; charset=utf-8

The lamp of the north pier burns four litres of oil in one night.

The lamp of the south pier burns nine litres of oil in one night.
"""
VOICE = "${window.stolen=23}"
SUBTITLES = f"""WEBVTT

00:00:01.000 --> 00:00:05.000
<v {VOICE}>The foghorn <b onclick=window.stolen=24>sounds</b> &lt;svg/onload=window.stolen=25&gt; twice a minute.
"""
SHORT = "Oars <img src=x onerror=stolen=26>"  # short enough for the title of an example
OARS = f"""# {SHORT}

Oars of the rescue boat are made of ash wood. Oars are kept in the loft.
"""
BROKEN_NAME = "<img src=x onerror=window.stolen=27>${window.stolen=28}.pdf"
INDEX_NAME = "<img src=x onerror=window.stolen=31>${window.stolen=32}"  # named where others can look into it
FILES = {
    HOSTILE_NAME: HOSTILE,
    "lamp.eml": MAIL,
    "foghorn.vtt": SUBTITLES,
    "oars.md": OARS,
    BROKEN_NAME: "no PDF",
}
LAMP = "How many litres of oil does the lamp of the north pier burn?"
OIL = "How much oil does the lamp burn? <img src=x onerror=window.stolen=29>${window.stolen=30}"
PARTS = ":is(#wj-stage, #wj-header) :is(script, img, iframe, object, svg:not(.wj-seal, [class*=feather]))"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    with served(folder, FILES, index=folder / INDEX_NAME) as site:
        judged(site)
        yield site


def judged(site):
    """Judgements of which one is a miss, and one calls wrong what comes first: both of them markup."""
    with Library(site.index) as library:
        keys = {info.path.rpartition("/")[2]: info.key for info in library.documents()}
        quote = next(p.text for p in library.passages_of(keys[HOSTILE_NAME]) if "window.stolen=7" in p.text)
    lines = [{"question": LAMP + VOICE, "quote": quote, "document": keys[HOSTILE_NAME]}]
    folder = site.index / FOLDER
    folder.mkdir()
    (folder / RIGHT).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    wrong = {"question": f"{quote} {SPEAKER}", "quote": quote, "document": keys[HOSTILE_NAME]}
    (folder / WRONG).write_text(json.dumps(wrong) + "\n", "utf-8")


@pytest.fixture
def page(opened):
    """The page of the site in English; in the end nothing of a document has run or become an element."""
    page = opened(locale="en-GB")
    yield page
    # what runs in a picture that fails to load runs before the next frames are drawn
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    assert page.evaluate("window.stolen") is None
    assert page.locator(PARTS).count() == 0


def test_a_document_that_would_run_does_run_without_the_escaping(page):
    """The trap snaps: what the other tests wait for in vain comes when markup is put on the page."""
    page.evaluate(
        "(markup) => (document.querySelector('#wj-results').innerHTML = markup)",
        SPEAKER.replace("src=x", "src=data:,"),
    )
    page.wait_for_function("window.stolen === 21")
    page.reload()


def test_a_speaker_that_is_markup(page):
    answer = ask(page, LAMP)
    expect(answer.locator(".wj-hit .wj-speaker").first).to_have_text(SPEAKER)
    expect(answer.locator(".wj-attribution").first).to_contain_text(SPEAKER)
    answer.locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body .wj-byline")).to_contain_text(SPEAKER)


def test_a_voice_that_is_a_template(page):
    answer = ask(page, "How often does the foghorn sound?")
    expect(answer.locator(".wj-hit .wj-text").first).to_contain_text(VOICE)


def test_a_conversation_and_its_history(page):
    ask(page, OIL)
    for question in (f"and the south pier? {SPEAKER}", "Who said that?"):
        page.locator("#wj-question textarea").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator("#wj-results .wj-answer .wj-asked")).to_have_text(question)
        expect(page.locator("html")).not_to_have_attribute("data-busy", "")
    expect(page.locator("#wj-results .wj-past .wj-asked").first).to_have_text(OIL)
    expect(page.locator("#wj-results .wj-said .wj-speaker")).to_have_text(SPEAKER)
    page.reload()
    expect(page.locator("#wj-results .wj-said .wj-speaker")).to_have_text(SPEAKER)
    page.locator("[data-act=history]").click()
    talk = page.locator(".wj-talks li", has_text=OIL)
    expect(talk.locator(".wj-talk-title")).to_have_text(OIL)
    page.locator("#wj-history-wanted input").fill(SPEAKER)
    talk.locator("[data-act=forgetting]").click()
    expect(talk.locator("[data-act=forget]")).to_be_visible()


def test_an_example(page):
    example = page.locator(".wj-examples button", has_text=SHORT)
    question = example.inner_text()
    example.click()
    expect(page.locator("#wj-results .wj-asked")).to_have_text(question)
    expect(page.locator("#wj-results .wj-hit").first).to_contain_text("ash wood")
    expect(page.locator("#wj-results .wj-hit .wj-section").first).to_have_text(SHORT)


def test_the_map(page):
    page.locator("nav [data-view=library]").click()
    page.locator("#wj-library-tabs [data-view=map]").click()
    expect(page.locator("#wj-legend li", has_text=SHORT)).to_have_text(SHORT)
    page.locator("#wj-map-box input").fill(LAMP)
    expect(page.locator("#wj-near .wj-found-hit").first).to_contain_text(SPEAKER)
    page.wait_for_function("window.wenjuRooms.map.state.hits.length")
    position = first_hit_on_map(page)
    page.locator("#wj-canvas").hover(position=position)
    expect(page.locator("#wj-map-tip")).to_have_text("<script>window.stolen=22</script>")
    page.locator("#wj-canvas").click(position=position)
    expect(page.locator("#wj-reader-body .wj-here").first).to_contain_text("four litres")


def test_what_was_judged_and_missed(page):
    page.locator("nav [data-view=library]").click()
    page.locator("#wj-library-tabs [data-view=evaluate]").click()
    page.locator("[data-act=measure]").click()
    misses = page.locator("#wj-judged .wj-misses li")
    expect(misses.first).to_contain_text(LAMP + VOICE)
    expect(misses.first).to_contain_text('<b onmouseover="window.stolen=7">')
    expect(misses.last).to_contain_text(SPEAKER)
    misses.first.hover()


def test_failures_and_the_check(page, site):
    page.locator("nav [data-view=library]").click()
    page.locator("#wj-shelf .wj-failures summary").click()
    expect(page.locator("#wj-shelf .wj-failures li .wj-file")).to_have_text(BROKEN_NAME)
    site.index.chmod(0o755)
    page.locator("[data-act=check]").click()
    expect(page.locator("#wj-report .wj-report")).to_contain_text(f"other users can look into {site.index}")
    row = page.locator(".wj-shelf tbody tr", has_text=SHORT)
    expect(row).to_have_count(1)
