"""Files on their way in, in a real browser: dropped, chosen as a folder, each with a bar that outlives the page."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from serving import FERRY, served
from test_web_browser import browser, opened

__all__ = ["browser", "opened"]
pytestmark = pytest.mark.browser

# A folder as a browser hands it over when it is dropped: entries of files and folders. A page cannot make
# real ones; these are read in the way in which real ones are.
ENTRIES = """({files, whole}) => {
    const entry = (name, inside) => typeof inside === "string"
        ? { name, isFile: true, isDirectory: false, file: (done) => done(new File([inside], name, { type: "text/plain" })) }
        : { name, isFile: false, isDirectory: true, createReader: () => {
            const rest = Object.entries(inside).map(([name, one]) => entry(name, one));
            return { readEntries: (done) => done(rest.splice(0, 1)) }; // one at a time: it must be asked until there is none
        } };
    const transfer = new DataTransfer();
    for (const [name, text] of Object.entries(files)) if (typeof text === "string") transfer.items.add(new File([text], name, { type: "text/plain" }));
    const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
    if (whole) {
        const items = Object.entries(files).map(([name, inside]) => ({ webkitGetAsEntry: () => entry(name, inside) }));
        Object.defineProperty(event, "dataTransfer", { value: { items, files: transfer.files } });
    }
    return event;
}"""
FOLDER = {
    "灯塔": {
        "keeper.txt": "The lighthouse keeper earns nine hundred crowns a month.",
        ".hidden.txt": "nobody wants to see this",
        "logs": {
            "may.txt": "In May the lamp burnt four litres.",
            "deep": {"oil.txt": "Oil comes from the port."},
        },
        ".git": {"HEAD.txt": "ref: refs/heads/main"},
    },
    "beside.txt": "The bell rings once an hour.",
}
NAMES = ["keeper.txt", "logs - may.txt", "logs - deep - oil.txt", "beside.txt"]


@pytest.fixture
def site(tmp_path_factory):
    """A server for each test: what another one sent is not on its list."""
    with served(tmp_path_factory.mktemp("intake"), {"ferry.md": FERRY}) as site:
        yield site


@pytest.fixture
def library(opened):
    page = opened("/#library", locale="en-GB")
    expect(page.locator(".wj-shelf tbody tr").first).to_be_visible()
    page.wait_for_function("Boolean(window.wenjuRooms?.intake && window.wenju?.page.acts.folder)")
    return page


def drop(page, selector, files, *, whole=False):
    event = page.evaluate_handle(ENTRIES, {"files": files, "whole": whole})
    page.locator(selector).first.evaluate("(element, event) => element.dispatchEvent(event)", event)


def arrived(page, *names):
    """These files and no others came into the library."""
    expect(page.locator(".wj-job-done")).to_have_count(len(names), timeout=60_000)
    assert sorted(page.locator(".wj-job-name").all_inner_texts()) == sorted(names)
    for name in names:
        expect(page.locator(".wj-shelf tbody tr", has_text=name)).to_have_count(1)


# --- dropped ---


def test_files_that_are_dropped_come_in(library):
    files = {"one.txt": "The north gate opens at six.", "第二.txt": "南门七点开。"}
    drop(library, "#wj-drop #wj-upload button", files)
    arrived(library, *files)


def test_a_folder_that_is_dropped_comes_in_with_the_names_of_its_folders(library, site):
    drop(library, "#wj-drop #wj-upload button", FOLDER, whole=True)
    arrived(library, *NAMES)
    kept = {path.name: path.read_text("utf-8") for path in (site.index / "uploads").iterdir()}
    assert kept["keeper.txt"] == FOLDER["灯塔"]["keeper.txt"]
    assert kept["logs - deep - oil.txt"] == FOLDER["灯塔"]["logs"]["deep"]["oil.txt"]
    assert not {name for name in kept if "hidden" in name or "HEAD" in name}


def test_what_is_dropped_elsewhere_is_not_taken(library):
    drop(library, "#wj-shelf", FOLDER, whole=True)
    drop(library, "#wj-drop #wj-upload button", {"after.txt": "This one was meant."})
    arrived(library, "after.txt")


# --- chosen ---


def test_a_folder_that_is_chosen_comes_in(library, tmp_path):
    for name, text in (
        ("tide.txt", "High water is at noon."),
        ("2024/wind.txt", "The wind blew from the west."),
        (".cache/x.txt", "of no use"),
        (".secret.txt", "of no use"),
    ):
        path = tmp_path / "weather" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with library.expect_file_chooser() as chooser:
        library.locator("[data-act=folder]").click()
    chooser.value.set_files(tmp_path / "weather")
    arrived(library, "tide.txt", "2024 - wind.txt")


# --- a bar each, that outlives the page ---

SHOWN = "document.querySelector('.wj-jobs [role=progressbar][aria-valuenow]')"


def test_the_bar_of_a_file_outlives_the_page(opened, tmp_path_factory, tmp_path):
    records = [
        {"_id": str(n), "title": f"Bed {n}", "text": f"Bed {n} of kelp grew well."} for n in range(4000)
    ]
    files = [tmp_path / "long.jsonl", *(tmp_path / f"{number}.txt" for number in range(3))]
    for path in files:
        path.write_text("A short one.", encoding="utf-8")
    files[0].write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    with served(tmp_path_factory.mktemp("bar"), {"ferry.md": FERRY}) as site:
        page = opened("/#library", of=site, locale="en-GB")
        page.locator("#wj-upload input[type=file]").set_input_files(files)
        bar = page.get_by_role("progressbar", name="long.jsonl")
        before = page.wait_for_function(f"{SHOWN}?.ariaValueNow", timeout=90_000).json_value()
        page.reload()
        after = page.wait_for_function(f"{SHOWN}?.ariaValueNow").json_value()
        assert 0 <= float(before) <= float(after) <= 100
        assert (bar.get_attribute("aria-valuemin"), bar.get_attribute("aria-valuemax")) == ("0", "100")
        expect(page.locator(".wj-job-waiting")).to_have_count(len(files) - 1)
        page.locator(".wj-job-reading [data-act=stop]").click()
        expect(page.locator(".wj-job-cancelled")).to_contain_text("long.jsonl")
        expect(page.locator(".wj-job-done")).to_have_count(len(files) - 1, timeout=60_000)
        expect(page.get_by_role("progressbar")).to_have_count(0)
