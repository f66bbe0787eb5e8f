"""A library on a server: written twice, cut off anywhere, by several at once, and when the server is away."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from library import write_files
from milvus_servers import free_port, lite_server, real_server, running
from tiny_encoder import TinyEncoder

from rag.cli import main
from rag.cluster import ClusterLibrary
from rag.errors import LibraryError, LibraryMismatch, LibraryMissing, LibraryUnreachable, UsageError
from rag.feed import feed_paths
from rag.settings import Settings
from rag.store.milvus.address import read_store_address
from rag.store.milvus.connection import Connection, Patience
from rag.store.milvus.reader import MilvusStore
from rag.store.milvus.shelf import Shelf

IMPATIENT = Patience(connect_s=2, call_s=2, write_s=2, question_s=4, first_wait_s=0.1)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    with lite_server(tmp_path_factory.mktemp("lite")) as address:
        yield address


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with real_server(tmp_path_factory.mktemp("real")) as address:
        yield address


@contextmanager
def cluster(address: str, patience: Patience | None = None):
    with ClusterLibrary(address, patience=patience) as library:
        library._encoder = TinyEncoder()  # what --model opens; the tiny one has no name
        yield library


def contents(address: str) -> dict[str, list[str]]:
    """Name of each document's file -> its passages, after seeing that no passage is there beside them."""
    with cluster(address) as library:
        findings = [(finding.severity, finding.what) for finding in library.doctor()]
        assert {severity for severity, what in findings if "2.4" not in what} == {"ok"}, findings
        found = {}
        for info in library.documents():
            passages = library.passages_of(info.key)
            assert len(passages) == info.passages
            found[Path(info.path).name] = [passage.text for passage in passages]
            assert library.document(info.key).text
    store = MilvusStore(Connection(read_store_address(address)))
    assert sum(store.languages.values()) == sum(map(len, found.values()))
    return found


# --- written twice, cut off anywhere ------------------------------------------------------------------------


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


class Mortal(Connection):
    """A connection whose process dies at its `lives`-th call that writes: before it, or after it."""

    def __init__(self, address: str, lives: int, *, after: bool) -> None:
        super().__init__(read_store_address(address))
        self.lives, self.after = lives, after

    def call(self, method: str, *arguments: object, **options: object) -> object:
        if method not in ("upsert", "insert", "delete", "create_collection", "create_index"):
            return super().call(method, *arguments, **options)
        self.lives -= 1
        if self.lives == 0 and not self.after:
            raise Killed
        result = super().call(method, *arguments, **options)
        if self.lives == 0:
            raise Killed
        return result


def feed(source: Path, connection: Connection) -> None:
    feed_paths(
        [source], shelf=Shelf(connection), encoder=TinyEncoder(), settings=Settings(index=source / "x")
    )


def dies(source: Path, address: str, lives: int, *, after: bool) -> bool:
    """Whether a writer was killed before it was done."""
    try:
        feed(source, Mortal(address, lives, after=after))
    except Killed:
        return True
    return False


