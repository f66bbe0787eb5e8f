"""Written answers on the page: their markup, the writing at the desk, and a person in a browser who reads them."""

from __future__ import annotations

import threading
from dataclasses import replace

import httpx
import pytest
from llm_server import llm_server
from playwright.sync_api import expect
from serving import FERRY, TEA, served
from test_chat import hit, talk
from test_web_browser import NARROW, WIDE, ask, browser, opened, violations
from test_web_conversation import follow_up, tags
from test_web_html import HOSTILE, parsed

from rag.chat.conversation import Conversation, Reading, Turn
from rag.generate.address import KEY_VARIABLE
from rag.generate.endpoint import ChatEndpoint
from rag.generate.exchange import Limits
from rag.history import History
from rag.library import Library
from rag.records import Answer
from rag.web.conversation import conversation_view
from rag.web.seen import Seen
from rag.web.talk import Scribe, Shown, Talker, so_far
from rag.web.texts import EN, ZH
from rag.web.tools import NAMES
from rag.web.writing import resumed, writing
from rag.web.written_view import draft_view, notice_view, sheet, write_button, written_view
from rag.written import Quote, Reason, Status, Verdict, Written

__all__ = ("browser", "opened")  # fixtures
QUESTION, FOLLOW_UP, READ = "青禾县农民人均增收多少？", "那白石县的森林覆盖率呢？", "白石县的森林覆盖率多少？"
GOOD = "今年青禾县农民人均增收三千元[1]。"
TEXT = GOOD + "今年新增茶园五千亩[1]。茶叶畅销海外。"
WRONG = "今年青禾县农民人均增收九千元[1]。"
SHORT = Limits(first_token_s=0.5, between_tokens_s=0.5, retries=0)
LIMITS = dict.fromkeys(("silent", "never"), SHORT) | {"drips": Limits(total_s=1)}
LONG = Limits(first_token_s=30, between_tokens_s=30, retries=0)  # nothing waits so long

# --- markup ---


def verdict(text, reason=Reason.SUPPORTED, *, start=0, citations=(), dropped=(), missing=()):
    return Verdict(start, start + len(text), text, text.split("[")[0], reason, citations, dropped, missing)


ANSWER = Answer("增收多少？", True, 0.9, (hit(1), replace(hit(2), rank=2)), 4.0)
VERDICTS = (
    verdict("One. [1][2]", citations=(1, 2)),
    verdict("Two <b>. [1]", Reason.FACT, start=12, dropped=(1,), missing=("8:40", "Umber")),
    verdict("Three.", Reason.UNCITED, start=25),
    verdict("Four. [9]", Reason.NOT_GIVEN, start=32, dropped=(9,)),
    verdict("Five. [1, 2]", Reason.WEAK, start=42, dropped=(1, 2)),
)
WRITTEN = Written(
    Status.WRITTEN, "llama", "One. [1][2] Two <b>. [1] Three. Four. [9] Five. [1, 2]", VERDICTS, (), ""
)
OUTCOMES = {
    "written": WRITTEN,
    "all": Written(Status.WRITTEN, "llama", "One. [1][2]", VERDICTS[:1], (), ""),
    "cut": replace(WRITTEN, problem="it sent nothing for 30 seconds"),
    "unsupported": replace(WRITTEN, status=Status.UNSUPPORTED, verdicts=VERDICTS[1:]),
    "refused": Written(Status.REFUSED, "llama", "", (), (Quote(1, "x"),)),
    "failed": Written(
        Status.FAILED, "llama", "", (), (Quote(1, "x"),), "it has refused the key (status 401)"
    ),
    "cancelled": Written(Status.CANCELLED, "llama", "One. [1][2]", VERDICTS[:1], ()),
    "unanswerable": Written(Status.UNANSWERABLE, "llama", "", (), ()),
}


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_written_answers_in_markup(golden, texts):
    draft = so_far("llama", WRITTEN.text[:25] + "Three, whi [1", VERDICTS[:2])
    views = {name: written_view(written, ANSWER, texts, again=True) for name, written in OUTCOMES.items()}
    views["draft"] = draft_view("…", draft, ANSWER, texts)
    views["waiting"] = draft_view("…", so_far("llama"), ANSWER, texts)
    views["notice"] = notice_view("http://h/v1/chat/completions", "llama", texts)
    text = "\n".join(f"<!-- {name} -->\n{view}\n" for name, view in views.items())
    golden(f"web/written-{texts.tongue}.html", text.replace("><", ">\n<"))


