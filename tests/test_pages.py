from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from rag.store.pages import PAGE_BYTES, read_rows


def database(path, rows):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, a BLOB, b INTEGER)")
        connection.executemany("INSERT INTO one VALUES (?, ?, ?)", rows)
        connection.commit()


SIZES = [
    0,
    1,
    100,
    4000,
    4059,
    4060,
    4061,
    4062,
    4063,
    4064,
    4065,
    4500,
    8100,
    8150,
    8160,
    8192,
    50_000,
    1_000_000,
]
NUMBERS = [0, 1, 2, -1, 127, 128, -129, 2**15, 2**23, -(2**31), 2**40, 2**63 - 1, -(2**63)]


def test_every_row_is_read_as_sqlite_reads_it(tmp_path):
    rows = [(i + 1, os.urandom(size), NUMBERS[i % len(NUMBERS)]) for i, size in enumerate(SIZES)]
    rows += [(10**15 + i, os.urandom(20), number) for i, number in enumerate(NUMBERS)]
    rows += [(1000 + i, bytes([i % 256]) * (i % 97), i) for i in range(3000)]
    database(tmp_path / "file", rows)
    found = [row for row in read_rows(tmp_path / "file") if len(row) == 3]
    assert sorted(found) == sorted(rows)


def test_rows_are_found_without_header_schema_and_inner_pages(tmp_path):
    rows = [(i + 1, bytes([i % 256]) * 300, i) for i in range(2000)]
    database(tmp_path / "file", rows)
    data = bytearray((tmp_path / "file").read_bytes())
    data[:PAGE_BYTES] = bytes(PAGE_BYTES)
    for start in range(0, len(data), PAGE_BYTES):
        if data[start] == 5:  # an inner page of a table
            data[start : start + PAGE_BYTES] = os.urandom(PAGE_BYTES)
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(sqlite3.DatabaseError), closing(sqlite3.connect(tmp_path / "file")) as connection:
        connection.execute("SELECT * FROM one").fetchall()
    assert set(rows) <= set(read_rows(tmp_path / "file"))


@pytest.mark.parametrize("seed", range(20))
def test_rubbish_yields_rubbish_and_never_fails(tmp_path, seed):
    import random

    chance = random.Random(seed)
    rows = [(i + 1, bytes([i % 256]) * chance.randrange(6000), i) for i in range(60)]
    database(tmp_path / "file", rows)
    data = bytearray((tmp_path / "file").read_bytes())
    for _ in range(2000):
        data[chance.randrange(len(data))] = chance.randrange(256)
    (tmp_path / "file").write_bytes(data[: chance.randrange(len(data))])
    for row in read_rows(tmp_path / "file"):
        assert all(value is None or isinstance(value, int | bytes) for value in row)


def test_an_empty_file_has_no_rows(tmp_path):
    (tmp_path / "file").touch()
    assert list(read_rows(tmp_path / "file")) == []
