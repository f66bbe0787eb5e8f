"""The two collections of a library, and what a server's version can do of what they want."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.errors import LibraryError
from rag.store.milvus.address import StoreAddress, VectorIndexKind
from rag.store.milvus.connection import Connection
from rag.store.milvus.packing import FIELD_BYTES
from rag.store.milvus.words import MAX_TERMS

FOUNDING = "wenju_founding"  # the property that names what a library is founded on
PARTITIONS = 64  # languages are spread over these by hash; Milvus' own default
MAX_RUNS = 1024  # runs of headings that a passage may stand under: 44 headings one below the other
SLOW_WORDS = (
    "this server is older than Milvus 2.4 and has no sparse vectors: words are looked up passage by passage, "
    "the rarest first, which only a small library bears"
)
_LITE = re.compile(r"milvus_lite-(.*)")
_NUMBER = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server's version, and what it can do."""

    version: str
    lite: bool  # milvus-lite: one process, for trying out
    sparse: bool  # sparse vectors: words can be searched
    halves: bool  # vectors of float16
    arrays: bool  # an index of arrays: how many passages hold a term is found without looking at each
    upserts: bool  # upsert finds the right partition by key: that of 2.3.5 puts rows into wrong ones

    @classmethod
    def of(cls, version: str) -> Server:
        """What the server of that version can do."""
        lite = _LITE.fullmatch(version)
        number = _NUMBER.match(version)
        known = (int(number[1]), int(number[2])) if number else (2, 6)  # a build without number: a new one
        return cls(
            version=version,
            lite=bool(lite),
            sparse=bool(lite) or known >= (2, 4),
            halves=not lite and known >= (2, 4),
            arrays=not lite and known >= (2, 5),
            upserts=bool(lite) or known >= (2, 4),
        )


def records_of(address: StoreAddress) -> str:
    """The name of the collection beside that of the passages."""
    return f"{address.collection}_records"


def describe(connection: Connection) -> dict[str, Any]:
    """What the server says of the collection of passages. Raises LibraryMissing where there is none."""
    described: dict[str, Any] = connection.call("describe_collection", connection.address.collection)
    return described


def founding_of(described: dict[str, Any], address: StoreAddress) -> str:
    """The name of what the library is founded on. Raises LibraryError where it is none of ours."""
    name = (described.get("properties") or {}).get(FOUNDING)
    if not name:
        raise LibraryError(
            f"the collection at {address.shown} was not made by this program: choose another name for --store"
        )
    return str(name)


def create_records(connection: Connection) -> None:
    """Make the collection of records, where there is none."""
    name = records_of(connection.address)
    if not connection.call("has_collection", name):
        schema = _schema()
        schema.add_field("id", _type("VARCHAR"), is_primary=True, max_length=256)
        schema.add_field("kind", _type("VARCHAR"), max_length=16)
        schema.add_field("path", _type("VARCHAR"), max_length=16_384)  # 4,096 bytes, as %XX
        schema.add_field("data", _type("VARCHAR"), max_length=FIELD_BYTES)
        schema.add_field("unused", _type("FLOAT_VECTOR"), dim=2)  # a collection must have a vector
        _create(connection, name, schema, shards=1)
    _index_and_load(connection, name, [_Index("unused", "FLAT", "L2")])


def create_passages(connection: Connection, server: Server, *, dimensions: int, founding: str) -> str:
    """The founding of the collection of passages, made now if there is none.

    Of several that make it at the same time the server lets one win; the others read whose it is.
    """
    address = connection.address
    if not connection.call("has_collection", address.collection):
        _create(
            connection,
            address.collection,
            _passages_schema(server, dimensions, founding),
            shards=address.shards,
            num_partitions=PARTITIONS,
            properties={FOUNDING: founding},
        )
    won = founding_of(describe(connection), address)
    _index_and_load(connection, address.collection, _passages_indexes(server, address.index))
    return won


