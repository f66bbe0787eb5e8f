"""Bylines, speakers' turns and editor's notes, told by the shape of one line.

A byline says who wrote or spoke what follows: an office and a name, a word such as "By" or "记者" and names, a
name and an office. How certain the shape is, is its `strength`; the structure of the page decides the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from rag.segment.names import (
    is_han_name,
    is_japanese_name,
    is_korean_name,
    is_translated_name,
    is_word_name,
    word_name_at_end,
    word_name_at_start,
)
from rag.segment.script import has_cjk, has_hangul, has_kana, width

MAX_COLUMNS = 90  # a byline is one short line; "office, office and office  name" fits

CERTAIN, LIKELY, POSSIBLE = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Byline:
    """Who speaks by a line: the name as printed, what the line says beside it, and how sure the shape is."""

    speaker: str
    role: str
    strength: int  # CERTAIN alone; LIKELY beside a heading; POSSIBLE where others of its shape are too


_CREDIT_HAN = (
    r"(?:本[报報刊台网網社]|[\p{Han}]{2,8}[社报報台网網])?(?:实习|實習|首席|特约|特約|特派|见习|見習|驻\p{Han}{1,6}|駐\p{Han}{1,6}|全媒体|全媒體|融媒体)*"
    r"(?:记者|記者|通讯员|通訊員|评论员|評論員|特派员|特派員|撰稿人|作者|撰文|文字|采写|採寫|采访|採訪|供稿|执笔|執筆|整理|编译|編譯|译者|"
    r"筆者|著者|聞き手|取材|寄稿|インタビュー|構成|文・写真|写真・文|文)"
)
_CREDIT_ONLY = regex.compile(_CREDIT_HAN)
_CREDIT_COLON = regex.compile(rf"(?P<role>{_CREDIT_HAN}|[图圖]文|来稿)\s*[:：/／=＝|｜・]\s*(?P<names>\S.*)")
_CREDIT_SPACE = regex.compile(rf"(?P<role>{_CREDIT_HAN})[ \u3000](?P<names>\S.*)")
_PHOTO = regex.compile(
    r"(?:摄影|攝影|摄|图|圖|照片|图片|供图|供圖|写真|撮影|编辑|編輯|责编|責編|责任编辑|来源|來源|校对)\s*[:：/／]?\s*$"
)
_OFFICE_END = regex.compile(
    r"[长長员員师師家者人授席裁理士辑輯记記任事官使]$|代表|书记处|書記|董事|干事|主播|导演|導演|主[编編笔筆]|总[编监統统]|院士|博士|律[师師]|教諭|講師|議員|社長|氏$"
)
_PLACE_END = regex.compile(r"[学學社院所局部会會委厅廳处處报報台臺团團校馆館行公司心组組站网網盟党黨]$")
_OUTER = regex.compile(r"[（(【\[〔]\s*(.*?)\s*[）)】\]〕]")
_MARKS = regex.compile(r"^[\s□■◎○●◆◇▲△▎▌|｜※★☆*•·/／]+|[\s|｜/／*]+$")
_DASH = regex.compile(r"^[—–―─-]{1,2}\s*")
_REFUSED = regex.compile(r"[。！？；!?;]|https?:|www\.|@|\d{4,}")
_HAN_AFTER = regex.compile(r"(?P<name>[\p{Han}·]{2,10})\s*[，,（(\u3000 ]\s*(?P<role>[^，,（(]{2,30}?)[）)]?")
_SPACED_NAME = regex.compile(r"(?<![\p{Han}])(\p{Han})[ \u3000]{1,4}(\p{Han})$")

_BY = (
    r"(?:by|words(?:\s+and\s+pictures)?\s+by|story\s+by|text\s+by|written\s+by|reported\s+by|interview(?:ed)?\s+by|posted\s+by|"
    r"compiled\s+by|as\s+told\s+to|por|escrito\s+por|texto\s+de|par|propos\s+recueillis\s+par|von|aufgezeichnet\s+von|"
    r"di|a\s+cura\s+di|door|af|av|oleh|autor|autora|author|texto|testo|texte|text|reporter|yazan|napisał|autorka|"
    r"автор|текст|беседовал[аи]?|подготовил[аи]?|bởi|tác\s+giả|bài)"
)
_BY_LINE = regex.compile(rf"(?P<role>{_BY})(?:\s*[:：]\s*|\s+)(?P<rest>\S.*)", regex.IGNORECASE)
_BY_OTHER = regex.compile(
    r"(?P<role>بقلم|كتب(?:ت|ه)?|إعداد|تحرير|حوار|أجر[ىت] الحوار|تقرير|نوشته|به قلم|نویسنده|مترجم|"
    r"(?:เรื่อง(?:และภาพ)?)?โดย|เรื่อง(?:และภาพ)?|ผู้เขียน|สัมภาษณ์โดย|लेखक|लेखिका|द्वारा|글|글·사진|글쓴이|מאת|τoυ|του|της)"
    r"(?:\s*[:：/]\s*|\s+)(?P<rest>\S.*)"
)
_KOREAN_REPORTER = regex.compile(
    r"(?P<name>[가-힣]{2,4})\s*(?P<role>(?:\p{Hangul}{2,6}\s*)?(?:기자|특파원|논설위원|위원))(?:\s+\S+@\S+)?"
)
_OFFICE_WORD = regex.compile(
    r"\b(?:mayor|president|chair\w*|director|professor|lecturer|minister|secretary|editor|correspondent|reporter|officer|"
    r"head|chief|manager|member|governor|senator|author|founder|writer|analyst|columnist|fellow|dean|rector|principal|"
    r"commissioner|councill?or|deputy|ambassador|spokes\w+|CEO|CTO|CFO|leader|partner|attorney|judge|captain|general|"
    r"alcalde(?:sa)?|presidente?a?|directora?|ministr[oa]|profesora?|rectora?|secretari[oa]|redactora?|periodista|conceja\w*|"
    r"maire|président\w*|directeur|directrice|ministre|journaliste|rédact\w+|professeure?|sindac[oa]|ministro|giornalista|"
    r"Bürgermeister\w*|Präsident\w*|Direktor\w*|Leiter\w*|Minister\w*|Professor\w*|Redakteur\w*|prefeit[oa]|jornalista|"
    r"burgemeester|мэр|министр|директор|профессор|корреспондент|редактор|депутат|губернатор|глава|президент)\b",
    regex.IGNORECASE,
)
_AND = regex.compile(r"\s+(?:and|y|e|et|und|en|och|og|i|и|&)\s+|\s*[,、،;]\s*")
_FOOTMARK = regex.compile(r"\s*(?:\(\d+(?:,\s*\d+)*\)|\[\d+\]|[¹²³⁴⁵⁶⁷⁸⁹⁰*†‡§]+)")


def parse_byline(text: str) -> Byline | None:
    """Who speaks by this line, or None where it does not look like a byline."""
    text = _MARKS.sub("", text)
    if not text or width(text) > MAX_COLUMNS:
        return None
    wrapped = _OUTER.fullmatch(text)
    inner = wrapped[1] if wrapped else text
    if _REFUSED.search(inner):
        return None
    found = _han_byline(inner) if has_cjk(inner) else _word_byline(inner)
    return found


def _han_byline(text: str) -> Byline | None:
    text = _DASH.sub("", text)
    for pattern in (_CREDIT_COLON, _CREDIT_SPACE):
        match = pattern.fullmatch(text)
        if match and (names := _han_names(match["names"])):
            return Byline(*_with_roles(match["role"], names), CERTAIN)
    if has_hangul(text):
        return None
    return _office_and_name(text) or _name_and_office(text)


def _han_names(text: str) -> list[tuple[str, str]]:
    """Names in a credit, each with the role word printed before it ("" where none), or [] if none is one."""
    text = _AND_HAN.sub(" ", text)
    parts = _join_spaced(text.split())
    names: list[tuple[str, str]] = []
    role = ""
    for part in parts:
        credit = _LEADING_CREDIT.match(part)
        if credit and credit.end() == len(part):
            role = part
            continue
        if _PHOTO.fullmatch(part) or (
            credit is None and part.startswith(("图/", "图／", "摄影/", "摄/", "摄影："))
        ):
            break
        bare = part[credit.end() :] if credit else part
        if not _any_name(bare):
            return names if names and role == "" else []
        names.append((credit[0] if credit else role, bare))
        role = ""
    return names


_AND_HAN = regex.compile(r"\s*[、，,]\s*")
_LEADING_CREDIT = regex.compile(rf"(?:{_CREDIT_HAN})[:：/／]?")


def _any_name(text: str) -> bool:
    return is_han_name(text) or is_japanese_name(text) or is_word_name(text) or is_translated_name(text)


def _join_spaced(parts: list[str]) -> list[str]:
    """Two single characters beside each other are one name, printed with a space: 徐 军."""
    joined: list[str] = []
    for part in parts:
        before = joined[-1] if joined else ""
        if len(part) == 1 and len(before) == 1 and has_cjk(before) and has_cjk(part):
            joined[-1] = f"{before} {part}"
        else:
            joined.append(part)
    return joined


def _with_roles(role: str, names: list[tuple[str, str]]) -> tuple[str, str]:
    """The names as one speaker and the role words as one role."""
    roles = [role, *(own for own, _ in names if own)]
    return "、".join(name for _, name in names), " ".join(dict.fromkeys(roles))


def _office_and_name(text: str) -> Byline | None:
    """宁波市委常委、北仑区委书记 潘银浩; 常务副主任 徐 军; 慶應義塾大学教授 山田 太郎."""
    spaced = _SPACED_NAME.search(text)
    if spaced and is_han_name(spaced[0]):
        office, name = text[: spaced.start()].rstrip(), spaced[0]
    else:
        office, _, name = text.rpartition(" ") if " " in text else text.rpartition("\u3000")
        office = office.rstrip()
    if not office:
        return Byline(name, "", POSSIBLE) if is_han_name(name) else None
    japanese = _japanese_split(text)
    if japanese and has_kana(text):
        return japanese
    if is_han_name(name) or is_translated_name(name):
        if _OFFICE_END.search(office):
            return Byline(name, office, CERTAIN if len(office) >= 3 else LIKELY)
        return Byline(name, office, LIKELY if _PLACE_END.search(office) else POSSIBLE)
    return japanese


def _japanese_split(text: str) -> Byline | None:
    """An office and a Japanese name, which may have a space between its two parts."""
    parts = text.split()
    for count in (2, 1):
        name, office = " ".join(parts[-count:]), " ".join(parts[:-count])
        if office and _OFFICE_END.search(office) and is_japanese_name(name) and len(name) <= 9:
            start = text.rfind(parts[-count])
            return Byline(text[start:], office, LIKELY)
    return None


def _name_and_office(text: str) -> Byline | None:
    """张三（清华大学教授）; 张三，清华大学教授; 张三 清华大学教授."""
    match = _HAN_AFTER.fullmatch(text)
    if match and is_han_name(match["name"]) and _OFFICE_END.search(match["role"]):
        return Byline(match["name"], match["role"], LIKELY)
    return None


def _word_byline(text: str) -> Byline | None:
    korean = _KOREAN_REPORTER.fullmatch(text)
    if korean and is_korean_name(korean["name"]):
        return Byline(korean["name"], korean["role"], CERTAIN)
    other = _BY_OTHER.fullmatch(text)
    if other and len(other["rest"].split()) <= 6:
        return Byline(other["rest"].rstrip(" ،,:"), other["role"], CERTAIN)
    dash = _DASH.match(text)
    text = _DASH.sub("", text)
    credit = _BY_LINE.fullmatch(text)
    if credit and (found := _credited(credit["role"], credit["rest"])):
        return found
    found = _name_office_words(text)
    if found and dash:
        return Byline(found.speaker, found.role, CERTAIN)
    return found


def _credited(role: str, rest: str) -> Byline | None:
    """By Jane Roe; By Jane Roe and John Doe; By Jane Roe, Mayor of X; by Jane Roe | The Herald."""
    rest = _FOOTMARK.sub("", rest)
    rest, bar, office = rest.partition(" | ")
    speaker = _names_at_start(rest)
    if not speaker:
        single = regex.fullmatch(r"\p{Lu}[\p{L}’'\-]+", rest)
        return Byline(rest, role, LIKELY) if single else None
    after = rest[len(speaker) :].strip(" ,–—-(")
    if len(after.split()) > 8:
        return None
    return Byline(speaker, (after.rstrip(") ") or office.strip() or role), CERTAIN)


def _names_at_start(text: str) -> str:
    """The longest run of names with which `text` begins, as printed."""
    end = 0
    position = 0
    while name := word_name_at_start(text[position:]):
        end = position + len(name)
        link = _AND.match(text, end)
        if not link:
            break
        position = link.end()
    return text[:end]


def _name_office_words(text: str) -> Byline | None:
    """Jane Roe, Mayor of X; Mayor Jane Roe; Jane Roe (1) and John Doe (2); Jane Roe."""
    plain = _FOOTMARK.sub("", text)
    speaker = _names_at_start(plain)
    if speaker:
        after = plain[len(speaker) :]
        office = after.strip(" ,–—-()|")
        if not office:
            return Byline(speaker, "", LIKELY if plain != text else POSSIBLE)
        if (
            after.lstrip()[:1] in tuple(",–—-(|")
            and _OFFICE_WORD.search(office)
            and len(office.split()) <= 12
        ):
            return Byline(speaker, office, CERTAIN if width(text) < 70 else LIKELY)
    name = word_name_at_end(plain)
    office = plain[: len(plain) - len(name)].strip(" ,:")
    if name and office and _OFFICE_WORD.search(office) and len(office.split()) <= 8:
        return Byline(name, office, LIKELY)
    return None


_NOTE = regex.compile(
    r"[【\[（(〔]?\s*(?:编者按|編者按|编者的话|編者的話|编前|编后|編後|开栏语|開欄語|按语|按語|编辑按|編輯按|编辑手记|編集部より|編集部注|編集部から|編者注|"
    r"编者注|editor(?:ial|[’']?s)?[’']?s?\s+note|note\s+from\s+the\s+editors?|editors?[’']\s+note|a\s+note\s+from\s+the\s+editors?|"
    r"nota\s+del\s+editor|nota\s+de\s+la\s+redacci[oó]n|nota\s+de\s+redacci[oó]n|note\s+de\s+la\s+r[ée]daction|ndlr|"
    r"anm(?:erkung|\.)\s+d(?:er|\.)\s+red(?:aktion|\.)|vorbemerkung\s+der\s+redaktion|nota\s+da\s+reda[cç][aã]o|nota\s+do\s+editor|nota\s+della\s+redazione|nota\s+del\s+direttore|"
    r"от\s+редакции|примечание\s+редак\p{L}+|від\s+редакції|od\s+redakcji|noot\s+van\s+de\s+redactie|van\s+de\s+redactie|"
    r"ملاحظة\s+المحرر|كلمة\s+المحرر|من\s+المحرر|ملاحظة\s+التحرير|كلمة\s+التحرير|یادداشت\s+سردبیر|편집자\s*주|편집자의?\s*말|편집자\s*註|"
    r"หมายเหตุบรรณาธิการ|จากบรรณาธิการ|หมายเหตุ\s*จากบรรณาธิการ|lời\s+tòa\s+soạn|editörün\s+notu|catatan\s+redaksi|संपादक\p{M}*\s+की\s+टिप्पणी)"
    r"\s*[】\]）)〕]?\s*(?P<mark>[:：.．—–―─-]|\s|$)",
    regex.IGNORECASE,
)


def is_note(text: str) -> bool:
    """Whether the paragraph `text` begins as an editor's note."""
    match = _NOTE.match(text)
    return match is not None and (match["mark"] != " " or width(match[0]) > 6)


def is_note_label(text: str) -> bool:
    """Whether the line `text` is nothing but the label of an editor's note."""
    match = _NOTE.match(text)
    return match is not None and match.end() == len(text)
