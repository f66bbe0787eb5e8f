from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.highlight import (
    DOUBT,
    FROM_AFAR,
    FROM_BEFORE,
    OWN_MEAN,
    TEMPERATURE,
    best_sentences,
    votes,
    wordiest_sentence,
)
from rag.records import Float32, TokenStates
from rag.sentences import sentence_spans

EVAL = Path(__file__).resolve().parents[2] / "shared" / "eval"
RARE, COMMON = 100_000, 5
# One direction for each thing that a text can speak of.
WORDS = {word: row for row, word in enumerate(("fox", "dog", "cat", "sun", "rain", "bird", "fish", "tree"))}


def states_of(text: str, start: int = 0) -> TokenStates:
    """Each word its own direction; words that are not known share one."""
    found = [(m.group().lower(), m.start() - start, m.end() - start) for m in re.finditer(r"\w+", text)]
    states = np.zeros((len(found), len(WORDS) + 1), np.float32)
    for row, (word, _, _) in enumerate(found):
        states[row, WORDS.get(word, len(WORDS))] = 1
    spans = np.array([span for _, *span in found], np.int32).reshape(-1, 2)
    ids = np.array([RARE if word in WORDS else COMMON for word, _, _ in found], np.int32)
    return TokenStates(states, spans, ids)


def shown(question: str, text: str, context: str = "") -> str:
    tokens = states_of(context + text, len(context))
    ((start, end),) = best_sentences(states_of(question), text, tokens, language="en")
    return text[start:end]


def slow_votes(question: TokenStates, tokens: TokenStates, spans: list[tuple[int, int]]) -> list[float]:
    """The definition, one number at a time."""
    mean = question.states.mean(axis=0)
    total, received = 0.0, np.zeros(len(spans))
    for state, token_id in zip(question.states, question.token_ids, strict=True):
        focused = state - OWN_MEAN * mean
        focused = focused / max(float(np.sqrt(focused @ focused)), 1e-9)
        own, context = [-1.0] * len(spans), -1.0
        for other, (start, end) in zip(tokens.states, tokens.spans, strict=True):
            similarity = float(focused @ other)
            if end <= 0:
                context = max(context, similarity)
                continue
            owner = next((i for i, (_, last) in enumerate(spans) if (start + end) / 2 < last), len(spans) - 1)
            own[owner] = max(own[owner], similarity)
        held = [
            max(own[i], own[0] - FROM_AFAR, context - FROM_AFAR, own[i - 1] - FROM_BEFORE if i else -9)
            for i in range(len(spans))
        ]
        shares = np.exp(np.array(held) / TEMPERATURE)
        weight = max(np.log(1 + token_id) - 4, 0.05) ** 0.5
        received += weight * shares / shares.sum()
        total += weight
    return list(received / total)


def random_states(generator: np.random.Generator, count: int, length: int, *, first: int) -> TokenStates:
    states = generator.standard_normal((count, 6)).astype(np.float32)
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    starts = np.sort(generator.integers(first, length, count))
    spans = np.stack([starts, starts + 1], axis=1).astype(np.int32)
    return TokenStates(states, spans, generator.integers(0, 250_000, count).astype(np.int32))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 30), st.integers(1, 6))
def test_votes_are_what_the_definition_says(seed: int, asked: int, count: int, sentences: int) -> None:
    generator = np.random.default_rng(seed)
    spans = [(10 * place, 10 * place + 9) for place in range(sentences)]
    question = random_states(generator, asked, 50, first=0)
    tokens = random_states(generator, count, 10 * sentences, first=-10)
    found = votes(question, tokens, spans)
    np.testing.assert_allclose(found, slow_votes(question, tokens, spans), atol=1e-5)
    assert float(found.sum()) == pytest.approx(1, abs=1e-5)


def test_the_sentence_that_holds_the_words_is_shown() -> None:
    text = "The fox is red. The cat and the fish are here. The tree is tall."
    assert shown("cat fish", text) == "The cat and the fish are here."
    assert shown("tree", text) == "The tree is tall."


def test_a_sentence_goes_on_from_the_one_before() -> None:
    text = "The sun is up. The fox met a cat. It ate a fish. The rain fell. A fish swam."
    assert shown("cat fish", text) == "It ate a fish."


def test_what_the_title_says_does_not_favour_the_sentence_that_repeats_it() -> None:
    text = "The rain fell. The dog is old. The sun is up."
    question, spans = states_of("dog"), sentence_spans(text)
    alone = votes(question, states_of(text), spans)
    titled = votes(question, states_of("dog\n" + text, 4), spans)
    assert alone[1] > titled[1] > titled[0] > alone[0]


def test_a_question_in_the_passage_hands_its_tokens_to_the_answer() -> None:
    text = "The sun is up. Why did the fox meet the cat? Because it was late. The rain fell."
    assert shown("why fox cat", text) == "Because it was late."
    assert (
        shown("why fox cat", "The sun is up. Why did the fox meet the cat?")
        == "Why did the fox meet the cat?"
    )


