"""The page in a real browser: ask, open the source, upload, remove, languages, light, hostile documents."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright
from serving import FERRY, SAMPLES, TEA, chromium, served

from rag.library import Library

pytestmark = pytest.mark.browser
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}

EVERYTHING = 2 + len(list(SAMPLES.iterdir()))  # documents of `site`
HOSTILE_NAME = "<img src=x onerror=window.stolen=1>${window.stolen=2}{{stolen}}.md"
HOSTILE = """# <script>window.stolen=3</script> ${window.stolen=4}

## <img src=x onerror=window.stolen=5> {{#each stolen}}

By "><svg/onload=window.stolen=6>

The lighthouse <b onmouseover="window.stolen=7">keeper</b> earns ${window.stolen=8} nine hundred crowns
`a month`. </textarea><iframe srcdoc="<script>parent.stolen=9</script>"></iframe>
{{constructor.constructor('window.stolen=10')()}}
"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = chromium(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    files = {"ferry.md": FERRY, "北岸日报.txt": TEA}
    with served(tmp_path_factory.mktemp("site"), files, samples=True) as site:
        yield site


def is_gradios(said: str) -> bool:
    """Whether it is Gradio's own: leaving the page while it fetches ends in this, thrown or in the console."""
    return "signal is aborted without reason" in said


@pytest.fixture
def opened(browser, site):
    """A function that opens the page in a window of its own; nothing may fail or come from elsewhere."""
    contexts = []

    def open_page(path="/", *, of=site, locale="zh-CN", viewport=WIDE, wait=True, **options) -> Page:
        context = browser.new_context(locale=locale, viewport=viewport, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=of.address)
        page = context.new_page()
        failures: list[str] = []

        def fail(said: str) -> None:
            if not is_gradios(said):
                failures.append(said)

        page.on("pageerror", lambda error: fail(f"{error.name}: {error.message}"))
        page.on("dialog", lambda dialog: failures.append(f"dialog {dialog.message}"))
        page.on("console", lambda message: fail(message.text) if message.type == "error" else None)
        page.on(
            "request", lambda request: failures.append(request.url) if is_foreign(request.url, of) else None
        )
        contexts.append((context, failures, of.guests))
        of.guests.append(context.close)  # first: a stream that is cut off is an error in the console
        page.goto(of.address + path)
        if wait:
            page.wait_for_selector("#wj-welcome :is(.wj-examples, .wj-blank, .wj-facts)", state="attached")
        return page

    yield open_page
    for context, failures, guests in contexts:
        if context.close in guests:
            guests.remove(context.close)
            context.close()
        assert failures == []


def is_foreign(url, site):
    return not url.startswith((site.address, "data:", "blob:", "about:"))


def ask(page, question):
    page.locator("#wj-question textarea").fill(question)
    page.keyboard.press("Enter")
    answer = page.locator("#wj-results .wj-answer")
    expect(answer).to_have_attribute("data-question", question)
    expect(page.locator("html")).not_to_have_attribute("data-busy", "")
    return answer


def look_up(page, words):
    page.locator("nav [data-view=lookup]").click()
    page.keyboard.type(words)
    expect(page.locator("#wj-found .wj-found")).to_have_attribute("data-question", words)
    return page.locator("#wj-found .wj-found-hit")


def first_hit_on_map(page):
    """Where on the canvas the best of the hits is drawn."""
    across, down = page.evaluate(
        """() => {
            const {state} = window.wenjuRooms.map;
            const i = state.ids.indexOf(state.hits[0]);
            const across = (state.width - 24) * state.scale / 65535, along = (state.height - 24) * state.scale / 65535;
            return [state.width / 2 + (state.xs[i] - 32767.5) * across, state.height / 2 - (state.ys[i] - 32767.5) * along];
        }"""
    )
    return {"x": across, "y": down}


def in_view(page, selector):
    return page.locator(selector).first.evaluate(
        """element => {
            const box = element.getBoundingClientRect();
            return box.top >= 0 && box.bottom <= window.innerHeight;
        }"""
    )


# --- asking ---


def test_a_chinese_question_is_answered_with_its_source(opened):
    answer = ask(opened(), "青禾县农民人均增收多少？")
    expect(answer.locator(".wj-quote")).to_contain_text("增收三千元")
    card = answer.locator(".wj-hit").first
    expect(card.locator("mark")).to_contain_text("增收三千元")
    expect(card.locator(".wj-section")).to_have_text("发展茶业 富民兴县")
    expect(card.locator(".wj-speaker")).to_have_text("林一舟")
    expect(card.locator(".wj-file")).to_have_text("北岸日报.txt")
    expect(card.locator(".wj-why li")).to_have_count(3)


