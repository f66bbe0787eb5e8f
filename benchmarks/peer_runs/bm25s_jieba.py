"""bm25s, words only, Chinese cut by jieba.

As https://github.com/xhluca/bm25s says: English stop words and a PyStemmer stemmer; for Chinese a Chinese
tokenizer (its issue 34), which `Tokenizer(splitter=…)` takes; and its own list of Chinese stop words.
Jieba leaves words between spaces whole, so that one setting serves both languages and text that mixes them.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import bm25s
import jieba
import Stemmer
from bm25s.stopwords import STOPWORDS_CHINESE, STOPWORDS_EN
from bm25s.tokenization import Tokenizer

WORD = re.compile(r"\w")


def words(text: str) -> list[str]:
    """Return the words of the text as jieba cuts them for search engines, punctuation left out."""
    return [word for word in jieba.cut_for_search(text) if WORD.search(word)]


class Peer:
    """An index and a vocabulary, both saved by bm25s."""

    def __init__(self, model: str, folder: Path) -> None:
        self._folder = folder  # it needs no model
        jieba.initialize()

    def _tokenizer(self) -> Tokenizer:
        stopwords = [*STOPWORDS_EN, *STOPWORDS_CHINESE]
        return Tokenizer(splitter=words, stopwords=stopwords, stemmer=Stemmer.Stemmer("english"))

    def index(self, passages: list[dict[str, str]]) -> None:
        """Cut, count and save."""
        tokenizer = self._tokenizer()
        tokens = tokenizer.tokenize([one["text"] for one in passages], show_progress=False)
        retriever = bm25s.BM25()
        retriever.index(tokens, show_progress=False)
        retriever.save(str(self._folder), corpus=passages, show_progress=False)
        tokenizer.save_vocab(str(self._folder))

    @cached_property
    def _opened(self) -> tuple[bm25s.BM25, Tokenizer]:
        tokenizer = self._tokenizer()
        tokenizer.load_vocab(str(self._folder))
        return bm25s.BM25.load(str(self._folder), load_corpus=True, show_progress=False), tokenizer

    def search(self, question: str, k: int) -> list[str]:
        """Return the passages of the highest BM25, those that share no word left out."""
        retriever, tokenizer = self._opened
        tokens = tokenizer.tokenize([question], update_vocab=False, show_progress=False)
        found, scores = retriever.retrieve(tokens, k=k, show_progress=False)
        return [one["id"] for one, score in zip(found[0], scores[0], strict=True) if score > 0]
