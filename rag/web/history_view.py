"""The list of conversations as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rag.history import Talk
from rag.web.chat_texts import ChatTexts, chat_texts
from rag.web.html import bdi, element, escape
from rag.web.texts import Texts

MAX_FILE_NAME = 40


def history_view(talks: Sequence[Talk], texts: Texts, *, wanted: str = "") -> str:
    """Return the conversations, each to be opened, exported, deleted; `wanted` is what was searched for."""
    words = chat_texts(texts)
    if not talks:
        return element(
            "p", escape(words.history_none if wanted.strip() else words.history_empty), class_="wj-none"
        )
    items = (_item(talk, texts, words) for talk in talks)
    return element("ul", *items, class_="wj-talks")


def _item(talk: Talk, texts: Texts, words: ChatTexts) -> str:
    count = words.history_one if talk.turns == 1 else words.history_turns.format(count=talk.turns)
    facts = element(
        "p",
        element("time", escape(f"{talk.changed_at[:10]} {talk.changed_at[11:16]}"), datetime=talk.changed_at),
        element("span", escape(count)),
        class_="wj-facts",
    )
    title = element(
        "a",
        bdi(talk.title or "…"),
        href=f"?c={quote(talk.key, safe='', errors='replace')}",
        class_="wj-talk-title",
        data_act="reopen",
        data_conversation=talk.key,
        dir="auto",
    )
    return element("li", element("div", title, facts), _actions(talk, words))


def _actions(talk: Talk, words: ChatTexts) -> str:
    def button(act: str, shown: str, class_: str = "wj-quiet") -> str:
        label = f"{shown}: {talk.title}"
        return element(
            "button",
            escape(shown),
            type="button",
            class_=class_,
            data_act=act,
            data_conversation=talk.key,
            aria_label=label,
        )

    sure = element(
        "span",
        button("forget", words.delete_sure, "wj-danger"),
        button("unforget", words.delete_keep),
        class_="wj-sure",
        hidden=True,
    )
    return element(
        "div", button("export", words.export), button("forgetting", words.delete), sure, class_="wj-actions"
    )


def markdown_view(markdown: str, name: str) -> str:
    """Return a Markdown file as the page hands it to the browser to be saved."""
    return element("div", data_markdown=markdown, data_name=name, hidden=True)
