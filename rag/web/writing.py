"""An answer written at the desk: a follow-up in the endpoint's words, then sentence by sentence, and kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from rag.chat.conversation import Conversation, Reading, Turn
from rag.errors import RagError
from rag.generate.condense import reread
from rag.generate.events import Checked, Delta, Finished
from rag.generate.exchange import Cancelled
from rag.generate.write import is_refusal
from rag.web.cards import error_view
from rag.web.talk import Scribe, Shown, Talker, so_far
from rag.web.texts import Texts
from rag.web.written_texts import written_texts
from rag.web.written_view import draft_view, sheet, written_view
from rag.written import Status, Verdict

DRAW_EVERY_S = 0.12  # how often text that is not checked yet is drawn anew
MANY = 30  # sentences; the first ones are drawn each when it has been checked, as nothing more may come
logger = logging.getLogger("rag.web")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the window shows next: of the written answer, and of all where `talk` is not ""."""

    written: str
    shown: Shown
    talk: str = ""


@dataclass(frozen=True, slots=True)
class _Pen:
    """Who writes, for whom, and what ends it."""

    talker: Talker
    scribe: Scribe
    texts: Texts
    cancel: threading.Event


def writing(talker: Talker, shown: Shown, texts: Texts) -> Iterator[Drawn]:
    """Yield the last answer while it is written, and at last as it is kept; nothing where none is to be.

    It ends without a word when `shown.writing` is set: whoever sets it says what is shown then. Whatever the
    endpoint does, the passages stay as they are and what went wrong is one line.
    """
    cancel, scribe = shown.writing, talker.scribe
    if cancel is None or cancel.is_set() or scribe is None or shown.conversation.last is None:
        return
    try:
        with closing(_steps(_Pen(talker, scribe, texts, cancel), shown)) as steps:
            for drawn in steps:
                if cancel.is_set():
                    return
                yield drawn
    except Cancelled:
        return
    except RagError as error:
        yield _drawn(error_view(str(error)), replace(shown, writing=None))
    except Exception:
        logger.exception("an answer could not be written")
        yield _drawn(error_view(texts.unexpected), replace(shown, writing=None))


def resumed(talker: Talker, shown: Shown) -> Shown:
    """Return what is shown when its last answer is to be written, once more or for the first time."""
    shown = talker.unwritten(shown)
    if talker.scribe is None or not shown.conversation.turns:
        return shown
    bare = _with(shown.conversation, replace(shown.conversation.turns[-1], written=None))
    return replace(shown, conversation=bare, writing=threading.Event())


def _steps(pen: _Pen, shown: Shown) -> Generator[Drawn, None, None]:
    turns = shown.conversation.turns
    before, turn = Conversation(turns[:-1]), turns[-1]
    if before.turns and turn.reading.kind != "edited":
        said = written_texts(pen.texts).reading.format(model=pen.scribe.writer.model)
        nothing = so_far(pen.scribe.writer.model)
        yield _drawn(draft_view(said, nothing, turn.answer, pen.texts), shown)
        other = _reread(pen, before, turn)
        if other is not turn:
            turn, shown = other, replace(shown, conversation=before + other)
            yield _drawn("", shown, pen.talker.view(shown, pen.texts))
    yield from _written(pen, shown, turn)


def _reread(pen: _Pen, before: Conversation, turn: Turn) -> Turn:
    def reply(reading: Reading) -> Turn:
        return replace(pen.talker.library.reply(turn.asked, before, reading=reading), asked=turn.asked)

    return reread(turn, before, pen.scribe.reader, reply=reply, cancel=pen.cancel)


def _written(pen: _Pen, shown: Shown, turn: Turn) -> Iterator[Drawn]:
    """Yield each state of the text; what is checked by then is in `shown`, for whoever stops it."""
    words, model = written_texts(pen.texts), pen.scribe.writer.model
    text, verdicts, said, drawn_at = "", list[Verdict](), words.waiting, 0.0
    for event in pen.talker.library.write(turn.answer, pen.scribe.writer, cancel=pen.cancel):
        if isinstance(event, Finished):
            yield _finished(pen, shown, replace(turn, written=event.written))
            return
        if isinstance(event, Checked):
            verdicts.append(event.verdict)
        elif isinstance(event, Delta):
            text, said = text + event.text, words.going_on
        checked = isinstance(event, Checked) and len(verdicts) < MANY
        if is_refusal(text) or (not checked and time.monotonic() - drawn_at < DRAW_EVERY_S):
            continue
        drawn_at = time.monotonic()
        now = so_far(model, text, verdicts)
        whole = replace(now, text=text[: verdicts[-1].end] if verdicts else "")
        state = replace(shown, conversation=_with(shown.conversation, replace(turn, written=whole)))
        yield _drawn(draft_view(said.format(model=model), now, turn.answer, pen.texts), state)


def _finished(pen: _Pen, shown: Shown, turn: Turn) -> Drawn:
    """Keep the answer, where its conversation is kept, unless somebody has just ended it."""
    written = turn.written
    if written is None or written.status is Status.UNANSWERABLE:
        turn, markup = replace(turn, written=None), ""
    else:
        markup = written_view(written, turn.answer, pen.texts, again=True)
    done = replace(shown, conversation=_with(shown.conversation, turn), writing=None)
    note = ""
    if done.key and not done.cut and not pen.cancel.is_set():
        _, note = pen.talker.kept(done.key, done.conversation, pen.texts)
    return _drawn(markup + note, done)


def _drawn(content: str, shown: Shown, talk: str = "") -> Drawn:
    turn, busy = shown.conversation.last, shown.writing is not None
    question = "" if turn is None else turn.answer.question
    return Drawn(sheet(content, question=question, conversation=shown.key, busy=busy), shown, talk)


def _with(conversation: Conversation, turn: Turn) -> Conversation:
    return Conversation((*conversation.turns[:-1], turn))
