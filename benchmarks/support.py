"""The floors of `rag.generate.support`, fitted on judged answers: `python -m benchmarks.support FILES INDEX`.

Prints, for several weights of the words (or, between two languages, of the meaning), the floor that judges
most sentences right, and the share judged right in ten folds of whole questions, the floor of each chosen on
the others. Sentences whose figures or names are not in the passages cited are left out, as in use.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.encoder import Encoder, open_encoder
from rag.generate import support
from rag.generate.citations import claims
from rag.generate.likeness import likeness_of
from rag.generate.support import evidence_of, said
from rag.generate.verify import missing_from
from rag.judge.answers import given_passages, read_answers
from rag.judge.quotes import Shelved, shelve
from rag.settings import DEFAULT_MODEL
from rag.snapshot import Snapshot

FOLDS = 10
WEIGHTS = {True: (0.0, 0.2, 0.3, 0.4), False: (0.0, 0.7, 1.4, 2.0)}  # of words; of meaning


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence: whether it is right, its late interaction, and its share of words or its meaning."""

    question: str
    text: str
    right: bool
    same_language: bool
    interaction: float
    rest: float

    def score(self, weight: float) -> float:
        """The support at this weight."""
        return self.interaction + weight * self.rest


def rows_of(path: Path, documents: Sequence[Shelved], encoder: Encoder) -> list[Row]:
    """The sentences of the file, or of all files of the folder, that a floor decides about."""
    rows = []
    for answer in (one for file in _files(path) for one in read_answers(file)):
        evidence = evidence_of(given_passages(answer, documents), encoder)
        found = claims(answer.answer, answer.language)
        for claim, judged in zip(found, answer.sentences, strict=True):
            given = [evidence[number] for number in claim.cited if number in evidence]
            if not given:
                continue
            sentence = said(claim.text, encoder)
            pieces = likeness_of(claim.text, sentence.tokens, encoder.fingerprint)
            if missing_from(claim.text, given, language=answer.language, pieces=pieces):
                continue
            same = all(one.language == answer.language for one in given)
            interaction, rest = parts(sentence, given, same_language=same)
            rows.append(Row(answer.question, claim.text, bool(judged.right), same, interaction, rest))
    return rows


def parts(
    sentence: support.Said, given: list[support.Evidence], *, same_language: bool
) -> tuple[float, float]:
    """What `above_floor` adds up: it is linear in its weight, so that two weights give both parts."""
    name, floor = ("WORDS", support.FLOOR) if same_language else ("MEANING", support.FLOOR_ACROSS)
    weight = getattr(support, name)
    full = support.above_floor(sentence, given, same_language=same_language) + floor
    setattr(support, name, 0.0)
    alone = support.above_floor(sentence, given, same_language=same_language) + floor
    setattr(support, name, weight)
    return alone, (full - alone) / weight


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def best_floor(scores: np.ndarray, right: np.ndarray) -> float:
    """The middle of the floors that judge most sentences right."""
    steps = np.unique(scores)
    floors = (steps[1:] + steps[:-1]) / 2
    shares = np.array([((scores >= floor) == right).mean() for floor in floors])
    best = floors[shares == shares.max()]
    return float((best[0] + best[-1]) / 2)


def in_folds(rows: Sequence[Row], weight: float) -> tuple[float, float, float]:
    """The share judged right by floors of other questions, and the lowest and highest of these floors."""
    scores, right = np.array([row.score(weight) for row in rows]), np.array([row.right for row in rows])
    questions = sorted({row.question for row in rows})
    np.random.default_rng(0).shuffle(questions)
    fold = np.array([questions.index(row.question) % FOLDS for row in rows])
    floors = [best_floor(scores[fold != one], right[fold != one]) for one in range(FOLDS)]
    judged = scores >= np.array([floors[one] for one in fold])
    return float((judged == right).mean()), min(floors), max(floors)


def main() -> None:
    """Print the table, and below each line the sentences that its floor judges wrong."""
    encoder = open_encoder(DEFAULT_MODEL)
    with Snapshot(Path(sys.argv[2])) as snapshot:
        documents = [shelve(info, snapshot.passages_of(info.key)) for info in snapshot.documents()]
        rows = rows_of(Path(sys.argv[1]), documents, encoder)
    for same in (True, False):
        chosen = [row for row in rows if row.same_language == same]
        right = np.array([row.right for row in chosen])
        print(f"{'one language' if same else 'two languages'}: {len(chosen)} sentences, {right.sum()} right")
        for weight in WEIGHTS[same]:
            scores = np.array([row.score(weight) for row in chosen])
            floor = best_floor(scores, right)
            share, low, high = in_folds(chosen, weight)
            print(f"  × {weight}: floor {floor:.3f}, in folds {share:.3f} ({low:.3f} to {high:.3f})")
            for row in (row for row in chosen if (row.score(weight) >= floor) != row.right):
                print(f"      {row.score(weight):.3f} {'right' if row.right else 'wrong'}: {row.text}")


if __name__ == "__main__":
    main()
