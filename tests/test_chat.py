"""What a follow-up question means: read by shape, left alone where it stands for itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chat.conversation import Conversation, Reading, Turn
from rag.chat.markdown import Words, as_markdown, plain
from rag.chat.pieces import pieces
from rag.chat.reading import read_follow_up, readings
from rag.chat.reply import reply
from rag.records import Answer, Channels, Hit, Passage, Source
from rag.written import Reason, Status, Verdict, Written

FOLLOW_UPS = Path(__file__).resolve().parents[1] / "data" / "questions" / "follow-ups.jsonl"


def hit(number=1, text="临溪县有186个行政村。", *, section="守住清水", speaker="周望川", role="临溪县委书记"):
    source = Source(f"/d/{number}.txt", "日报", section, speaker, role, None, number, 0, len(text))
    return Hit(Passage(number, text, "zh", source), 5.0, 1, ((0, len(text)),), Channels(1.0, 0.5, 1.0))


def talk(question, *hits, answerable=True):
    answer = Answer(question, answerable, 0.8, hits or (hit(),), 1.0)
    return Conversation((Turn(question, Reading(question), answer),))


SPEECHES = (
    hit(1),
    hit(2, "黛山县种梨已有六百年。", section="梨树", speaker="苏 霁", role="黛山县委书记"),
    hit(3, "主机保修3年，探头保修1年。", section="保修", speaker="", role=""),
)


@pytest.mark.parametrize(
    ("before", "question", "reading"),
    [
        ("临溪县有多少个行政村？", "那黛山县呢？", "黛山县有多少个行政村？"),
        ("临溪县有多少个行政村？", "黛山呢", "黛山有多少个行政村？"),
        ("临溪有多少个行政村？", "黛山？", "黛山有多少个行政村？"),
        ("主机保修几年？", "探头呢？", "探头保修几年？"),
        ("一期什么时候投产？", "那二期呢？", "二期什么时候投产？"),
        ("青禾县农民增收多少？", "那黛山县的果园面积呢？", "黛山县的果园面积多少？"),
        ("How much was spent in 2020?", "and in 2021?", "How much was spent in 2021?"),
        ("How much was spent in 2020?", "2021?", "How much was spent in 2021?"),
        ("When does Route 9 leave?", "And Route 4?", "When does Route 4 leave?"),
        ("How much is a single fare?", "What about a day ticket?", "How much is a day ticket?"),
        ("Wann ist montags geöffnet?", "Und samstags?", "Wann ist samstags geöffnet?"),
        ("Quand ouvre le guichet le jeudi ?", "Et le mardi ?", "Quand ouvre le guichet le mardi ?"),
        ("Сколько стоит обед для младших?", "А для старших?", "Сколько стоит обед для старших?"),
        ("図書館は平日何時まで開いていますか。", "土曜日は？", "図書館は土曜日何時まで開いていますか。"),
        ("How much is a fare?", "And locking the screen?", "locking the screen: How much is a fare?"),
    ],
)
def test_a_new_part_takes_the_place_of_the_old_one(before, question, reading):
    assert read_follow_up(talk(before, *SPEECHES), question).text == reading


@pytest.mark.parametrize(
    ("before", "question", "reading"),
    [
        ("临溪县的漏损率降到了多少？", "那里有多少人？", "临溪县有多少人？"),
        ("供水投入了多少钱？", "他还说了什么？", "周望川还说了什么？"),
        ("What does error T-17 mean?", "How do I fix it?", "How do I fix error T-17?"),
        ("Who is Eleanor Whitlow?", "What was her job?", "What was Eleanor Whitlow’s job?"),
        (
            "Qui est Solène Carvin ?",
            "Quelles langues parle-t-elle ?",
            "Quelles langues parle Solène Carvin ?",
        ),
    ],
)
def test_a_word_that_points_back_gives_way_to_what_it_points_at(before, question, reading):
    text = "Error T-17 means that two computers opened the file."
    hits = (hit(4, text, section="Error T-17", speaker="", role=""),) if "T-17" in before else SPEECHES
    found = read_follow_up(talk(before, *hits), question)
    assert (found.text, found.kind) == (reading, "resolved")


def test_more_is_looked_for_elsewhere():
    conversation = talk("供水投入了多少钱？")
    answer = Answer("", True, 0.9, (hit(1), hit(2), hit(3)), 1.0)
    turn = reply(conversation, "他还说了什么？", ask=lambda text, more: answer)
    assert turn.reading.elsewhere
    assert [(one.passage.id, one.rank) for one in turn.answer.hits] == [(2, 1), (3, 2)]


@pytest.mark.parametrize(
    "question", ["这话是谁说的？", "谁说的", "Who said that?", "who wrote this?", "Qui l’a dit ?"]
)
def test_who_said_it_is_the_speaker_of_what_was_quoted(question):
    before = "How many villages are there?" if question[0].isascii() else "有多少个行政村？"
    before = "Combien de villages y a-t-il dans la région ?" if question.startswith("Qui") else before
    turn = reply(talk(before), question, ask=unasked)
    assert turn.reading.kind == "speaker"
    assert turn.cited.passage.source.speaker == "周望川"


def unasked(text, more):
    raise AssertionError("nothing needs to be searched for")


def test_who_said_it_goes_back_to_the_last_turn_that_quoted_something():
    conversation = (
        talk("有多少个行政村？") + talk("谁发明了青霉素？", hit(2, speaker="某人"), answerable=False).turns[0]
    )
    assert reply(conversation, "这话是谁说的？", ask=unasked).cited.passage.id == 1


@pytest.mark.parametrize(
    "question",
    [
        "石塘区废弃的破碎车间改成了什么？",
        "哪一批书不能外借？",
        "有多少只搁浅海龟得到救助？",
        "How many backup copies does Tidebook keep and where does it keep them?",
        "What happens if an applicant is rejected, and who tells them?",
        "How long does it take to check a file?",
        "Is there parking at the museum of Harrow Sound?",
        "Which district turned its deepest quarry into a training base?",
        "Quel formulaire faut-il remplir pour le remboursement de la taxe ?",
        "Quand le guichet des taxes est-il ouvert ?",
        "Wohin kommen die letzten Dieselbusse?",
        "¿Cuánto cuesta la ración de sardinas en la fiesta?",
        "水道メーターの取り替えに立ち会いは必要ですか。",
        "Сколько насосов не завелось на учениях?",
        "ما هو أسرع حيوان بري في العالم؟",
        "HM-20 阴天最多能连续供电几天？",
        "梨树",
        "Tidebook",
    ],
)
def test_a_question_that_stands_for_itself_is_left_alone(question):
    assert read_follow_up(talk("临溪县有多少个行政村？", *SPEECHES), question) == Reading(question)
    assert read_follow_up(talk("How much is a day ticket?", *SPEECHES), question) == Reading(question)


def test_the_first_question_of_a_conversation_is_left_alone():
    assert readings(Conversation(), "那三门呢？") == (Reading("那三门呢？"),)


def test_a_bare_question_word_takes_the_question_before_along():
    assert read_follow_up(talk("滤池修好了吗？"), "什么时候？").text == "滤池修好了吗？什么时候？"
    assert read_follow_up(talk("Is there a festival?"), "When?").text == "Is there a festival? When?"


@pytest.mark.parametrize(("sure_with_topic", "kind"), [(0.9, "joined"), (0.2, "alone")])
def test_of_two_readings_the_surer_is_taken(sure_with_topic, kind):
    def ask(text, more):
        sure = sure_with_topic if "：" in text else 0.3
        return Answer(text, sure > 0.36, sure, (hit(),), 1.0)

    turn = reply(talk("守住清水讲了什么？"), "水费怎么收？", ask=ask)
    assert turn.reading.kind == kind


def test_a_person_has_the_last_word():
    turn = reply(
        talk("临溪县有多少个行政村？"),
        "那黛山县呢？",
        reading=Reading("那黛山县呢？", "edited"),
        ask=lambda text, more: Answer(text, True, 1.0, (), 1.0),
    )
    assert turn.reading == Reading("那黛山县呢？", "edited")


@given(st.lists(st.text(max_size=60), max_size=3), st.text(max_size=60))
def test_no_question_is_too_strange(before, question):
    conversation = Conversation()
    for asked in before:
        conversation += Turn(asked, Reading(asked), Answer(asked, True, 0.5, SPEECHES, 1.0))
    for reading in readings(conversation, question):
        assert isinstance(reading.text, str)


@given(st.text(max_size=80), st.sampled_from(["zh", "ja", "ko", "th", "en", "de", "ar"]))
def test_pieces_lie_where_they_say(text, language):
    for piece in pieces(text, language):
        assert text[piece.start : piece.end] == piece.text


def test_the_sample_follow_ups_have_their_form_and_their_readings():
    """The readings that need no library: those of the first follow-up, over nothing but its question."""
    cases = [json.loads(line) for line in FOLLOW_UPS.read_text(encoding="utf-8").splitlines()]
    assert len({case["id"] for case in cases}) == len(cases) >= 90
    assert len({case["lang"] for case in cases}) >= 9
    alone = [case for case in cases if case["kind"] == "alone"]
    for case in alone:
        before, question = case["turns"]
        assert read_follow_up(talk(before, *SPEECHES), question).text == question


# --- Markdown ---


def test_a_conversation_as_markdown(golden):
    question = "这话是谁说的？"
    conversation = talk("临溪县有多少个*行政村*？") + Turn(
        question, Reading("…", "speaker"), Answer("…", True, 1.0, (hit(),), 0.0)
    )
    conversation += Turn(
        "那黛山县呢？",
        Reading("黛山县有多少个行政村？", "replaced"),
        Answer("", True, 0.9, (SPEECHES[1],), 1.0),
    )
    conversation += Turn("谁？", Reading("谁？"), Answer("谁？", False, 0.1, (), 1.0))
    conversation += replace(conversation.turns[0], written=WRITTEN)
    conversation += replace(conversation.turns[2], written=UNSUPPORTED)
    second = replace(hit(), passage=SPEECHES[1].passage, score=1.0, highlights=((0, 12),), rank=2)
    both = Answer("", True, 0.9, (replace(hit(), score=1.0), second), 1.0)
    conversation += Turn("谁的村多？", Reading("谁的村多？"), both)
    golden("chat/conversation.md", as_markdown((conversation, Conversation()), WORDS))


VERDICTS = (
    Verdict(0, 19, "临溪县有186个*行政村*[1]。", "临溪县有186个*行政村*。", Reason.SUPPORTED, (1,)),
    Verdict(19, 30, "1. 有<b>200</b>个[1]。", "1. 有<b>200</b>个。", Reason.FACT, (), (1,), ("200",)),
)
WRITTEN = Written(Status.WRITTEN, "m*", "…", VERDICTS, (), "it is [cut](http://evil.example)")
UNSUPPORTED = Written(Status.UNSUPPORTED, "m", "…", VERDICTS[1:], ())
WORDS = Words(
    "理解为：",
    "资料库里没有内容能回答这个问题",
    written=lambda written: f"{written.model} 撰写：{written.status.value} {written.problem}",
    unsupported=lambda verdict: f"未得到支持：{verdict.missing}",
)


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "1. one",
        "# a",
        "[x](javascript:y)",
        "![i](u)",
        "a\n# b",
        "`c`",
        "see https://evil.example or www.evil.example or mail a@b.example",
    ],
)
def test_text_of_documents_stays_text_in_markdown(text):
    written = plain(text)
    assert "\n" not in written
    assert not {"<", "[", "`", "#"} & {
        one for one, before in zip(written, " " + written, strict=False) if before != "\\"
    }
    assert not written.startswith("1. ")
    assert not any(link in written for link in ("s://", "www.", "a@"))  # which become links by themselves
