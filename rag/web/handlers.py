"""What the page's events do: each reads what the browser sent, calls the library, and returns markup.

The browser's data are read with suspicion (any of it may be missing or of another type); what the library
refuses is shown as its one line, and whatever else goes wrong is logged and shown as one line too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import gradio as gr

from rag.errors import LibraryMissing, RagError
from rag.history import History
from rag.library import Library
from rag.records import Answer, DocumentInfo, Failure, Passage
from rag.web.auth import USER_HEADER, user_of
from rag.web.cards import document_key, error_view
from rag.web.examples import example_questions, examples_view
from rag.web.html import Span
from rag.web.reader import Place, no_document_view, reader_view
from rag.web.seen import Seen
from rag.web.shelf import (
    empty_view,
    failures_view,
    findings_view,
    shelf_view,
    totals,
)
from rag.web.talk import Scribe, Talker
from rag.web.texts import TEXTS, TONGUE_COOKIE, Texts, chosen_tongue
from rag.web.tools import Tools
from rag.web.uploads import FOLDER

REFUSED = "() => window.wenju.refused()"  # what the page does when the server did not take an event
logger = logging.getLogger("rag.web")


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser sent with an event, read field by field."""

    data: dict[str, object]

    def text(self, name: str) -> str:
        """Return a field as text; "" where it is missing or is no text."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Return a field as a whole number of 0 or more; 0 where it is missing or is none."""
        value = self.data.get(name)
        digits = str(value) if isinstance(value, int | str) else ""
        return int(digits) if digits.isdecimal() and len(digits) < 16 else 0

    def spans(self, name: str) -> tuple[Span, ...]:
        """Return a field as spans; empty where it is not a JSON list of pairs of whole numbers."""
        try:
            pairs = json.loads(self.text(name) or "[]")
            return tuple((int(start), int(end)) for start, end in pairs)
        except (TypeError, ValueError, RecursionError):
            return ()


def sent(event: gr.EventData) -> Sent:
    """Return what came with `event`."""
    return Sent(event._data if isinstance(event._data, dict) else {})


def texts_for(request: gr.Request) -> Texts:
    """Return the words in the language of the person who asks."""
    cookies = dict(request.cookies or {})
    return TEXTS[chosen_tongue(cookies.get(TONGUE_COOKIE), request.headers.get("accept-language", ""))]


def guarded(texts: Texts, make: Callable[[], str]) -> str:
    """Return the markup that `make` makes, or one line of what went wrong."""
    try:
        return make()
    except RagError as error:
        return error_view(str(error))
    except Exception:
        logger.exception("a request of the page failed")
        return error_view(texts.unexpected)


