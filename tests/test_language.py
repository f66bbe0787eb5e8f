"""Which language a passage or a question is in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sample_texts import LANGUAGES, paragraphs

from rag.language import detect_language

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
    "da": ["Hvem vandt?", "Hvornår åbner museet?", "Hvor mange kom?", "Hvor ligger møllen?", "Hvad koster en billet?"],
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


# One short question each is still taken for a near relative (da for no, ru for bg ...): to be mended.
MISSED = ("pt", "sv", "da", "ru")


@pytest.mark.parametrize(
    "language",
    [pytest.param(one, marks=pytest.mark.xfail(strict=True)) if one in MISSED else one for one in QUESTIONS],
)
def test_short_questions(language):
    wrong = {text: found for text in QUESTIONS[language] if (found := detect_language(text)) != language}
    assert wrong == {}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_paragraph(name):
    assert [detect_language(text) for text in paragraphs(name)] == [LANGUAGES[name]] * len(paragraphs(name))


@pytest.mark.xfail(strict=True, reason="611 of 625 (97.8 %) where 98 % is the aim")
def test_nearly_every_sentence():
    found = [(detect_language(text), LANGUAGES[name]) for name in LANGUAGES for text in sentences(name)]
    assert len(found) > 600
    assert sum(one == other for one, other in found) >= 0.98 * len(found)
