"""The parts of a zip file (an office document, a book, an archive), unpacked under limits.

A bomb is stopped by what it unfolds to, counted while it does: the sizes that an archive states about itself
are not believed. XML is parsed as events, no tree; it may declare no entities, reach no network and nest no
deeper than libxml2 allows (256).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from rag.errors import ReadError
from rag.readers.assembly import iso_date
from rag.readers.file import MAX_BINARY_BYTES, File, load

MAX_PARTS = 20_000
MAX_PART_BYTES = 128 << 20
MAX_UNPACKED_BYTES = 512 << 20  # of one package
_STEP = 1 << 18


class Event(NamedTuple):
    """One thing met in XML; names are without their namespace, but for relation ids ("r:id")."""

    kind: Literal["start", "text", "end"]
    name: str
    attributes: Mapping[str, str]
    text: str


class Package:
    """An opened zip file. Raises ReadError where it is none, is encrypted, damaged or a bomb."""

    def __init__(self, path: File, what: str) -> None:
        self.shown = path.as_posix()
        self._what = what
        self._left = MAX_UNPACKED_BYTES
        data = load(path, max_bytes=MAX_BINARY_BYTES)
        with self.told():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        if len(self._zip.filelist) > MAX_PARTS:
            raise ReadError(f"{self.shown} has {len(self._zip.filelist):,} parts, more than {MAX_PARTS:,}")
        self._infos = {info.filename: info for info in self._zip.filelist}
        self._folded = {name.lower().lstrip("/"): name for name in self._infos}

    @property
    def entries(self) -> list[zipfile.ZipInfo]:
        """Its parts, in the order of the file."""
        return self._zip.filelist

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._folded

    def names(self, folder: str = "") -> list[str]:
        """The names of the parts below a folder, sorted."""
        return sorted(name for name in self._infos if name.lower().startswith(folder.lower()))

    def read(self, name: str) -> bytes:
        """Return the part of that name, whatever its case. Raises ReadError: missing or too large."""
        real = self._folded.get(name.lower().lstrip("/"))
        if real is None:
            raise ReadError(f"{self.shown} is no {self._what}: it lacks {name}")
        return self.unpack(self._infos[real])

    def unpack(self, info: zipfile.ZipInfo) -> bytes:
        """Return one part, unpacked. Raises ReadError."""
        if info.flag_bits & 1:
            raise ReadError(f"{self.shown} is protected by a password; save it without and try again")
        pieces, left = [], min(self._left, MAX_PART_BYTES)
        with self.told(), self._zip.open(info) as part:
            while piece := part.read(_STEP):
                left -= len(piece)
                if left < 0:
                    raise ReadError(
                        f"{self.shown}: {info.filename!r} unfolds to more than {MAX_PART_BYTES >> 20} MB; "
                        "it looks like a zip bomb"
                    )
                pieces.append(piece)
        data = b"".join(pieces)
        self._left -= len(data)
        return data

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn the errors of unpacking into one line."""
        try:
            yield
        except NotImplementedError as error:
            raise ReadError(f"{self.shown} is packed in a way that is not read ({error})") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise ReadError(
                f"{self.shown} is no {self._what} or is damaged ({_line(error)}); open it in its own program "
                "and save it again"
            ) from error
        except (MemoryError, OverflowError, IndexError, KeyError, AttributeError, TypeError) as error:
            raise ReadError(f"{self.shown} is damaged ({_line(error)})") from error

    def events(self, name: str) -> Iterator[Event]:
        """Yield what the XML of a part holds. Raises ReadError."""
        yield from xml_events(self.read(name), f"{self.shown}: {name}")

    def relations(self, name: str) -> dict[str, str]:
        """The targets of a part's relations by id, as names of parts; links to elsewhere are left out."""
        part = PurePosixPath(name)
        described = part.parent / "_rels" / f"{part.name}.rels"
        found: dict[str, str] = {}
        if described.as_posix() not in self:
            return found
        for event in self.events(described.as_posix()):
            target = event.attributes.get("Target")
            if target and event.attributes.get("TargetMode") != "External":
                found[event.attributes.get("Id", "")] = resolve(part.parent.as_posix(), target)
        return found


def resolve(folder: str, target: str) -> str:
    """The name of the part that `target` means when it is said in `folder`."""
    parts: list[str] = [] if target.startswith("/") else [part for part in folder.split("/") if part != "."]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def xml_events(data: bytes, shown: str) -> Iterator[Event]:
    """Yield what XML holds, in order. Raises ReadError."""
    from lxml import etree

    if any("<!ENTITY".encode(encoding) in data for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
        raise ReadError(f"{shown} declares entities, which only an attack does; it is not read")
    target = _Target()
    parser = etree.XMLParser(
        target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        for start in range(0, len(data), _STEP):
            parser.feed(data[start : start + _STEP])
            yield from target.take()
        parser.close()
    except etree.XMLSyntaxError as error:
        raise ReadError(f"{shown} is damaged ({_line(error)}); save it again in its own program") from error
    yield from target.take()


class _Target:
    """What lxml calls while it parses."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        named: dict[str, str] = {}
        for key, value in attributes.items():
            namespace, _, name = key.rpartition("}")
            prefix = "r:" if namespace.endswith("/relationships") else ""
            named.setdefault(prefix + name, value)
        self._events.append(Event("start", tag.rpartition("}")[2], named, ""))

    def data(self, text: str) -> None:
        self._events.append(Event("text", "", {}, text))

    def end(self, tag: str) -> None:
        self._events.append(Event("end", tag.rpartition("}")[2], {}, ""))

    def close(self) -> None:
        pass


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def core_properties(package: Package, name: str) -> tuple[str, str]:
    """The title and the date that a document's properties state; "" for what they do not."""
    found: dict[str, str] = {}
    inside = ""
    for event in package.events(name) if name in package else ():
        if event.kind == "start":
            inside = event.name
        elif event.kind == "text":
            found[inside] = found.get(inside, "") + event.text
        else:
            inside = ""
    dates = (found.get(tag, "") for tag in ("created", "creation-date", "date", "modified"))
    return found.get("title", "").strip(), next(filter(None, map(iso_date, dates)), "")
