"""A model that a server runs: any with OpenAI's `/v1/embeddings`, or text-embeddings-inference's `/embed`.

Such a server gives one vector a text and no token states: ranking rests on vectors and words.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from rag.encoders.pooling import unit_rows
from rag.encoders.tokens import clean
from rag.errors import ModelError
from rag.records import Encoding, Float32, TokenStates
from rag.secret import key_in, masked, unlogged

KEY_VARIABLE = "RAG_API_KEY"  # the only place for a key: an address is kept in the library and shown

_TEXTS_AT_ONCE = 32  # what text-embeddings-inference takes in one request by default
_REQUESTS_AT_ONCE = 4
_MAX_TOKENS = 512  # the least that a model of today reads; passages are cut shorter
_PASSAGE_TRIES = 5
_QUESTION_TRIES = 2  # a person waits
_TIMEOUT_S = httpx.Timeout(60.0, connect=5.0)
_LONGEST_WAIT_S = 20.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]{{1,4}}|[^\w\s]")
# Servers add no prompts of their own. Those of other models: none.
_INSTRUCTION = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
_PROMPTS = (
    (re.compile(r"(^|/)(multilingual-)?e5-(small|base|large)(-v2)?$"), "query: ", "passage: "),
    (re.compile(r"(^|/)multilingual-e5-large-instruct$"), f"{_INSTRUCTION} ", ""),
    (re.compile(r"(^|/)Qwen3-Embedding-[\d.]+B$"), _INSTRUCTION, ""),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go, which model they name, and whether the server speaks as OpenAI's does."""

    url: str
    model: str
    openai: bool


def read_address(text: str) -> Address:
    """The address of `http://HOST:PORT/v1#MODEL` or `http://HOST:PORT/embed#MODEL`.

    Raises `ModelError` where it is none, names no model, or holds what must not be kept and shown.
    """
    form = "write http://HOST:PORT/v1#MODEL"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:  # which quotes from the address
        raise ModelError(f"{_without_secrets(text)} is no address: {form}") from None
    if "@" in text.partition("#")[0] or parts.query:
        raise ModelError(
            f"{_without_secrets(text)}: an address holds no user, key or ?query, as it is kept with the "
            f"library: {form}, and put the key into {KEY_VARIABLE}"
        )
    if not host or not parts.fragment:
        raise ModelError(f"{_without_secrets(text)} does not name host and model: {form}")
    path = parts.path.rstrip("/")
    openai = not path.endswith("/embed")
    end = "/embeddings" if openai and not path.endswith("/embeddings") else ""
    return Address(f"{parts.scheme}://{parts.netloc}{path}{end}", parts.fragment, openai)


def _without_secrets(text: str) -> str:
    return re.sub(r"\?[^#]*", "?…", re.sub(r"//.*@", "//…@", text))


