"""A conversation at the desk: questions answered one by one, stage by stage, and kept in the history."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from rag.chat.conversation import Conversation, Reading, Turn
from rag.chat.markdown import Words, as_markdown
from rag.errors import HistoryError, RagError
from rag.generate.messages import Generator
from rag.history import History, Talk
from rag.library import Library
from rag.records import Answer, Progress
from rag.search import SEARCH_STAGES
from rag.web.cards import error_view
from rag.web.chat_texts import chat_texts
from rag.web.conversation import conversation_view, note_view, pending_view
from rag.web.seen import Seen
from rag.web.texts import Texts
from rag.web.written_texts import outcome_text, reason_text, written_texts
from rag.web.written_view import draft_view, write_button
from rag.written import Status, Verdict, Written

# An answer that takes less is drawn without its stages: to draw twice costs a browser more than the search.
# Warm answer over 8,970 passages, of the time of `gr.ChatInterface` (benchmarks.page): 1.58 at 0, 1.06 so.
QUICK_S = 0.15
STAGE_EVERY_S = 0.05  # how long to wait for a stage before looking whether the answer is there
logger = logging.getLogger("rag.web")


@dataclass(frozen=True, slots=True)
class Shown:
    """The conversation that one window shows; `key` is its place in the history, "" while it has none."""

    key: str = ""
    conversation: Conversation = field(default_factory=Conversation)
    cut: bool = False  # the history has later turns: a question asked here begins a conversation of its own
    writing: threading.Event | None = None  # set to end the writing of the last answer; None: none goes on


@dataclass(frozen=True, slots=True)
class Step:
    """What the window shows next."""

    markup: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class Scribe:
    """The endpoint that writes answers. Texts go to `address` whenever something is asked."""

    writer: Generator
    reader: Generator  # the same, waited for less long: it puts follow-ups into words of their own
    address: str  # as it may be shown


class Stopped(Exception):
    """Whoever asked does not want the answer any more."""


@dataclass(frozen=True, slots=True)
class Talker:
    """Conversations over one library, and the history of them."""

    library: Library | Seen
    history: History
    user: str = ""  # whose history it is; "" where all share one
    scribe: Scribe | None = None  # None: answers are quoted only
    quick_s: float = QUICK_S

    def replying(self, question: str, shown: Shown, texts: Texts, *, edited: bool = False) -> Iterator[Step]:
        """Yield the conversation while `question` is answered, and at last with its answer.

        `edited` says how the last question is to be read: it is answered again. Closing the iterator ends the
        search at its next stage.
        """
        turns = shown.conversation.turns
        before = Conversation(turns[:-1] if edited else turns)
        if not question.strip():
            yield Step(self.view(shown, texts, note=error_view(texts.question_empty)), shown)
            return
        shown = self.unwritten(shown)
        asked = turns[-1].asked if edited and turns else question.strip()
        stages: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        stopped = threading.Event()

        def tell(stage: Progress) -> None:
            if stopped.is_set():
                raise Stopped
            stages.put(stage)

        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wenju-asking")
        try:
            reading = Reading(question.strip(), "edited") if edited else None
            work = pool.submit(self.library.reply, question, before, reading=reading, progress=tell)
            wait((work,), timeout=self.quick_s)
            passed: tuple[Progress, ...] = (Progress(SEARCH_STAGES[0], 0, 0),) if not work.done() else ()
            while passed:
                pending = pending_view(asked, passed, texts)
                yield Step(conversation_view(before.turns, texts, key=shown.key, pending=pending), shown)
                passed = _next_stages(stages, work, passed)
            key = "" if shown.cut else shown.key
            yield self._finished(work, asked, Shown(key, before), texts)
        finally:
            stopped.set()
            pool.shutdown(wait=False)

    def _finished(self, work: Future[Turn], asked: str, shown: Shown, texts: Texts) -> Step:
        """Return the conversation with its new turn, kept in the history; or one line of what went wrong."""
        try:
            turn = work.result()
        except RagError as error:
            return Step(self.view(shown, texts, note=error_view(str(error))), shown)
        except Exception:
            logger.exception("a question could not be answered")
            return Step(self.view(shown, texts, note=error_view(texts.unexpected)), shown)
        conversation = shown.conversation + Turn(asked, turn.reading, turn.answer)
        writing = threading.Event() if self.scribe is not None and _can_be_written(conversation) else None
        key, note = self.kept(shown.key, conversation, texts)
        new = Shown(key, conversation, writing=writing)
        return Step(self.view(new, texts, note=note), new)

    def kept(self, key: str, conversation: Conversation, texts: Texts) -> tuple[str, str]:
        """Return the conversation's place in the history, and the markup of why it could not be kept."""
        try:
            return self.history.keep(key, conversation, self.user), ""
        except HistoryError as error:
            return key, note_view(chat_texts(texts).not_kept.format(reason=error))

    def visited(
        self, question: str, key: str, texts: Texts, *, leaving: Shown | None = None
    ) -> tuple[Step, Answer | None]:
        """Return what an address shows, the conversation up to its question, and the last answer of that.

        A question that comes without its conversation (a link that was sent) is answered and not kept, and
        nothing is written for it unasked. `leaving` is what was shown: its writing goes on when it is shown
        again, as in another language, and ends otherwise.
        """
        if leaving is not None and leaving.writing is not None:
            last = leaving.conversation.last
            if last is not None and (leaving.key, last.answer.question) == (key, question):
                return Step(self.view(leaving, texts), leaving), last.answer
            self.stopped(leaving, texts)
        try:
            conversation = self.history.conversation(key, self.user) if key else Conversation()
        except HistoryError as error:
            return Step(error_view(str(error)), Shown()), None
        shown_turns = _up_to(conversation, question)
        shown = Shown(key, shown_turns, cut=len(shown_turns.turns) < len(conversation.turns))
        if not shown.conversation.turns and question.strip():
            step = self._asked_by_address(question, texts)
        else:
            step = Step(self.view(shown, texts), shown if shown.conversation.turns else Shown())
        last = step.shown.conversation.last
        return step, last.answer if last is not None else None

    def _asked_by_address(self, question: str, texts: Texts) -> Step:
        try:
            turn = self.library.reply(question)
        except RagError as error:
            return Step(error_view(str(error)), Shown())
        except Exception:
            logger.exception("a question could not be answered")
            return Step(error_view(texts.unexpected), Shown())
        shown = Shown("", Conversation((turn,)))
        return Step(self.view(shown, texts), shown)

    def stopped(self, shown: Shown, texts: Texts) -> Step:
        """Return the conversation as it was before the question that was stopped, or as far as written."""
        if shown.writing is None:
            return Step(self.view(shown, texts, note=note_view(chat_texts(texts).stopped)), shown)
        shown, note = self.unwritten(shown), ""
        if shown.key and not shown.cut:
            _, note = self.kept(shown.key, shown.conversation, texts)
        return Step(self.view(shown, texts, note=note), shown)

    def unwritten(self, shown: Shown) -> Shown:
        """Return what is shown when the writing that goes on has been told to end."""
        if shown.writing is not None:
            shown.writing.set()
        return replace(shown, writing=None)

    def talks(self, wanted: str) -> Sequence[Talk]:
        """Return the conversations that hold the words, newest first. Raises HistoryError."""
        return self.history.talks(self.user, wanted=wanted)

    def forget(self, key: str) -> None:
        """Delete a conversation. Raises HistoryError."""
        self.history.forget(key, self.user)

    def exported(self, key: str, texts: Texts) -> str:
        """Return one conversation as Markdown, or all of the user's where `key` is "".

        Raises:
            HistoryError: the history cannot be read.
        """
        keys = [key] if key else [talk.key for talk in self.history.talks(self.user, limit=-1)]
        conversations = (self.history.conversation(one, self.user) for one in keys)
        return as_markdown(conversations, _markdown_words(texts))

    def view(self, shown: Shown, texts: Texts, *, note: str = "") -> str:
        """Return the conversation as markup, with an offer to write where nothing is written yet."""
        turns = shown.conversation.turns
        if turns and shown.writing is not None:  # what is there so far comes into the slot by itself
            turns = (*turns[:-1], replace(turns[-1], written=None))
        return conversation_view(turns, texts, key=shown.key, note=note, offered=self._offered(shown, texts))

    def _offered(self, shown: Shown, texts: Texts) -> str:
        turn = shown.conversation.last
        if turn is None or self.scribe is None:
            return ""
        words = written_texts(texts)
        if shown.writing is not None:
            model = self.scribe.writer.model
            said = words.reading if _may_be_reread(shown.conversation) else words.waiting
            return draft_view(said.format(model=model), so_far(model), turn.answer, texts)
        can = turn.answer.answerable and _can_be_written(shown.conversation)
        return write_button(words.write) if can else ""


