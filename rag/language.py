"""The language of a passage or a question, decided without a model: by script, then by words and letters.

Scripts that one language owns (Hangul, Thai, Greek …) decide at once. Han characters are Chinese unless kana
or Japanese-only forms stand among them. In scripts that many languages share (Latin, Cyrillic, Arabic,
Devanagari) each language collects evidence from `languages.json`: its function words, its letters beyond the
plain alphabet, and pieces of words that are frequent in it ("_" is the edge of a word). Evidence weighs the
logarithm of how few of the languages share it, so "de" says little and "och" much.

`tests/test_language.py` has the figures that must hold.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

UNDECIDED = "und"

_SAMPLE = 1800  # characters looked at; a passage is shorter, and a long text shows its language sooner
_PIECES_SAMPLE = 240  # characters from which pieces of words are counted
_LEAST_EVIDENCE = 1.8  # in Latin script: one function word that few languages share, or two pieces of words
_CLEAR_EVIDENCE = 6.0  # lead of the first over the second that pieces of words need not confirm

# Between close relatives the one that is met more often gets the benefit of the doubt.
_PRIOR: defaultdict[str, float] = defaultdict(float)
_PRIOR.update(dict.fromkeys(("en", "ru", "ar", "hi"), 0.5))
_PRIOR.update(dict.fromkeys(("es", "fr", "de", "pt", "fa"), 0.4))
_PRIOR.update(dict.fromkeys(("it", "nl", "pl", "tr", "vi", "id", "sv", "cs", "ro", "da"), 0.2))
_PRIOR.update(dict.fromkeys(("ca", "et", "hr", "lt", "lv", "sk", "sw", "tl", "mk", "be", "ps", "ku"), -0.8))
_PRIOR["sl"] = -1.5

# First code point of a stretch, and whose letters stand there; "" where no letters do or none that matter.
_STRETCHES: tuple[tuple[int, str], ...] = (
    (0x0041, "latin"), (0x0250, ""), (0x0370, "el"), (0x0400, "cyrillic"), (0x0530, "hy"), (0x0590, "he"),
    (0x0600, "arabic"), (0x0700, ""), (0x0750, "arabic"), (0x0780, ""), (0x0900, "devanagari"),
    (0x0980, "bn"), (0x0A00, "pa"), (0x0A80, "gu"), (0x0B00, "or"), (0x0B80, "ta"), (0x0C00, "te"),
    (0x0C80, "kn"), (0x0D00, "ml"), (0x0D80, "si"), (0x0E00, "th"), (0x0E80, "lo"), (0x0F00, "bo"),
    (0x1000, "my"), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, "am"), (0x1380, ""), (0x1780, "km"),
    (0x1800, ""), (0x1C90, "ka"), (0x1CC0, ""), (0x1E00, "latin"), (0x1F00, "el"), (0x2000, ""),
    (0x3005, "han"), (0x3008, ""), (0x3041, "kana"), (0x3100, "han"), (0x3130, "ko"), (0x3190, ""),
    (0x31F0, "kana"), (0x3200, ""), (0x3400, "han"), (0xA000, ""), (0xAC00, "ko"), (0xD7B0, ""),
    (0xF900, "han"), (0xFB00, "latin"), (0xFB13, "hy"), (0xFB1D, "he"), (0xFB50, "arabic"), (0xFE00, ""),
    (0xFE70, "arabic"), (0xFF00, ""), (0xFF21, "latin"), (0xFF5B, ""), (0xFF66, "kana"), (0xFFA0, "ko"),
    (0xFFE0, ""), (0x20000, "han"), (0x32000, ""),
)  # fmt: skip
_STARTS = tuple(start for start, _ in _STRETCHES)

# How many words one character is worth, so that scripts can be weighed against each other.
_WORDS_PER_LETTER = defaultdict(lambda: 0.2, {"han": 0.8, "kana": 0.5, "ko": 0.5, "th": 0.25, "lo": 0.25})
_NAME_WEIGHT = 0.4  # of a Latin word beside another script that need not be more than a name or a term

# Letters with the vowel signs of Devanagari and the points of Arabic, which `\w` leaves out.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0963])+")
_CHINESE_GRAMMAR = frozenset("的了是在不我他她们們这這那有和与與吗嗎呢吧着著个個没沒也就都而把被让讓给給")


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What words, letters and pieces of words say: for each, which languages gain how much."""

    languages: tuple[str, ...]
    words: dict[str, tuple[tuple[str, float], ...]]
    letters: dict[str, tuple[tuple[str, float], ...]]
    pieces: dict[str, tuple[tuple[str, float], ...]]
    piece_lengths: tuple[int, ...]


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language that most of `text` is written in, "und" where undecided.

    Mixed text goes to the script that carries most words; Latin names and terms inside another script do not
    outweigh it. The same text always gives the same code.
    """
    sample = _sample(text)
    counts = Counter(sample)
    weights = _script_weights(counts)
    if not weights:
        return UNDECIDED
    cjk = weights.pop("han", 0.0), weights.pop("kana", 0.0), weights.get("ko", 0.0)
    if any(cjk):
        weights["cjk"] = sum(cjk)
        weights.pop("ko", None)
    if "latin" in weights and len(weights) > 1:
        weights["latin"] = _latin_words(sample)
    script = max(sorted(weights), key=lambda name: (weights[name], name != "latin"))
    if script == "cjk":
        return _han_kana_hangul(counts)
    return script if len(script) == 2 else _by_evidence(sample, script)


def script_of(character: str) -> str:
    """Return whose letter `character` is: a script ("latin"), a language that owns one ("th"), or ""."""
    place = bisect_right(_STARTS, ord(character)) - 1
    if place < 0 or not _STRETCHES[place][1]:
        return ""
    return _STRETCHES[place][1] if unicodedata.category(character)[0] in "LM" else ""


_cached_script = lru_cache(maxsize=1 << 16)(script_of)


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE:
        return text
    third = _SAMPLE // 3
    middle = len(text) // 2
    return "\n".join((text[:third], text[middle : middle + third], text[-third:]))


def _script_weights(counts: Counter[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for character, count in counts.items():
        script = _cached_script(character)
        if script:
            weights[script] = weights.get(script, 0.0) + count * _WORDS_PER_LETTER[script]
    return weights


def _latin_words(sample: str) -> float:
    """Return how many words the Latin part of a mixed text counts for: function words full, others less."""
    known = _evidence("latin").words
    words = [word for word in _WORD.findall(sample) if len(word) > 1 and _cached_script(word[0]) == "latin"]
    return sum(1.0 if word in known else _NAME_WEIGHT for word in words)


def _han_kana_hangul(counts: Counter[str]) -> str:
    totals = Counter[str]()
    chinese = japanese = 0
    for character, count in counts.items():
        script = _cached_script(character)
        totals[script] += count
        if script == "han":
            form = _han_form(character)
            chinese += count * (3 * (form == "zh") + (character in _CHINESE_GRAMMAR))
            japanese += count * (form == "ja")
    han, kana, hangul = totals["han"], totals["kana"], totals["ko"]
    if hangul > kana and hangul * 3 >= han:
        return "ko"
    if not kana:
        return "ja" if japanese > chinese else "zh"
    share = kana / (han + kana)
    return "zh" if share < 0.4 and chinese >= kana + japanese else "ja"


@lru_cache(maxsize=1 << 15)
def _han_form(character: str) -> str:
    """Return "ja" or "zh" where only the character set of that language has the character, else ""."""
    if not _encodable(character, "shift_jis"):
        return "zh"
    chinese = _encodable(character, "gb2312") or _encodable(character, "big5")
    return "" if chinese or character in "々〆ヶ" else "ja"


def _encodable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _by_evidence(sample: str, script: str) -> str:
    """Return the language of `script` for which words, letters and pieces of words say most."""
    evidence = _evidence(script)
    scores = {language: _PRIOR[language] for language in evidence.languages}
    folded = sample.replace("İ", "i").casefold()
    words = Counter(_WORD.findall(folded))
    for word, count in words.items():
        for language, weight in evidence.words.get(word, ()):
            scores[language] += weight * math.sqrt(count)  # six times "los" may be Los Angeles
    if not folded.isascii():
        for letter, count in Counter(folded).items():
            for language, weight in evidence.letters.get(letter, ()):
                scores[language] += weight * count
    second, first = sorted(scores.values())[-2:]
    if first - second < _CLEAR_EVIDENCE:
        _add_pieces(scores, words, evidence)
    best = max(evidence.languages, key=lambda language: scores[language])
    return best if script != "latin" or scores[best] >= _LEAST_EVIDENCE else UNDECIDED


def _add_pieces(scores: dict[str, float], words: Iterable[str], evidence: _Evidence) -> None:
    framed = ("_" + "_".join(words) + "_")[:_PIECES_SAMPLE]
    pieces = evidence.pieces
    for length in evidence.piece_lengths:
        for start in range(len(framed) - length + 1):
            if (piece := framed[start : start + length]) in pieces:
                for language, weight in pieces[piece]:
                    scores[language] += weight


@cache
def function_words(language: str) -> frozenset[str]:
    """Return the frequent words of `language` that name nothing, folded; empty where it has no such list."""
    entries = (table[language] for table in _tables().values() if language in table)
    return frozenset(word for entry in entries for word in entry["words"].split())


@cache
def _tables() -> dict[str, dict[str, dict[str, str]]]:
    tables: dict[str, dict[str, dict[str, str]]] = json.loads(
        files("rag").joinpath("languages.json").read_text(encoding="utf-8")
    )
    return tables


@cache
def _evidence(script: str) -> _Evidence:
    table = _tables()[script]
    languages = tuple(table)
    words = {language: set(entry["words"].split()) for language, entry in table.items()}
    letters = {language: set(entry["letters"]) for language, entry in table.items()}
    pieces = {language: set(entry["pieces"].split()) for language, entry in table.items()}
    return _Evidence(
        languages=languages,
        words=_weigh(words, scale=1.0),
        letters=_weigh(letters, scale=0.6, missing=-2.0),
        pieces=_weigh(pieces, scale=0.25),
        piece_lengths=tuple(sorted({len(piece) for entry in pieces.values() for piece in entry})),
    )


def _weigh(
    features: dict[str, set[str]], *, scale: float, missing: float = 0.0
) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return for each feature what each language gains by it: log(languages + 1 / languages that have it)."""
    owners: dict[str, list[str]] = defaultdict(list)
    for language, own in features.items():
        for feature in own:
            owners[feature].append(language)
    table: dict[str, tuple[tuple[str, float], ...]] = {}
    for feature, having in owners.items():
        gain = scale * math.log((len(features) + 1) / len(having))
        without = [language for language in features if language not in having] if missing else []
        table[feature] = tuple([(name, gain) for name in having] + [(name, missing) for name in without])
    return table
