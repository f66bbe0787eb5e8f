"""Our own texts, in many languages, and pieces of them that fill a number of bytes."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = {path.stem: path.stem.partition("-")[0] for path in sorted(FOLDER.glob("*.txt"))}


def paragraphs(name: str) -> list[str]:
    """Return the texts of one language, one a paragraph."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n\n")


def windows(name: str, encoding: str, *, size: int, count: int) -> list[str]:
    """Return `count` pieces of `size` bytes or a little more; what cannot be encoded is left out first."""
    text = "\n\n".join(paragraphs(name)).encode(encoding, "ignore").decode(encoding)
    step = max((len(text) - size // 2) // count, 1)
    pieces = []
    for start in range(0, step * count, step):
        end = start + size // 4
        while end < len(text) and len(text[start:end].encode(encoding)) < size:
            end += 1
        pieces.append(text[start:end])
    return [piece for piece in pieces if piece.strip()]
