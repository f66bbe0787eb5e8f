"""Files -> judgements: a BEIR folder, or a JSONL of questions and quotes about an existing library.

Whatever is wrong with a set is an `EvaluationError` that names the file, the line and what to do; nothing is
skipped in silence, since a question left out moves every figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rag.errors import EvaluationError
from rag.judge.outcomes import Judgement

LAYOUT = "an evaluation set holds corpus.jsonl, queries.jsonl and qrels/test.tsv"


@dataclass(frozen=True, slots=True)
class Quotation:
    """One question about an existing library, with the quote that answers it (None: nothing answers)."""

    line: int  # 1-based, in its file
    id: str
    question: str
    quote: str | None
    document: str | None = None  # path, file name, title or key of the document that must hold the quote
    section: str | None = None
    speaker: str | None = None
    answers: tuple[str, ...] = ()


def read_beir(folder: Path) -> tuple[Judgement, ...]:
    """Return the judgements of a BEIR folder, in the order of queries.jsonl.

    A query with no row above 0 in qrels/test.tsv is one that nothing answers, unless another file of qrels/
    (train.tsv, dev.tsv) has a row for it: then it belongs to that split and is left out.
    Raises EvaluationError.
    """
    corpus, queries, qrels = (
        _file(folder, name) for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")
    )
    gains, judged = _read_qrels(qrels)
    wanted = {unit for by_unit in gains.values() for unit in by_unit}
    texts = _read_corpus(corpus, wanted)
    _refuse_unknown(wanted - texts.keys(), qrels, corpus)
    elsewhere = {id for other in sorted(qrels.parent.glob("*.tsv")) for id in _read_qrels(other)[1]} - judged
    judgements = tuple(
        _judgement(record, gains.get(id, {}), texts, where)
        for id, record, where in _records(queries)
        if id not in elsewhere
    )
    _refuse_unknown(judged - {one.id for one in judgements}, qrels, queries)
    if not judgements:
        raise EvaluationError(f"{queries}: holds no question; write one {{'_id', 'text'}} object a line")
    return judgements


def read_quotations(path: Path) -> tuple[Quotation, ...]:
    """Return the questions of a JSONL file, in its order; a line without an id is named by its number.

    Raises EvaluationError.
    """
    quotations = []
    seen: dict[str, int] = {}
    for line, record in json_objects(path):
        where = f"{path}, line {line}"
        id = _id(record.get("id", line), where, "id")
        _refuse_twice(seen, id, line, path)
        if "quote" not in record:
            _refuse(where, 'has no "quote"', "give the words that answer, or null where nothing does")
        quotations.append(
            Quotation(
                line=line,
                id=id,
                question=_text(record, "question", where),
                quote=_text(record, "quote", where) if record["quote"] is not None else None,
                document=_optional(record, "document", where),
                section=_optional(record, "section", where),
                speaker=_optional(record, "speaker", where),
                answers=_answers(record, where),
            )
        )
    if not quotations:
        raise EvaluationError(f"{path}: holds no question; write one {{'question', 'quote'}} object a line")
    return tuple(quotations)


def count_corpus(folder: Path) -> int:
    """Return how many records the corpus of a BEIR folder holds."""
    return sum(1 for _ in json_objects(_file(folder, "corpus.jsonl")))


def _judgement(
    record: Mapping[str, Any], gains: Mapping[str, int], texts: Mapping[str, str], where: str
) -> Judgement:
    metadata = record.get("metadata") or {}
    if not isinstance(metadata, dict):
        _refuse(where, '"metadata" is not an object', 'write {"answers": ["…"]}')
    best = max(gains, key=lambda unit: gains[unit], default=None)
    return Judgement(
        id=_id(record["_id"], where, "_id"),
        question=_text(record, "text", where),
        gains=gains,
        answers=_answers(metadata, where),
        gold=texts[best] if best is not None else "",
    )


def _read_corpus(path: Path, wanted: set[str]) -> dict[str, str]:
    """Return the texts of the wanted records; every line is checked, no other text is kept."""
    texts = {}
    for id, record, where in _records(path):
        text = record.get("text")
        if not isinstance(text, str):
            _refuse(where, 'has no "text"', 'each line is {"_id", "title", "text"}')
        if id in wanted:
            texts[id] = "\n".join(part for part in (record.get("title"), text) if part)
    return texts


def _read_qrels(path: Path) -> tuple[dict[str, dict[str, int]], set[str]]:
    """Return grades above 0 as `[query id][corpus id]`, and the ids of all queries that have a row."""
    gains: dict[str, dict[str, int]] = {}
    judged = set()
    for number, line in _lines(path):
        columns = line.rstrip("\r\n").split("\t")
        if number == 1 and columns[0].casefold().startswith("query") and not _is_whole(columns[-1]):
            continue  # the header
        if len(columns) != 3 or not _is_whole(columns[2]):
            _refuse(
                f"{path}, line {number}",
                "is not three columns",
                "query-id, corpus-id, whole score; tabs between",
            )
        query, unit, score = columns
        judged.add(query)
        if int(score) > 0:
            gains.setdefault(query, {})[unit] = int(score)
    return gains, judged


def _is_whole(text: str) -> bool:
    return text.strip().removeprefix("-").isdecimal()


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield `(_id, record, where)` of a BEIR file, ids unique."""
    seen: dict[str, int] = {}
    for line, record in json_objects(path):
        where = f"{path}, line {line}"
        if "_id" not in record:
            _refuse(where, 'has no "_id"', "each line of a BEIR file names its record")
        id = _id(record["_id"], where, "_id")
        _refuse_twice(seen, id, line, path)
        yield id, record, where


