"""`ChatEndpoint`: the `Generator` behind any OpenAI-compatible address (Ollama, vLLM, llama.cpp, a cloud)."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from email.utils import parsedate_to_datetime

from rag.errors import GenerationError, UsageError
from rag.generate.address import KEY_VARIABLE, endpoint_address
from rag.generate.budget import checked_context
from rag.generate.exchange import Cancelled, Exchange, Limits, Refused, json_of, request_body
from rag.generate.messages import Message
from rag.generate.protocol import Ended, error_message, shown, text_pieces
from rag.secret import masked_pieces

_TRY_AGAIN = (429, 503)
_FIRST_WAIT_S = 1.0  # doubled each time, where the endpoint does not say
_THINKING = ("<think>", "</think>")  # reasoning that some models put before their answer


class ChatEndpoint:
    """A model behind an address. Making one sends nothing. It keeps no connection and no state between calls.

    The key comes from RAG_LLM_API_KEY in the environment, is sent to this address only, and is in no answer,
    message, log or repr, even if the server says it. Redirects are not followed: the key would go along.
    """

    def __init__(
        self, url: str, model: str, *, context_tokens: int = 0, limits: Limits | None = None
    ) -> None:
        if not model.strip():
            raise UsageError("--llm-model: name the model that the endpoint shall use")
        self.model = model
        self.context_tokens = checked_context(context_tokens)
        self.limits = limits or Limits()
        self._address = endpoint_address(url)

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        return self._address.shown

    def __repr__(self) -> str:
        return f"ChatEndpoint({self.shown!r}, {self.model!r})"

    def stream(self, messages: Sequence[Message], *, cancel: threading.Event | None = None) -> Iterator[str]:
        """See `Generator`. Raises GenerationError, its `Cancelled` where `cancel` was set."""
        pieces = self._pieces(messages, cancel or threading.Event())
        left, came = self.limits.max_characters, False
        try:
            for piece in masked_pieces(_after_thinking(pieces), self._address.key):
                if len(piece) > left:
                    yield piece[:left]
                    raise Ended(f"the answer passes {self.limits.max_characters} characters, so it is cut")
                left -= len(piece)
                came = came or bool(piece.strip())
                yield piece
            if not came:
                raise GenerationError("it sent an answer without a text")
        except Cancelled:
            raise
        except GenerationError as error:
            # Without the cause, which may hold the request, with the key.
            raise type(error)(f"{self.shown}: {error}") from None
        finally:
            pieces.close()

    def _pieces(self, messages: Sequence[Message], cancel: threading.Event) -> Generator[str, None, None]:
        """The pieces of the first try that is not put off."""
        started, temperature = time.monotonic(), True
        for attempt in range(self.limits.retries + 2):
            body = request_body(self.model, [asdict(one) for one in messages], temperature=temperature)
            with Exchange(self._address, body, self.limits) as exchange:
                first = self._wait(exchange, started, cancel, is_first=True)
                if not isinstance(first, Refused):
                    chunks = self._chunks(first, exchange, started, cancel)
                    yield from text_pieces(chunks, self._address.key)
                    return
            if temperature and first.status == 400 and b"temperature" in first.body:
                temperature = False
                continue
            wait = self._wait_before_retry(first, attempt)
            if time.monotonic() + wait - started > self.limits.total_s:
                raise GenerationError(self._refusal(first))
            if cancel.wait(wait):
                raise Cancelled("stopped")
        raise GenerationError("it kept putting the question off; try later")

    def _chunks(
        self, first: bytes | None, exchange: Exchange, started: float, cancel: threading.Event
    ) -> Iterator[bytes]:
        """The bytes of the body; the wait for the first words is longer than that between any two."""
        size, chunk = 0, first
        while chunk is not None:
            size += len(chunk)
            if size > self.limits.max_bytes:
                raise Ended(f"it sent more than {self.limits.max_bytes >> 20} MB, so the answer is cut")
            yield chunk
            following = self._wait(exchange, started, cancel, is_first=False)
            chunk = None if isinstance(following, Refused) else following  # a refusal comes first or never

    def _wait(
        self, exchange: Exchange, started: float, cancel: threading.Event, *, is_first: bool
    ) -> bytes | Refused | None:
        limits, now = self.limits, time.monotonic()
        step = limits.first_token_s if is_first else limits.between_tokens_s
        try:
            return exchange.next(min(now + step, started + limits.total_s), cancel)
        except TimeoutError:
            if time.monotonic() - started >= limits.total_s:
                raise Ended(f"it did not finish within {limits.total_s:g} seconds") from None
            raise GenerationError(f"it sent nothing for {step:g} seconds") from None

    def _wait_before_retry(self, refused: Refused, attempt: int) -> float:
        """Seconds to wait before trying again. Raises GenerationError where trying again is of no use."""
        asked = _retry_after(refused)
        wait = _FIRST_WAIT_S * 2**attempt if asked is None else asked
        hopeless = refused.status not in _TRY_AGAIN or attempt >= self.limits.retries
        if hopeless or wait > self.limits.longest_wait_s:
            later = f"; it asks to wait {asked:.0f} seconds" if asked and refused.status in _TRY_AGAIN else ""
            raise GenerationError(self._refusal(refused) + later)
        return wait

    def _refusal(self, refused: Refused) -> str:
        """One line about a status that is not 200: what, and what next."""
        status, key = refused.status, self._address.key
        if status in (401, 403):  # its page may quote the key
            return f"it refused the key (status {status}): set {KEY_VARIABLE}"
        if 300 <= status < 400:
            target = shown(refused.headers.get("location", "").split("?")[0], key)
            return f"it redirects to {target or 'elsewhere'} (status {status}): give that address with --llm"
        said = error_message(json_of(refused.body), key)
        said = f": {said}" if said else ""
        if status == 404:
            return f"it has no such address, or no model “{shown(self.model, key)}” (status 404){said}"
        if status == 400 and "context" in said:
            return f"it failed with status 400{said}: give the size of its context with --llm-context"
        if status == 429:
            return f"it has too many requests (status 429){said}; try later"
        return f"it failed with status {status}{said}"


def _retry_after(refused: Refused) -> float | None:
    """What the Retry-After header says, in seconds from now; None where it says nothing that can be read."""
    text = refused.headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _after_thinking(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces without the reasoning that stands before the answer between two tags."""
    opening, closing = _THINKING
    held, thinking, started = "", False, False
    for piece in pieces:
        if started:
            yield piece
            continue
        held += piece
        bare = held.lstrip()
        thinking = thinking or bare.startswith(opening)
        if thinking:
            place = held.find(closing)
            if place < 0:
                held = held[-len(closing) :] if len(held) > len(opening) + len(closing) else held
                yield ""
                continue
            held = held[place + len(closing) :].lstrip()
        elif opening.startswith(bare):
            yield ""
            continue
        started = True
        yield held
    if thinking and not started:
        raise GenerationError(
            "it sent reasoning and no answer: take a model, or a setting, that reasons less"
        )
    if held and not started:
        yield held
