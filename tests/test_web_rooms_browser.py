"""Looking up, uploads, the map and judging, in a real browser over the running server."""

from __future__ import annotations

import json
import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect
from sample_files import pdf
from serving import FERRY, RAG, ROOT, TEA, served
from test_web_auth import ADA, BO
from test_web_browser import (
    HOSTILE,
    HOSTILE_NAME,
    NARROW,
    WIDE,
    ask,
    browser,
    first_hit_on_map,
    in_view,
    is_foreign,
    look_up,
    opened,
    violations,
)
from test_web_html import info

from rag.chart import Chart
from rag.judge.sets import read_quotations
from rag.web.auth import user_line
from rag.web.chart import chart_bytes

__all__ = ["browser", "is_foreign", "opened"]
pytestmark = pytest.mark.browser

DATED = """<html><head><title>Vintage</title><meta name="date" content="2021-09-30"></head>
<body><p>The vineyard of Marrow Hill was picked late, on the last day.</p></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    files = {
        "ferry.md": FERRY,
        "北岸日报.txt": TEA,
        "vintage.html": DATED,
        "bad.pdf": "no PDF",
        "printed.pdf": pdf(),
    }
    with served(tmp_path_factory.mktemp("rooms"), files, samples=True) as site:
        yield site


# --- looking up ---


def test_passages_come_while_typing_and_the_keyboard_is_enough(opened):
    page = opened(locale="en-GB")
    hits = look_up(page, "forest cover of Baishi county")
    expect(hits.first).to_contain_text("森林覆盖率")
    page.keyboard.press("ArrowDown")
    expect(hits.first.locator(".wj-open")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(hits.nth(1).locator(".wj-open")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("c")
    expect(hits.first.locator("[data-act=cite]")).to_have_text("Copied")
    assert "百分之七十一" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-reader-body mark")).to_contain_text("百分之七十一")
    assert in_view(page, "#wj-reader-body mark")
    page.keyboard.press("Escape")
    expect(page.locator("#wj-reader")).to_be_hidden()
    expect(hits.first.locator(".wj-open")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#wj-lookup-box input")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#wj-reader-body mark")).to_contain_text("百分之七十一")
    page.locator("#wj-reader-body mark").click()  # the box has the focus no longer
    expect(page.locator("#wj-lookup-box input")).not_to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#wj-lookup-box input")).to_be_focused()
    expect(page.locator("#wj-lookup-box input")).to_have_value("forest cover of Baishi county")


@pytest.mark.parametrize(
    ("style", "begins"),
    [("markdown", "> 白石县"), ("bibtex", "@misc{"), ("gbt7714", "沈若川. 守住绿水 护好青山[Z]//北岸日报")],
)
def test_a_quotation_in_every_style(opened, style, begins):
    page = opened()
    hits = look_up(page, "森林覆盖率")
    page.locator("#wj-facets [name=style]").select_option(style)
    hits.first.hover()
    hits.first.locator("[data-act=cite]").click()
    expect(hits.first.locator("[data-act=cite]")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()").startswith(begins)


def test_filters_narrow_and_the_address_keeps_them(opened):
    page = opened()
    hits = look_up(page, "森林覆盖率")
    page.locator("#wj-facets summary").click()
    page.locator("#wj-facets [name=lang]").select_option("en")
    expect(page.locator("#wj-found .wj-found-hit .wj-open:not(:lang(en))")).to_have_count(0)
    page.locator("#wj-facets [name=in]").fill("Night ferry")
    expect(hits.locator(".wj-file").first).to_have_text("ferry.md")
    expect(page.locator("#wj-found .wj-file:not(:text-is('ferry.md'))")).to_have_count(0)
    page.locator("#wj-facets [name=sort]").select_option("document")
    expect(page.locator(".wj-narrowing")).to_have_text("2")
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["view"] == ["lookup"]
    assert (asked["lang"], asked["in"], asked["q"]) == (["en"], ["Night ferry"], ["森林覆盖率"])
    page.wait_for_function("location.search.includes('sort=document')")
    page.reload()
    expect(hits.locator(".wj-file").first).to_have_text("ferry.md")
    expect(page.locator("#wj-facets [name=sort]")).to_have_value("document")
    page.locator("#wj-facets summary").click()
    page.locator("[data-act=unnarrow]").click()
    expect(hits.filter(has_text="森林覆盖率")).not_to_have_count(0)


def test_a_date_narrows(opened):
    page = opened("/?view=lookup&q=picked+late&from=2021-09-01&to=2021-09-30")
    expect(page.locator("#wj-found .wj-found-hit").first).to_contain_text("Marrow Hill")
    expect(page.locator("#wj-found .wj-file:not(:text-is('vintage.html'))")).to_have_count(0)


def test_a_document_that_is_not_meant_clearly_is_one_line(opened):
    page = opened("/?view=lookup&q=ferry&in=nothing-like-it")
    expect(page.locator("#wj-found .wj-error")).to_contain_text("nothing-like-it")


def test_a_link_to_a_passage_can_be_sent(opened):
    page = opened()
    look_up(page, "森林覆盖率").first.locator(".wj-open").click()
    expect(page.locator("#wj-reader-body mark")).to_be_visible()
    link = urlsplit(page.url)
    assert re.fullmatch(r"p\d+", link.fragment)
    other = opened(f"/?{link.query}#{link.fragment}")
    expect(other.locator("#wj-reader-body mark")).to_contain_text("百分之七十一")
    expect(other.locator("#wj-found .wj-current")).to_have_count(1)
    expect(other.locator("#wj-lookup-box input")).to_have_value("森林覆盖率")
    narrow = opened(f"/?{link.query}#{link.fragment}", viewport=NARROW)
    expect(narrow.locator("#wj-reader-body mark")).to_be_visible()
    narrow.locator("[data-act=back]").click()
    expect(narrow.locator("#wj-found .wj-found-hit").first).to_be_visible()


def test_the_last_words_win_and_what_was_typed_on_the_way_is_not_searched(opened):
    page = opened(locale="en-GB")
    page.locator("nav [data-view=lookup]").click()
    searched = []
    page.on("request", lambda one: searched.append(one.post_data) if "queue/join" in one.url else None)
    box = page.locator("#wj-lookup-box input")
    box.press_sequentially("night ferry fares", delay=20)  # well under the time that is waited for more
    expect(page.locator("#wj-found .wj-found")).to_have_attribute("data-question", "night ferry fares")
    assert len({body for body in searched if body and "night" in body}) <= 3
    for words in ("tea", "tea fields", "ferry", "night ferry crew"):
        box.fill(words)
    expect(page.locator("#wj-found .wj-found")).to_have_attribute("data-question", "night ferry crew")
    page.wait_for_timeout(600)
    expect(page.locator("#wj-found .wj-found")).to_have_attribute("data-question", "night ferry crew")
    assert parse_qs(urlsplit(page.url).query)["q"] == ["night ferry crew"]
    assert not [body for body in searched if body and "tea fields" in body]


def test_what_is_found_is_sorted(opened):
    page = opened("/?view=lookup&q=ferry+vineyard+tea", locale="en-GB")
    names = page.locator("#wj-found .wj-found-hit .wj-file")
    expect(names.first).to_be_visible()
    by_relevance = names.all_inner_texts()
    page.locator("#wj-facets [name=sort]").select_option("document")
    page.wait_for_function("location.search.includes('sort=document')")
    by_document = names.all_inner_texts()
    runs = [name for place, name in enumerate(by_document) if by_document[place - 1 : place] != [name]]
    assert len(runs) == len(set(runs))  # each document's passages together
    assert sorted(by_document) == sorted(by_relevance)
    assert by_document != by_relevance
    page.locator("#wj-facets [name=sort]").select_option("date")
    page.wait_for_function("location.search.includes('sort=date')")
    expect(names.first).to_have_text("vintage.html")  # the only one that bears a date


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("who", "沈若川", "白石县"),
        ("section", "守住绿水 护好青山", "白石县"),
        ("format", "md", "ferry.md"),
        ("folder", None, "ferry.md"),
    ],
)
def test_each_filter_narrows_and_stays_in_the_address(opened, site, name, value, found):
    page = opened("/?view=lookup&q=ferry+forest+tea")
    hits = page.locator("#wj-found .wj-found-hit")
    expect(hits.first).to_be_visible()
    every = hits.count()
    page.locator("#wj-facets summary").click()
    field = page.locator(f"#wj-facets [name={name}]")
    value = value or str(site.index.parent / "documents")
    if name in ("folder", "format"):
        field.select_option(value)
    else:
        field.fill(value)
    page.wait_for_function(f"new URLSearchParams(location.search).get({name!r}) !== null")
    expect(page.locator(".wj-narrowing")).to_have_text("1")
    expect(hits.first).to_be_visible()
    assert found in " ".join(hits.all_inner_texts())
    if name != "folder":
        assert hits.count() < every
    page.reload()
    expect(page.locator(f"#wj-facets [name={name}]")).to_have_value(value)


# --- the reader and the library ---


def test_the_page_of_a_pdf_stands_beside_its_text(opened):
    page = opened("/#library", locale="en-GB")
    page.locator(".wj-shelf a", has_text="printed.pdf").or_(
        page.locator(".wj-shelf tr", has_text="printed.pdf").locator("a")
    ).first.click()
    picture = page.locator(".wj-sheet img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", value=True)
    page.wait_for_function("document.querySelector('.wj-sheet img').naturalWidth > 600")
    assert violations(page) == []


def test_no_other_file_is_drawn(site):
    def get(number, key):
        return httpx.get(f"{site.address}/wenju/page/{number}", params={"doc": key})

    printed = str(site.documents / "printed.pdf")
    assert get(1, printed).content.startswith(b"\x89PNG")
    for number, key in (
        (0, printed),
        (99, printed),
        ("x", printed),
        ("-1", printed),
        (1, str(site.documents / "ferry.md")),
        (1, str(site.documents / "bad.pdf")),
        (1, "/etc/passwd"),
        (1, f"{site.documents}/../documents/printed.pdf"),
    ):
        assert get(number, key).status_code == 404, (number, key)
    assert httpx.get(f"{site.address}/wenju/page/1").status_code == 404


def test_what_could_not_be_read_is_named_with_its_reason(opened):
    page = opened("/#library", locale="en-GB")
    page.locator("#wj-shelf .wj-failures summary").click()
    expect(page.locator("#wj-shelf .wj-failures li")).to_contain_text("bad.pdf")
    expect(page.locator("#wj-shelf .wj-failures li")).to_contain_text("no PDF file")


# --- the map ---


def map_of(page):
    page.wait_for_function("window.wenjuRooms?.map.state.loaded")
    page.wait_for_timeout(100)
    return page.locator("#wj-canvas")


def test_a_point_of_the_map_opens_its_passage(opened):
    page = opened("/#map", locale="en-GB")
    canvas = map_of(page)
    assert page.evaluate("window.wenjuRooms.map.state.n") > 30
    page.locator("#wj-map-box input").fill("白石县的森林覆盖率是多少？")
    expect(page.locator("#wj-near .wj-found-hit").first).to_contain_text("森林覆盖率")
    assert violations(page) == []
    place = first_hit_on_map(page)
    canvas.hover(position=place)
    expect(page.locator("#wj-map-tip")).to_be_visible()
    canvas.click(position=place)
    expect(page.locator("#wj-reader-body .wj-here")).to_contain_text("森林覆盖率")


# Zooms a hundred times between two frames, and counts what is drawn for it.
MANY_TURNS = """async ([clientX, clientY]) => {
    const pen = CanvasRenderingContext2D.prototype;
    const { clearRect, fillRect } = pen;
    const style = Object.getOwnPropertyDescriptor(pen, "fillStyle");
    const frame = () => new Promise(requestAnimationFrame);
    const count = { frames: 0, points: 0, colours: 0 };
    await frame();
    await frame();
    pen.clearRect = function (...box) { count.frames += 1; clearRect.apply(this, box); };
    pen.fillRect = function (...box) { count.points += 1; fillRect.apply(this, box); };
    Object.defineProperty(pen, "fillStyle", { ...style, set(value) { count.colours += 1; style.set.call(this, value); } });
    const turn = { deltaY: -1, clientX, clientY, bubbles: true, cancelable: true };
    for (let i = 0; i < 100; i += 1) document.querySelector("#wj-canvas").dispatchEvent(new WheelEvent("wheel", turn));
    await frame();
    await frame();
    Object.assign(pen, { clearRect, fillRect });
    Object.defineProperty(pen, "fillStyle", style);
    return count;
}"""


def test_fifty_thousand_points_stay_fluid(opened):
    page = opened("/", locale="en-GB")
    page.route("**/wenju/map", lambda route: route.fulfill(body=chart_bytes(many_points(50_000))))
    page.evaluate(
        """() => {
            window.longest = 0;
            new PerformanceObserver((list) => {
                for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
            }).observe({entryTypes: ["longtask"]});
        }"""
    )
    page.locator("nav [data-view=library]").click()
    page.locator("#wj-library-tabs [data-view=map]").click()
    canvas = map_of(page)
    assert page.evaluate("window.wenjuRooms.map.state.n") == 50_000
    expect(page.locator("#wj-legend li")).to_have_count(9)
    box = canvas.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    for step in range(8):
        page.mouse.wheel(0, -120)
        page.mouse.move(middle[0] + 7 * step, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + 160, middle[1] + 60, steps=12)
    page.mouse.up()
    state = page.evaluate("(({scale, x, y}) => [scale, x, y])(window.wenjuRooms.map.state)")
    assert state[0] > 3
    assert abs(state[1]) + abs(state[2]) > 50
    drawn = page.evaluate(MANY_TURNS, middle)
    assert drawn["frames"] == 1  # however often it is moved, it is drawn once a frame
    assert drawn["colours"] <= 9  # the points of one pigment come one after the other
    assert 0 < drawn["points"] < 25_000  # those outside of the canvas are not drawn
    page.locator("#wj-map-controls [name=colour]").select_option("language")
    expect(page.locator("#wj-legend li")).to_have_count(3)
    print("longest task of 50,000 points, ms:", page.evaluate("window.longest"))


def many_points(count):
    rng = np.random.default_rng(7)
    document = rng.integers(0, 400, count).astype(np.int32)
    centres = rng.uniform(-0.8, 0.8, (400, 2))
    places = np.clip(centres[document] + rng.normal(0, 0.05, (count, 2)), -1, 1).astype(np.float32)
    infos = tuple(info(f"{number}.txt", title=f"<b>Title {number}</b>") for number in range(400))
    language = rng.integers(0, 3, count).astype(np.int32)
    ids = np.arange(1, count + 1)
    axes = np.zeros((2, 2), np.float32)
    return Chart(ids, places, language, document, ("zh", "en", "ja"), infos, axes, {}, np.ones(2, np.float32))


# --- judging ---


def test_what_is_said_of_answers_becomes_a_judgement_file(opened, site):
    page = opened(locale="en-GB")
    card = ask(page, "How much of Baishi county is forest?").locator(".wj-hit").first
    card.locator("[data-act=judge][data-right='1']").click()
    expect(card.locator("[data-act=judge][data-right='1']")).to_have_attribute("aria-pressed", "true")
    card = ask(page, "What does one crossing of Harrow Sound cost?").locator(".wj-hit").nth(1)
    card.locator("[data-act=judge][data-right='0']").click()
    ask(page, "Who discovered penicillin?").locator(".wj-agreed").click()
    page.locator("nav [data-view=library]").click()
    page.locator("#wj-library-tabs [data-view=evaluate]").click()
    expect(page.locator("#wj-judged .wj-facts")).to_contain_text("1 right, 1 wrong, 1 that nothing answers")
    page.locator("[data-act=measure]").click()
    expect(page.locator(".wj-metrics dt").first).to_have_text("Right at first")
    expect(page.locator(".wj-metrics dd .wj-numeric").first).to_have_text("1.000")
    assert violations(page) == []
    file = site.index / "judgements" / "right.jsonl"
    assert {one.quote is None for one in read_quotations(file)} == {True, False}
    measured = subprocess.run(
        [*RAG, "evaluate", str(file), "--index", str(site.index), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(measured.stdout)["metrics"]["recall@1"] == 1


# --- uploads ---


def test_uploads_outlive_the_page_and_can_be_given_up(browser, opened, tmp_path_factory, tmp_path):
    text = "\n\n".join(
        f"Bed {number} of kelp at Marrow Point was measured twice." * 30 for number in range(40)
    )
    files = []
    for name in ("one.txt", "two.txt", "three.txt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        files.append(tmp_path / name)
    with served(tmp_path_factory.mktemp("intake"), {"ferry.md": FERRY}) as site:
        page = opened("/#library", of=site, locale="en-GB")
        page.locator("#wj-upload input[type=file]").set_input_files(files)
        expect(page.locator(".wj-job")).to_have_count(3)
        page.locator(".wj-job", has_text="three.txt").locator("[data-act=stop]").click()
        expect(page.locator(".wj-job-cancelled")).to_contain_text("three.txt")
        page.reload()
        expect(page.locator(".wj-job")).to_have_count(3)
        expect(page.locator(".wj-job-done")).to_have_count(2, timeout=120_000)
        expect(page.locator(".wj-shelf tbody tr")).to_have_count(3)
        page.locator("[data-act=tidy]").click()
        expect(page.locator(".wj-job")).to_have_count(0)


def test_two_users_upload_and_neither_sees_the_others(browser, opened, tmp_path_factory, tmp_path):
    folder = tmp_path_factory.mktemp("two")
    (folder / "users").write_text("\n".join(user_line(*user) for user in (ADA, BO)), "utf-8")
    with served(folder, {"ferry.md": FERRY}, options=("--auth", str(folder / "users"))) as site:
        pages = []
        for name, password in (ADA, BO):
            mine = tmp_path / f"{name}.txt"
            mine.write_text(f"The diary of {name} speaks of a lighthouse and its keeper.", encoding="utf-8")
            page = opened("/#library", of=site, http_credentials={"username": name, "password": password})
            page.locator("#wj-upload input[type=file]").set_input_files(mine)
            expect(page.locator(".wj-job-done")).to_have_count(1, timeout=60_000)
            pages.append(page)
        for page, own in zip(pages, ("ada.txt", "bø.txt"), strict=True):
            page.reload()
            expect(page.locator(".wj-job")).to_have_count(1)
            expect(page.locator(".wj-shelf tbody tr")).to_have_count(2)
            expect(page.locator(".wj-shelf tbody")).to_contain_text(own)
            hits = look_up(page, "lighthouse keeper diary")
            expect(hits.first).to_contain_text(own)
            assert {"ada.txt", "bø.txt"} & set(hits.locator(".wj-file").all_inner_texts()) == {own}
        assert sorted(path.name for path in (site.index / "uploads").iterdir()) == ["ada", "bø"]


@pytest.mark.parametrize("shared", [False, True])
def test_one_users_conversations_are_not_the_others(opened, tmp_path_factory, shared):
    folder = tmp_path_factory.mktemp("talks")
    (folder / "users").write_text("\n".join(user_line(*user) for user in (ADA, BO)), "utf-8")
    options = ("--auth", str(folder / "users"), *(("--shared",) if shared else ()))
    question = "What does the night ferry cost?"
    with served(folder, {"ferry.md": FERRY}, options=options) as site:

        def enter(user, address="/"):
            credentials = {"username": user[0], "password": user[1]}
            return opened(address, of=site, locale="en-GB", http_credentials=credentials)

        mine = enter(ADA)
        ask(mine, question)
        mine.wait_for_function("new URLSearchParams(location.search).get('c')")
        key = parse_qs(urlsplit(mine.url).query)["c"][0]
        theirs = enter(BO, f"/?c={key}")
        theirs.locator("[data-act=history]").click()
        talks = theirs.locator(".wj-talks .wj-talk-title")
        if shared:
            expect(talks).to_have_text([question])
        else:
            expect(theirs.locator("#wj-history .wj-none")).to_be_visible()
            expect(talks).to_have_count(0)
            expect(theirs.locator("#wj-results")).not_to_contain_text("four pounds")


# --- everyone ---


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(NARROW, "dark", id="narrow-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.slow),
        pytest.param(NARROW, "light", id="narrow-light", marks=pytest.mark.slow),
    ],
)
def test_nothing_bars_the_way_of_anyone(opened, scheme, viewport):
    page = opened(viewport=viewport, color_scheme=scheme)
    hits = look_up(page, "森林覆盖率")
    page.locator("#wj-facets summary").click()
    found = {"lookup": violations(page)}
    hits.first.locator(".wj-open").click()
    expect(page.locator("#wj-reader-body mark")).to_be_visible()
    found["open"] = violations(page)
    assert {view: broken for view, broken in found.items() if broken} == {}


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened, width):
    page = opened(viewport={"width": width, "height": 800}, locale="en-GB")
    look_up(page, "ferry")
    page.locator("#wj-facets summary").click()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_nothing_in_a_document_is_run(opened, tmp_path_factory):
    with served(tmp_path_factory.mktemp("hostile"), {HOSTILE_NAME: HOSTILE}) as site:
        page = opened(of=site, locale="en-GB")
        words = "lighthouse keeper <img src=x onerror=window.stolen=11>${window.stolen=12}"
        hits = look_up(page, words)
        expect(hits.first).to_contain_text("${window.stolen=8}")
        page.locator("#wj-facets summary").click()
        hits.first.locator(".wj-open").click()
        expect(page.locator("#wj-reader-body")).to_contain_text("{{constructor.constructor(")
        page.locator("nav [data-view=library]").click()
        row = page.locator(".wj-shelf tbody tr")
        row.locator("[data-act=sure]").click()
        row.locator("[data-act=remove]").click()
        expect(page.locator("#wj-report")).to_contain_text("onerror=window.stolen=1>")
        page.locator("[data-act=restore]").click()
        expect(page.locator(".wj-job-done")).to_contain_text("onerror=window.stolen=1>", timeout=60_000)
        assert page.evaluate("window.stolen") is None