def so_far(model: str, text: str = "", verdicts: Sequence[Verdict] = ()) -> Written:
    """Return what there is of an answer that is being written, as it stays if that is stopped now."""
    return Written(Status.CANCELLED, model, text, tuple(verdicts), ())


def _can_be_written(conversation: Conversation) -> bool:
    """Whether the last question is one for a model: it has an answer, or may get one when read anew."""
    turn = conversation.last
    if turn is None or turn.reading.kind == "speaker" or not turn.answer.hits:
        return False
    return turn.answer.answerable or _may_be_reread(conversation)


def _may_be_reread(conversation: Conversation) -> bool:
    turn = conversation.last
    return turn is not None and len(conversation.turns) > 1 and turn.reading.kind != "edited"


def _markdown_words(texts: Texts) -> Words:
    words = written_texts(texts)

    def written(written: Written) -> str:
        return f"{words.by.format(model=written.model)} — {outcome_text(written, texts)}"

    def unsupported(verdict: Verdict) -> str:
        return words.unsupported.format(why=reason_text(verdict, texts)).strip("()（）")

    return Words(chat_texts(texts).read_as, texts.nothing_answers, written, unsupported)


def _up_to(conversation: Conversation, question: str) -> Conversation:
    """Return the turns up to the last one that was read as `question`; all of them where none was or ""."""
    for end in range(len(conversation.turns), 0, -1):
        if conversation.turns[end - 1].answer.question == question:
            return Conversation(conversation.turns[:end])
    return Conversation() if question else conversation


def _next_stages(
    stages: queue.SimpleQueue[Progress], work: Future[Turn], passed: tuple[Progress, ...]
) -> tuple[Progress, ...]:
    """Return the stages passed as soon as there is one more; none when the work is done.

    A search that begins again, for another reading, begins its stages again.
    """
    while not work.done():
        try:
            new = [stages.get(timeout=STAGE_EVERY_S)]
        except queue.Empty:
            continue
        while not stages.empty():
            new.append(stages.get_nowait())
        for stage in new:
            passed = (*passed, stage) if stage.stage != SEARCH_STAGES[0] else (stage,)
        return tuple({stage.stage: stage for stage in passed}.values())
    return ()
