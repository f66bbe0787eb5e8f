"""The doctor on libraries that were damaged in every way that a disk or a person can think of."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from library import index, write_files
from tiny_encoder import TinyEncoder

import rag.doctor
import rag.rebuild
from rag.doctor import doctor
from rag.errors import LibraryMissing, RagError
from rag.rebuild import rebuild_library
from rag.search import Wanted, search
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store import publish
from rag.store.catalog import Catalog
from rag.store.lock import writer_lock
from rag.tokens import lexical_terms

QUESTION = "reservoirs and dykes: 水库和堤坝 of the north pier"


def examine(folder, *, repair=False, encoder=TinyEncoder):
    return doctor(folder, repair=repair, encoder=encoder, settings=Settings())


def errors(findings):
    return [finding.what for finding in findings if finding.severity == "error"]


def content(folder):
    """All that a reader can get out of the library, less ids and what depends on them."""
    with Snapshot(folder) as snapshot:
        vector = TinyEncoder().encode_question(QUESTION).vectors[0]
        documents = {}
        for info in snapshot.documents():
            passages = snapshot.passages_of(info.key)
            ids = np.array([passage.id for passage in passages], np.int64)
            states = [(each.spans.tolist(), each.token_ids.tolist()) for each in snapshot.states(ids)]
            texts = [(passage.text, passage.language, passage.source) for passage in passages]
            documents[info.key] = (
                snapshot.document(info.key),
                texts,
                snapshot.vectors(ids).tobytes(),
                states,
            )
        found = []
        for language in sorted(snapshot.languages):
            for ids, scores in (
                snapshot.vector_search(vector, limit=7, language=language),
                snapshot.lexical_search(lexical_terms(QUESTION), limit=7, language=language),
            ):
                texts = [passage.text for passage in snapshot.passages(ids)]
                found.append(sorted(zip(np.round(scores, 4).tolist(), texts, strict=True)))
        return snapshot.languages, documents, found


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A library with vector files, changed and removed documents; its files and its content."""
    place = tmp_path_factory.mktemp("sound")
    patch = pytest.MonkeyPatch()
    patch.setattr(publish, "_REWRITE_FROM", 1)
    try:
        source = write_files(place / "source", 10)
        index(source, place / "index")
        (source / "3.txt").write_text("Changed: the pump house is closed. " * 3, "utf-8")
        index(source, place / "index")
    finally:
        patch.undo()
    return place / "index", content(place / "index")


@pytest.fixture
def folder(tmp_path, sound):
    shutil.copytree(sound[0], tmp_path / "index")
    (tmp_path / "index").chmod(0o700)
    return tmp_path / "index"


def test_a_sound_library_gets_one_line(folder):
    [finding] = examine(folder)
    assert finding.severity == "ok"
    assert "10 documents" in finding.what


class Drifted(TinyEncoder):
    """The same model by its fingerprint, with other results: a broken processor, say."""

    def encode_passages(self, texts):
        encoding = super().encode_passages(texts)
        return replace(encoding, vectors=np.roll(encoding.vectors, 1, axis=1))


def test_full_encodes_some_passages_again(folder):
    found = doctor(folder, full=True, encoder=TinyEncoder, settings=Settings())
    assert [one.severity for one in found] == ["ok", "ok"]
    assert "encoded again" in found[1].what
    found = doctor(folder, full=True, encoder=Drifted, settings=Settings())
    assert [one.severity for one in found] == ["ok", "error"]
    assert "--rebuild" in found[1].remedy


def test_no_library(tmp_path):
    with pytest.raises(LibraryMissing):
        examine(tmp_path)


def test_a_folder_that_others_can_read(folder):
    folder.chmod(0o755)
    assert any("chmod 700" in finding.remedy for finding in examine(folder))


def test_commits_that_nobody_published(folder):
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        catalog.remove(catalog.documents_at(catalog.generation)[0])
    assert [finding.severity for finding in examine(folder)] == ["warning"]
    examine(folder, repair=True)
    assert "9 documents" in examine(folder)[0].what


