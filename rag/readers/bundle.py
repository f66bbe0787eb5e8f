"""Zip archives: each file inside is read as it would be outside; its path inside is the document's id."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from rag.errors import ReadError
from rag.readers.file import File, Member
from rag.readers.package import Package
from rag.records import Document

MAX_DEPTH = 3
MAX_MEMBERS = 5000
_MAX_REPORTED = 10
_JUNK = ("__macosx/", ".ds_store", "thumbs.db")

Read = Callable[[Member], Iterator[Document]]


def read_bundle(path: File, read: Read, readable: Callable[[Member], bool]) -> Iterator[Document]:
    """Yield the documents of an archive, in its order; `read` reads one member that is `readable`.

    A member that cannot be read is a warning of the first document. Raises ReadError where none can.
    """
    depth = path.depth + 1 if isinstance(path, Member) else 1
    if depth > MAX_DEPTH:
        raise ReadError(f"{path.as_posix()} lies in more than {MAX_DEPTH} archives, one in the other")
    package = Package(path, "zip archive")
    failed: list[str] = []
    waiting: Document | None = None
    for document in _documents(package, path, depth, (read, readable), failed):
        if waiting is not None:
            yield waiting
        waiting = document
    if waiting is None:
        reason = failed[0] if failed else "no file in it has a format that is read"
        raise ReadError(f"{path.as_posix()}: {reason}")
    yield replace(waiting, warnings=waiting.warnings + _told(failed))


def _documents(
    package: Package,
    path: File,
    depth: int,
    reading: tuple[Read, Callable[[Member], bool]],
    failed: list[str],
) -> Iterator[Document]:
    read, readable = reading
    count = 0
    for info in package.entries:
        name = _name(info)
        if info.is_dir() or name.lower().startswith(_JUNK) or name.lower().endswith(_JUNK):
            continue
        if not _is_inside(name) or _is_link(info):
            failed.append(f"{name!r} leads out of the archive and was left out")
            continue
        member = Member(path.as_posix(), name, b"", depth)
        if not readable(member):
            continue
        count += 1
        if count > MAX_MEMBERS:
            failed.append(f"it has more than {MAX_MEMBERS:,} files; the rest was left out")
            return
        try:
            for document in read(replace(member, data=package.unpack(info))):
                yield _placed(document, path, name)
        except ReadError as error:
            failed.append(str(error))


def _placed(document: Document, path: File, name: str) -> Document:
    """The document as one of the archive: the member's path, then the record's own id, is its id."""
    identifier = name if document.id is None else f"{name}#{document.id}"
    return replace(
        document,
        path=path.as_posix(),
        id=identifier,
        is_member=document.id is None or document.is_member,
    )


def _name(info: zipfile.ZipInfo) -> str:
    """The member's path; names without the UTF-8 flag that are not of cp437 are read as what they are."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    drive = ":" in path.parts[0] if path.parts else True
    return not (path.is_absolute() or ".." in path.parts or drive or "\0" in name)


def _is_link(info: zipfile.ZipInfo) -> bool:
    return (info.external_attr >> 16) & 0o170000 == 0o120000


def _told(failed: list[str]) -> tuple[str, ...]:
    rest = len(failed) - _MAX_REPORTED
    return (*failed[:_MAX_REPORTED], *((f"{rest} more files were left out",) if rest > 0 else ()))
