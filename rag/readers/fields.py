"""JSON and JSONL of ordinary records: each record a document of its text fields, one "field: text" a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rag.decoding import clean, decode, doubts
from rag.errors import ReadError
from rag.readers.assembly import iso_date
from rag.readers.file import File, load
from rag.records import Document

JsonValue = object
_IDS = ("_id", "id", "uuid", "key")
_TITLES = ("title", "name", "headline", "subject", "标题", "题目", "名称")
_TEXTS = ("text", "content", "body", "description", "abstract", "正文", "内容")
_DATES = ("date", "published", "created_at", "日期")
_MAX_DEPTH = 50
_MAX_ID = 200


def read_json(path: File) -> Iterator[Document]:
    """Yield a document for each record of a JSON file: the members of its list, or the whole of it."""
    decoded = decode(load(path), name=path.as_posix())
    try:
        value = _parsed(decoded.text)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else error
        raise ReadError(f"{path.as_posix()} is not JSON ({reason}); mend it or save it as text") from error
    records = _records(value)
    taken: set[str] = set()
    found = False
    for number, record in enumerate(records, start=1):
        document = record_document(path, record, f"record {number}", is_one=len(records) == 1)
        if document is not None:
            if document.id in taken:
                document = record_document(path, record, f"record {number}", own_id=False)
            if document is not None:
                taken.add(document.id or "")
                found = True
                yield document
    if not found:
        raise ReadError(f"{path.as_posix()} holds no text in its records; there is nothing to index in it")


def _parsed(text: str) -> JsonValue:
    """The value of a JSON text, or the values of its lines where each is one. Raises ValueError."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _records(value: JsonValue) -> list[JsonValue]:
    """The records of a file: a list, or the one list of objects that an object wraps, or the value itself."""
    if isinstance(value, list):
        return value if any(isinstance(one, dict | str) for one in value) else [value]
    if isinstance(value, dict):
        lists = [one for one in value.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
        if len(lists) == 1 and not any(isinstance(value.get(name), str) for name in _TEXTS):
            return lists[0]
    return [value]


def record_document(
    path: File, record: JsonValue, name: str, *, is_one: bool = False, own_id: bool = True
) -> Document | None:
    """The document of one record; `name` is its id where it has none; None where it holds no text."""
    named = record if isinstance(record, dict) else {}
    title_field = next((field for field in _TITLES if isinstance(named.get(field), str)), "")
    title = str(named.get(title_field, ""))
    date_field = next((field for field in _DATES if isinstance(named.get(field), str)), "")
    date = iso_date(str(named.get(date_field, "")))
    left_out = {title_field, *_IDS, date_field if date else ""} - {""}
    fields = [(field, text) for field, text in _texts(record, "", 0) if field not in left_out]
    if len(fields) == 1 and (fields[0][0] in ("", *_TEXTS)):
        text = fields[0][1]
    else:
        text = "\n".join(_line(field, value) for field, value in fields)
    text = text if text.strip() else title
    if not text.strip() or not any(isinstance(one, str) for one in _leaves(record, 0)):
        return None
    own = (
        next((named[field] for field in _IDS if isinstance(named.get(field), str | int)), "")
        if own_id
        else ""
    )
    identifier = clean(str(own))[:_MAX_ID].strip() or name
    return Document(
        path=path.as_posix(),
        title=" ".join(clean(title).split()),
        text=clean(text),
        id=None if is_one else identifier,
        date=date,
        warnings=tuple(f"{name}: {doubt}" for doubt in doubts(title + text)),
    )


def _line(name: str, value: str) -> str:
    colon = "：" if any(character >= "\u2e80" for character in name) else ": "
    return f"{name}{colon}{value}" if name and name not in _TEXTS else value


def _texts(value: JsonValue, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (field, text) for each leaf, in order; a list's members go by the name of the list."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list):
        if value and all(isinstance(one, str | int | float) for one in value):
            yield name, ", ".join(map(str, value))
            return
        for inner in value:
            yield from _texts(inner, name, depth + 1)
    elif isinstance(value, str):
        if value.strip():
            yield name, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, str(value)


def _leaves(value: JsonValue, depth: int) -> Iterator[JsonValue]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inside is None:
        yield value
    elif depth <= _MAX_DEPTH:
        for inner in inside:
            yield from _leaves(inner, depth + 1)
