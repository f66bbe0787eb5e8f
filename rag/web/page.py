"""The page as Gradio holds it: `build` wires events to a library, `launch` serves it with safe settings."""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from rag.errors import RagError, ServeError
from rag.web.auth import Gate, Users
from rag.web.chat_events import connect_conversation, connect_history
from rag.web.chat_texts import chat_texts
from rag.web.chrome import head
from rag.web.crowd import WAITING, Crowd
from rag.web.handlers import REFUSED, Desk, sent, texts_for
from rag.web.intake import connect_intake, jobs_of
from rag.web.layout import Parts, lay_out
from rag.web.reader import no_document_view
from rag.web.rooms import connect_rooms
from rag.web.safety import MAX_FILE_BYTES, Guard
from rag.web.sheets import DrawMap, Find, Sheets
from rag.web.talk import Shown
from rag.web.theme import theme
from rag.web.tools import NAMES
from rag.wire import JsonObject

SWEEP_S = (
    3600  # how often, and after which age, copies of uploads in the private temporary folder are deleted
)
READERS_AT_ONCE = 8
# Of programs: with 2 to 8 at once two cores answer equally many; with 4 the slow ones wait less than with 8.
SEARCHES_AT_ONCE = 4
SESSIONS = 500
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}  # the page shows by itself that it works
_WRITING = {"concurrency_limit": 1, "concurrency_id": "write"}  # what changes the library goes one by one


def build(desk: Desk) -> gr.Blocks:
    """Return the page over one library."""
    with gr.Blocks(
        title="文据 Wenju", analytics_enabled=False, fill_width=True, delete_cache=(SWEEP_S, SWEEP_S)
    ) as page:
        parts = lay_out(desk.scribe)
        for name in NAMES:  # before the page's own events, which would take their names
            gr.api(_for_programs(desk, name), queue=False, concurrency_limit=SEARCHES_AT_ONCE)
        connect_conversation(desk, parts)
        connect_history(desk, parts)
        _connect_reading(desk, parts)
        _connect_library(desk, parts)
        connect_rooms(desk, parts.rooms)
    page.queue(default_concurrency_limit=READERS_AT_ONCE, api_open=False, max_size=WAITING)
    return page


def _for_programs(desk: Desk, name: str) -> Callable[..., JsonObject]:
    """Return a tool over what the caller sees; the library's own errors are passed on, no other is shown."""
    tool = getattr(desk.tools, name)

    @functools.wraps(tool)
    def called(request: gr.Request, *values: object, **named: object) -> JsonObject:
        try:
            called_tool: Callable[..., JsonObject] = getattr(desk.of(request).tools, name)
            return called_tool(*values, **named)
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error

    # Gradio reads from here that it is to give the request, and which parameters the caller gives.
    asking = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    signature = inspect.signature(tool)
    called.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[asking, *signature.parameters.values()]
    )
    called.__annotations__ = {"request": gr.Request, **tool.__annotations__}
    return called


def _connect_reading(desk: Desk, parts: Parts) -> None:
    def visit(shown: Shown, event: gr.EventData, request: gr.Request) -> tuple[object, ...]:
        texts, what, own = texts_for(request), sent(event), desk.of(request)
        question, key = what.text("question"), what.text("conversation")
        step, answer = own.talker.visited(question, key, texts, leaving=shown)
        placeholder = chat_texts(texts).follow_up if answer else texts.question_placeholder
        labels = {"placeholder": placeholder, "label": texts.question_label}
        # whoever types before this comes keeps what is typed
        typing = what.number("first") and not question and not key
        return (
            gr.Textbox(**labels) if typing else gr.Textbox(value="", **labels),
            gr.Button(value=texts.ask),
            gr.Button(value=chat_texts(texts).stop),
            own.welcome(texts),
            gr.skip() if typing else step.markup,
            gr.skip() if typing else step.shown,
            own.visited(what, answer, texts) if what.text("document") else no_document_view(texts),
            gr.Textbox(placeholder=texts.filter_placeholder, label=texts.filter_label),
            own.shelf(texts) if what.text("view") == "library" else gr.skip(),
        )

    def open_passage(event: gr.EventData, request: gr.Request) -> str:
        return desk.of(request).open(sent(event), texts_for(request))

    visited = parts.bridge.visit(
        visit,
        inputs=parts.chat.shown,
        outputs=[
            parts.question,
            parts.ask,
            parts.chat.stop,
            parts.welcome,
            parts.results,
            parts.chat.shown,
            parts.reader,
            parts.wanted,
            parts.shelf,
        ],
        **_QUIET,
        trigger_mode="always_last",
    )
    visited.then(None, js="() => window.wenju.visited()")
    opened = parts.bridge.open(
        open_passage,
        outputs=parts.reader,
        **_QUIET,
        trigger_mode="always_last",
    )
    opened.then(None, js="() => window.wenju.opened()")
    for event in (visited, opened):
        event.failure(None, js=REFUSED)


