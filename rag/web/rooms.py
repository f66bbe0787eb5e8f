"""The views beside asking, reading and the shelf: looking up. Their components, and what their events do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import gradio as gr

from rag.errors import RagError
from rag.records import DocumentInfo
from rag.web.chart import chart_bytes, controls_view, near_view
from rag.web.chrome import packaged
from rag.web.handlers import REFUSED, Desk, Sent, guarded, sent, texts_for
from rag.web.html import element, escape
from rag.web.judged import Said, judge, judged_view
from rag.web.lookup import Sort, Wanted, facets_view, filters_of, found_view
from rag.web.room_texts import EN, ZH, RoomTexts, room_texts
from rag.web.texts import Texts

LOOKUP_HITS = 30
MAP_HITS = 10
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class RoomParts:
    """The components of these views whose values change."""

    bridge: gr.HTML
    box: gr.Textbox
    facets: gr.HTML
    found: gr.HTML
    jobs: gr.HTML
    map_box: gr.Textbox
    controls: gr.HTML
    near: gr.HTML
    judged: gr.HTML


def both_rooms(name: str) -> str:
    """Return one of the views' own words in both languages; the style sheet shows the chosen one."""
    spoken: tuple[tuple[str, RoomTexts], ...] = (("zh", ZH), ("en", EN))
    return "".join(
        element("span", escape(str(getattr(words, name))), class_=f"wj-{tongue}", lang=tongue)
        for tongue, words in spoken
    )


def lay_out_rooms(jobs: gr.HTML) -> RoomParts:
    """Make the components inside the stage, and return those that change; `jobs` stands elsewhere."""
    with gr.Column(elem_id="wj-lookup", min_width=0):
        _html("wj-lookup-title", element("h1", both_rooms("lookup_title"), class_="wj-unseen"))
        box = _box("wj-lookup-box")
        facets = _html("wj-facets")
        found = _html("wj-found")
    with gr.Column(elem_id="wj-map", min_width=0):
        map_box, controls, near = _map_view()
    with gr.Column(elem_id="wj-evaluate", min_width=0):
        _html("wj-evaluate-tabs", tabs())
        _html("wj-evaluate-title", element("h1", both_rooms("evaluate_title"), class_="wj-unseen"))
        judged = _html("wj-judged")
    scripts = packaged("rooms.js") + packaged("map.js")
    bridge = gr.HTML("", elem_id="wj-rooms", js_on_load=scripts, apply_default_css=False)
    return RoomParts(bridge, box, facets, found, jobs, map_box, controls, near, judged)


def _box(name: str) -> gr.Textbox:
    # No event of Gradio reads it: it would be shown as an output, were it not called interactive.
    return gr.Textbox(elem_id=name, lines=1, max_lines=1, container=False, show_label=False, interactive=True)


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, padding=False, js_on_load=None, apply_default_css=False)


def tabs() -> str:
    """Return the links between what is in the library, its map and how well it answers."""
    views = (("library", "documents_tab"), ("map", "map_tab"), ("evaluate", "evaluate_tab"))
    links = (
        element("a", both_rooms(name), href=f"#{view}", data_act="view", data_view=view)
        for view, name in views
    )
    return element("div", *links, class_="wj-tabs")


def _map_view() -> tuple[gr.Textbox, gr.HTML, gr.HTML]:
    _html("wj-map-tabs", tabs())
    _html("wj-map-title", element("h1", both_rooms("map_title"), class_="wj-unseen"))
    box = _box("wj-map-box")
    controls = _html("wj-map-controls")
    spoken = {"data_zh": ZH.map_canvas, "data_en": EN.map_canvas}
    canvas = element("canvas", id="wj-canvas", tabindex=0, role="img", aria_label=EN.map_canvas, **spoken)
    legend = element("ul", id="wj-legend", data_zh=ZH.others, data_en=EN.others)
    _html("wj-map-canvas", canvas + element("div", id="wj-map-tip", hidden=True) + legend)
    return box, controls, _html("wj-near")


def map_of(desk: Desk, user: str) -> bytes:
    """Return the map of what that user sees, as the browser draws it; an empty one where nothing is there."""
    try:
        return chart_bytes(desk.for_user(user).library.chart())
    except RagError:
        return b"\x02\0\0\0{}"


def _near(desk: Desk, question: str, texts: Texts) -> str:
    """Return where a question falls on the map and what is found there."""
    if not any(character.isalnum() for character in question):
        return ""
    library = desk.library

    def make() -> str:
        answer = library.ask(question, k=MAP_HITS)
        return near_view(answer, library.place_on(library.chart(), question), texts)

    return guarded(texts, make)


