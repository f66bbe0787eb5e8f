"""What the page's events do in a conversation: ask, stop, read anew, and the history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import gradio as gr
from gradio.events import Dependency

from rag.errors import RagError
from rag.web.cards import error_view
from rag.web.chat_texts import chat_texts
from rag.web.handlers import REFUSED, Desk, guarded, sent, texts_for
from rag.web.history_view import history_view, markdown_view
from rag.web.layout import Parts
from rag.web.talk import Shown, Step
from rag.web.texts import Texts
from rag.web.writing import Drawn, resumed, writing

_QUIET = {"show_progress": "hidden", "api_visibility": "private"}
WRITERS_AT_ONCE = 4  # answers; who comes fifth sees the passages and waits for the rest
_ASKED = "() => window.wenju.asked()"


def connect_conversation(desk: Desk, parts: Parts) -> None:
    """Wire asking, following up, reading anew and stopping."""
    seen = [parts.question, parts.results, parts.chat.shown]

    def ask(question: str, shown: Shown, request: gr.Request) -> Iterator[tuple[object, ...]]:
        texts = texts_for(request)
        steps = desk.of(request).talker.replying(question or "", shown, texts)
        yield from _steps(steps, _free(texts))

    def ask_example(shown: Shown, event: gr.EventData, request: gr.Request) -> Iterator[tuple[object, ...]]:
        question, texts = sent(event).text("question"), texts_for(request)
        steps = desk.of(request).talker.replying(question, shown, texts)
        yield from _steps(steps, _free(texts))

    def reread(shown: Shown, event: gr.EventData, request: gr.Request) -> Iterator[tuple[object, ...]]:
        question, texts = sent(event).text("question"), texts_for(request)
        steps = desk.of(request).talker.replying(question, shown, texts, edited=True)
        yield from _steps(steps, gr.skip())

    def fresh(shown: Shown, request: gr.Request) -> tuple[object, str, Shown]:
        desk.of(request).talker.stopped(shown, texts_for(request))
        return gr.Textbox(value="", placeholder=texts_for(request).question_placeholder), "", Shown()

    def stop(shown: Shown, request: gr.Request) -> tuple[str, Shown]:
        step = desk.of(request).talker.stopped(shown, texts_for(request))
        return step.markup, step.shown

    typed = gr.on(
        [parts.question.submit, parts.ask.click],
        ask,
        inputs=[parts.question, parts.chat.shown],
        outputs=seen,
        js="(question, shown) => (window.wenju.asking(), [question, shown])",
        **_QUIET,
        trigger_mode="always_last",
    )
    tried = parts.bridge.ask(ask_example, inputs=parts.chat.shown, outputs=seen, **_QUIET)
    read = parts.bridge.reread(reread, inputs=parts.chat.shown, outputs=seen, **_QUIET)
    asked = [event.then(None, js=_ASKED) for event in (typed, tried, read)]
    for event in (typed, tried, read):
        event.failure(None, js=REFUSED)
    if desk.scribe is not None:
        _connect_writing(desk, parts, asked)
    parts.bridge.fresh(fresh, inputs=parts.chat.shown, outputs=seen, **_QUIET)
    parts.chat.stop.click(
        stop,
        inputs=parts.chat.shown,
        outputs=[parts.results, parts.chat.shown],
        cancels=[typed, tried, read],
        **_QUIET,
    ).then(None, js="() => window.wenju.stopped()")


def _connect_writing(desk: Desk, parts: Parts, asked: Sequence[Dependency]) -> None:
    """Wire what follows an answer: it is written, which can be asked for again.

    It is an event of its own, so that an endpoint that is waited for keeps nobody from asking.
    """

    def write(shown: Shown, request: gr.Request) -> Iterator[tuple[object, ...]]:
        yield from _drawn(writing(desk.of(request).talker, shown, texts_for(request)))

    def rewrite(shown: Shown, request: gr.Request) -> Iterator[tuple[object, ...]]:
        talker = desk.of(request).talker
        yield from _drawn(writing(talker, resumed(talker, shown), texts_for(request)))

    wired = {
        "inputs": parts.chat.shown,
        "outputs": [parts.chat.written, parts.results, parts.chat.shown],
        "concurrency_limit": WRITERS_AT_ONCE,
        "concurrency_id": "writing",
        **_QUIET,
    }
    for event in (*(event.then(write, **wired) for event in asked), parts.bridge.write(rewrite, **wired)):
        event.then(None, js="() => window.wenju.written()")


def _drawn(steps: Iterator[Drawn]) -> Iterator[tuple[object, ...]]:
    """Yield each step as values of the written answer, results and state, and at last that nothing changes.

    Gradio empties the outputs of an event that ends without a value, and sends the last value twice.
    """
    try:
        for step in steps:
            yield step.written, step.talk or gr.skip(), step.shown
        yield gr.skip(), gr.skip(), gr.skip()
    finally:
        steps.close()  # type: ignore[attr-defined]


def _free(texts: Texts) -> gr.Textbox:
    """Return the box of the question, empty, for what is asked next."""
    return gr.Textbox(value="", placeholder=chat_texts(texts).follow_up)


def _steps(steps: Iterator[Step], box: object) -> Iterator[tuple[object, ...]]:
    """Yield each step as values of question, results and state; `box` is the first for the question."""
    try:
        for step in steps:
            yield box, step.markup, step.shown
            box = gr.skip()
    finally:
        steps.close()  # type: ignore[attr-defined]  # at once, and not when it is collected


def connect_history(desk: Desk, parts: Parts) -> None:
    """Wire the list of conversations: search, delete, export."""

    def listed(wanted: str, texts: Texts, request: gr.Request) -> str:
        return guarded(
            texts,
            lambda: history_view(desk.of(request).talker.talks(wanted or ""), texts, wanted=wanted or ""),
        )

    def look(times: int, request: gr.Request) -> tuple[object, int]:
        words = chat_texts(texts_for(request))
        return gr.Textbox(placeholder=words.history_find, label=words.history_find), times + 1

    def narrow(wanted: str, request: gr.Request) -> str:
        return listed(wanted, texts_for(request), request)

    def forget(wanted: str, event: gr.EventData, request: gr.Request) -> str:
        texts = texts_for(request)
        try:
            desk.of(request).talker.forget(sent(event).text("conversation"))
        except RagError as error:
            return error_view(str(error))
        return listed(wanted, texts, request)

    def export(event: gr.EventData, request: gr.Request) -> str:
        texts, key = texts_for(request), sent(event).text("conversation")
        return guarded(
            texts,
            lambda: markdown_view(desk.of(request).talker.exported(key, texts), f"wenju-{key or 'all'}.md"),
        )

    chat = parts.chat
    looks = gr.State(0)
    parts.bridge.history(look, inputs=looks, outputs=[chat.wanted, looks], **_QUIET)
    parts.bridge.forget(forget, inputs=chat.wanted, outputs=chat.talks, **_QUIET)
    parts.bridge.export(export, outputs=chat.saved, **_QUIET).then(None, js="() => window.wenju.save()")
    gr.on(  # one event for both: the list that was asked for last is the one that stays
        [looks.change, chat.wanted.change],
        narrow,
        inputs=chat.wanted,
        outputs=chat.talks,
        **_QUIET,
        trigger_mode="always_last",
    )
