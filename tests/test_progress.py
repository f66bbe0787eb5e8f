"""The bars that a person sees on a terminal."""

from __future__ import annotations

import io
import sys
import time

from rag.progress import progress_bars
from rag.records import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watch(monkeypatch):
    """What a terminal shows; set up inside the test, because pytest sets stderr anew after the fixtures."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_each_long_step_is_shown_with_what_it_does(monkeypatch):
    terminal = watch(monkeypatch)
    with progress_bars() as show:
        show(Progress("building the model", 0, 2, "steps", "reading"))
        time.sleep(0.4)
        show(Progress("building the model", 1, 2, "steps", "writing"))
        show(Progress("building the model", 2, 2, "steps", "done"))
    assert "building the model" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
    assert "done" in terminal.getvalue()


def test_stages_have_a_bar_each(monkeypatch):
    terminal = watch(monkeypatch)
    with progress_bars() as show:
        for stage in ("indexing", "evaluating"):
            show(Progress(stage, 0, 4, "files"))
    assert "indexing" in terminal.getvalue()
    assert "evaluating" in terminal.getvalue()


def test_nothing_is_shown_where_nobody_looks(capsys):
    with progress_bars() as show:
        show(Progress("indexing", 1, 2, "files"))
    assert capsys.readouterr().err == ""
