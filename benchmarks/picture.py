"""The pictures of the page in `docs/`, over this project's own samples: `python -m benchmarks.picture`.

`--every FOLDER` takes each view in a wide and a narrow window, light and dark, in Chinese and English,
instead, to be looked at. Needs a Chromium and, for Chinese pictures, a system font with Chinese
characters.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from itertools import product
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from rag.library import Library
from rag.web.app import running

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {
    "page.png": ("en-GB", "Who left the money that keeps the Carnegie Library open on Sundays?"),
    "page-zh.png": ("zh-CN", "临溪县有多少个村过去靠山泉吃水？"),
}
QUESTIONS = {"en": PICTURES["page.png"][1], "zh": PICTURES["page-zh.png"][1]}
VIEWS = {  # where each is, and what is visible once it stands
    "welcome": ("", ".wj-examples button"),
    "ask": ("?q={question}", "#wj-results .wj-hit"),
    "lookup": ("?view=lookup&q={question}", "#wj-found .wj-found-hit"),
    "library": ("#library", ".wj-shelf tbody tr"),
    "map": ("#map", "#wj-legend li"),
    "evaluate": ("#evaluate", "#wj-judged h2"),
}
MAX_BYTES = 300_000
COLOURS = 160  # few hues, many greys: nothing is lost to the eye, and half of the bytes are


def take(browser: Browser, address: str, path: Path, *, locale: str, question: str) -> None:
    """Ask `question`, open the first hit beside the answer, and save what is seen in a wide, light window."""
    context = browser.new_context(
        locale=locale, viewport={"width": 1440, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    page.locator("#wj-question textarea").fill(question)
    page.locator("#wj-ask-button").click()
    page.locator("#wj-results .wj-hit .wj-open").first.click()
    expect(page.locator("#wj-reader-body mark").first).to_be_in_viewport()
    page.mouse.move(1, 899)
    shot = Image.open(BytesIO(page.screenshot()))
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    context.close()


def take_every(browser: Browser, address: str, folder: Path) -> None:
    """Save each view's picture, the whole page of it, under names such as `lookup-zh-narrow-dark.png`."""
    sizes = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
    for (size, viewport), scheme, (tongue, locale) in product(
        sizes.items(), ("light", "dark"), (("zh", "zh-CN"), ("en", "en-GB"))
    ):
        context = browser.new_context(
            locale=locale, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        for view, (place, ready) in VIEWS.items():
            page.goto(f"{address}/{place.format(question=quote(QUESTIONS[tongue]))}")
            expect(page.locator(ready).first).to_be_visible(timeout=30_000)
            page.screenshot(path=folder / f"{view}-{tongue}-{size}-{scheme}.png")
        context.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pictures; 1 when one is larger than a README should carry."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.picture", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--every", type=Path, metavar="FOLDER", help="every view in every window, there")
    every = parser.parse_args(arguments).every
    docs = ROOT / "docs" if every is None else every
    docs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "index") as library:
        library.add(ROOT / "data" / "documents")
        with running(library, host="127.0.0.1", port=0) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            if every is not None:
                take_every(browser, address, docs)
            else:
                for name, (locale, question) in PICTURES.items():
                    take(browser, address, docs / name, locale=locale, question=question)
            browser.close()
    if every is not None:
        return 0
    sizes = {name: (docs / name).stat().st_size for name in PICTURES}
    print(sizes)
    return int(max(sizes.values()) > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
