"""What happens while an answer is being written: the seam between writing and any face that shows it.

`PassagesFound` comes first, at once; `Delta` and `Checked` as the text arrives; at last one `Finished`.
All text of a model is data: a face escapes it and makes no link and no picture of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rag.records import Answer
from rag.written import Verdict, Written


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The passages, before any model is asked."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Delta:
    """The next characters of the answer, not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The next sentence is complete and has been checked."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more will come."""

    written: Written


Event: TypeAlias = PassagesFound | Delta | Checked | Finished
