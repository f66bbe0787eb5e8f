"""Subtitles: what is said as running text, in stretches of about half a minute, each with its time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.decoding import decode
from rag.readers.assembly import Assembly
from rag.readers.file import File, load
from rag.records import BlockKind, Document

_TIMES = re.compile(
    r"^\s*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}\s*-->\s*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}.*$"
)
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,80})>")
_STRETCH_S = 30
_PAUSE_S = 4
_CJK = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")


@dataclass(slots=True)
class _Cue:
    start: int  # seconds
    end: int
    speaker: str
    lines: list[str]


def read_subtitles(path: File) -> Iterator[Document]:
    """Yield the one document of a subtitle file; without cues it is read as text. Raises ReadError."""
    decoded = decode(load(path), name=path.as_posix())
    assembly = Assembly(path)
    for cues in _stretches(_cues(decoded.text)):
        assembly.place(f"at {_clock(cues[0].start)}")
        said = _joined([line for cue in cues for line in cue.lines])
        speaker = cues[0].speaker
        colon = "：" if _CJK.match(speaker) else ": "
        assembly.add(BlockKind.PARAGRAPH, f"{speaker}{colon}{said}" if speaker else said)
    if assembly.is_empty:
        yield Document(
            path.as_posix(), "", decoded.text, encoding=decoded.encoding, warnings=decoded.warnings
        )
        return
    yield assembly.document(encoding=decoded.encoding, warnings=decoded.warnings)


def _cues(text: str) -> Iterator[_Cue]:
    cue: _Cue | None = None
    before = ""
    for line in text.split("\n"):
        if times := _TIMES.match(line):
            if cue and cue.lines and cue.lines[-1] == before and before.isdecimal():
                cue.lines.pop()  # the number of this cue, with no blank line above it
            if cue and cue.lines:
                yield cue
            cue = _Cue(_seconds(times.group(1)), _seconds(times.group(2)), "", [])
        elif cue is not None:
            if voice := _VOICE.search(line):
                cue.speaker = voice.group(1).strip()
            said = " ".join(_TAG.sub("", line).split())
            if said:
                cue.lines.append(said)
            elif cue.lines:
                yield cue
                cue = None
        before = line.strip()
    if cue and cue.lines:
        yield cue


def _stretches(cues: Iterator[_Cue]) -> Iterator[list[_Cue]]:
    """The cues in groups: up to half a minute of one speaker, without a pause; a repeated cue once."""
    group: list[_Cue] = []
    for cue in cues:
        if group and cue.lines == group[-1].lines:
            group[-1].end = cue.end
            continue
        is_far = bool(group) and (
            cue.start - group[0].start > _STRETCH_S or cue.start - group[-1].end > _PAUSE_S
        )
        if group and (is_far or cue.speaker != group[-1].speaker):
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _joined(lines: list[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        text += (
            "" if _CJK.match(text[-1]) and _CJK.match(line[0]) and not text[-1].isascii() else " "
        ) + line
    return text


def _seconds(clock: str) -> int:
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
