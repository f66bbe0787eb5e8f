"""The functions for programs: by themselves, over REST, through Gradio's client and as MCP tools."""

from __future__ import annotations

import ast
import asyncio
import json

import httpx
import pytest
from serving import FERRY, TEA, served

from rag.errors import RagError, UsageError
from rag.library import Library
from rag.web.tools import Tools

NAMES = ["search", "open_passage", "list_documents"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with served(tmp_path_factory.mktemp("tools"), {"ferry.md": FERRY, "北岸日报.txt": TEA}) as page:
        yield page


@pytest.fixture
def tools(page):
    with Library(page.index) as library:
        yield Tools(library)


# --- by themselves ---


def test_search_gives_the_answer_of_the_contract(tools):
    found = tools.search("青禾县农民人均增收多少？", 2)
    assert found["question"] == "青禾县农民人均增收多少？"
    best = found["hits"][0]
    start, end = best["highlights"][0]
    assert "增收三千元" in best["text"][start:end]
    assert best["source"]["speaker"] == "林一舟"
    assert len(found["hits"]) == 2


def test_a_passage_is_read_in_its_place(tools, page):
    document = str(page.documents / "北岸日报.txt")
    alone = tools.open_passage(document, 2, 0)
    assert [passage["source"]["paragraph"] for passage in alone["passages"]] == [2]
    assert "森林覆盖率" in alone["passages"][0]["text"]
    both = tools.open_passage(document, 2, 1)
    assert [passage["source"]["paragraph"] for passage in both["passages"]] == [1, 2]
    assert both["title"] == "北岸日报"


def test_documents_are_listed_and_filtered(tools):
    everything = tools.list_documents()
    assert everything["total"] == len(everything["documents"]) == 2
    some = tools.list_documents("FERRY", 1)
    assert [document["title"] for document in some["documents"]] == ["Night ferry"]
    assert tools.list_documents(limit=1)["total"] == 2


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("search", ["ferry", 0]),
        ("search", ["ferry", 51]),
        ("open_passage", ["FERRY", 99, 1]),
        ("open_passage", ["FERRY", 1, 21]),
        ("list_documents", ["", 0]),
    ],
)
def test_what_makes_no_sense_is_refused(tools, page, name, values):
    values = [str(page.documents / "ferry.md") if value == "FERRY" else value for value in values]
    with pytest.raises(UsageError):
        getattr(tools, name)(*values)


def test_an_unknown_document_is_an_error_of_the_library(tools):
    with pytest.raises(RagError, match="nowhere"):
        tools.open_passage("/nowhere.txt", 1)


# --- over REST ---


def call(page, name, *values):
    """The events that Gradio's REST API sends for one call, as (name, data)."""
    joined = httpx.post(f"{page.address}/gradio_api/call/{name}", json={"data": list(values)})
    identifier = joined.json()["event_id"]
    lines = httpx.get(f"{page.address}/gradio_api/call/{name}/{identifier}", timeout=30).text.splitlines()
    events = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(events, data, strict=True))


def test_a_program_searches_over_rest(page, tools):
    event, [found] = call(page, "search", "青禾县农民人均增收多少？", 2)[-1]
    assert event == "complete"
    assert found["hits"] == tools.search("青禾县农民人均增收多少？", 2)["hits"]


def test_an_error_of_the_library_reaches_the_program(page):
    event, data = call(page, "search", "  ", 5)[-1]
    assert event == "error"
    assert "question" in str(data)
    assert "Traceback" not in str(data)


def test_only_what_reads_is_offered_by_name(page):
    info = httpx.get(page.address + "/gradio_api/info").json()
    assert list(info["named_endpoints"]) == [f"/{name}" for name in NAMES]
    assert info["unnamed_endpoints"] == {}


def test_gradios_own_client(page, tools):
    from gradio_client import Client

    client = Client(page.address, verbose=False)
    try:
        assert client.predict("FERRY", 1, api_name="/list_documents") == tools.list_documents("FERRY", 1)
    finally:
        client.close()


# --- as MCP tools ---


def test_the_official_mcp_client(page, tools):
    named, found, refused = asyncio.run(through_mcp(page.address + "/gradio_api/mcp/"))
    assert sorted(tool.name for tool in named) == sorted(NAMES)
    assert all(tool.annotations is None or not tool.annotations.destructiveHint for tool in named)
    search = next(tool for tool in named if tool.name == "search")
    assert search.description.startswith("Find the passages of the library that answer a question")
    assert "plain words" in search.inputSchema["properties"]["question"]["description"]
    assert ast.literal_eval(found.content[0].text)["hits"] == tools.search("Who crews the ferry?", 1)["hits"]
    assert refused.isError


async def through_mcp(address):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        named = (await session.list_tools()).tools
        found = await session.call_tool("search", {"question": "Who crews the ferry?", "k": 1})
        refused = await session.call_tool("search", {"question": "ferry", "k": 0})
        return named, found, refused


def test_mcp_is_refused_to_a_foreign_host(page):
    answer = httpx.post(page.address + "/gradio_api/mcp/", headers={"host": "evil.example"}, json={})
    assert answer.status_code == 400
