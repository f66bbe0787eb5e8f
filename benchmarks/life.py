"""How a library lives: one page more, nothing new, ten thousand files. `python -m benchmarks.life`.

The encoder of this bench costs next to nothing and means nothing, so that what is timed is the library's own
work: reading, cutting, committing, publishing, opening. Its vectors and states have the sizes of the bundled
model's. Limits are those of the project for two cores; a line says what was seen and what is allowed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.texts import write_folder
from rag import shelving
from rag.ingest import index_paths, remove_paths
from rag.records import Document, Encoding, Passage, Progress, ProgressCallback, Source, TokenStates
from rag.settings import Settings
from rag.snapshot import Snapshot
from rag.store.catalog import Catalog, NewDocument
from rag.store.identity import read_codec
from rag.store.lock import writer_lock
from rag.store.publish import publish
from rag.store.rows import document_hash
from rag.store.states import encode_layout

DIMENSIONS = 384
TOKENS = 80  # of a passage
PASSAGES_A_DOCUMENT = 100
WORDS = 20_000


class CheapEncoder:
    """Vectors and states out of a fixed pool: the right sizes, no meaning."""

    max_tokens = 500
    dimensions = DIMENSIONS
    state_dimensions = DIMENSIONS
    native_interaction = False
    coded_as_they_are = False
    fingerprint = "bench-of-life"

    def __init__(self) -> None:
        pool = np.random.default_rng(7).standard_normal((4096, DIMENSIONS)).astype(np.float32)
        self._pool = pool / np.linalg.norm(pool, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        """About as many as a model's."""
        return len(text) // 3 + 1

    def encode_question(self, text: str) -> Encoding:
        """The same as for a passage."""
        return self.encode_passages([text])

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """Rows of the pool, by the sum of the text's bytes."""
        places = [sum(text.encode("utf-8", "replace")) % 3500 for text in texts]
        vectors = self._pool[places].reshape(-1, DIMENSIONS)
        return Encoding(
            vectors, tuple(self._tokens(text, at) for text, at in zip(texts, places, strict=True))
        )

    def _tokens(self, text: str, place: int) -> TokenStates:
        count = min(self.count_tokens(text), 400)
        starts = np.arange(count, dtype=np.int32) * 3
        spans = np.stack([starts, np.minimum(starts + 3, len(text))], axis=1).astype(np.int32)
        return TokenStates(self._pool[place : place + count], spans, starts % 250_000)


