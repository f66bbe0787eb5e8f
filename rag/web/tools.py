"""What programs may ask: the same typed functions over REST now, and as MCP tools; all of them only read.

Their names and parameters are a contract, their docstrings are what the reader of a list of tools sees.
"""

from __future__ import annotations

from rag.errors import UsageError
from rag.library import Library
from rag.web.seen import Seen
from rag.wire import JsonObject, answer_record, document_record, source_record

NAMES = ("search", "open_passage", "list_documents")
MAX_HITS = 50
MAX_DOCUMENTS = 1000


class Tools:
    """The functions over one library."""

    def __init__(self, library: Library | Seen) -> None:
        self._library = library

    def search(self, question: str, k: int = 5) -> JsonObject:
        """Find the passages of the library that answer a question, asked in any language.

        Returns whether anything answers (`answerable`, `confidence` 0 to 1) and up to `k` passages, best
        first, each with its text, the character spans of the sentences that answer (`highlights`) and its
        source: document, title, section, speaker, page and paragraph. Quote the highlighted sentence and
        cite the source.

        Args:
            question: What is to be found, in plain words of any language.
            k: How many passages at most, 1 to 50.
        """
        if not 1 <= k <= MAX_HITS:
            raise UsageError(f"k is {k}; ask for 1 to {MAX_HITS} passages")
        return answer_record(self._library.ask(question, k=k))

    def open_passage(self, document: str, paragraph: int, around: int = 1) -> JsonObject:
        """Read a passage in its place: the paragraph that a source names, with some before and after it.

        Args:
            document: The document of a source, as `search` gives it (with "#" and the id where it has one).
            paragraph: The paragraph of that source, counted from 1.
            around: How many passages before and after it to read as well, 0 to 20.
        """
        if not 0 <= around <= 20:
            raise UsageError(f"around is {around}; ask for 0 to 20 passages on each side")
        passages = self._library.passages_of(document)
        found = [place for place, passage in enumerate(passages) if passage.source.paragraph == paragraph]
        if not found:
            last = max((passage.source.paragraph for passage in passages), default=0)
            raise UsageError(f"{document} has no paragraph {paragraph}; its paragraphs go to {last}")
        shown = passages[max(0, found[0] - around) : found[-1] + around + 1]
        read = [{"text": passage.text, "source": source_record(passage.source)} for passage in shown]
        return {"document": document, "title": passages[0].source.title, "passages": read}

    def list_documents(self, containing: str = "", limit: int = 100) -> JsonObject:
        """List the documents of the library: path, title, language, passages, date, doubts in reading them.

        Args:
            containing: Only documents whose path or title holds this; everything when empty.
            limit: How many to list at most, 1 to 1000; `total` says how many there are.
        """
        if not 1 <= limit <= MAX_DOCUMENTS:
            raise UsageError(f"limit is {limit}; ask for 1 to {MAX_DOCUMENTS} documents")
        needle = containing.casefold()
        found = [
            info for info in self._library.documents() if needle in f"{info.title}\n{info.key}".casefold()
        ]
        return {"total": len(found), "documents": [document_record(info) for info in found[:limit]]}
