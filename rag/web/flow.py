"""Between the text of a document, with its line breaks, and the text that a person reads."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence

from rag.records import Passage
from rag.web.html import Span, marked, merged_spans

_LINE_BREAK = re.compile(r"[ \t\u3000]*\n\s*")


def flowed(text: str) -> tuple[str, list[int]]:
    """Return `text` without its line breaks, and for each character of the result its place in `text`.

    A break becomes a space where words need one, and nothing between full-width characters or at either end.
    """
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    for match in _LINE_BREAK.finditer(text):
        pieces.append(text[position : match.start()])
        places += range(position, match.start())
        if _needs_space(text[: match.start()][-1:], text[match.end() : match.end() + 1]):
            pieces.append(" ")
            places.append(match.start())
        position = match.end()
    pieces.append(text[position:])
    places += range(position, len(text))
    return "".join(pieces), places


def _needs_space(before: str, after: str) -> bool:
    return bool(before and after) and not (_is_full_width(before) and _is_full_width(after))


def _is_full_width(character: str) -> bool:
    is_hangul = "\uac00" <= character <= "\ud7a3"  # Korean is as wide, but puts spaces between words
    return unicodedata.east_asian_width(character) in "WF" and not is_hangul


def flowed_marked(text: str, spans: Sequence[Span]) -> str:
    """Return `text` flowed, as markup, with each of `spans` (offsets into `text`) inside `<mark>`."""
    flow, places = flowed(text)
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
