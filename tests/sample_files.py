"""One file of each format with the same things to keep, made by other programs' libraries or by hand.

Each holds the title, two headings, Chinese and English text, a list, a table and a date, as far as the format
can say them.
"""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

TITLE = "潮汐与闸门 Tides and Gates"
DATE = "2021-04-05"
FIRST, SECOND = "Harbour gates", "潮汐记录"
ENGLISH = (
    "The harbour master keeps a register of every vessel that enters the basin, and the clerks compare it with "
    "the tide tables each evening before the gates are closed."
)
CHINESE = "港务局每天登记进港的船只，傍晚关闸以前由值班员同潮汐表核对，误差超过一刻钟的要写明原因。"
ITEMS = ("Close the north gate first.", "先放下南闸的浮标。")
ROWS = (("Ship", "Tons", "Master"), ("Alma", "900", "Ruth Vane"), ("江海号", "1200", "陈曦"))


def packed(parts: dict[str, str | bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    """A zip file of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(name, data, kind)
    return buffer.getvalue()


def text() -> bytes:
    rows = "\n".join("  ".join(row) for row in ROWS)
    items = "\n".join(f"- {item}" for item in ITEMS)
    return f"{TITLE}\n\n{FIRST}\n\n{ENGLISH}\n\n{items}\n\n{SECOND}\n\n{CHINESE}\n\n{rows}\n".encode()


def markdown() -> bytes:
    table = "\n".join(f"| {' | '.join(row)} |" for row in (ROWS[0], ("---",) * 3, *ROWS[1:]))
    items = "\n".join(f"- {item}" for item in ITEMS)
    front = f'---\ntitle: "{TITLE}"\ndate: {DATE}\n---\n'
    return (
        f"{front}\n## {FIRST}\n\n{ENGLISH}\n\n{items}\n\n## {SECOND}\n\n{CHINESE}\n\n{table}\n\n"
        "```\ngate.close()\n```\n"
    ).encode()


def page_body() -> str:
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    items = "".join(f"<li>{item}</li>" for item in ITEMS)
    return f"<h2>{FIRST}</h2><p>{ENGLISH}</p><ul>{items}</ul><h2>{SECOND}</h2><p>{CHINESE}</p><table>{table}</table>"


def html() -> bytes:
    menu = "".join(f'<li><a href="/{n}">Menu {n}</a></li>' for n in range(6))
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta property="article:published_time" content="{DATE}T08:00:00Z"></head><body><nav><ul>{menu}</ul></nav>'
        f'<main><h1>{TITLE}</h1><p class="byline">Ruth Vane</p>{page_body()}</main></body></html>'
    ).encode()


def pdf() -> bytes:
    """Two columns drawn line by line across the page, with a running head and page numbers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.setTitle(TITLE)
    canvas._doc.info.invariant = True
    for number, (heading, columns) in enumerate(((FIRST, english_columns()), (SECOND, chinese_columns())), 1):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 810, "Harbour Annals, volume 3")
        canvas.drawString(290, 30, str(number))
        font = "Times-Roman" if number == 1 else "STSong-Light"
        canvas.setFont("Helvetica-Bold" if number == 1 else font, 16)
        canvas.drawString(60, 770, heading)
        canvas.setFont(font, 10)
        for line, (left, right) in enumerate(zip(*columns, strict=True)):
            canvas.drawString(60, 740 - 14 * line, left)
            canvas.drawString(310, 740 - 14 * line, right)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def english_columns() -> tuple[list[str], list[str]]:
    """The lines of two columns; the first ends inside a word."""
    left = [
        "The harbour master keeps a register of every vessel",
        "that enters the basin, and the clerks compare it with",
        "the tide tables each evening before the gates are",
        "closed. Whoever finds a difference of more than a",
        "quarter of an hour writes down the reason, signs the",
        "page and tells the keeper of the lower lock. The let-",
    ]
    right = [
        "ters are kept for seven years in the iron chest of the",
        "custom house, which only two of the masters together",
        "can open. When the river froze in the hard winter the",
        "keepers walked across the ice and read the marks on",
        "the far bank by lantern light, and not one evening is",
        "missing from the books of those eleven weeks of frost.",
    ]
    return left, right


def chinese_columns() -> tuple[list[str], list[str]]:
    whole = CHINESE * 6
    lines = [whole[start : start + 20] for start in range(0, 240, 20)]
    return lines[:6], lines[6:]


def docx() -> bytes:
    import docx as word

    document = word.Document()
    document.core_properties.title = TITLE
    document.core_properties.created = datetime.datetime.fromisoformat(DATE)
    document.add_heading(TITLE, 0)
    document.add_heading(FIRST, 1)
    document.add_paragraph(ENGLISH)
    for item in ITEMS:
        document.add_paragraph(item, style="List Bullet")
    document.add_heading(SECOND, 1)
    document.add_paragraph(CHINESE)
    table = document.add_table(len(ROWS), len(ROWS[0]))
    for row, cells in enumerate(ROWS):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    return saved(document.save)


def pptx() -> bytes:
    import pptx as slides
    from pptx.util import Inches

    show = slides.Presentation()
    show.core_properties.title = TITLE
    show.core_properties.created = datetime.datetime.fromisoformat(DATE)
    for heading, body in ((FIRST, ENGLISH), (SECOND, CHINESE)):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = heading
        slide.placeholders[1].text = body
        for item in ITEMS if body == ENGLISH else ():
            slide.placeholders[1].text_frame.add_paragraph().text = item
    frame = slide.shapes.add_table(len(ROWS), len(ROWS[0]), Inches(1), Inches(4), Inches(8), Inches(2))
    for row, cells in enumerate(ROWS):
        for column, cell in enumerate(cells):
            frame.table.cell(row, column).text = cell
    slide.notes_slide.notes_text_frame.text = "Notes: remind the keeper of the spring tide."
    return saved(show.save)


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.properties.title = TITLE
    book.properties.created = datetime.datetime.fromisoformat(DATE)
    sheet = book.active
    sheet.title = FIRST
    sheet.append(["Ship", "Tons", "Arrived"])
    sheet.append(["Alma", 900, datetime.date(2022, 3, 4)])
    sheet.append(["Gannet", 1200.5, datetime.datetime(2022, 3, 5, 6, 30)])
    other = book.create_sheet(SECOND)
    for row in (("船名", "吨位", "船长"), ROWS[2]):
        other.append(row)
    return saved(book.save)


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def csv() -> bytes:
    return "\n".join(",".join(row) for row in ROWS).encode("gb18030")


def tsv() -> bytes:
    return "\n".join("\t".join(row) for row in ROWS).encode()


def epub() -> bytes:
    def chapter(heading: str, body: str) -> str:
        return (
            f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{TITLE}</title></head>'
            f"<body><h1>{heading}</h1>{body}</body></html>"
        )

    items = "".join(f"<li>{item}</li>" for item in ITEMS)
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    content = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{TITLE}</dc:title><dc:date>{DATE}</dc:date></metadata><manifest>"
        '<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>'
    )
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/c.opf"/></rootfiles></container>',
            "OEBPS/c.opf": content,
            "OEBPS/nav.xhtml": chapter("Contents", "<nav><a href='a'>a</a></nav>"),
            "OEBPS/text/b.xhtml": chapter(FIRST, f"<p>{ENGLISH}</p><ul>{items}</ul>"),
            "OEBPS/text/a.xhtml": chapter(SECOND, f"<p>{CHINESE}</p><table>{table}</table>"),
        },
        stored=("mimetype",),
    )


