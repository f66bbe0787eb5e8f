"""What a byline is; how certain its shape can be."""

from __future__ import annotations

from dataclasses import dataclass

CERTAIN, LIKELY, POSSIBLE = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Byline:
    """Who speaks by a line: the name as printed, what the line says beside it, and how sure the shape is.

    CERTAIN shapes stand by themselves, LIKELY ones need a heading above and text below, POSSIBLE ones
    (nothing but a name) need others of their kind as well, unless `is_sure_name`.
    """

    speaker: str
    role: str
    strength: int
    is_sure_name: bool = False  # nothing but a name, but one that can hardly be anything else