def killed_everywhere(address: str, tmp_path: Path, *, step: int = 1) -> None:
    source = write_files(tmp_path / "source", 4)
    lives = 1
    while dies(source, f"{address}_{lives}", lives, after=bool(lives // step % 2)):
        feed(source, Connection(read_store_address(f"{address}_{lives}")))  # the same run again
        assert sorted(contents(f"{address}_{lives}")) == ["0.txt", "1.txt", "2.txt", "3.txt"]
        lives += step
    assert lives > 8


def test_a_new_library_whose_writer_is_killed_is_whole_after_the_next_run(lite, tmp_path):
    killed_everywhere(f"{lite}/born", tmp_path, step=4)


@pytest.mark.slow
def test_a_new_library_survives_each_single_kill(lite, tmp_path):
    killed_everywhere(f"{lite}/each", tmp_path)


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_changes_cut_off_at_any_write_leave_no_duplicate_and_no_orphan(lite, tmp_path, after):
    source, address = write_files(tmp_path / "source", 3), f"{lite}/changed_{after}"
    feed(source, Connection(read_store_address(address)))
    before = contents(address)
    lives = 1
    while True:
        (source / "1.txt").write_text(f"Version {lives} of this notice.\n\n第{lives}版。\n\nMore.", "utf-8")
        killed = dies(source, address, lives, after=after)
        if killed and lives % 2:  # what is left is mended by the doctor as well as by the next writer
            findings = repaired(address)
            assert all(finding.severity == "ok" for finding in findings), findings
        feed(source, Connection(read_store_address(address)))
        now = contents(address)
        assert "".join(now["1.txt"]).startswith(f"Version {lives} ")
        assert now["0.txt"] == before["0.txt"]
        if not killed:
            break
        lives += 1
    assert lives > 5


def repaired(address: str):
    from rag.store.milvus import examine

    with pytest.MonkeyPatch.context() as patch, cluster(address) as library:
        patch.setattr(examine, "_YOUNG_S", 0.0)  # do not wait a quarter of an hour
        library.doctor(repair=True)
        return [finding for finding in library.doctor() if not finding.what.startswith("passages of")]


def test_a_removal_cut_off_is_finished_by_the_next(lite, tmp_path):
    source, address = write_files(tmp_path / "source", 3), f"{lite}/removed"
    for lives in range(1, 8):
        feed(source, Connection(read_store_address(address)))
        shelf = Shelf(Mortal(address, lives, after=bool(lives % 2)))
        try:
            shelf.remove(
                shelf.records.entries_of((source / "1.txt").as_posix()), [(source / "1.txt").as_posix()]
            )
        except Killed:
            with cluster(address) as library:
                try:
                    library.remove(source / "1.txt")
                except UsageError:
                    assert lives > 3  # it was as good as done
        assert sorted(contents(address)) == ["0.txt", "2.txt"]


def test_the_doctor_finds_and_mends_what_is_missing_and_what_is_too_much(lite, tmp_path):
    source, address = write_files(tmp_path / "source", 3), f"{lite}/doctored"
    feed(source, Connection(read_store_address(address)))
    shelf = Shelf(Connection(read_store_address(address)))
    [entry] = shelf.records.entries_of((source / "1.txt").as_posix())
    shelf.drop_passages([entry.row.first_passage + 1])
    [stray] = shelf.connection.call(
        "query", shelf.address.collection, filter=f"id == {entry.row.first_passage}", output_fields=["*"]
    )
    shelf.connection.call("upsert", shelf.address.collection, [dict(stray) | {"id": 7, "document": "ab"}])
    with cluster(address) as library:
        severities = [finding.severity for finding in library.doctor()]
        assert severities[:2] == ["error", "error"]
        findings = library.doctor(repair=True)
        assert any(finding.remedy == f"rag index {source / '1.txt'}" for finding in findings)
        assert library.add(source).updated == 1
    assert len(contents(address)) == 3


def test_the_same_folder_three_times_a_change_and_prune(lite, tmp_path):
    source, address = write_files(tmp_path / "source", 6), f"{lite}/thrice"
    with cluster(address) as library:
        reports = [library.add(source) for _ in range(3)]
        assert [(r.added, r.unchanged, r.passages) for r in reports] == [(6, 0, 18), (0, 6, 0), (0, 6, 0)]
        (source / "0.txt").unlink()
        (source / "broken.pdf").write_bytes(b"not a PDF")
        report = library.add(source)
        assert report.vanished == ((source / "0.txt").as_posix(),)
        assert [failure.path for failure in library.failures()] == [(source / "broken.pdf").as_posix()]
        assert library.add(source, prune=True).pruned == 1
        with pytest.raises(UsageError, match="rag list"):
            library.remove(source / "none.txt")
        assert library.remove(source) == 6  # with the one that failed
        assert library.failures() == ()
    assert contents(address) == {}


def test_odd_texts_and_names_come_back(lite, tmp_path):
    source, address = tmp_path / "so%urce", f"{lite}/odd"
    source.mkdir()
    name = "b\"'\\ and % in it, 书.txt"
    (source / name).write_bytes("A notice with 👩‍👩‍👧 and “quotes”.".encode())
    (source / "ﷺ.txt").write_text("ﷺ" * 100, "utf-8")
    with cluster(address) as library:
        library.add(source)
        keys = {info.key: info.passages for info in library.documents()}
        assert set(keys) == {(source / name).as_posix(), (source / "ﷺ.txt").as_posix()}
        assert "👩‍👩‍👧" in library.document((source / name).as_posix()).text
        hits = library.ask("A notice with quotes").hits
        assert hits[0].passage.source.document == (source / name).as_posix()
        assert library.remove(source / name) == 1
        assert len(library.documents()) == 1


# --- several at once ----------------------------------------------------------------------------------------


def test_of_two_who_make_a_library_at_the_same_time_one_founds_it(lite, tmp_path):
    address = f"{lite}/raced"
    one, two = (write_files(tmp_path / name, 4) for name in ("one", "two"))
    shelves = [Shelf(Connection(read_store_address(address))) for _ in range(2)]
    (two / "0.txt").write_text("Something else altogether, which makes another codec.", "utf-8")
    seen: list[object] = []

    class Slower(Shelf):
        def found(self, founding):
            feed_paths(
                [one], shelf=shelves[0], encoder=TinyEncoder(), settings=Settings(index=tmp_path / "x")
            )
            seen.append(founding)
            seen.append(super().found(founding))
            return seen[-1]

    slower = Slower(shelves[1].connection)
    feed_paths([two], shelf=slower, encoder=TinyEncoder(), settings=Settings(index=tmp_path / "x"))
    mine, won = seen
    assert mine.name != won.name == shelves[0].founding().name
    with cluster(address) as library:
        assert len(library.documents()) == 8
        assert [f.severity for f in library.doctor()].count("warning") == 1  # what the slower one left
        assert library.doctor(repair=True)[-1].severity == "ok"
        assert {f.severity for f in library.doctor()} == {"ok"}
        hit = library.ask("Something else altogether").hits[0]
        assert Path(hit.passage.source.document) == two / "0.txt"


def test_a_reader_sees_what_another_process_writes(lite, tmp_path):
    address = f"{lite}/shared"
    with cluster(address) as writer, cluster(address) as reader:
        with pytest.raises(LibraryMissing, match="rag index PATH --store"):
            reader.ask("anything?")
        writer.add(write_files(tmp_path / "source", 3))
        assert len(reader.documents()) == 3
        (tmp_path / "source" / "9.txt").write_text("The lighthouse at Cape Wren was painted red.", "utf-8")
        writer.add(tmp_path / "source")
        question, found = "What colour is the lighthouse at Cape Wren?", ""
        pause = threading.Event()
        for _ in range(20):  # it looks every two seconds
            found = reader.ask(question).hits[0].passage.text
            if "Wren" in found:
                break
            pause.wait(0.5)
        assert "Wren" in found


def test_another_model_is_refused(lite, tmp_path):
    source, address = write_files(tmp_path / "source", 2), f"{lite}/models"
    with cluster(address) as library:
        library.add(source)
        library._encoder = TinyEncoder(dimensions=16)
        for use in (lambda: library.add(source), lambda: library.ask("piers?")):
            with pytest.raises(LibraryMismatch, match="--model"):
                use()


def test_a_collection_of_another_program_is_left_alone(lite, tmp_path):
    from pymilvus import MilvusClient

    client = MilvusClient(uri=lite.replace("milvus", "http"))
    client.create_collection("theirs", dimension=4)
    with cluster(f"{lite}/theirs") as library, pytest.raises(LibraryError, match="another name"):
        library.add(write_files(tmp_path / "source", 1))
    client.close()


def write_many(address: str, folder: str) -> None:
    with cluster(address) as library:
        library.add(folder)


@pytest.mark.slow
def test_four_processes_feed_a_real_server_at_once_and_are_killed_at_random(real, tmp_path):
    address = f"{real}/fed?index=flat"
    folders = [write_files(tmp_path / f"part{number}", 30) for number in range(4)]
    context = multiprocessing.get_context("spawn")
    for seconds in (1.0, 3.0, None):
        writers = [context.Process(target=write_many, args=(address, str(folder))) for folder in folders]
        for writer in writers:
            writer.start()
        for number, writer in enumerate(writers):
            writer.join(None if seconds is None else seconds + number)
            writer.kill()
            writer.join()
    with cluster(address) as library:
        assert len(library.documents()) == 120
        assert (
            len({passage.id for info in library.documents() for passage in library.passages_of(info.key)})
            == 360
        )
    repaired(address)
    with cluster(address) as library:
        assert {f.severity for f in library.doctor() if "2.4" not in f.what} == {"ok"}


@pytest.mark.slow
def test_a_real_server_is_whole_after_kills(real, tmp_path):
    killed_everywhere(f"{real}/born", tmp_path, step=3)


# --- the server is away -------------------------------------------------------------------------------------


def one_line(error: BaseException) -> str:
    assert "\n" not in str(error)
    return str(error)


def test_a_server_that_is_not_there_gives_one_line(capsys, tmp_path):
    pytest.importorskip("pymilvus", reason="needs pymilvus: pip install '.[dev]'")
    source = write_files(tmp_path / "source", 1)
    store = f"milvus://127.0.0.1:{free_port()}/books"
    for arguments in (
        ["list"],
        ["ask", "anything?"],
        ["doctor"],
        ["remove", str(source)],
        ["index", str(source)],
    ):
        assert main([*arguments, "--store", store]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert f"rag: {store} does not answer" in printed.err


def test_a_server_that_says_nothing_is_given_up(tmp_path):
    pytest.importorskip("pymilvus", reason="needs pymilvus: pip install '.[dev]'")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"milvus://127.0.0.1:{silent.getsockname()[1]}/books"
        with cluster(address, IMPATIENT) as library:
            for use in (
                lambda: library.ask("?a"),
                library.documents,
                lambda: library.add(write_files(tmp_path / "s")),
            ):
                with pytest.raises(LibraryUnreachable) as caught:
                    use()
                assert "does not answer" in one_line(caught.value)


def test_a_server_that_stops_answering_costs_each_question_a_line_and_no_hang(tmp_path):
    pytest.importorskip("milvus_lite", reason="needs milvus-lite: pip install '.[dev]'")
    port = free_port()
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1", "--port", str(port)]
    server = running([*command, "--data-dir", str(tmp_path / "data")], tmp_path / "log", port)
    with server as process, cluster(f"milvus://127.0.0.1:{port}/books", IMPATIENT) as library:
        library.add(write_files(tmp_path / "source", 4))
        assert library.ask("north pier").hits
        library._look_again()
        os.kill(process.pid, signal.SIGSTOP)
        said: list[str] = []

        def ask() -> None:
            with pytest.raises(LibraryUnreachable) as caught:
                library.ask("north pier")
            said.append(one_line(caught.value))

        askers = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(60)  # far above the four seconds of patience: it is there to end a hang
        os.kill(process.pid, signal.SIGCONT)
        assert len(said) == 8
        assert all("does not answer" in line for line in said)
        pause = threading.Event()
        for _ in range(40):  # it is given a rest first
            try:
                assert library.ask("north pier").hits
                break
            except LibraryUnreachable:
                pause.wait(0.5)
        else:
            raise AssertionError("it was not asked again")


def test_the_page_says_so_and_stays(tmp_path):
    pytest.importorskip("pymilvus", reason="needs pymilvus: pip install '.[dev]'")
    store = f"milvus://127.0.0.1:{free_port()}/books"
    command = [
        sys.executable,
        "-m",
        "rag",
        "serve",
        "--port",
        "0",
        "--store",
        store,
        "--index",
        str(tmp_path / "i"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = next(line for line in process.stderr if "http://" in line).split()[4]
            with urllib.request.urlopen(address, timeout=60) as page:
                assert page.status == 200
            asked = urllib.request.Request(
                f"{address}/gradio_api/call/search",
                json.dumps({"data": ["Is anybody there?", 5]}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(asked, timeout=60) as answer:
                event = json.load(answer)["event_id"]
            with urllib.request.urlopen(f"{address}/gradio_api/call/search/{event}", timeout=60) as stream:
                text = stream.read().decode()
            assert "does not answer" in text
            assert "Traceback" not in text
        finally:
            process.terminate()
            assert "Traceback" not in process.communicate(timeout=30)[1]


# --- the commands -------------------------------------------------------------------------------------------


def test_the_commands_from_end_to_end(lite, tmp_path, capsys):
    (tmp_path / "ferry.txt").write_text("The night ferry across Harrow Sound costs four pounds.", "utf-8")
    store = ["--store", f"{lite}/commands"]

    def run(*arguments: str) -> list[dict[str, object]]:
        assert main([*arguments, *store, "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert run("index", str(tmp_path))[0]["added"] == 1
    assert run("index", str(tmp_path))[0]["unchanged"] == 1
    assert [Path(str(line["document"])).name for line in run("list")] == ["ferry.txt"]
    [answer] = run("ask", "How much is the night ferry?")
    assert "four pounds" in answer["hits"][0]["text"]
    assert {line["severity"] for line in run("doctor")} == {"ok"}
    assert run("remove", str(tmp_path / "ferry.txt")) == [{"removed": 1}]
    assert run("list") == []


@pytest.mark.parametrize(
    "arguments",
    [["export", "a.zip"], ["import", "a.zip"], ["index", "--rebuild"], ["evaluate", "data"]],
    ids=lambda arguments: arguments[0],
)
def test_what_is_not_there_is_refused_in_one_line(arguments, capsys):
    assert main([*arguments, "--store", "milvus://127.0.0.1:1/books"]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "library in a folder" in printed.err
