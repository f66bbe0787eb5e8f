"""What goes to a model with a small context: whole passages that fit, or the best one cut at a sentence's end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from llm_server import llm_server
from test_generate_write import FERRY, GOOD, QUESTION, ferry_and_tea

from rag.cli import main
from rag.errors import UsageError
from rag.generate.budget import MIN_CONTEXT, chosen_hits, given_hits, most_tokens, tokens_of
from rag.generate.condense import condense
from rag.generate.endpoint import ChatEndpoint
from rag.generate.messages import answer_messages, passage_block
from rag.generate.output import written_answer
from rag.sentences import sentence_spans
from rag.written import Reason, Status


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with ferry_and_tea(tmp_path_factory.mktemp("budget")) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(library):
    return library.ask(QUESTION)


def size(hit):
    return len(passage_block(hit))


def longer(hit, text):
    return replace(hit, passage=replace(hit.passage, text=text))


def test_the_budget_is_held_and_passages_stay_whole(asked):
    smallest = min(map(size, asked.hits))
    for budget in range(smallest, sum(map(size, asked.hits)) + 50, 5):
        given = given_hits(asked.hits, len, budget=budget)
        assert given
        assert set(given) <= set(asked.hits)
        assert [hit.rank for hit in given] == sorted(hit.rank for hit in given)
        assert sum(map(size, given)) <= budget
        left = budget - sum(map(size, given))
        assert all(size(hit) > left for hit in asked.hits if hit not in given)
    assert given_hits(asked.hits, len, budget=10_000) == asked.hits
    assert given_hits((), len, budget=10_000) == ()


def test_a_passage_that_does_not_fit_is_left_out_and_smaller_ones_go(asked):
    large = longer(asked.hits[0], "All work and no play. " * 2000)
    given = given_hits((large, *asked.hits[1:]), len, budget=2000)
    assert given == asked.hits[1:]


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"Sentence number {n} is here." for n in range(900)),
        "".join(f"这是第{n}句话。" for n in range(3000)),
    ],
)
def test_the_only_passage_is_cut_at_a_sentences_end_around_what_answers(asked, text):
    spans = sentence_spans(text, "en")
    hit = replace(longer(asked.hits[0], text), highlights=(spans[len(spans) // 2],))
    for budget in (150, 400, 3000):
        (given,) = given_hits((hit,), len, budget=budget)
        kept = given.passage.text
        start = text.index(kept)
        assert size(given) <= budget
        assert start in {begin for begin, _ in spans}
        assert start + len(kept) in {end for _, end in spans}
        assert text[slice(*hit.highlights[0])] in kept
        assert size(given) > budget - 60  # nothing more would fit


@pytest.mark.parametrize("text", ["word " * 8000, "字" * 9000, "x" * 42_161, "1,2;3\n" * 7000])
def test_a_sentence_that_is_too_long_by_itself_is_cut_too(asked, text):
    (given,) = given_hits((longer(asked.hits[0], text),), len, budget=1000)
    assert size(given) <= 1000
    assert len(given.passage.text) > 500
    assert text.startswith(given.passage.text)


def test_where_not_a_word_fits_nothing_is_given(asked):
    assert given_hits(asked.hits, len, budget=20) == ()
    assert given_hits(asked.hits, len, budget=-5) == ()


def test_a_context_leaves_room_for_rules_question_and_answer(asked):
    many = replace(asked, hits=tuple(replace(asked.hits[0], rank=rank) for rank in range(1, 100)))
    block = most_tokens(passage_block(many.hits[0]))
    for context in (MIN_CONTEXT, 2048, 4096):
        sent = tokens_of(answer_messages(many.question, chosen_hits(many, context, lambda _: 1)))
        assert 0.9 * (context - 400) - block < sent <= context - 400
    assert chosen_hits(asked, 0, lambda text: len(text) // 4) == asked.hits


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a" * 26, 10), ("1234", 4), ("字" * 5, 10), ("a" * 13 + "12字", 9)]
)
def test_the_most_tokens_by_hand(text, tokens):
    """2.6 bytes a token of ASCII, 1.5 of others, a digit each."""
    assert most_tokens(text) == tokens


def test_a_small_context_reaches_the_endpoint_through_the_command(library, tmp_path, capsys):
    big = "The harbour of Port Amber has a long history. " * 150
    (tmp_path / "ferry.md").write_text(f"# Ferries\n\n{FERRY}\n\n# Harbour\n\n{big}", "utf-8")
    index = str(tmp_path / "index")
    assert main(["index", str(tmp_path / "ferry.md"), "--index", index]) == 0
    arguments = ["ask", QUESTION, "--json", "--index", index, "--llm-model", "m"]
    sizes = {}
    with llm_server(GOOD) as server:
        for context in ("1024", "100000"):
            capsys.readouterr()
            assert main([*arguments, "--llm", server.url, "--llm-context", context]) == 0
            assert json.loads(capsys.readouterr().out)["written"]["status"] == "written"
            body = server.requests[-1]["body"]
            sizes[context] = sum(most_tokens(message["content"]) for message in body["messages"])
    assert sizes["1024"] <= 1024 - 400 < sizes["100000"]


def test_citing_a_passage_that_was_found_and_did_not_go_along_is_dropped(library, asked):
    """It says what the sentence says; the model has not seen it all the same."""
    large = replace(
        asked, hits=(longer(asked.hits[0], asked.hits[0].passage.text + " More." * 900), *asked.hits[1:])
    )
    with llm_server("The morning ferry leaves Port Amber at 7:40 [1].") as server:
        endpoint = ChatEndpoint(server.url, "m", context_tokens=MIN_CONTEXT)
        result = written_answer(library.write(large, endpoint))
        sent = server.requests[0]["body"]["messages"][1]["content"]
    assert 'n="1"' not in sent
    assert 'n="2"' in sent
    (verdict,) = result.verdicts
    assert (verdict.reason, verdict.citations, verdict.dropped) == (Reason.NOT_GIVEN, (), (1,))
    assert result.status is Status.UNSUPPORTED


def test_citations_are_checked_against_the_part_that_went(library, asked):
    """Not against the passage as the library has it."""
    whole = asked.hits[0]
    last = "The harbour master keeps 23 goats in the garden."
    cut = longer(whole, f"{whole.passage.text} {'The sea is wide and blue and calm. ' * 400}{last}")
    answer = replace(asked, hits=(cut,))
    with llm_server(f"The morning ferry leaves Port Amber at 7:40 [1]. {last[:-1]} [1].") as server:
        endpoint = ChatEndpoint(server.url, "m", context_tokens=MIN_CONTEXT)
        result = written_answer(library.write(answer, endpoint))
        sent = server.requests[0]["body"]["messages"][1]["content"]
    assert "7:40" in sent
    assert "goats" not in sent
    assert [verdict.supported for verdict in result.verdicts] == [True, False]


def test_a_question_that_fills_the_context_is_not_sent(library, asked):
    answer = replace(asked, question="why " * 900)
    with llm_server(GOOD) as server:
        result = written_answer(
            library.write(answer, ChatEndpoint(server.url, "m", context_tokens=MIN_CONTEXT))
        )
        assert server.requests == []
    assert result.status is Status.FAILED
    assert "no room" in result.problem
    assert result.quotes


def test_a_conversation_is_shortened_to_what_a_small_model_can_read():
    turns = [(f"When does ferry {n} leave?", f"At {n}. " + "It is a long way. " * 50) for n in range(6)]
    said = {}
    with llm_server("Where does ferry 5 land?") as server:
        for context in (0, MIN_CONTEXT):
            endpoint = ChatEndpoint(server.url, "m", context_tokens=context)
            assert condense(turns, "And where does it land?", endpoint) == "Where does ferry 5 land?"
            said[context] = server.requests[-1]["body"]["messages"]
        assert condense([("字" * 900, "字" * 900)], "字" * 900, endpoint) == "字" * 900
        assert len(server.requests) == 2
    assert "ferry 0" in said[0][1]["content"]
    assert "ferry 0" not in said[MIN_CONTEXT][1]["content"]
    assert "ferry 5" in said[MIN_CONTEXT][1]["content"]
    assert sum(most_tokens(message["content"]) for message in said[MIN_CONTEXT]) < MIN_CONTEXT - 200


@pytest.mark.parametrize("context", [1, MIN_CONTEXT - 1])
def test_a_context_in_which_nothing_can_be_written_is_wrong_usage(context):
    with pytest.raises(UsageError, match=f"--llm-context: {context} tokens are too few"):
        ChatEndpoint("http://localhost:1", "m", context_tokens=context)


@pytest.mark.parametrize("command", [["ask", "x"], ["chat"], ["serve"], ["evaluate", "x"]])
def test_a_context_without_an_endpoint_is_wrong_usage(command, capsys):
    assert main([*command, "--llm-context", "2048"]) == 2
    assert "--llm URL and --llm-model NAME go together" in capsys.readouterr().err
