"""Multi-vector models: what the library of their makers gives, the places of tokens, and a whole library."""

from __future__ import annotations

import json
import shutil
import warnings

import numpy as np
import pytest
from tiny_models import cross_encoder, multi_vector

from rag.encoder import open_encoder
from rag.encoders.folder import read_model_folder
from rag.errors import ModelError
from rag.library import Library
from rag.scoring import maxsim
from rag.snapshot import Snapshot
from rag.store.states import fit_codec

PASSAGES = [
    "The ferry leaves at seven, and returns before noon.",
    "a dog",
    "",
    "!!!",
    "library opens late on monday. " * 40,
]
QUESTION = "when does the ferry leave?"
TEXT = "The mill was built in 1890.\n\nThe ferry leaves at seven. It is closed on Monday.\n\nBees like the lime trees."


@pytest.fixture(scope="module", params=[32, 48, 128])
def folder(tmp_path_factory, request):
    return multi_vector(tmp_path_factory.mktemp("models") / "tiny", request.param)


@pytest.fixture(scope="module")
def encoder(folder):
    return open_encoder(str(folder))


@pytest.fixture(scope="module")
def reference(folder):
    return loaded(folder)


def loaded(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import MultiVectorEncoder

        return MultiVectorEncoder(str(folder), device="cpu", local_files_only=True)


def test_token_vectors_are_those_of_the_model(encoder, reference):
    found = encoder.encode_passages(PASSAGES)
    theirs = reference.encode_document(PASSAGES, convert_to_numpy=True)
    assert encoder.state_dimensions == encoder.dimensions == theirs[0].shape[1]
    for ours, wanted in zip(found.tokens, theirs, strict=True):
        np.testing.assert_allclose(ours.states, wanted, atol=1e-5)
    asked = encoder.encode_question(QUESTION).tokens[0]
    assert len(asked.states) == 40  # [MASK] fills it up, and counts
    np.testing.assert_allclose(
        asked.states, reference.encode_query([QUESTION], convert_to_numpy=True)[0], atol=1e-5
    )


def test_the_one_vector_is_the_direction_of_the_mean(encoder, reference):
    means = [each.mean(axis=0) for each in reference.encode_document(PASSAGES, convert_to_numpy=True)]
    wanted = np.array([mean / np.linalg.norm(mean) for mean in means])
    np.testing.assert_allclose(encoder.encode_passages(PASSAGES).vectors, wanted, atol=1e-5)


def test_places_slice_the_tokens_back_and_markers_have_none(encoder):
    text = PASSAGES[0]
    tokens = encoder.encode_passages(PASSAGES).tokens[0]  # beside longer ones: what is padded is left out
    spans = tokens.spans.tolist()
    assert spans[:2] == [[0, 0], [0, 0]]  # [CLS] and [D]
    assert spans[-1] == [0, 0]  # [SEP]
    assert "".join(text[a:b] for a, b in spans) == "".join(each for each in text if each.isalnum())
    asked = encoder.encode_question(QUESTION).tokens[0].spans.tolist()
    assert "".join(QUESTION[a:b] for a, b in asked) == QUESTION.replace(" ", "")


def test_a_long_passage_is_cut_where_the_model_stops(encoder):
    tokens = encoder.encode_passages(PASSAGES).tokens[4]
    assert encoder.max_tokens == 200 - 5  # [CLS], "[D]" in letters, [SEP]
    assert tokens.spans.max() < len(PASSAGES[4])
    assert len(tokens.states) <= 200


def test_late_interaction_is_the_models_own(encoder, reference):
    """Through the codec: what is kept of a passage in 64 bytes a token or less."""
    found = encoder.encode_passages(PASSAGES)
    codec = fit_codec([], [each.states for each in found.tokens], centred=False)
    assert codec.bytes_per_token <= 64
    asked = encoder.encode_question(QUESTION).tokens[0].states
    codes = b"".join(codec.encode(each.states) for each in found.tokens)
    offsets = np.cumsum([0, *(len(each.states) for each in found.tokens)])
    ours = maxsim(codec.cosines(codec.project(asked), codes), offsets)
    theirs = reference.similarity(reference.encode_query([QUESTION]), reference.encode_document(PASSAGES))
    np.testing.assert_allclose(ours, theirs.numpy()[0] / len(asked), atol=2e-2)


def test_a_library_ranks_by_the_models_own_maxsim(encoder, reference, tmp_path):
    source = tmp_path / "town.txt"
    source.write_text(TEXT, encoding="utf-8")
    model = str(encoder._folder.path)
    with Library(tmp_path / "index", model=model) as library:
        library.add(source)
        answer = library.ask(QUESTION, k=10)
    assert len(answer.hits) >= 2
    from rag.shelving import encoded_text

    texts = [encoded_text(hit.passage)[0] for hit in answer.hits]
    theirs = reference.similarity(reference.encode_query([QUESTION]), reference.encode_document(texts))[0]
    ours = np.array([hit.channels.interaction for hit in answer.hits])
    # Standardised within one language, so a line through the model's own scores.
    slope, start = np.polyfit(theirs.numpy() / 40, ours, 1)
    assert slope > 0
    np.testing.assert_allclose(ours, slope * theirs.numpy() / 40 + start, atol=0.05 * np.ptp(ours))
    for hit in answer.hits:
        assert len(hit.highlights) == 1
        start, end = hit.highlights[0]
        assert 0 <= start < end <= len(hit.passage.text)
    assert 0 <= answer.confidence <= 1
    with Library(tmp_path / "index") as again, Snapshot(tmp_path / "index") as snapshot:  # by its own model
        assert [hit.passage for hit in again.ask(QUESTION, k=10).hits] == [hit.passage for hit in answer.hits]
        assert np.all(snapshot._codec.mean == 0)


def test_a_pylate_folder_is_one(tmp_path):
    """Markers at the top of its settings, a transformer and a projection, and nothing else."""
    multi_vector(tmp_path / "tiny")
    folder = tmp_path / "pylate"
    shutil.copytree(tmp_path / "tiny", folder)
    modules = json.loads((folder / "modules.json").read_text())[:2]
    modules[1]["type"] = "pylate.models.Dense.Dense"
    (folder / "modules.json").write_text(json.dumps(modules))
    settings = {
        "model_type": "ColBERT",
        "query_prefix": "[Q] ",
        "document_prefix": "[D] ",
        "query_length": 24,
    }
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    found = open_encoder(str(folder))
    reference = loaded(folder)
    assert read_model_folder(folder).kind == "MultiVectorEncoder"
    for ours, wanted in zip(
        found.encode_passages(PASSAGES).tokens,
        reference.encode_document(PASSAGES, convert_to_numpy=True),
        strict=True,
    ):
        np.testing.assert_allclose(ours.states, wanted, atol=1e-5)
    spans = found.encode_passages(PASSAGES[:1]).tokens[0].spans
    assert "".join(PASSAGES[0][a:b] for a, b in spans) == "".join(filter(str.isalnum, PASSAGES[0]))


def test_a_model_that_merges_tokens_highlights_by_words(tmp_path):
    folder = multi_vector(tmp_path / "tiny", pooled=True)
    found = open_encoder(str(folder)).encode_passages(PASSAGES)
    theirs = loaded(folder).encode_document(PASSAGES, convert_to_numpy=True)
    for ours, wanted in zip(found.tokens, theirs, strict=True):
        assert ours.states.shape == wanted.shape
        assert not ours.spans.any()
    source = tmp_path / "town.txt"
    source.write_text(TEXT, encoding="utf-8")
    with Library(tmp_path / "index", model=str(folder)) as library:
        library.add(source)
        hits = library.ask("Which day is closed on Monday?").hits
    closed = next(hit for hit in hits if "Monday" in hit.passage.text)
    assert [closed.passage.text[a:b] for a, b in closed.highlights] == ["It is closed on Monday."]


def test_a_cross_encoder_is_no_encoder(tmp_path):
    folder = cross_encoder(tmp_path / "judge")
    (folder / "modules.json").write_text("[]")
    (folder / "config_sentence_transformers.json").write_text('{"model_type": "CrossEncoder"}')
    with pytest.raises(ModelError, match="is a cross-encoder: give it with --reranker"):
        open_encoder(str(folder))
