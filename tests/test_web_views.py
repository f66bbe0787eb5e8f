"""The smaller views: what was judged, the map's list, failures, findings, removals, examples, a PDF's page."""

from __future__ import annotations

import re

import pytest
from serving import FERRY
from test_web_html import HOSTILE, answer, document, hit, info, parsed, passage, source

from rag.library import Library
from rag.records import Document, Failure, Finding
from rag.web.chart import controls_view, near_view
from rag.web.examples import examples_view
from rag.web.handlers import Desk
from rag.web.intake import removal_view
from rag.web.jobs import Removal
from rag.web.judged import FOLDER, RIGHT, WRONG, Said, judge, judged_view, measure, read_said
from rag.web.reader import Place, reader_view
from rag.web.room_texts import room_texts
from rag.web.shelf import failures_view, findings_view
from rag.web.texts import EN, ZH

FREE = "Children under twelve travel free."
CREW = "Its eleven crew members come from the island."
CREW_QUESTION = "Where do the eleven crew members come from?"


def lines(markup: str) -> str:
    """The markup, an element a line, as golden files keep it."""
    return markup.replace("><", ">\n<") + "\n"


def shape(markup: str) -> tuple[list[str], set[str]]:
    """The tags in order, and the names of the attributes."""
    found = parsed(markup)
    return [tag for tag in found.tags if tag not in ("br", "mark")], {name for name, _ in found.attributes}


def is_inert(mine: str, harmless: str) -> bool:
    """Whether `mine` is built as `harmless` is, and holds no template."""
    return shape(mine) == shape(harmless) and not {"$", "{", "}", "`"} & set(mine)


# --- what was judged ---


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    evil = "\n\n".join(f"The lighthouse of number {n} says {text}" for n, text in enumerate(HOSTILE))
    files = {"ferry.md": FERRY, "<i>${x}.txt": evil}
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8", "replace"))
    with Library(folder / "index") as library:
        library.add(folder)
        yield library


@pytest.fixture
def desk(library, tmp_path):
    return Desk(library, tmp_path)


def key_of(desk, name):
    return next(one.key for one in desk.documents() if one.path.endswith(name))


def test_nothing_was_judged_yet(desk, golden):
    golden("web/judged-none-zh.html", lines(judged_view(desk, ZH, measured=False)))
    assert judged_view(desk, ZH, measured=True) == judged_view(desk, ZH, measured=False)


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_what_was_judged_is_counted_and_measured(tmp_path, golden, texts):
    (tmp_path / "ferry.md").write_text(FERRY, "utf-8")
    with Library(tmp_path / "index") as library:  # of two passages: the second cannot come but second
        library.add(tmp_path / "ferry.md")
        check_what_was_judged(Desk(library, tmp_path / "index"), golden, texts)


def check_what_was_judged(desk, golden, texts):
    ferry = key_of(desk, "ferry.md")
    assert judge(
        desk, Said("What does one crossing cost?", "four pounds for one crossing", ferry), right=True
    )
    assert judge(desk, Said(CREW_QUESTION, FREE, ferry), right=True)  # a miss
    assert judge(desk, Said("Who discovered penicillin?", None, None), right=True)
    assert judge(desk, Said(CREW_QUESTION, CREW, ferry), right=False)  # and this is what comes first
    assert "wj-metrics" not in judged_view(desk, texts, measured=False)
    golden(f"web/judged-{texts.tongue}.html", lines(judged_view(desk, texts, measured=True)))


def test_the_bars_stand_where_the_figures_say(desk):
    assert judge(
        desk,
        Said("What does one crossing cost?", "four pounds for one crossing", key_of(desk, "ferry.md")),
        right=True,
    )
    shown = judged_view(desk, EN, measured=True)
    first = measure(desk, read_said(desk.index / FOLDER / RIGHT)).figures
    assert first.metrics["recall@1"] == 1
    assert "left:100.0%" in shown
    assert EN.unexpected not in shown


def test_what_is_judged_and_no_longer_there_is_counted_and_not_measured(desk):
    folder = desk.index / FOLDER
    folder.mkdir()
    (folder / RIGHT).write_text(
        '{"question": "q", "quote": "gone", "document": "/nowhere.txt"}\nno JSON\n[]\n'
    )
    shown = judged_view(desk, EN, measured=True)
    assert "wj-metrics" not in shown
    assert "data-act" not in shown  # nothing is there to be measured


