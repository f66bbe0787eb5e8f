"""What one line looks like by itself: a list item, a rule, the caption of a figure, the row of a table."""

from __future__ import annotations

import regex

from rag.segment.script import width

_BULLET = regex.compile(
    r"[•●○◦▪▫■□◆◇▶►▸‣⁃∙·・※*✓✔☑☐√➢➤❖◎★☆–—\-+][\s\u3000]+(?=\S)|[•●◦▪‣⁃∙➢➤❖✓✔☑☐](?=\S)|\[\d{1,3}\]\s+(?=\S)"
)
_LEADERS = regex.compile(r"(?:\.{4,}|…{2,}|(?:\. ){4,}|·{4,}|_{4,})\s*[\divxlc]*\s*$")
_RULE = regex.compile(r"[\s\-=_*~.·•—─━═＊＊*#+◆◇○●☆★]{3,}|[*＊†‡◆◇☆★#](?:\s*[*＊†‡◆◇☆★#])*")
_CAPTION_WORDS = (
    "Figure|Fig\\.|FIGURE|Table|TABLE|Figura|Tabla|Tableau|Abbildung|Abb\\.|Tabelle|Рис\\.|Рисунок|Таблица|"
    "Plate|Exhibit|Chart|Map|Photo|Foto"
)
_CAPTION = regex.compile(
    r"(?:图|圖|表|図|附图|附表|照片)\s*[0-9０-９一二三四五六七八九十]+(?:[\-.－]\d+)*(?=[\s:：.．、]|$)"
    r"|(?:图为|圖為|图片说明|上图|左图|右图|下图)\S"
    rf"|(?:{_CAPTION_WORDS})\s*(?:\d+|[IVX]+)\b(?=[.:–—\-]|\s*$|\s+\p{{Lu}})"
    r"|(?:Photo(?:graph)?s?|Fotos?|Picture|Image|Credit|Illustration)(?:\s+by\s|\s*:\s*)"
    r"|(?:شكل|جدول|الشكل|الجدول)\s*\d+|(?:ภาพที่|ตารางที่|รูปที่)\s*\d+|(?:그림|표|사진)\s*\d+"
)
_PIPES = regex.compile(r"\|.*\||[^|]+(?:\|[^|]*){2,}|[│┃].*[│┃]")
_BARS = regex.compile(r"[│┃]")
_TABS = regex.compile(r"\t+")
_BOX = regex.compile(r"[┌┬┐├┼┤└┴┘─│━┃┏┳┓┣╋┫┗┻┛═║╔╦╗╠╬╣╚╩╝+\-=|:\s]{3,}")
_CELL_GAP = regex.compile(r"(?<=\S)(?: {3,}|\u3000{2,})(?=\S)|(?<=[^\s.!?。]) {2}(?=\S)")
_FIELD = regex.compile(r"[^\s:：][^:：。，,.!?！？]{0,23}[:：](?!//)\s*\S.{0,80}")
_MONTH = r"\p{L}{3,12}\.?"
_WEEKDAY = r"(?:\p{L}{2,14}\.?,?\s+)?"
_DATE = regex.compile(
    rf"""(?:[^\d\s:：]{{0,12}}\s)?(?:
      \d{{4}}\s*[年년/.\-]\s*\d{{1,2}}\s*[月월/.\-]?(?:\s*\d{{1,2}}\s*[日일]?)?
    | \d{{1,2}}\s*[./\-]\s*\d{{1,2}}\s*[./\-]\s*\d{{2,4}}
    | (?:令和|平成|昭和|民國|民国|[一二]〇)\S{{1,14}}
    | {_WEEKDAY}\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?\s*(?:de\s+|of\s+)?{_MONTH},?\s*(?:de\s+|del\s+)?\d{{4}}
    | {_WEEKDAY}{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}
    | {_MONTH}\s+\d{{4}}
    )(?:\s*(?:г\.|года|ปี|[(（].{{1,8}}[)）]|星期.|周[一二三四五六日]|第\s*\d+\s*版|\d{{1,2}}:\d{{2}}(?::\d{{2}})?|[,·|]))*""",
    regex.VERBOSE,
)
_ISSUE = regex.compile(
    r"(?:\bNo|\bNos|№|\bNr|\bNúm|\bn[.º°o]+|\bVol|\bIssue|\bAusgabe|\bHeft)\.?\s*\d|〔\d{4}〕|［\d{4}］|\[\d{4}\]\s*\d|"
    r"第\s*[\d一二三四五六七八九十百]+\s*[期号號]|ฉบับที่\s*\d|العدد\s*:?\s*\d|제\s*\d+\s*호",
    regex.IGNORECASE,
)
_CELLS = regex.compile(r"\s{3,}|\u3000{1,}")
_ADDRESS = regex.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+")


