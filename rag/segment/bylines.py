"""Bylines in any script, on a line of their own or within a paragraph, and editor's notes."""

from __future__ import annotations

import regex

from rag.segment.byline import CERTAIN, LIKELY, POSSIBLE, Byline
from rag.segment.byline_han import han_byline
from rag.segment.byline_words import word_byline
from rag.segment.names import is_japanese_name
from rag.segment.script import has_cjk, has_hangul, width

__all__ = [
    "CERTAIN",
    "LIKELY",
    "POSSIBLE",
    "Byline",
    "credit_at_end",
    "credit_at_start",
    "is_note",
    "is_note_label",
    "parse_byline",
]

MAX_COLUMNS = 90  # a byline is one short line; "office, office and office  name" fits

_OUTER = regex.compile(r"[（(【\[〔［]\s*(.*?)\s*[）)】\]〕］]")
_MARKS = regex.compile(r"^[\s□■◎○●◆◇▲△▎▌|｜※★☆*•·/／]+|[\s|｜/／*]+$")
_DASH = regex.compile(r"^[—–―─-]{1,2}\s*")
_REFUSED = regex.compile(r"[。！？!?]|https?:|www\.|\d{5,}|\.\s+\p{Lu}\p{Ll}+\s+\p{Ll}")
_AT_END = regex.compile(r"[（(【\[〔]\s*(?P<inner>[^（）()【】\[\]〔〕]{2,60})\s*[）)】\]〕]\s*$")
_AT_START = regex.compile(
    r"(?:[\p{Han}\d]{0,24}?(?:讯|訊|电|電|消息|报道|報道|報導)\s*[（(](?P<inner>[^（）()]{2,40})[）)])|"
    r"[【（(〔](?P<inner>[^】）)〕]{0,16}[記记]者[^】）)〕]{2,30})[】）)〕]|"
    r"[（(\[](?P<inner>[^）)\]=]{1,12}=[^）)\]]{2,12})[）)\]]\s*(?P<korean>[가-힣]{2,4}\s*기자)\s*="
)


def parse_byline(text: str, *, japanese: bool = False) -> Byline | None:
    """Who speaks by this line, or None where it does not look like a byline.

    `japanese` says that the document is in Japanese.
    """
    if len(text) > 2 * MAX_COLUMNS:
        return None
    unmarked = _MARKS.sub("", text)
    bare = _DASH.sub("", unmarked)
    if not bare or width(bare) > MAX_COLUMNS:
        return None
    wrapped = _OUTER.fullmatch(bare)
    inner = wrapped[1] if wrapped else bare
    if not inner or _REFUSED.search(inner):
        return None
    marked = bare != text.strip() or wrapped is not None
    if has_cjk(inner) and not has_hangul(inner):
        return han_byline(inner, japanese=japanese, marked=marked, dashed=bare != unmarked)
    return word_byline(inner, marked=marked)


def credit_at_end(text: str, *, japanese: bool = False) -> Byline | None:
    """Who signs a paragraph in brackets at its end: …。（本报记者 张三）; … (Reporting by Jane Roe)."""
    match = _AT_END.search(text, max(0, len(text) - 80))
    if match is None or match.start() == 0:
        return None
    byline = parse_byline(match["inner"], japanese=japanese)
    if byline is not None and byline.strength >= CERTAIN and byline.speaker:
        return byline
    inner = match["inner"]
    if (
        japanese
        and match[0][0] == "【"
        and all(is_japanese_name(part) for part in regex.split(r"[\s、]", inner))
    ):
        return Byline(inner, "", LIKELY)
    return None


def credit_at_start(text: str) -> Byline | None:
    """Who signs a paragraph in its first words: 本报讯（记者 张三）……; 【記者陳大文／台北報導】……."""
    match = _AT_START.match(text[:120])
    if match is None:
        return None
    byline = parse_byline(match["korean"] or match["inner"])
    return byline if byline is not None and byline.strength >= CERTAIN and byline.speaker else None


_NOTE = regex.compile(
    r"[【\[（(〔]?\s*(?:编者按|編者按|编者的话|編者的話|编前|编后|編後|开栏语|開欄語|开栏的话|按语|按語|编辑按|編輯按|编辑手记|"
    r"編集部より|編集部注|編集部から|編者注|编者注|"
    r"editor(?:ial|s|[’']s|s[’'])?\s+note|(?:a\s+)?note\s+from\s+the\s+editors?|a\s+word\s+from\s+the\s+editors?|"
    r"nota\s+del?\s+(?:la\s+)?(?:editora?|redacci[oó]n|direttore|redazione)|nota\s+da\s+reda[cç][aã]o|nota\s+do\s+editor|"
    r"note\s+de\s+la\s+r[ée]daction|note\s+de\s+l[’']éditeur|ndlr|anm(?:erkung|\.)\s+d(?:er|\.)\s+red(?:aktion|\.)|"
    r"vorbemerkung\s+der\s+redaktion|от\s+редак\p{L}+|примечание\s+редак\p{L}+|від\s+редак\p{L}+|od\s+redakcji|"
    r"(?:noot\s+)?van\s+de\s+redactie|ملاحظة\s+(?:من\s+)?(?:المحرر|التحرير)|كلمة\s+(?:المحرر|التحرير)|من\s+المحرر|یادداشت\s+سردبیر|"
    r"편집자\s*(?:주|註|의?\s*말)|(?:หมายเหตุ|จาก)\s*บรรณาธิการ|หมายเหตุจาก\s*บรรณาธิการ|lời\s+tòa\s+soạn|editörün\s+notu|"
    r"catatan\s+redaksi|संपादक\p{M}*\s+की\s+टिप्पणी)"
    r"(?:\s*(?P<closed>[】\]）)〕])\s*[:：]?|\s*(?P<mark>[:：.．—–―─|｜-]|\s|$))",
    regex.IGNORECASE,
)


def is_note(text: str) -> bool:
    """Whether the paragraph `text` begins as an editor's note."""
    match = _NOTE.match(text[:60])
    return match is not None and (
        match["closed"] is not None or not match["mark"].isspace() or len(match[0]) >= 3
    )


def is_note_label(text: str) -> bool:
    """Whether the line `text` is nothing but the label of an editor's note."""
    match = _NOTE.match(text[:60])
    return match is not None and match.end() == len(text)