def connect_rooms(desk: Desk, parts: RoomParts) -> None:
    """Wire the events of these views to the library."""

    def enter(event: gr.EventData, request: gr.Request) -> tuple[object, ...]:
        texts, what = texts_for(request), sent(event)
        words, wanted = room_texts(texts), wanted_of(what)
        labels = {"placeholder": words.lookup_placeholder, "label": words.lookup_label}
        box = gr.Textbox(**labels) if what.number("keep") else gr.Textbox(value=wanted.question, **labels)
        facets = guarded(texts, lambda: facets_view(desk.of(request).documents(), wanted, texts))
        return box, facets, looked_up(desk.of(request), wanted, texts)

    def look(event: gr.EventData, request: gr.Request) -> str:
        return looked_up(desk.of(request), wanted_of(sent(event)), texts_for(request))

    seen = [parts.box, parts.facets, parts.found]
    entered = parts.bridge.enter(enter, outputs=seen, **_QUIET, trigger_mode="always_last")
    entered.then(None, js="() => window.wenjuRooms.lookup.entered()")
    looked = parts.bridge.look(look, outputs=parts.found, **_QUIET, trigger_mode="always_last")
    looked.then(None, js="() => window.wenjuRooms.lookup.found()")
    for event in (entered, looked):
        event.failure(None, js=REFUSED)
    _connect_map(desk, parts)
    _connect_judging(desk, parts)


def _connect_map(desk: Desk, parts: RoomParts) -> None:
    def survey(event: gr.EventData, request: gr.Request) -> tuple[object, str]:
        texts = texts_for(request)
        words = room_texts(texts)
        return gr.Textbox(placeholder=words.map_placeholder, label=words.map_label), controls_view(texts)

    def near(event: gr.EventData, request: gr.Request) -> str:
        return _near(desk.of(request), sent(event).text("q"), texts_for(request))

    parts.bridge.survey(survey, outputs=[parts.map_box, parts.controls], **_QUIET).then(
        None, js="() => window.wenjuRooms.map.surveyed()"
    )
    parts.bridge.near(near, outputs=parts.near, **_QUIET, trigger_mode="always_last").then(
        None, js="() => window.wenjuRooms.map.drawn()"
    )


def _connect_judging(desk: Desk, parts: RoomParts) -> None:
    def judge_one(event: gr.EventData, request: gr.Request) -> None:
        what, own = sent(event), desk.of(request)
        said = Said(what.text("question"), what.text("quote") or None, what.text("document") or None)
        guarded(texts_for(request), lambda: str(judge(own, said, right=bool(what.number("right")))))

    def judged(event: gr.EventData, request: gr.Request) -> str:
        texts, own = texts_for(request), desk.of(request)
        return guarded(texts, lambda: judged_view(own, texts, measured=False))

    def measure(event: gr.EventData, request: gr.Request) -> str:
        texts, own = texts_for(request), desk.of(request)
        return guarded(texts, lambda: judged_view(own, texts, measured=True))

    shown = {"fn": None, "js": "() => window.wenjuRooms.evaluate.shown()"}
    parts.bridge.judge(judge_one, **_QUIET)
    parts.bridge.judged(judged, outputs=parts.judged, **_QUIET).then(**shown)
    parts.bridge.measure(measure, outputs=parts.judged, **_QUIET, concurrency_limit=1).then(**shown)


def wanted_of(what: Sent) -> Wanted:
    """Return what the browser asks to be looked up."""
    sorts: dict[str, Sort] = {sort: sort for sort in get_args(Sort)}
    return Wanted(
        question=what.text("q"),
        document=what.text("in").strip(),
        folder=what.text("folder"),
        language=what.text("lang"),
        speaker=what.text("who").strip(),
        section=what.text("section").strip(),
        format=what.text("format"),
        since=what.text("from"),
        until=what.text("to"),
        sort=sorts.get(what.text("sort"), "relevance"),
    )


def looked_up(desk: Desk, wanted: Wanted, texts: Texts) -> str:
    """Return what is found, as markup; nothing where nothing with a letter or digit is looked for."""
    if not any(character.isalnum() for character in wanted.question):
        return ""

    def make() -> str:
        documents = desk.documents()
        filters = filters_of(wanted, documents)
        answer = desk.library.ask(wanted.question, k=LOOKUP_HITS, filters=filters)
        return found_view(answer, wanted, dates_of(documents), texts)

    return guarded(texts, make)


def dates_of(documents: tuple[DocumentInfo, ...]) -> dict[str, str]:
    """Return the dates that documents state, by key."""
    return {info.key: info.date for info in documents if info.date}
