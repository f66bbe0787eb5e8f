"""Who signs and who speaks: bylines, credits, notes and turns by their shape."""

from __future__ import annotations

import pytest

from rag.segment.bylines import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    credit_at_end,
    credit_at_start,
    is_note,
    is_note_label,
    parse_byline,
)
from rag.segment.names import is_han_name, is_word_name
from rag.segment.turns import find_turns, is_resolution

BYLINES = {
    "青溪县委书记 何立新": ("何立新", "青溪县委书记"),
    "临江市委常委、云湖区委书记 沈 涛": ("沈 涛", "临江市委常委、云湖区委书记"),
    "常务副主任、开发区党工委书记　徐　敏": ("徐　敏", "常务副主任、开发区党工委书记"),
    "牧业合作社理事长 巴特尔·苏和": ("巴特尔·苏和", "牧业合作社理事长"),
    "村党支部书记潘大勇": ("潘大勇", "村党支部书记"),
    "本报记者 张敏 通讯员 李国强": ("张敏、李国强", "本报记者 通讯员"),
    "记者 吴 军": ("吴 军", "记者"),
    "文/周一鸣 图/何静": ("周一鸣", "文"),
    "作者：郑海燕": ("郑海燕", "作者"),
    "丁一然（师范大学教授）": ("丁一然", "师范大学教授"),
    "（新华社记者 王俊禄、张璇）": ("王俊禄、张璇", "新华社记者"),
    "2024-03-01 10:20 来源：云岭日报 作者：周一鸣 编辑：何静": ("周一鸣", "作者"),
    "記者陳書瑋／龍潭口報導": ("陳書瑋", "記者"),
    "By Jane Roe": ("Jane Roe", "By"),
    "BY ANNA PETROVA": ("ANNA PETROVA", "BY"),
    "By Thomas O’Neill and Mary-Ann Clarke": ("Thomas O’Neill and Mary-Ann Clarke", "By"),
    "By Jane Roe, Mayor of Exmouth": ("Jane Roe", "Mayor of Exmouth"),
    "By Ludwig van der Berg | The Herald": ("Ludwig van der Berg", "By"),
    "Priya Nair, Mayor of Exmouth": ("Priya Nair", "Mayor of Exmouth"),
    "DR. IRENE MACASKILL, Emeritus Professor of Geography": (
        "DR. IRENE MACASKILL",
        "Emeritus Professor of Geography",
    ),
    "poems by Ottoline Frey": ("Ottoline Frey", "poems by"),
    "Author: Ines Duarte": ("Ines Duarte", "Author"),
    "Texto: Andrés de la Fuente": ("Andrés de la Fuente", "Texto"),
    "María José Cano, alcaldesa de Villar": ("María José Cano", "alcaldesa de Villar"),
    "Автор: Ольга Ветлугина": ("Ольга Ветлугина", "Автор"),
    "بقلم: سلمى البحراني": ("سلمى البحراني", "بقلم"),
    "โดย นภัสสร ทองสุข": ("นภัสสร ทองสุข", "โดย"),
    "한결일보 윤서하 기자": ("윤서하", "기자"),
}


@pytest.mark.parametrize("line", BYLINES)
def test_byline(line):
    byline = parse_byline(line)
    assert byline is not None
    assert (byline.speaker, byline.role) == BYLINES[line]
    assert byline.strength >= LIKELY


@pytest.mark.parametrize(
    ("line", "speaker", "role"),
    [
        ("聞き手　小田切 亮", "小田切 亮", "聞き手"),
        ("文・山田花子", "山田花子", "文"),
        ("小学校教諭 三ツ谷 香苗", "三ツ谷 香苗", "小学校教諭"),
        ("東都大学教授　佐藤健一", "佐藤健一", "東都大学教授"),
    ],
)
def test_japanese_byline(line, speaker, role):
    byline = parse_byline(line, japanese=True)
    assert byline is not None
    assert (byline.speaker, byline.role) == (speaker, role)


@pytest.mark.parametrize("line", ["Por Lucía Benavides", "Par Hélène Marchand", "Von Klara Wehling"])
def test_prepositions_need_a_heading_above(line):
    byline = parse_byline(line)
    assert byline is not None
    assert byline.strength == LIKELY


@pytest.mark.parametrize("line", ["王小明", "Jane Roe", "Ольга Ветлугина"])
def test_a_mere_name_is_only_possible(line):
    byline = parse_byline(line)
    assert byline is not None
    assert (byline.speaker, byline.strength) == (line, POSSIBLE)


@pytest.mark.parametrize(
    "line",
    [
        "守好青山绿水 做强生态产业",
        "让老街区焕发新活力",
        "为什么要把账本挂在门口",
        "这条水沟从山顶流到山脚，经过九个村。",
        "第一条 承包标的",
        "By the river",
        "By the end of the year everyone had gone.",
        "WHAT THE RIVER KNOWS ABOUT US",
        "von Mäusen und Menschen",
        "Thursday 6 June 2024",
        "- oven work",
    ],
)
def test_no_certain_byline(line):
    byline = parse_byline(line)
    assert byline is None or byline.strength < CERTAIN


