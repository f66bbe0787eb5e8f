"""Which encoding a file has, what its characters are, and that doubt is never silent."""

from __future__ import annotations

import codecs
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import LANGUAGES, paragraphs, windows

from rag.decoding import clean, decode, doubts, naturalness
from rag.errors import EncodingError, ReadError

# The encodings that must be told apart, each with the languages that are written in it.
OLDER = {
    "gbk": ["zh-hans"],
    "gb18030": ["zh-hans"],
    "big5": ["zh-hant"],
    "shift_jis": ["ja"],
    "euc_jp": ["ja"],
    "euc_kr": ["ko"],
    "cp1251": ["ru", "uk", "bg"],
    "koi8_r": ["ru"],
}
WESTERN = ["en", "es", "fr", "de", "pt", "it", "nl", "sv", "da", "no", "fi"]
FURTHER = {
    "cp1252": WESTERN,
    "iso8859_1": WESTERN,
    "cp1250": ["pl", "cs", "hu"],
    "cp1253": ["el"],
    "cp1254": ["tr"],
    "cp1255": ["he"],
    "cp1256": ["ar"],
    "cp874": ["th"],
    "koi8_u": ["uk"],
    "cp866": ["ru"],
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
SIZES = (200, 400, 1000)


def tally(encoding: str, names: list[str], size: int) -> tuple[int, int, int, int]:
    """Return how many pieces there were, were read wrongly, wrongly without a warning, rightly with one."""
    pieces = [
        piece for name in names for piece in windows(name, encoding, size=size, count=-(-50 // len(names)))
    ]
    wrong = silent = warned = 0
    for piece in pieces:
        data = piece.encode(encoding)
        try:
            decoded = decode(data, name="sample")
        except ReadError:
            wrong += 1
            continue
        if decoded.text == piece:
            warned += bool(decoded.warnings)
        else:
            wrong += 1
            silent += not decoded.warnings
    return len(pieces), wrong, silent, warned


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", OLDER)
def test_older_encodings_are_told_from_200_bytes_up(encoding, size):
    total, wrong, silent, warned = tally(encoding, OLDER[encoding], size)
    assert total >= 45
    assert wrong <= 0.02 * total
    assert silent == 0
    assert warned <= 0.1 * total


@pytest.mark.parametrize("encoding", FURTHER)
def test_further_encodings_are_told_from_400_bytes_up(encoding):
    total, wrong, silent, _ = tally(encoding, FURTHER[encoding], 400)
    assert wrong <= 0.02 * total
    assert silent == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", UNICODE)
def test_unicode_is_told_without_a_doubt_in_every_language(encoding, size):
    total, wrong, _, warned = tally(encoding, list(LANGUAGES), size)
    assert total >= 50
    assert (wrong, warned) == (0, 0)


def test_characters_outside_gbk_are_read_from_gb18030():
    text = paragraphs("zh-hans")[0] + "𠮷野家、😀、ḿ"
    decoded = decode(text.encode("gb18030"), name="sample")
    assert (decoded.text, decoded.encoding, decoded.warnings) == (text, "gb18030", ())


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_text(mark, encoding):
    decoded = decode(mark + "第一行\r\n二".encode(encoding), name="sample")
    assert (decoded.text, decoded.encoding, decoded.warnings) == ("第一行\n二", encoding, ())


def test_a_few_accents_far_down_an_english_text_are_found():
    text = (
        "The weather was fine all week.\n" * 20_000
        + "Une journée d'été à la plage, où l'on a mangé des pâtes.\n"
    )
    assert decode(text.encode("cp1252"), name="sample").text == text


def test_a_broken_byte_in_utf8_is_reported_with_its_line():
    good = "\n".join(paragraphs("ja"))
    data = good.encode("utf-8")
    place = data.index("議事録".encode())
    decoded = decode(data[:place] + b"\xff" + data[place:], name="sample")
    line = good[: good.index("議事録")].count("\n") + 1
    assert decoded.text == good.replace("議事録", "\ufffd議事録")
    assert decoded.encoding == "utf-8"
    assert decoded.warnings == (f"1 broken stretches of utf-8 were replaced by �, the first in line {line}",)


@pytest.mark.parametrize(
    ("encoding", "name", "broken"),
    [
        ("gb18030", "zh-hans", b"\xff"),
        ("cp932", "ja", b"\x81"),
        ("cp949", "ko", b"\xff"),
        ("cp950", "zh-hant", b"\xff"),
    ],
)
def test_a_broken_byte_does_not_hide_an_encoding_of_several_bytes(encoding, name, broken):
    text = "\n\n".join(paragraphs(name))
    data = text.encode(encoding, "ignore")
    cut = data.index(b"\n\n")
    decoded = decode(data[:cut] + broken + data[cut:], name="sample")
    assert decoded.encoding == encoding
    assert any("broken" in warning for warning in decoded.warnings)
    assert decoded.text.replace("\ufffd", "") == data.decode(encoding)


def test_a_text_that_ends_in_mid_character_keeps_all_the_rest():
    data = paragraphs("zh-hans")[0].encode("gbk")[:-1]
    decoded = decode(data, name="sample")
    assert decoded.text[:-1] == paragraphs("zh-hans")[0][:-1]
    assert decoded.warnings


def test_what_a_page_declares_is_believed_where_it_fits():
    text = "价格：五元"
    assert decode(text.encode("gbk"), name="sample", declared="GB2312").text == text
    assert decode(text.encode("utf-8"), name="sample", declared="gb2312").text == text
    assert (
        decode(paragraphs("ja")[0].encode("cp932"), name="sample", declared="utf-8").text
        == paragraphs("ja")[0]
    )
    assert decode("naïve".encode("cp1252"), name="sample", declared="no-such-thing").text == "naïve"


def test_little_evidence_is_said_to_be_little():
    decoded = decode("Ein Café in Köln".encode("cp1252"), name="sample")
    assert decoded.text == "Ein Café in Köln"
    assert "evidence is thin" in decoded.warnings[0]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "a PNG image"),
        (b"PK\x03\x04" + bytes(range(256)) * 4, "a ZIP archive"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 4, "a PDF document"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "a program"),
        (random.Random(1).randbytes(5000), "a binary file"),
        (bytes(1000), "a binary file"),
        (random.Random(2).randbytes(64), "a binary file"),
    ],
)
def test_binary_files_are_refused_by_kind(data, kind):
    with pytest.raises(ReadError, match=f"sample is {kind}.*not text") as raised:
        decode(data, name="sample")
    assert "\n" not in str(raised.value)