def test_leftovers_of_a_killed_run_are_cleared_away(folder):
    (folder / ".terms-zh-99.tmp").mkdir()
    (folder / "vectors-zh-99.faiss").write_bytes(b"half")
    (folder / "rebuild").mkdir()
    assert len([finding for finding in examine(folder) if "left over" in finding.what]) == 3
    examine(folder, repair=True)
    assert [finding.severity for finding in examine(folder)] == ["ok"]


def change(folder, sql, *values):
    with closing(Catalog(folder)) as catalog:
        catalog.write(sql, [values])


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE passages SET text = x'41' WHERE id = 2",
        "UPDATE vectors SET data = x'41' WHERE id = 2",
        "UPDATE states SET codes = x'41' WHERE id = 2",
        "UPDATE states SET layout = x'41' WHERE id = 2",
        "DELETE FROM passages WHERE id = 2",
        "DELETE FROM vectors WHERE id = 2",
        "DELETE FROM states WHERE id = 2",
        "DELETE FROM bodies WHERE document = 2",
        "UPDATE bodies SET text = x'41' WHERE document = 2",
        "UPDATE documents SET key = x'41' WHERE id = 2",
        "DELETE FROM documents WHERE id = 2",
        "INSERT INTO vectors VALUES (999, x'41', 5)",
        "UPDATE meta SET value = x'41' WHERE copy = 0",
        "UPDATE meta SET value = x'41' WHERE key = cast('published' AS BLOB)",
        "UPDATE meta SET value = x'41' WHERE key = cast('codec' AS BLOB)",
        "UPDATE meta SET value = x'41' WHERE key = cast('identity' AS BLOB)",
        "UPDATE meta SET value = x'41' WHERE key = cast('reference' AS BLOB)",
        "UPDATE meta SET value = x'41' WHERE key = cast('generation' AS BLOB)",
        "UPDATE meta SET value = x'41' WHERE key = cast('next_passage' AS BLOB)",
        "UPDATE files SET stamp = x'41'",
        "INSERT INTO failures VALUES (x'41', x'41', x'41', 5)",
        "DELETE FROM meta",
        "DROP INDEX documents_key",
        "DROP TABLE states",
    ],
)
def test_every_change_of_the_catalog_is_found_and_mended(folder, sound, sql):
    change(folder, sql)
    assert errors(examine(folder))
    findings = examine(folder, repair=True)
    assert errors(findings) == []
    assert any(finding.what.startswith("mended") for finding in findings)
    assert content(folder)[0] == sound[1][0]
    assert answer(folder).hits[0].score == pytest.approx(answer(sound[0]).hits[0].score, rel=0.1)
    assert without_vectors(content(folder)) == without_vectors(sound[1])
    assert (folder / "quarantine").is_dir()
    assert errors(examine(folder)) == []


def answer(folder):
    with Snapshot(folder) as snapshot:
        return search(snapshot, TinyEncoder(), QUESTION, wanted=Wanted(3), settings=Settings())


def without_vectors(found):
    """Documents and texts: what was encoded again may differ in the last bit of its cosine."""
    return {key: (document, texts, states) for key, (document, texts, _, states) in found[1].items()}


def test_a_document_whose_text_and_file_are_gone_is_put_together_from_its_passages(folder, sound):
    key = sorted(sound[1][1])[2]
    moved = shutil.move(key, key + ".away")
    try:
        change(folder, "UPDATE bodies SET text = x'41' WHERE document = 3")
        assert errors(examine(folder, repair=True)) == []
        with Snapshot(folder) as snapshot:
            document = snapshot.document(key)
            assert "put together" in document.warnings[-1]
            for passage in snapshot.passages_of(key):
                kept = document.text[passage.source.start : passage.source.end]
                assert kept.split()[:5] == passage.text.split()[:5]
    finally:
        shutil.move(moved, key)