def test_a_question_in_another_language(opened):
    answer = ask(opened(locale="en-GB"), "How much did farmers earn more from tea?")
    expect(answer.locator(".wj-hit").first).to_contain_text("三千元")


def test_what_nothing_answers(opened):
    answer = ask(opened(), "谁发明了青霉素？")
    expect(answer.locator(".wj-refusal")).to_be_visible()
    expect(answer.locator(".wj-quote")).to_have_count(0)
    expect(answer.locator(".wj-hit").first).to_be_visible()


def test_an_example_is_asked_with_one_click(opened):
    page = opened()
    example = page.locator(".wj-examples button").first
    question = example.inner_text()
    example.click()
    expect(page.locator("#wj-results .wj-answer")).to_have_attribute("data-question", question)
    expect(page.locator("#wj-results .wj-asked")).to_have_text(question)
    expect(page.locator("#wj-results .wj-refusal")).to_have_count(0)
    expect(page.locator("#wj-question textarea")).to_have_value("")


@pytest.mark.parametrize("question", ["   ", "字" * 5000])
def test_a_question_that_cannot_be_asked_is_one_line(opened, question):
    page = opened()
    page.locator("#wj-question textarea").fill(question)
    page.locator("#wj-ask-button").click()
    error = page.locator("#wj-results .wj-error")
    expect(error).to_be_visible()
    assert "\n" not in error.inner_text().strip()
    assert "Traceback" not in page.content()


