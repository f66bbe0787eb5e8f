"""Every unit in its place: the path of headings above it, and whose words it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from rag.records import BlockKind
from rag.segment.bylines import Byline, credit_at_end, credit_at_start, is_note, is_note_label
from rag.segment.headings import heading_text
from rag.segment.outline import Outline
from rag.segment.turns import Turn, is_resolution
from rag.segment.units import Unit


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and what the page says beside the name."""

    speaker: str = ""
    role: str = ""


NOBODY = Voice()
_INTERVIEW = regex.compile(
    r"interview|聞き手|インタビュー|采访|採訪|对话|entrevista|recueillis|intervista|aufgezeichnet|беседовал|حوار|สัมภาษณ์|인터뷰",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A unit with its place in the document."""

    unit: Unit
    section: tuple[str, ...] = ()
    voice: Voice = NOBODY
    is_question: bool = False  # asked in an interview; it belongs with the answer after it
    is_note: bool = False


def place(units: Sequence[Unit], title: str) -> tuple[str, list[Placed]]:
    """The title, and every unit (its kind now final) with its section and its speaker, in order.

    `title` is what the file format states, "" where it states none.
    """
    content = [unit for unit in units if unit.kind is not BlockKind.FURNITURE]
    outline = Outline(content)
    outline.find(title)
    walk = _Walk(outline)
    index = 0
    for unit in units:
        if unit.kind is BlockKind.FURNITURE and (index >= len(content) or unit is not content[index]):
            walk.placed.append(Placed(unit))
        else:
            walk.step(index)
            index += 1
    walk.close_article()
    return outline.title, walk.placed


class _Walk:
    """What is open while the units are walked through in order: sections, the author, the one who speaks."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.placed: list[Placed] = []
        self._path: list[tuple[int, str]] = []
        self._author = NOBODY
        self._author_level = 0
        self._turn: Voice | None = None
        self._roles: dict[str, str] = {}
        self._article = 0  # where the present article begins, an index into `placed`
        self._after_label = False
        units = outline.units
        self._signed_levels = {
            units[i - 1].level for i in outline.bylines if i and units[i - 1].kind is BlockKind.HEADING
        }
        self._leads = self._bylines_lead()

    def step(self, index: int) -> None:
        """Place the unit with this index in the outline."""
        unit = self.outline.units[index]
        byline = self.outline.bylines.get(index)
        if unit.kind is BlockKind.HEADING:
            self._open(unit)
            self.placed.append(Placed(unit, self._section()))
        elif byline is not None:
            self._sign(index, unit, byline)
        elif unit.kind is BlockKind.TITLE:
            self.placed.append(Placed(unit))
        elif is_note(unit.text) or self._after_label:
            self._after_label = is_note_label(unit.text)
            self.placed.append(Placed(unit, self._section(), is_note=True))
        else:
            self._text(unit)

    def close_article(self) -> None:
        """At the end of an article: a credit at the end of its last paragraph names its author."""
        last = next((one for one in reversed(self.placed) if one.unit.kind is not BlockKind.FURNITURE), None)
        if last is None or last.is_note or last.unit.kind is not BlockKind.PARAGRAPH or last.voice != NOBODY:
            return
        credit = credit_at_end(last.unit.text, japanese=self.outline.is_japanese)
        if credit is not None:
            self._give_article(Voice(credit.speaker, credit.role))
            self._author = NOBODY
            self._article = len(self.placed)

    def _bylines_lead(self) -> bool:
        """Whether the bylines of this document stand over their headings and not under them."""
        outline = self.outline
        over = [
            i
            for i in outline.bylines
            if i + 1 in outline.headings
            and (i == 0 or outline.units[i - 1].kind not in (BlockKind.HEADING, BlockKind.TITLE))
        ]
        at_end = len(outline.units) - 1 in outline.bylines
        return bool(over) and 2 * len(over) >= len(outline.bylines) and not at_end

    def _open(self, unit: Unit) -> None:
        self.close_article()
        while self._path and self._path[-1][0] >= unit.level:
            self._path.pop()
        if unit.level <= self._author_level or unit.level in self._signed_levels:
            is_signed_above = bool(self.placed) and self.placed[-1].unit.kind is BlockKind.BYLINE
            if not (self._leads and is_signed_above):
                self._author = NOBODY
            self._article = len(self.placed)
        self._path.append((unit.level, heading_text(unit)))
        self._turn = None

    def _sign(self, index: int, unit: Unit, byline: Byline) -> None:
        voice = Voice(byline.speaker, byline.role)
        self._turn = None
        if self._is_trailing(index):
            if self._author == NOBODY:
                self._give_article(voice)
        elif voice.speaker:
            self._author = voice
            self._author_level = self._path[-1][0] if self._path else 0
            if self._leads:
                self._author_level = max(1, self._author_level)
        self.placed.append(Placed(unit, self._section(), voice))

    def _is_trailing(self, index: int) -> bool:
        """Whether a byline stands under the text that it signs: text above, a heading or nothing below."""
        units = self.outline.units
        below = index + 1
        while below < len(units) and below in self.outline.bylines:
            below += 1
        ends = below == len(units) or (units[below].kind is BlockKind.HEADING and not self._leads)
        above = index - 1
        while above >= 0 and above in self.outline.bylines:
            above -= 1
        return ends and above >= 0 and units[above].kind not in (BlockKind.HEADING, BlockKind.TITLE)

    def _give_article(self, voice: Voice) -> None:
        """The whole article up to here is this person's."""
        for i in range(self._article, len(self.placed)):
            one = self.placed[i]
            if (
                one.voice == NOBODY
                and not one.is_note
                and one.unit.kind not in (BlockKind.FURNITURE, BlockKind.HEADING)
            ):
                self.placed[i] = replace(one, voice=voice)
        self._author = voice

    def _text(self, unit: Unit) -> None:
        turn = None
        if unit.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            turn = self.outline.turns.of(unit.text)
        if turn is not None:
            self._turn = self._speaking(turn)
        elif is_resolution(unit.text):
            self._turn = NOBODY if self._turn else None
        elif self._author == NOBODY and self._turn is None:
            credit = credit_at_start(unit.text)
            if credit is not None:
                self._author = Voice(credit.speaker, credit.role)
                self._author_level = self._path[-1][0] if self._path else 0
        voice = self._author if self._turn is None else self._turn
        self.placed.append(Placed(unit, self._section(), voice, is_question=_asks(turn, unit.text)))

    def _speaking(self, turn: Turn) -> Voice | None:
        """Who has the turn; None where the page does not say, and the words count as the author's."""
        if turn.speaker:
            role = turn.role or self._roles.get(turn.speaker, "")
            self._roles[turn.speaker] = role
            return Voice(turn.speaker, role)
        is_answer = not turn.is_question and _INTERVIEW.search(self._author.role) is not None
        return NOBODY if is_answer else None

    def _section(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._path)


def _asks(turn: Turn | None, text: str) -> bool:
    """Whether a turn is a question put by somebody who only asks."""
    return turn is not None and (
        turn.is_question or (turn.is_interviewer and text.rstrip("”’」』）)\"'")[-1:] in "?？؟…")
    )