def test_bytes_that_fit_no_encoding_are_an_encoding_error():
    noise = bytes(random.Random(3).choices(range(0x80, 0x100), k=4000))
    with pytest.raises(EncodingError, match="sample: no character encoding"):
        decode(noise, name="sample")


def test_blank_text_is_refused():
    with pytest.raises(ReadError, match="sample holds no text"):
        decode(" \r\n\u3000\ufeff".encode(), name="sample")


def test_nul_and_other_control_characters_become_spaces_and_are_reported():
    body = "甲乙丙丁" * 50
    decoded = decode(f"{body}\0戊\x07己".encode(), name="sample")
    assert decoded.text == f"{body} 戊 己"
    assert decoded.warnings == ("2 control characters were replaced by spaces",)


def test_private_characters_stay_and_are_reported():
    decoded = decode(f"{'甲乙丙丁' * 9}\ue123".encode(), name="sample")
    assert decoded.text.endswith("\ue123")
    assert decoded.warnings == ("1 characters are private ones that only the author's font can show",)


def test_clean_leaves_one_kind_of_line_end_and_keeps_what_scripts_need():
    assert clean("a\r\nb\rc\vd\u2028e\u2029f\x85g\nh") == "a\nb\nc\nd\ne\nf\ng\nh"
    assert clean("\x1b[31mred\x1b[0m\x9b") == " [31mred [0m "
    assert clean("tab\tpage\fnul\0") == "tab\tpage\fnul "
    assert (
        clean("\u202bعربي\u202c می\u200cخواهم 👨\u200d👩\u200d👧")
        == "\u202bعربي\u202c می\u200cخواهم 👨\u200d👩\u200d👧"
    )
    assert clean("a\ud800b\ufeffc") == "a\ufffdbc"
    assert doubts("a\ud800b") == ("1 half characters (lone surrogates) were replaced by \ufffd",)


@given(st.text(st.characters(), max_size=60))
def test_cleaned_text_can_go_anywhere(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not set(cleaned) & {"\0", "\r", "\x1b", "\ufeff"}
    assert clean(cleaned) == cleaned


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_give_clean_text_or_a_named_error(data):
    try:
        decoded = decode(data, name="sample")
    except ReadError as error:
        problem = str(error)
    else:
        problem = "sample"
        assert clean(decoded.text) == decoded.text
        assert decoded.text.strip()
        codecs.lookup(decoded.encoding)
    assert problem.startswith("sample")
    assert "\n" not in problem


def test_naturalness_by_hand():
    assert naturalness("plain") == (1.0, 0.0)
    assert naturalness("Привет, мир") == (1.0, 0.0)
    # A capital after a small letter, and the small one after that: -1 for each of the two instead of 1.
    natural, strange = naturalness("приВет")
    assert strange == 4.0
    assert natural == pytest.approx((6 - 4) / 6)
    assert naturalness("\ue000\ue001")[0] == 0.0
