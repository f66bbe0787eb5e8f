"""The parts of the page that hold still: header, reader's toolbar, each in both languages at once."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from rag.web.html import element, escape
from rag.web.room_texts import room_texts
from rag.web.texts import EN, ZH, Texts

SEAL = (
    '<svg class="wj-seal" viewBox="0 0 32 32" aria-hidden="true">'
    '<rect x="1" y="1" width="30" height="30" rx="5"/>'
    '<path d="M9 8h14M16 8v3M9 13h14M10 17h12M10 21h12M9 25h14"/></svg>'
)


def packaged(name: str) -> str:
    """Return the text of a file that is shipped beside this module."""
    return files("rag.web").joinpath(name).read_text(encoding="utf-8")


def head() -> str:
    """Return what goes into the page's head: the script that runs first, and the style sheet.

    Gradio's own `css=` rewrites selectors, takes `:is(a, b)` apart at the comma and so breaks them.
    """
    styles = "".join(packaged(name) for name in ("style.css", "conversation.css", "rooms.css"))
    return f"{packaged('head.html')}<style>{styles}</style>"


def both(words: Callable[[Texts], str]) -> str:
    """Return the same words in both languages; the style sheet shows the one that is chosen."""
    return "".join(
        element("span", escape(words(texts)), class_=f"wj-{texts.tongue}", lang=texts.tongue)
        for texts in (ZH, EN)
    )


def header() -> str:
    """Return the header: the name, the views, the language and the light."""
    links = (
        _view("ask", lambda texts: texts.nav_ask),
        _view("lookup", lambda texts: room_texts(texts).nav_lookup),
        _view("reader", lambda texts: texts.nav_reader),
        _view("library", lambda texts: texts.nav_library),
    )
    brand = element(
        "a",
        SEAL,
        element("span", both(lambda texts: texts.brand)),
        href="?",
        class_="wj-brand",
        data_act="home",
    )
    switches = element(
        "div",
        element("button", both(lambda texts: texts.switch_tongue), type="button", data_act="tongue"),
        _icon("theme", "◐", lambda texts: texts.switch_theme),
        class_="wj-switches",
    )
    return element("header", brand, element("nav", *links), switches, class_="wj-header")


def _view(view: str, words: Callable[[Texts], str]) -> str:
    return element("a", both(words), href=f"#{view}", data_act="view", data_view=view)


def _icon(act: str, sign: str, words: Callable[[Texts], str]) -> str:
    return element(
        "button",
        element("span", sign, aria_hidden="true"),
        element("span", both(words), class_="wj-unseen"),
        type="button",
        class_="wj-icon",
        data_act=act,
        data_label_zh=words(ZH),
        data_label_en=words(EN),
    )


def toolbar() -> str:
    """Return the reader's toolbar: back, through the hits, full page, close."""
    return element(
        "div",
        element(
            "button",
            "‹ ",
            both(lambda texts: texts.back),
            type="button",
            data_act="back",
            class_="wj-quiet wj-back",
        ),
        element(
            "div",
            _icon("previous", "↑", lambda texts: texts.previous),
            element("span", id="wj-step-at", class_="wj-numeric"),
            _icon("next", "↓", lambda texts: texts.next),
            class_="wj-steps",
        ),
        _icon("enlarge", "⤢", lambda texts: texts.enlarge),
        _icon("close", "✕", lambda texts: texts.close),
        class_="wj-toolbar",
    )
