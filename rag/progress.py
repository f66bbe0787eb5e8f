"""Progress bars on stderr: files, passages, rate and time left."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from rag.records import Progress, ProgressCallback

_PATIENCE_S = 0.3  # what is over sooner needs no bar


@contextmanager
def progress_bars() -> Iterator[ProgressCallback]:
    """A callback that keeps one bar a stage on stderr; silent where stderr is not a terminal."""
    bars: dict[str, tqdm[None]] = {}

    def show(progress: Progress) -> None:
        bar = bars.get(progress.stage)
        if bar is None:
            for other in bars.values():
                other.close()
            # 80 × 24 where the terminal does not say its size; tqdm shows nothing then.
            size = shutil.get_terminal_size()
            bar = tqdm(
                desc=progress.stage,
                unit=f" {progress.unit}" if progress.unit else "",
                file=sys.stderr,
                ncols=size.columns,
                nrows=size.lines,
                disable=None,  # off where stderr is not a terminal
                delay=_PATIENCE_S,
                miniters=1,  # few steps may be long ones: show each
                smoothing=0.05,
            )
            bars[progress.stage] = bar
        bar.total = progress.total or None
        if progress.note:
            bar.set_postfix_str(progress.note, refresh=False)
        bar.update(progress.done - bar.n)
        if progress.done == 0:  # nothing is done yet: `update` would show nothing
            bar.refresh()

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
