"""The page in a browser against a plain `gr.ChatInterface`: `python -m benchmarks.page`.

First paint with an empty cache, and a warm answer from the Enter key to the moment when it is drawn, timed
inside the browser; both sides are served at once and take turns. Absolute times belong to the machine.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.texts import questions, write_folder
from rag.library import Library

ROOT = Path(__file__).resolve().parents[1]
PARAGRAPHS = 11_200  # about 10,000 passages
HITS = 5
PAINTS = 7
QUESTIONS = 20
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READY = {"ours": "#wj-question textarea", "plain": "textarea"}
# Notes when Enter is pressed, and the first frame after which `done()` holds.
CLOCK = """(done) => {
    const met = new Function("return " + done);
    window.took = null;
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        const start = performance.now();
        (function look() {
            if (met()) requestAnimationFrame(() => (window.took = performance.now() - start));
            else requestAnimationFrame(look);
        })();
    }, {once: true, capture: true});
}"""
LOOKED = """(words) => {
    const box = document.querySelector("#wj-lookup-box input");
    const start = performance.now();
    window.took = null;
    box.value = words;
    box.dispatchEvent(new Event("input", {bubbles: true}));
    (function look() {
        const found = document.querySelector("#wj-found .wj-found");
        const stop = () => (window.took = performance.now() - start);
        if (found?.dataset.question === words) requestAnimationFrame(stop);
        else requestAnimationFrame(look);
    })();
}"""


def serve_plain(index: Path) -> None:
    """Serve a chat over the library with Gradio's defaults until killed."""
    import gradio as gr

    library = Library(index)
    library.ask("?!a", k=HITS)

    def answer(question: str, history: list[object]) -> str:
        hits = library.ask(question, k=HITS).hits
        return "\n\n".join(f"> {hit.passage.text}\n\n{hit.passage.source.document}" for hit in hits)

    _, address, _ = gr.ChatInterface(answer).launch(quiet=True, prevent_thread_lock=True, server_port=None)
    print(address, file=sys.stderr, flush=True)
    time.sleep(3600)


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Give the address that a command of ours announces; it is ended after the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield found[0]
                    break
        finally:
            process.terminate()


def first_paint(browser: Browser, address: str, ready: str) -> tuple[float, float]:
    """Return ms to the first contentful paint and to a box that takes a question, with an empty cache."""
    with browser.new_context(locale="en-GB") as context, context.new_page() as page:
        page.goto(address)
        page.wait_for_selector(ready)
        usable = page.evaluate("performance.now()")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return painted, usable


def answered(page: Page, side: str, question: str) -> float:
    """Return ms from Enter to the drawn answer."""
    if side == "ours":
        done = (  # a follow-up is answered as it was read: what was asked stands above it
            "!document.documentElement.hasAttribute('data-asking') && [...document.querySelectorAll("
            f"'#wj-results .wj-asked')].at(-1)?.textContent.trim() === {question!r}"
        )
    else:
        before = page.locator("[data-testid=bot]").count()
        done = (
            f"document.querySelectorAll('[data-testid=bot]').length > {before} && "
            "[...document.querySelectorAll('[data-testid=bot]')].at(-1).textContent.trim().length > 40"
        )
    page.locator(READY[side]).first.fill(question)
    page.evaluate(CLOCK, done)
    page.keyboard.press("Enter")
    return took(page)


def took(page: Page) -> float:
    """Return what the page's own clock has measured."""
    page.wait_for_function("window.took !== null", timeout=60_000)
    return float(page.evaluate("window.took"))


def looked_up(page: Page, words: str) -> float:
    """Return ms from the last key to the list of passages, the wait for more keys included."""
    page.evaluate(LOOKED, words)
    return took(page)


def main() -> int:
    """Print medians of both sides and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, help="a library to use instead of one made for this")
    parser.add_argument("--paragraphs", type=int, default=PARAGRAPHS)
    options = parser.parse_args()
    if options.plain:
        serve_plain(options.plain)
        return 0
    with tempfile.TemporaryDirectory() as place:
        index = options.index or Path(place) / "index"
        if options.index is None:
            write_folder(Path(place) / "texts", paragraphs=options.paragraphs)
            with Library(index) as library:
                report = library.add(Path(place) / "texts")
            print(f"{report.passages} passages")
        measure(index)
    return 0


def measure(index: Path) -> None:
    """Print the figures over one library."""
    asked = [re.sub(r"['\\\\]", "", question) for question in questions(QUESTIONS + 3)]
    with (
        serving("rag", "serve", "--port", "0", "--index", str(index)) as ours,
        serving("benchmarks.page", "--plain", str(index)) as plain,
        sync_playwright() as playwright,
    ):
        sides = {"ours": ours, "plain": plain}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        paints: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
        for _ in range(PAINTS):
            for side, address in sides.items():
                paints[side].append(first_paint(browser, address, READY[side]))
        times: dict[str, list[float]] = {side: [] for side in sides}
        pages = {side: browser.new_page(locale="en-GB") for side in sides}
        for side, page in pages.items():
            page.goto(sides[side])
            page.wait_for_selector(READY[side])
            page.wait_for_timeout(1500)
        for question in asked:
            for side, page in pages.items():
                times[side].append(answered(page, side, question))
        page = pages["ours"]
        page.locator("nav [data-view=lookup]").click()
        page.wait_for_selector("#wj-facets form")
        looks = [looked_up(page, question) for question in asked]
        browser.close()
    for place, what in enumerate(("first contentful paint", "ready for a question")):
        show(what, *(statistics.median(pair[place] for pair in paints[side]) for side in sides))
    show("warm answer", *(statistics.median(times[side][3:]) for side in sides))
    print(f"{'looked up while typing':28} ours {statistics.median(looks[3:]):7.0f} ms (150 of them waiting)")


def show(what: str, ours: float, plain: float) -> None:
    """Print one figure."""
    print(f"{what:28} ours {ours:7.0f} ms   ChatInterface {plain:7.0f} ms   ratio {ours / plain:.2f}")


if __name__ == "__main__":
    sys.exit(main())
