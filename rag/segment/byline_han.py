"""Bylines in Han script: an office and a name, a credit such as 记者 and names, a name and an office."""

from __future__ import annotations

import regex

from rag.segment.byline import CERTAIN, LIKELY, POSSIBLE, Byline
from rag.segment.names import is_han_name, is_japanese_name, is_pen_name, is_translated_name, is_word_name
from rag.segment.script import has_cjk, has_kana

_CREDIT = (
    r"(?:本[报報刊台网網社]|[\p{Han}]{2,6}[社报報台网網])?"
    r"(?:实习|實習|首席|特约|特約|特派|见习|見習|全媒体|全媒體|融媒体|[驻駐]\p{Han}{1,6}?)*"
    r"(?:记者|記者|通讯员|通訊員|评论员|評論員|特派员|特派員|撰稿人?|作者|撰文|文字|采写|採寫|采访|採訪|执笔|執筆|整理|"
    r"编译|編譯|译者|口述|主讲人?|主講人?|演讲人|演讲者|演講者|报告人|報告人|发言人|發言人|讲述人?|"
    r"筆者|著者|聞き手|取材・文|文・写真|文と写真|寄稿|インタビュー|構成|文)"
)
_CREDIT_COLON = regex.compile(rf"(?P<role>{_CREDIT}|[图圖]文)\s*[:：/／=＝|｜・]\s*(?P<names>\S.*)")
_CREDIT_OPEN = regex.compile(rf"(?P<role>{_CREDIT})[ \u3000]*(?P<names>\S.*)")
_CREDIT_PART = regex.compile(rf"(?:{_CREDIT})[:：/／]?")
_BESIDE = regex.compile(
    r"(?:摄影|攝影|摄|攝|图片?|圖片?|照片|供图|供圖|写真|撮影|编辑|編輯|责编|責編|责任编辑|校对|视频|制图)[:：/／]?.*"
)
_TAIWAN = regex.compile(
    r"(?P<role>(?:本[報报社]|中央社|\p{Han}{2,4}[報社])?(?:特約|特派|駐\p{Han}{2,4}?|地方中心|綜合)?[記记]者)\s*(?P<name>[\p{Han}、]{2,9}?)"
    r"\s*[／/ ─-]\s*(?P<place>[\p{Han}]{2,6})(?:[報报][導导]|電|专访|專訪|特稿|攝影)?"
)
_LINE_FIELD = regex.compile(
    r"(?:作者|记者|記者|撰文|撰稿|文)[:：]\s*(?P<name>[\p{Han}·]{2,8}|\p{Han}[ \u3000]\p{Han})(?=\s|$)"
)
_EDITORIAL = regex.compile(
    r"(?:(?:来源|來源|责任编辑|責任編輯|责编|責編|编辑|編輯|校对|校對|审核|審核|摄影|攝影|版式|美编|视觉|监制|監製|值班编委|值班主任)"
    r"\s*[:：/／]\s*\S{1,16}[\s｜|/／]*)+"
)
_OTHER_FIELD = regex.compile(
    r"(?:\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?|\d{1,2}:\d{2}(?::\d{2})?|[^\s:：]{2,8}[:：]\s*\S+|[\p{Han}·]{2,8}|[|｜·])"
)
_OFFICE_END = regex.compile(
    r"[长長员員师師家者人授席裁理士辑輯记記任官使民手户戶问問]$|秘[书書]$|代表$|書記$|董事$|干事$|幹事$|主播$|导演$|導演$|主[编編笔筆]$|总编$|[总總][监監]$|"
    r"[监監]制$|教諭$|講師$|議員$|氏$|监事$|参赞$|司令$|政委$|律师$|助理$|委[员員]$|博导$|首席$"
)
_PLACE_END = regex.compile(
    r"[学學社院所局部会會委厅廳处處报報台臺团團校馆館行心组組站网網盟党黨室]$|公司$|集团$|集團$"
)
_NAME_FIRST = regex.compile(
    r"(?P<name>[\p{Han}\p{Katakana}ー·・]{2,10})\s*"
    r"(?:[，,]|[（(]|[ \u3000]+)\s*(?P<role>[^，,（()）]{2,30})[）)]?"
)
_SPACED_NAME = regex.compile(r"(?<!\S)(\p{Han})[ \u3000]{1,4}(\p{Han})$")
_GLUED = regex.compile(
    r"(?P<role>[\p{Han}、]{3,24}(?:书记|主任|[市县区省州镇乡局部处厅院校所馆会社][长長]|主席|委员|代表|教授|院士|博士|董事长|总经理|总裁))(?P<name>\p{Han}{2,3})"
)
_ABOUT = regex.compile(r"\s*[，,]\s*(?:系|为|為|是|现任|現任|单位|單位|来自|來自).*$")
_AND = regex.compile(r"\s*[、，,]\s*")
_NO_OFFICE = regex.compile(r"[，,]|\d{4}年|[了的]")


def han_byline(text: str, *, japanese: bool, marked: bool, dashed: bool = False) -> Byline | None:
    """Who speaks by this line.

    `japanese` says that the document is; Japanese names have no surnames that could be listed. `marked`
    says that a mark such as □ stood before the line, as it does before bylines.
    """
    credited = _credited(text)
    if credited:
        return credited
    if dashed:
        return None
    found = _office_and_name(text) or _name_and_office(text) or (_japanese(text) if japanese else None)
    if found is None or not marked:
        return found
    return Byline(found.speaker, found.role, max(found.strength, LIKELY), found.is_sure_name)


