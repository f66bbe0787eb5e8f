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
        "appraise",
        "chat",
        "cli",
        "cli_written",
        "confidence",
        "doctor",
        "evaluate",
        "generate",
        "highlight",
        "judge",
        "library",
        "progress",
        "reranker",
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


def corpus_shelf(
    corpus: Path,
    encoder: Encoder,
    *,
    settings: Settings,
    cache: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Shelf:
    """Return a library of the records of `corpus`: that in the cache, or one made and put there now.

    `cache` is a folder of the user's cache by default. Raises EvaluationError where it cannot be written.
    """
    shelves = cache_folder() / "evaluations" if cache is None else cache
    folder = shelves / shelf_name(corpus, encoder, settings)
    try:
        if not (folder / RECORD).is_file():
            _make_and_keep(corpus, folder, encoder, settings=settings, progress=progress)
        os.utime(folder)
        return Shelf(folder, float(json.loads((folder / RECORD).read_text(encoding="utf-8"))["seconds"]))
    except OSError as error:
        raise EvaluationError(
            f"{shelves}: cannot be written ({error.strerror or error}); make room there or set XDG_CACHE_HOME"
        ) from error


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
    for path in sorted(root.rglob("*")):
        part = path.relative_to(root)
        if path.suffix in {".py", ".json", ".npz"} and Path(part.parts[0]).stem not in READS_ONLY:
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _make_and_keep(
    corpus: Path, folder: Path, encoder: Encoder, *, settings: Settings, progress: ProgressCallback | None
) -> None:
    """Make the library beside its place and move it there at the end: no half library is ever used."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    make_room(folder.parent)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        started = time.perf_counter()
        index_paths([corpus], folder=building, encoder=encoder, settings=settings, progress=progress)
        seconds = time.perf_counter() - started
        (building / RECORD).write_text(json.dumps({"seconds": seconds}), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # one without its record: a removal that was cut short
        building.rename(folder)
    except OSError:
        if not (folder / RECORD).is_file():  # where it is, another process was faster
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def make_room(shelves: Path) -> None:
    """Remove the libraries beyond the last used ones, and what killed runs have left."""
    by_use = sorted(shelves.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_use[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