def test_a_conversation_with_written_answers(golden):
    first = replace(talk("临溪县有多少个村？").turns[0], written=WRITTEN)
    refused = replace(first, written=OUTCOMES["refused"])
    markup = conversation_view((first, refused, first), ZH, key="k")
    golden("web/conversation-written-zh.html", markup.replace("><", ">\n<") + "\n")


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_what_is_not_supported_is_said_in_words_before_and_after_it(texts):
    shown = "".join(parsed(written_view(WRITTEN, ANSWER, texts)).text)
    for said, words in {
        "zh": ("未得到支持的句子： Two <b>. （未得到支持：所注段落 1 里没有“8:40”、“Umber”）",),
        "en": (
            "A sentence that is not supported: Three. (not supported: it names no passage)",
            "(not supported: it names a passage that the model was not given)",
            "(not supported: not near enough to what it names (1, 2))",
            "1 of 5 sentences are supported",
        ),
    }.items():
        assert texts.tongue != said or all(one in shown for one in words)


def test_numbers_open_passages_that_were_given_and_no_others():
    links = [
        attributes
        for attributes in parsed(written_view(WRITTEN, ANSWER, EN)).attributes
        if "data-passage" in attributes[0]
    ]
    assert [value for _, value in links] == ["1", "2"]


def test_where_nothing_is_supported_the_text_is_no_answer():
    markup = written_view(OUTCOMES["unsupported"], ANSWER, EN)
    assert markup.index("it is no answer") < markup.index("<details") < markup.index("Three.")
    assert "open" not in dict(parsed(markup).attributes)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_model_or_its_endpoint_becomes_markup(text):
    def views(said):
        verdicts = (
            verdict(said, citations=(1,)),
            verdict(said, Reason.FACT, start=len(said), missing=(said,), dropped=(1,)),
        )
        for status in Status:
            written = Written(status, said, said * 2 + said, verdicts, (), said)
            yield written_view(written, ANSWER, EN, again=True)
            turn = Turn("q", Reading("q"), ANSWER, written)
            yield conversation_view((turn, turn), EN)
        yield draft_view("…", written, ANSWER, EN)
        yield notice_view(said, said, EN)
        yield sheet("", question=said, conversation=said, busy=True)

    for mine, harmless in zip(views(text), views("Plain. "), strict=True):
        assert tags(mine) == tags(harmless)
        assert not {"$", "{", "}", "`"} & set(mine)


# --- at the desk ---


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "北岸日报.txt").write_text(TEA, encoding="utf-8")
    with Library(folder / "index") as library:
        library.add(folder / "北岸日报.txt")
        yield library


@pytest.fixture
def desk(library, tmp_path):
    """A function that makes a talker whose scribe is this server."""

    def make(server, fault=""):
        server.fault, server.refusals = fault, 9
        writer = ChatEndpoint(server.url, "m", limits=LIMITS.get(fault, LONG))
        return Talker(library, History(tmp_path), "", Scribe(writer, writer, writer.shown))

    return make


def asked(talker, question, shown=Shown()):  # noqa: B008 - it is frozen
    *_, last = talker.replying(question, shown, ZH)
    return last


