"""The sample documents and questions of `data/`: their forms, their quotes, and that they are our own."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
SHARED = Path(__file__).resolve().parents[2] / "shared"
QUESTION_KEYS = {"id", "lang", "question", "document", "section", "speaker", "quote"}
CODES = {
    "Arabic": "ar",
    "Chinese": "zh",
    "Chinese (traditional)": "zh",
    "English": "en",
    "French": "fr",
    "German": "de",
    "Japanese": "ja",
    "Korean": "ko",
    "Russian": "ru",
    "Spanish": "es",
    "Thai": "th",
}
CJK_RUN = 12  # characters
WORD_RUN = 8


class _Text(HTMLParser):
    """The text of a page as a reader sees it, a line break at every tag that breaks a line."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("script", "style")
        self.parts.append("\n")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")
        self.parts.append("\n")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def encoding(path: Path) -> str:
    """The encoding that the name of a sample document states."""
    return next((name for name in ("gb18030", "big5") if f".{name}." in path.name), "utf-8")


def decoded(path: Path) -> str:
    text = path.read_bytes().decode(encoding(path))
    if path.suffix != ".html":
        return text
    parser = _Text()
    parser.feed(text)
    return "".join(parser.parts)


def squeezed(text: str) -> str:
    """`text` without white space and without the hyphen of a word that a line end cuts."""
    return re.sub(r"\s+", "", re.sub(r"(?<=[^\W\d_])-\s*\n\s*(?=[^\W\d_])", "", text))


def documents() -> list[Path]:
    return sorted(path for path in (DATA / "documents").iterdir() if path.is_file())


@cache
def document(name: str) -> str:
    return squeezed(decoded(DATA / "documents" / name))


