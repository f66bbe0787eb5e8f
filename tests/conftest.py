"""What all tests share: golden files, and the order in which their files are taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden", action="store_true", help="write the golden files anew, then look at them"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that drive a browser first: they are the longest, and two workers end together."""
    driving = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in driving)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with the golden file of a name; with --refresh-golden, write it."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--refresh-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest with --refresh-golden and look at it"
        assert text == path.read_text(encoding="utf-8")

    return check