def test_two_neighbours_are_shown_only_in_doubt() -> None:
    text = "The sun is up. The fox ran. The fox hid. The rain fell."
    question, tokens = states_of("fox"), states_of(text)
    shares = votes(question, tokens, sentence_spans(text))
    assert abs(float(shares[1] - shares[2])) <= DOUBT
    assert shown("fox", text) == "The fox ran. The fox hid."
    apart = "The fox ran. The sun is up. The dog sat. The fox hid."
    assert shown("dog", apart) == "The dog sat."


def test_rare_tokens_outvote_common_ones() -> None:
    text = "How is the thing of this. The tree."
    assert shown("how is the tree of this", text) == "The tree."


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_show(text: str) -> None:
    assert best_sentences(states_of("fox"), text, states_of(text), language="und") == ()


def test_without_states_the_first_sentence_is_shown() -> None:
    text = "The sun is up. The fox ran."
    nothing = states_of("")
    for question, tokens in [(nothing, states_of(text)), (states_of("fox"), nothing)]:
        assert best_sentences(question, text, tokens, language="en") == ((0, 14),)


def test_tokens_of_the_context_alone_leave_every_sentence_the_same() -> None:
    text = "The sun is up. The fox ran. It hid."
    context = states_of("fox fox\n", 8)
    np.testing.assert_allclose(votes(states_of("fox"), context, sentence_spans(text)), [1 / 3] * 3, rtol=1e-5)


@given(
    st.text(alphabet="fox cat.?!\n他国。？", max_size=60),
    st.text(alphabet="fox cat?", min_size=1, max_size=12),
)
def test_a_highlight_is_whole_sentences(text: str, question: str) -> None:
    spans = sentence_spans(text)
    found = best_sentences(states_of(question), text, states_of(text), language="und")
    assert len(found) == min(len(spans), 1)
    for start, end in found:
        assert start in {first for first, _ in spans}
        assert end in {last for _, last in spans}


def plain(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).casefold())


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(not EVAL.is_dir(), reason="the open evaluation sets are not here")
@pytest.mark.parametrize(
    ("questions", "passages", "least"),
    [("zh", "zh", 0.86), ("en", "en", 0.86), ("en", "zh", 0.80), ("zh", "en", 0.80)],
)
def test_sentence_at_1_given_the_passage(questions: str, passages: str, least: float) -> None:
    """Over full states; the library's own figures, on 64-byte states, come from `rag evaluate`."""
    from rag.encoder import open_encoder
    from rag.settings import DEFAULT_MODEL

    encoder = open_encoder(DEFAULT_MODEL)
    corpus = lines(EVAL / f"xquad-{passages}" / "corpus.jsonl")
    answers = {
        one["_id"]: one["metadata"]["answers"] for one in lines(EVAL / f"xquad-{passages}/queries.jsonl")
    }
    gold = dict(
        line.split("\t")[:2]
        for line in (EVAL / f"xquad-{passages}/qrels/test.tsv").read_text("utf-8").splitlines()
    )
    encoded = encoder.encode_passages([str(one["text"]) for one in corpus]).tokens
    mean = np.concatenate([each.states for each in encoded]).mean(axis=0)
    centred = [_centred(each, mean) for each in encoded]
    place = {str(one["_id"]): row for row, one in enumerate(corpus)}
    right = []
    for one in lines(EVAL / f"xquad-{questions}" / "queries.jsonl"):
        row = place[gold[str(one["_id"])].replace(questions, passages)]
        text = str(corpus[row]["text"])
        question = _centred(encoder.encode_question(str(one["text"])).tokens[0], mean)
        ((start, end),) = best_sentences(question, text, centred[row], language=passages)
        right.append(any(plain(answer) in plain(text[start:end]) for answer in answers[one["_id"]]))
    assert np.mean(right) >= least


def _centred(tokens: TokenStates, mean: Float32) -> TokenStates:
    states = tokens.states - mean
    return TokenStates(states / np.linalg.norm(states, axis=1, keepdims=True), tokens.spans, tokens.token_ids)


def test_the_wordiest_sentence_holds_most_of_the_rare_terms():
    text = "The mill is old. Its wheel turned. A flood broke the dam in 1890. A flood came again."
    rarity = {"flood": 1.0, "dam": 2.0, "mill": 1.5, "the": 0.1}
    assert [text[a:b] for a, b in wordiest_sentence(rarity, text, language="en")] == [
        "A flood broke the dam in 1890."
    ]
    assert wordiest_sentence({}, text, language="en") == ((0, 16),)
    assert wordiest_sentence({"wheel": 0.0}, text, language="en") == ((0, 16),)
    assert wordiest_sentence(rarity, "  ", language="en") == ()
    asking = "Was there a flood? Nobody knows."
    assert [asking[a:b] for a, b in wordiest_sentence(rarity, asking, language="en")] == ["Nobody knows."]
