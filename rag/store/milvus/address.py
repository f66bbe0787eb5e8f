"""Where a library on a server is: `milvus://HOST:PORT/COLLECTION`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args
from urllib.parse import parse_qsl, urlsplit

from rag.errors import UsageError

TOKEN_VARIABLE = "RAG_MILVUS_TOKEN"  # "user:password" or a key; the only place for one: addresses are shown
DEFAULT_PORT = 19530
MOST_SHARDS = 16  # of a collection, by default, in Milvus
FORM = "write milvus://HOST:PORT/COLLECTION"

VectorIndexKind: TypeAlias = Literal["FLAT", "HNSW", "IVF_SQ8", "DISKANN"]

_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_SHOWN = {uri: shown for shown, uri in _SCHEMES.items()}
_COLLECTION = re.compile(r"[A-Za-z_]\w{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A collection on a server, and what is chosen for it if it is new."""

    uri: str  # as pymilvus takes it
    collection: str
    index: VectorIndexKind | None = None
    shards: int = 2  # how many streams of writing it takes

    @property
    def shown(self) -> str:
        """The address as messages name it."""
        scheme, _, host = self.uri.partition("://")
        return f"{_SHOWN[scheme]}://{host}/{self.collection}"

    @property
    def token(self) -> str:
        """What the server asks who comes; "" where it asks nothing."""
        return os.environ.get(TOKEN_VARIABLE, "")


def read_store_address(text: str) -> StoreAddress:
    """The address that a person wrote, `milvus://HOST:PORT/COLLECTION`, with `?index=KIND&shards=N` at will.

    `milvus+tls://` encrypts. Raises UsageError where it is none, or holds what must not be shown.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError as error:
        raise UsageError(f"--store is no address ({error}): {FORM}") from error
    if parts.username or parts.password:
        raise UsageError(f"--store holds no user or password: put user:password into {TOKEN_VARIABLE}")
    if parts.scheme not in _SCHEMES or not host:
        raise UsageError(f"--store {text} names no Milvus server: {FORM}")
    collection = parts.path.strip("/")
    if not _COLLECTION.fullmatch(collection):
        raise UsageError(f"--store {text} names no collection (letters, digits and _): {FORM}")
    host = f"[{host}]" if ":" in host else host
    uri = f"{_SCHEMES[parts.scheme]}://{host}:{port}"
    return _with_options(StoreAddress(uri, collection), parts.query, text)


def _with_options(address: StoreAddress, query: str, text: str) -> StoreAddress:
    """The address with what stands after the question mark."""
    kinds: tuple[VectorIndexKind, ...] = get_args(VectorIndexKind)
    for name, value in parse_qsl(query, keep_blank_values=True):
        chosen = [kind for kind in kinds if name == "index" and value.upper() == kind]
        if chosen:
            address = replace(address, index=chosen[0])
        elif name == "shards" and value.isdecimal() and 1 <= int(value) <= MOST_SHARDS:
            address = replace(address, shards=int(value))
        else:
            raise UsageError(
                f"--store {text}: after ? stands index= and one of {', '.join(kinds)}, or shards= and 1 to "
                f"{MOST_SHARDS}"
            )
    return address
