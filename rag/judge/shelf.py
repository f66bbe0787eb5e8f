"""A library of an evaluation corpus, kept in the user's cache so that a second run does not encode again.

What is kept is used only where it would come out the same: its name is a hash of the corpus, the model, the
settings that decide passages, and the code that makes an index.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rag
from rag.encoder import Encoder
from rag.errors import EvaluationError
from rag.ingest import index_paths
from rag.model import cache_folder
from rag.records import ProgressCallback
from rag.settings import Settings

KEPT = 12  # libraries in the cache; those not used for the longest go first
RECORD = "evaluation.json"
# Everything that only reads an index, or shows it. What is not named here counts as making one.
READS_ONLY = frozenset(
    {
        "chat",
        "cli",
        "confidence",
        "doctor",
        "evaluate",
        "highlight",
        "judge",
        "library",
        "progress",
        "scoring",
        "search",
        "terminal",
        "web",
        "wire",
        "__main__",
    }
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library on disk, and how long it took to make."""

    folder: Path
    seconds: float


@contextmanager
def corpus_shelf(
    corpus: Path, encoder: Encoder, *, settings: Settings, keep: bool, progress: ProgressCallback | None
) -> Iterator[Shelf]:
    """Give a library of the records of `corpus`: from the cache, or made now; not kept where `keep` is false.

    Raises EvaluationError where it cannot be made.
    """
    if not keep:
        with tempfile.TemporaryDirectory(prefix="rag-evaluate-") as temporary:
            yield _make(corpus, Path(temporary), encoder, settings=settings, progress=progress)
        return
    shelves = cache_folder() / "evaluations"
    folder = shelves / shelf_name(corpus, encoder, settings)
    try:
        if not (folder / RECORD).is_file():
            _make_and_keep(corpus, folder, encoder, settings=settings, progress=progress)
        os.utime(folder)
    except OSError as error:
        raise EvaluationError(
            f"{shelves}: cannot be written ({error.strerror or error}); make room there or set XDG_CACHE_HOME"
        ) from error
    yield Shelf(folder, float(json.loads((folder / RECORD).read_text(encoding="utf-8"))["seconds"]))


def shelf_name(corpus: Path, encoder: Encoder, settings: Settings) -> str:
    """Return the name under which a library of this corpus is kept; another name means another index."""
    with corpus.open("rb") as file:
        parts = [hashlib.file_digest(file, "sha256").hexdigest()]
    parts += [encoder.fingerprint, str(settings.max_tokens), code_digest()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def code_digest() -> str:
    """Return a hash of the package's files that decide what an index holds."""
    root = Path(rag.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        part = path.relative_to(root)
        if Path(part.parts[0]).stem not in READS_ONLY:
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _make_and_keep(
    corpus: Path, folder: Path, encoder: Encoder, *, settings: Settings, progress: ProgressCallback | None
) -> None:
    """Make the library beside its place and move it there at the end: no half library is ever used."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _make_room(folder.parent)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        shelf = _make(corpus, building, encoder, settings=settings, progress=progress)
        (building / RECORD).write_text(json.dumps({"seconds": shelf.seconds}), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # one without its record: a removal that was cut short
        building.rename(folder)
    except OSError:
        if not (folder / RECORD).is_file():  # where it is, another process was faster
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _make(
    corpus: Path, folder: Path, encoder: Encoder, *, settings: Settings, progress: ProgressCallback | None
) -> Shelf:
    started = time.perf_counter()
    report = index_paths([corpus], folder=folder, encoder=encoder, settings=settings, progress=progress)
    if report.failures:
        raise EvaluationError(f"{corpus}: cannot be indexed: {report.failures[0].reason}")
    return Shelf(folder, time.perf_counter() - started)


def _make_room(shelves: Path) -> None:
    """Remove the libraries beyond the last used ones, and what killed runs have left."""
    by_use = sorted(shelves.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_use[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