def test_a_quotation_is_copied_with_its_source(opened):
    page = opened()
    card = ask(page, "青禾县农民人均增收多少？").locator(".wj-hit").first
    card.locator("[data-act=copy]").click()
    expect(card.locator("[data-act=copy]")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "增收三千元" in copied
    assert "青禾县县长 林一舟，发展茶业 富民兴县" in copied


# --- the reader ---


def test_a_hit_opens_beside_the_answer_in_a_wide_window(opened):
    page = opened()
    ask(page, "青禾县农民人均增收多少？").locator(".wj-hit .wj-open").first.click()
    mark = page.locator("#wj-reader-body mark")
    expect(mark).to_contain_text("增收三千元")
    expect(page.locator("#wj-results")).to_be_visible()
    assert in_view(page, "#wj-reader-body mark")
    expect(page.locator("#wj-reader-body h2").first).to_have_text("发展茶业 富民兴县")
    page.keyboard.press("Escape")
    expect(page.locator("#wj-reader")).to_be_hidden()


def test_a_hit_opens_in_place_in_a_narrow_window_and_leads_back(opened):
    page = opened(viewport=NARROW)
    ask(page, "青禾县农民人均增收多少？").locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body mark")).to_contain_text("增收三千元")
    expect(page.locator("#wj-results")).to_be_hidden()
    assert in_view(page, "#wj-reader-body mark")
    page.locator("[data-act=back]").click()
    expect(page.locator("#wj-results .wj-answer")).to_be_visible()


def test_the_reader_steps_through_the_hits(opened):
    page = opened()
    answer = ask(page, "白石县的森林覆盖率是多少？")
    count = answer.locator(".wj-hit").count()
    answer.locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-step-at")).to_have_text(f"1 / {count}")
    page.locator("[data-act=next]").click()
    expect(page.locator("#wj-step-at")).to_have_text(f"2 / {count}")
    expect(answer.locator(".wj-hit").nth(1)).to_have_class(re.compile("wj-current"))
    page.keyboard.press("[")
    expect(page.locator("#wj-step-at")).to_have_text(f"1 / {count}")


def test_an_address_leads_back_to_the_question_and_the_place(opened):
    page = opened()
    ask(page, "青禾县农民人均增收多少？").locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body mark")).to_be_visible()
    link = urlsplit(page.url)
    asked = parse_qs(link.query)
    assert asked["q"] == ["青禾县农民人均增收多少？"]
    assert asked["doc"][0].endswith("北岸日报.txt")
    assert re.fullmatch(r"p\d+", link.fragment)
    other = opened(f"/?{link.query}#{link.fragment}")
    expect(other.locator("#wj-reader-body mark")).to_contain_text("增收三千元")
    expect(other.locator("#wj-results .wj-hit").first).to_be_visible()
    expect(other.locator("#wj-results .wj-asked")).to_have_text("青禾县农民人均增收多少？")


def test_back_and_forward_of_the_browser(opened):
    page = opened()
    ask(page, "青禾县农民人均增收多少？")
    ask(page, "白石县的森林覆盖率是多少？")
    page.go_back()
    expect(page.locator("#wj-results .wj-answer")).to_have_attribute(
        "data-question", "青禾县农民人均增收多少？"
    )
    page.go_forward()
    expect(page.locator("#wj-results .wj-answer")).to_have_attribute(
        "data-question", "白石县的森林覆盖率是多少？"
    )


def test_an_address_of_a_document_that_is_gone_is_one_line(opened):
    page = opened("/?doc=/nowhere/at-all.txt#p1")
    expect(page.locator("#wj-reader-body .wj-error")).to_contain_text("at-all.txt")


# --- the library ---


def test_upload_ask_open_and_remove(browser, opened, tmp_path_factory, tmp_path):
    new = tmp_path / "灯塔 (1).txt"
    new.write_text("The lighthouse keeper earns nine hundred crowns a month.\n", encoding="utf-8")
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"")
    with served(tmp_path_factory.mktemp("upload"), {}) as site:
        page = opened(of=site, locale="en-GB")
        expect(page.locator("#wj-welcome .wj-blank")).to_be_visible()
        page.locator("#wj-welcome [data-view=library]").click()
        page.locator("#wj-upload input[type=file]").set_input_files([new, broken])
        expect(page.locator(".wj-job-done")).to_contain_text("灯塔 (1).txt", timeout=60_000)
        expect(page.locator(".wj-job-failed")).to_contain_text("broken.txt", timeout=60_000)
        expect(page.locator(".wj-job-failed")).to_contain_text("is empty")
        row = page.locator(".wj-shelf tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("灯塔 (1).txt")
        assert [path.name for path in (site.index / "uploads").iterdir()] == ["灯塔 (1).txt"]

        page.locator("nav [data-view=ask]").click()
        answer = ask(page, "What does the lighthouse keeper earn?")
        expect(answer.locator(".wj-hit mark").first).to_contain_text("nine hundred crowns")
        expect(answer.locator(".wj-hit .wj-file").first).to_have_text("灯塔 (1).txt")
        answer.locator(".wj-hit .wj-open").first.click()
        expect(page.locator("#wj-reader-body mark")).to_contain_text("nine hundred crowns")

        page.locator("nav [data-view=library]").click()
        row.locator("[data-act=sure]").click()
        row.locator("[data-act=keep]").click()
        expect(row).to_have_count(1)
        row.locator("[data-act=sure]").click()
        row.locator("[data-act=remove]").click()
        expect(page.locator("#wj-shelf .wj-blank")).to_be_visible()
        assert not (site.index / "uploads" / "灯塔 (1).txt").exists()
        page.locator("[data-act=restore]").click()
        expect(row).to_have_count(1, timeout=60_000)
        assert (site.index / "uploads" / "灯塔 (1).txt").exists()


def test_the_table_is_filtered_while_typing(opened):
    page = opened()
    page.locator("nav [data-view=library]").click()
    expect(page.locator(".wj-shelf tbody tr")).to_have_count(EVERYTHING)
    rows, wanted = page.locator(".wj-shelf tbody tr"), page.locator("#wj-wanted input")
    wanted.press_sequentially("北岸")  # as an input method or a paste does it: without key presses
    expect(rows).to_have_count(1)
    wanted.press("Backspace")
    wanted.press("Backspace")
    expect(rows).to_have_count(EVERYTHING)
    wanted.press_sequentially("ferry.md")
    expect(rows).to_have_count(1)
    page.locator(".wj-shelf a").click()
    expect(page.locator("#wj-reader-body .wj-doc")).to_be_visible()


def test_the_library_is_checked_with_one_click(opened):
    page = opened(locale="en-GB")
    page.locator("nav [data-view=library]").click()
    page.locator("[data-act=check]").click()
    expect(page.locator(".wj-report li").first).to_contain_text("documents", timeout=30_000)


def test_the_table_shows_what_another_program_added(opened, site, tmp_path):
    page = opened()
    (tmp_path / "later.txt").write_text(
        "The kelp harvest begins in May and ends in September.", encoding="utf-8"
    )
    with Library(site.index) as library:
        library.add(tmp_path / "later.txt")
        try:
            page.locator("nav [data-view=library]").click()
            expect(page.locator(".wj-shelf tbody")).to_contain_text("later.txt")
        finally:
            library.remove(tmp_path / "later.txt")


def test_the_address_of_the_library_shows_it(opened):
    page = opened("/#library")
    expect(page.locator(".wj-shelf tbody tr")).to_have_count(EVERYTHING)
    page.locator("[data-act=tongue]").click()
    expect(page.locator(".wj-shelf th").first).to_have_text("Document")


# --- languages, light, size ---


@pytest.mark.parametrize(("locale", "word"), [("zh-TW", "提问"), ("en-US", "Ask"), ("fr-FR", "Ask")])
def test_the_interface_follows_the_browser(opened, locale, word):
    page = opened(locale=locale)
    expect(page.locator("#wj-ask-button")).to_have_text(word)
    assert page.locator("nav [data-view=ask]").inner_text() == word


def test_the_language_is_switched_and_stays(opened):
    page = opened()
    ask(page, "青禾县农民人均增收多少？")
    page.locator("[data-act=tongue]").click()
    expect(page.locator("#wj-results .wj-open").first).to_have_text("Open")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.locator("#wj-ask-button")).to_have_text("Ask")