def odt() -> bytes:
    table = "".join(
        f"<t:table-row>{''.join(f'<t:table-cell><x:p>{cell}</x:p></t:table-cell>' for cell in row)}</t:table-row>"
        for row in ROWS
    )
    items = "".join(f"<x:list-item><x:p>{item}</x:p></x:list-item>" for item in ITEMS)
    names = 'xmlns:o="urn:o" xmlns:x="urn:text" xmlns:t="urn:table" xmlns:m="urn:meta" xmlns:dc="urn:dc"'
    body = (
        f'<o:document-content {names}><o:body><o:text><x:p x:style-name="Title">{TITLE}</x:p>'
        f'<x:h x:outline-level="1">{FIRST}</x:h><x:p>The harbour<x:s/><x:span>master</x:span>{ENGLISH[18:]}</x:p>'
        f'<x:list>{items}</x:list><x:h x:outline-level="1">{SECOND}</x:h><x:p>{CHINESE}</x:p>'
        f"<t:table>{table}</t:table></o:text></o:body></o:document-content>"
    )
    meta = (
        f"<o:document-meta {names}><o:meta><dc:title>{TITLE}</dc:title>"
        f"<m:creation-date>{DATE}T08:00:00</m:creation-date></o:meta></o:document-meta>"
    )
    return packed(
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": body, "meta.xml": meta}
    )


