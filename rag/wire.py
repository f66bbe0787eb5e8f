"""The JSON forms of the contract: what `--json` prints and what REST and MCP return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import QuestionError
from rag.records import Answer, DocumentInfo, Failure, Finding, Hit, IndexReport, Source

JsonObject = dict[str, Any]
SCORE_DIGITS = 6  # enough to tell any two scores apart; the same on every machine


def source_record(source: Source) -> JsonObject:
    """The JSON form of a source; `id` is there only for records of a file that holds many."""
    record: JsonObject = {"document": source.document}
    if source.id is not None:
        record["id"] = source.id
    return record | {
        "title": source.title,
        "section": source.section,
        "speaker": source.speaker,
        "role": source.role,
        "page": source.page,
        "place": source.place,
        "paragraph": source.paragraph,
        "start": source.start,
        "end": source.end,
    }


def hit_record(hit: Hit) -> JsonObject:
    """The JSON form of one hit; `highlights` are [start, end] character offsets into `text`."""
    return {
        "rank": hit.rank,
        "score": round(hit.score, SCORE_DIGITS),
        "text": hit.passage.text,
        "highlights": [list(span) for span in hit.highlights],
        "source": source_record(hit.passage.source),
    }


def answer_record(answer: Answer, *, id: object = None) -> JsonObject:
    """The JSON form of an answer; `id` is kept from the request where it had one."""
    record: JsonObject = {} if id is None else {"id": id}
    return record | {
        "question": answer.question,
        "answerable": answer.answerable,
        "confidence": round(answer.confidence, SCORE_DIGITS),
        "took_ms": round(answer.took_ms, 2),
        "hits": [hit_record(hit) for hit in answer.hits],
    }


def document_record(info: DocumentInfo) -> JsonObject:
    """The JSON form of one line of `rag list`."""
    record: JsonObject = {"document": info.path}
    if info.id is not None:
        record["id"] = info.id
    return record | {
        "title": info.title,
        "language": info.language,
        "passages": info.passages,
        "characters": info.characters,
        "added_at": info.added_at,
        "date": info.date,
        "warnings": list(info.warnings),
    }


def failure_record(failure: Failure) -> JsonObject:
    """The JSON form of one file that failed, or that was read with doubts."""
    return {"path": failure.path, "reason": failure.reason}


def report_record(report: IndexReport) -> JsonObject:
    """The JSON form of what one `rag index` did."""
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "passages": report.passages,
        "seconds": round(report.seconds, 3),
        "failures": [failure_record(failure) for failure in report.failures],
        "warnings": [failure_record(warning) for warning in report.warnings],
    }


def finding_record(finding: Finding) -> JsonObject:
    """The JSON form of one line of `rag doctor`."""
    return {"severity": finding.severity, "what": finding.what, "remedy": finding.remedy}


def question_lines(path: Path) -> Iterator[tuple[object, str]]:
    """Each line's id (None where it has none) and question, in order; blank lines are passed over.

    Raises:
        QuestionError: the file cannot be read, or a line is not {"id"?, "question"}; it names the line.
    """
    form = 'one JSON object {"id", "question"} a line is needed'
    try:
        with path.open(encoding="utf-8-sig", errors="strict") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _question_of(line, f"{path}, line {number}", form)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise QuestionError(f"{path} cannot be read: {reason}; {form}") from error


def _question_of(line: str, place: str, form: str) -> tuple[object, str]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise QuestionError(f"{place}: not JSON; {form}") from error
    if not isinstance(record, dict) or not isinstance(record.get("question"), str):
        raise QuestionError(f'{place}: no "question" with a text; {form}')
    return record.get("id"), record["question"]
