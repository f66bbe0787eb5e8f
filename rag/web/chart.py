"""The map of a library as the page gets it: one block of numbers that the browser draws, and no markup."""

from __future__ import annotations

import json

import numpy as np

from rag.chart import Chart
from rag.records import Answer
from rag.web.html import element, escape
from rag.web.lookup import Wanted, found_view
from rag.web.room_texts import room_texts
from rag.web.texts import EN, ZH, Texts, language_name

STEPS = 65_535  # places as whole numbers of 16 bits


def chart_bytes(chart: Chart) -> bytes:
    """Return a chart for the browser: the header's length, the header as JSON, and four arrays.

    All little-endian; the header is padded to four bytes. Then, for n passages: ids and documents as uint32,
    x, y and languages as uint16.
    """
    header = {
        "n": len(chart.ids),
        "languages": [[language_name(code, words) for words in (ZH, EN)] for code in chart.languages],
        "documents": [[info.key, info.title or info.key.rpartition("/")[2]] for info in chart.documents],
    }
    head = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 4)
    whole = np.round((chart.places + 1) / 2 * STEPS).astype("<u2")
    arrays = (
        chart.ids.astype("<u4"),
        chart.document.astype("<u4"),
        whole[:, 0],
        whole[:, 1],
        chart.language.astype("<u2"),
    )
    numbers = (np.ascontiguousarray(one).tobytes() for one in arrays)
    return b"".join((len(head).to_bytes(4, "little"), head, *numbers))


def near_view(answer: Answer, place: tuple[float, float], texts: Texts) -> str:
    """Return what was found near a question: its place, its hits' ids for the drawing, and the list."""
    ids = [hit.passage.id for hit in answer.hits]
    return element(
        "div",
        found_view(answer, Wanted(answer.question), {}, texts),
        class_="wj-near",
        data_place=json.dumps([round(number, 5) for number in place]),
        data_ids=json.dumps(ids),
    )


def controls_view(texts: Texts) -> str:
    """Return what says how the points are coloured, and how the map is moved."""
    words = room_texts(texts)
    choices = (
        element("option", escape(name), value=value)
        for value, name in (("document", words.document), ("language", words.language))
    )
    return element(
        "div",
        element(
            "label", element("span", escape(words.colour_by)), element("select", *choices, name="colour")
        ),
        element("span", escape(words.map_hint), class_="wj-map-hint"),
        class_="wj-map-controls",
    )
