"""What is kept of each format: a table in docs/formats.md, made from one sample file of each."""

from __future__ import annotations

import pytest
import sample_files
from sample_files import DATE, FIRST, SAMPLES, SECOND, TITLE

from rag.passages import segment
from rag.readers import READERS, read
from rag.records import Document, Passage

HEAD = """# What is kept of each format

Made by `tests/test_formats.py` from one sample file of each format; `pytest --refresh-golden` writes it anew.
"-" is what the format does not say, or what is not taken from it.

| file | title | headings | where a passage stands | lists | tables | date | speaker | offsets |
|---|---|---|---|---|---|---|---|---|
"""


def count_tokens(text: str) -> int:
    return 1 + sum(2 if ord(character) > 0x2E80 else 1 for character in text) // 4


def passages_of(document: Document) -> tuple[str, list[Passage]]:
    found = segment(document, count_tokens=count_tokens, max_tokens=320)
    return found.title, list(found.passages)


def test_the_table_of_formats(tmp_path, golden):
    rows = [row_of(name, list(read(path))) for name, path in sample_files.write_samples(tmp_path).items()]
    golden("../../docs/formats.md", HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows))


def row_of(name: str, documents: list[Document]) -> list[str]:
    cut = [(document, *passages_of(document)) for document in documents]
    passages = [passage for _, _, found in cut for passage in found]
    sources = [passage.source for passage in passages]
    kinds = {block.kind.value for document in documents for block in document.blocks}
    sections = " ".join(source.section for source in sources)
    places = [
        source.place or (f"p. {source.page}" if source.page else f"#{source.id}" if source.id else "")
        for source in sources
    ]
    alma = next((passage.text for passage in passages if "Alma" in passage.text), "")
    table = "row with its headers" if "Ship: Alma" in alma else "rows" if "Alma" in alma else "-"
    return [
        name,
        "yes" if any(title == TITLE for _, title, _ in cut) else "-",
        "yes" if FIRST in sections or SECOND in sections else "-",
        next((place for place in reversed(places) if place), "paragraph"),
        "yes" if "list_item" in kinds else "by shape" if any("- 先" in p.text for p in passages) else "-",
        table,
        "yes" if any(document.date == DATE for document in documents) else "-",
        next((source.speaker for source in sources if source.speaker), "-"),
        "yes" if all(slices_back(document, found) for document, _, found in cut) else "NO",
    ]


def slices_back(document: Document, passages: list[Passage]) -> bool:
    """Whether each passage is its slice of the text, but for white space, marks and repaired hyphens."""

    def letters(text: str) -> str:
        return "".join(character for character in text if character.isalnum())

    return all(
        letters(document.text[passage.source.start : passage.source.end]).startswith(
            letters(passage.text)[:40]
        )
        for passage in passages
    )


def test_every_suffix_family_has_a_sample():
    families = {READERS[f".{name.rpartition('.')[2]}"] for name in SAMPLES}
    assert set(READERS.values()) == families


def samples(tmp_path, name: str) -> list[Document]:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name]())
    return list(read(path))


def test_columns_of_a_pdf_are_read_one_after_the_other(tmp_path):
    (document,) = samples(tmp_path, "sample.pdf")
    title, passages = passages_of(document)
    assert title == TITLE
    english = next(passage for passage in passages if "frost" in passage.text)
    assert english.text.startswith("The harbour master")
    assert "the lower lock. The letters are kept for seven years" in english.text
    assert english.source.page == 1
    chinese = next(passage for passage in passages if "港务局" in passage.text)
    assert chinese.source.page == 2
    assert "harbour annals" not in " ".join(passage.text for passage in passages).lower()
    assert not any(passage.text.strip() in ("1", "2") for passage in passages)
    assert sample_files.CHINESE * 4 in "".join(passage.text for passage in passages)


def test_a_scanned_pdf_is_named_as_such(tmp_path):
    from PIL import Image
    from reportlab.pdfgen.canvas import Canvas

    from rag.errors import ReadError

    Image.new("L", (60, 60), 200).save(tmp_path / "page.png")
    canvas = Canvas(str(tmp_path / "scan.pdf"))
    for _ in range(3):
        canvas.drawImage(str(tmp_path / "page.png"), 0, 0, 500, 700)
        canvas.showPage()
    canvas.save()
    with pytest.raises(ReadError, match=r"its 3 pages hold pictures of text \(a scan\); it needs OCR"):
        list(read(tmp_path / "scan.pdf"))