def is_meta(text: str) -> bool:
    """Whether a short line says when or as which number the page appeared: no heading, no text."""
    if width(text) > 96 or not any(map(str.isdecimal, text)):
        return False
    cells = _CELLS.split(text.strip("（）() "))
    if len(cells) > 1:
        return any(is_meta(cell) for cell in cells) and all(width(cell) <= 40 for cell in cells)
    return _DATE.fullmatch(text.strip("（）() ")) is not None or (
        width(text) <= 72 and _ISSUE.search(text) is not None
    )


def is_bullet(text: str) -> bool:
    """Whether a line begins with the mark of a list item that is not a number."""
    return _BULLET.match(text) is not None


def is_contents_entry(text: str) -> bool:
    """Whether a line is one of a table of contents: leaders and a page number at its end."""
    return len(text) < 200 and _LEADERS.search(text) is not None


def is_rule(text: str) -> bool:
    """Whether a line is a rule or an ornament: no letter and no digit in it."""
    return len(text) <= 200 and _RULE.fullmatch(text) is not None


def is_caption(text: str) -> bool:
    """Whether a line begins as the caption of a figure or a table does."""
    return len(text) <= 300 and _CAPTION.match(text) is not None


def cell_starts(text: str, indent: int) -> tuple[int, ...]:
    """The columns at which the cells of a line begin but for the first, () where it is no row of a table.

    Cells between tabs or bars have no columns of their own: -1 for each.
    """
    if len(text) > 2000:
        return ()
    if "|" in text or "│" in text or "┃" in text:
        bars = _BARS.sub("|", text).strip("|").count("|") if _PIPES.fullmatch(text) else 0
        return (-1,) * max(bars, 1 if text[0] in "|│┃" and text[-1] in "|│┃" else 0)
    if "\t" in text:
        return (-1,) * len(_TABS.findall(text))
    gaps = list(_CELL_GAP.finditer(text))
    if not any(len(gap[0]) >= 3 or gap[0] == "\u3000\u3000" for gap in gaps):
        return ()
    return tuple(indent + width(text[: gap.end()]) for gap in gaps)


def are_aligned(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether the cells of two lines stand below each other: as many between bars, or at one same column."""
    if not one or not other:
        return False
    if one[0] == -1 or other[0] == -1:
        return one[0] == other[0] and (len(one) == len(other) or min(len(one), len(other)) >= 2)
    return any(abs(a - b) <= 1 for a in one for b in other) or len(one) == len(other) >= 2


def is_box(text: str) -> bool:
    """Whether a line is the frame of a table."""
    return (
        len(text) <= 400
        and _BOX.fullmatch(text) is not None
        and ("+" in text or "|" in text or not text.isascii())
    )


def is_field(text: str) -> bool:
    """Whether a line has the form of a field of a form: "place: Room 12"."""
    return len(text) <= 110 and _FIELD.fullmatch(text) is not None


def has_address(text: str) -> bool:
    """Whether a line holds a web or mail address."""
    return _ADDRESS.search(text) is not None