def test_what_is_lost_is_named(folder, sound):
    key = sorted(sound[1][1])[2]
    moved = shutil.move(key, key + ".away")
    try:
        change(folder, "UPDATE bodies SET text = x'41' WHERE document = 3")
        change(folder, "DELETE FROM states WHERE id IN (SELECT first_passage FROM documents WHERE id = 3)")
        lost, fewer = errors(examine(folder, repair=True))
        assert key in lost
        assert "passages could not be brought back" in fewer
        assert "10 documents" not in examine(folder)[0].what
    finally:
        shutil.move(moved, key)


def test_an_unreadable_catalog_is_read_from_its_pages(folder, sound):
    path = folder / "catalog.sqlite"
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    assert errors(examine(folder))
    assert errors(examine(folder, repair=True)) == []
    assert content(folder) == sound[1]


def test_what_takes_the_catalogs_place_answers_from_the_first_moment(folder, sound, monkeypatch):
    path = folder / "catalog.sqlite"
    seen = []

    def looked_into(module, name):
        """Let a reader look before the step of that name, the first one after the new catalog is in place."""
        step = getattr(module, name)

        def look(*arguments, **options):
            with Snapshot(folder) as snapshot:
                seen.append(len(snapshot.documents()))
            return step(*arguments, **options)

        monkeypatch.setattr(module, name, look)

    looked_into(rag.rebuild, "tidy")
    looked_into(rag.doctor, "_read_again")
    rebuild_library(folder, encoder=TinyEncoder(), settings=Settings())
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    examine(folder, repair=True)
    assert seen == [10, 10]


# --- any damage ---------------------------------------------------------------------------------------------


def spoil(folder, chance):
    """Damage one file in one of six ways; says what it did."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name != "readers")
    weights = [6 if path.name == "catalog.sqlite" else 1 for path in files]
    path = chance.choices(files, weights)[0]
    other = chance.choice(files)
    data = bytearray(path.read_bytes())
    way = chance.choice(["bit", "bit", "bit", "block", "cut", "append", "delete", "swap"])
    if way == "bit" and data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif way == "block" and data:
        start = chance.randrange(len(data))
        data[start : start + 512] = chance.randbytes(len(data[start : start + 512]))
    elif way == "cut":
        del data[chance.randrange(len(data) + 1) :]
    elif way == "append":
        data += chance.randbytes(chance.randrange(1, 5000))
    elif way == "swap":
        data[:], changed = other.read_bytes(), bytes(data)
        other.write_bytes(changed)
    path.write_bytes(data)
    if way == "delete":
        path.unlink()
    return f"{way} of {path.name} (with {other.name})"


def check_damage(folder, sound, seed):
    what = spoil(folder, random.Random(seed))
    seen = content_or_none(folder)
    assert seen in (None, sound), f"seed {seed}, {what}: a wrong answer"
    assert seen == sound or errors(examine(folder)), f"seed {seed}, {what}: the doctor saw nothing"
    mended = examine(folder, repair=True)
    if seen != sound and "catalog.sqlite" in what:  # what is lost is said, all the rest is there
        after = content_or_none(folder)
        lost = after is None or without_vectors(after) != without_vectors(sound)
        unknown = any("nobody can say" in finding.what for finding in mended)
        assert lost == bool(errors(mended)) or unknown, f"seed {seed}, {what}: {mended}"
    else:
        assert errors(mended) == [], f"seed {seed}, {what}: {mended}"
        assert content(folder) == sound, f"seed {seed}, {what}"


def content_or_none(folder):
    try:
        return content(folder)
    except RagError:
        return None


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_never_a_wrong_answer_and_always_found(folder, sound, seed):
    check_damage(folder, sound[1], seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_damage_many_times(tmp_path, sound, block):
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        shutil.copytree(sound[0], tmp_path / "index")
        (tmp_path / "index").chmod(0o700)
        check_damage(tmp_path / "index", sound[1], seed)
        shutil.rmtree(tmp_path / "index")
