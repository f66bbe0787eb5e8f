"""Who may come in, and that two users do not see each other's uploads: against the running server."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sample_files import pdf
from serving import FERRY, RAG, ROOT, served

from rag.errors import RagError, ServeError, UsageError
from rag.library import Library
from rag.web.auth import Users, read_users, user_line
from rag.web.seen import Seen

ADA, BO = ("ada", "correct horse"), ("bø", "battery staple 电池")
SECRET = {
    "ada": "The lighthouse keeper earns nine hundred crowns a month.\n",
    "bø": "灯塔看守人每月挣九百克朗。\n",
}


@pytest.fixture(scope="module")
def users_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text("# who\n\n" + "\n".join(user_line(*user) for user in (ADA, BO)) + "\n", "utf-8")
    return path


def house(folder: Path, users_file: Path, *options: str):
    """A library with a ferry for everyone and one upload each of Ada and Bo, served with log-in."""
    index = folder / "index"
    stack = ExitStack()
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "ferry.md").write_text(FERRY, "utf-8")
    with Library(index) as library:
        library.add(folder / "documents")
        for name, text in SECRET.items():
            (index / "uploads" / name).mkdir(parents=True)
            (index / "uploads" / name / "wages.txt").write_text(text, "utf-8")
            (index / "uploads" / name / "plan.pdf").write_bytes(pdf())
            library.add(index / "uploads" / name)
    return stack, stack.enter_context(
        served(folder / "page", {}, index=index, options=("--auth", str(users_file), *options))
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory, users_file):
    stack, page = house(tmp_path_factory.mktemp("house"), users_file)
    with stack:
        yield page


# --- the file ---


def test_a_line_holds_no_password_and_is_salted():
    first, second = user_line(*ADA), user_line(*ADA)
    assert first != second
    assert first.startswith("ada:scrypt$16384$")
    assert "horse" not in first


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a:b", "con", "a b", "x" * 65, "a\n"])
def test_names_that_could_be_no_folder(name):
    with pytest.raises(UsageError, match="name"):
        user_line(name, "long enough")


def test_a_short_password_is_refused():
    with pytest.raises(UsageError, match="too short"):
        user_line("ada", "1234567")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no user"),
        ("ada:secret\n", "line 1"),
        ("# fine\nada:scrypt$16384$00$00\n", "line 2"),
        ("ada:scrypt$1$" + "00" * 16 + "$" + "00" * 32, "line 1"),
        (f"{user_line(*ADA)}\n{user_line('ADA', 'correct horse')}", "twice"),
    ],
)
def test_what_is_no_file_of_users(tmp_path, text, said):
    path = tmp_path / "users"
    path.write_text(text, "utf-8")
    with pytest.raises(ServeError, match=said):
        read_users(path)
    with pytest.raises(ServeError, match="cannot be read"):
        read_users(tmp_path / "nowhere")


def test_credentials(users_file):
    users = read_users(users_file)
    for user in (ADA, BO):
        assert users.named(basic(*user)) == user[0]
        assert users.named(basic(*user)) == user[0]  # from memory
        assert users.named(basic(user[0], user[1] + " ")) is None
    assert users.named(basic(ADA[0], BO[1])) is None
    assert users.named(basic("nobody", "correct horse")) is None
    for header in ("", "Basic", "Basic !!", "Bearer abc", "Basic YWRh", "basic é"):
        assert users.named(header) is None


def test_the_name_of_nobody_has_no_password():
    assert Users({}).named(basic("", "")) is None


def basic(name, password):
    return httpx.BasicAuth(name.encode(), password.encode())._auth_header


# --- the command ---


def command(*arguments, given=""):
    return subprocess.run(
        [*RAG, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, input=given
    )


def test_the_command_makes_a_line_from_stdin(tmp_path):
    made = command("user", "ada", given="correct horse\n")
    assert made.returncode == 0
    (tmp_path / "users").write_text(made.stdout, "utf-8")
    assert read_users(tmp_path / "users").named(basic(*ADA)) == "ada"
    assert json.loads(command("user", "ada", "--json", given="correct horse\n").stdout)["name"] == "ada"
    assert command("user", "a/b", given="correct horse\n").returncode == 2


@pytest.mark.parametrize("options", [["--host", "0.0.0.0"], ["--auth", "nowhere.txt"], ["--shared"]])
def test_a_server_that_would_be_open_is_one_line(tmp_path, options):
    ended = command("serve", "--port", "0", "--index", str(tmp_path), *options)
    assert ended.returncode in (1, 2)
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "--auth" in ended.stderr or "nowhere.txt" in ended.stderr


# --- the gate ---


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/gradio_api/info", "/gradio_api/mcp/", "/gradio_api/file=/etc/passwd", "/theme.css"],
)
def test_nothing_is_shown_without_a_name(page, path):
    for given in (None, ("ada", "wrong"), ("", "")):
        answer = httpx.get(page.address + path, auth=given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["x-frame-options"] == "DENY"
        assert "ferry" not in answer.text


@pytest.mark.parametrize("path", ["/gradio_api/call/search", "/gradio_api/upload", "/gradio_api/queue/join"])
def test_nothing_is_done_without_a_name(page, path):
    assert httpx.post(page.address + path, json={"data": ["x", 1]}).status_code == 401


def test_a_name_from_outside_is_not_believed(page):
    headers = {"x-wenju-user": "b%C3%B8", "X-Wenju-User": "b%C3%B8"}
    assert httpx.get(page.address + "/config", headers=headers).status_code == 401
    found = call(page, ADA, "list_documents", "wages", 10, headers=headers)
    assert owners(found) == {"ada"}


def test_a_user_comes_in(page):
    assert httpx.get(page.address + "/", auth=encoded(BO)).status_code == 200


# --- one's uploads are not the other's ---


def encoded(user):
    return user[0].encode(), user[1].encode()


def call(page, user, name, *values, headers=None):
    """What Gradio's REST API answers to that user: the data, or the error's text."""
    url = f"{page.address}/gradio_api/call/{name}"
    joined = httpx.post(url, json={"data": list(values)}, auth=encoded(user), headers=headers)
    event = joined.json()["event_id"]
    lines = httpx.get(f"{url}/{event}", auth=encoded(user), headers=headers, timeout=30).text.splitlines()
    said = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    data = json.loads(said[-1])
    return data[0] if isinstance(data, list) else data


def owners(found):
    names = [document["document"] for document in found["documents"]]
    return {Path(name).parent.name for name in names if "/uploads/" in name}


@pytest.mark.parametrize(("user", "other"), [(ADA, BO), (BO, ADA)])
def test_over_rest_each_sees_what_is_everyones_and_the_own(page, user, other):
    found = call(page, user, "list_documents", "", 100)
    assert owners(found) == {user[0]}
    assert any(document["document"].endswith("ferry.md") for document in found["documents"])
    answer = call(page, user, "search", SECRET[other[0]], 50)
    assert answer["hits"]
    assert not [hit for hit in answer["hits"] if f"/uploads/{other[0]}/" in hit["source"]["document"]]
    theirs = str(page.index / "uploads" / other[0] / "wages.txt")
    refused = call(page, user, "open_passage", theirs, 1, 0)
    unknown = call(page, user, "open_passage", "/nowhere.txt", 1, 0)
    assert str(refused).replace(theirs, "") == str(unknown).replace("/nowhere.txt", "")
    own = str(page.index / "uploads" / user[0] / "wages.txt")
    assert call(page, user, "open_passage", own, 1, 0)["passages"][0]["text"] == SECRET[user[0]].strip()


@pytest.mark.parametrize(("user", "other"), [(ADA, BO), (BO, ADA)])
def test_pictures_of_pages_and_the_map_show_nothing_of_the_others(page, user, other):
    def get(path, **params):
        return httpx.get(page.address + path, params=params, auth=encoded(user), timeout=30)

    own, theirs = (page.index / "uploads" / one[0] / "plan.pdf" for one in (user, other))
    assert get("/wenju/page/1", doc=str(own)).content.startswith(b"\x89PNG")
    assert get("/wenju/page/1", doc=str(theirs)).status_code == 404
    drawn = get("/wenju/map").content
    head = json.loads(drawn[4 : 4 + int.from_bytes(drawn[:4], "little")])
    keys = {key for key, _ in head["documents"]}
    assert str(own) in keys
    assert not [key for key in keys if Path(key).parent == theirs.parent]


def test_as_mcp_tools_too(page):
    named, found, searched = asyncio.run(through_mcp(page.address + "/gradio_api/mcp/", ADA))
    assert named == ["list_documents", "open_passage", "search"]
    assert "/uploads/ada/" in found
    assert "/uploads/bø/" not in found
    assert "/documents/ferry.md" in searched
    assert "/uploads/bø/" not in searched


async def through_mcp(address, user):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx.AsyncClient(auth=encoded(user)) as client,
        streamable_http_client(address, http_client=client) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        named = sorted(tool.name for tool in (await session.list_tools()).tools)
        found = await session.call_tool("list_documents", {})
        searched = await session.call_tool("search", {"question": SECRET["bø"], "k": 20})
        return named, found.content[0].text, searched.content[0].text


def test_a_shared_library_is_everyones(tmp_path, users_file):
    stack, page = house(tmp_path, users_file, "--shared")
    with stack:
        for user in (ADA, BO):
            assert owners(call(page, user, "list_documents", "", 100)) == {"ada", "bø"}


def test_only_the_own_uploads_are_removed(page, tmp_path):
    uploads = page.index / "uploads"
    with Library(page.index) as library:
        seen = Seen(library, uploads, uploads / "ada")
        before = library.documents()
        for path in (
            uploads / "bø" / "wages.txt",
            uploads / "bø",
            uploads,
            uploads / "ada" / ".." / "bø" / "wages.txt",
            page.index.parent / "documents" / "ferry.md",
        ):
            with pytest.raises(RagError, match="not one of your uploads"):
                seen.remove(path)
        assert library.documents() == before
        assert {Path(info.path).parent.name for info in seen.documents()} == {"ada", "documents"}
        assert not [one for one in seen.doctor() if "bø" in one.what + one.remedy]
