"""Many at once at a real server: right answers, one line for whom there is no room, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright
from serving import FERRY, TEA, chromium, served

from rag.web.crowd import MAX_BODY_BYTES, RETRY_S, UNFETCHED, WAITING, Crowd
from rag.web.texts import TEXTS

QUESTIONS = (
    "How much is the night ferry?",
    "青禾县农民人均增收多少？",
    "Who travels free?",
    "白石县的森林覆盖率是多少？",
    "How many crew members are there?",
)
CALL = "/gradio_api/call/search"
MCP = "/gradio_api/mcp/"
FLOOD = 4 * WAITING


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with served(tmp_path_factory.mktemp("crowd"), {"ferry.md": FERRY, "tea.txt": TEA}) as page:
        yield page


def client_of(page, **options) -> httpx.AsyncClient:
    # none is kept: the server closes what is idle for five seconds, just when it is used again
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=page.address, timeout=120, limits=limits, **options)


async def join(client, question) -> httpx.Response:
    return await client.post(CALL, json={"data": [question, 3]})


async def fetch(client, event) -> list[tuple[str, str]]:
    """The answer's best passages and their sentences."""
    said = (await client.get(f"{CALL}/{event}")).text
    assert "event: complete" in said, said
    data = said.partition("event: complete\ndata: ")[2].partition("\n")[0]
    return [(hit["text"], json.dumps(hit["highlights"])) for hit in json.loads(data)[0]["hits"]]


async def flood(page, path, body, *headers) -> list[httpx.Response]:
    """What is answered to many times as many posts as can wait, all sent in one moment."""
    content = json.dumps(body).encode()
    lines = (f"POST {path} HTTP/1.1", f"Host: {page.address.removeprefix('http://')}", "Connection: close")
    more = ("Content-Type: application/json", f"Content-Length: {len(content)}", *headers)
    request = "\r\n".join((*lines, *more, "", "")).encode() + content
    host, port = page.address.removeprefix("http://").split(":")
    streams = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(FLOOD)))
    for _, writer in streams:
        writer.write(request)
    answers = [response(await reader.read()) for reader, _ in streams]
    for _, writer in streams:
        writer.close()
    return answers


def response(raw: bytes) -> httpx.Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    if ("transfer-encoding", "chunked") in headers:
        headers.remove(("transfer-encoding", "chunked"))
    return httpx.Response(int(first.split()[1]), headers=headers, content=body)


async def ask(client, question) -> list[tuple[str, str]]:
    return await fetch(client, (await join(client, question)).json()["event_id"])


# --- many at once ---


def test_sixty_four_clients_are_answered_like_one(page):
    async def run():
        async with client_of(page) as client:
            alone = {question: await ask(client, question) for question in QUESTIONS}
            many = [QUESTIONS[number % len(QUESTIONS)] for number in range(64)]
            together = await asyncio.gather(*(ask(client, question) for question in many))
            assert together == [alone[question] for question in many]
            assert len({str(answer) for answer in together}) == len(QUESTIONS)

    asyncio.run(run())


def test_whom_there_is_no_room_for_is_told_and_the_others_are_answered(page):
    async def run():
        body = {"data": [QUESTIONS[0], 3]}
        joined = await flood(page, CALL, body, "Accept-Language: zh-CN,zh;q=0.9")
        refused = [answer for answer in joined if answer.status_code != 200]
        assert 0 < len(refused) <= len(joined) - WAITING
        for answer in refused:
            assert answer.status_code == 503
            assert answer.json() == {"detail": TEXTS["zh"].busy}
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["x-content-type-options"] == "nosniff"
        taken = [answer.json()["event_id"] for answer in joined if answer.status_code == 200]
        async with client_of(page) as client:
            answers = await asyncio.gather(*(fetch(client, event) for event in taken))
            assert answers == [await ask(client, QUESTIONS[0])] * len(taken)  # and it goes on

    asyncio.run(run())


def test_the_page_is_told_in_a_way_that_its_script_shows(page):
    async def run():
        async with client_of(page) as client:
            config = (await client.get("/config")).json()
            event = next(one["id"] for one in config["dependencies"] if one["api_name"] == "search")
            asked = {"data": [QUESTIONS[0], 3], "fn_index": event, "session_hash": "browser"}
            joined = await flood(page, "/gradio_api/queue/join", asked)
            refused = [one for one in joined if one.status_code != 200]
            assert {one.status_code for one in refused} == {429}
            assert refused[0].json() == {"detail": TEXTS["en"].busy}
            said = (await client.get("/gradio_api/queue/data?session_hash=browser")).text
            assert said.count('"process_completed"') == len(joined) - len(refused)

    asyncio.run(run())


def test_direct_calls_have_the_same_bound(page):
    answers = asyncio.run(flood(page, "/gradio_api/run/search", {"data": [QUESTIONS[0], 3]}))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 503}
    assert codes.count(200) >= WAITING
    assert answers[codes.index(503)].json() == {"detail": TEXTS["en"].busy}


