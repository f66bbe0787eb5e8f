"""The pictures of the page in `docs/`, over this project's own samples: `python -m benchmarks.picture`.

Needs a Chromium and, for the Chinese picture, a system font with Chinese characters.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from rag.library import Library
from rag.web.app import running

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {
    "page.png": ("en-GB", "Who left the money that keeps the Carnegie Library open on Sundays?"),
    "page-zh.png": ("zh-CN", "临溪县有多少个村过去靠山泉吃水？"),
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


def main() -> int:
    """Write the pictures; 1 when one is larger than a README should carry."""
    docs = ROOT / "docs"
    docs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "index") as library:
        library.add(ROOT / "data" / "documents")
        with running(library, host="127.0.0.1", port=0) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            for name, (locale, question) in PICTURES.items():
                take(browser, address, docs / name, locale=locale, question=question)
            browser.close()
    sizes = {name: (docs / name).stat().st_size for name in PICTURES}
    print(sizes)
    return int(max(sizes.values()) > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main())