def test_an_answer_is_written_in_steps_and_kept(desk):
    with llm_server(TEXT) as server:
        talker = desk(server)
        step = asked(talker, QUESTION)
        assert "wj-hit" in step.markup  # the passages, before anything is sent
        assert server.requests == []
        *drafts, last = writing(talker, step.shown, ZH)
    assert all("data-busy" in draft.written for draft in drafts)
    assert "data-busy" not in last.written
    turn = last.shown.conversation.turns[0]
    assert turn.written.status is Status.WRITTEN
    assert [one.supported for one in turn.written.verdicts] == [True, False, False]
    assert talker.history.conversation(last.shown.key, "") == last.shown.conversation
    assert [one.turns for one in talker.history.talks("", wanted="畅销海外")] == [1]
    assert last.shown.writing is None
    again, _ = talker.visited(QUESTION, last.shown.key, ZH)
    assert again.markup.count("wj-unsupported") == 2


def test_the_export_has_the_marks_and_their_sources(desk):
    with llm_server(TEXT) as server:
        talker = desk(server)
        *_, last = writing(talker, asked(talker, QUESTION).shown, ZH)
    markdown = talker.exported(last.shown.key, ZH)
    assert "今年青禾县农民人均增收三千元。 [1]" in markdown
    assert "今年新增茶园五千亩。 *(未得到支持：所注段落 1 里没有“五千”)*" in markdown
    assert "1. 青禾县县长 林一舟" in markdown


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("wrong-key", "401"),
        ("429", "429"),
        ("429-later", "429"),
        ("wrong-model", "pulling"),
        ("500", "500"),
        ("silent", "0.5 seconds"),
        ("never", "0.5 seconds"),
        ("broken-json", "broken JSON"),
        ("html", "no chat answer"),
        ("one-line", "MB"),
        ("half-closed", "closed the connection"),
        ("endless", "8000 characters"),
        ("empty", "empty"),
        ("drips", "not finish within"),
        ("redirects", "status 307"),
        ("compressed", "compressed"),
        ("no-choices", "no “choices”"),
        ("error-in-stream", "on fire"),
        ("reset-at-once", "broke the connection off"),
        ("hangs-up", "without an answer"),
        ("only-thinks", "reasoning and no answer"),
        ("endless-whole", "MB"),
    ],
)
def test_a_fault_of_the_endpoint_is_one_line_and_the_passages_stay(desk, fault, line):
    with llm_server(WRONG[:8]) as server:
        talker = desk(server, fault)
        step = asked(talker, QUESTION)
        *_, last = writing(talker, step.shown, ZH)
        view = talker.view(last.shown, ZH)
    written = last.shown.conversation.turns[0].written
    assert line in written.problem.partition("completions: ")[2]
    assert "\n" not in written.problem
    assert "Traceback" not in last.written
    shown = parsed(last.written)
    assert "".join(shown.text).count(written.problem) == 1
    assert ("data-act", "write") in shown.attributes  # it can be tried again
    assert view.count("wj-hit") == step.markup.count("wj-hit") > 0
    assert "wj-quote" in view  # the quoted sentences stand in for it


@pytest.mark.parametrize(
    ("text", "status"),
    [(WRONG, Status.UNSUPPORTED), ("NO_ANSWER", Status.REFUSED), (" no_answer.", Status.REFUSED)],
)
def test_an_answer_with_nothing_supported_falls_back_to_the_quotes(desk, text, status):
    with llm_server(text) as server:
        talker = desk(server)
        *drafts, last = writing(talker, asked(talker, QUESTION).shown, EN)
    assert last.shown.conversation.turns[0].written.status is status
    assert "Below are the documents’ own sentences." in "".join(parsed(last.written).text)
    assert "wj-quote" in talker.view(last.shown, EN)
    assert not any("NO_A" in draft.written.upper() for draft in drafts)


def test_who_stops_it_keeps_what_was_checked_by_then(desk):
    with llm_server(GOOD + "今年青禾县新增茶园两千亩，茶农都很高兴[1]。") as server:
        talker = desk(server, "stops")
        steps = writing(talker, asked(talker, QUESTION).shown, ZH)
        shown = next(step.shown for step in steps if "wj-claim" in step.written)
        stopped = talker.stopped(shown, ZH)
        assert list(steps) == []  # without a word
    written = stopped.shown.conversation.turns[0].written
    assert (written.status, written.text) == (Status.CANCELLED, GOOD)
    assert "已停止撰写" in stopped.markup
    assert "wj-hit" in stopped.markup
    assert talker.history.conversation(shown.key, "").turns[0].written == written


