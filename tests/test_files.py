from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.store import files
from rag.store.files import content_hash, file_hash, row_checksum, write_atomically

PARTS = st.lists(st.one_of(st.binary(max_size=8), st.integers(-(2**63), 2**63 - 1)), max_size=4)


@given(PARTS, PARTS)
def test_rows_that_differ_have_other_checksums(one, other):
    assert (row_checksum(*one) == row_checksum(*other)) == (one == other)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_every_flipped_bit_changes_the_checksum(data, draw):
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    assert row_checksum(7, bytes(flipped)) != row_checksum(7, data)


def test_a_number_is_not_its_bytes():
    assert row_checksum(1) != row_checksum((1).to_bytes(8, "little"))


def test_a_written_file_is_private_and_whole(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, memoryview(b"one"))
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_hashes_agree(tmp_path):
    data = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(data)
    assert file_hash(tmp_path / "file") == content_hash(data) == content_hash(memoryview(data))


def test_short_writes_are_gone_on_with(tmp_path, monkeypatch):
    whole = os.write
    monkeypatch.setattr(files.os, "write", lambda descriptor, data: whole(descriptor, bytes(data)[:7]))
    write_atomically(tmp_path / "file", b"0123456789" * 5)
    assert (tmp_path / "file").read_bytes() == b"0123456789" * 5


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_refuses_leaves_the_old_content_and_no_leftover(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, call, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
