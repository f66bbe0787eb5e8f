"""What a person reads in a terminal: pure functions from records to text."""

from __future__ import annotations

from pathlib import PurePath
from textwrap import indent

from rag.records import Answer, DocumentInfo, Failure, Hit, Source
from rag.wire import JsonObject

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
NOTHING_ANSWERS = "Nothing in the library answers this. The nearest passages:"


def answer_text(answer: Answer, *, colour: bool) -> str:
    """The answer as a page of text; sentences that answer in bold, or between 【 】 without colour."""
    if not answer.hits:
        return "The library is empty, or nothing in it is near this question or meets the filters."
    parts = [] if answer.answerable else [NOTHING_ANSWERS]
    parts += [hit_text(hit, colour=colour) for hit in answer.hits]
    parts.append(f"confidence {answer.confidence:.0%}, {answer.took_ms:.0f} ms")
    return "\n\n".join(parts) + "\n"


def hit_text(hit: Hit, *, colour: bool) -> str:
    """One passage under its source line."""
    head = f"{hit.rank}. {source_line(hit.passage.source)}"
    body = indent(marked(hit, colour=colour), "   ")
    return f"{DIM}{head}{RESET}\n{body}" if colour else f"{head}\n{body}"


def marked(hit: Hit, *, colour: bool) -> str:
    """The passage's text, printable, with its highlights marked."""
    opening, closing = (BOLD, RESET) if colour else ("【", "】")
    text, position, pieces = hit.passage.text, 0, []
    for start, end in hit.highlights:
        pieces += [printable(text[position:start]), opening, printable(text[start:end]), closing]
        position = end
    return "".join([*pieces, printable(text[position:])])


def printable(text: str) -> str:
    """The text without characters that could steer a terminal."""
    return "".join(
        character if character in "\n\t" or character.isprintable() or character.isspace() else "�"
        for character in text
    )


def source_line(source: Source) -> str:
    """File, title, section, speaker, page and paragraph, as far as they are known."""
    name = PurePath(source.document).name + (f"#{source.id}" if source.id is not None else "")
    speaker = " ".join(part for part in (source.role, source.speaker) if part)
    page = source.place or (f"p. {source.page}" if source.page is not None else "")
    parts = (source.title, source.section, speaker, name, page, f"¶ {source.paragraph}")
    return printable(" · ".join(part for part in parts if part))


def document_line(info: DocumentInfo) -> str:
    """One document of the library."""
    name = info.path if info.id is None else f"{info.path}#{info.id}"
    title = f"  {info.title}" if info.title else ""
    doubt = f"  ({'; '.join(info.warnings)})" if info.warnings else ""
    return printable(
        f"{name}  [{info.language}, {info.passages} passages, {info.added_at[:10]}]{title}{doubt}"
    )


def failure_line(failure: Failure) -> str:
    """One file that could not be read, and why; the reason mostly names the file itself."""
    reason = failure.reason if failure.path in failure.reason else f"{failure.path}: {failure.reason}"
    return printable(reason)


def evaluation_text(record: JsonObject) -> str:
    """The figures of one evaluation, each with its 95 % interval."""
    lines = [f"{record['dataset']}: {record['queries']} questions, {record['passages']} passages"]
    for name, value in record["metrics"].items():
        low, high = record["interval95"].get(name, (value, value))
        lines.append(f"  {name:<14} {value:.4f}   [{low:.4f}, {high:.4f}]")
    seconds = record["seconds"]
    lines.append(f"  indexed in {seconds['index']:.1f} s, asked in {seconds['search']:.1f} s")
    return "\n".join(lines)
