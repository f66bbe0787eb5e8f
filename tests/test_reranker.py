"""The cross-encoder: the logits of the library that made it, the order of the first passages, what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import TinyEncoder
from tiny_models import bert, cross_encoder, multi_vector

from rag.candidates import score
from rag.cli import main
from rag.errors import ModelError
from rag.ingest import index_paths
from rag.library import Library
from rag.reranker import Reranker
from rag.search import Wanted, rank, search, understand
from rag.settings import Settings
from rag.shelving import encoded_text
from rag.snapshot import Snapshot

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "When does the ferry leave the north pier?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return cross_encoder(tmp_path_factory.mktemp("models") / "judge")


@pytest.fixture(scope="module")
def reranker(folder):
    return Reranker(str(folder))


@pytest.fixture(scope="module")
def encoder():
    return TinyEncoder()


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    source = tmp_path_factory.mktemp("source")
    for number in range(70):
        text = (
            f"The ferry number {number} leaves pier {number * 7 % 70} when the tide is at {number * 3} feet."
        )
        (source / f"{number}.txt").write_text(text, encoding="utf-8")
    index = tmp_path_factory.mktemp("library") / "index"
    index_paths([source], folder=index, encoder=encoder, settings=Settings())
    return index


def predicted(folder, question, texts, activation=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        return model.predict([(question, text) for text in texts], activation_fn=activation)


def test_scores_are_the_logits_of_the_library_that_made_it(folder, reranker):
    from torch.nn import Identity

    texts = ["the ferry", "a dog", "", "long " * 500]
    ours = reranker.scores(QUESTION, texts)
    np.testing.assert_allclose(ours, predicted(folder, QUESTION, texts, Identity()), atol=1e-4)
    np.testing.assert_allclose(1 / (1 + np.exp(-ours)), predicted(folder, QUESTION, texts), atol=1e-4)
    assert reranker.scores(QUESTION, []).shape == (0,)


def test_it_orders_the_first_fifty_and_no_others(library, encoder, folder, reranker):
    settings = Settings(candidates=70)
    with Snapshot(library) as snapshot:
        before = search(snapshot, encoder, QUESTION, wanted=Wanted(70), settings=settings)
        after = search(snapshot, encoder, QUESTION, wanted=Wanted(70, reranker=reranker), settings=settings)
    assert len(before.hits) == 70
    texts = [encoded_text(hit.passage)[0] for hit in before.hits[:50]]
    wanted = predicted(folder, QUESTION, texts)
    order = np.argsort(-wanted, kind="stable")
    ids = [hit.passage.id for hit in before.hits]
    assert [hit.passage.id for hit in after.hits[:50]] == [ids[place] for place in order]
    assert [hit.passage.id for hit in after.hits[50:]] == ids[50:]
    shown = np.array([hit.channels.reranker for hit in after.hits[:50]])
    np.testing.assert_allclose(1 / (1 + np.exp(-shown)), wanted[order], atol=1e-4)
    assert {hit.channels.reranker for hit in after.hits[50:]} == {None}
    assert {hit.channels.reranker for hit in before.hits} == {None}
    scores = [hit.score for hit in after.hits]
    assert scores == sorted(scores, reverse=True)
    assert [hit.rank for hit in after.hits] == list(range(1, 71))
    by_id = {hit.passage.id: hit.channels.interaction for hit in before.hits}
    assert all(hit.channels.interaction == by_id[hit.passage.id] for hit in after.hits)


class Indifferent(Reranker):
    """A cross-encoder that finds all passages alike."""

    def scores(self, question, passages):
        return np.zeros(len(passages), np.float32)


def test_equal_logits_stay_in_order(library, encoder):
    settings = Settings()
    with Snapshot(library) as snapshot:
        asked = understand(snapshot, encoder, QUESTION, settings=settings)
        scored = score(snapshot, asked, settings=settings)
        plain = rank(snapshot, asked, scored, reranker=None, settings=settings)
        same = rank(snapshot, asked, scored, reranker=Indifferent("x"), settings=settings)
    assert same.rows.tolist() == plain.rows.tolist()
    assert np.all(np.diff(same.scores) <= 0)


def test_fewer_hits_are_the_first_of_more(library, encoder, reranker):
    settings = Settings()
    with Snapshot(library) as snapshot:
        few = search(snapshot, encoder, QUESTION, wanted=Wanted(3, reranker=reranker), settings=settings)
        many = search(snapshot, encoder, QUESTION, wanted=Wanted(60, reranker=reranker), settings=settings)
    assert few.hits == many.hits[:3]
    assert few.confidence == many.confidence


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("nobody/no-such-model", "go online, or leave --reranker out"),
        ("./no/such/folder", "There is no folder"),
        ("not a name!", "neither a folder nor a model's name"),
        (" ", "No reranker is named"),
    ],
)
def test_a_model_that_cannot_be_had_gives_one_line(monkeypatch, name, wanted):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=wanted) as caught:
        Reranker(name).scores("why", ["because"])
    assert "\n" not in str(caught.value)


def test_other_folders_are_refused(tmp_path):
    for folder in (bert(tmp_path / "plain", "BertModel"), cross_encoder(tmp_path / "three", labels=3)):
        with pytest.raises(ModelError, match="not a cross-encoder with one score a pair"):
            Reranker(str(folder)).scores("why", ["because"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no config\.json"):
        Reranker(str(tmp_path / "empty")).scores("why", ["because"])


def test_a_damaged_folder_gives_one_line(tmp_path):
    folder = cross_encoder(tmp_path / "judge")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        Reranker(str(folder)).scores("why", ["because"])


def test_half_precision_that_overflows_is_widened(tmp_path):
    """What a GPU runs in float16, here on the processor."""
    import torch

    folder = cross_encoder(tmp_path / "judge")
    reranker = Reranker(str(folder))
    wanted = reranker.scores("why", ["because", "for that"])
    with torch.no_grad():
        for layer in reranker._loaded.model.bert.encoder.layer:
            layer.output.dense.weight *= 20_000  # behind it is a layer norm
    reranker._loaded.half()
    found = reranker.scores("why", ["because", "for that"])
    assert np.isfinite(found).all()
    assert reranker._loaded.dtype == torch.bfloat16
    assert found.shape == wanted.shape


@pytest.fixture(scope="module")
def asked_by_command(tmp_path_factory):
    """A library of a multi-vector model, its model given once."""
    place = tmp_path_factory.mktemp("command")
    for number in range(6):
        (place / f"{number}.txt").write_text(f"Ferry {number} leaves at {number + 6}.", encoding="utf-8")
    arguments = ["index", *(str(path) for path in place.glob("*.txt")), "--index", str(place / "index")]
    assert main([*arguments, "--model", str(multi_vector(place / "model"))]) == 0
    return str(place / "index")


def test_the_command_and_the_library_order_by_it(asked_by_command, folder, capsys):
    arguments = ["ask", QUESTION, "--index", asked_by_command, "--reranker", str(folder), "--json"]
    capsys.readouterr()
    assert main(arguments) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    with Library(asked_by_command, reranker=str(folder)) as library:
        answer = library.ask(QUESTION)
    assert [hit["text"] for hit in hits] == [hit.passage.text for hit in answer.hits]
    logits = [hit.channels.reranker for hit in answer.hits]
    assert None not in logits
    assert logits == sorted(logits, reverse=True)


def test_evaluating_with_one_and_without_can_be_compared(asked_by_command, folder, tmp_path, capsys):
    questions = tmp_path / "own.jsonl"
    rows = [{"question": f"When does ferry {n} leave?", "quote": f"Ferry {n} leaves"} for n in range(6)]
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Library(asked_by_command) as library:
        model = library._model_name()
    arguments = ["evaluate", str(questions), "--index", asked_by_command, "--model", model, "--json"]
    saved = str(tmp_path / "plain.json")
    assert main([*arguments, "--save", saved]) == 0
    assert main([*arguments, "--against", saved, "--reranker", str(folder)]) == 0
    assert "comparison" in json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_command_says_in_one_line_what_is_wrong(asked_by_command, tmp_path, capsys):
    capsys.readouterr()
    arguments = ["ask", QUESTION, "--index", asked_by_command, "--reranker", str(tmp_path / "none")]
    assert main(arguments) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "There is no folder" in said
    assert "leave --reranker out" in said
    for command in ("ask", "evaluate", "serve"):
        assert main([command, "--help"]) == 0
        assert "--reranker NAME_OR_FOLDER" in capsys.readouterr().out


def test_without_one_nothing_heavy_is_loaded():
    code = (
        "import sys, rag.search, rag.library, rag.reranker\n"
        "rag.library.Library('nowhere', reranker='x/y')\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
