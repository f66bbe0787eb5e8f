"""Looking up passages: what was asked for, the controls that narrow it, and what was found, compactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rag.citation import STYLES, Tongue, cited, quotation_of
from rag.errors import UsageError
from rag.records import SECTION_SEPARATOR, Answer, DocumentInfo, Filters, Hit
from rag.web.cards import deep_link, document_key, file_name, spans_value
from rag.web.html import Span, bdi, element, escape, marked, merged_spans
from rag.web.room_texts import RoomTexts, room_texts
from rag.web.texts import Texts, language_name, place_text

Sort = Literal["relevance", "document", "date"]
SORTS: tuple[Sort, ...] = ("relevance", "document", "date")
SNIPPET_CHARACTERS = 200  # about three lines of the list; a passage is read in the reader
LEAD_CHARACTERS = 60  # of the snippet, before the first marked sentence
CHOICES = 200  # names offered in one control


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: the words, what narrows them ("" for no narrowing), and the order."""

    question: str = ""
    document: str = ""  # its title, file name or key
    folder: str = ""
    language: str = ""
    speaker: str = ""
    section: str = ""
    format: str = ""  # a file name's ending, without the dot
    since: str = ""  # ISO 8601 days
    until: str = ""
    sort: Sort = "relevance"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the words decides what is found."""
        return any(
            (
                self.document,
                self.folder,
                self.language,
                self.speaker,
                self.section,
                self.format,
                self.since,
                self.until,
            )
        )


def facets_view(documents: Sequence[DocumentInfo], wanted: Wanted, texts: Texts) -> str:
    """Return the form that narrows and orders; its fields bear the names that the address uses."""
    words = room_texts(texts)
    folders = sorted({str(PurePosixPath(info.path).parent) for info in documents})
    languages = sorted({info.language for info in documents})
    formats = sorted({ending for info in documents if (ending := format_of(info.path))})
    names = sorted({info.title or PurePosixPath(info.path).name for info in documents})
    return element(
        "form",
        element(
            "details",
            element("summary", escape(words.filters), element("span", class_="wj-narrowing")),
            element(
                "div",
                _typed("in", words.document, wanted.document, names[:CHOICES]),
                _chosen("folder", words.folder, wanted.folder, [(one, one) for one in folders], words),
                _chosen(
                    "lang",
                    words.language,
                    wanted.language,
                    [(code, language_name(code, texts)) for code in languages],
                    words,
                ),
                _typed("who", words.speaker, wanted.speaker, [wanted.speaker]),
                _typed("section", words.section, wanted.section, [wanted.section]),
                _chosen("format", words.format, wanted.format, [(one, one) for one in formats], words),
                _dated("from", words.since, wanted.since),
                _dated("to", words.until, wanted.until),
                element("button", escape(words.clear), type="button", class_="wj-quiet", data_act="unnarrow"),
                class_="wj-facet-fields",
            ),
        ),
        element("div", _sorting(wanted, words), _styles(words), class_="wj-facet-orders"),
        class_="wj-facets",
        aria_label=words.filters,
    )


def filters_of(wanted: Wanted, documents: Sequence[DocumentInfo]) -> Filters:
    """Return what narrows the search. Raises UsageError where no document, or no single one, is meant."""
    return Filters(
        folder=wanted.folder,
        document=_meant(wanted.document, documents) if wanted.document else "",
        format=wanted.format,
        language=wanted.language,
        since=wanted.since,
        until=wanted.until,
        speaker=wanted.speaker,
        section=wanted.section,
    )


def _meant(name: str, documents: Sequence[DocumentInfo]) -> str:
    """Return the key of the document that goes by that name, or that alone has it in its name."""
    exact = [info for info in documents if name in (info.key, info.title, PurePosixPath(info.path).name)]
    if exact:
        return exact[0].key
    part = name.casefold()
    some = [info for info in documents if part in f"{info.title}\n{info.key}".casefold()]
    if len(some) == 1:
        return some[0].key
    what = f"{len(some)} documents have" if some else "no document has"
    raise UsageError(f"{what} {name!r} in the title or file name; choose one from the list")


def _field(label: str, control: str) -> str:
    return element("label", element("span", escape(label)), control)


def _typed(name: str, label: str, value: str, choices: Sequence[str] = ()) -> str:
    options = element("datalist", *(element("option", value=one) for one in choices), id=f"wj-names-{name}")
    control = element(
        "input",
        type="search",
        name=name,
        value=value,
        autocomplete="off",
        list=f"wj-names-{name}" if choices else None,
    ).removesuffix("</input>")
    return _field(label, control) + (options if choices else "")


def _dated(name: str, label: str, value: str) -> str:
    return _field(label, element("input", type="date", name=name, value=value).removesuffix("</input>"))


def _chosen(name: str, label: str, value: str, choices: Sequence[tuple[str, str]], words: RoomTexts) -> str:
    offered = [("", words.everything), *choices]
    if value and value not in dict(choices):
        offered.append((value, value))
    return _field(label, _select(name, value, offered))


def _select(name: str, value: str, choices: Sequence[tuple[str, str]]) -> str:
    options = (element("option", escape(shown), value=one, selected=one == value) for one, shown in choices)
    return element("select", *options, name=name)


def _sorting(wanted: Wanted, words: RoomTexts) -> str:
    shown = {"relevance": words.by_relevance, "document": words.by_document, "date": words.by_date}
    return _field(words.sort, _select("sort", wanted.sort, [(sort, shown[sort]) for sort in SORTS]))


def _styles(words: RoomTexts) -> str:
    shown = (words.style_plain, words.style_markdown, words.style_bibtex, words.style_gbt7714)
    choices = list(zip(STYLES, shown, strict=True))
    return _field(words.copy_as, _select("style", "plain", choices))


def format_of(path: str) -> str:
    """Return the ending of a file's name, in lower case and without its dot; "" where it has none."""
    return PurePosixPath(path).suffix.lower().removeprefix(".")


