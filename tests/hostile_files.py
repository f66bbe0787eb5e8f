"""Files that are damaged or made to do harm, of every format: the same for the same number."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from sample_files import SAMPLES, packed

KINDS = ("truncated", "flipped", "holed", "doubled", "misnamed", "inner", "spliced")
_MIB = 1 << 20


@cache
def sample(name: str) -> bytes:
    return SAMPLES[name]()


def mutations(name: str, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged versions of a sample file, each with what was done to it."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield f"{kind}-{number}", mutated(name, kind, random.Random(f"{name} {number}"))


def mutated(name: str, kind: str, chance: random.Random) -> bytes:
    data = bytearray(sample(name))
    if kind == "inner" and name != "sample.zip" and data.startswith(b"PK"):
        return inner_mutated(bytes(data), chance)
    if kind == "truncated":
        return bytes(data[: chance.randrange(1, len(data))])
    if kind == "holed":
        start = chance.randrange(len(data))
        data[start : start + chance.randrange(1, 400)] = bytes(chance.randrange(1, 400))
    elif kind == "doubled":
        start = chance.randrange(len(data))
        data[start:start] = data[start : start + chance.randrange(1, 2000)] * chance.randrange(1, 50)
    elif kind == "misnamed":
        return sample(chance.choice([other for other in SAMPLES if other != name]))
    elif kind == "spliced":
        other = sample(chance.choice(list(SAMPLES)))
        return bytes(data[: chance.randrange(len(data))]) + other[chance.randrange(len(other)) :]
    else:
        for _ in range(chance.choice((1, 4, 64))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def inner_mutated(data: bytes, chance: random.Random) -> bytes:
    """A package whose parts are damaged but packed well: what reaches the parser behind the unpacker."""
    parts: dict[str, str | bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            part = bytearray(archive.read(info))
            if part and chance.random() < 0.5:
                for _ in range(chance.choice((1, 8))):
                    part[chance.randrange(len(part))] = chance.randrange(256)
            parts[info.filename] = bytes(part)
    return packed(parts)


# --- made to do harm ----------------------------------------------------------------------------------------

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(97 + n)} "' + f"&{chr(96 + n)};" * 10 + '">' for n in range(1, 10))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
WORD = '<w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:body></w:document>'


def zeros(mebibytes: int) -> bytes:
    """A zip file of one part of that many MiB of blanks, made without holding them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(mebibytes):
                part.write(b" " * _MIB)
        with archive.open("bomb.txt", "w", force_zip64=True) as part:
            for _ in range(mebibytes):
                part.write(b" " * _MIB)
    return buffer.getvalue()


def nested_zip(depth: int) -> bytes:
    data = packed({"end.txt": b"the end"})
    for _ in range(depth):
        data = packed({"inner.zip": data, "again.zip": data} if len(data) < 10_000 else {"inner.zip": data})
    return data


def pdf_of(objects: list[bytes]) -> bytes:
    body = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body
        + head
        + table
        + b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            len(body),
        )
    )


def pdf_page(content: bytes, *, box: bytes = b"0 0 600 800", count: int = 1, compress: bool = True) -> bytes:
    stream = zlib.compress(content, 9) if compress else content
    kind = b"/Filter/FlateDecode" if compress else b""
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count,
            b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>" % box,
            b"<</Length %d%s>>stream\n%s\nendstream" % (len(stream), kind, stream),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def sheet(cells: str) -> bytes:
    names = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    return packed(
        {
            "xl/workbook.xml": f'<workbook {names}><sheets><sheet name="A" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="r1" Target="worksheets/a.xml"/></Relationships>',
            "xl/worksheets/a.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>",
        }
    )


def lying_zip() -> bytes:
    """A package that says that its part is small, and is not."""
    data = bytearray(packed({"word/document.xml": b" " * (4 * _MIB)}))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(data)


def multipart(depth: int) -> bytes:
    head = b"Subject: deep\nFrom: a@b.c\nMIME-Version: 1.0\n"
    for level in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
    return head + b"Content-Type: text/plain\n\nthe end\n"