def test_who_stops_it_ends_the_request_though_the_endpoint_is_silent(desk):
    with llm_server() as server:
        talker = desk(server, "drips")
        shown = asked(talker, QUESTION).shown
        drawn = []
        work = threading.Thread(target=lambda: drawn.extend(writing(talker, shown, ZH)))
        work.start()
        assert server.dripping.wait(20)
        talker.stopped(shown, ZH)
        work.join(10)
        assert not work.is_alive()
        assert server.broken.wait(10)  # whoever listened has gone
    assert all("data-busy" in one.written for one in drawn)


def test_what_is_asked_next_ends_the_writing(desk):
    with llm_server(GOOD + GOOD) as server:
        talker = desk(server, "stops")
        shown = asked(talker, QUESTION).shown
        steps = writing(talker, shown, ZH)
        shown = next(step.shown for step in steps if "wj-claim" in step.written)
        after = asked(talker, READ, shown)
        assert list(steps) == []
    assert [turn.asked for turn in after.shown.conversation.turns] == [QUESTION, READ]
    assert after.shown.writing is not shown.writing


def test_what_is_looked_at_next_ends_the_writing_and_another_language_does_not(desk):
    with llm_server(GOOD) as server:
        talker = desk(server)
        shown = asked(talker, QUESTION).shown
        step, _ = talker.visited(QUESTION, shown.key, EN, leaving=shown)
        assert step.shown is shown
        assert "Written answer" in step.markup
        assert not shown.writing.is_set()
        talker.visited("", "", EN, leaving=shown)
        assert shown.writing.is_set()
        assert list(writing(talker, shown, ZH)) == []
    assert server.requests == []


def test_it_is_written_once_more_when_asked_for(desk):
    with llm_server(GOOD) as server:
        talker = desk(server, "500")
        *_, failed = writing(talker, asked(talker, QUESTION).shown, ZH)
        again = desk(server)
        *_, last = writing(again, resumed(again, failed.shown), ZH)
    assert last.shown.conversation.turns[0].written.status is Status.WRITTEN
    assert last.shown.key == failed.shown.key


def test_a_question_from_a_link_is_not_sent_unasked(desk):
    with llm_server(GOOD) as server:
        talker = desk(server)
        step, _ = talker.visited(QUESTION, "", ZH)
        assert list(writing(talker, step.shown, ZH)) == []
        assert server.requests == []
        assert write_button("据这些段落撰写答案") in step.markup
        *_, last = writing(talker, resumed(talker, step.shown), ZH)
    assert last.shown.conversation.turns[0].written.status is Status.WRITTEN
    assert talker.history.talks("") == ()


def test_nothing_is_sent_where_nothing_answers(desk):
    with llm_server(GOOD) as server:
        step = asked(desk(server), "谁发明了青霉素？")
        assert step.shown.writing is None
        assert "wj-slot" not in step.markup
        assert server.requests == []


# --- follow-ups ---


def test_a_follow_up_is_put_by_the_endpoint_and_shown_to_be_changed(desk):
    with llm_server("白石县的森林覆盖率达到百分之七十一[1]。") as server:
        server.follow_up = "白石县的森林覆盖率达到多少？"
        talker = desk(server)
        first = asked(talker, QUESTION).shown
        *_, first = writing(talker, replace(first, writing=threading.Event()), ZH)
        step = asked(talker, FOLLOW_UP, first.shown)
        assert step.shown.conversation.last.reading.text == READ  # at once, in the library's own way
        *drafts, last = writing(talker, step.shown, ZH)
    turn = last.shown.conversation.last
    assert turn.asked == FOLLOW_UP
    assert turn.reading == Reading(server.follow_up, "condensed")
    assert turn.answer.question == server.follow_up
    assert turn.written.status is Status.WRITTEN
    (talked,) = [draft.talk for draft in drafts if draft.talk]
    assert server.follow_up in talked
    assert 'data-form="reread"' in talked
    conversation = server.requests[1]["body"]["messages"][1]["content"]
    assert QUESTION in conversation
    assert "三千元" in conversation


