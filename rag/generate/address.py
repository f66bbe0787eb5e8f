"""Where an endpoint is and with which key: read once, and so kept that the key is never shown."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from rag.errors import UsageError
from rag.secret import SHORTEST, key_in

KEY_VARIABLE = "RAG_LLM_API_KEY"
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"  # sent to OpenAI itself and to nobody else
OPENAI_HOST = "api.openai.com"
_COMPLETIONS = "/chat/completions"
_QUERY = re.compile(r"(api-version=[\w.-]{1,30})?")


@dataclass(frozen=True, slots=True)
class Address:
    """One chat endpoint. `shown` is for people: without query, name or password."""

    url: str = field(repr=False)
    shown: str
    is_local: bool  # on this machine: no proxy lies between
    key: str = field(default="", repr=False)


def endpoint_address(url: str) -> Address:
    """The address of the chat completions under `url`, with the key from the environment.

    `url` may be the server ("http://localhost:11434"), its base ("…/v1") or the whole address. Raises
    UsageError where it is none of these, holds what may be a secret, or where the key cannot be sent.
    """
    parts = _split(url)
    host = parts.hostname or ""
    key = _key(host)
    if len(key) >= SHORTEST and key in url:
        raise UsageError(f"--llm: the address holds the key, and is shown: leave it in {KEY_VARIABLE} only")
    path = parts.path.rstrip("/")
    if not path.endswith(_COMPLETIONS):
        path = (path or "/v1") + _COMPLETIONS
    return Address(
        url=urlunsplit((parts.scheme, parts.netloc, path, parts.query, "")),
        shown=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
        is_local=_is_loopback(host),
        key=key,
    )


def _split(url: str) -> SplitResult:
    wanted = "give the address of an OpenAI-compatible endpoint, as in --llm http://localhost:11434/v1"
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:  # which quotes from the address
        raise UsageError(f"--llm: not an address; {wanted}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--llm: the address begins with http:// or https://; {wanted}")
    if "@" in parts.netloc + parts.fragment or not _QUERY.fullmatch(parts.query):
        raise UsageError(
            "--llm: an address holds no name, password or ?query (but Azure's api-version), as it is logged; "
            f"put the key into {KEY_VARIABLE}"
        )
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _key(host: str) -> str:
    key = key_in(KEY_VARIABLE, UsageError)
    return key_in(OPENAI_KEY_VARIABLE, UsageError) if not key and host == OPENAI_HOST else key
