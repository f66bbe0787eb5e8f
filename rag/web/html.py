"""The pieces of which all HTML of the page is built; whatever comes from a document goes through them.

A `str` of this module's making is markup; every other string is text and must pass `escape` (or a function
that calls it) on its way in. Beside the characters that HTML itself knows, `escape` takes the power from
`$`, `{`, `}` and the back-tick: `gr.HTML` reads `${...}` and `{{...}}` as templates, and Gradio's
translation looks for braces too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_NUMBERED = "'`${}"
# What no page can show: control characters but tab and line feed, and halves of surrogate pairs.
_UNSHOWABLE = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)]
_ESCAPES: dict[int, str] = (
    {ord(character): entity for character, entity in _NAMED.items()}
    | {ord(character): f"&#{ord(character)};" for character in _NUMBERED}
    | dict.fromkeys(_UNSHOWABLE, "\N{REPLACEMENT CHARACTER}")
)

Span = tuple[int, int]


def escape(text: str) -> str:
    """Return `text` as inert markup: nothing in it is a tag, an attribute's end or a template."""
    return text.translate(_ESCAPES)


def element(tag: str, *children: str, **attributes: str | int | bool | None) -> str:
    """Return `<tag …>children</tag>`; children are markup, attribute values are text and are escaped.

    Underscores in attribute names become hyphens and a trailing one is dropped (`class_`, `aria_label`).
    An attribute that is None or False is left out, True stands alone.
    """
    opened = "".join(_attribute(name, value) for name, value in attributes.items())
    return f"<{tag}{opened}>{''.join(children)}</{tag}>"


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def bdi(text: str, **attributes: str | int | bool | None) -> str:
    """Return `text` set apart from the writing direction of what stands around it."""
    return element("bdi", escape(text), **attributes)


def merged_spans(spans: Iterable[Span], length: int) -> list[Span]:
    """Return `spans` clipped to 0..length, in order, the touching ones joined and the empty ones dropped."""
    merged: list[Span] = []
    for start, end in sorted((max(0, start), min(length, end)) for start, end in spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def marked(text: str, spans: Sequence[Span], *, tag: str = "mark") -> str:
    """Return `text` as markup with each of `spans` (character offsets into `text`) inside `<mark>`."""
    pieces: list[str] = []
    position = 0
    for start, end in merged_spans(spans, len(text)):
        pieces += (escape(text[position:start]), element(tag, escape(text[start:end])))
        position = end
    return "".join((*pieces, escape(text[position:])))


def lines_as_breaks(markup: str) -> str:
    """Return `markup` with its line feeds shown as line breaks."""
    return markup.replace("\n", "<br>")
