"""A folder of text to measure with: paragraphs of sentences drawn from `data/documents`, always the same.

Sentences are shuffled within their language and their numbers changed, so that the text has the words, the
lengths and the mix of languages of real documents, and no two paragraphs are the same.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rag.language import detect_language
from rag.readers import read, readable
from rag.sentences import sentence_spans

DOCUMENTS = Path(__file__).resolve().parents[1] / "data" / "documents"
PARAGRAPHS = 10  # a file
WIDE = frozenset({"zh", "ja"})
LENGTH = {
    True: 160,
    False: 420,
}  # characters of a paragraph at least, in wide scripts and in others: ~100 tokens
SEED = 20220401


def write_folder(
    folder: Path, *, paragraphs: int, languages: Sequence[str] | None = None, seed: int = SEED
) -> None:
    """Fill `folder` with files of so many paragraphs together, each file in the next language (all)."""
    sentences = sentences_by_language()
    generator = random.Random(seed)
    languages = languages or sorted(sentences)
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, paragraphs, PARAGRAPHS)):
        language = languages[number % len(languages)]
        count = min(PARAGRAPHS, paragraphs - first)
        body = [paragraph(sentences[language], language, generator) for _ in range(count)]
        (folder / f"{number:04d}-{language}.txt").write_text("\n\n".join(body) + "\n", encoding="utf-8")


def questions(count: int, *, languages: Sequence[str] | None = None, seed: int = SEED) -> list[str]:
    """Return so many questions, each the first words of a sentence in the next of the languages (all)."""
    sentences = sentences_by_language()
    generator = random.Random(seed + 1)
    languages = languages or sorted(sentences)
    chosen = [generator.choice(sentences[languages[number % len(languages)]]) for number in range(count)]
    return [re.sub(r"\s+", " ", sentence)[:60].strip() + "?" for sentence in chosen]


def paragraph(sentences: Sequence[str], language: str, generator: random.Random) -> str:
    """Return sentences drawn until the paragraph is long enough, their numbers changed."""
    wide = language in WIDE
    parts: list[str] = []
    while sum(map(len, parts)) < LENGTH[wide]:
        parts.append(other_numbers(generator.choice(sentences), generator))
    return ("" if wide else " ").join(parts)


def other_numbers(sentence: str, generator: random.Random) -> str:
    """Return the sentence with each of its digits drawn again."""
    return re.sub("[0-9]", lambda _: str(generator.randint(1, 9)), sentence)


def sentences_by_language() -> dict[str, list[str]]:
    """Return the sentences of the sample documents that end like one, by the language of their document."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(DOCUMENTS.iterdir()):
        if readable(path):
            for document in read(path):
                language = detect_language(document.text)
                for start, end in sentence_spans(document.text, language):
                    sentence = " ".join(document.text[start:end].split())
                    if len(sentence) >= 12:
                        found[language].append(sentence)
    return {language: sentences for language, sentences in found.items() if len(sentences) >= 8}
