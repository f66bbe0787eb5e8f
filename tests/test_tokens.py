from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.tokens import MAX_WORD, STEM_MARK, lexical_terms, words


def whole_words(text: str) -> list[str]:
    return [term for term in lexical_terms(text) if not term.endswith(STEM_MARK)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("COVID-19 state-of-the-art", ["covid", "19", "state", "of", "the", "art"]),
        ("l’homme don't", ["l", "homme", "don", "t"]),
        ("Café naïve Ångström Łódź", ["cafe", "naive", "angstrom", "łodz"]),
        ("Straße STRASSE ﬁne", ["strasse", "strasse", "fine"]),
        ("İstanbul", ["istanbul"]),
        ("Ёлка ёлка Йод", ["елка", "елка", "йод"]),
        ("Ἀθῆναι Αθήναι ΣΑΣ σας", ["αθηναι", "αθηναι", "σασ", "σασ"]),
        ("مُحَمَّد محمد", ["محمد", "محمد"]),
        ("الكتاب كتاب والكتاب", ["كتاب", "كتاب", "كتاب"]),
        ("שָׁלוֹם שלום", ["שלום", "שלום"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("می‌خواهم", ["ميخواهم"]),
        ("GPT4 H2O", ["gpt", "4", "h", "2", "o"]),
    ],
)
def test_words_of_scripts_with_spaces(text: str, expected: list[str]) -> None:
    assert whole_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 1000 １，０００", ["1000"] * 3),
        ("1’234’567.89", ["1234567.89"]),
        ("23.5% 23,5 ２３．５", ["23.5"] * 3),
        ("v1.2.3", ["v", "1.2.3"]),
        ("٢٠٢١ २०२१ 2021", ["2021"] * 3),
        ("١٬٠٠٠ ٣٫٥", ["1000", "3.5"]),
        ("3.", ["3"]),
        ("① ㎏", ["1", "kg"]),
        ("2021年", ["2021", "年"]),
    ],
)
def test_numbers_stay_whole(text: str, expected: list[str]) -> None:
    assert lexical_terms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("共同富裕", ["共", "共同", "同", "同富", "富", "富裕", "裕"]),
        ("国", ["国"]),
        ("他，她", ["他", "她"]),
        ("食べる", ["食", "食べ", "べ", "べる", "る"]),
        ("ｶﾞｷﾞ", ["ガ", "ガギ", "ギ"]),
        ("カード", ["カ", "カー", "ー", "ード", "ド"]),
        ("한국 말", ["한", "한국", "국", "말"]),
        ("ที่นี่", ["ที่", "ที่นี่", "นี่"]),
        ("用iPhone拍", ["用", "iphone", "ipho" + "n" + STEM_MARK, "拍"]),
    ],
)
def test_unspaced_scripts_give_characters_and_pairs(text: str, expected: list[str]) -> None:
    assert lexical_terms(text) == [unicodedata.normalize("NFKC", term) for term in expected]


def test_half_and_full_width_are_one() -> None:
    assert lexical_terms("ＡＢＣ　１２３　ﾃﾞｰﾀ") == lexical_terms("abc 123 データ")


def test_traditional_and_simplified_stay_apart() -> None:
    assert lexical_terms("國") != lexical_terms("国")


def test_stems_join_the_forms_of_a_word_in_any_alphabet() -> None:
    for one, other in [("nations", "national"), ("правительство", "правительства"), ("книгами", "книгах")]:
        assert set(lexical_terms(one)) & set(lexical_terms(other)) == {lexical_terms(one)[0][:5] + STEM_MARK}
    assert lexical_terms("cats") == ["cats"]
    assert lexical_terms("house") == ["house", "house" + STEM_MARK]


def test_places_are_those_of_the_text_as_written() -> None:
    text = "Straße ﷺ ｶﾞ e\u0301té，１,０００"
    found = {word.text: text[word.start : word.end] for word in words(text)}
    assert found == {
        "strasse": "Straße",
        "stras~": "Straße",
        "صلي": "ﷺ",
        "الله": "ﷺ",
        "عليه": "ﷺ",
        "وسلم": "ﷺ",
        "ガ": "ｶﾞ",
        "ete": "e\u0301té",
        "1000": "１,０００",
    }


@pytest.mark.parametrize("text", ["", " \n\t", "!?…。", "\x00\x01\ud800", "ـ", "\u200d\u200c", "😀👩‍👩‍👧"])
def test_nothing_that_is_a_word(text: str) -> None:
    assert lexical_terms(text) == []
    assert words(text) == []


def test_u_fdfa_a_hundred_times() -> None:
    found = words("ﷺ" * 100)
    assert {word.text for word in found} >= {"الله", "عليه"}
    assert found[-1].end == 100


@given(st.text())
def test_words_and_terms_agree_and_terms_are_fit_for_the_index(text: str) -> None:
    found = words(text)
    assert [word.text for word in found] == lexical_terms(text)
    for word in found:
        assert 0 <= word.start < word.end <= len(text)
        assert word.text
        assert not any(character.isspace() or character == "\u0001" for character in word.text)
        assert len(word.text) <= 2 * MAX_WORD
    assert [word.start for word in found] == sorted(word.start for word in found)


@given(st.text(alphabet="aé国カﾞ1,.٣ﷺـ\u0301\u200d 한ที่ß"))
def test_terms_of_a_hard_alphabet_agree(text: str) -> None:
    assert [word.text for word in words(text)] == lexical_terms(text)


@given(st.text(alphabet="国中人abc 12，。"), st.text(alphabet="国中人abc 12，。"))
def test_a_line_break_parts_words(left: str, right: str) -> None:
    assert lexical_terms(left + "\n" + right) == lexical_terms(left) + lexical_terms(right)


@pytest.mark.parametrize("unit", ["a", "国", "e\u0301", "\u0301", "1,", "ﷺ", "ก็", "ab "])
def test_time_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.perf_counter()
        words(unit * count)
        return time.perf_counter() - start

    seconds(1000)
    assert seconds(160_000) < 60 * seconds(10_000) + 0.5


def test_a_long_run_is_cut() -> None:
    found = words("a" * 1000)
    assert {len(word.text) for word in found} == {MAX_WORD, 1000 % MAX_WORD}
    assert found[-1].end == 1000