class HttpEncoder:
    """An `Encoder` (see `rag.encoder`) behind an address; `first_wait_s` is the pause before a second try.

    Tokens are estimated, as the server's tokeniser is not here: a character of Chinese, Japanese, Korean,
    Thai, Lao, Khmer or Burmese is one, of other words every four letters begun. The fingerprint is of the
    model's name and dimensions, so that any server may run it.
    """

    native_interaction = False
    coded_as_they_are = False
    state_dimensions = 0
    max_tokens = _MAX_TOKENS

    def __init__(self, address: str, *, first_wait_s: float = 0.5) -> None:
        self._address = read_address(address)
        self._first_wait_s = first_wait_s
        self._key = key = key_in(KEY_VARIABLE, ModelError)
        self._client = httpx.Client(
            timeout=_TIMEOUT_S, headers={"Authorization": f"Bearer {key}"} if key else {}
        )
        weakref.finalize(self, self._client.close)
        self._query_prompt, self._passage_prompt = _prompts(self._address.model)
        self.dimensions = 0  # any, until the first answer
        self.dimensions = len(self._vectors([f"{self._query_prompt}?"], tries=_QUESTION_TRIES)[0])
        known = json.dumps([self._address.model, self.dimensions, self._query_prompt, self._passage_prompt])
        self.fingerprint = hashlib.sha256(f"http {known}".encode()).hexdigest()[:16]

    def count_tokens(self, text: str) -> int:
        """About how many tokens the text has."""
        return len(_TOKEN.findall(text))

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors, in the order given, and no token states."""
        if not texts:
            return Encoding(np.zeros((0, self.dimensions), np.float32), ())
        asked = [f"{self._passage_prompt}{clean(text)}" for text in texts]
        batches = [asked[start : start + _TEXTS_AT_ONCE] for start in range(0, len(asked), _TEXTS_AT_ONCE)]
        with ThreadPoolExecutor(min(_REQUESTS_AT_ONCE, len(batches))) as pool:
            found = list(pool.map(lambda batch: self._vectors(batch, tries=_PASSAGE_TRIES), batches))
        return _encoding(np.concatenate(found))

    def encode_question(self, text: str) -> Encoding:
        """The question's vector (n = 1), and no token states."""
        return _encoding(self._vectors([f"{self._query_prompt}{clean(text)}"], tries=_QUESTION_TRIES))

    def _vectors(self, texts: Sequence[str], *, tries: int) -> Float32:
        """(n, d) unit rows. Raises `ModelError`."""
        # OpenAI's own servers refuse an empty text.
        inputs = [text if text.strip() else "." for text in texts]
        body: dict[str, Any]
        if self._address.openai:
            body = {"model": self._address.model, "input": inputs, "encoding_format": "float"}
        else:
            body = {"inputs": inputs, "normalize": True, "truncate": True}
        found = self._read(self._post(body, tries), len(texts))
        if self.dimensions and found.shape[1] != self.dimensions:
            raise ModelError(
                f"{self._address.url} now gives vectors of {found.shape[1]} dimensions, not "
                f"{self.dimensions}: see which model runs there, {self._address.model} is expected"
            )
        return unit_rows(found)

    def _read(self, response: httpx.Response, count: int) -> Float32:
        """(count, d) what the server answered, in the order of what was asked."""
        try:
            content = response.json()
            if self._address.openai:
                rows = sorted(content["data"], key=lambda row: int(row["index"]))
                if [int(row["index"]) for row in rows] != list(range(count)):
                    raise ValueError(f"{len(rows)} vectors for {count} texts")
                content = [row["embedding"] for row in rows]
            found = np.array(content, np.float32)
            if found.ndim != 2 or len(found) != count or not found.shape[1]:
                raise ValueError(f"an array of {found.shape} for {count} texts")
            if not np.isfinite(found).all() or not found.any(axis=1).all():
                raise ValueError("vectors that are no numbers, or all zero")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{self._address.url} does not answer as an embeddings server does ({_brief(error)}): "
                "give the address of one, ending in /v1 for OpenAI's form or /embed for the other"
            ) from error
        return found

    def _post(self, body: dict[str, Any], tries: int) -> httpx.Response:
        """What the server said to it at the last; a busy or absent one is asked again, with longer pauses."""
        for attempt in range(1, tries + 1):
            try:
                with unlogged(self._key):
                    response = self._client.post(self._address.url, json=body)
            except httpx.TransportError as error:
                trouble, wait_s = _brief(error), 0.0
                cause: Exception | None = error
            else:
                if response.status_code not in _BUSY:
                    return self._accepted(response)
                trouble, wait_s, cause = f"status {response.status_code}", _asked_wait_s(response), None
            if attempt < tries:
                time.sleep(min(max(wait_s, self._first_wait_s * 2 ** (attempt - 1)), _LONGEST_WAIT_S))
        raise ModelError(
            f"{self._address.url} cannot be reached or is busy ({trouble}, {tries} times): see that the "
            "server runs and try again; what is committed is kept"
        ) from cause

    def _accepted(self, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        if status in _REFUSED:
            raise ModelError(f"{self._address.url} refuses the key (status {status}): set {KEY_VARIABLE}")
        if status != httpx.codes.OK:
            reason = _brief(masked(response.text, self._key))
            raise ModelError(
                f"{self._address.url} refuses the request (status {status}: {reason}): see the address, and "
                f"that {self._address.model} runs there"
            )
        return response


def _prompts(model: str) -> tuple[str, str]:
    """What stands before questions and before passages; nothing for a model that is not known."""
    known = [(query, passage) for name, query, passage in _PROMPTS if name.search(model)]
    return known[0] if known else ("", "")


def _asked_wait_s(response: httpx.Response) -> float:
    """The seconds that the server asks for; 0 where it names none, or a date."""
    named = response.headers.get("Retry-After", "")
    return float(named) if named.isdecimal() else 0.0


def _brief(reason: object) -> str:
    return " ".join(str(reason).split())[:160] or type(reason).__name__


def _encoding(vectors: Float32) -> Encoding:
    nothing = TokenStates(np.zeros((0, 0), np.float32), np.zeros((0, 2), np.int32), np.zeros(0, np.int32))
    return Encoding(vectors, (nothing,) * len(vectors))
