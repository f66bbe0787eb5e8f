"""Where things are on the page: the Gradio components of each view."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from rag.web.chat_layout import ChatParts, chat_bar, chat_state, history_column, stop_button, written_sheet
from rag.web.chrome import both, header, packaged, toolbar
from rag.web.html import element
from rag.web.room_texts import room_texts
from rag.web.rooms import RoomParts, lay_out_rooms, tabs
from rag.web.safety import MAX_FILE_BYTES
from rag.web.talk import Scribe
from rag.web.written_texts import written_texts


@dataclass(frozen=True, slots=True)
class Parts:
    """The components whose values change."""

    bridge: gr.HTML  # carries what the browser does to Python: visit, ask, open, remove, turn
    question: gr.Textbox
    ask: gr.Button
    welcome: gr.HTML
    results: gr.HTML
    reader: gr.HTML
    upload: gr.File
    report: gr.HTML
    wanted: gr.Textbox
    shelf: gr.HTML
    chat: ChatParts
    rooms: RoomParts


def lay_out(scribe: Scribe | None = None) -> Parts:
    """Make the components inside the current `gr.Blocks`, and return those that change."""
    _html("wj-header", header())
    with gr.Row(elem_id="wj-stage"):
        with gr.Column(elem_id="wj-ask", min_width=0):
            question, ask, stop, welcome, results = _ask_view(scribe)
        jobs = gr.HTML(
            "", elem_id="wj-jobs", padding=False, js_on_load=None, apply_default_css=False, render=False
        )
        rooms = lay_out_rooms(jobs)  # before the reader, which stands at the right of what was found
        with gr.Column(elem_id="wj-reader", min_width=0):
            _html("wj-reader-bar", toolbar())
            reader = _html("wj-reader-body")
        with gr.Column(elem_id="wj-library", min_width=0):
            upload, report, wanted, shelf = _library_view(jobs)
        chat = ChatParts(chat_state(), stop, *history_column(), written_sheet())
    script = packaged("page.js") + packaged("conversation.js")
    bridge = gr.HTML("", elem_id="wj-bridge", js_on_load=script, apply_default_css=False)
    return Parts(bridge, question, ask, welcome, results, reader, upload, report, wanted, shelf, chat, rooms)


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, padding=False, js_on_load=None, apply_default_css=False)


def _ask_view(scribe: Scribe | None) -> tuple[gr.Textbox, gr.Button, gr.Button, gr.HTML, gr.HTML]:
    note = both(lambda texts: texts.hero_note if scribe is None else written_texts(texts).hero_note)
    greeting = element("h1", both(lambda texts: texts.hero)) + element("p", note)
    _html("wj-greeting", greeting)
    results = _html("wj-results")
    with gr.Column(elem_id="wj-composer", min_width=0):
        with gr.Row(elem_id="wj-question-bar"):
            question = gr.Textbox(
                elem_id="wj-question",
                lines=1,
                max_lines=5,
                container=False,
                show_label=False,
                scale=1,
                min_width=0,
            )
            ask = gr.Button("", elem_id="wj-ask-button", variant="primary", scale=0, min_width=0)
            stop = stop_button()
        _html("wj-chat-bar", chat_bar(scribe))
    return question, ask, stop, _html("wj-welcome"), results


def _library_view(jobs: gr.HTML) -> tuple[gr.File, gr.HTML, gr.Textbox, gr.HTML]:
    _html("wj-library-title", element("h1", both(lambda texts: texts.nav_library), class_="wj-unseen"))
    _html("wj-library-tabs", tabs())
    limit = f"{MAX_FILE_BYTES // 2**20} MB"
    with gr.Column(elem_id="wj-drop", min_width=0):
        _html("wj-drop-words", _drop_words(limit))
        _html("wj-drop-folder", _folder_button())
        upload = gr.File(elem_id="wj-upload", file_count="multiple", container=False, show_label=False)
    jobs.render()
    report = _html("wj-report")
    wanted = gr.Textbox(elem_id="wj-wanted", lines=1, max_lines=1, container=False, show_label=False)
    return upload, report, wanted, _html("wj-shelf")


def _folder_button() -> str:
    return element(
        "button", both(lambda texts: room_texts(texts).choose_folder), type="button", data_act="folder"
    )


def _drop_words(limit: str) -> str:
    return element("p", both(lambda texts: texts.drop)) + element(
        "p", both(lambda texts: texts.drop_note.format(limit=limit))
    )
