"""BEIR corpora: a line, a document; broken lines are named and the rest is read."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from rag.readers import corpus, read
from rag.records import Document

SHARED = Path(__file__).resolve().parents[2] / "shared"


def write(folder: Path, *lines: object) -> Path:
    path = folder / "corpus.jsonl"
    parts = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode("utf-8")
        for line in lines
    ]
    path.write_bytes(b"\n".join(parts) + b"\n")
    return path


def test_each_line_is_a_document(tmp_path):
    path = write(
        tmp_path,
        {"_id": "a-1", "title": "标题", "text": "正文\r\n第二行"},
        b"",
        {"_id": 7, "title": None, "text": "words", "metadata": {"x": 1}},
        {"_id": "only-title", "title": "A title", "text": ""},
    )
    assert list(read(path)) == [
        Document(path=path.as_posix(), title="标题", text="正文\n第二行", id="a-1"),
        Document(path=path.as_posix(), title="", text="words", id="7"),
        Document(path=path.as_posix(), title="A title", text="A title", id="only-title"),
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"_id": "1", "text": "a"}\r\n{"_id": "2", "text": "b"}')
    assert [document.id for document in read(path)] == ["1", "2"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "line 2 is not JSON and was left out"),
        (b"[" * 100_000, "line 2 is not JSON and was left out"),
        (b'{"_id": "x", "text": "\xff"}', "line 2 is not UTF-8 and was left out"),
        (b"[1, 2]", "line 2 holds no text and was left out"),
        (b"null", "line 2 holds no text and was left out"),
        ({"_id": "x", "text": None, "ready": True}, "line 2 holds no text and was left out"),
        ({"_id": "x", "text": " \n"}, "line 2 has an empty text and was left out"),
    ],
)
def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path, line, reason):
    path = write(tmp_path, {"_id": "1", "text": "a"}, line, {"_id": "3", "text": "c"})
    first, last = read(path)
    assert (first.id, first.warnings, last.id, last.warnings) == ("1", (), "3", (reason,))


def test_broken_lines_at_the_end_are_named_at_the_last_document(tmp_path):
    path = write(tmp_path, {"_id": "1", "text": "a"}, b"{", b"}")
    (document,) = read(path)
    assert document.warnings == ("line 2 is not JSON and was left out", "line 3 is not JSON and was left out")


def test_many_broken_lines_are_counted(tmp_path):
    path = write(tmp_path, *[b"{"] * 15, {"_id": "1", "text": "a"}, b"{", b"{")
    (document,) = read(path)
    assert len(document.warnings) == 12
    assert document.warnings[9] == "line 10 is not JSON and was left out"
    assert document.warnings[10:] == ("5 more lines were left out", "2 more lines were left out")


def test_lines_that_are_no_passages_are_read_as_records(tmp_path):
    path = write(
        tmp_path,
        {"id": 4, "title": "Ferry", "body": "It sails at nine.", "date": "2021-04-05T06:00:00Z"},
        {"船名": "江海号", "吨位": 900, "备注": {"港口": "北岸"}, "停": True},
        {"id": 4, "name": "Another of that number"},
        "a line of its own",
        [1, 2],
    )
    found = list(read(path))
    assert [(one.id, one.title, one.text, one.date) for one in found] == [
        ("4", "Ferry", "It sails at nine.", "2021-04-05"),
        ("line 2", "", "船名：江海号\n吨位：900\n备注.港口：北岸", ""),
        ("line 3", "Another of that number", "Another of that number", ""),
        ("line 4", "", "a line of its own", ""),
    ]
    assert found[-1].warnings == ("line 5 holds no text and was left out",)


def test_a_file_without_any_record_is_read_as_text(tmp_path):
    path = write(tmp_path, "第一行".encode(), b"second line")
    (document,) = read(path)
    assert document.text == "第一行\nsecond line\n"
    assert document.warnings == (
        "line 1 is not JSON and was left out, as all others were: read as plain text",
    )


def test_half_characters_and_control_characters_are_replaced_and_reported(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"_id": "1", "text": "a\\ud800b\\u0000c"}', encoding="utf-8")
    (document,) = read(path)
    assert document.text == "a\ufffdb c"
    assert document.warnings == (
        "line 1: 1 half characters (lone surrogates) were replaced by \ufffd",
        "line 1: 1 control characters were replaced by spaces",
    )


def test_a_line_too_long_is_skipped_without_being_held(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "MAX_LINE_BYTES", 1 << 20)
    path = write(tmp_path, {"_id": "1", "text": "x" * (5 << 20)}, {"_id": "2", "text": "words"})
    (document,) = read(path)
    assert (document.id, document.warnings) == ("2", ("line 1 has more than 1 MB and was left out",))


def test_a_large_file_streams(tmp_path):
    path = tmp_path / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(4000):
            file.write(json.dumps({"_id": number, "text": "words " * 1000}) + "\n")
    assert path.stat().st_size > 20 << 20
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(path)) == 4000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation sets are not here")
def test_the_evaluation_sets_are_read_whole():
    for folder in (SHARED / "eval").iterdir():
        path = folder / "corpus.jsonl"
        if path.is_file():
            documents = list(read(path))
            assert len(documents) == 240
            assert len({document.key for document in documents}) == 240
            assert not any(document.warnings for document in documents)