def test_a_tool_says_that_it_is_busy(page):
    call = {"name": "search", "arguments": {"question": QUESTIONS[0], "k": 1}}
    request = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call}
    accept = "Accept: application/json, text/event-stream"
    answers = asyncio.run(flood(page, MCP, request, accept))
    told = {"content": [{"type": "text", "text": TEXTS["en"].busy}], "isError": True}
    refused = [answer for answer in answers if TEXTS["en"].busy in answer.text]
    assert refused
    assert refused[0].json() == {"jsonrpc": "2.0", "id": 7, "result": told}
    assert sum("four pounds" in answer.text for answer in answers) == len(answers) - len(refused)


def test_a_body_larger_than_any_question_is_refused(page):
    body = json.dumps({"data": ["x" * MAX_BODY_BYTES, 3]})
    for path in (CALL, "/gradio_api/run/search", "/gradio_api/queue/join", MCP):
        answer = httpx.post(page.address + path, content=body, timeout=30)
        assert answer.status_code == 413, path
        assert str(MAX_BODY_BYTES) in answer.json()["detail"]


@pytest.mark.browser
def test_the_page_says_that_it_is_busy_and_can_be_asked_again(page):
    enough = threading.Event()

    def keep_it_full():
        while not enough.is_set():
            asyncio.run(flood(page, CALL, {"data": [QUESTIONS[0], 3]}))

    with sync_playwright() as playwright:
        browser = chromium(playwright)
        window = browser.new_context(locale="zh-CN").new_page()
        window.goto(page.address)
        window.wait_for_selector("#wj-welcome .wj-examples", state="attached")
        crowd = threading.Thread(target=keep_it_full)
        crowd.start()
        try:
            told = window.get_by_text(TEXTS["zh"].busy).first
            box = window.locator("#wj-question textarea")
            for _ in range(60):  # between two floods there may be room
                box.fill(QUESTIONS[1])
                box.press("Enter")
                window.wait_for_timeout(500)
                if told.is_visible():
                    break
            expect(told).to_be_visible()
        finally:
            enough.set()
            crowd.join()
        expect(window.locator("html")).not_to_have_attribute("data-asking", "", timeout=30_000)
        expect(window.locator("html")).not_to_have_attribute("data-busy", "", timeout=30_000)
        window.wait_for_timeout(1000 * RETRY_S)
        box.fill(QUESTIONS[1])
        box.press("Enter")
        expect(window.locator("#wj-results .wj-quote").last).to_contain_text("三千元", timeout=30_000)
        browser.close()


# --- who goes away ---


def test_clients_that_go_away_cost_the_others_nothing(page):
    async def gone(client, question) -> None:
        event = (await join(client, question)).json()["event_id"]
        async with client.stream("GET", f"{CALL}/{event}"):
            return  # closes the connection without reading

    async def run():
        async with client_of(page) as client:
            alone = await ask(client, QUESTIONS[0])
            left = asyncio.gather(*(gone(client, QUESTIONS[1]) for _ in range(30)))
            unasked = [join(client, QUESTIONS[2]) for _ in range(30)]  # nobody fetches these
            staying = [ask(client, QUESTIONS[0]) for _ in range(20)]
            _, _, *answers = await asyncio.gather(left, *unasked[:1], *staying)
            await asyncio.gather(*unasked[1:])
            assert answers == [alone] * 20

    asyncio.run(run())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_the_number_of_questions(page):
    """A session that Gradio keeps is about 100 KB: without `forget` this is 30 MB and more."""

    def resident() -> int:
        pages = int(Path(f"/proc/{page.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def ask_many(count: int) -> None:
        async with client_of(page) as client:
            for _ in range(count):
                await ask(client, QUESTIONS[0])

    asyncio.run(ask_many(50))
    before = resident()
    asyncio.run(ask_many(300))
    assert resident() - before < 16 * 2**20


def test_a_question_that_nobody_fetches_is_forgotten_in_the_end():
    forgotten = []
    numbers = iter(range(2 * UNFETCHED))

    async def app(scope, receive, send):
        if scope["method"] == "POST":
            await receive()
        body = json.dumps({"event_id": f"e{next(numbers)}"}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def run():
        crowd = Crowd(app, forgotten.append)

        async def receive():
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message):
            pass

        for _ in range(UNFETCHED + 3):
            await crowd({"type": "http", "method": "POST", "path": CALL, "headers": []}, receive, send)
        assert forgotten == ["e0", "e1", "e2"]
        await crowd({"type": "http", "method": "GET", "path": f"{CALL}/e9", "headers": []}, receive, send)
        await crowd({"type": "http", "method": "GET", "path": f"{CALL}/e9", "headers": []}, receive, send)
        assert forgotten == ["e0", "e1", "e2", "e9"]

    asyncio.run(run())
