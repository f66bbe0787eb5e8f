"""Where the conversation and its history are on the page: their Gradio components."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from rag.web.chat_texts import CHAT, ChatTexts
from rag.web.html import element, escape
from rag.web.talk import Scribe, Shown
from rag.web.texts import TEXTS
from rag.web.written_view import notice_view


@dataclass(frozen=True, slots=True)
class ChatParts:
    """The components of the conversation whose values change."""

    shown: gr.State
    stop: gr.Button
    wanted: gr.Textbox
    talks: gr.HTML
    saved: gr.HTML
    written: gr.HTML  # an answer as it is being written; the browser puts it into its turn


def both(words: Callable[[ChatTexts], str]) -> str:
    """Return the same words in both languages; the style sheet shows the one that is chosen."""
    return "".join(
        element("span", escape(words(texts)), class_=f"wj-{tongue}", lang=tongue)
        for tongue, texts in CHAT.items()
    )


def chat_bar(scribe: Scribe | None) -> str:
    """Return what stands below the question: begin anew, look into the history; and where texts are sent."""
    return _links() + (_notice(scribe) if scribe is not None else "")


def _notice(scribe: Scribe) -> str:
    said = (
        element(
            "span",
            notice_view(scribe.address, scribe.writer.model, texts),
            class_=f"wj-{tongue}",
            lang=tongue,
        )
        for tongue, texts in TEXTS.items()
    )
    return element("p", *said, class_="wj-notice")


def written_sheet() -> gr.HTML:
    """Make what carries an answer to the browser while it is being written."""
    return _html("wj-writing")


def _links() -> str:
    return element(
        "p",
        _button("fresh", lambda words: words.fresh, class_="wj-quiet wj-fresh"),
        _button("history", lambda words: words.history),
        class_="wj-chat-links",
    )


def _button(act: str, words: Callable[[ChatTexts], str], class_: str = "wj-quiet") -> str:
    return element("button", both(words), type="button", class_=class_, data_act=act)


def stop_button() -> gr.Button:
    """Make the button that ends a search; the style sheet shows it while one runs."""
    return gr.Button("", elem_id="wj-stop-button", variant="secondary", scale=0, min_width=0)


def history_column() -> tuple[gr.Textbox, gr.HTML, gr.HTML]:
    """Make the view of the history: its title, the search in it, the list, and what is to be saved."""
    title = element("h1", both(lambda words: words.history_title)) + element(
        "p", both(lambda words: words.history_note)
    )
    bar = element(
        "p",
        _button("view-ask", lambda words: words.back),
        _button("export", lambda words: words.export_all),
        class_="wj-history-bar",
    )
    with gr.Column(elem_id="wj-history", min_width=0):
        _html("wj-history-title", title)
        wanted = gr.Textbox(
            elem_id="wj-history-wanted", lines=1, max_lines=1, container=False, show_label=False
        )
        _html("wj-history-bar", bar)
        talks = _html("wj-history-list")
    return wanted, talks, _html("wj-saved")


def _html(name: str, value: str = "") -> gr.HTML:
    return gr.HTML(value, elem_id=name, padding=False, js_on_load=None, apply_default_css=False)


def chat_state() -> gr.State:
    """Make what the server remembers of the conversation in one window."""
    return gr.State(Shown())