HARMFUL: dict[str, Callable[[], bytes]] = {
    "bomb.docx": lambda: zeros(200),
    "bomb.zip": lambda: zeros(200),
    "lying.docx": lying_zip,
    "laughs.docx": lambda: packed({"word/document.xml": LAUGHS + WORD.format("&i;")}),
    "outside.docx": lambda: packed({"word/document.xml": OUTSIDE + WORD.format("&a;")}),
    "deep.docx": lambda: packed({"word/document.xml": "<a>" * 1_000_000}),
    "tables.docx": lambda: packed({"word/document.xml": WORD.format("x").replace("<w:p>", "<w:tbl><w:tr><w:tc>" * 60 + "<w:p>", 1)}),
    "styles.docx": lambda: packed(
        {
            "word/styles.xml": '<w:styles xmlns:w="urn:w"><w:style w:styleId="a"><w:basedOn w:val="a"/></w:style></w:styles>',
            "word/document.xml": WORD.format("in a circle").replace("<w:r>", '<w:pPr><w:pStyle w:val="a"/></w:pPr><w:r>'),
        }
    ),
    "laughs.odt": lambda: packed({"content.xml": LAUGHS + "<text><p>&i;</p></text>"}),
    "spaces.odt": lambda: packed({"content.xml": "<t><p>" + '<s c="999999999"/>' * 50_000 + "end</p></t>"}),
    "laughs.xhtml": lambda: (LAUGHS + "<html><body><p>&i; words</p></body></html>").encode(),
    "laughs.xlsx": lambda: sheet(LAUGHS),
    "far.xlsx": lambda: sheet('<row><c r="XFD1048576" t="str"><v>far</v></c><c r="ZZZZZZZ1" t="str"><v>x</v></c></row>'),
    "wide.xlsx": lambda: sheet('<row><c r="XFC1" t="str"><v>wide</v></c></row>' * 100_000),
    "numbers.xlsx": lambda: sheet('<row><c><v>1e999999</v></c><c t="s"><v>99999999999999999999</v></c></row>'),
    "parts.pptx": lambda: packed({f"ppt/slides/slide{n}.xml": b"<a/>" for n in range(30_000)}),
    "circle.epub": lambda: packed(
        {
            "META-INF/container.xml": '<c><rootfile full-path="META-INF/container.xml"/></c>',
        }
    ),
    "nested.zip": lambda: nested_zip(40),
    "many.zip": lambda: packed({f"{n}.txt": b"words" for n in range(21_000)}),
    "deep.json": lambda: b"[" * 3_000_000,
    "deep-right.json": lambda: b"[" * 900 + b'"words"' + b"]" * 900,
    "number.json": lambda: b'{"text": "words", "n": ' + b"9" * 1_000_000 + b"}",
    "deep.jsonl": lambda: b'{"a":' * 500_000 + b"\n" + b'{"text": "words"}\n',
    "deep.rtf": lambda: b"{\\rtf1 " + b"{" * 1_000_000 + b"x",
    "picture.rtf": lambda: b"{\\rtf1 {\\pict\\bin2147483647 " + b"\0" * 1000 + b"}words}",
    "number.rtf": lambda: b"{\\rtf1\\ansicpg99999 \\u-99999999999999999999?\\'zz words\\par}",
    "deep.eml": lambda: multipart(3000),
    "headers.eml": lambda: b"Subject: =?utf-8?b?" + b"A" * 2_000_000 + b"?=\nFrom: a\n\nwords",
    "charset.eml": lambda: b"Subject: s\nContent-Type: text/plain; charset=idna\n\nwords \xff\n",
    "quotes.csv": lambda: b'a,b\n"' + b"x" * (20 * _MIB),
    "wide.csv": lambda: b"a," * 3_000_000,
    "cues.srt": lambda: b"1\n99:99:99,999 --> 00:00:00,000\nwords\n" * 100_000,
    "arrow.vtt": lambda: b"WEBVTT\n\n" + b"0" * 3_000_000 + b" --> ",
    "deep.html": lambda: b"<div>" * 1_000_000 + b"words",
    "deep.md": lambda: b"> " * 300_000 + b"words",
    "links.md": lambda: b"[" * 200_000 + b"words",
    "circle.pdf": lambda: pdf_of(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2147483647>>"]
    ),
    "count.pdf": lambda: pdf_page(b"BT /F 12 Tf 10 10 Td (words that are here) Tj ET", count=2_000_000_000),
    "box.pdf": lambda: pdf_page(b"BT /F 12 Tf 10 10 Td (words that are here) Tj ET", box=b"-1e38 -1e38 1e38 1e38"),
    "bomb.pdf": lambda: pdf_page(b"q " * (150 * _MIB)),
    "text.pdf": lambda: pdf_page(b"BT /F 1 Tf 0 0 Td " + b"(words) Tj " * 2_000_000 + b"ET"),
    "far.pdf": lambda: pdf_page(b"BT /F 12 Tf " + b"1e30 1e30 Td (a) Tj -1e30 7 Td (b) Tj " * 3000 + b"ET"),
    "binary.txt": lambda: bytes(range(256)) * 1000,
}  # fmt: skip
