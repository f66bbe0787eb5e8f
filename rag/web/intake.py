"""What comes into the library and goes out of it by the page: uploads with a bar each, removal with undo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from rag.web.handlers import Desk, guarded, sent, texts_for
from rag.web.html import bdi, element, escape
from rag.web.jobs import ACTIVE, Job, Jobs, Removal, sweep
from rag.web.room_texts import RoomTexts, room_texts
from rag.web.shelf import MODEL_STAGE
from rag.web.texts import Texts
from rag.web.uploads import FOLDER

SHOWN = 40  # lines of the list; the counts above it are of all
_QUIET = {"show_progress": "hidden", "api_visibility": "private"}


def jobs_of(desk: Desk) -> Jobs:
    """Return the files on their way into the desk's library; what can no longer be undone is deleted."""
    sweep(desk.index / FOLDER)
    library = desk.library
    return Jobs(lambda path, progress: library.add(path, progress=progress), library.remove)


def connect_intake(
    desk: Desk, jobs: Jobs, upload: gr.File, bridge: gr.HTML, shown: Sequence[gr.HTML]
) -> None:
    """Wire uploads and removals; `shown` are the list of files on their way, the table and the welcome."""

    def listed(request: gr.Request) -> str:
        return jobs_view(jobs.of(desk.of(request).user), texts_for(request))

    def come(paths: list[str] | None, request: gr.Request) -> tuple[None, str]:
        own = desk.of(request)
        jobs.submit([Path(path) for path in paths or ()], user=own.user, folder=own.uploads)
        return None, listed(request)  # None: the drop zone is free for more

    def look(event: gr.EventData, request: gr.Request) -> tuple[str, object, object]:
        """The list; and the table and the welcome, where the browser says that it saw the last one end."""
        markup, texts, own = listed(request), texts_for(request), desk.of(request)
        if sent(event).number("idle"):
            return markup, gr.skip(), gr.skip()
        return markup, own.shelf(texts, wanted=sent(event).text("wanted")), own.welcome(texts)

    def stop(event: gr.EventData, request: gr.Request) -> str:
        jobs.cancel(sent(event).number("job"), desk.of(request).user)
        return listed(request)

    def tidy(request: gr.Request) -> str:
        jobs.clear(desk.of(request).user)
        return listed(request)

    def remove(event: gr.EventData, request: gr.Request) -> tuple[str, str, str]:
        own, texts, wanted = desk.of(request), texts_for(request), sent(event).text("wanted")
        report = guarded(texts, lambda: _taken_out(own, jobs, Path(sent(event).text("file")), texts))
        return report, own.shelf(texts, wanted=wanted), own.welcome(texts)

    def restore(event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        job = jobs.restore(sent(event).number("removal"), desk.of(request).user)
        said = "" if job else element("p", escape(room_texts(texts_for(request)).too_late), class_="wj-error")
        return listed(request), said

    files, report, *rest = shown
    watch = {"fn": None, "js": "() => window.wenjuRooms.intake.watch()"}
    upload.upload(come, inputs=upload, outputs=[upload, files], **_QUIET, trigger_mode="multiple").then(
        **watch
    )
    bridge.files(look, outputs=[files, *rest], **_QUIET, trigger_mode="always_last").then(**watch)
    bridge.stop(stop, outputs=files, **_QUIET).then(**watch)
    bridge.tidy(tidy, outputs=files, **_QUIET)
    bridge.takeout(
        remove, outputs=[report, *rest], **_QUIET, concurrency_limit=1, concurrency_id="write"
    ).then(None, js="() => window.wenju.changed()")
    bridge.restore(restore, outputs=[files, report], **_QUIET).then(**watch)


def _taken_out(desk: Desk, jobs: Jobs, path: Path, texts: Texts) -> str:
    desk.library.remove(path)
    upload = path.parent == desk.uploads and path.is_file()
    removal = jobs.removed(path, user=desk.user, is_upload=upload)
    return removal_view(removal, texts)


def removal_view(removal: Removal, texts: Texts) -> str:
    """Return that a file is no longer in the library, and the button that brings it back."""
    said = element("span", escape(texts.removed.format(name=removal.path.name)))
    undo = element(
        "button",
        escape(room_texts(texts).undo),
        type="button",
        class_="wj-undo",
        data_act="restore",
        data_removal=removal.id,
    )
    return element("p", said, undo, class_="wj-report wj-removal", role="status")


def jobs_view(jobs: Sequence[Job], texts: Texts) -> str:
    """Return the files on their way, a line each, what wants attention first; "" where there are none."""
    if not jobs:
        return ""
    words = room_texts(texts)
    active = sum(job.state in ACTIVE for job in jobs)
    done = sum(job.state == "done" for job in jobs)
    failed = sum(job.state == "failed" for job in jobs)
    facts = [words.files_active.format(count=active)] if active else []
    facts += [words.files_done.format(count=done)] if done else []
    facts += [texts.failed.format(count=failed)] if failed else []
    clear = element("button", escape(words.tidy), type="button", class_="wj-quiet", data_act="tidy")
    head = element(
        "div",
        element("p", *(element("span", escape(fact)) for fact in facts), class_="wj-facts", role="status"),
        clear if active < len(jobs) else "",
        class_="wj-jobs-head",
    )
    order = ("reading", "waiting", "failed", "cancelled", "done")
    ordered = sorted(jobs, key=lambda job: order.index(job.state))[:SHOWN]
    return element(
        "div",
        head,
        element("ul", *(_job(job, words, texts) for job in ordered)),
        class_="wj-jobs",
        data_active=active,
    )


def _job(job: Job, words: RoomTexts, texts: Texts) -> str:
    states = {
        "waiting": words.job_waiting,
        "reading": texts.preparing if job.progress.stage == MODEL_STAGE else texts.reading,
        "done": words.job_done,
        "failed": words.job_failed,
        "cancelled": words.job_cancelled,
    }
    cancel = element(
        "button",
        escape(words.cancel),
        type="button",
        class_="wj-quiet",
        data_act="stop",
        data_job=job.id,
        aria_label=f"{words.cancel}: {job.name}",
    )
    return element(
        "li",
        bdi(job.name, class_="wj-job-name"),
        element("span", escape(states[job.state]), class_="wj-job-state"),
        _bar(job) if job.state == "reading" else "",
        cancel if job.state in ACTIVE else "",
        element("span", escape(job.reason or texts.unexpected), class_="wj-job-reason")
        if job.reason or job.state == "failed"
        else "",
        class_=f"wj-job wj-job-{job.state}",
        data_job=job.id,
    )


def _bar(job: Job) -> str:
    progress = job.progress
    share = f"{min(100, round(100 * progress.done / progress.total))}" if progress.total else ""
    return element(
        "span",
        element("i", style=f"width:{share or 40}%"),
        class_="wj-bar" if share else "wj-bar wj-endless",
        role="progressbar",
        aria_label=job.name,
        aria_valuenow=share or None,
        aria_valuemin="0",
        aria_valuemax="100",
    )