def _connect_library(desk: Desk, parts: Parts) -> None:
    def check(event: gr.EventData, request: gr.Request) -> str:
        return desk.of(request).checked(texts_for(request))

    def turn(event: gr.EventData, wanted: str, request: gr.Request) -> str:
        return desk.of(request).shelf(texts_for(request), wanted=wanted, sheet=sent(event).number("sheet"))

    def narrow(wanted: str, request: gr.Request) -> str:
        return desk.of(request).shelf(texts_for(request), wanted=wanted)

    intake = [parts.rooms.jobs, parts.report, parts.shelf, parts.welcome]
    connect_intake(desk, jobs_of(desk), parts.upload, parts.rooms.bridge, intake)
    parts.bridge.check(
        check,
        outputs=parts.report,
        **_QUIET,
        **_WRITING,
    ).then(None, js="() => window.wenju.changed()")
    parts.bridge.turn(turn, inputs=parts.wanted, outputs=parts.shelf, **_QUIET)
    parts.wanted.change(  # Gradio's `input` hears key presses only: no paste, no deletion, no input method
        narrow,
        inputs=parts.wanted,
        outputs=parts.shelf,
        **_QUIET,
        trigger_mode="always_last",
    )


def _forget(page: gr.Blocks, session: str) -> None:
    """Drop what Gradio keeps of a session: messages, ids of events, its copy of the page's state."""
    queue, states = page._queue, page.state_holder
    queue.pending_messages_per_session.pop(session, None)
    queue.pending_event_ids_session.pop(session, None)
    with states.lock:
        states.session_data.pop(session, None)
        states.time_last_used.pop(session, None)


@dataclass(frozen=True, slots=True)
class Folders:
    """What can be fetched as a file, and what cannot in any case."""

    served: Path
    blocked: Path


@dataclass(frozen=True, slots=True)
class Door:
    """Host names that requests may bear, and who may come in (None: whoever reaches it)."""

    names: tuple[str, ...]
    users: Users | None
    sheets: Find  # a user's PDF file, by its document's key
    map: DrawMap

    def middleware(self, forget: Callable[[str], None]) -> list[Middleware]:
        """Return what every request passes, the outermost first; `forget` drops a session."""
        gate = [] if self.users is None else [Middleware(Gate, users=self.users)]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=list(self.names))
        crowd = Middleware(Crowd, forget=forget)
        return [
            hosts,
            Middleware(Guard),
            *gate,
            crowd,
            Middleware(Sheets, find=self.sheets, draw_map=self.map),
        ]


def launch(page: gr.Blocks, *, host: str, port: int, folders: Folders, door: Door) -> str:
    """Serve the page in the background and return its address; files of `folders.served` only can be fetched.

    Gradio's defaults are open where nobody asked for it: each of them that matters is set here.

    Raises:
        ServeError: the port was taken meanwhile.
    """
    try:
        # Gradio announces its MCP server on stdout, however quiet it is told to be.
        with redirect_stdout(io.StringIO()):
            _, address, _ = page.launch(
                server_name=host,
                server_port=port,
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                inbrowser=False,
                inline=False,
                show_error=False,
                root_path="",
                allowed_paths=[str(folders.served)],
                blocked_paths=[str(folders.blocked)],
                max_file_size=MAX_FILE_BYTES,
                state_session_capacity=SESSIONS,
                enable_monitoring=False,
                run_history=False,
                ssr_mode=False,
                mcp_server=True,
                pwa=False,
                num_workers=0,
                footer_links=[],
                app_kwargs={"middleware": door.middleware(functools.partial(_forget, page))},
                theme=theme(),
                head=head(),
            )
    except OSError as error:
        raise ServeError(
            f"cannot serve on {host} port {port}: {error}; choose another with --port"
        ) from error
    return str(address)
