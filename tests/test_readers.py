"""Which reader takes a file, plain text, and files that no reader may choke on."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from sample_texts import paragraphs

from rag.errors import ReadError
from rag.readers import READERS, read, readable
from rag.readers import file as reader_file
from rag.records import Document


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def read_one(path: Path) -> Document:
    (document,) = read(path)
    return document


def check(document: Document) -> None:
    """Assert what all documents must hold."""
    assert Path(document.path).is_absolute()
    assert "\\" not in document.path
    assert "\r" not in document.text
    assert "\0" not in document.text
    document.text.encode("utf-8")
    end = 0
    for block in document.blocks:
        assert end <= block.start < block.end <= len(document.text)
        assert document.text[block.start : block.end].strip()
        end = block.end


def test_plain_text_is_the_file_with_line_feeds(tmp_path):
    path = write(tmp_path, "notes.txt", "\ufeff第一行\r\n第二行\r第三行\n")
    document = read_one(path)
    assert document == Document(path=path.as_posix(), title="", text="第一行\n第二行\n第三行\n")
    check(document)


@pytest.mark.parametrize(
    ("name", "encoding"), [("zh-hans", "gb18030"), ("ja", "cp932"), ("ru", "koi8-r"), ("ar", "cp1256")]
)
def test_plain_text_says_its_encoding(tmp_path, name, encoding):
    text = "\n\n".join(paragraphs(name)).encode(encoding, "ignore").decode(encoding)
    document = read_one(write(tmp_path, "old.txt", text.encode(encoding)))
    assert (document.text, document.encoding, document.warnings) == (text, encoding, ())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("a.txt", True),
        ("A.TXT", True),
        ("b.md", True),
        ("c.html", True),
        ("c.htm", True),
        ("d.jsonl", True),
        ("README", True),
        ("photo.jpg", False),
        ("archive.tar.gz", False),
        (".hidden", False),
        ("program.exe", False),
    ],
)
def test_readable_goes_by_the_name(name, known):
    assert readable(Path("folder") / name) is known


def test_every_suffix_has_a_reader_and_is_lower_case():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in READERS)
    assert all(callable(reader) for reader in READERS.values())


def test_a_name_that_tells_nothing_is_read_by_content(tmp_path):
    assert read_one(write(tmp_path, "LICENSE", "Do as you like.")).text == "Do as you like."
    assert read_one(write(tmp_path, "notes.xyz", "Some notes.")).text == "Some notes."
    page = "<!-- saved --><!DOCTYPE html><title>T</title><p>Words of the page.</p>"
    assert read_one(write(tmp_path, "page", page)).text == "Words of the page."
    assert read_one(write(tmp_path, "page.txt", page)).text == page


def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch):
    write(tmp_path, "a.txt", "words")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert read_one(Path("../a.txt")).path == (tmp_path / "a.txt").as_posix()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.txt", b" \r\n\t\n", "holds no text"),
        ("empty.html", b"", "is empty"),
        ("script.html", b"<html><script>alert(1)</script></html>", "page without text"),
        ("empty.md", b"\n\n", "holds no text"),
        ("image.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is a PNG image, not text"),
        ("zip.md", b"PK\x03\x04" + bytes(range(256)), "is a ZIP archive"),
        ("program.html", b"\x7fELF" + bytes(500), "is a program"),
        ("blank.jsonl", b"\n\n", "holds no text"),
        ("binary.jsonl", bytes(range(256)), "is a binary file"),
    ],
)
def test_a_file_without_text_is_one_clear_line(tmp_path, name, content, message):
    path = write(tmp_path, name, content)
    with pytest.raises(ReadError, match=message) as raised:
        list(read(path))
    assert path.as_posix() in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "nothing")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket.txt"))
    try:
        for path in (
            tmp_path,
            tmp_path / "missing.txt",
            tmp_path / "pipe.txt",
            tmp_path / "loop.txt",
            tmp_path / "dangling.txt",
            tmp_path / "socket.txt",
            tmp_path / "nul\0name.txt",
            tmp_path / ("long" * 200),
            Path("/dev/zero"),
        ):
            with pytest.raises(ReadError) as raised:
                list(read(path))
            assert "\n" not in str(raised.value)
    finally:
        server.close()


def test_a_name_that_is_not_unicode_is_refused(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("words", encoding="utf-8")
    with pytest.raises(ReadError, match="not Unicode; rename"):
        list(read(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = write(tmp_path, "secret.txt", "words")
    path.chmod(0)
    with pytest.raises(ReadError, match="permission"):
        list(read(path))


def test_a_file_too_large_for_memory_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(reader_file.MAX_TEXT_BYTES + 1)
    with pytest.raises(ReadError, match=r"has 64 MB, more than the 64 MB .* split it"):
        list(read(path))


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_one_paragraph_of_ten_megabytes(tmp_path, suffix):
    text = "字" * 3_500_000
    document = read_one(write(tmp_path, f"long{suffix}", text))
    assert document.text == text
    check(document)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".jsonl"])
@pytest.mark.parametrize(
    "hostile",
    [
        "a\0b\x01c\x1b[31md" + "字" * 600,
        "\u202egnirts\u202c \u2066x\u2069",
        "👨\u200d👩\u200d👧\u200d👦 👩🏽\u200d🚀",
        "\ufdfa" * 100,
        "e" + "\u0301" * 2000,
        "\u0085\u2028\u2029x",
        "\ue000\uf8ff private",
        "\U0010fffd\ufffe\uffff end",
    ],
)
def test_odd_characters_are_read_and_offsets_hold(tmp_path, suffix, hostile):
    if suffix == ".jsonl":
        import json

        content = json.dumps({"_id": "1", "title": "", "text": hostile + "\ud800"})
    else:
        content = hostile
    check(read_one(write(tmp_path, f"odd{suffix}", content)))


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".jsonl"])
def test_mutated_files_give_documents_or_a_named_error(tmp_path, suffix):
    import random

    generator = random.Random(suffix)
    texts = {
        ".txt": "\n\n".join(paragraphs("zh-hans")),
        ".md": "# T\n\n- a\n  - b\n\n> q\n\n|a|b|\n|-|-|\n|1|2|\n\n```\nx\n```\n\n" + paragraphs("en")[0],
        ".html": f"<html><h1>T</h1><table><tr><td>{paragraphs('en')[0]}</table><ul><li>x<p>y</ul></html>",
        ".jsonl": '{"_id": "1", "title": "t", "text": "some words"}\n' * 5,
    }
    for _ in range(50):
        data = bytearray(texts[suffix].encode(generator.choice(["utf-8", "utf-8", "gb18030", "utf-16"])))
        for _ in range(generator.randrange(1, 12)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path = write(tmp_path, f"mutated{suffix}", bytes(data[: generator.randrange(1, len(data) + 1)]))
        try:
            for document in read(path):
                check(document)
        except ReadError as error:
            problem = str(error)
        else:
            problem = ""
        assert "\n" not in problem
