"""PDF: paragraphs in reading order, headings by their size, a form feed between pages.

pdfium (Apache-2.0) takes the characters out with their boxes, `rag.readers.columns` puts them in order,
`rag.readers.printed` makes paragraphs of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.decoding import clean
from rag.errors import ReadError
from rag.readers.assembly import MAX_CHARACTERS, iso_date
from rag.readers.columns import Piece
from rag.readers.file import MAX_BINARY_BYTES, File, load
from rag.readers.printed import Page, page_lines, paragraphs
from rag.records import Block, Document

if TYPE_CHECKING:
    import pypdfium2

_MAX_PAGES = 20_000
_MAX_PAGE_CHARACTERS = 500_000
_UNTITLED = re.compile(
    r"\(?(?:untitled|unspecified|anonymous|无标题|none|null)\)?|.*\.(?:docx?|pdf|indd|tex|dvi|pptx?|xlsx?|wps|qxd)|"
    r"(?:microsoft word|powerpoint).*|文档\d*|\W*",
    re.IGNORECASE,
)
_HYPHENS = {0x02: "-", 0xAD: "-", 0xFFFE: "-"}  # what pdfium gives for a hyphen at the end of a line
_HEIGHT_OF_SIZE = 1.2  # the box of a line, in most fonts
_FEWEST_CHARACTERS = 10  # on a page, beside a picture, to count as text
_MOST_UNREADABLE = 0.3  # of a document's characters


def read_pdf(path: File) -> Iterator[Document]:
    """Yield the one document of a PDF file.

    Raises:
        ReadError: it is damaged, protected, or a scan: pictures of pages without their text.
    """
    data = load(path, max_bytes=MAX_BINARY_BYTES)
    shown = path.as_posix()
    if b"%PDF-" not in data[:1024]:
        raise ReadError(f"{shown} is no PDF file or is damaged; open it in a PDF program and save it again")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ReadError(f"{shown} is protected by a password; save it without and try again") from error
        raise ReadError(
            f"{shown} is damaged ({error}); open it in a PDF program and save it again"
        ) from error
    try:
        yield _document(document, shown)
    finally:
        document.close()


def _document(document: pypdfium2.PdfDocument, shown: str) -> Document:
    pages: list[Page] = []
    broken: list[int] = []
    length = 0
    count = len(document)
    if not 0 < count <= _MAX_PAGES:
        raise ReadError(f"{shown} has {count:,} pages; it is damaged, or must be split into several files")
    for index in range(count):
        page = _page(document, index)
        if page is None:
            broken.append(index + 1)
        pages.append(page or [])
        length += _characters(pages[-1])
        if length > MAX_CHARACTERS:
            raise ReadError(f"{shown} holds more than {MAX_CHARACTERS >> 20} million characters; split it")
    pictures = [number + 1 for number, page in enumerate(pages) if _is_picture(document, number, page)]
    if not length or len(pictures) == count:
        what = "pictures of text (a scan)" if pictures else "no text"
        raise ReadError(
            f"{shown}: its {count} pages hold {what}; it needs OCR: run it through `ocrmypdf` first"
        )
    facts = document.get_metadata_dict(skip_empty=True)
    title = " ".join(clean(facts.get("Title", "")).split())
    text, blocks = _assembled(pages)
    return Document(
        path=shown,
        title="" if _UNTITLED.fullmatch(title) else title,
        text=text,
        blocks=blocks,
        date=iso_date(facts.get("CreationDate", "")),
        warnings=tuple(_warnings(text, pictures, broken)),
    )


def _characters(page: Page) -> int:
    return sum(len(line.text) for region in page for line in region)


def _assembled(pages: list[Page]) -> tuple[str, tuple[Block, ...]]:
    """The text with a form feed at each new page, and the blocks."""
    pieces: list[str] = []
    blocks: list[Block] = []
    length, page = 0, 1
    for paragraph in paragraphs(pages):
        gap = "\f" * (paragraph.page - page) or ("\n\n" if pieces else "")
        text = clean(paragraph.text).replace("\f", " ")
        start, page = length + len(gap), paragraph.page
        length = start + len(text)
        pieces += [gap, text]
        blocks.append(Block(paragraph.kind, start, length, level=paragraph.level, page=page))
    return "".join(pieces), tuple(blocks)


def _warnings(text: str, pictures: list[int], broken: list[int]) -> Iterator[str]:
    if pictures:
        yield f"pages without text, only pictures, which need OCR: {_numbers(pictures)}"
    if broken:
        yield f"pages that are damaged and were left out: {_numbers(broken)}"
    odd = sum("\ue000" <= character <= "\uf8ff" or character == "\ufffd" for character in text)
    if odd > _MOST_UNREADABLE * len(text):
        yield "its fonts do not say which characters they show; it needs OCR to be readable"


def _numbers(pages: list[int]) -> str:
    return ", ".join(map(str, pages[:20])) + (f" and {len(pages) - 20} more" if len(pages) > 20 else "")


def _page(document: pypdfium2.PdfDocument, index: int) -> Page | None:
    """The lines of a page in reading order, None where the page is damaged."""
    import pypdfium2

    try:
        page = document[index]
        try:
            pieces = list(_pieces(page))
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return None
    return page_lines(pieces)


def _is_picture(document: pypdfium2.PdfDocument, index: int, page: Page) -> bool:
    """Whether a page has a picture and next to no text."""
    import pypdfium2

    if _characters(page) >= _FEWEST_CHARACTERS:
        return False
    try:
        opened = document[index]
        kinds = [found.type for found in opened.get_objects(max_depth=3)]
        opened.close()
    except pypdfium2.PdfiumError:
        return False
    return pypdfium2.raw.FPDF_PAGEOBJ_IMAGE in kinds


def _font_size(stated: float, height: float) -> float:
    """The size of the font in points: as stated, but where the page is scaled and its lines say otherwise."""
    return stated if 0.7 * stated <= height <= 2 * stated else height / _HEIGHT_OF_SIZE


def _pieces(page: pypdfium2.PdfPage) -> Iterator[Piece]:
    """The characters of a page in the order of the file, gathered into runs on one line."""
    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    try:
        box = pdfium.FS_RECTF()
        run: Piece | None = None
        for index in range(min(text.count_chars(), _MAX_PAGE_CHARACTERS)):
            code = pdfium.FPDFText_GetUnicode(text, index)
            if code in (10, 13):
                if run is not None:
                    yield run
                run = None
                continue
            if not pdfium.FPDFText_GetLooseCharBox(text, index, box):
                continue
            character = _HYPHENS.get(code) or (chr(code) if 0 < code < 0x110000 else "\ufffd")
            if character.isspace() and run is not None:
                run.text += " "
            elif run is not None and run.goes_on(box.left, box.right, box.bottom, box.top):
                run.add(character, box.left, box.right, box.bottom, box.top)
            else:
                if run is not None:
                    yield run
                font = _font_size(pdfium.FPDFText_GetFontSize(text, index), box.top - box.bottom)
                run = Piece(character, box.left, box.right, box.bottom, box.top, font)
        if run is not None:
            yield run
    finally:
        text.close()