def test_light_and_dark_are_switched_and_stay(opened):
    page = opened(color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(247, 247, 243)"
    page.locator("[data-act=theme]").click()
    assert page.evaluate(paper) == "rgb(20, 23, 26)"
    page.reload()
    page.wait_for_selector("#wj-welcome .wj-examples")
    assert page.evaluate(paper) == "rgb(20, 23, 26)"


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920])
def test_nothing_is_wider_than_the_window(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    ask(page, "青禾县农民人均增收多少？").locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body mark")).to_be_visible()
    for view in ("reader", "library", "ask"):
        page.locator(f"nav [data-view={view}]").click()
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, view


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
    """No view breaks a rule of axe-core (WCAG 2 AA and good practice)."""
    page = opened(viewport=viewport, color_scheme=scheme)
    found = {"home": violations(page)}
    answer = ask(page, "青禾县农民人均增收多少？")
    found["answer"] = violations(page)
    answer.locator(".wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body mark")).to_be_visible()
    found["open"] = violations(page)
    for view in ("reader", "library"):
        page.locator(f"nav [data-view={view}]").click()
        found[view] = violations(page)
    page.locator("nav [data-view=ask]").click()
    ask(page, "谁发明了青霉素？")
    found["unanswered"] = violations(page)
    assert {view: broken for view, broken in found.items() if broken} == {}


def violations(page):
    page.wait_for_timeout(300)  # colours fade
    response = Axe().run(page).response
    return [
        (
            rule["id"],
            [(node["target"], node["any"][0]["message"] if node["any"] else "") for node in rule["nodes"]],
        )
        for rule in response["violations"]
    ]


# --- hostile documents ---


def test_nothing_in_a_document_is_run(opened, tmp_path_factory):
    with served(tmp_path_factory.mktemp("hostile"), {HOSTILE_NAME: HOSTILE}) as site:
        page = opened(of=site, locale="en-GB")
        answer = ask(
            page,
            "What does the lighthouse keeper earn? <img src=x onerror=window.stolen=11>${window.stolen=12}",
        )
        expect(answer).to_contain_text("${window.stolen=8}")
        answer.locator(".wj-hit .wj-open").first.click()
        expect(page.locator("#wj-reader-body")).to_contain_text("{{constructor.constructor(")
        expect(page.locator("#wj-reader-body")).to_contain_text("onerror=window.stolen=1>")
        page.locator("nav [data-view=library]").click()
        expect(page.locator(".wj-shelf")).to_contain_text("onerror=window.stolen=1>")
        page.locator("nav [data-view=ask]").click()
        page.reload()
        expect(page.locator("#wj-results .wj-answer")).to_be_visible()
        page.wait_for_timeout(300)
        assert page.evaluate("window.stolen") is None
        assert (
            page.locator(
                ":is(#wj-stage, #wj-header) :is(script, img, iframe, svg:not(.wj-seal, [class*=feather]))"
            ).count()
            == 0
        )


def test_what_is_asked_before_the_page_is_ready_is_not_lost(opened, site):
    page = opened("/favicon.ico", wait=False)
    page.goto(site.address, wait_until="commit")
    page.locator("#wj-question textarea").fill("白石县的森林覆盖率是多少？")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-results .wj-answer")).to_be_visible()
    page.wait_for_timeout(500)
    expect(page.locator("#wj-results .wj-asked")).to_have_text("白石县的森林覆盖率是多少？")
    expect(page.locator("#wj-results .wj-answer")).to_be_visible()
