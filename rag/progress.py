"""Progress bars on stderr: files, passages, rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from rag.records import Progress, ProgressCallback


@contextmanager
def progress_bars() -> Iterator[ProgressCallback]:
    """A callback that keeps one bar a stage on stderr; silent where stderr is not a terminal."""
    bars: dict[str, tqdm[None]] = {}

    def show(progress: Progress) -> None:
        bar = bars.get(progress.stage)
        if bar is None:
            for other in bars.values():
                other.close()
            bar = tqdm(
                desc=progress.stage,
                unit=f" {progress.unit}" if progress.unit else "",
                file=sys.stderr,
                dynamic_ncols=True,
                disable=None,  # off where stderr is not a terminal
                delay=0.5,
                smoothing=0.05,
            )
            bars[progress.stage] = bar
        bar.total = progress.total or None
        if progress.note:
            bar.set_postfix_str(progress.note, refresh=False)
        bar.update(progress.done - bar.n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