@cache
def lines(name: str) -> tuple[dict, ...]:
    text = (DATA / "questions" / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def answerable() -> list[dict]:
    return [line for line in lines("questions") if line["quote"] is not None]


def languages_of_documents() -> dict[str, str]:
    """Document -> language code, from the table of the README."""
    text = (DATA / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", text, re.MULTILINE)
    return {name: CODES[language] for name, language in rows}


def all_questions() -> list[str]:
    pairs = lines("near-misses")
    return (
        [line["question"] for name in ("questions", "offtopic") for line in lines(name)]
        + [pair["answerable"]["question"] for pair in pairs]
        + [pair["unanswerable"]["question"] for pair in pairs]
    )


def test_squeezing_mends_cut_words_only():
    assert squeezed("inter-\n\n viewed at half-past 3-\n4") == "interviewedathalf-past3-4"
    assert squeezed("每个村都把水\n\n费收入") == "每个村都把水费收入"


def test_the_documents_are_those_of_the_readme():
    assert {path.name for path in documents()} == languages_of_documents().keys()
    assert 16 <= len(documents()) <= 24
    assert Counter(languages_of_documents().values())["zh"] >= 6
    assert len(set(languages_of_documents().values())) >= 10


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_document_is_of_a_page_or_two_and_plainly_decoded(path):
    text = decoded(path)
    assert 600 <= len(text) <= 4500
    assert not re.search(r"[�\r\ue000-\uf8ff]", text)


def test_two_documents_are_not_utf_8():
    old = [path for path in documents() if encoding(path) != "utf-8"]
    assert len(old) == 2
    for path in old:
        with pytest.raises(UnicodeDecodeError):
            path.read_bytes().decode("utf-8")


def test_identifiers_and_questions_are_unique():
    everything = [line for name in ("questions", "near-misses", "offtopic") for line in lines(name)]
    assert len({line["id"] for line in everything}) == len(everything)
    repeated = [question for question, times in Counter(all_questions()).items() if times > 1]
    assert repeated == []
    assert all(question == question.strip() and len(question) > 3 for question in all_questions())


def test_no_question_file_looks_like_a_corpus():
    for path in (DATA / "questions").glob("*.jsonl"):
        for line in lines(path.stem):
            assert not {"_id", "text"} & line.keys(), path.name


def test_questions_have_their_form_and_their_numbers():
    assert all(line.keys() == QUESTION_KEYS for line in lines("questions"))
    assert all(
        len({line[key] is None for key in QUESTION_KEYS - {"id", "lang", "question"}}) == 1
        for line in lines("questions")
    )
    assert len(answerable()) >= 150
    assert len(lines("questions")) - len(answerable()) >= 40
    assert len({line["lang"] for line in answerable()}) >= 9
    assert {line["document"] for line in answerable()} == {path.name for path in documents()}


def test_half_of_the_questions_are_in_another_language_than_their_document():
    language = languages_of_documents()
    foreign = sum(line["lang"] != language[line["document"]] for line in answerable())
    assert 0.45 <= foreign / len(answerable()) <= 0.6


@pytest.mark.parametrize("line", answerable(), ids=lambda line: line["id"])
def test_a_quote_its_section_and_its_speaker_stand_in_the_document(line):
    text, quote = document(line["document"]), squeezed(line["quote"])
    place = text.find(quote)
    assert place >= 0
    at = 0
    for heading in line["section"].split(" › ") if line["section"] else []:
        at = text.find(squeezed(heading), at)
        assert 0 <= at < place
        at += len(squeezed(heading))
    assert squeezed(line["speaker"]) in text[:place]


def test_near_misses_are_two_hundred_pairs_in_three_languages():
    pairs = lines("near-misses")
    assert len(pairs) == 200
    counted = Counter(pair["lang"] for pair in pairs)
    assert counted.keys() == {"zh", "en", "es"}
    assert min(counted.values()) >= 45
    for pair in pairs:
        assert pair.keys() == {"id", "lang", "answerable", "unanswerable"}
        assert pair["answerable"].keys() == {"question", "quote", "document"}
        assert pair["unanswerable"].keys() == {"question", "why"}
        assert pair["unanswerable"]["why"].strip()


@pytest.mark.parametrize("pair", lines("near-misses"), ids=lambda pair: pair["id"])
def test_the_quote_of_a_near_miss_stands_in_its_document(pair):
    answer = pair["answerable"]
    assert squeezed(answer["quote"])
    assert squeezed(answer["quote"]) in document(answer["document"])


def test_offtopic_questions_are_many_and_in_many_languages():
    assert len(lines("offtopic")) == 150
    assert all(line.keys() == {"id", "lang", "question"} for line in lines("offtopic"))
    assert sum(times >= 10 for times in Counter(line["lang"] for line in lines("offtopic")).values()) >= 9


def cjk_runs(text: str) -> Iterator[str]:
    """All stretches of CJK_RUN characters, punctuation and Latin letters breaking them."""
    for run in re.findall(r"[぀-ヿ㐀-鿿가-힣]+", re.sub(r"\s", "", text)):
        yield from (run[i : i + CJK_RUN] for i in range(len(run) - CJK_RUN + 1))


def word_runs(text: str) -> Iterator[str]:
    """All stretches of WORD_RUN words, casefolded."""
    found = re.findall(r"\w+", text.casefold())
    yield from (" ".join(found[i : i + WORD_RUN]) for i in range(len(found) - WORD_RUN + 1))


def runs(text: str) -> set[str]:
    return {*cjk_runs(text), *word_runs(text)}


def shared_texts() -> Iterator[str]:
    """Every text of the seed and of the evaluation sets."""
    for path in sorted((SHARED / "seed").iterdir()):
        yield path.read_text(encoding="utf-8")
    for path in sorted((SHARED / "eval").rglob("*.jsonl")):
        with path.open(encoding="utf-8") as records:
            yield from (json.loads(record)["text"] for record in records)


def test_runs_are_found_where_they_are():
    assert "一二三四五六七八九十甲乙" in runs("x 一二三四五六\n七八九十甲乙丙")
    assert "a b c d e f g h" in runs("A b, c d e f g h")
    assert runs("too short to hold any run") == set()


@pytest.mark.skipif(not (SHARED / "seed").is_dir(), reason="needs the shared texts")
def test_nothing_is_copied_from_the_shared_texts():
    ours = set[str]().union(*(runs(decoded(path)) for path in documents()))
    for path in (*(DATA / "questions").glob("*.jsonl"), *(DATA / "answers").glob("*.jsonl")):
        ours |= runs(path.read_text(encoding="utf-8"))
    ours |= runs((DATA / "README.md").read_text(encoding="utf-8"))
    assert len(ours) > 5000
    common = {run for text in shared_texts() for run in runs(text) if run in ours}
    assert common == set()
