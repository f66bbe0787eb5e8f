from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import TokenStates
from rag.store.states import (
    StateCodec,
    decode_batch,
    decode_spans,
    decode_token_ids,
    encode_layout,
    fit_codec,
    sample_texts,
)


def states_like_a_model(count, dimensions, seed=0):
    """Unit rows with a large common part and a falling spectrum, as token states have."""
    random = np.random.default_rng(seed)
    spread = random.standard_normal((count, dimensions)) * (1 / np.sqrt(1 + np.arange(dimensions)))
    rows = spread + 3 * np.random.default_rng(99).standard_normal(dimensions) / np.sqrt(dimensions)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dimensions", [1, 8, 32, 33, 48, 127, 128, 384, 1024])
def test_a_token_takes_64_bytes_at_most(dimensions):
    states = states_like_a_model(300, dimensions)
    codec = fit_codec([], [states])
    assert codec.bytes_per_token <= 64
    assert len(codec.encode(states)) == 300 * codec.bytes_per_token


@pytest.mark.parametrize("dimensions", [2, 32, 33, 127, 128, 384])
def test_decoded_states_are_unit_rows_near_the_projected_ones(dimensions):
    states = states_like_a_model(2000, dimensions)
    codec = fit_codec([], [states[:1000]])
    decoded = codec.decode(codec.encode(states[1000:]))
    assert decoded.dtype == np.float32
    assert np.allclose(np.linalg.norm(decoded, axis=1), 1, atol=1e-4)
    cosines = np.einsum("ij,ij->i", decoded, codec.project(states[1000:]))
    assert cosines.mean() > (0.99 if dimensions <= 128 else 0.93)  # 4 bits a dimension, or 2
    assert cosines.min() > (0.95 if dimensions <= 128 else 0.85)


@pytest.mark.parametrize(("dimensions", "error"), [(32, 1e-3), (96, 0.02), (128, 0.02)])
def test_without_a_centre_cosines_stay_those_of_the_model(dimensions, error):
    """Of multi-vector models; those of more than 128 dimensions lose the least of them."""
    states = states_like_a_model(400, dimensions)
    codec = fit_codec([], [states[:200]], centred=False)
    found = codec.cosines(codec.project(states[:5]), codec.encode(states[200:]))
    np.testing.assert_allclose(found, states[200:] @ states[:5].T, atol=5 * error)
    assert np.abs(found - states[200:] @ states[:5].T).mean() < error


def test_few_dimensions_are_kept_as_they_are():
    states = states_like_a_model(50, 32)
    codec = fit_codec([], [states[:3]])
    assert np.allclose(codec.project(states), states, atol=1e-6)
    assert np.allclose(codec.decode(codec.encode(states)), states, atol=1e-3)


def test_the_projection_is_a_rotation_of_what_differs_from_the_mean():
    states = states_like_a_model(500, 100)
    codec = fit_codec([], [states])
    centred = states - states.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(codec.project(states) @ codec.project(states).T, centred @ centred.T, atol=1e-4)


@pytest.mark.parametrize("tokens", [1, 2, 40])
def test_a_codec_can_be_fitted_on_less_than_it_has_dimensions(tokens):
    codec = fit_codec([], [states_like_a_model(tokens, 384)])
    other = states_like_a_model(100, 384, seed=5)
    decoded = codec.decode(codec.encode(other))
    assert decoded.shape == (100, 256)
    assert np.isfinite(decoded).all()


def test_a_codec_survives_the_catalog():
    states = states_like_a_model(300, 384)
    codec = fit_codec([], [states])
    again = StateCodec.from_bytes(codec.to_bytes())
    assert again.encode(states) == codec.encode(states)
    assert np.array_equal(again.decode(codec.encode(states)), codec.decode(codec.encode(states)))


def test_fitting_is_deterministic():
    states = states_like_a_model(300, 384)
    assert fit_codec([], [states]).to_bytes() == fit_codec([], [states.copy()]).to_bytes()


TOKENS = st.lists(
    st.tuples(st.integers(-3, 400), st.integers(0, 70_000), st.integers(0, 250_036)), min_size=0, max_size=50
)


@given(TOKENS)
def test_ids_and_spans_come_back(tokens):
    spans, place = [], 0
    for gap, length, _ in tokens:
        start = max(0, place + gap)
        spans.append((start, start + length))
        place = start + length
    ids = np.array([token for _, _, token in tokens], np.int32)
    layout = encode_layout(
        TokenStates(np.zeros((len(ids), 4), np.float32), np.array(spans, np.int32).reshape(-1, 2), ids)
    )
    assert decode_token_ids(layout, len(ids)).tolist() == ids.tolist()
    assert decode_spans(layout, len(ids)).tolist() == [list(span) for span in spans]


def test_an_ordinary_layout_takes_five_bytes_a_token():
    ids = np.random.default_rng(0).integers(0, 250_037, 300).astype(np.int32)
    starts = np.cumsum(np.random.default_rng(1).integers(1, 9, 300))
    spans = np.stack([starts, starts + 1], axis=1).astype(np.int32)
    assert len(encode_layout(TokenStates(np.zeros((300, 4), np.float32), spans, ids))) == 3 + 5 * 300


def test_a_batch_is_its_passages_one_after_the_other():
    codec = fit_codec([], [states_like_a_model(300, 64)])
    passages = []
    for count in (3, 0, 5):
        states = states_like_a_model(count, 64, seed=count)
        spans = np.array([(i, i + 1) for i in range(count)], np.int32).reshape(-1, 2)
        passages.append(TokenStates(states, spans, np.arange(count, dtype=np.int32)))
    stored = [(codec.encode(each.states), encode_layout(each)) for each in passages]
    states, offsets = decode_batch(codec, stored)
    assert offsets.tolist() == [0, 3, 3, 8]
    assert np.array_equal(states[3:8], codec.decode(stored[2][0]))


def test_the_mean_is_the_samples_and_the_directions_are_those_within_languages():
    one, other = states_like_a_model(400, 384, seed=1), states_like_a_model(300, 384, seed=2)
    apart = np.zeros(384, np.float32)
    apart[300] = 5  # what tells the two languages apart is no direction along which their tokens differ
    codec = fit_codec([one, other + apart], [one])
    assert np.allclose(codec.mean, (one.mean(axis=0) + (other + apart).mean(axis=0)) / 2, atol=1e-6)
    alone = fit_codec([one, other], [one])
    assert np.allclose(codec.basis @ codec.basis.T, alone.basis @ alone.basis.T, atol=1e-3)


def test_the_sample_has_many_languages_and_no_blank_text():
    texts = sample_texts()
    assert len(texts) >= 25
    assert all(group and all(text.strip() for text in group) for group in texts.values())


@pytest.mark.parametrize(("dimensions", "tokens"), [(384, 1300), (64, 10), (33, 7), (16, 5), (384, 0)])
def test_cosines_are_those_of_the_decoded_states(dimensions, tokens):
    states = states_like_a_model(max(tokens, 40), dimensions)
    codec = fit_codec([], [states])
    codes = codec.encode(states[:tokens])
    question = codec.project(states_like_a_model(6, dimensions, seed=5))
    assert np.allclose(codec.cosines(question, codes), codec.decode(codes) @ question.T, atol=1e-5)
