"""Questions to begin with, made from the library's own documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.records import SECTION_SEPARATOR, DocumentInfo, Passage
from rag.web.html import bdi, element, escape
from rag.web.texts import EN, ZH, Texts

EXAMPLES = 4
MAX_NAME_CHARACTERS = 40  # a longer heading makes no good question


def example_questions(
    documents: Sequence[DocumentInfo],
    passages_of: Callable[[str], Sequence[Passage]],
    texts: Texts,
) -> list[str]:
    """Return up to `EXAMPLES` questions, each about another document, as many languages as there are.

    Asked in the document's language where the page speaks it, else in the page's.
    """
    questions: list[str] = []
    for info in _chosen(documents):
        words = {"zh": ZH, "en": EN}.get(info.language, texts)
        question = _question(info, passages_of(info.key), words)
        if question and question not in questions:
            questions.append(question)
    return questions[:EXAMPLES]


def _chosen(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return some documents: the largest of each language first, the commonest language before others."""
    ranked = sorted(documents, key=lambda info: (-info.passages, info.key))
    seen: dict[str, int] = {}
    turns: list[tuple[int, int, DocumentInfo]] = []
    for place, info in enumerate(ranked):
        turn = seen.get(info.language, 0)
        seen[info.language] = turn + 1
        turns.append((turn, place, info))
    return [info for _, _, info in sorted(turns, key=lambda entry: entry[:2])[: EXAMPLES * 2]]


def _question(info: DocumentInfo, passages: Sequence[Passage], words: Texts) -> str:
    speakers = [p.source.speaker for p in passages if p.source.speaker]
    if speakers:
        return words.example_speaker.format(name=speakers[0])
    sections = [p.source.section.rpartition(SECTION_SEPARATOR)[2] for p in passages if p.source.section]
    short = [section for section in sections if 2 <= len(section) <= MAX_NAME_CHARACTERS]
    if short:
        return words.example_section.format(name=short[0])
    if info.title and len(info.title) <= MAX_NAME_CHARACTERS:
        return words.example_title.format(name=info.title)
    return ""


def examples_view(questions: Sequence[str], texts: Texts) -> str:
    """Return the questions as buttons that ask them; empty where there are none."""
    if not questions:
        return ""
    buttons = (
        element("button", bdi(question), type="button", data_act="try", data_question=question, dir="auto")
        for question in questions
    )
    return element("div", element("p", escape(texts.try_these)), *buttons, class_="wj-examples")