def _passages_schema(server: Server, dimensions: int, founding: str) -> Any:  # noqa: ANN401
    schema = _schema(description=f"passages of a library ({FOUNDING} {founding})")
    schema.add_field("id", _type("INT64"), is_primary=True)
    schema.add_field("language", _type("VARCHAR"), max_length=32, is_partition_key=True)
    schema.add_field("vector", _type("FLOAT16_VECTOR" if server.halves else "FLOAT_VECTOR"), dim=dimensions)
    if server.sparse:
        schema.add_field("words", _type("SPARSE_FLOAT_VECTOR"))
    for name, element in (("terms", "INT32"), ("counts", "INT16")):
        schema.add_field(name, _type("ARRAY"), element_type=_type(element), max_capacity=MAX_TERMS)
    schema.add_field(
        "bits", _type("ARRAY"), element_type=_type("INT8"), max_capacity=16
    )  # of `length`: its sum over millions of rows is sixteen counts
    schema.add_field("length", _type("INT32"))
    schema.add_field("turn", _type("INT64"))
    schema.add_field("lot", _type("INT64"))
    schema.add_field("document", _type("VARCHAR"), max_length=32)
    on_disk = {"mmap_enabled": True} if server.arrays else {}  # nine tenths of a row, and read for few rows
    for name in ("text", "place", "codes", "layout"):
        schema.add_field(name, _type("VARCHAR"), max_length=FIELD_BYTES, **on_disk)
    schema.add_field("path", _type("VARCHAR"), max_length=16_384)
    for name, length in (("format", 256), ("since", 16), ("until", 16), ("speaker", 32)):
        schema.add_field(name, _type("VARCHAR"), max_length=length)
    schema.add_field(
        "sections", _type("ARRAY"), element_type=_type("VARCHAR"), max_length=32, max_capacity=MAX_RUNS
    )
    return schema


@dataclass(frozen=True, slots=True)
class _Index:
    """An index of one field; its name is the field's."""

    field: str
    kind: str
    metric: str = ""
    parameters: tuple[tuple[str, int], ...] = ()


def _passages_indexes(server: Server, kind: VectorIndexKind | None) -> list[_Index]:
    kind = kind or ("FLAT" if server.lite else "HNSW")
    # M and efConstruction as Milvus' own AUTOINDEX has them
    parameters = {"HNSW": {"M": 30, "efConstruction": 360}, "IVF_SQ8": {"nlist": 1024}}.get(kind, {})
    indexes = [_Index("vector", kind, "COSINE", tuple(parameters.items()))]
    if server.sparse:
        indexes.append(_Index("words", "SPARSE_INVERTED_INDEX", "IP"))
    if server.arrays:
        indexes += [_Index(name, "INVERTED") for name in ("terms", "bits", "sections", "document", "path")]
        indexes.append(_Index("lot", "STL_SORT"))
    return indexes


def _create(connection: Connection, name: str, schema: Any, *, shards: int, **options: Any) -> None:  # noqa: ANN401
    """Make a collection; that another process has made it meanwhile is fine."""
    try:
        connection.call(
            "create_collection",
            name,
            schema=schema,
            num_shards=shards,
            consistency_level="Strong",
            timeout=connection.patience.write_s,
            **options,
        )
    except LibraryError:
        if not connection.call("has_collection", name):
            raise


def _index_and_load(connection: Connection, name: str, indexes: Sequence[_Index]) -> None:
    """Make the indexes that are not there yet, also where the maker was killed, and let it be searched."""
    there = set(connection.call("list_indexes", name))
    for index in indexes:
        if index.field in there:
            continue
        wanted = _client_class().prepare_index_params()
        options = {"metric_type": index.metric, "params": dict(index.parameters)} if index.metric else {}
        wanted.add_index(index.field, index_type=index.kind, index_name=index.field, **options)
        connection.call("create_index", name, wanted, timeout=connection.patience.write_s)
    load(connection, name)


def load(connection: Connection, name: str) -> None:
    """Let a collection be searched; one that is loaded stays as it is, with the replicas that it has."""
    state = connection.call("get_load_state", name)["state"]
    if getattr(state, "name", str(state)) != "Loaded":
        connection.call("load_collection", name, timeout=connection.patience.write_s)


def _schema(description: str = "") -> Any:  # noqa: ANN401
    return _client_class().create_schema(auto_id=False, enable_dynamic_field=False, description=description)


def _client_class() -> Any:  # noqa: ANN401
    from pymilvus import MilvusClient

    return MilvusClient


def _type(name: str) -> Any:  # noqa: ANN401
    from pymilvus import DataType

    return getattr(DataType, name)


def as_json(value: object) -> str:
    """The value as JSON in ASCII, which holds lone surrogates too."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