def json_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line number and the object of each line that is not blank. Raises EvaluationError."""
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except ValueError as error:
            _refuse(f"{path}, line {number}", f"is not JSON ({error})", "write one JSON object a line")
        if not isinstance(record, dict):
            _refuse(f"{path}, line {number}", "is not a JSON object", "write one JSON object a line")
        yield number, record


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, numbered from 1; only a line feed ends a line."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                if line.strip():
                    yield number, line
    except FileNotFoundError as error:
        raise EvaluationError(f"{path}: no such file; {LAYOUT}") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path}, line {number}: is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error.strerror}); check the path and its rights"
        ) from error


def _file(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise EvaluationError(f"{folder}: no such folder; {LAYOUT}")
    path = folder / name
    if not path.is_file():
        raise EvaluationError(f"{folder}: has no {name}; {LAYOUT}")
    return path


def _id(value: object, where: str, key: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        _refuse(where, f'"{key}" is neither text nor a number', "ids are text")
    return str(value)


def _text(record: Mapping[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        _refuse(where, f'has no "{key}"', "it must be text that is not blank")
    return value


def _optional(record: Mapping[str, Any], key: str, where: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(where, f'"{key}" is not text', "give text, or leave it out")
    return value


def _answers(record: Mapping[str, Any], where: str) -> tuple[str, ...]:
    answers = record.get("answers") or []
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        _refuse(where, '"answers" is not a list of texts', 'write "answers": ["…"]')
    return tuple(answer for answer in answers if answer.strip())


def _refuse_twice(seen: dict[str, int], id: str, line: int, path: Path) -> None:
    if id in seen:
        _refuse(
            f"{path}, line {line}", f"the id {id!r} is that of line {seen[id]} too", "give each line its own"
        )
    seen[id] = line


def _refuse_unknown(ids: set[str], qrels: Path, other: Path) -> None:
    if ids:
        shown = ", ".join(sorted(ids)[:3]) + (" …" if len(ids) > 3 else "")
        raise EvaluationError(
            f"{qrels}: names {len(ids)} ids that are not in {other.name} ({shown}); are the files of one set?"
        )


def _refuse(where: str, what: str, remedy: str) -> NoReturn:
    raise EvaluationError(f"{where}: {what}; {remedy}")
