"""Quotations with their source, as people paste them: plain, Markdown, BibTeX and GB/T 7714.

Pure functions on a `Quotation`; what a source does not say is left out, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rag.records import SECTION_SEPARATOR, Passage, Source

Style = Literal["plain", "markdown", "bibtex", "gbt7714"]
Tongue = Literal["zh", "en"]
STYLES: tuple[Style, ...] = ("plain", "markdown", "bibtex", "gbt7714")
MAX_QUOTE_CHARACTERS = 600  # a quotation without a marked sentence is cut here
GAP = " … "
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_MARKDOWN_START = re.compile(r"^(\s*)([-+>=]|\d+(?=[.)]))")
_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "%": r"\%",
        "&": r"\&",
        "#": r"\#",
        "$": r"\$",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_PLACES = {"slide": "第 {} 张幻灯片", "sheet": "工作表“{}”", "chapter": "第 {} 章", "at": "{}"}
_DAY = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_ASCII_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a document and where they stand."""

    quote: str
    source: Source
    date: str = ""  # Document.date: an ISO 8601 day, month or year; "" where the document states none


def quotation_of(passage: Passage, spans: tuple[tuple[int, int], ...], *, date: str = "") -> Quotation:
    """The marked sentences of a passage as a quotation, or its beginning where none is marked."""
    text = passage.text
    sentences = [text[start:end].strip() for start, end in sorted(spans) if text[start:end].strip()]
    if sentences:
        quote = GAP.join(sentences)
    elif len(text) <= MAX_QUOTE_CHARACTERS:
        quote = text
    else:
        quote = text[:MAX_QUOTE_CHARACTERS].rstrip() + " …"
    return Quotation(_one_line(quote), passage.source, date)


def cited(quotation: Quotation, style: Style, *, tongue: Tongue = "en") -> str:
    """The quotation with its source in that style; `tongue` is the language of "p." and "第 … 页"."""
    return _WRITERS[style](quotation, tongue)


def _plain(quotation: Quotation, tongue: Tongue) -> str:
    comma = "，" if tongue == "zh" else ", "
    return f"“{quotation.quote}”\n— {comma.join(_parts(quotation, tongue))}"


def _markdown(quotation: Quotation, tongue: Tongue) -> str:
    comma = "，" if tongue == "zh" else ", "
    source = quotation.source
    title = source.title or _file(source)
    parts = [
        f"*{_markdown_text(part)}*" if part == title else _markdown_text(part)
        for part in _parts(quotation, tongue)
    ]
    quote = _MARKDOWN_START.sub(r"\1\\\2", _markdown_text(_one_line(quotation.quote)))
    return f"> {quote}\n>\n> — {comma.join(parts)}"


def _bibtex(quotation: Quotation, tongue: Tongue) -> str:
    source = quotation.source
    day = _DAY.fullmatch(quotation.date)
    fields = {
        "author": "" if not source.speaker else f"{{{_tex(source.speaker)}}}",
        "title": _tex(_heading(source)),
        "booktitle": _tex(source.title) if source.section and source.title else "",
        "howpublished": _tex(_file(source)),
        "year": day[1] if day else "",
        "date": quotation.date if day and day[2] else "",
        "pages": "" if source.page is None else str(source.page),
        "note": _tex(", ".join(part for part in (source.place, _paragraph(source, tongue)) if part)),
        "annote": _tex(quotation.quote),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join((f"@misc{{{_key(quotation)},", *lines, "}"))


def _gbt7714(quotation: Quotation, tongue: Tongue) -> str:
    """GB/T 7714-2015 §4.2, a part of a work: who. heading[Z]//work. date: page.

    The mark is [Z] (other): what kind of work a file is cannot be told from the file.
    """
    source = quotation.source
    work = f"//{source.title}" if source.section and source.title else ""
    who = f"{_gbt_name(source.speaker)}. " if source.speaker else ""
    when = quotation.date
    page = "" if source.page is None else str(source.page)
    place = f". {when}: {page}" if when and page else f". {when or page}" if when or page else ""
    where = f"{_file(source)}{'，' if tongue == 'zh' else ', '}{_paragraph(source, tongue)}"
    return f"{who}{_heading(source)}[Z]{work}{place}. ({where})."


_WRITERS: dict[Style, Callable[[Quotation, Tongue], str]] = {
    "plain": _plain,
    "markdown": _markdown,
    "bibtex": _bibtex,
    "gbt7714": _gbt7714,
}


def _parts(quotation: Quotation, tongue: Tongue) -> list[str]:
    """The parts of a source in order, each once: who, section, title, date, file, page, paragraph."""
    source = quotation.source
    parts = (
        " ".join(part for part in (source.role, source.speaker) if part),
        source.section,
        source.title,
        quotation.date,
        _file(source),
        _where(source, tongue),
        _paragraph(source, tongue),
    )
    return [_one_line(part) for part in dict.fromkeys(parts) if part]


def _heading(source: Source) -> str:
    """The heading nearest to the passage, else the title, else the file's name."""
    section = source.section.rpartition(SECTION_SEPARATOR)[2]
    return _one_line(section or source.title or _file(source))


def _file(source: Source) -> str:
    name = PurePosixPath(source.document).name
    return _one_line(name if source.id is None else f"{name} #{source.id}")


def _where(source: Source, tongue: Tongue) -> str:
    """The slide, sheet, chapter or time, else the page; "" where neither is known."""
    if source.place:
        kind, _, name = source.place.partition(" ")
        return _PLACES.get(kind, f"{kind} {{}}").format(name) if tongue == "zh" else source.place
    if source.page is None:
        return ""
    return f"第 {source.page} 页" if tongue == "zh" else f"p. {source.page}"


def _paragraph(source: Source, tongue: Tongue) -> str:
    return f"第 {source.paragraph} 段" if tongue == "zh" else f"¶ {source.paragraph}"


def _key(quotation: Quotation) -> str:
    """A BibTeX key of ASCII letters and digits: the file's, the year's and the paragraph's."""
    source = quotation.source
    stem = PurePosixPath(source.document).stem if source.id is None else source.id
    plain = unicodedata.normalize("NFKD", stem.lower()).encode("ascii", "ignore").decode()
    words = _ASCII_WORD.findall(plain)[:4]
    return "-".join((*(words or ["document"]), *([quotation.date[:4]] if quotation.date else []))) + (
        f"-p{source.paragraph}"
    )


def _gbt_name(name: str) -> str:
    """A name as §8.1.1 has it: a Latin one as SURNAME and initials, every other as it is."""
    words = name.replace(".", ". ").split()
    if not 2 <= len(words) <= 3 or not all(_is_latin_name(word) for word in words):
        return name
    return " ".join((words[-1].upper(), *(word[0].upper() for word in words[:-1])))


def _is_latin_name(word: str) -> bool:
    """Whether the word begins like a given name or surname: not "van", which belongs to what follows."""
    return "LATIN CAPITAL" in unicodedata.name(word[0], "")


def _markdown_text(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _tex(text: str) -> str:
    return _one_line(text).translate(_TEX)


def _one_line(text: str) -> str:
    return " ".join(text.split())