@pytest.mark.parametrize(
    "follow_up", ["", "谁发明了青霉素？", "What is the capital of France?", "a\nb", FOLLOW_UP]
)
def test_the_librarys_own_reading_stays_where_the_endpoint_brings_nothing_better(desk, follow_up):
    with llm_server("白石县的森林覆盖率达到百分之七十一[1]。") as server:
        server.follow_up = follow_up
        talker = desk(server, "" if follow_up else "500")
        shown = Shown("", Conversation((library_turn(talker),)))
        *drafts, last = writing(talker, asked(talker, FOLLOW_UP, shown).shown, ZH)
    assert last.shown.conversation.last.reading == Reading(READ, "replaced")
    assert not any(draft.talk for draft in drafts)


def library_turn(talker):
    return talker.library.reply(QUESTION)


def test_a_person_and_the_question_who_said_it_are_not_read_anew(desk):
    with llm_server(GOOD) as server:
        server.follow_up = "白石县的森林覆盖率达到多少？"
        talker = desk(server)
        shown = Shown("", Conversation((library_turn(talker),)))
        said = asked(talker, "这话是谁说的？", shown)
        assert said.shown.writing is None
        *_, edited = talker.replying(QUESTION, asked(talker, FOLLOW_UP, shown).shown, ZH, edited=True)
        *_, last = writing(talker, edited.shown, ZH)
    assert last.shown.conversation.last.reading == Reading(QUESTION, "edited")
    assert len(server.requests) == 1


def test_a_user_has_answers_written_from_what_that_user_sees(desk, library, tmp_path):
    with llm_server(GOOD) as server:
        talker = replace(desk(server), library=Seen(library, tmp_path / "uploads", tmp_path / "uploads/ada"))
        *_, last = writing(talker, asked(talker, QUESTION).shown, ZH)
    assert last.shown.conversation.last.written.status is Status.WRITTEN


# --- in a browser ---

KEY = "sk-nobody-shall-see-this"
EVIL = (
    "<img src=x onerror=window.stolen=1>今年青禾县农民人均增收三千元[1]。"
    "<script>window.stolen=2</script>${window.stolen=3}{{constructor.constructor('window.stolen=4')()}}茶[1]。"
    "[link](javascript:window.stolen=5) ![](http://evil.example/x.png) http://evil.example/y 看这里[1]。"
)


@pytest.fixture(scope="module")
def llm():
    with llm_server(TEXT) as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory, llm):
    files = {"ferry.md": FERRY, "北岸日报.txt": TEA}
    options = ("--llm", llm.url, "--llm-model", "llama<b>")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(KEY_VARIABLE, KEY)
        with served(tmp_path_factory.mktemp("site"), files, options=options) as site:
            yield site


@pytest.fixture(autouse=True)
def plain(request):
    if "llm" in request.fixturenames:
        llm = request.getfixturevalue("llm")
        llm.text, llm.fault, llm.follow_up = TEXT, "", ""
        llm.go_on.clear()
        llm.requests.clear()


def finished(page):
    expect(page.locator("html")).not_to_have_attribute("data-writing", "", timeout=20_000)
    return page.locator("#wj-results .wj-answer .wj-written")


def test_programs_get_no_tool_that_writes(site):
    named = httpx.get(f"{site.address}/gradio_api/info").json()["named_endpoints"]
    assert set(named) == {f"/{name}" for name in NAMES}