def test_nothing_of_a_judgement_becomes_markup(desk):
    evil = key_of(desk, "<i>${x}.txt")
    texts = [one.text for one in desk.library.passages_of(evil)]
    assert any("<script>" in text for text in texts)
    for number, text in enumerate(texts[:8]):
        assert judge(desk, Said(f"{CREW_QUESTION} {HOSTILE[number]}", text, evil), right=True)
    assert judge(desk, Said(texts[0], texts[0], evil), right=False)
    shown = judged_view(desk, EN, measured=True)
    found = parsed(shown)
    assert {room_texts(EN).misses, room_texts(EN).wrong_still} <= set(found.text)
    assert not {"script", "img", "svg", "iframe", "textarea"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert not {"$", "{", "}", "`"} & set(shown)
    assert "<script>alert(1)</script>" in "".join(found.text)


def test_a_user_sees_the_own_file_only(library, tmp_path):
    ada = Desk(library, tmp_path, apart=True).for_user("ada")
    assert judge(ada, Said("Who discovered penicillin?", None, None), right=True)
    assert (tmp_path / FOLDER / "ada" / RIGHT).exists()
    assert not (tmp_path / FOLDER / "ada" / WRONG).exists()
    assert "ada/right.jsonl" in judged_view(ada, EN, measured=False)
    bo = Desk(library, tmp_path, apart=True).for_user("bo")
    assert "wj-blank" in judged_view(bo, EN, measured=False)


# --- the map ---


def test_what_is_found_near_a_question(golden):
    golden("web/near-en.html", lines(near_view(answer(), (0.1234567, -1.0), EN)))
    assert 'data-ids="[]"' in near_view(answer(hits=(), answerable=False), (0.0, 0.0), EN)


@pytest.mark.parametrize("texts", [ZH, EN], ids=["zh", "en"])
def test_controls_of_the_map(golden, texts):
    golden(f"web/map-controls-{texts.tongue}.html", lines(controls_view(texts)))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_near_a_question_becomes_markup(text):
    where = source(document=f"/docs/{text}", title=text, section=text, speaker=text, role=text, id=text)
    hostile = hit(passage=passage(text * 3, source=where), highlights=((0, 5),))
    harmless = near_view(answer(hits=(hit(passage=passage(source=source(id="i"))),)), (0.0, 0.0), EN)
    shown = near_view(answer(question=text, hits=(hostile,)), (0.0, 0.0), EN)
    assert shape(shown)[0] == shape(harmless)[0]
    assert not {"$", "{", "}", "`"} & set(shown)


# --- failures, findings, removals, examples ---


def test_files_that_could_not_be_read(golden):
    failures = [
        Failure("/docs/a <b>.pdf", "/docs/a <b>.pdf is no PDF file (it begins with 'no')"),
        Failure("/docs/locked.pdf", "/docs/locked.pdf is locked with a password; see /docs/locked.txt"),
    ]
    golden("web/failures-zh.html", lines(failures_view(failures, ZH)))
    assert "/docs" not in failures_view(failures, EN)
    assert failures_view([], EN) == ""


def test_what_doctor_found(golden):
    findings = [Finding("ok", "all is well"), Finding("error", "one <row> is damaged", "rag doctor --repair")]
    golden("web/findings-en.html", lines(findings_view(findings, EN)))


def test_a_removal_and_its_undoing(golden, tmp_path):
    golden("web/removal-zh.html", lines(removal_view(Removal(7, "", tmp_path / "甲 <乙>.txt", None), ZH)))


def test_questions_to_begin_with(golden):
    golden("web/examples-en.html", lines(examples_view(["林一舟说了什么？", "What is “<b>” about?"], EN)))
    assert examples_view([], EN) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_smaller_views_becomes_markup(text, tmp_path):
    evil, plain = tmp_path / text.replace("/", "_").replace("\x00", "_"), tmp_path / "a.txt"
    for mine, harmless in [
        (failures_view([Failure(f"/d/{text}", text)], EN), failures_view([Failure("/d/a", "r")], EN)),
        (findings_view([Finding("error", text, text)], EN), findings_view([Finding("error", "a", "b")], EN)),
        (removal_view(Removal(1, "", evil, None), ZH), removal_view(Removal(1, "", plain, None), ZH)),
        (examples_view([text, text], ZH), examples_view(["a", "b"], ZH)),
    ]:
        assert is_inert(mine, harmless)


# --- the page of a PDF ---


def as_pdf(path="/docs/北岸 日报.PDF", **changes) -> Document:
    whole, _ = document()
    return Document(path, whole.title, whole.text, whole.blocks, **changes)


def picture_of(whole: Document, *, place: Place | None = None, texts=ZH) -> str:
    view = reader_view(whole, document()[1], place=place, offset=0, texts=texts)
    return "".join(re.findall(r"<details class=\"wj-sheet\".*?</details>", view))


def on_page(page: int | None) -> Place:
    return Place(passage(source=source(page=page)))


def test_the_page_of_a_pdf(golden):
    golden("web/picture-zh.html", lines(picture_of(as_pdf(), place=on_page(2))))


@pytest.mark.parametrize(
    ("place", "page"), [(None, 1), (on_page(1), 1), (on_page(2), 2), (on_page(9), 2), (on_page(None), 1)]
)
def test_the_page_shown_is_the_one_of_the_passage_and_is_there(place, page):
    shown = picture_of(as_pdf(), place=place, texts=EN)
    assert f'data-page="{page}" data-pages="2"' in shown
    assert f'src="wenju/page/{page}?doc=%2Fdocs%2F' in shown


def test_only_a_whole_pdf_has_a_picture():
    assert picture_of(as_pdf("/docs/a.docx")) == ""
    assert picture_of(as_pdf(id="inside.pdf")) == ""
    assert picture_of(Document("/docs/a.pdf", "", "no pages are known")) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_name_of_a_pdf_becomes_markup(text):
    shown = picture_of(as_pdf(f"/docs/{text}.pdf"))
    assert is_inert(shown, picture_of(as_pdf()))
    assert "&doc=" not in shown
    assert info(f"{text}.pdf").key.endswith(".pdf")