def test_authors_with_footnotes_sign_no_passage():
    byline = parse_byline("Marta Oyelaran (1), Henrik Solbakken (2) and Pilar Quintanilla (1)")
    assert byline is not None
    assert byline.speaker == ""


@pytest.mark.parametrize("name", ["王强", "徐 军", "欧阳志远", "阿不都·热西提", "馬英華", "陈方安生"])
def test_han_names(name):
    assert is_han_name(name)


@pytest.mark.parametrize("text", ["时间", "方法", "青山绿水", "加快发展", "王", "项目", "温州", "安全生产"])
def test_no_han_names(text):
    assert not is_han_name(text)


def test_word_names():
    assert all(map(is_word_name, ["Jane Roe", "J. R. Whitcombe", "María de la Cruz", "Jean-Luc Ferrand"]))
    assert not any(map(is_word_name, ["Jane", "the river", "Jane walked", "London in May"]))


def test_credits_within_a_paragraph():
    assert credit_at_end("花了四个月。（本报记者 赵敏）").speaker == "赵敏"
    assert credit_at_end("The door was open. (Reporting by Jane Roe)").speaker == "Jane Roe"
    assert credit_at_end("花了四个月（共十二万元）") is None
    assert credit_at_start("本报讯（记者 吴晓梅）老邮局重新开门。").speaker == "吴晓梅"
    assert credit_at_start("新华社杭州3月1日电（记者王俊禄、张璇）老邮局").speaker == "王俊禄、张璇"
    assert credit_at_start("【記者陳書瑋／龍潭口報導】停業二十三年").speaker == "陳書瑋"
    assert credit_at_start("老邮局（建于1936年）重新开门。") is None


@pytest.mark.parametrize(
    "text",
    [
        "编者按：本期刊登三篇发言。",
        "【编者按】本期刊登三篇发言。",
        "編集部より：この記事は",
        "Editor's note: These pieces were written by readers.",
        "A NOTE FROM THE EDITORS: In May we asked",
        "Nota de la redacción: Los textos",
        "Note de la rédaction : Ces textes",
        "Anmerkung der Redaktion: Die Beiträge",
        "От редакции: тексты этой страницы",
        "ملاحظة المحرر: كتب هذه النصوص",
        "편집자 주: 이 면의 글은",
        "หมายเหตุบรรณาธิการ: บทความ",
    ],
)
def test_notes(text):
    assert is_note(text)
    assert not is_note_label(text)


def test_note_labels_and_what_is_no_note():
    assert is_note_label("编者按")
    assert is_note_label("Editor's note:")
    assert not is_note("编者按照要求修改了全文。")
    assert not is_note("The editor's note was long.")


def test_turns_of_names_beside_each_other():
    turns = find_turns(["会议记录", "张敏：我同意。", "李国强（主任）：那就定了。", "时间：三点"])
    assert turns.labels == {"张敏", "李国强"}
    assert turns.of("李国强（主任）：那就定了。").role == "主任"
    assert turns.of("时间：三点") is None


def test_turns_of_questions_and_answers():
    turns = find_turns(["Q: Why?", "A: Because.", "Q: When?", "A: Now."])
    turn = turns.of("Q: Why?")
    assert (turn.speaker, turn.is_question) == ("", True)
    assert not turns.of("A: Now.").is_question


def test_turns_of_a_surname_that_answers_questions():
    turns = find_turns(
        ["Frage: Warum?", "Dornseif: Darum.", "Frage: Wann?", "Dornseif: Jetzt.", "Ort: Rathaus"]
    )
    assert turns.of("Dornseif: Jetzt.").speaker == "Dornseif"
    assert turns.of("Ort: Rathaus") is None


def test_office_and_name_of_a_turn_are_parted():
    turns = find_turns(
        ["Mayor Roe: No.", "Professor Achebe: Yes.", "施工方代表 陆工：好。", "顾老师：不好。"]
    )
    turn = turns.of("Mayor Roe: No.")
    assert (turn.speaker, turn.role) == ("Roe", "Mayor")
    assert turns.of("施工方代表 陆工：好。").speaker == "陆工"


@pytest.mark.parametrize(
    "texts",
    [
        ["Note: mind the gap.", "Warning: hot.", "Note: mind the step."],
        ["时间：三点", "地点：会议室", "时间：四点", "地点：操场"],
        ["优点：便宜。", "缺点：太小。", "优点：轻。", "缺点：贵。"],
        ["Open at 10:30 on Monday.", "Open at 11:30 on Tuesday."],
        ["Jane Roe: a life", "Chapter one"],
    ],
)
def test_fields_are_no_turns(texts):
    assert find_turns(texts).labels == frozenset()


def test_resolutions_are_nobodys_words():
    assert is_resolution("Beschluss: Der Baum wird ausgelöst.")
    assert is_resolution("RESOLVED: that the secretary write.")
    assert not is_resolution("Resolved to leave, she packed.")
