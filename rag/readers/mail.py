"""Mails: subject as title, sender as speaker, date and text; attachments are named."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import parseaddr, parsedate_to_datetime

from rag.decoding import decode
from rag.errors import ReadError
from rag.readers.assembly import Assembly
from rag.readers.file import File, load
from rag.readers.html import declared_encoding, html_structure
from rag.records import BlockKind, Document

MAX_PARTS = 1000
MAX_DEPTH = 20  # mails in mails
_MAX_HEADER = 2000


def read_mail(path: File) -> Iterator[Document]:
    """Yield the one document of a mail. Raises ReadError."""
    data = load(path)
    shown = path.as_posix()
    if data.startswith(b"From "):
        raise ReadError(f"{shown} is a mailbox of many mails; export them as single .eml files")
    try:
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        parts = list(_parts(message, 0, shown))
    except (RecursionError, AssertionError, IndexError, TypeError, ValueError) as error:
        raise ReadError(f"{shown} is no mail or is damaged ({error or type(error).__name__})") from error
    subject, sender = _header(message, "Subject"), _header(message, "From")
    if not (subject or sender or message.get("Date")):
        raise ReadError(f"{shown} is no mail: it has no subject, sender or date")
    assembly = Assembly(path)
    assembly.add(BlockKind.TITLE, subject, level=1)
    name, address = parseaddr(sender)
    assembly.add(BlockKind.BYLINE, name or address)
    for part in _texts(parts):
        _add_text(assembly, part, shown)
    attached = [_name(part) for part in parts if part.get_filename()]
    if attached:
        assembly.add(BlockKind.PARAGRAPH, "📎 " + ", ".join(attached))
    yield assembly.document(title=subject, date=_date(message))


def _parts(message: Message, depth: int, shown: str) -> Iterator[Message]:
    """The parts that hold something themselves."""
    if depth > MAX_DEPTH:
        raise ReadError(f"{shown} has more than {MAX_DEPTH} mails one in the other")
    inside = message.get_payload()
    if not isinstance(inside, list):
        yield message
        return
    for part in inside[:MAX_PARTS]:
        if isinstance(part, Message):
            yield from _parts(part, depth + 1, shown)


def _texts(parts: list[Message]) -> list[Message]:
    """The parts to be read: the plain ones, else the HTML ones."""
    bodies = [part for part in parts if not part.get_filename() and part.get_content_maintype() == "text"]
    plain = [part for part in bodies if part.get_content_subtype() != "html"]
    return plain if any(_payload(part).strip() for part in plain) else bodies


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _add_text(assembly: Assembly, part: Message, shown: str) -> None:
    data = _payload(part)
    if not data.strip():
        return
    declared = str(part.get_content_charset() or "")
    if part.get_content_subtype() == "html":
        text = decode(data, name=shown, declared=declared or declared_encoding(data)).text
        page = html_structure(text)
        for block in page.blocks:
            assembly.add(block.kind, page.text[block.start : block.end], level=block.level)
        return
    text = decode(data, name=shown, declared=declared).text
    for paragraph in text.replace("\f", "\n").split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        quoted = bool(lines) and all(line.lstrip().startswith(">") for line in lines)
        assembly.add(BlockKind.QUOTE if quoted else BlockKind.PARAGRAPH, "\n".join(lines))


def _header(message: Message, name: str) -> str:
    """A header as a person reads it: encoded words decoded, folded lines joined."""
    raw = str(message.get(name, ""))[:_MAX_HEADER]
    try:
        raw = raw.encode("ascii", "surrogateescape").decode("utf-8", "replace")
        parsed = EmailMessage(policy=email.policy.default)
        parsed[name] = " ".join(raw.split())
        return str(parsed[name]).strip()
    except (
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        KeyError,
        LookupError,
    ):  # some break its parser
        return " ".join(raw.split())


def _name(part: Message) -> str:
    return " ".join(str(part.get_filename()).split())[:200]


def _date(message: Message) -> str:
    try:
        return parsedate_to_datetime(str(message.get("Date", ""))).date().isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
