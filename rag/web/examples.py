"""Questions to begin with, made from the library's own documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest

from rag.records import SECTION_SEPARATOR, DocumentInfo, Passage
from rag.web.html import bdi, element, escape
from rag.web.texts import EN, ZH, Texts

EXAMPLES = 4
MAX_NAME_CHARACTERS = 40  # a longer heading makes no good question
SHORTEST_CLAUSE = 4  # characters
TRIES = 6  # questions about one document that are put to the library
_CLAUSE = re.compile(r"[^,;:.!?()\n，、；：。！？（）“”\"«»]+")


def example_questions(
    documents: Sequence[DocumentInfo],
    passages_of: Callable[[str], Sequence[Passage]],
    texts: Texts,
    *,
    answered_from: Callable[[str], str],
) -> list[str]:
    """Return up to `EXAMPLES` questions, about as many documents and languages as there are.

    Asked in the document's language where the page speaks it, else in the page's. `answered_from` gives the
    path of the document whose passage answers a question, "" where none does: only questions that their own
    document answers are offered.
    """

    def answered(info: DocumentInfo) -> Iterator[str]:
        words = {"zh": ZH, "en": EN}.get(info.language, texts)
        tries = islice(_questions(info, passages_of(info.key), words), TRIES)
        return (one for one in tries if answered_from(one) == info.path)

    rounds = zip_longest(*map(answered, _chosen(documents)))  # one of each document first
    found: list[str] = []
    for question in (one for turn in rounds for one in turn if one):
        if question not in found:
            found.append(question)
        if len(found) == EXAMPLES:
            break
    return found


def _chosen(documents: Sequence[DocumentInfo]) -> list[DocumentInfo]:
    """Return some documents: the largest of each language first, the commonest language before others."""
    ranked = sorted(documents, key=lambda info: (-info.passages, info.key))
    seen: dict[str, int] = {}
    turns: list[tuple[int, int, DocumentInfo]] = []
    for place, info in enumerate(ranked):
        turn = seen.get(info.language, 0)
        seen[info.language] = turn + 1
        turns.append((turn, place, info))
    return [info for _, _, info in sorted(turns, key=lambda entry: entry[:2])[:EXAMPLES]]


def _questions(info: DocumentInfo, passages: Sequence[Passage], words: Texts) -> Iterator[str]:
    """Yield questions about a document: about a speaker, headings, its title, what passages begin with."""
    speakers = [p.source.speaker for p in passages if p.source.speaker]
    yield from (words.example_speaker.format(name=name) for name in speakers[:1])
    sections = [p.source.section.rpartition(SECTION_SEPARATOR)[2] for p in passages if p.source.section]
    short = [section for section in dict.fromkeys(sections) if 2 <= len(section) <= MAX_NAME_CHARACTERS]
    yield from (words.example_section.format(name=section) for section in short[:2])
    if info.title and len(info.title) <= MAX_NAME_CHARACTERS:
        yield words.example_title.format(name=info.title)
    for passage in passages:
        clause = _CLAUSE.search(passage.text)
        said = clause.group().strip() if clause else ""
        if len(said) > MAX_NAME_CHARACTERS:
            said = said[: MAX_NAME_CHARACTERS + 1].rpartition(" ")[0]
        if len(said) >= SHORTEST_CLAUSE:
            yield words.example_section.format(name=said)


def examples_view(questions: Sequence[str], texts: Texts) -> str:
    """Return the questions as buttons that ask them; empty where there are none."""
    if not questions:
        return ""
    buttons = (
        element("button", bdi(question), type="button", data_act="try", data_question=question, dir="auto")
        for question in questions
    )
    return element("div", element("p", escape(texts.try_these)), *buttons, class_="wj-examples")
