"""What looks like a name in any script, and the names that a passage lacks by it; with the bundled model."""

from __future__ import annotations

import pytest
from tiny_encoder import TinyEncoder

from rag.encoder import open_encoder
from rag.generate.likeness import likeness_of
from rag.generate.names import missing_names
from rag.settings import DEFAULT_MODEL


@pytest.fixture(scope="module")
def encoder():
    return open_encoder(DEFAULT_MODEL)


def missing(claim, passage, language, encoder):
    tokens = encoder.encode_passages([claim]).tokens[0]
    pieces = likeness_of(claim, tokens, encoder.fingerprint)
    assert pieces, "fit the direction anew for this model: python -m benchmarks.names"
    return missing_names(claim, passage, language=language, same_language=True, pieces=pieces)


@pytest.mark.parametrize(
    ("language", "claim", "passage", "names"),
    [
        ("en", "Marlow gave 48,000 pounds.", "Edith Sallow gave £48,000 for it.", {"Marlow"}),
        ("en", "IBM sold the division.", "HP sold the division in May.", {"IBM"}),
        ("de", "Der Direktor heißt Hans Müller.", "Der Direktor Karl Weber sprach.", {"Hans", "Müller"}),
        ("de", "Sie wohnt in Berlin.", "Sie lebt in Hamburg.", {"Berlin"}),
        ("zh", "奖金给了王小明。", "奖金最后给了李大国，他是本县教师。", {"王小明"}),
        ("zh", "会议在杭州召开。", "去年的会议在上海举行。", {"杭州"}),
        ("zh", "获奖者是张伟。", "获奖者是张玮。", {"张伟"}),
        ("zh", "他来自南京大学。", "他来自北京大学。", {"南京大学"}),
        ("ja", "社長は田中一郎です。", "社長の山本健二は語った。", {"田中一郎"}),
        ("ja", "会議は大阪で開かれた。", "会議は京都で開催された。", {"大阪"}),
        ("ko", "회의는 부산에서 열렸다.", "회의는 서울에서 열렸다.", {"부산"}),
        ("ar", "ذهب محمد إلى القاهرة.", "ذهب أحمد إلى دمشق.", {"محمد", "القاهرة"}),
        ("hi", "राम दिल्ली में रहता है", "श्याम मुंबई में रहता है", {"राम", "दिल्ली"}),
        ("ru", "Мария живёт в Москве.", "Анна живет в Казани.", {"Мария", "Москве"}),
        ("es", "Sevilla acogió la feria.", "La feria fue en Cádiz.", {"Sevilla"}),
    ],
)
def test_a_name_that_the_passage_lacks(language, claim, passage, names, encoder):
    assert set(missing(claim, passage, language, encoder)) == names


@pytest.mark.parametrize(
    ("language", "claim", "passage"),
    [
        ("en", "Drivers say so.", "Motorists said so."),
        ("en", "Dismantling takes a week.", "They take it apart in a week."),
        ("en", "Applicants must sign.", "People who apply must sign."),
        ("en", "Sallow gave it.", "It is from Edith Sallow's estate."),
        ("de", "Der Direktor heißt Karl Weber.", "Der Direktor Karl Weber sprach."),
        ("de", "Die Bauarbeiten an der Brücke dauern ein Jahr.", "Ein Jahr lang wird gebaut."),
        ("de", "Die Feuerwehr rettete den Hund aus dem Keller.", "Der Vierbeiner wurde von Helfern befreit."),
        ("zh", "奖金给了李大国。", "奖金最后给了李大国，他是本县教师。"),
        ("zh", "会议在上海召开。", "去年的会议于上海举行。"),
        ("zh", "一位老矿工带着三个徒弟办起了攀岩学校。", "师傅收徒教人爬山。"),
        ("zh", "会议在上海龙华召开。", "會議於上海龍華舉行。"),
        ("ja", "社長は山本健二さんです。", "社長の山本健二は語った。"),
        ("ja", "図書館は月曜日に休みます。", "月曜は休館。"),
        ("ko", "회의는 서울에서 열렸다.", "서울에서 회의가 개최되었다."),
        ("ar", "ذهب أحمد إلى دمشق.", "سافر أحمد بدمشق"),
        ("ru", "Анне дали премию в Москве.", "Анна получила премию, Москва рада."),
        ("ru", "Водители недовольны.", "Шоферы ругаются"),
        ("fr", "Ouvriers et patrons sont d'accord.", "Salariés et employeurs d'accord"),
    ],
)
def test_other_words_and_other_forms_of_a_name_are_not_missed(language, claim, passage, encoder):
    assert missing(claim, passage, language, encoder) == []


def test_a_model_without_a_direction_tells_nothing():
    tiny = TinyEncoder()
    assert likeness_of("Marlow", tiny.encode_passages(["Marlow"]).tokens[0], tiny.fingerprint) == ()
