"""Where a library on a server is: `milvus://HOST:PORT/COLLECTION`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from urllib.parse import parse_qsl, urlsplit

from rag.errors import UsageError

TOKEN_VARIABLE = "RAG_MILVUS_TOKEN"  # "user:password" or a key; the only place for one: addresses are shown
DEFAULT_PORT = 19530
FORM = "write milvus://HOST:PORT/COLLECTION"

VectorIndexKind: TypeAlias = Literal["FLAT", "HNSW", "IVF_SQ8", "DISKANN"]

_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_SHOWN = {uri: shown for shown, uri in _SCHEMES.items()}
_COLLECTION = re.compile(r"[A-Za-z_]\w{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A collection on a server, and the vector index that is made for it if it is new."""

    uri: str  # as pymilvus takes it
    collection: str
    index: VectorIndexKind | None = None

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
    """The address that a person wrote, as `milvus://HOST:PORT/COLLECTION`, with `?index=KIND` if wanted.

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
    return StoreAddress(uri, collection, _index(parse_qsl(parts.query, keep_blank_values=True), text))


def _index(query: list[tuple[str, str]], text: str) -> VectorIndexKind | None:
    """The kind of vector index that is asked for."""
    if not query:
        return None
    kinds: tuple[VectorIndexKind, ...] = get_args(VectorIndexKind)
    found = [kind for kind in kinds if query == [("index", kind.lower())] or query == [("index", kind)]]
    if not found:
        raise UsageError(f"--store {text}: after ? stands index= and one of {', '.join(kinds)}")
    return found[0]