def test_a_protected_pdf_is_named_as_such(tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    from rag.errors import ReadError

    canvas = Canvas(str(tmp_path / "secret.pdf"), encrypt="ebb and flow")
    canvas.drawString(100, 700, "Nobody may read this.")
    canvas.save()
    with pytest.raises(ReadError, match="protected by a password"):
        list(read(tmp_path / "secret.pdf"))


def test_each_row_of_a_workbook_is_a_passage_with_its_sheet(tmp_path):
    (document,) = samples(tmp_path, "sample.xlsx")
    _, passages = passages_of(document)
    assert [(one.source.place, one.source.page, one.source.section, one.text) for one in passages] == [
        ("sheet Harbour gates", 1, "Harbour gates", "Ship: Alma\nTons: 900\nArrived: 2022-03-04"),
        ("sheet Harbour gates", 1, "Harbour gates", "Ship: Gannet\nTons: 1200.5\nArrived: 2022-03-05 06:30"),
        ("sheet 潮汐记录", 2, "潮汐记录", "船名：江海号\n吨位：1200\n船长：陈曦"),
    ]


def test_a_slide_is_cited_by_its_number_and_title(tmp_path):
    (document,) = samples(tmp_path, "sample.pptx")
    _, passages = passages_of(document)
    places = {(one.source.place, one.source.page, one.source.section) for one in passages}
    assert places == {("slide 1", 1, FIRST), ("slide 2", 2, SECOND)}
    assert any("spring tide" in passage.text for passage in passages)


def test_chapters_come_in_the_order_of_the_spine(tmp_path):
    (document,) = samples(tmp_path, "sample.epub")
    _, passages = passages_of(document)
    assert [one.source.place for one in passages][:1] == [f"chapter {FIRST}"]
    assert passages[-1].source.place == f"chapter {SECOND}"
    assert "Contents" not in document.text


def test_a_mail_names_its_sender_and_its_attachments(tmp_path):
    (document,) = samples(tmp_path, "sample.eml")
    _, passages = passages_of(document)
    assert {passage.source.speaker for passage in passages} == {"Ruth Vane"}
    assert "闸门.png" in document.text


def test_subtitles_keep_time_and_voice(tmp_path):
    (document,) = samples(tmp_path, "sample.vtt")
    _, passages = passages_of(document)
    assert [(one.source.place, one.source.speaker, one.text) for one in passages] == [
        ("at 00:00:01", "Ruth Vane", "Ruth Vane: We close the gates at nine in the evening."),
        ("at 00:00:08", "陈曦", f"陈曦：{sample_files.CHINESE}"),
    ]


def test_what_is_said_a_minute_apart_is_cited_apart(tmp_path):
    (document,) = samples(tmp_path, "sample.srt")
    _, passages = passages_of(document)
    assert [one.source.place for one in passages] == ["at 00:00:01", "at 00:01:05"]


def test_members_of_an_archive_are_documents_by_their_path(tmp_path):
    documents = samples(tmp_path, "sample.zip")
    assert [document.id for document in documents] == ["reports/潮汐.md", "reports/ships.csv", "notes.txt"]
    assert {document.path for document in documents} == {(tmp_path / "sample.zip").as_posix()}
    title, passages = passages_of(documents[2])
    assert title == TITLE
    assert {passage.source.section for passage in passages} >= {FIRST}


def test_names_that_leave_an_archive_are_refused_and_named(tmp_path):
    path = tmp_path / "evil.zip"
    parts = {"../../etc/passwd.txt": b"root", "/abs.txt": b"x", "C:\\w.txt": b"x", "good.txt": b"good words"}
    path.write_bytes(sample_files.packed(parts))
    (document,) = read(path)
    assert (document.id, document.text) == ("good.txt", "good words")
    assert [warning.partition(" leads")[0] for warning in document.warnings] == [
        "'../../etc/passwd.txt'",
        "'/abs.txt'",
        "'C:/w.txt'" if "/" in document.warnings[2][:6] else "'C:\\\\w.txt'",
    ]


def test_archives_in_archives_end(tmp_path):
    data = sample_files.packed({"deep.txt": b"deep words"})
    for _ in range(2):
        data = sample_files.packed({"inner.zip": data})
    path = tmp_path / "nested.zip"
    path.write_bytes(data)
    (document,) = read(path)
    assert document.id == "inner.zip#inner.zip#deep.txt"
    path.write_bytes(sample_files.packed({"inner.zip": data, "top.txt": b"top words"}))
    (document,) = read(path)
    assert document.id == "top.txt"
    assert "lies in more than 3 archives" in document.warnings[0]


def test_tables_without_a_header_keep_their_cells(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("1;2,5\n3;4,5\n", "utf-8")
    (document,) = read(path)
    assert document.text == "1\n2,5\n\n3\n4,5"