def found_view(answer: Answer, wanted: Wanted, dates: Mapping[str, str], texts: Texts) -> str:
    """Return the passages found, in the order that was asked for; `dates` are the documents', by key."""
    words = room_texts(texts)
    hits = in_order(answer.hits, wanted.sort, dates)
    if not hits:
        said = words.narrowed if wanted.is_narrowed else texts.nothing_found
        return element("p", escape(said), class_="wj-none", role="status")
    counted = words.found_one if len(hits) == 1 else words.found_count.format(count=len(hits))
    note = "" if answer.answerable else texts.nothing_answers
    facts = (counted, texts.took.format(ms=max(1, round(answer.took_ms))), *([note] if note else []))
    return element(
        "div",
        element("p", *(element("span", escape(fact)) for fact in facts), class_="wj-facts", role="status"),
        element(
            "ol",
            *(_found(hit, dates.get(document_key(hit.passage.source), ""), wanted, texts) for hit in hits),
            class_="wj-hits wj-found-list",
        ),
        element("p", escape(words.lookup_hint), class_="wj-keys"),
        class_="wj-found",
        data_question=answer.question,
    )


def in_order(hits: Sequence[Hit], sort: Sort, dates: Mapping[str, str]) -> list[Hit]:
    """Return hits by rank, by their place in the documents, or newest first (undated ones last)."""
    by_place = sorted(hits, key=lambda hit: (document_key(hit.passage.source), hit.passage.source.start))
    if sort == "document":
        return by_place
    if sort == "date":
        return sorted(by_place, key=lambda hit: dates.get(document_key(hit.passage.source), ""), reverse=True)
    return sorted(hits, key=lambda hit: hit.rank)


def snippet(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return the part of `text` around the first of `spans` that a line of the list shows, and its spans."""
    merged = merged_spans(spans, len(text))
    if len(text) <= SNIPPET_CHARACTERS:
        return text, merged
    start = max(0, min(merged[0][0] - LEAD_CHARACTERS if merged else 0, len(text) - SNIPPET_CHARACTERS))
    end = start + SNIPPET_CHARACTERS
    before, after = ("… " if start else ""), (" …" if end < len(text) else "")
    shift = len(before) - start
    inside = merged_spans([(max(first, start), min(last, end)) for first, last in merged], len(text))
    return before + text[start:end] + after, [(first + shift, last + shift) for first, last in inside]


def _found(hit: Hit, date: str, wanted: Wanted, texts: Texts) -> str:
    passage, source = hit.passage, hit.passage.source
    key = document_key(source)
    text, spans = snippet(passage.text, hit.highlights)
    link = element(
        "a",
        marked(text.replace("\n", " "), spans),
        class_="wj-open wj-found-text",
        href=deep_link(key, source.paragraph, wanted.question).replace("?", "?view=lookup&", 1),
        lang=passage.language,
        dir="auto",
        data_act="open",
        data_document=key,
        data_passage=passage.id,
        data_paragraph=source.paragraph,
        data_spans=spans_value(hit.highlights),
    )
    return element(
        "li",
        link,
        element("div", _where(hit, date, texts), _copying(hit, date, texts), class_="wj-found-foot"),
        class_="wj-hit wj-found-hit",
        data_document=key,
        data_passage=passage.id,
        data_who=source.speaker or None,
        data_section=source.section.rpartition(SECTION_SEPARATOR)[2] or None,
    )


def _where(hit: Hit, date: str, texts: Texts) -> str:
    source = hit.passage.source
    who = " ".join(part for part in (source.role, source.speaker) if part)
    parts = [bdi(part) for part in dict.fromkeys((source.section or source.title, who)) if part]
    place = place_text(source.place, source.page, texts)
    facts = (
        *([place] if place else []),
        texts.paragraph.format(number=source.paragraph),
        language_name(hit.passage.language, texts),
        *([date] if date else []),
    )
    return element(
        "p",
        *parts,
        bdi(file_name(source), class_="wj-file", title=source.document),
        *(element("span", escape(fact)) for fact in facts),
        class_="wj-where",
    )


def _copying(hit: Hit, date: str, texts: Texts) -> str:
    tongue: Tongue = texts.tongue
    quotation = quotation_of(hit.passage, hit.highlights, date=date)
    styles = {f"data_{style}": cited(quotation, style, tongue=tongue) for style in STYLES}
    return element(
        "button",
        escape(room_texts(texts).copy_one),
        type="button",
        class_="wj-quiet",
        data_act="cite",
        data_done=texts.copied,
        **styles,
    )