@pytest.mark.browser
def test_passages_come_first_then_the_answer_sentence_by_sentence(opened, llm):
    llm.fault = "waits"
    page = opened()
    expect(page.locator(".wj-notice .wj-zh")).to_contain_text(
        f"{llm.url}/v1/chat/completions，由模型 llama<b>"
    )
    answer = ask(page, QUESTION)
    expect(answer.locator(".wj-hit").first).to_be_visible()
    written = answer.locator(".wj-written")
    expect(written.locator(".wj-claim")).to_have_count(1)
    expect(written.locator(".wj-unchecked")).to_contain_text("今年新增茶园")
    expect(written.locator(".wj-outcome")).to_have_text("llama<b> 正在撰写……")
    expect(page.locator("#wj-stop-button")).to_be_visible()
    assert not llm.go_on.is_set()
    written.locator(".wj-cite").first.focus()
    llm.go_on.set()
    finished(page)
    expect(written.locator(".wj-claim")).to_have_count(3)
    expect(written.locator(".wj-unsupported")).to_have_count(2)
    expect(written.locator(".wj-outcome")).to_have_text("3 句中有 1 句得到所注段落的支持。")
    expect(written.locator(".wj-cite").first).to_be_focused()  # what is there stays while more comes
    written.locator(".wj-cite").first.click()
    expect(page.locator("#wj-reader-body mark")).to_contain_text("增收三千元")
    page.reload()
    expect(page.locator("#wj-results .wj-written .wj-unsupported")).to_have_count(2)


@pytest.mark.browser
def test_what_a_model_writes_is_text(opened, llm):
    llm.text = EVIL
    page = opened()
    ask(page, QUESTION)
    written = finished(page)
    expect(written.locator(".wj-claim").first).to_contain_text("<img src=x onerror=window.stolen=1>")
    expect(written).to_contain_text("${window.stolen=3}{{constructor")
    assert page.evaluate("window.stolen") is None
    assert written.locator("img, script, iframe").count() == 0
    assert {link.get_attribute("data-act") for link in written.locator("a").all()} <= {"open"}
    page.reload()
    expect(page.locator("#wj-results .wj-written")).to_contain_text("<script>")
    assert page.evaluate("window.stolen") is None


@pytest.mark.browser
def test_the_writing_is_stopped_and_begun_again(opened, llm):
    llm.text, llm.fault = GOOD + TEXT, "stops"
    page = opened()
    answer = ask(page, QUESTION)
    expect(answer.locator(".wj-claim").first).to_be_visible()
    page.locator("#wj-stop-button").click()
    written = finished(page)
    expect(written.locator(".wj-outcome")).to_have_text("已停止撰写。")
    expect(written.locator(".wj-claim").first).to_contain_text("三千元")
    expect(answer.locator(".wj-hit").first).to_be_visible()
    expect(page.locator("#wj-ask-button")).to_be_visible()
    llm.text, llm.fault = GOOD, ""
    written.locator("[data-act=write]").click()
    expect(written.locator(".wj-outcome")).to_have_text("这一句得到所注段落的支持。")
    finished(page)
    page.reload()
    expect(page.locator("#wj-results .wj-written .wj-outcome")).to_have_text("这一句得到所注段落的支持。")


@pytest.mark.browser
def test_a_broken_endpoint_leaves_the_passages_and_says_one_line(opened, llm):
    llm.fault = "wrong-key"  # it repeats the key
    page = opened(locale="en-GB")
    answer = ask(page, QUESTION)
    written = finished(page)
    expect(written.locator(".wj-outcome")).to_contain_text("No answer was written.")
    expect(written.locator(".wj-outcome")).to_contain_text("status 401")
    assert "\n" not in written.locator(".wj-outcome").inner_text().strip()
    expect(answer.locator(".wj-hit").first).to_be_visible()
    expect(answer.locator(".wj-quote").first).to_contain_text("增收三千元")
    assert llm.requests[0]["headers"]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in page.content()
    llm.fault, llm.text = "endless", TEXT
    ask(page, "白石县的森林覆盖率是多少？")
    expect(finished(page).locator(".wj-outcome")).to_contain_text("8000 characters")
    llm.fault, llm.text = "", WRONG
    ask(page, QUESTION)
    written = finished(page)
    expect(written.locator(".wj-outcome")).to_contain_text("so it is no answer")
    expect(written.locator(".wj-claim").first).to_be_hidden()
    expect(page.locator("#wj-results .wj-answer .wj-quote").first).to_be_visible()


