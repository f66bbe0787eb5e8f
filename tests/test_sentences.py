"""Each case is one text with "|" where a sentence ends; the marks are taken out before the text is split."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import LONG_NARROW, LONG_WIDE, sentence_spans

CASES = {
    "zh": [
        "今天下雨。|我们不出门。|明天再说！|好吗？|好。",
        "他说：“我来了。你走吧。”|他走了。",
        "“你好！”他说。|然后坐下。",
        "“我不去。”小王笑着说，“太远了。”|大家都笑了。",
        "“今年的收成比去年好。”农户李大山告诉记者，梨卖到了外省。|他很高兴。",
        "“这是命令。”|市长看完报告就离开了。",
        "他问：“为什么？”|没有人回答。",
        "以“为什么学？学什么？”为主题的讲座开始了。|人很多。",
        "这座桥长3.5公里。|它于1957年10月15日通车。",
        "他（出生于杭州。后来去了上海。）是医生。|她是老师。",
        "他来了。|（记者 王一 报道）",
        "你说什么？！|我没听见……|算了。".replace("……|", "……"),
        "他想了想……“好吧。”|于是走了。".replace("……“", "……|“"),
        "真的吗?他不信!|走吧.好的.".replace("吗?", "吗?|").replace("吧.", "吧.|"),
        "版本是1.2.3。|网址是https://example.com/a?b=c。|请看！",
        "《你好！再见》是一部电影。|很好看。",
        "第一句。[1]|第二句。[来源请求]|第三句。",
        "一、标题\n|正文在这里。|还有一句\n\n|新的段落",
        "他说得对，不过……我不同意。|就这样。",
        "编号３．５的文件。|编号4。",
        "价格是￥3.50。|便宜！！！|买吧。",
    ],
    "zh-Hant": [
        "「你好嗎？」他問道。|「我很好。」",
        "老師說：「下課。」|學生們走了。",
        "館內開放時間為9:00至17:30。|週一休館。",
    ],
    "ja": [
        "「行くぞ。」と彼は言った。|そして去った。|本当に？|はい。",
        "値段は1.5倍になった。|高い！|でも買う。",
        "彼は「もう帰る」と言った。|外は雨だった。",
        "「えっ！」という声がした。|誰だろう。",
        "参加費は無料です（昼食は別。要予約。）ので、ぜひどうぞ。|お待ちしています｡|以上。",
    ],
    "ko": [
        "그는 학교에 갔다. |비가 왔다. |정말? |네!",
        "값은 3.5퍼센트 올랐다. |“더 오를 것이다.”라고 그는 말했다. |끝.",
        "그는 갔다.|그러나 그녀는 남았다.",
    ],
    "en": [
        "Dr. Smith met Mrs. Jones at St. Paul's. |They spoke of J. R. R. Tolkien.",
        "The U.S. Army left at 5 p.m. on Friday. |He lives in the U.S. |She does not.",
        "It cost $3.50, i.e. less than before, e.g. in 1999. |See p. 12, Fig. 3, and Vol. 2. |Good.",
        "Acme Inc. bought Foo Ltd. |The price was secret. |It was sold by Bar Co. Ltd. to Jane.",
        "“Really?” he asked. |“Yes.” |She left.",
        "“Who is there?” John asked. |Nobody.",
        '"Stop!" |He ran. |(He was late. Very late.) |Then (see no. 5.) he slept.',
        "Version 1.2.3 is out. |Visit https://example.org/a.b?c=d. |Write to a.b@example.org!",
        "Well... maybe. |I wonder... |Why not?!",
        "He said no. |The end. |World War I. |It was long.",
        "Brown v. Board of Education was decided on Jan. 5, 1954. |Nobody slept.",
        "First fact.[1][2] |Second fact.[citation needed] |Third.",
        "1. First item\n|2. Second item\n|- third item\n|• fourth",
        "The column of this newspaper is narrow and\nbroken in the middle of a sentence. |It goes on.",
        "Short title\n|it begins here. |And ends.",
        "Wrapped after a stop at the end of this line.\n|then lower case.",
        "The iPhone sold well. |iPhone sales rose. |Ph.D. students cheered.",
        "He is tall, dark, etc. |She is not. |Messrs. Black et al. 2003 agree.",
        "Items: apples; pears; plums. |Done.",
        "the list has no capital. |and nothing".replace("|", ""),
    ],
    "de": [
        "Er kam am 3. Oktober 1990, z. B. mit Dr. Müller, d. h. nicht allein. |Das war gut.",
        "Der 2. Platz ging an Nr. 7. |Sie freute sich u. a. sehr.",
        "„Komm her!“ |Sie ging. |»Nein.« |Es war ca. 5.000 Euro wert.",
        "Äpfel, Birnen usw. |Die Preise bzw. Kosten stiegen.",
    ],
    "fr": [
        "M. Dupont et Mme Durand sont là. |« Bonjour ! » dit-il. |« Oui. » |Elle partit.",
        "Il est né en 1990 av. J.-C., cf. p. 5. |Qu'est-ce que c'est ? |Rien !",
    ],
    "es": [
        "El Sr. García y la Sra. López llegaron a EE. UU. ayer. |¿Qué pasó? |¡Nada! |Fin.",
        "Vive en la Avda. Mayor núm. 5. |La Dra. Ruiz dijo: «No.» |Es 3,5 veces mayor.",
    ],
    "it": ["Il sig. Rossi e il dott. Bianchi arrivano. |È tardi. |Perché? |Non so."],
    "pt": ["O Sr. Silva mora na Av. Brasil, n.º 5. |Ela não. |Por quê? |Sim."],
    "nl": ["Dhr. Jansen kwam om 5 uur, d.w.z. te laat. |Hij lachte. |Waarom? |Zo."],
    "pl": ["Dr Nowak mieszka przy ul. Długiej, np. od 1990 r. w Krakowie. |To prawda. |Dlaczego?"],
    "ru": [
        "А. С. Пушкин родился в 1799 г. в Москве. |Он умер в 1837 г. |На дуэли.",
        "Он живёт на ул. Ленина, т. е. в центре. |Рядом парк, музей и т. д. |Но далеко.",
        "Цена – 3,5 тыс. руб. за штуку. |– Дорого! – сказал он. |– Нет.",
        "«Кто там?» — спросил он. |«Я». |Проф. Иванов ушёл.",
    ],
    "ar": [
        "ما هذا؟ |هذا كتاب. |ذهب د. أحمد إلى السوق. |انتهى!",
        "بلغ السعر 3.5 دولار. |ثم ارتفع؛ ولم ينخفض.",
    ],
    "ur": ["یہ کتاب ہے۔ |وہ کہاں ہے؟ |یہاں۔"],
    "fa": ["این کتاب است. |آن چیست؟ |نمی‌دانم."],
    "he": ["זה ספר. |מה זה? |לא יודע!"],
    "hi": ["यह एक किताब है। |डॉ. शर्मा आए। |वह कौन है? |मैं।"],
    "el": ["Τι είναι αυτό; |Είναι βιβλίο. |Ο κ. Παπάς ήρθε."],
    "hy": ["Սա գիրք է։ |Դա ի՞նչ է։"],
    "my": ["သူ လာသည်။ |သူမ သွားသည်။"],
    "km": ["នេះជាសៀវភៅ។ |នោះជាអ្វី? |ទេ។"],
    "am": ["ይህ መጽሐፍ ነው። |ያ ምንድን ነው?"],
    "th": [
        "หมู่บ้านนี้เป็นหมู่บ้านชาวประมงเล็กๆ ริมปากแม่น้ำนวล |แต่ปัจจุบันมีนักท่องเที่ยวมาเยือนทุกวัน",
        "ราคา 45 บาท และใช้เวลา 50 นาที",
        "ผมไปแล้วนะครับ |เธอยังไม่ไปเลย",
    ],
    "vi": ["Ông ấy là TS. Nguyễn Văn A ở TP. Hồ Chí Minh. |Bà ấy không. |Tại sao?"],
    "tr": ["Dr. Yılmaz 3. katta oturuyor. |Elma, armut vb. sattı. |Neden?"],
    "cs": ["Přišel 3. října, např. s MUDr. Novákem. |Proč? |Nevím."],
}


def marked(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("language", "case"), [(language, case) for language, cases in CASES.items() for case in cases]
)
def test_sentences_of_many_languages(language: str, case: str) -> None:
    text = case.replace("|", "")
    expected = [part.strip() for part in case.split("|")]
    assert marked(text, sentence_spans(text, language)) == expected


@pytest.mark.parametrize(
    "case",
    [case for language, cases in CASES.items() if language not in {"de", "tr", "cs"} for case in cases],
)
def test_the_language_need_not_be_known(case: str) -> None:
    text = case.replace("|", "")
    assert marked(text, sentence_spans(text)) == [part.strip() for part in case.split("|")]


def test_an_overlong_sentence_is_cut_at_its_semicolons() -> None:
    clause = "这一条说的是村里的水怎样管、怎样分、怎样用，谁来修、谁来付钱、谁来看管"
    short = f"{clause}；{clause}。"
    long = "；".join([clause] * 4) + "。"
    assert len(short) <= LONG_WIDE < len(long)
    assert len(sentence_spans(short)) == 1
    assert len(sentence_spans(long)) == 4
    narrow = "; ".join(["the second party shall repair the roof and keep the well in order"] * 8) + "."
    assert len(narrow) > LONG_NARROW
    assert len(sentence_spans(narrow)) == 8


def test_punctuation_alone_belongs_to_the_sentence_before() -> None:
    text = "Hello there. — \n***\nNext one."
    assert marked(text, sentence_spans(text)) == ["Hello there. — \n***", "Next one."]
    assert marked("。。。", sentence_spans("。。。")) == ["。。。"]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\u3000"])
def test_nothing_has_no_sentences(text: str) -> None:
    assert sentence_spans(text) == []


HARD = st.text(
    alphabet="aAbBзД国人。！？.!?…，；;：“”「」()（）[]«»\"'’ \n\u3000\u00a01２3กข다한।؟م-•\x00\ud800\u2028",
    max_size=80,
)


@given(st.one_of(HARD, st.text()), st.sampled_from(["und", "zh", "de", "th", "en"]))
def test_every_character_is_in_exactly_one_sentence(text: str, language: str) -> None:
    end = 0
    for start, stop in sentence_spans(text, language):
        assert end <= start < stop <= len(text)
        assert not text[end:start].strip()
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert not text[end:].strip()


@given(HARD)
def test_a_sentence_that_is_split_again_stays_whole_at_a_blank_line(text: str) -> None:
    once = sentence_spans(text)
    twice = sentence_spans(text + "\n\n" + text)
    assert len(twice) <= 2 * len(once)
    if any(character.isalnum() for character in text):
        assert len(twice) >= len(once)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "国",
        "。",
        ". ",
        "Mr. Foo went. ",
        "（",
        "“。”",
        " \n",
        " ",
        "；",
        "ก ",
        "a\n",
        "J. ",
        ".[1",
        "!A",
        "”",
        "\x00",
    ],
)
def test_time_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.perf_counter()
        sentence_spans(unit * count + "a")
        return time.perf_counter() - start

    seconds(100)
    assert seconds(80_000) < 60 * seconds(5_000) + 0.5
