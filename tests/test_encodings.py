"""A file of encodings saves encoding, never changes a library, and never stops a run."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from library import write_files
from tiny_encoder import TinyEncoder

from rag.errors import UsageError
from rag.ingest import index_paths
from rag.rebuild import rebuild_library
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store.encodings import EncodingCache


@pytest.fixture
def source(tmp_path):
    return write_files(tmp_path / "source")


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), encodings=tmp_path / "kept" / "encodings.sqlite")


class ReadyEncoder(TinyEncoder):
    """Like the bundled model's: no library fits a codec to its states."""

    coded_as_they_are = True


def indexed(source, folder, settings, encoder_type=ReadyEncoder):
    encoder = encoder_type()
    return index_paths([source], folder=folder, encoder=encoder, settings=settings), encoder.texts_encoded


def everything(folder):
    with Snapshot(folder) as snapshot:
        ids = np.concatenate([snapshot.background(language, size=1000) for language in snapshot.languages])
        passages = snapshot.passages(ids)
        return sorted(
            (passage.text, states.states.tobytes(), states.spans.tobytes(), states.token_ids.tobytes())
            for passage, states in zip(passages, snapshot.states(ids), strict=True)
        )


def test_another_library_of_the_same_text_encodes_little_and_is_the_same(source, tmp_path, settings):
    plain = indexed(source, tmp_path / "plain", Settings())
    first = indexed(source, tmp_path / "first", settings)
    second = indexed(source, tmp_path / "second", settings)
    assert first[1] == plain[1]
    assert second[1] < first[1]
    assert everything(tmp_path / "second") == everything(tmp_path / "first") == everything(tmp_path / "plain")
    assert stat.S_IMODE(settings.encodings.stat().st_mode) == 0o600


def test_what_a_fitted_codec_made_is_taken_for_the_same_codec(tmp_path, settings):
    source = write_files(
        tmp_path / "source", 100
    )  # 300 passages; the first 256 are what a codec is fitted on
    _, first = indexed(source, tmp_path / "first", settings, TinyEncoder)
    _, second = indexed(source, tmp_path / "second", settings, TinyEncoder)
    assert second < first
    assert everything(tmp_path / "second") == everything(tmp_path / "first")


def test_a_library_made_again_takes_them_too(source, tmp_path, settings):
    _, encoded = indexed(source, tmp_path / "index", settings)
    before, encoder = everything(tmp_path / "index"), ReadyEncoder()
    rebuild_library(tmp_path / "index", encoder=encoder, settings=settings)
    assert encoder.texts_encoded < encoded
    assert everything(tmp_path / "index") == before


def test_what_another_model_or_codec_made_is_not_taken(tmp_path):
    cache = EncodingCache(tmp_path / "encodings.sqlite")
    kept = np.array([0.6, 0.8], np.float32), (b"codes", b"layout")
    cache.put("model", b"codec", {"text": kept})
    (vector, states) = cache.get("model", b"codec", ["text", "other"])["text"]
    assert vector.tolist() == kept[0].tolist()
    assert states == kept[1]
    assert cache.get("model", b"codec", ["other"]) == {}
    assert cache.get("another", b"codec", ["text"]) == {}
    assert cache.get("model", b"another", ["text"]) == {}


@pytest.mark.parametrize("column", ["vector", "codes", "layout"])
def test_a_damaged_row_is_not_given(tmp_path, column):
    path = tmp_path / "encodings.sqlite"
    cache = EncodingCache(path)
    cache.put("model", b"", {"text": (np.ones(2, np.float32), (b"codes", b"layout"))})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE encodings SET {column} = x'00' || substr({column}, 2)")
    assert cache.get("model", b"", ["text"]) == {}


def test_a_file_that_breaks_costs_time_only(source, tmp_path, settings):
    indexed(source, tmp_path / "first", settings)
    size = settings.encodings.stat().st_size
    content = settings.encodings.read_bytes()
    settings.encodings.write_bytes(content[:100] + bytes(size - 100))
    report, _ = indexed(source, tmp_path / "second", settings)
    assert everything(tmp_path / "second") == everything(tmp_path / "first")
    assert ["could not be taken" in warning.reason for warning in report.warnings] == [True]


def test_a_file_that_another_program_holds_gives_and_takes_nothing(source, tmp_path, settings, monkeypatch):
    monkeypatch.setattr("rag.store.encodings._BUSY_S", 0.05)
    indexed(source, tmp_path / "first", settings)
    cache = EncodingCache(settings.encodings)
    with closing(sqlite3.connect(settings.encodings, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        cache.put("model", b"", {"text": (np.ones(2, np.float32), (b"", b""))})
        assert cache.get("model", b"", ["text"]) == {}
        assert "locked" in cache.trouble


@pytest.mark.parametrize("name", ["note.txt", "folder"])
def test_what_is_not_such_a_file_is_refused_and_kept(source, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "note.txt").write_text("what I wrote myself, at some length\n" * 40, encoding="utf-8")
    settings = replace(Settings(), encodings=tmp_path / name)
    with pytest.raises(UsageError, match="cannot keep encodings in .*name a new file"):
        indexed(source, tmp_path / "index", settings)
    assert (tmp_path / "note.txt").read_text("utf-8").startswith("what I wrote")
