"""Wenju (文据): ask your own documents a question, get the passages that answer it, each with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.errors import RagError
    from rag.library import Library
    from rag.records import Answer, Document, Filters, Hit, Passage, Source
    from rag.settings import Settings

__all__ = ["Answer", "Document", "Filters", "Hit", "Library", "Passage", "RagError", "Settings", "Source"]

_HOMES = {
    "Library": "rag.library",
    "RagError": "rag.errors",
    "Settings": "rag.settings",
    "Answer": "rag.records",
    "Document": "rag.records",
    "Filters": "rag.records",
    "Hit": "rag.records",
    "Passage": "rag.records",
    "Source": "rag.records",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: importing `rag` itself does nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
