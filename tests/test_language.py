"""Which language a passage or a question is in."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import LANGUAGES, paragraphs

from rag.language import UNDECIDED, detect_language, script_of

SHARED = Path(__file__).resolve().parents[2] / "shared"
SENTENCE_END = re.compile(r"(?<=[.!?。！？؟।])\s*")

QUESTIONS = {
    "en": ["Who won?", "How many people came?", "When was it built?", "Is it open on Sunday?", "Where do I pay?",
           "What does the ferry cost?", "Why did they leave", "Which bridge is older?", "Can dogs swim?"],
    "zh": ["谁赢了?", "桥有多长？", "為什麼關閉", "什么时候开门", "How 怎么用?", "iPhone 15 的电池能用多久？", "他在哪里工作？"],
    "ja": ["誰が勝ちましたか", "いつ開きますか？", "駅はどこ?", "料金はいくら", "東京駅の出口", "会議の議題は何か", "カメラ"],
    "ko": ["누가 이겼나요?", "언제 열어요?", "다리 길이", "왜 문을 닫았습니까", "회의는 어디서 합니까?"],
    "es": ["¿Quién ganó?", "¿Cuándo abre el museo?", "Cuántas personas vinieron", "¿Dónde está el molino?",
           "¿Por qué se cerró la calle?", "¿Qué hay que llevar?", "cual es el precio"],
    "fr": ["Qui a gagné ?", "Quand ouvre le musée ?", "Combien de personnes sont venues ?", "Où est la gare ?",
           "Pourquoi la rue est-elle fermée ?", "Que faut-il apporter ?", "Quel est le prix"],
    "de": ["Wer hat gewonnen?", "Wann öffnet das Museum?", "Wie viele Leute kamen?", "Wo ist die Mühle?",
           "Warum ist die Straße gesperrt?", "Was muss ich mitbringen?", "Was kostet das"],
    "pt": ["Quem ganhou?", "Quando abre o museu?", "Quantas pessoas vieram?", "Onde fica o moinho?",
           "Por que a rua está fechada?", "O que devo levar?", "Qual é o preço"],
    "it": ["Chi ha vinto?", "Quando apre il museo?", "Quante persone sono venute?", "Dove si trova il mulino?",
           "Perché la strada è chiusa?", "Che cosa devo portare?", "Quanto costa il biglietto"],
    "nl": ["Wie heeft gewonnen?", "Wanneer gaat het museum open?", "Hoeveel mensen kwamen er?", "Waar is de molen?",
           "Waarom is de straat afgesloten?", "Wat moet ik meenemen?", "Hoe duur is een kaartje"],
    "pl": ["Kto wygrał?", "Kiedy otwierają muzeum?", "Ile osób przyszło?", "Gdzie jest młyn?",
           "Dlaczego ulica jest zamknięta?", "Co trzeba zabrać?", "Jaka jest cena biletu"],
    "tr": ["Kim kazandı?", "Müze ne zaman açılıyor?", "Kaç kişi geldi?", "Değirmen nerede?",
           "Sokak neden kapalı?", "Yanımda ne getirmeliyim?", "Bilet ne kadar"],
    "vi": ["Ai thắng?", "Khi nào bảo tàng mở cửa?", "Có bao nhiêu người đến?", "Nhà máy ở đâu?", "Tại sao đường bị đóng?"],
    "id": ["Siapa yang menang?", "Kapan museum dibuka?", "Berapa orang yang datang?", "Di mana kincirnya?",
           "Mengapa jalan ditutup?", "Apa yang harus dibawa?"],
    "sv": ["Vem vann?", "När öppnar museet?", "Hur många kom?", "Var ligger kvarnen?", "Varför är gatan avstängd?",
           "Vad ska jag ta med?", "Vad kostar en biljett"],
    "ro": ["Cine a câștigat?", "Când se deschide muzeul?", "Câți oameni au venit?", "Unde este moara?",
           "De ce este închisă strada?", "Ce trebuie să aduc?", "Cât costă biletul"],
    "cs": ["Kdo vyhrál?", "Kdy otevírají muzeum?", "Kolik lidí přišlo?", "Kde je mlýn?", "Proč je ulice zavřená?",
           "Co si mám vzít s sebou?", "Kolik stojí lístek"],
    "da": ["Hvem vandt?", "Hvornår åbner museet?", "Hvor mange kom?", "Hvad koster en billet?"],
    "fi": ["Kuka voitti?", "Milloin museo avataan?", "Kuinka monta ihmistä tuli?", "Missä mylly on?", "Mitä lippu maksaa"],
    "hu": ["Ki nyert?", "Mikor nyit a múzeum?", "Hány ember jött el?", "Hol van a malom?", "Mennyibe kerül a jegy"],
    "ru": ["Кто выиграл?", "Когда откроется музей?", "Сколько людей пришло?", "Где мельница?", "Цена билета"],
    "uk": ["Хто виграв?", "Коли відкриють музей?", "Скільки людей прийшло?", "Де млин?", "Яка ціна квитка"],
    "bg": ["Кой спечели?", "Кога отваря музеят?", "Колко души дойдоха?", "Къде е мелницата?"],
    "ar": ["من فاز؟", "متى يفتح المتحف؟", "كم شخصا حضر؟", "أين الطاحونة؟"],
    "fa": ["چه کسی برنده شد؟", "موزه کی باز می‌شود؟", "چند نفر آمدند؟", "آسیاب کجاست؟"],
    "ur": ["کون جیتا؟", "عجائب گھر کب کھلتا ہے؟", "کتنے لوگ آئے؟"],
    "hi": ["कौन जीता?", "संग्रहालय कब खुलता है?", "कितने लोग आए?"],
    "he": ["מי ניצח?", "מתי נפתח המוזיאון?"],
    "el": ["Ποιος κέρδισε;", "Πότε ανοίγει το μουσείο;"],
    "th": ["ใครชนะ", "พิพิธภัณฑ์เปิดเมื่อไร"],
}  # fmt: skip


def sentences(name: str) -> list[str]:
    text = " ".join(paragraphs(name))
    return [sentence for sentence in SENTENCE_END.split(text) if len(sentence) > 12]


def missed(language: str) -> list[tuple[str, str]]:
    return [(text, found) for text in QUESTIONS[language] if (found := detect_language(text)) != language]


@pytest.mark.parametrize("language", ["en", "zh", "ja", "ko", "es", "fr", "de", "ru"])
def test_short_questions(language):
    assert missed(language) == []


def test_nearly_every_short_question():
    total = sum(map(len, QUESTIONS.values()))
    wrong = [one for language in QUESTIONS for one in missed(language)]
    assert total > 140
    assert len(wrong) <= 0.02 * total, wrong


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_paragraph(name):
    assert [detect_language(text) for text in paragraphs(name)] == [LANGUAGES[name]] * len(paragraphs(name))


def test_nearly_every_sentence():
    found = [(detect_language(text), LANGUAGES[name]) for name in LANGUAGES for text in sentences(name)]
    assert len(found) > 600
    assert sum(one == other for one, other in found) >= 0.98 * len(found)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", UNDECIDED),
        ("  \n", UNDECIDED),
        ("2024 / 11 / 24 — 42 %", UNDECIDED),
        ("!!! ??? 。。。", UNDECIDED),
        ("😀😀👍", UNDECIDED),
        ("XK-42 3.5", UNDECIDED),
        ("\0\x01", UNDECIDED),
        ("请介绍 Retrieval Augmented Generation 的原理", "zh"),
        ("张伟在 Google 和 Microsoft Research 都工作过", "zh"),
        ("The term 关系 (guanxi) means that people are connected to each other.", "en"),
        ("The bridge at Hangzhou (杭州) was built in 1937.", "en"),
        ("東京駅周辺地図", "ja"),
        ("東京大学の歴史", "ja"),
        ("国土交通省関東地方整備局による河川改修工事の実施", "ja"),
        ("我昨天看了日本动画《となりのトトロ》，觉得很好看", "zh"),
        ("這家店叫做「森の家」，賣的是麵包", "zh"),
        ("대한민국 憲法 제1조는 무엇입니까", "ko"),
        ("サーバー", "ja"),
        ("这个 API 的 timeout 默认是多少？", "zh"),
        ("Как настроить PostgreSQL и Redis?", "ru"),
        ("मैं Python सीख रहा हूँ", "hi"),
        ("ﷺ" * 100, "ar"),
        ("Los Angeles, Los Angeles, Los Angeles: the city of the angels and of the film", "en"),
        ("Ｗｈｏ ｗｏｎ？", UNDECIDED),
    ],
)
def test_mixed_and_hard_cases(text, language):
    assert detect_language(text) == language


def test_a_long_text_is_decided_by_its_parts():
    text = "1 2 3 4 5\n" * 200 + "\n".join(paragraphs("ja")) * 5
    assert detect_language(text) == "ja"
    assert detect_language("字" * 10_000_000) == "zh"


@given(st.text(max_size=200))
def test_any_text_gives_a_code_and_always_the_same(text):
    code = detect_language(text)
    assert re.fullmatch(r"[a-z]{2}|und", code)
    assert detect_language(text) == code


@pytest.mark.parametrize(
    ("character", "script"),
    [("a", "latin"), ("é", "latin"), ("字", "han"), ("あ", "kana"), ("ー", "kana"), ("가", "ko"), ("ж", "cyrillic"),
     ("ع", "arabic"), ("ก", "th"), ("ा", "devanagari"), ("1", ""), (" ", ""), ("。", ""), ("\ue000", ""), ("😀", "")],
)  # fmt: skip
def test_scripts(character, script):
    assert script_of(character) == script


def test_it_is_fast_enough_to_ask_for_every_passage():
    texts = [text for name in ("en", "zh-hans", "ru", "fr") for text in paragraphs(name)] * 20
    detect_language(texts[0])
    began = time.perf_counter()
    for text in texts:
        detect_language(text)
    assert len(texts) / (time.perf_counter() - began) > 1000  # 7,000 where it was measured


@pytest.mark.skipif(not SHARED.is_dir(), reason="the evaluation sets are not here")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_the_evaluation_sets(language, name):
    lines = (SHARED / "eval" / f"xquad-{language}" / name).read_text(encoding="utf-8").splitlines()
    found = [detect_language(json.loads(line)["text"]) for line in lines]
    assert found.count(language) >= 0.999 * len(found)
