"""Wenju itself, with its defaults: the one module here that imports `rag`."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from rag.encoder import open_encoder
from rag.ingest import index_paths
from rag.library import Library
from rag.settings import DEFAULT_MODEL, Settings


class Peer:
    """A library; passages come to it as a BEIR corpus, one document a line."""

    def __init__(self, model: str, folder: Path) -> None:
        self._folder = folder
        self._to_open = folder / "library"  # the model is the bundled one, whose folder the peers load too
        self._encoder = None if self._to_open.exists() else open_encoder(DEFAULT_MODEL)

    def index(self, passages: list[dict[str, str]]) -> None:
        """Read, cut, encode and commit; the corpus is no part of the library and goes."""
        assert self._encoder is not None
        corpus = self._folder / "corpus.jsonl"
        lines = (json.dumps({"_id": one["id"], "title": "", "text": one["text"]}) for one in passages)
        corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
        index_paths([corpus], folder=self._to_open, encoder=self._encoder, settings=Settings())
        corpus.unlink()

    @cached_property
    def _library(self) -> Library:
        return Library(self._to_open)

    def search(self, question: str, k: int) -> list[str]:
        """Return the documents of the hits; a long one may have been cut into several passages."""
        return [str(hit.passage.source.id) for hit in self._library.ask(question, k=k).hits]
