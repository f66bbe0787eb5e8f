"""What the running server refuses, and how it starts and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from serving import FERRY, RAG, ROOT, served

from rag.errors import ServeError
from rag.library import Library
from rag.web.safety import MAX_FILE_BYTES, checked_port, is_loopback, private_environment
from rag.web.uploads import kept, put_back, safe_name


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), {"ferry.md": FERRY}) as page:
        yield page


def get(page, path, **headers):
    return httpx.get(page.address + path, headers=headers)


def config_of(page):
    return get(page, "/config").json()


# --- hosts and origins ---


def test_the_page_is_served_with_its_headers(page):
    answer = get(page, "/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/gradio_api/queue/data"])
def test_a_foreign_host_is_refused(page, host, path):
    assert get(page, path, host=host).status_code == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]
)
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/ask"])
def test_a_foreign_origin_may_not_post(page, origin, path):
    answer = httpx.post(page.address + path, headers={"origin": origin}, json={})
    assert answer.status_code == 403


def test_its_own_origin_may_post(page):
    answer = httpx.post(
        page.address + "/gradio_api/upload",
        headers={"origin": page.address},
        files={"files": ("a.txt", b"hello")},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://example.org/x",
        "/gradio_api/file=http://127.0.0.1:22/",
        "/gradio_api/file=HTTPS://example.org/",
        "//gradio_api/file=http://example.org",
    ],
)
def test_the_server_fetches_nothing_for_others(page, path):
    assert get(page, path).status_code in (403, 404)


# --- files ---


def test_no_server_path_can_be_read(page):
    catalog = next(path for path in page.index.rglob("*") if path.is_file())
    inside = (catalog, page.documents / "ferry.md", Path("/etc/passwd"), ROOT / "pyproject.toml")
    for path in inside:
        for route in (
            f"/gradio_api/file={path}",
            f"/gradio_api/file={path.parent}/../{path.parent.name}/{path.name}",
        ):
            assert get(page, route).status_code in (403, 404), route


def upload_event(page, data):
    """Send `data` as the value of the upload component to the function that takes uploads."""
    config = config_of(page)
    component = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "wj-upload")
    event = next(
        d for d in config["dependencies"] if [component, "upload"] in [list(t) for t in d["targets"]]
    )
    joined = httpx.post(
        page.address + "/gradio_api/queue/join",
        json={"data": data, "fn_index": event["id"], "session_hash": "tester", "trigger_id": component},
    )
    assert joined.status_code == 200
    with httpx.stream(
        "GET", page.address + "/gradio_api/queue/data?session_hash=tester", timeout=30
    ) as stream:
        for line in stream.iter_lines():
            if "process_completed" in line:
                return line
    raise AssertionError("the event never completed")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd"])
def test_a_server_path_posted_as_an_upload_is_refused(page, path):
    line = upload_event(page, [[{"path": path, "meta": {"_type": "gradio.FileData"}}]])
    assert '"success":false' in line.replace(" ", "")
    assert "root:" not in line
    with Library(page.index) as library:
        assert [Path(info.path).name for info in library.documents()] == ["ferry.md"]


def test_an_oversized_upload_is_refused(page, tmp_path):
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with big.open("rb") as file:
        answer = httpx.post(
            page.address + "/gradio_api/upload", files={"files": ("big.txt", file)}, timeout=120
        )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/monitoring", 403),
        ("/monitoring/summary", 403),
        ("/gradio_api/runs", 404),
        ("/gradio_api/runs/", 404),
    ],
)
def test_there_is_no_monitoring_and_no_history(page, path, status):
    assert get(page, path).status_code == status
    assert config_of(page)["run_history"] is False


def test_nothing_in_the_page_comes_from_another_host(page):
    config = config_of(page)
    assert not config["stylesheets"]
    assert "http" not in get(page, "/theme.css").text.replace("http://www.w3.org", "")
    assert config["analytics_enabled"] is False
    assert config["show_error"] is False


# --- the environment of whoever starts it ---


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for Node")
def test_no_variable_of_the_environment_opens_what_is_closed(tmp_path, monkeypatch):
    temporary, elsewhere, node = tmp_path / "temporary", tmp_path / "elsewhere", tmp_path / "node"
    temporary.mkdir()
    node.write_text(f"#!/bin/sh\ntouch {tmp_path}/node-was-run\necho v24.0.0\nexec sleep 9\n")
    node.chmod(0o700)
    opening = {
        "TMPDIR": temporary,
        "GRADIO_TEMP_DIR": elsewhere,
        "GRADIO_ANALYTICS_ENABLED": True,
        "GRADIO_RUN_HISTORY": True,
        "GRADIO_ALLOWED_PATHS": "/etc",
        "GRADIO_ROOT_PATH": "https://evil.example",
        "GRADIO_SHARE": True,
        "GRADIO_SSR_MODE": True,
        "GRADIO_NODE_PATH": node,
    }
    for name, value in opening.items():
        monkeypatch.setenv(name, str(value))
    with served(tmp_path, {"ferry.md": FERRY}) as page:
        config = config_of(page)
        assert (config["analytics_enabled"], config["run_history"]) == (False, False)
        assert config["root"] == page.address
        assert get(page, "/gradio_api/file=/etc/passwd").status_code in (403, 404)
        assert get(page, "/gradio_api/runs").status_code == 404
        kept = uploaded(page)
        private = kept.parents[2]
        assert (private.parent, private.name[:6], kept.parents[1].name) == (temporary, "wenju-", "uploads")
        assert private.stat().st_mode & 0o777 == 0o700
    assert not elsewhere.exists()
    assert not (tmp_path / "node-was-run").exists()


def uploaded(page) -> Path:
    """Where the server keeps a file that was sent to it and never used."""
    files = {"files": ("a.txt", b"hello")}
    path = Path(httpx.post(page.address + "/gradio_api/upload", files=files).json()[0])
    assert path.read_bytes() == b"hello"
    return path


def test_an_upload_that_nobody_uses_is_deleted(tmp_path):
    hurried = (sys.executable, str(ROOT / "tests" / "sweeping_server.py"))
    with served(tmp_path, {}, rag=hurried) as page:
        kept = uploaded(page)
        deadline = time.monotonic() + 30
        while kept.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)


# --- names of uploads ---


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("潘 报告（终稿）.docx", "潘 报告（终稿）.docx"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute.txt", "olute.txt"),
        (".hidden", "hidden"),
        ("..", "document"),
        ("", "document"),
        ("a\x00b\n.txt", "ab.txt"),
        ("\u202etxt.exe", "txt.exe"),
        ("CON.txt", "CON_.txt"),
        ('a<b>:"c|?*.md', "a_b___c___.md"),
        ("trailing. ", "trailing"),
        ("x" * 400 + ".txt", "x" * 176 + ".txt"),
        ("字" * 200 + ".txt", "字" * 58 + ".txt"),
    ],
)
def test_safe_name(name, expected):
    assert safe_name(name) == expected


def test_kept_files_replace_the_earlier_version(tmp_path):
    new, folder = tmp_path / "a.txt", tmp_path / "kept"
    new.write_text("second")
    folder.mkdir()
    (folder / "a.txt").write_text("first")
    with kept([new], folder):
        assert (folder / "a.txt").read_text() == "second"
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert (folder / "a.txt").read_text() == "second"


def fail_while_keeping(new: Path, folder: Path) -> None:
    with kept([new], folder):
        raise RuntimeError


def test_everything_is_as_before_when_the_block_fails(tmp_path):
    new, folder = tmp_path / "a.txt", tmp_path / "kept"
    new.write_text("second")
    folder.mkdir()
    (folder / "a.txt").write_text("first")
    with pytest.raises(RuntimeError):
        fail_while_keeping(new, folder)
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert (folder / "a.txt").read_text() == "first"


def test_a_file_that_failed_is_put_back(tmp_path):
    new, folder = tmp_path / "a.txt", tmp_path / "kept"
    new.write_text("bad")
    folder.mkdir()
    (folder / "a.txt").write_text("good")
    with kept([new], folder) as placed:
        put_back(*placed[0])
    assert (folder / "a.txt").read_text() == "good"
    assert len(list(folder.iterdir())) == 1


# --- starting and stopping ---


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.2", False),
        ("a.example", False),
    ],
)
def test_is_loopback(host, expected):
    assert is_loopback(host) is expected


def test_a_taken_port_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"port {port}.*--port") as error:
            checked_port("127.0.0.1", port)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_an_address_open_to_others_is_refused(host):
    with pytest.raises(ServeError, match=r"--auth"):
        checked_port(host, 7860)


def test_port_0_finds_a_free_one():
    assert checked_port("127.0.0.1", 0) > 0


def test_the_environment_is_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    with private_environment(tmp_path):
        assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path)
        assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert "GRADIO_TEMP_DIR" not in os.environ
    assert os.environ["NO_PROXY"] == "example.org"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(tmp_path, monkeypatch, number):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with served(tmp_path, {}) as page:
        assert list(temporary.glob("wenju-*"))
        page.process.send_signal(number)
        _, said = page.process.communicate(timeout=20)
    assert page.process.returncode == 0
    assert "Traceback" not in said
    assert not list(temporary.iterdir())


def test_a_taken_port_ends_the_command_with_one_line(page):
    port = page.address.rpartition(":")[2]
    command = [*RAG, "serve", "--port", port, "--index", str(page.index)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert f"port {port}" in ended.stderr