def _credited(text: str) -> Byline | None:
    """记者 张三; 本报记者 张三 通讯员 李四; 文/张三; 記者陳大文／台北報導; 来源：某社 作者：张三."""
    taiwan = _TAIWAN.fullmatch(text)
    if taiwan and all(is_pen_name(name) for name in taiwan["name"].split("、")):
        return Byline(taiwan["name"], taiwan["role"], CERTAIN)
    for pattern in (_CREDIT_COLON, _CREDIT_OPEN):
        match = pattern.fullmatch(text)
        if match and (names := _credited_names(match["names"])):
            roles = [match["role"], *(role for role, _ in names if role)]
            return Byline("、".join(name for _, name in names), " ".join(dict.fromkeys(roles)), CERTAIN)
    if _EDITORIAL.fullmatch(text):
        return Byline("", "", CERTAIN)
    field = _LINE_FIELD.search(text)
    if field and _is_fields(text[: field.start()]) and _is_fields(text[field.end() :]):
        return Byline(field["name"], field[0][:2].rstrip(":："), CERTAIN)
    return None


def _is_fields(text: str) -> bool:
    return all(_OTHER_FIELD.fullmatch(part) for part in text.split())


def _credited_names(text: str) -> list[tuple[str, str]]:
    """The names of a credit, each with the credit printed before it ("" where none); [] if one is no name."""
    names: list[tuple[str, str]] = []
    role = ""
    text = _ABOUT.sub("", text)
    for part in _join_spaced(_AND.sub(" ", text).split()):
        credit = _CREDIT_PART.match(part)
        if credit and credit.end() == len(part):
            role = part.rstrip(":：/／")
            continue
        if _BESIDE.fullmatch(part):
            break
        if len(part) == 1 and names and len(names[-1][1]) <= 4 and has_cjk(part):
            names[-1] = (names[-1][0], f"{names[-1][1]} {part}")  # 小田切 亮
            continue
        bare = part[credit.end() :] if credit and is_pen_name(part[credit.end() :]) else part
        if not (is_pen_name(bare) or is_word_name(bare)):
            return []
        names.append((credit[0].rstrip(":：/／") if credit and bare != part else role, bare))
        role = ""
    return _japanese_pairs(names)


def _japanese_pairs(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """山田 太郎 after one credit is one person, not two: neither half has the shape of a full name."""
    if len(names) == 2 and not names[1][0] and not (is_han_name(names[0][1]) and is_han_name(names[1][1])):
        (role, first), (_, second) = names
        if len(first) <= 3 and len(second) <= 4 and not is_translated_name(first):
            return [(role, f"{first} {second}")]
    return names


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


def _office_and_name(text: str) -> Byline | None:
    """宁波市委常委、北仑区委书记 潘银浩; 常务副主任 徐 军; 县委书记潘晓辉; 张三."""
    spaced = _SPACED_NAME.search(text)
    is_spaced = spaced is not None and is_han_name(spaced[0])
    if spaced and is_spaced:
        office, name = text[: spaced.start()].rstrip(), spaced[0]
    elif glued := _GLUED.fullmatch(text):
        office, name = glued["role"], glued["name"]
        return Byline(name, office, LIKELY) if is_han_name(name) else None
    else:
        name = text.split()[-1]
        office = text[: len(text) - len(name)].rstrip()
    if not (is_han_name(name) or is_translated_name(name)):
        return None
    if not office:
        return Byline(name, "", POSSIBLE, is_sure_name=True)
    if _NO_OFFICE.search(office):
        return None
    if all(is_han_name(part) for part in _join_spaced(office.split())):
        return Byline(text, "", POSSIBLE, is_sure_name=True)
    if _OFFICE_END.search(office):
        return Byline(name, office, CERTAIN if len(office) >= 3 else LIKELY)
    return Byline(name, office, LIKELY if is_spaced or _PLACE_END.search(office) else POSSIBLE)


def _name_and_office(text: str) -> Byline | None:
    """张三（清华大学教授）; 张三，清华大学教授; 张三 清华大学教授."""
    match = _NAME_FIRST.fullmatch(text)
    if match is None or not (is_han_name(match["name"]) or is_translated_name(match["name"])):
        return None
    is_office = _OFFICE_END.search(match["role"].rstrip()) is not None
    return Byline(match["name"], match["role"].rstrip(), LIKELY) if is_office else None


def _japanese(text: str) -> Byline | None:
    """栄養教諭 三ツ谷 香苗; 東京大学教授 山田太郎; 山田 太郎（東京大学教授）; 山田 太郎."""
    parts = text.split()
    for count in (2, 1):
        if len(parts) > count and _OFFICE_END.search(parts[-count - 1]):
            names = parts[-count:]
            if all(is_japanese_name(name) for name in names) and len("".join(names)) <= 8:
                start = len(text) - len(text.rstrip()) or text.rindex(names[0])
                return Byline(text[start:], text[:start].rstrip(), LIKELY)
    match = regex.fullmatch(r"(?P<name>\S{1,4}[ \u3000]?\S{1,5})\s*[（(](?P<role>[^（）()]{2,30})[）)]", text)
    if match and all(is_japanese_name(part) for part in match["name"].split()):
        return Byline(match["name"], match["role"], LIKELY if _OFFICE_END.search(match["role"]) else POSSIBLE)
    if (
        len(parts) == 2
        and all(is_japanese_name(part) and len(part) <= 4 for part in parts)
        and not has_kana(parts[0])
    ):
        return Byline(text, "", POSSIBLE)
    return None
