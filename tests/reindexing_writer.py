"""Indexes a folder again and again, its documents in two versions by turns, until a file says stop.

Run as: python reindexing_writer.py FOLDER INDEX STOP; prints a line after each round.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rag import Library

DOCUMENTS = 8
SENTENCES = {
    "en": "The depot at {place} keeps {count} barrels of tar. Its gate is painted {colour} in every version.",
    "zh": "{place}仓库存有{count}桶柏油。仓库大门漆成{colour}色。",
}
VERSIONS = (("green", "绿", 100), ("white", "白", 700))


def text(number: int, version: int) -> str:
    """One document: three paragraphs that all say which version they are of."""
    english, chinese, count = VERSIONS[version]
    paragraphs = [
        SENTENCES["en"].format(place=f"Quay {number}", count=count + number, colour=english),
        SENTENCES["zh"].format(place=f"第{number}码头", count=count + number, colour=chinese),
        f"Ledger {number}, kept by the harbour office, was last opened when the gate was {english}.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def write(folder: Path, version: int) -> None:
    """All documents in that version."""
    folder.mkdir(exist_ok=True)
    for number in range(DOCUMENTS):
        (folder / f"{number}.txt").write_text(text(number, version), "utf-8")


def main() -> None:
    """Work until told to stop."""
    folder, index, stop = map(Path, sys.argv[1:4])
    rounds = 0
    with Library(index) as library:
        while not stop.exists():
            rounds += 1
            write(folder, rounds % 2)
            library.add(folder)
            if rounds % 5 == 0:
                library.rebuild()
            if rounds % 3 == 0:
                library.remove(folder / "7.txt")
            print(rounds, flush=True)


if __name__ == "__main__":
    main()
