"""The bundled model's folder: whole or absent, whatever happens; its tokeniser and its graph."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from rag.e5.graph import build_graph, quantise_columns
from rag.e5.weights import FILE_NAME, PackedModel, packed_file, read_packed_model
from rag.encoders.folder import MANIFEST, read_model_folder
from rag.errors import ModelError
from rag.model import cache_folder, damaged_files, default_model_folder, discard, is_complete

ROOT = Path(__file__).resolve().parents[1]
BUILD = "from rag.model import default_model_folder; print(default_model_folder())"


@pytest.fixture(scope="module")
def packed() -> PackedModel:
    return read_packed_model(packed_file())


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The model, built into a cache of this file's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return default_model_folder()


def python(code: str, cache: Path, **kwargs) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


# --- the weights -------------------------------------------------------------------------------------------


def test_a_block_of_weights_by_hand(packed):
    """The first block of the first attention matrix, from the file's bytes: low nibbles, then high ones."""
    _kind, _count, offset = packed._directory["l0.q.w"]
    block = packed_file().read_bytes()[offset : offset + 18]
    scale = float(np.frombuffer(block[:2], "<f2")[0])
    wanted = [((byte & 15) - 8) * scale for byte in block[2:]] + [
        ((byte >> 4) - 8) * scale for byte in block[2:]
    ]
    matrix = packed.matrix("l0.q.w", 384)
    np.testing.assert_array_equal(matrix.dense()[0, :32], np.float32(wanted))
    pairs = matrix.packed()[0, 0]
    assert [pairs[0] & 15, pairs[0] >> 4, pairs[1] & 15] == [int(v / scale + 8) for v in wanted[:3]]


def test_sizes_are_those_of_multilingual_e5_small(packed):
    shape = packed.shape
    assert (shape.width, shape.layers, shape.heads, shape.inner) == (384, 12, 12, 1536)
    assert (shape.vocabulary, shape.positions, shape.types) == (250_037, 512, 2)
    assert shape.epsilon == pytest.approx(1e-12, rel=1e-6)


@pytest.mark.parametrize("length", [0, 3, 100, 5_000_000, 20_000_000])
def test_cut_weights_are_refused(length):
    with pytest.raises(ModelError, match="pip install"):
        PackedModel(packed_file().read_bytes()[:length])


def test_no_pair_of_neighbouring_weights_overflows_sixteen_bits():
    """255 × (a + b) must stay within 32,767 for kernels that add products in pairs."""
    weights = np.random.default_rng(1).standard_normal((64, 40)).astype(np.float32)
    weights[0, 0], weights[1, 0] = 9, 9
    codes, scales = quantise_columns(weights)
    pairs = codes.astype(int).reshape(-1, 2, 40)
    for signed in (pairs, -pairs):
        assert np.maximum(signed, 0).sum(axis=1).max() * 255 <= 32_767
    np.testing.assert_allclose(codes * scales, weights, atol=float(scales.max()) * 0.501)
    assert int(codes[0, 0]) + int(codes[1, 0]) >= 126  # and the room is used


# --- the tokeniser -----------------------------------------------------------------------------------------


def test_every_character_is_replaced_as_the_package_says(packed, built):
    normalise = Tokenizer.from_file(str(built / "tokenizer.json")).normalizer.normalize_str
    table = packed.vocabulary.replacements
    assert len(table) == 4837
    wrong = [
        hex(code)
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and normalise(chr(code)) != table.get(chr(code), chr(code))
    ]
    assert wrong == [
        "0xfdd0",
        "0xfdd1",
    ]  # non-characters, which stand in for two characters that NFKC would change


def test_replacement_works_across_characters_and_spaces(built):
    normalise = Tokenizer.from_file(str(built / "tokenizer.json")).normalizer.normalize_str
    assert normalise("e\u0301  \t\n x\x07y～\u200b") == "\u00e9 xy～ "
    assert normalise("ﷺ") == unicodedata.normalize("NFKC", "ﷺ")


def brute_force_segmentation(packed: PackedModel, text: str) -> list[int]:
    """The best unigram segmentation, straight from its definition (the text needs no replacement)."""
    ids = {piece: number for number, piece in enumerate(packed.vocabulary.pieces)}
    scores = packed.vocabulary.scores
    text = "▁" + text.replace(" ", "▁")
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for end in range(1, len(text) + 1):
        options = []
        for start in range(max(0, end - 20), end):
            number = ids.get(text[start:end])
            if number is not None:
                score, path = best[start]
                options.append((score + scores[number], [*path, number]))
        best.append(max(options))
    return best[-1][1]


@pytest.mark.parametrize(
    "text", ["你好世界", "the quick brown fox", "Straßenbahn fährt", "الكتاب على الطاولة"]
)
def test_pieces_are_the_best_ones(packed, built, text):
    tokenizer = Tokenizer.from_file(str(built / "tokenizer.json"))
    assert tokenizer.encode(text).ids == [0, *brute_force_segmentation(packed, text), 2]


# --- the folder --------------------------------------------------------------------------------------------


