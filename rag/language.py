"""The language of a passage or a question: by script first, then by function words and letters."""

from __future__ import annotations

import re
from collections import Counter

UNDECIDED = "und"
_LATIN_WORD = re.compile(r"[^\W\d_]+")
_RANGES: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "latin"),
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "arabic"),
    (0x0900, 0x097F, "hi"),
    (0x0E00, 0x0E7F, "th"),
    (0x1E00, 0x1EFF, "latin"),
    (0x3040, 0x30FF, "kana"),
    (0x3400, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "ko"),
)
_FUNCTION_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "the of and to in is was who what when where how which for on that with by are did does".split()
    ),
    "es": frozenset(
        "el la los las de que en y un una por con para del se qué quién cómo cuál fue es".split()
    ),
    "fr": frozenset(
        "le la les de des du et en un une que qui est dans pour par sur au aux quel quelle".split()
    ),
    "de": frozenset("der die das und in den von zu mit ist im für auf wer was wann wie wo ein eine".split()),
}


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language that most of `text` is written in, "und" where undecided."""
    scripts = Counter[str]()
    for character, count in Counter(text[:4000]).items():
        point = ord(character)
        for first, last, script in _RANGES:
            if first <= point <= last and character.isalpha():
                scripts[script] += count * (1 if script in ("latin", "cyrillic", "arabic", "th", "hi") else 4)
                break
    if not scripts:
        return UNDECIDED
    cjk = scripts["han"] + scripts["kana"]
    script, weight = scripts.most_common(1)[0]
    if cjk >= weight:
        return "ja" if scripts["kana"] * 10 > cjk else "zh"
    if script == "cyrillic":
        return "ru"
    if script == "arabic":
        return "ar"
    return _latin(text) if script == "latin" else script


def _latin(text: str) -> str:
    found = Counter(_LATIN_WORD.findall(text[:4000].casefold()))
    scores = {language: sum(found[word] for word in words) for language, words in _FUNCTION_WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else UNDECIDED
