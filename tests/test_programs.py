"""Every example of README's section for other programs is run against the served page, as it stands there."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import subprocess
import sys

import httpx
import pytest
from gradio_client import Client
from serving import FERRY, ROOT, served

from rag.web.auth import user_line

ADDRESS = "http://127.0.0.1:7860"


def example(language: str, address: str) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## For other programs")[2]
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    assert ADDRESS in block
    return block.replace(ADDRESS, address)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with served(tmp_path_factory.mktemp("programs"), {"ferry.md": FERRY}) as page:
        yield page


def printed(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return ended.stdout


def test_curl(page):
    said = printed("sh", "-c", example("sh", page.address))
    assert "event: complete" in said
    assert "four pounds" in said


def test_gradio_client(page, tmp_path):
    (tmp_path / "ask.py").write_text(example("python", page.address), encoding="utf-8")
    assert "four pounds" in printed(sys.executable, str(tmp_path / "ask.py"))


def test_an_mcp_configuration(page):
    server = json.loads(example("json", page.address))["mcpServers"]["wenju"]
    assert "four pounds" in asyncio.run(searched(server["url"], server["headers"]))


def test_an_mcp_configuration_with_log_in(tmp_path):
    (tmp_path / "users").write_text(user_line("ada", "correct horse"), "utf-8")
    with served(tmp_path, {"ferry.md": FERRY}, options=("--auth", str(tmp_path / "users"))) as page:
        server = json.loads(example("json", page.address))["mcpServers"]["wenju"]
        basic = base64.b64encode(b"ada:correct horse").decode()
        headers = server["headers"] | {"Authorization": f"Basic {basic}"}
        assert "four pounds" in asyncio.run(searched(server["url"], headers))
        client = Client(page.address, headers=headers, verbose=False)
        assert "four pounds" in str(client.predict("How much is the ferry?", 1, api_name="/search"))
        client.close()
        assert httpx.post(server["url"], headers=server["headers"], json={}).status_code == 401


async def searched(url: str, headers: dict[str, str]) -> str:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx.AsyncClient(headers=headers) as client,
        streamable_http_client(url, http_client=client) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        found = await session.call_tool("search", {"question": "How much is the night ferry?", "k": 1})
        return found.content[0].text