@pytest.mark.browser
def test_a_follow_up_is_read_by_the_endpoint_and_changed_by_a_person(opened, llm):
    llm.text, llm.follow_up = "白石县的森林覆盖率达到百分之七十一[1]。", "白石县的森林覆盖率达到多少？"
    page = opened()
    ask(page, QUESTION)
    finished(page)
    page.locator("#wj-question textarea").fill(FOLLOW_UP)
    page.keyboard.press("Enter")
    answer = page.locator("#wj-results .wj-answer")
    expect(answer.locator(".wj-read")).to_have_text(llm.follow_up)
    expect(finished(page).locator(".wj-claim .wj-cite").first).to_be_visible()
    expect(page.locator("#wj-results .wj-past .wj-asked")).to_have_text(QUESTION)
    answer.locator("[data-act=edit]").click()
    answer.locator(".wj-edit textarea").fill(READ)
    page.keyboard.press("Enter")
    expect(answer).to_have_attribute("data-question", READ)
    finished(page)
    page.reload()
    expect(page.locator("#wj-results .wj-answer .wj-read")).to_have_text(READ)


@pytest.mark.browser
def test_what_nothing_answers_is_shown_as_ever(opened, llm):
    page = opened()
    page.evaluate(
        "() => { const { written } = window.wenju; window.wenju.written = () => { written(); window.ended = 1; }; }"
    )
    answer = ask(page, "谁发明了青霉素？")
    page.wait_for_function("window.ended")
    expect(answer.locator(".wj-refusal")).to_be_visible()
    expect(answer.locator(".wj-slot")).to_have_count(0)
    assert llm.requests == []
    llm.follow_up = "青霉素是哪一年发明的？"
    page.locator("#wj-question textarea").fill("那是哪一年？")
    page.keyboard.press("Enter")
    expect(page.locator("#wj-results .wj-past .wj-refusal")).to_be_visible()
    finished(page)
    expect(answer.locator(".wj-refusal")).to_be_visible()
    expect(answer.locator(".wj-slot")).to_be_hidden()


@pytest.mark.browser
def test_the_export_holds_the_written_answer(opened, llm):
    page = opened()
    ask(page, QUESTION)
    finished(page)
    page.locator("[data-act=history]").click()
    with page.expect_download() as download:
        page.locator(".wj-talks li").first.locator("[data-act=export]").click()
    written = download.value.path().read_text(encoding="utf-8")
    assert "今年青禾县农民人均增收三千元。 [1]" in written
    assert "未得到支持：没有注明段落" in written


@pytest.mark.browser
@pytest.mark.parametrize(
    ("viewport", "scheme", "locale"),
    [
        pytest.param(WIDE, "light", "zh-CN", id="wide-light"),
        pytest.param(NARROW, "dark", "en-GB", id="narrow-dark"),
        pytest.param(WIDE, "dark", "en-GB", id="wide-dark", marks=pytest.mark.slow),
        pytest.param(NARROW, "light", "zh-CN", id="narrow-light", marks=pytest.mark.slow),
    ],
)
def test_a_written_answer_bars_nobodys_way(opened, llm, viewport, scheme, locale):
    page = opened(viewport=viewport, color_scheme=scheme, locale=locale)
    found = {"greeting": violations(page)}
    llm.fault = "waits"
    ask(page, QUESTION)
    expect(page.locator("#wj-results .wj-unchecked")).to_be_visible()
    found["writing"] = violations(page)
    llm.go_on.set()
    finished(page)
    found["written"] = violations(page)
    llm.fault, llm.text = "", WRONG
    follow_up(page, FOLLOW_UP, READ)
    finished(page).locator("summary").click()
    found["unsupported"] = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert {view: broken for view, broken in found.items() if broken} == {}
