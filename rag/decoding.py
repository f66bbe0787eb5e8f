"""From the bytes of a text file to its characters, decided by evidence; stands below the readers.

The order of evidence: a byte order mark; UTF-16 or UTF-32 where bytes occur that no other text has; UTF-8,
with a few broken bytes at most; what the file itself declares (HTML); and last the older encodings. Among
those, `chardet` says how well the byte pairs fit each language, and the text that comes out must look
natural: one script, no control or private characters, no capital in mid-word, common Han characters. The
runner-up's distance is the doubt, and doubt becomes a warning, never silence.

Measured on windows of text in 27 encodings, Unicode with and without a mark included; the weights below were
set on these, and `tests/test_decoding.py` holds other windows. Each row is (bytes, windows, wrong, wrong
without a warning, right with one):

    60    2,970   1.35 %   0   19 %       GBK, GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, cp1251, KOI8-R and
    100   2,723   0.70 %   0   13 %       UTF-16/32: none wrong from 200 bytes up. `chardet` alone is as often
    200   2,146   0.33 %   0    5 %       right on older ones, but knows no UTF-16 without a mark, and its own
    400   1,713   0.06 %   0    1.4 %     confidence does not tell its errors from the rest.
    1000  1,346   0        0    0.15 %    `charset-normalizer` had 13 % wrong at 200 bytes, 7 % at 1,000.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.errors import EncodingError, ReadError
from rag.language import detect_language, script_of

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
)

# What `chardet` calls an encoding -> the Python codecs to decode it with, the usual one first, and how often
# it is met, against 1 for the usual encodings of its language: nearly the same text may fit several.
_LEGACY: dict[str, tuple[tuple[str, ...], float]] = {
    "gb18030": (("gb18030",), 1.0),
    "big5hkscs": (("cp950", "big5hkscs"), 1.0),
    "cp932": (("cp932",), 1.0),
    "euc_jis_2004": (("euc_jp", "euc_jis_2004"), 1.0),
    "cp949": (("cp949",), 1.0),
    "hz": (("hz",), 1.0),
    "iso2022_jp_2": (("iso2022_jp_2",), 1.0),
    "iso2022_kr": (("iso2022_kr",), 1.0),
    **{f"cp{page}": ((f"cp{page}",), 1.0) for page in (1250, 1251, 1253, 1254, 1255, 1256, 874)},
    **{f"cp{page}": ((f"cp{page}",), 0.7) for page in (1257, 1258, 437, 850, 852)},
    **{f"iso8859-{part}": ((f"iso8859-{part}",), 0.93) for part in (1, 5, 7, 8, 9, 15)},
    "cp1252": (("cp1252",), 1.25),  # most of the world's text with a few accents
    "iso8859-2": (("iso8859-2",), 0.97),
    "koi8-r": (("koi8-r",), 1.0),
    "koi8-u": (("koi8-u",), 0.97),
    "cp866": (("cp866",), 0.8),
    "mac-cyrillic": (("mac-cyrillic",), 0.85),
    "mac-roman": (("mac-roman",), 0.7),
}
_MULTIBYTE = ("gb18030", "big5hkscs", "cp932", "euc_jis_2004", "cp949")

# What a page declares -> what its author's software wrote. https://encoding.spec.whatwg.org/#names-and-labels
_DECLARED = {
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030",
    "big5": "cp950", "big5-hkscs": "big5hkscs", "x-x-big5": "cp950",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "x-euc-jp": "euc_jp",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "iso-8859-9": "cp1254", "tis-620": "cp874", "iso-8859-11": "cp874", "x-user-defined": "",
    "utf-16": "", "utf-16le": "", "utf-16be": "", "utf-32": "", "utf-7": "",
}  # fmt: skip

_SAMPLE_BYTES = 4_000  # of lines with bytes beyond ASCII: 1,000 already decide
_LEAST_FIT = 0.15  # of the best fit: what fits worse is not looked at, natural or not
_LEAST_MARGIN = 0.31  # of the best over the next: above 1 - 0.7, the rarer encodings' handicap
_LEAST_NATURAL = 0.9  # without a warning
_FLOOR_NATURAL = 0.5  # with one; random bytes reach 0.35
_MENDED_LEAD = 0.15  # in naturalness, that a reading with broken bytes needs over one without
_FEWEST_BYTES = 5  # beyond ASCII; with fewer the evidence is thin whatever the margin
_MAX_CONTROL_SHARE = 0.01  # of characters; compressed data has 0.1 of bytes
_MAX_BROKEN_SHARE = 0.005
_WINDOW_BYTES = 250_000  # on each side of the first broken byte
_SOUND_PER_BROKEN = 5  # sound UTF-8 sequences per broken one; GBK read as UTF-8 has less than 1

_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b")) + b"\x7f"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_END = re.compile(r"\r\n?|[\v\x85\u2028\u2029]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SOUND_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_MARKS = frozenset(
    "“”„‚‘’‹›«»—–―…·•、。「」『』，：；？！（）《》〈〉【】〔〕・〜～€£¥°§№¿¡©®™ªº％＋－＝／．￥￿×÷±½¼²³→←↑↓"
    "○●◎□■△▲▽▼◇◆☆★※〒々ー￣＿①②③④⑤⑥⑦⑧⑨⑩ⅠⅡⅢ\u00a0\u00ad\u3000\u200b\u200c\u200d\u200e\u200f\ufeff"
)
_MARKS_IN_WORDS = frozenset("’·–—•\u00a0\u00ad\u200b\u200c\u200d")
_COMMON = frozenset(" \n,.;:-eaot0123，。、的是のを이다аоеاαηאาन")  # any text of some length has one


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a file, its encoding (a Python codec name), and what is doubtful, one line each."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Guess:
    """One way to read the sample: higher `score` is better, `natural` is at most 1."""

    score: float
    natural: float
    codec: str
    text: str


def decode(data: bytes, *, name: str, declared: str = "") -> Decoded:
    """Return the characters of `data` as `clean` leaves them; `declared` is what the file says it is.

    Raises:
        ReadError: `data` is not text, or holds nothing but white space.
        EncodingError: no encoding fits well enough to be shown to anyone.
    """
    decoded = _decode(data, name, declared)
    text = clean(decoded.text)
    if not text.strip():
        raise ReadError(f"{name} holds no text; there is nothing to index in it")
    return Decoded(text, decoded.encoding, decoded.warnings + doubts(decoded.text))


def clean(text: str) -> str:
    """Return `text` in the form that documents hold: nothing in it can break a store, a page or a terminal.

    Line ends, vertical tabs and Unicode line separators become line feeds. Other control characters, NUL and
    escape included, become one space each, but for tab and form feed. A lone surrogate becomes U+FFFD; byte
    order marks go. Bidirectional marks and joiners stay: Arabic, Persian and emoji need them.
    """
    text = _LINE_END.sub("\n", text.replace("\ufeff", ""))
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))


def doubts(text: str) -> tuple[str, ...]:
    """Return what `clean` has to replace in `text` and what nobody can read, one line for each kind."""
    found = []
    if count := len(_SURROGATE.findall(text)):
        found.append(f"{count} half characters (lone surrogates) were replaced by �")
    if count := len(_CONTROL.findall(text.replace("\x1b", "").replace("\x1a", ""))):
        found.append(f"{count} control characters were replaced by spaces")
    if count := len(_PRIVATE.findall(text)):
        found.append(f"{count} characters are private ones that only the author's font can show")
    return tuple(found)


def _decode(data: bytes, name: str, declared: str) -> Decoded:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], encoding)
    controls = len(data) - len(data.translate(None, _CONTROL_BYTES))
    if controls and (wide := _wide(data)):
        return wide
    if controls > _MAX_CONTROL_SHARE * len(data):
        raise ReadError(f"{name} is {_kind(data)}, not text; leave it out or save it as text")
    if not re.search(rb"[\x80-\xff]|\x1b\$|~\{", data):
        return Decoded(data.decode("ascii"), "utf-8")
    return _utf8(data) or _declared(data, declared) or _legacy(data, name)


def _kind(data: bytes) -> str:
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "a binary file")


def _lossy(data: bytes, codec: str) -> Decoded:
    """Return the text with U+FFFD for each broken stretch, and a warning that says where the first is."""
    try:
        return Decoded(data.decode(codec), codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    text = data.decode(codec, "replace")
    broken = text.count("\ufffd") - data.count("\ufffd".encode(codec, "ignore") or b"\0\0\0\0")
    warning = f"{max(broken, 1)} broken stretches of {codec} were replaced by �, the first in line {line}"
    return Decoded(text, codec, (warning,))


def _utf8(data: bytes) -> Decoded | None:
    try:
        return Decoded(data.decode("utf-8"), "utf-8") if re.search(rb"[\x80-\xff]", data) else None
    except UnicodeDecodeError as error:
        around = data[max(error.start - _WINDOW_BYTES, 0) : error.start + _WINDOW_BYTES]
        sound = len(_SOUND_UTF8.findall(around))
        broken = around.decode("utf-8", "replace").count("\ufffd")
    return _lossy(data, "utf-8") if sound >= _SOUND_PER_BROKEN * broken else None


def _wide(data: bytes) -> Decoded | None:
    """Return the text of UTF-16 or UTF-32 without a byte order mark, None where it is neither."""
    best, best_score = None, 0.0
    for codec in _WIDE:
        unit = 4 if "32" in codec else 2
        whole = data[: len(data) // unit * unit]
        try:
            text = whole.decode(codec)
        except UnicodeDecodeError:
            continue
        sample = text[:_SAMPLE_BYTES]
        if not sample or len(_CONTROL.findall(sample)) > _MAX_CONTROL_SHARE * len(sample):
            continue
        natural, _ = naturalness(sample)
        common = sum(sample.count(character) for character in _COMMON) / len(sample)
        if natural >= 0.7 and (common or unit == 4) and natural + common > best_score:
            cut = () if len(whole) == len(data) else (f"the last {len(data) - len(whole)} bytes are cut off",)
            best, best_score = Decoded(text, codec, cut), natural + common
    return best


def _declared(data: bytes, declared: str) -> Decoded | None:
    label = declared.strip().lower()
    codec = _DECLARED.get(label, label)
    try:
        codec = codecs.lookup(codec).name if codec else ""
        text = data.decode(codec) if codec else ""
    except (LookupError, UnicodeError):
        return None
    return Decoded(text, codec) if text and naturalness(text[:_SAMPLE_BYTES])[0] >= 0.7 else None


def _legacy(data: bytes, name: str) -> Decoded:
    data = data.translate(bytes.maketrans(_CONTROL_BYTES, b" " * len(_CONTROL_BYTES)))
    guesses = _guesses(_sample(data))
    if not guesses or guesses[0].natural < _LEAST_NATURAL:
        floor = guesses[0].natural + _MENDED_LEAD if guesses else 0.0
        mended = [guess for guess in _repaired(data) if guess.natural > floor]
        guesses = sorted(mended, key=lambda guess: -guess.natural) + guesses
    for guess in guesses[:3]:
        decoded = _lossy(data, guess.codec)
        if (
            decoded.text.count("\ufffd") <= 1 + _MAX_BROKEN_SHARE * len(decoded.text)
            and guess.natural > _FLOOR_NATURAL
        ):
            doubt = _doubt(data, guess, guesses)
            return Decoded(decoded.text, guess.codec, decoded.warnings + doubt)
    raise EncodingError(f"{name}: no character encoding gives readable text; save it as UTF-8 and try again")


def _sample(data: bytes) -> bytes:
    """Return the lines with bytes beyond ASCII, from the top, up to `_SAMPLE_BYTES`."""
    lines: list[bytes] = []
    size = 0
    for match in re.finditer(rb"[^\n]*(?:[\x80-\xff]|\x1b\$|~\{)[^\n]*\n?", data):
        lines.append(match.group()[: _SAMPLE_BYTES - size])
        size += len(lines[-1])
        if size >= _SAMPLE_BYTES:
            break
    return b"".join(lines)


def _guesses(sample: bytes) -> list[_Guess]:
    """Return the ways to read `sample`, best first; each text that comes out only once."""
    if not sample:
        return []
    import chardet  # 0.1 s, and only for files that are not Unicode

    found: dict[str, _Guess] = {}
    fits = chardet.detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=list(_LEGACY)
    )
    for fit in fits:
        if fit["confidence"] < _LEAST_FIT * fits[0]["confidence"]:
            break
        codecs_of, frequency = _LEGACY.get(str(fit["encoding"]), ((), 0.0))
        codec, text = _first_that_decodes(sample, codecs_of)
        if not text or text in found:
            continue
        natural, strangeness = naturalness(text)
        agreement = 1.25 if detect_language(text) == fit["language"] else 1.0
        score = fit["confidence"] * frequency * agreement * math.exp(-0.2 * min(strangeness, 60.0))
        found[text] = _Guess(score, natural, codec, text)
    return sorted(found.values(), key=lambda guess: -guess.score)


def _first_that_decodes(sample: bytes, codec_names: tuple[str, ...]) -> tuple[str, str]:
    for codec in codec_names:
        try:
            return codec, codecs.getincrementaldecoder(codec)().decode(sample, final=False)
        except UnicodeDecodeError:
            continue
    return "", ""


def _repaired(data: bytes) -> Iterator[_Guess]:
    """Yield readings in encodings of several bytes that a few broken bytes had ruled out."""
    sample = _sample(data)
    for label in _MULTIBYTE:
        codec = _LEGACY[label][0][0]
        text = sample.decode(codec, "replace")
        if 0 < text.count("\ufffd") <= 1 + _MAX_BROKEN_SHARE * len(text):
            mended = text.replace("\ufffd", "").encode(codec, "ignore")
            yield from (guess for guess in _guesses(mended)[:1] if guess.codec == codec)


def _doubt(data: bytes, guess: _Guess, guesses: list[_Guess]) -> tuple[str, ...]:
    beyond_ascii = len(re.findall(rb"[\x80-\xff]", data[:100_000]))
    others = [other for other in guesses if other is not guess]
    margin = 1 - max((other.score for other in others), default=0.0) / max(guess.score, 1e-9)
    if margin >= _LEAST_MARGIN and guess.natural >= _LEAST_NATURAL and beyond_ascii >= _FEWEST_BYTES:
        return ()
    rival = f"; {others[0].codec} is possible too" if others and margin < _LEAST_MARGIN else ""
    return (f"read as {guess.codec}, but the evidence is thin{rival}: look whether the text is readable",)


def naturalness(text: str) -> tuple[float, float]:
    """Return how much of `text` beyond ASCII looks like writing, and how much in it does not.

    The first is the mean over those characters of 1 for a letter of the main script or a usual mark, down to
    -2 for a character that no text has; from 0 to 1, and 1 where all is ASCII. The second is the sum of what
    they fall short of 1: it grows with the text, so that two capitals in mid-word weigh the same in any.
    """
    places = [place for place, character in enumerate(text) if character > "\x7f"]
    if not places:
        return 1.0, 0.0
    families = Counter(_family(text[place]) for place in places)
    families.pop("", None)
    main = max(families, key=lambda family: (families[family], family)) if families else ""
    total = sum(_fitness(text, place, main) for place in places)
    return max(total / len(places), 0.0), len(places) - total


def _family(character: str) -> str:
    script = "" if "\uff01" <= character <= "\uff5e" else _cached_script(character)
    return "cjk" if script in ("han", "kana", "ko") else script


_cached_script = lru_cache(maxsize=1 << 16)(script_of)


def _fitness(text: str, place: int, main: str) -> float:
    character = text[place]
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    family = _family(character)
    if not family:
        return _mark_fitness(character, before, after)
    if family == "latin" and main == "cjk":
        return -0.5
    if family != main or (character.isupper() and before.islower()):
        return -1.0
    if character.islower() and before.isupper() and place > 1 and text[place - 2].islower():
        return -1.0
    if "\uff61" <= character <= "\uff9f":
        return 0.2
    fitness = 1.0 if family != "cjk" or _is_common(character) else 0.5
    beside_ascii = (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())
    return fitness - 0.5 if beside_ascii and family not in ("cjk", "th", "latin") else fitness


def _mark_fitness(character: str, before: str, after: str) -> float:
    if "\uff01" <= character <= "\uff5e":
        return 1.0
    if character in _MARKS:
        inside_a_word = before.isalpha() and after.isalpha() and _family(before) != "cjk"
        return -0.5 if inside_a_word and character not in _MARKS_IN_WORDS else 1.0
    if unicodedata.category(character)[0] == "C":
        return -2.0
    return 0.0 if "\uff00" <= character <= "\uffef" or "\u3000" <= character <= "\u30ff" else -1.0


@lru_cache(maxsize=1 << 16)
def _is_common(character: str) -> bool:
    """Return whether the first, frequent part of a national character set has this Han character."""
    if _cached_script(character) != "han":
        return True
    for codec, first, last in (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("shift_jis", 0x88, 0x97)):
        encoded = character.encode(codec, "ignore")
        if len(encoded) == 2 and first <= encoded[0] <= last:
            return True
    return False
