"""`rag` whose server deletes forgotten uploads every second: for the test that it does so at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rag.web.app
from rag.cli import main

private_environment = rag.web.app.private_environment


@contextmanager
def hurried(folder: Path) -> Iterator[None]:
    """The environment of the page, and the page's module with a second in place of its hour."""
    with private_environment(folder):
        import rag.web.page  # not before: Gradio reads the environment while it is imported

        rag.web.page.SWEEP_S = 1
        yield


if __name__ == "__main__":
    rag.web.app.private_environment = hurried
    sys.exit(main())
