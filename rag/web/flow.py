"""Between the text of a document, with its line breaks, and the text that a person reads."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from rag.records import Passage
from rag.segment.joints import Joint, Vocabulary, joint
from rag.web.html import Span, marked, merged_spans

_LINE_BREAK = re.compile(r"[^\S\n]*\n\s*")
_EDGE = Joint("", 0)  # a break before the first character or after the last


def flowed(text: str, vocabulary: Vocabulary) -> tuple[str, list[int]]:
    """Return `text` without its line breaks, and for each character of the result its place in `text`.

    Lines are put together as the segmenter does it; `vocabulary` holds the words of the document.
    """
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    for match in _LINE_BREAK.finditer(text):
        line = text[position : match.start()]
        line_end = text.find("\n", match.end())
        following = text[match.end() : line_end if line_end >= 0 else len(text)]
        how = joint(line, following, vocabulary) if line and following else _EDGE
        kept = len(line) - how.dropped
        pieces += (line[:kept], how.glue)
        places += range(position, position + kept)
        places += [match.start()] * len(how.glue)
        position = match.end()
    pieces.append(text[position:])
    places += range(position, len(text))
    return "".join(pieces), places


def flowed_marked(text: str, spans: Sequence[Span], vocabulary: Vocabulary) -> str:
    """Return `text` flowed, as markup, with each of `spans` (offsets into `text`) inside `<mark>`."""
    flow, places = flowed(text, vocabulary)
    return marked(flow, [(bisect_left(places, start), bisect_left(places, end)) for start, end in spans])


def source_spans(passage: Passage, text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans of a passage's text as spans of the document's `text`, in order.

    The two differ by repaired line breaks only: white space, or a hyphen at the end of a line, stands in
    one and not in the other. Both are walked together, character by character.
    """
    places: list[int] = []
    position, end = passage.source.start, min(passage.source.end, len(text))
    for character in passage.text:
        if not character.isspace():
            while position < end and text[position] != character:
                position += 1
        places.append(position)
        if position < end and (not character.isspace() or text[position].isspace()):
            position += 1
    found = [
        (places[start], min(places[stop - 1] + 1, end)) for start, stop in merged_spans(spans, len(places))
    ]
    return merged_spans(found, len(text))
