"""Where the sentences of a text begin and end, in any script; rules only, linear in the text.

A candidate is a line break or a run of stops with the quotes and brackets that close after it; a rule per
kind of stop then accepts or refuses it by what stands beside it. Full stops of scripts that use "." are the
hard part: abbreviations, initials, numbers and list labels are told by the word before and the word after.
Thai and Lao write no stop: they are cut at spaces, keeping a sensible length. Overlong sentences are cut
again at semicolons, so that a highlight stays short enough to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import regex

Span: TypeAlias = tuple[int, int]

LONG_WIDE = 100  # characters; a sentence in Han or Kana longer than this is cut at its semicolons
LONG_NARROW = 350  # the same for other scripts; both are about three lines of print
MIN_PART = 15  # no part of an overlong sentence is shorter
THAI_MIN = 40  # characters between two cuts at spaces; Thai clauses run 20 to 60
THAI_MIN_MARKED = 12  # the same where a word says that a sentence ends or begins
BRACKETED = 150  # characters; stops inside a shorter pair of brackets end nothing
QUOTED = 60  # the same for a pair of quotation marks
WRAPPED = 40  # a line at least this long that goes on in lower case was broken by its column

_WIDE = r"\p{Han}\p{Hiragana}\p{Katakana}ー々〆〇"
_FULL_STOPS = "。｡！？‼⁇⁈⁉؟۔।॥։።፧။។៕"
_BREAKS = r"\n\r\v\f\x85\u2028\u2029"
_CLOSERS = r"\"'”’»›」』）】》〉］〕｝｣)\]}"
_CANDIDATE = regex.compile(
    rf"""(?P<line>(?<![^\S{_BREAKS}])[^\S{_BREAKS}]*+[{_BREAKS}]\s*+)
    | (?P<stop>[.．!?…⋯‥{_FULL_STOPS}]++)
      (?P<close>(?:[{_CLOSERS}]|[“«](?=\s|$|[,.;:)])|[ \u00a0\u202f]»(?=\s|$|[,.])
                |\[[^\]{_BREAKS}]{{1,20}}\])*+)
    | (?P<greek>(?<=\p{{Greek}});(?=\s))
    | (?P<bullet>\s(?=[•●■◆▪►]))
    | (?P<thai>(?<=[\p{{Thai}}\p{{Lao}}])[ \u00a0\u3000]+(?=[“"'‘(]?[\p{{Thai}}\p{{Lao}}]))""",
    regex.VERBOSE,
)
_LINE_BREAK = regex.compile(f"[{_BREAKS}]")
_WORD_CHARACTER = regex.compile(r"[\p{L}\p{N}]")
_AFTER = regex.compile(r"\s*[\"'“”‘’«»„‚(\[{¿¡—–\-•*（「『《【]*\s*")
_NEXT_WORD = regex.compile(r"[\p{L}\p{M}’']+|\d+")
_ADDRESS_SIGNS = tuple("=_@#&+~%\\/")  # before the last piece of an address, which is no abbreviation
_TOKEN = regex.compile(r"(?:(?<![\p{L}\p{M}])\p{L}\.\s?)*[\p{L}\p{M}\p{N}.&’'\-]+$")
_ACRONYM = regex.compile(r"(?:[\p{L}\p{M}]{1,3}\.)+[\p{L}\p{M}]{1,4}")

_PAIRS = {"）": "（", ")": "(", "]": "[", "】": "【", "〕": "〔", "》": "《", "〉": "〈"}
_QUOTES = {"」": "「", "』": "『", "”": "“"}
_PAIR = regex.compile(
    "[" + regex.escape("".join(f"{a}{b}" for a, b in (_PAIRS | _QUOTES).items())) + _BREAKS + "]"
)

# What may follow a closing quotation mark without beginning a sentence: “……。”他说 and 「……！」と言った.
_SPEECH = (
    "说|說|道|称|稱|表示|指出|写道|寫道|认为|認為|回忆|回憶|强调|強調|介绍|介紹|解释|解釋|补充|補充|感叹|感嘆|坦言|"
    "告诉记者"
)
_ASKS = "问|問|答|回答|提问|提問|喊|叫|吼|宣布|透露"
_CONTINUES_WIDE = regex.compile(
    rf"[，、；：,;:…—–~～·)）]|[的地得等之类類和与與及或是]|[为為](?!了)|这[样种类句]|這[樣種類句]"
    rf"|[とをはがのにもでへやかだな]|って|など"
    rf"|[\p{{Han}}·]{{0,10}}?(?:(?:{_SPEECH})[着著了过過]?[，。：！,:、；]|(?:{_ASKS})[着著了过過]?[，：,:])"
    rf"|(?![没沒无無不])\p{{Han}}{{1,4}}[问問答喊叫][。！]"
)
_SAYS = regex.compile(
    r"(?:\p{Lu}[\p{L}’'.-]*\s){1,3}(?:said|says|asked|replied|added|wrote|cried|told|explained|dijo|sagte|fragte|"
    r"disse|rispose|сказал|сказала|спросил|спросила)\b"
)


def _names(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


# Abbreviations without their last full stop, lower case, of all languages together: they hardly collide.
_TITLES = _names(
    """dr mr mrs ms prof st ste mt ft gen sen rep gov capt cpt cmdr lt col sgt maj adm rev hon pres supt
    messrs mme mmes mlle mm m sr sra srta srs sres dra dña ud uds vd exmo exma ilmo dott dott.ssa sig
    sig.ra avv ing arch hr fr frl dipl mag hh vgl bzw sog ca evtl ggf inkl exkl zzgl usf mind max geb
    gest e.g i.e cf viz z.b d.h u.a i.d.r p.ex p.ej c.-à-d n.b aprox tel av avda blvd bd vs np tzw tzn
    ul al pl prof.dr inż mgr např tzv mj tj resp č mudr judr phdr rndr paeddr str ул пр просп пл пер наб
    им г-н г-жа гг д-р проф акад доц тов св о-в р-н напр т.е т.н т.к т.о т.п др.-гр англ нем фр лат греч
    рус ред сост изд вул ім просп tp gs ts ths डॉ श्री gr o.a m.b.t d.w.z bijv dhr mevr drs mw sn doç
    yrd bkz th"""
)
_BEFORE_NUMBER = _names(
    """no nos nr nrs núm num n.º nº art arts fig figs vol vols ch chap chs sec secs p pp pg pag pág págs s
    ss abs bd abb kap ziff cap lib tab eq eqs ex pt pts par para op ver v rn hs bl jan feb febr mar mär
    apr jun jul aug sep sept oct okt nov dec dez déc janv févr avr juil ene abr ago dic гл рис стр табл
    п пп ст ч т кн вып № sun mon tue tues wed thu thur thurs fri sat c approx est b d r fl"""
)
_MAY_END = _names(
    """inc ltd co corp bros llc plc dept univ assn jr sr etc et al esq ave rd blvd no ed eds trans ph.d m.d
    b.a m.a d.c u.s u.k u.n e.u a.m p.m b.c a.d usw u.s.w u.v.m etc.pp ee uu ee.uu s.a s.l cía cia ltda
    gmbh st str usf тыс млн млрд трлн руб коп др пр т.д т.п и.о н.э г гг в вв м км кг см мин сек ч чел
    vb dll dsb itd itp m.in r w enz e.d o.i.d stk kl mio mrd mill jhdt"""
)
_STARTERS = _names(
    """The This That These Those There It Its He She His Her They Their We Our You Your I In On At By For
    From After Before When While As If But And Although Though However Meanwhile Since During Then Thus
    With Without Some Many Most Each Both Another Nor Not What Who Where Why How Are Is Was Were Do Does
    Did Has Have Had Can Will Would Der Die Das Ein Eine Einen Er Sie Es Wir Ihr Im Am An Auf Mit Nach
    Bei Für Von Zu Zum Zur Und Aber Als Wenn Dies Diese Dieser Dieses Da Doch Auch Seit Heute So Was Wer
    Wie Le La Les Un Une Il Elle Ils Elles On Ce Cette Ces Cet En Dans Au Aux Pour Par Mais Et Sur Avec
    Après Depuis Leur El Los Las Una Unos Él Ella Ellos Es Por Para Con Sin Pero Y Su Sus Este Esta
    Estos Cuando Como Desde Según Se No Lo Gli I Nel Nella Del Della Ma E Che Non Quando Questo Questa
    Dopo Al Alla O A Os As Um Uma Ele Ela Eles Na No Em Com Mas Ao Seu Sua Não Quando De Het Een Hij Zij
    Ze Op Maar Bij Voor Van Met Toen Na В На Он Она Оно Они Это Этот Эта Эти Но И А По После Когда Если
    Для При Как Его Её Их Мы Вы Я С Со К Из От До Под Так Также Однако Затем Тогда У Что За Не Все W Na
    Z Po Od Do Ale To Ten Ta Jest Nie Jego Jej Ich Bu Bir Ve O Onun"""
)
_NAME_PARTICLES = _names(
    """Le La Les De Du Des Di Da Del Della Von Van Der Den El Los Las Al Zu Zum Lo Do A O E I"""
)
_ORDINAL_LANGUAGES = _names("""de da nb nn no fi is cs sk sl hr sr bs et hu lv pl tr""")
_MONTHS = _names(
    """januar februar märz april mai juni juli august september oktober november dezember jänner marts maj
    januari december ledna února března dubna května června července srpna září října listopadu prosince
    jahrhundert jahrhunderts"""
)
_THAI_ENDS = regex.compile(r"(?:ครับ|ค่ะ|คะ|จ้ะ|จ้า|แล้ว|เลย|ฯ)$")
_THAI_BEGINS = regex.compile(
    r"[“\"'‘(]?(?:แต่|นอกจาก|อย่างไรก็|ทั้งนี้|ดังนั้น|ต่อมา|ในปี|ใน พ|เมื่อ|จากนั้น"
    r"|หลังจาก|เนื่องจาก|เขา|เธอ|พวกเขา|ปัจจุบัน|สำหรับ|ถ้า|หาก)"
)
_THAI_TIES = regex.compile(r"(?:และ|หรือ|ซึ่ง|ที่|ของ|ว่า|เช่น|ได้แก่|คือ|กับ|ๆ)")


@dataclass(slots=True)
class _Sentence:
    """What the scan knows of the sentence that it is in."""

    start: int  # its first character that is not white space
    seen: int  # as far as `has_word` looked
    has_word: bool = False


def sentence_spans(text: str, language: str = "und") -> list[Span]:
    """The sentences of `text` in order, as (start, end), end exclusive, without white space at either edge.

    Every character that is not white space is in exactly one of them. `language` (ISO 639-1) only decides
    what the script leaves open, such as the German ordinal "3. Oktober".
    """
    spans: list[Span] = []
    start = 0
    for cut in (*_cuts(text, language), len(text)):
        span = _stripped(text, start, cut)
        start = cut
        if span is None:
            continue
        if spans and not _WORD_CHARACTER.search(text, *span):
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.extend(_shortened(text, span))
    return spans


def _stripped(text: str, start: int, end: int) -> Span | None:
    """The stretch without white space at its edges, or None where nothing else is in it."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _cuts(text: str, language: str) -> Iterator[int]:
    """The places between sentences, ascending."""
    guards = _Guards(text)
    sentence = _Sentence(*_first(text, 0))
    for match in _CANDIDATE.finditer(text):
        cut = match.end()
        if not sentence.has_word:
            sentence.has_word = _WORD_CHARACTER.search(text, sentence.seen, match.start()) is not None
            sentence.seen = match.start()
        if match["line"] is None and guards.inside(match.start(), cut):
            continue
        if _ends(text, match, sentence, guards, language):
            yield cut
            sentence = _Sentence(*_first(text, cut))


def _first(text: str, start: int) -> tuple[int, int]:
    """The first character from `start` that is not white space, twice."""
    while start < len(text) and text[start].isspace():
        start += 1
    return start, start


class _Guards:
    """The short bracketed and quoted stretches of a text; asked in text order."""

    def __init__(self, text: str) -> None:
        self.opened = _pairs(text)
        self._stretches = sorted(
            (start, end)
            for end, start in self.opened.items()
            if end - start <= (QUOTED if text[end] in _QUOTES else BRACKETED)
        )
        self._next = 0
        self._guarded_to = -1

    def inside(self, stop: int, cut: int) -> bool:
        """Whether the stop at `stop` and the cut after it lie within one stretch."""
        while self._next < len(self._stretches) and self._stretches[self._next][0] < stop:
            self._guarded_to = max(self._guarded_to, self._stretches[self._next][1])
            self._next += 1
        return cut <= self._guarded_to


def _pairs(text: str) -> dict[int, int]:
    """Closing bracket or quotation mark -> the place of the one that opened it, within a line."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for match in _PAIR.finditer(text):
        character, place = match[0], match.start()
        opener = _PAIRS.get(character) or _QUOTES.get(character)
        if character.isspace():
            opened.clear()
        elif opener is None:
            opened.append(place)
            del opened[:-16]
        elif any(text[other] == opener for other in opened):
            while text[opened[-1]] != opener:
                opened.pop()
            pairs[place] = opened.pop()
    return pairs


def _ends(text: str, match: regex.Match[str], sentence: _Sentence, guards: _Guards, language: str) -> bool:
    """Whether a sentence ends with the candidate."""
    if match["line"] is not None:
        return _line_ends(text, match)
    if not sentence.has_word:
        return False
    if match["thai"] is not None:
        return _thai_ends(text, match, sentence)
    if match["stop"] is None:
        return True
    if _is_wide(text, match):
        return _wide_stop_ends(text, match, sentence, guards)
    return _narrow_stop_ends(text, match, sentence, language)


def _line_ends(text: str, match: regex.Match[str]) -> bool:
    """A line break ends the sentence unless its column broke it: a long line that goes on in lower case."""
    stop = match.start()
    if stop < WRAPPED or _LINE_BREAK.search(text, stop - WRAPPED, stop):
        return True
    if sum(character == "\n" for character in match[0]) > 1:
        return True
    return not (text[match.end() : match.end() + 1].islower() and text[stop - 1] not in f".:;!?{_FULL_STOPS}")


def _thai_ends(text: str, match: regex.Match[str], sentence: _Sentence) -> bool:
    """A space ends a Thai or Lao sentence where it is long enough and nothing ties the two sides."""
    length = match.start() - sentence.start
    if _THAI_TIES.match(text, match.end()):
        return False
    before = text[max(sentence.start, match.start() - 8) : match.start()]
    marked = _THAI_ENDS.search(before) or _THAI_BEGINS.match(text, match.end())
    return length >= (THAI_MIN_MARKED if marked else THAI_MIN)


_WIDE_CHARACTER = regex.compile(rf"[{_WIDE}\u3001-\u303f\uff01-\uff60]")


def _is_wide(text: str, match: regex.Match[str]) -> bool:
    """Whether the stop follows the habits of Han and Kana: no space after it."""
    stop = match["stop"]
    if any(character in "。｡！？︒" for character in stop):
        return True
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if "．" in stop:
        return not (before.isdecimal() and after.isdecimal())
    return bool(_WIDE_CHARACTER.match(before)) and (
        after in ("", "“", "‘") or bool(_WIDE_CHARACTER.match(after))
    )


def _wide_stop_ends(text: str, match: regex.Match[str], sentence: _Sentence, guards: _Guards) -> bool:
    stop, close, cut = match["stop"], match["close"], match.end()
    if all(character in "…⋯‥." for character in stop) and len(stop) > 1 and not close:
        return text[cut : cut + 1] in ("“", "「", "『", "")
    if not close:
        return _AFTER_COMMA.match(text, cut) is None
    for place in range(match.start("close"), cut):
        if text[place] in _PAIRS and sentence.start < guards.opened.get(place, cut) < match.start():
            return False  # （……。）in mid-sentence
    return _CONTINUES_WIDE.match(text, cut) is None


_AFTER_COMMA = regex.compile(r"[，、；：,;:…—–）)]")


def _narrow_stop_ends(text: str, match: regex.Match[str], sentence: _Sentence, language: str) -> bool:
    """In scripts with spaces a stop ends the sentence before white space and no lower-case letter."""
    stop, cut = match["stop"], match.end()
    gap = text[cut : cut + 1].isspace()
    if stop[0] in _FULL_STOPS and not gap:
        return _AFTER_COMMA.match(text, cut) is None
    if not gap:
        return _is_unspaced_korean(text, match)
    after = _AFTER.match(text, cut)
    place = cut if after is None else after.end()
    if text[place : place + 1].islower() and not text[place + 1 : place + 2].isupper():
        return False
    word = _NEXT_WORD.match(text, place)
    following = "" if word is None else word[0]
    if following.isalpha() and text.startswith(".", place + len(following)):
        following = ""
    if stop != ".":
        return not (match["close"] and _SAYS.match(text, place))
    return not _is_abbreviated(text, match.start(), following, sentence, language)


def _is_unspaced_korean(text: str, match: regex.Match[str]) -> bool:
    """Korean without the space: "했다.그는"."""
    return bool(
        not match["close"]
        and text[match.start() - 1] in "다요까죠"
        and regex.match(r"\p{Hangul}", text[match.end() : match.end() + 1])
    )


def _is_abbreviated(text: str, stop: int, following: str, sentence: _Sentence, language: str) -> bool:
    """Whether the full stop at `stop` belongs to the word before it and ends nothing.

    `following` is the next word as written, "" where there is none or it carries a full stop itself.
    """
    window = text[max(sentence.start, stop - 24) : stop]
    token = _TOKEN.search(window)
    if token is None or window[token.start() - 1 : token.start()] in _ADDRESS_SIGNS:
        return False
    written = regex.sub(r"\s", "", token[0])
    word = written.casefold()
    if written.isdecimal():
        begins = stop - len(token[0]) <= sentence.start
        ordinal = len(written) <= 2 and (language in _ORDINAL_LANGUAGES or following.casefold() in _MONTHS)
        return begins or (ordinal and following not in _STARTERS)
    if following[:1].isdecimal() and (word in _BEFORE_NUMBER or word in _MAY_END):
        return True
    last = word.rsplit("-", 1)[-1]
    if word in _TITLES or last in _TITLES:
        return True
    if len(written) == 1 and regex.match(rf"[{_WIDE}\p{{Hangul}}]", written) is None:
        return following not in _STARTERS or following in _NAME_PARTICLES
    if word in _MAY_END or _ACRONYM.fullmatch(word):
        return following not in _STARTERS
    return False


def _shortened(text: str, span: Span) -> Iterator[Span]:
    """The span, or its parts between semicolons where it is overlong."""
    start, end = span
    wide = _WIDE_CHARACTER.search(text, start, min(end, start + 40)) is not None
    if end - start <= (LONG_WIDE if wide else LONG_NARROW):
        yield span
        return
    for match in _SEMICOLON.finditer(text, start, end):
        if match.end() - start >= MIN_PART and end - match.end() >= MIN_PART:
            part = _stripped(text, start, match.end())
            if part is not None:
                yield part
            start = match.end()
    rest = _stripped(text, start, end)
    if rest is not None:
        yield rest


_SEMICOLON = regex.compile(r"；[”」』]?|[;؛][\"”»]?(?=\s)")
