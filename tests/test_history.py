"""The conversations that a library keeps: whole, private, searchable, each person's own."""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace

import pytest
from test_chat import hit, talk

from rag.chat.conversation import Conversation
from rag.errors import HistoryError
from rag.history import FILE, History, turn_of, turn_record


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


def test_a_conversation_comes_back_as_it_was(history):
    conversation = talk("临溪县有多少个村？\ud800", hit(1), hit(2)) + talk("a\0b?").turns[0]
    key = history.keep("", conversation, "")
    assert history.conversation(key, "") == conversation
    assert [(one.title, one.turns) for one in history.talks("")] == [("临溪县有多少个村？?", 2)]


def test_a_turn_survives_its_record():
    turn = talk("q", hit(3, "tab\t“x”")).turns[0]
    assert turn_of(turn_record(turn)) == turn


def test_a_longer_conversation_takes_the_place_of_the_shorter(history):
    first = talk("one?")
    key = history.keep("", first, "")
    assert history.keep(key, first + talk("two?").turns[0], "") == key
    assert [one.turns for one in history.talks("")] == [2]


def test_nothing_is_made_where_nothing_was_asked(history, tmp_path):
    assert history.talks("") == ()
    assert history.conversation("x", "") == Conversation()
    assert not history.forget("x", "")
    assert list(tmp_path.iterdir()) == []


def test_words_find_conversations_by_question_answer_and_source(history):
    history.keep("", talk("How many Villages?", hit(1, "临溪县有186个行政村。")), "")
    history.keep("", talk("Something else", hit(2, "nothing", speaker="陈瑶")), "")
    for wanted, count in [
        ("villages", 1),
        ("１８６ 临溪", 1),
        ("陈瑶", 1),
        ("2.txt", 1),
        ("", 2),
        ("nowhere", 0),
        ("%", 0),
    ]:
        assert len(history.talks("", wanted=wanted)) == count, wanted


def test_words_of_every_quotation_find_the_conversation(history):
    second = replace(hit(2, "a second quotation"), rank=2)
    history.keep("", talk("q", hit(1, "the first"), second), "")
    assert len(history.talks("", wanted="second quotation")) == 1


def test_one_users_history_is_not_the_others(history):
    key = history.keep("", talk("secret?"), "ada")
    assert history.talks("bob") == ()
    assert history.conversation(key, "bob") == Conversation()
    assert not history.forget(key, "bob")
    assert history.keep(key, talk("mine"), "bob") != key
    assert history.conversation(key, "ada").turns[0].asked == "secret?"


def test_what_is_deleted_is_gone_from_the_file(history, tmp_path):
    key = history.keep("", talk("unrepeatable-words"), "")
    assert b"unrepeatable-words" in (tmp_path / FILE).read_bytes()
    assert history.forget(key, "")
    assert history.talks("") == ()
    assert b"unrepeatable-words" not in (tmp_path / FILE).read_bytes()


def test_the_file_is_closed_to_others(history, tmp_path):
    history.keep("", talk("q"), "")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_damaged_file_is_one_clear_line_and_is_left_as_it_is(history, tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(HistoryError, match=r"history\.sqlite"):
        history.keep("", talk("q"), "")
    assert (tmp_path / FILE).read_bytes() == b"no database" * 100


def test_a_record_that_is_no_turn_is_one_clear_line(history, tmp_path):
    key = history.keep("", talk("q"), "")
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE turns SET record = '{}'")
    database.close()
    with pytest.raises(HistoryError, match="whole"):
        history.conversation(key, "")


def test_a_write_that_fails_changes_nothing(history, tmp_path):
    key = history.keep("", talk("before"), "")
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON turns BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    database.close()
    with pytest.raises(HistoryError, match="disk is full"):
        history.keep(key, talk("after"), "")
    assert history.conversation(key, "").turns[0].asked == "before"
