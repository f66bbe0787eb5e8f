"""The conversation on the page: its markup, and a person who asks, follows up, edits, stops and looks back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect
from serving import TEA
from test_chat import SPEECHES, hit, talk
from test_web_browser import NARROW, WIDE, ask, browser, opened, site, violations
from test_web_html import HOSTILE, Collector

from rag.chat.conversation import Reading, Turn
from rag.history import FILE, History, Talk
from rag.library import Library
from rag.records import Answer, Progress
from rag.search import SEARCH_STAGES
from rag.web.chat_texts import chat_texts
from rag.web.conversation import conversation_view, pending_view
from rag.web.history_view import history_view, markdown_view
from rag.web.talk import Shown, Talker
from rag.web.texts import EN, ZH

__all__ = ("browser", "opened", "site")  # fixtures
FIRST, FOLLOW_UP, READ = "青禾县农民人均增收多少？", "那白石县的森林覆盖率呢？", "白石县的森林覆盖率多少？"
LENGTHY = "茶园在山坡上，路在雨里。" * 300  # a question that takes long enough to be stopped


def turns():
    said = Turn("这话是谁说的？", Reading("x", "speaker"), Answer("x", True, 1.0, (hit(),), 0.0))
    replaced = Turn(
        "那黛山县呢？", Reading("黛山县种梨多少年？", "replaced"), Answer("y", True, 0.9, SPEECHES[1:], 9.0)
    )
    return (*talk("临溪县有多少个村？").turns, said, replaced)


# --- markup ---


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_a_conversation_in_markup(golden, texts):
    markup = conversation_view(turns(), texts, key="k1")
    golden(f"web/conversation-{texts.tongue}.html", markup.replace("><", ">\n<") + "\n")


def test_a_question_that_is_being_answered(golden):
    pending = pending_view(
        "谁？", (Progress(SEARCH_STAGES[0], 0, 0), Progress(SEARCH_STAGES[1], 0, 1234)), ZH
    )
    golden(
        "web/pending-zh.html",
        conversation_view(turns()[:1], ZH, pending=pending).replace("><", ">\n<") + "\n",
    )


def test_the_list_of_conversations(golden):
    talks = [
        Talk("k1", "临溪县有多少个村？", 3, "2024-05-01T10:20:30+00:00"),
        Talk("k2", "One?", 1, "2024-04-01T00:00:00+00:00"),
    ]
    golden("web/history-en.html", history_view(talks, EN).replace("><", ">\n<") + "\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_conversation_becomes_markup(text):
    hostile = hit(1, text, section=text, speaker=text, role=text)
    turn = Turn(text, Reading(text, "replaced"), Answer(text, True, 0.9, (hostile,), 1.0))
    said = replace(turn, reading=Reading(text, "speaker"))
    clean = hit(1, "t", section="s", speaker="p", role="r")
    plain = Turn("q", Reading("q", "replaced"), Answer("q", True, 0.9, (clean,), 1.0))
    plainly_said = replace(plain, reading=Reading("q", "speaker"))
    for mine, harmless in [
        (
            conversation_view((turn, said, turn), EN, key=text),
            conversation_view((plain, plainly_said, plain), EN, key="k"),
        ),
        (history_view([Talk(text, text, 1, text)], EN), history_view([Talk("k", "t", 1, "d")], EN)),
        (markdown_view(text, text), markdown_view("m", "n")),
        (pending_view(text, [Progress("x", 0, 0)], EN), pending_view("q", [Progress("x", 0, 0)], EN)),
    ]:
        assert tags(mine) == tags(harmless)
        assert not {"$", "{", "}", "`"} & set(mine)


def tags(markup):
    found = Collector()
    found.feed(markup)
    return [tag for tag in found.tags if tag != "br"]


# --- at the desk ---


class EnoughError(Exception):
    """Whoever waits has had enough."""


def test_what_a_stage_raises_ends_the_search(library):
    heard = []

    def progress(stage):
        heard.append(stage.stage)
        if stage.stage == SEARCH_STAGES[1]:
            raise EnoughError

    with pytest.raises(EnoughError):
        library.reply(FIRST, progress=progress)
    assert heard == list(SEARCH_STAGES[:2])


def test_closing_the_iterator_ends_it_and_keeps_nothing(library, tmp_path):
    history = History(tmp_path)
    steps = Talker(library, history, quick_s=0).replying(FIRST, Shown(), ZH)
    assert "wj-pending" in next(steps).markup
    steps.close()
    assert history.talks("") == ()


def test_a_question_is_answered_in_steps_and_kept(library, tmp_path):
    talker = Talker(library, History(tmp_path), "ada", quick_s=0)
    *pending, last = talker.replying(FIRST, Shown(), ZH)
    assert pending
    assert all("wj-pending" in step.markup for step in pending)
    assert talker.history.conversation(last.shown.key, "ada") == last.shown.conversation
    step, answer = talker.visited(FIRST, last.shown.key, ZH)
    assert step.shown.conversation == last.shown.conversation
    assert answer == last.shown.conversation.turns[0].answer


def test_a_quick_answer_comes_in_one_step(library, tmp_path):
    [step] = Talker(library, History(tmp_path), quick_s=60).replying(FIRST, Shown(), ZH)
    assert step.shown.conversation.turns[0].asked == FIRST
    assert "wj-pending" not in step.markup


def test_going_back_and_asking_on_begins_a_conversation_of_its_own(library, tmp_path):
    talker = Talker(library, History(tmp_path))
    *_, first = talker.replying(FIRST, Shown(), ZH)
    *_, second = talker.replying(READ, first.shown, ZH)
    back, _ = talker.visited(FIRST, second.shown.key, ZH)
    *_, third = talker.replying("新建了多少工厂？", back.shown, ZH)
    assert third.shown.key != second.shown.key
    assert [talk.turns for talk in talker.history.talks("")] == [2, 2]


def test_where_nothing_can_be_kept_the_answer_is_shown_all_the_same(library, tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    *_, last = Talker(library, History(tmp_path)).replying(FIRST, Shown(), ZH)
    assert "wj-answer" in last.markup
    assert "wj-note" in last.markup


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "北岸日报.txt").write_text(TEA, encoding="utf-8")
    with Library(folder / "index") as library:
        library.add(folder / "北岸日报.txt")
        yield library


# --- in a browser ---


@pytest.mark.browser
def test_ask_follow_up_edit_and_open(opened):
    page = opened()
    ask(page, FIRST)
    follow_up(page, FOLLOW_UP, READ)
    answer = page.locator("#wj-results .wj-answer")
    expect(page.locator("#wj-results .wj-past .wj-asked")).to_have_text(FIRST)
    expect(page.locator("#wj-results .wj-past .wj-quote")).to_contain_text("增收三千元")
    expect(answer.locator(".wj-asked")).to_have_text(FOLLOW_UP)
    expect(answer.locator(".wj-read")).to_have_text(READ)
    expect(answer.locator(".wj-quote").first).to_contain_text("百分之七十一")
    answer.locator(".wj-cite").first.click()
    expect(page.locator("#wj-reader-body mark")).to_contain_text("百分之七十一")
    page.keyboard.press("Escape")
    answer.locator("[data-act=edit]").click()
    field = answer.locator(".wj-edit textarea")
    expect(field).to_be_focused()
    field.fill("白石县空气优良天数有多少？")
    page.keyboard.press("Enter")
    expect(answer).to_have_attribute("data-question", "白石县空气优良天数有多少？")
    expect(answer.locator(".wj-asked")).to_have_text(FOLLOW_UP)
    expect(page.locator("#wj-results .wj-past")).to_have_count(1)
    expect(page.locator("#wj-question textarea")).to_have_value("")


def follow_up(page, question, read):
    page.locator("#wj-question textarea").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("#wj-results .wj-answer")).to_have_attribute("data-question", read)
    expect(page.locator("html")).not_to_have_attribute("data-busy", "")


@pytest.mark.browser
def test_who_said_that(opened):
    page = opened()
    ask(page, FIRST)
    follow_up(page, "这话是谁说的？", FIRST)
    expect(page.locator("#wj-results .wj-said .wj-speaker")).to_have_text("林一舟")


@pytest.mark.browser
def test_a_conversation_survives_a_reload_and_begins_anew(opened):
    page = opened()
    ask(page, FIRST)
    follow_up(page, FOLLOW_UP, READ)
    page.reload()
    expect(page.locator("#wj-results .wj-past")).to_have_count(1)
    expect(page.locator("#wj-results .wj-answer .wj-read")).to_have_text(READ)
    page.locator("[data-act=fresh]").click()
    expect(page.locator("#wj-results .wj-talk")).to_have_count(0)
    expect(page.locator("#wj-greeting")).to_be_visible()
    ask(page, FIRST)
    expect(page.locator("#wj-results .wj-past")).to_have_count(0)


@pytest.mark.browser
def test_the_history_is_searched_opened_exported_and_deleted(opened, site):
    page = opened(locale="en-GB")
    ask(page, "What does the night ferry cost?")
    ask(page, "Where do the crew members of the night ferry come from?")
    page.locator("[data-act=history]").click()
    talks = page.locator(".wj-talks li")
    page.locator("#wj-history-wanted input").fill("eleven crew night ferry cost")
    expect(talks).to_have_count(1)
    expect(talks.locator(".wj-talk-title")).to_have_text("What does the night ferry cost?")
    with page.expect_download() as download:
        talks.locator("[data-act=export]").click()
    written = download.value.path().read_text(encoding="utf-8")
    assert "> The night ferry across Harrow Sound costs four pounds for one crossing." in written
    assert "1. By Ada Quill" in written
    assert site.address not in written
    talks.locator(".wj-talk-title").click()
    expect(page.locator("#wj-results .wj-past")).to_have_count(1)
    page.go_back()
    page.locator("#wj-history-wanted input").fill("eleven crew night ferry cost")
    talks.locator("[data-act=forgetting]").click()
    talks.locator("[data-act=forget]").click()
    expect(page.locator("#wj-history .wj-none")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))") == []


@pytest.mark.browser
def test_a_list_of_conversations_that_comes_late_does_not_replace_what_was_looked_for(opened):
    page = opened(locale="en-GB")
    ask(page, "What does the night ferry cost?")
    page.locator("[data-act=fresh]").click()
    ask(page, "How many crew members are on board?")
    held = []
    page.route("**/queue/join*", lambda route: route.continue_() if held else held.append(route))
    page.locator("[data-act=history]").click()
    page.locator("#wj-history-wanted input").fill("how many crew members")
    talks = page.locator(".wj-talks li")
    expect(talks).to_have_count(1)
    held[0].continue_()
    page.wait_for_timeout(2000)
    expect(talks).to_have_count(1)
    expect(talks.locator(".wj-talk-title")).to_have_text("How many crew members are on board?")


@pytest.mark.browser
def test_the_stages_of_a_search_are_seen(opened):
    page = opened()
    page.evaluate(
        """() => {
            window.stages = new Set();
            new MutationObserver(() => {
                for (const one of document.querySelectorAll("#wj-results .wj-pending li")) window.stages.add(one.textContent);
            }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    for number in range(8):  # a search that is over at once comes to the page in one piece: a long question
        ask(page, f"{FIRST} {number} {LENGTHY}")
        if page.evaluate("window.stages.size"):
            break
    seen = page.evaluate("[...window.stages]")
    assert seen
    assert seen[0] == chat_texts(ZH).stages[0]
    expect(page.locator("#wj-results .wj-pending")).to_have_count(0)


@pytest.mark.browser
def test_a_search_is_stopped(opened):
    page = opened()
    ask(page, FIRST)
    note = page.locator("#wj-results .wj-note")
    for number in range(8):  # an answer that is done before the word to stop arrives is shown
        question = f"{READ} {number} {LENGTHY}"
        page.locator("#wj-question textarea").fill(question)
        with page.expect_response("**/queue/join*"):
            page.keyboard.press("Enter")
        page.evaluate("document.querySelector('#wj-stop-button').click()")
        answered = page.locator(f'#wj-results .wj-answer[data-question="{question}"]')
        expect(note.or_(answered).first).to_be_visible()
        expect(page.locator("#wj-ask-button")).to_be_visible()
        if note.is_visible():
            break
    expect(note).to_be_visible()
    expect(answered).to_have_count(0)
    expect(page.locator("#wj-stop-button")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(NARROW, "dark", id="narrow-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.slow),
        pytest.param(NARROW, "light", id="narrow-light", marks=pytest.mark.slow),
    ],
)
def test_a_conversation_bars_nobodys_way(opened, scheme, viewport):
    page = opened(viewport=viewport, color_scheme=scheme)
    ask(page, FIRST)
    follow_up(page, FOLLOW_UP, READ)
    found = {"conversation": violations(page)}
    page.locator("#wj-results summary").first.click()
    page.locator("[data-act=edit]").click()
    found["edit"] = violations(page)
    page.keyboard.press("Escape")
    expect(page.locator("#wj-results .wj-edit")).to_be_hidden()
    follow_up(page, "这话是谁说的？", READ)
    found["speaker"] = violations(page)
    page.locator("[data-act=history]").click()
    expect(page.locator(".wj-talks li").first).to_be_visible()
    found["history"] = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert {view: broken for view, broken in found.items() if broken} == {}
