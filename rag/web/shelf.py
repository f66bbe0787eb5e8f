"""What is in the library, as a table, and what an upload did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from rag.records import DocumentInfo, Failure, Finding
from rag.sources import SourceState
from rag.web.cards import deep_link
from rag.web.html import bdi, element, escape
from rag.web.room_texts import room_texts
from rag.web.texts import Texts, documents_counted, language_name, passages_counted

MODEL_STAGE = "building the model"  # `Progress.stage` of what a first upload waits for
ROWS = 100  # documents on one sheet of the table


def shelf_view(
    documents: Sequence[DocumentInfo],
    *,
    wanted: str,
    sheet: int,
    size: int,
    texts: Texts,
    sources: Callable[[Iterable[str]], Mapping[str, SourceState]],
) -> str:
    """Return the table of the documents whose title or path holds `wanted`, `ROWS` a sheet, newest first.

    `size` is how many bytes the library takes on disk; `sources` tells which files are as they were.
    """
    if not documents:
        return empty_view(texts)
    needle = wanted.strip().casefold()
    found = [info for info in documents if needle in f"{info.title}\n{info.path}\n{info.id or ''}".casefold()]
    found.sort(key=lambda info: info.key)
    found.sort(key=lambda info: info.added_at, reverse=True)
    if not found:
        return element("p", escape(texts.no_match), class_="wj-none")
    sheet = min(max(0, sheet), (len(found) - 1) // ROWS)
    shown = found[sheet * ROWS : (sheet + 1) * ROWS]
    states = sources(info.path for info in shown)
    rows = (_row(info, states.get(info.path, "unknown"), texts) for info in shown)
    return element(
        "div",
        element(
            "div",
            totals(documents, texts, size=size),
            element("button", escape(texts.check), type="button", class_="wj-quiet", data_act="check"),
            class_="wj-shelf-head",
        ),
        element("table", _column_heads(texts), element("tbody", *rows), class_="wj-shelf"),
        _sheets(sheet, len(found), texts),
    )


def totals(documents: Sequence[DocumentInfo], texts: Texts, *, size: int = 0) -> str:
    """Return one quiet line: documents, passages, languages (commonest first), and bytes where known."""
    passages: dict[str, int] = {}
    for info in documents:
        passages[info.language] = passages.get(info.language, 0) + info.passages
    common = sorted(passages, key=lambda language: (-passages[language], language))
    comma = "、" if texts.tongue == "zh" else ", "
    facts = (
        documents_counted(len(documents), texts),
        passages_counted(sum(passages.values()), texts),
        comma.join(language_name(language, texts) for language in common[:8])
        + (" …" if len(common) > 8 else ""),
        *([f"{size / 1e6:,.1f} MB"] if size else []),
    )
    return element("p", *(element("span", escape(fact)) for fact in facts), class_="wj-facts")


def empty_view(texts: Texts) -> str:
    """Return what is said of a library that holds nothing."""
    return element(
        "div",
        element("h2", escape(texts.library_empty)),
        element("p", escape(texts.library_empty_note)),
        element("a", escape(texts.to_library), href="#library", data_act="view", data_view="library"),
        class_="wj-blank",
    )


def _column_heads(texts: Texts) -> str:
    own = room_texts(texts)
    names = (
        texts.column_document,
        texts.column_language,
        texts.column_passages,
        own.dated,
        texts.column_added,
        own.state,
    )
    heads = [element("th", escape(name), scope="col") for name in names]
    actions = element("th", element("span", escape(texts.column_actions), class_="wj-unseen"), scope="col")
    return element("thead", element("tr", *heads, actions))


def _row(info: DocumentInfo, state: SourceState, texts: Texts) -> str:
    own = room_texts(texts)
    states = {
        "current": own.state_current,
        "changed": own.state_changed,
        "gone": own.state_gone,
        "unknown": own.state_unknown,
    }
    return element(
        "tr",
        element("td", _name(info), *_notes(info), class_="wj-shelf-name"),
        element("td", escape(language_name(info.language, texts)), data_label=texts.column_language),
        element("td", f"{info.passages:,}", class_="wj-numeric", data_label=texts.column_passages),
        element("td", escape(info.date), class_="wj-dated", data_label=own.dated),
        element(
            "td",
            element("time", escape(info.added_at[:10]), datetime=info.added_at),
            data_label=texts.column_added,
        ),
        element("td", escape(states[state]), class_=f"wj-state wj-state-{state}", data_label=own.state),
        element("td", _removal(info, texts), class_="wj-shelf-act"),
    )


def _name(info: DocumentInfo) -> str:
    name = PurePosixPath(info.path).name if info.id is None else f"{PurePosixPath(info.path).name} #{info.id}"
    opened = element(
        "a",
        bdi(info.title or name, lang=info.language),
        href=deep_link(info.key),
        data_act="open",
        data_document=info.key,
    )
    return opened + (element("span", bdi(name, title=info.path), class_="wj-file") if info.title else "")


def _notes(info: DocumentInfo) -> list[str]:
    return [element("span", escape(warning), class_="wj-warning") for warning in info.warnings]


def _removal(info: DocumentInfo, texts: Texts) -> str:
    name = PurePosixPath(info.path).name
    sure = element(
        "span",
        element("span", escape(texts.remove_sure)),
        element(
            "button",
            escape(texts.remove_yes),
            type="button",
            data_act="remove",
            data_file=info.path,  # Gradio takes whatever is called "path" for a file of its own
            class_="wj-danger",
        ),
        element("button", escape(texts.remove_no), type="button", data_act="keep"),
        class_="wj-sure",
        hidden=True,
    )
    ask = element(
        "button",
        escape(texts.remove),
        type="button",
        class_="wj-quiet",
        data_act="sure",
        aria_label=f"{texts.remove}: {name}",
    )
    return ask + sure


def _sheets(sheet: int, total: int, texts: Texts) -> str:
    if total <= ROWS:
        return ""
    first, last = sheet * ROWS + 1, min(total, (sheet + 1) * ROWS)
    label = texts.pages_of.format(first=f"{first:,}", last=f"{last:,}", total=f"{total:,}")
    return element(
        "nav",
        _turn("‹", sheet - 1, texts.previous, enabled=sheet > 0),
        element("span", escape(label)),
        _turn("›", sheet + 1, texts.next, enabled=last < total),
        class_="wj-sheets",
    )


def _turn(sign: str, sheet: int, label: str, *, enabled: bool) -> str:
    return element(
        "button",
        sign,
        type="button",
        data_act="turn",
        data_sheet=sheet,
        aria_label=label,
        disabled=not enabled,
    )


def findings_view(findings: Sequence[Finding], texts: Texts) -> str:
    """Return what `doctor` found: one line each, with what mends it."""
    items = (
        element(
            "li",
            element("span", escape(finding.what)),
            element("code", escape(finding.remedy)) if finding.remedy else "",
        )
        for finding in findings
    )
    heading = element("p", escape(texts.checked))
    return element("div", heading, element("ul", *items), class_="wj-report", role="status")


def failures_view(failures: Sequence[Failure], texts: Texts) -> str:
    """Return the files that could not be read, each with its reason; empty where there are none."""
    if not failures:
        return ""
    items = (
        element("li", bdi(PurePosixPath(failure.path).name, class_="wj-file"), escape(_bare(failure)))
        for failure in failures
    )
    heading = element("summary", escape(texts.failed.format(count=f"{len(failures):,}")))
    return element("details", heading, element("ul", *items), class_="wj-report wj-failures")


def _bare(failure: Failure) -> str:
    """Return the reason without the file's name and without the folders of the server."""
    folder = failure.path.rpartition("/")[0]
    return failure.reason.replace(failure.path, "").replace(f"{folder}/", "").strip(" :")