def rtf() -> bytes:
    def encoded(words: str) -> bytes:
        return b"".join(
            bytes([byte]) if byte < 128 else b"\\'%02x" % byte for byte in words.encode("gb18030")
        )

    day = b"\\yr2021\\mo4\\dy5"
    head = b"{\\rtf1\\ansi\\ansicpg936\\deff0{\\fonttbl{\\f0\\fnil\\fcharset134 SimSun;}}"
    info = b"{\\info{\\title " + encoded(TITLE) + b"}{\\creatim" + day + b"}}"
    parts = [TITLE, FIRST, ENGLISH, *ITEMS, SECOND, CHINESE]
    return head + info + b"".join(b"\\pard " + encoded(part) + b"\\par\n" for part in parts) + b"}"


def eml() -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"] = TITLE
    message["From"] = "Ruth Vane <ruth@harbour.example>"
    message["To"] = "keeper@harbour.example"
    message["Date"] = "Mon, 05 Apr 2021 08:00:00 +0800"
    message.set_content(f"{ENGLISH}\n\n{CHINESE}\n\n> {ITEMS[0]}\n")
    message.add_alternative(f"<p>{ENGLISH}</p>", subtype="html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="闸门.png")
    return message.as_bytes().replace(b"===============", b"==boundary==")


def json_file() -> bytes:
    records = [
        {"title": TITLE, "date": DATE, "author": "Ruth Vane", "text": ENGLISH},
        dict(zip(("船名", "吨位", "船长"), ROWS[2], strict=True)),
    ]
    return json.dumps({"ships": records}, ensure_ascii=False).encode()


def jsonl() -> bytes:
    records = json.loads(json_file())["ships"]
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def corpus() -> bytes:
    records = [{"_id": "g1", "title": TITLE, "text": ENGLISH}, {"_id": "g2", "title": "", "text": CHINESE}]
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def srt() -> bytes:
    cues = [
        ("00:00:01,000 --> 00:00:04,000", "The harbour master keeps"),
        ("00:00:04,200 --> 00:00:08,000", "<i>a register of every vessel.</i>"),
        ("00:01:05,000 --> 00:01:09,000", CHINESE[:16]),
        ("00:01:09,100 --> 00:01:12,000", CHINESE[16:]),
    ]
    return "\r\n\r\n".join(
        f"{number}\r\n{times}\r\n{said}" for number, (times, said) in enumerate(cues, 1)
    ).encode()


def vtt() -> bytes:
    return (
        "WEBVTT\n\nNOTE made for a test\n\n00:01.000 --> 00:04.000 align:start\n<v Ruth Vane>We close the gates"
        "\n\n00:04.100 --> 00:07.000\n<v Ruth Vane>at nine in the evening.\n\n00:08.000 --> 00:12.000\n"
        f"<v 陈曦>{CHINESE}\n"
    ).encode()


def bundle() -> bytes:
    return packed(
        {
            "reports/潮汐.md": markdown(),
            "reports/ships.csv": csv(),
            "notes.txt": text(),
            "photo.png": b"\x89PNG",
        }
    )


SAMPLES: dict[str, Callable[[], bytes]] = {
    "sample.txt": text,
    "sample.md": markdown,
    "sample.html": html,
    "sample.pdf": pdf,
    "sample.docx": docx,
    "sample.pptx": pptx,
    "sample.xlsx": xlsx,
    "sample.csv": csv,
    "sample.tsv": tsv,
    "sample.epub": epub,
    "sample.odt": odt,
    "sample.rtf": rtf,
    "sample.eml": eml,
    "sample.json": json_file,
    "sample.jsonl": jsonl,
    "corpus.jsonl": corpus,
    "sample.srt": srt,
    "sample.vtt": vtt,
    "sample.zip": bundle,
}


def write_samples(folder: Path) -> dict[str, Path]:
    """One file of each format in the folder, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        (folder / name).write_bytes(make())
    return {name: folder / name for name in SAMPLES}