def test_the_folder_is_a_standard_one(built):
    names = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert names >= {
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "modules.json",
        "1_Pooling/config.json",
        "config_sentence_transformers.json",
        "model.safetensors",
        "onnx/model.onnx",
    }
    folder = read_model_folder(built)
    assert (folder.query_prompt, folder.passage_prompt, folder.pooling) == ("query: ", "passage: ", "mean")
    assert folder.plain
    assert folder.max_tokens == 512


def test_the_manifest_knows_every_file(built):
    manifest = json.loads((built / MANIFEST).read_text())
    names = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert names == {*manifest["files"], MANIFEST}
    weights = hashlib.sha256(packed_file().read_bytes()).hexdigest()
    assert weights in manifest["recipe"]
    assert damaged_files(built) == []


def test_building_twice_gives_the_same_fingerprint_and_graph(built, tmp_path, monkeypatch, packed):
    again = build_graph(packed).SerializeToString()
    assert hashlib.sha256(again).digest() == hashlib.sha256(build_graph(packed).SerializeToString()).digest()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    second = default_model_folder()
    assert read_model_folder(second).fingerprint == read_model_folder(built).fingerprint


def test_a_built_folder_is_taken_as_it_is(built, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(built.parents[1]))
    before = (built / MANIFEST).stat().st_mtime_ns
    assert default_model_folder() == built
    assert (built / MANIFEST).stat().st_mtime_ns == before


def linked_copy(folder: Path, target: Path) -> Path:
    """A copy whose files are links to the originals: unlink a file before writing another in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-rl", str(folder), str(target)], check=True)
    return target


@pytest.mark.parametrize("damage", ["cut", "missing", "no manifest", "empty manifest", "odd manifest"])
def test_damage_is_seen_when_the_folder_is_opened(built, tmp_path, damage):
    folder = linked_copy(built, tmp_path / built.name)
    victim = folder / ("onnx/model.onnx" if damage in ("cut", "missing") else MANIFEST)
    content = victim.read_bytes()
    victim.unlink()
    if damage not in ("missing", "no manifest"):
        victim.write_bytes({"cut": content[:-1], "empty manifest": b"", "odd manifest": b"[]"}[damage])
    assert is_complete(built)
    assert not is_complete(folder)


def test_a_damaged_folder_is_built_anew(built, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = linked_copy(built, tmp_path / "wenju" / built.name)
    (folder / "onnx" / "model.onnx").unlink()
    events = []
    assert default_model_folder(events.append) == folder
    assert damaged_files(folder) == []
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == events[-1].total > 0


def test_a_flipped_bit_is_found_by_reading_all(built, tmp_path):
    folder = linked_copy(built, tmp_path / built.name)
    content = bytearray((built / "tokenizer.json").read_bytes())
    content[1000] ^= 1
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").write_bytes(content)
    assert is_complete(folder)
    assert damaged_files(folder) == ["tokenizer.json"]
    discard(folder)
    assert not folder.exists()


def test_two_processes_build_once(tmp_path):
    code = (
        "from rag.model import default_model_folder\n"
        "notes = []\n"
        "folder = default_model_folder(lambda event: notes.append(event.note))\n"
        "print(folder, 'writing the graph' in notes)"
    )
    both = [python(code, tmp_path) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0].split() for process in both]
    assert outputs[0][0] == outputs[1][0]
    assert sorted(built for _folder, built in outputs) == ["False", "True"]
    assert damaged_files(Path(outputs[0][0])) == []


@pytest.mark.parametrize("seconds", [0.1, 0.9])
def test_a_kill_leaves_no_half_folder(tmp_path, seconds):
    process = python(BUILD, tmp_path)
    parent = tmp_path / "wenju"
    deadline = time.monotonic() + 60
    while process.poll() is None and not list(parent.glob(".*-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folders = [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]
    assert all(is_complete(folder) and not damaged_files(folder) for folder in folders)
    result = python(BUILD, tmp_path)
    folder = Path(result.communicate(timeout=120)[0].strip())
    assert damaged_files(folder) == []
    assert [path for path in parent.iterdir() if path.is_dir()] == [folder]


@pytest.mark.parametrize("room", [0, 5_000_000, 60_000_000])
def test_a_full_disk_gives_one_line_and_no_folder(tmp_path, room):
    """A limit on the size of a file stands for the full disk: the same write fails in the same way."""
    code = (
        "from rag.errors import ModelError\nfrom rag.model import default_model_folder\n"
        "try:\n    default_model_folder()\nexcept ModelError as error:\n    print(error)"
    )
    limit = (room, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    process = python(code, tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    output, errors = process.communicate(timeout=120)
    assert errors == ""
    assert output.count("\n") == 1
    assert "make 400 MB of room there, or set XDG_CACHE_HOME" in output
    assert [path for path in (tmp_path / "wenju").iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_made_gives_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="set XDG_CACHE_HOME to another folder"):
        default_model_folder()


def test_the_cache_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "wenju"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().name == "wenju"
    assert FILE_NAME == "e5-small-q4.bin"