@dataclass(frozen=True, slots=True)
class Desk:
    """The library as the page uses it."""

    library: Library | Seen
    index: Path  # the index folder; uploads are kept inside
    apart: bool = False  # each user's uploads are that user's alone
    user: str = ""  # who asks, where that is known
    scribe: Scribe | None = None  # who writes answers, where anybody does
    offered: dict[str, tuple[tuple[object, ...], list[str]]] = field(default_factory=dict)  # by user

    def of(self, request: gr.Request) -> Desk:
        """Return the desk of the user who asks: the library as that user sees it."""
        return self.for_user(user_of(request.headers.get(USER_HEADER)))

    def for_user(self, user: str) -> Desk:
        """Return the desk of that user."""
        if not self.apart or not isinstance(self.library, Library):
            return replace(self, user=user)
        uploads = self.index / FOLDER
        return replace(self, library=Seen(self.library, uploads, uploads / user), user=user)

    def pdf(self, key: str, user: str) -> Path | None:
        """Return the PDF file of a document that the user sees; None where it is none."""
        try:
            document = self.for_user(user).library.document(key)
        except RagError:
            return None
        path = Path(document.path)
        return path if document.id is None and path.suffix.lower() == ".pdf" and path.is_file() else None

    @property
    def uploads(self) -> Path:
        """Where what this user uploads is kept."""
        return self.index / FOLDER / self.user if self.apart else self.index / FOLDER

    @property
    def tools(self) -> Tools:
        """The functions for programs, over the same library."""
        return Tools(self.library)

    def documents(self) -> tuple[DocumentInfo, ...]:
        """Return what is in the library; nothing where there is none yet, for an upload begins one."""
        try:
            return self.library.documents()
        except LibraryMissing:
            return ()

    @property
    def talker(self) -> Talker:
        """The conversations over the same library, of the user who asks where the library is not shared."""
        return Talker(self.library, History(self.index), self.user if self.apart else "", self.scribe)

    def failures(self) -> tuple[Failure, ...]:
        """Return the files that could not be read when they were last tried."""
        try:
            return self.library.failures()
        except LibraryMissing:
            return ()

    def shelf(self, texts: Texts, *, wanted: str = "", sheet: int = 0) -> str:
        """Return the table of documents."""

        def make() -> str:
            size = folder_bytes(self.index)
            failed = failures_view(self.failures(), texts)
            return failed + shelf_view(
                self.documents(),
                wanted=wanted,
                sheet=sheet,
                size=size,
                texts=texts,
                sources=self.library.sources,
            )

        return guarded(texts, make)

    def welcome(self, texts: Texts) -> str:
        """Return questions to begin with and what the library holds, or how to fill it."""

        def make() -> str:
            documents = self.documents()
            if not documents:
                return empty_view(texts)
            return examples_view(self.examples(documents, texts), texts) + totals(documents, texts)

        return guarded(texts, make)

    def examples(self, documents: tuple[DocumentInfo, ...], texts: Texts) -> list[str]:
        """Return questions that these documents answer, made once for a state of the library.

        Empty where nothing can be asked now (a model behind an address that is down): the rest is shown.
        """
        state = (documents, texts.tongue)
        if self.offered.get(self.user, ((), []))[0] != state:
            try:
                self.offered[self.user] = (state, self._examples(documents, texts))
            except RagError:
                return []
        return self.offered[self.user][1]

    def _examples(self, documents: tuple[DocumentInfo, ...], texts: Texts) -> list[str]:
        def answered_from(question: str) -> str:
            answer = self.library.ask(question, k=1)
            return answer.hits[0].passage.source.document if answer.answerable and answer.hits else ""

        return example_questions(documents, self.library.passages_of, texts, answered_from=answered_from)

    def opened(
        self, key: str, find: Callable[[Sequence[Passage]], Place | None], offset: int, texts: Texts
    ) -> str:
        """Return a document as markup, open at the place that `find` picks among its passages."""

        def make() -> str:
            document, passages = self.library.document(key), self.library.passages_of(key)
            return reader_view(document, passages, place=find(passages), offset=offset, texts=texts)

        return guarded(texts, make) if key else no_document_view(texts)

    def open(self, what: Sent, texts: Texts) -> str:
        """Return the document that a link names, open at its passage."""
        number, spans = what.number("passage"), what.spans("spans")

        def find(passages: Sequence[Passage]) -> Place | None:
            return next((Place(passage, spans) for passage in passages if passage.id == number), None)

        return self.opened(what.text("document"), find, what.number("offset"), texts)

    def visited(self, what: Sent, answer: Answer | None, texts: Texts) -> str:
        """Return the document that an address names, its sentences marked where the answer points at them."""
        key, paragraph = what.text("document"), what.number("paragraph")
        marked = {
            hit.passage.id: hit.highlights
            for hit in (answer.hits if answer else ())
            if document_key(hit.passage.source) == key
        }

        def find(passages: Sequence[Passage]) -> Place | None:
            named = [passage for passage in passages if passage.source.paragraph == paragraph]
            named.sort(key=lambda passage: passage.id not in marked)
            return Place(named[0], marked.get(named[0].id, ())) if named else None

        return self.opened(key, find, 0, texts)

    def checked(self, texts: Texts) -> str:
        """Return what `doctor` finds in the library."""
        return guarded(texts, lambda: findings_view(self.library.doctor(), texts))


def folder_bytes(folder: Path) -> int:
    """Return how many bytes the files in `folder` and in its folders take; a file that vanishes counts 0."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total