def build(folder: Path, first: Path, passages: int) -> None:
    """A library of so many passages: one real document, which fits the codec, and made-up ones."""
    index_paths([first], folder=folder, encoder=CheapEncoder(), settings=Settings())
    chance = np.random.default_rng(1)
    with writer_lock(folder), closing(Catalog(folder)) as catalog:
        for number in range(passages // PASSAGES_A_DOCUMENT):
            catalog.replace(_made_up(catalog, number, chance))
        publish(catalog)


def _made_up(catalog: Catalog, number: int, chance: np.random.Generator) -> NewDocument:
    """A document of passages in words that follow Zipf's law."""
    codec = read_codec(catalog)
    assert codec is not None
    ranks = np.minimum(chance.zipf(1.2, (PASSAGES_A_DOCUMENT, 60)), WORDS)
    texts = [" ".join(f"word{rank}" for rank in row) for row in ranks.tolist()]
    key = f"/made/up/{number}.txt"
    read = Document(path=key, title="", text="\n".join(texts))
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)]).tolist()
    passages = tuple(
        Passage(0, text, "en", Source(key, "", "", "", "", None, place + 1, start, start + len(text)))
        for place, (text, start) in enumerate(zip(texts, starts, strict=False))
    )
    vectors = chance.standard_normal((len(texts), DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    spans = np.stack([np.arange(TOKENS) * 5, np.arange(TOKENS) * 5 + 5], axis=1).astype(np.int32)
    layout = encode_layout(TokenStates(np.empty((TOKENS, 0), np.float32), spans, spans[:, 0] * 11))
    states = [(chance.bytes(TOKENS * codec.bytes_per_token), layout) for _ in texts]
    return NewDocument(
        read=read,
        title="",
        blocks=(),
        passages=passages,
        vectors=vectors,
        states=states,
        hash=document_hash(read),
        added_at="2024-01-01T00:00:00+00:00",
    )


def seconds_of(work: Callable[[], object]) -> float:
    """How long the call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def line(what: str, seen: float, limit: float | None, unit: str) -> str:
    """One line of the table."""
    verdict = "" if limit is None else f"   limit {limit:g} {unit}   {'ok' if seen <= limit else 'MISSED'}"
    return f"{what:<62}{seen:>9.3f} {unit}{verdict}"


def one_page_more(work: Path, passages: int) -> list[str]:
    """Adding, asking after it, removing, in a large library."""
    page = work / "page.txt"
    page.write_text("The ferry leaves at seven. 渡船七点开。\n\nDogs need a ticket.", "utf-8")
    folder = work / "large"
    build(folder, page, passages)
    encoder, added, opened, removed = CheapEncoder(), [], [], []
    for number in range(5):
        more = work / f"more{number}.txt"
        more.write_text(f"Page {number}: the mill opens at nine o'clock.\n\nIt closes at noon.", "utf-8")
        added.append(
            seconds_of(
                lambda more=more: index_paths([more], folder=folder, encoder=encoder, settings=Settings())
            )
        )
        opened.append(seconds_of(lambda: Snapshot(folder).close()))
        removed.append(seconds_of(lambda more=more: remove_paths([more], folder=folder)))
    size = f"a library of {passages} passages"
    return [
        line(f"adding one page to {size}, median of 5", float(np.median(added)), 1.0, "s"),
        line("removing it", float(np.median(removed)), 1.0, "s"),
        line("opening the new state for reading", float(np.median(opened)), None, "s"),
    ]


def many_files(work: Path, files: int) -> list[str]:
    """Indexing, memory meanwhile, and indexing again."""
    folder, source = work / "many", work / "files"
    write_folder(work / "texts", paragraphs=min(files, 2000))
    paragraphs = [
        p for path in sorted((work / "texts").iterdir()) for p in path.read_text("utf-8").split("\n\n")
    ]
    source.mkdir()
    for number in range(files):
        text = f"Number {number}.\n\n{paragraphs[number % len(paragraphs)].strip()}\n"
        (source / f"{number:05}.txt").write_text(text, "utf-8")
    resident: dict[int, float] = {}

    def watch(progress: Progress) -> None:
        number = int(progress.note.split()[1]) if progress.note.startswith("file ") else 0
        if number % 500 == 0 and number:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.setdefault(number, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def index(progress: ProgressCallback | None = None) -> None:
        index_paths([source], folder=folder, encoder=CheapEncoder(), settings=Settings(), progress=progress)

    shelving._PUBLISH_S = 2.0  # as often for this cheap encoder as every minute is for a real one
    first = seconds_of(lambda: index(watch))
    later = [size for number, size in resident.items() if number >= 1000]
    spread = 100 * (max(later) / later[0] - 1) if later else 0.0
    sizes = ", ".join(f"{number}: {size:.0f}" for number, size in resident.items() if number % 1000 == 0)
    again = float(np.median([seconds_of(index) for _ in range(3)]))
    return [
        line(f"indexing {files} files, the encoder aside", first, None, "s"),
        line("resident memory above that after the first thousand, at most", spread, 10.0, "%"),
        f"  MB by files read: {sizes}",
        line("indexing them again, unchanged, median of 3", again, 3.0, "s"),
    ]


def main() -> None:
    """Print the table; each part is measured in a process of its own, so that neither warms the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    for part, size in ((one_page_more, options.passages), (many_files, options.files)):
        with tempfile.TemporaryDirectory() as work, ProcessPoolExecutor(1, get_context("spawn")) as process:
            print("\n".join(process.submit(part, Path(work), size).result()), flush=True)


if __name__ == "__main__":
    main()
