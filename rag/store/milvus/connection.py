"""A Milvus server, asked within limits: of time for each call and for each question, and of tries."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from rag.errors import LibraryError, LibraryMissing, LibraryUnreachable
from rag.store.milvus.address import TOKEN_VARIABLE, StoreAddress

Row = dict[str, Any]
Result = TypeVar("Result")

_NO_COLLECTION = 100  # Milvus' own code
_UNREACHABLE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED", "UNKNOWN", "INTERNAL"})
_REFUSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
_AT_ONCE = 8
_PAGE = 1000  # rows; of token states about 7 MB
_UNTIL: ContextVar[float | None] = ContextVar("rag_milvus_until", default=None)  # time.monotonic()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take."""

    connect_s: float = 5.0
    call_s: float = 10.0
    write_s: float = 60.0
    question_s: float = 20.0  # all calls of one question together: nobody waits longer for a page
    spared_s: float = 3.0  # so long after a failure questions fail at once: they do not queue up behind it
    tries: int = 3  # of a call that writes; all writing here may be done twice
    first_wait_s: float = 0.5


class Connection:
    """A library's server; opened by the first call, safe to use from several threads.

    Everything raises LibraryUnreachable where the server does not answer in time, LibraryError where it
    refuses, LibraryMissing where the collection is not there.
    """

    def __init__(self, address: StoreAddress, patience: Patience | None = None) -> None:
        self.address = address
        self.patience = patience or Patience()
        self._lock = threading.Lock()
        self._client: Any = None
        self._down = (0.0, "")  # until when it is taken for down, and what was said then
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="rag-milvus")

    def close(self) -> None:
        """Let the server go."""
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def one_question(self) -> Iterator[None]:
        """All calls inside take `question_s` together at most."""
        if _UNTIL.get() is not None:
            yield
            return
        mark = _UNTIL.set(time.monotonic() + self.patience.question_s)
        try:
            yield
        finally:
            _UNTIL.reset(mark)

    # --- calls ----------------------------------------------------------------------------------------------

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """What a method of pymilvus' client returns; for reading, and for what must not be done twice."""
        timeout_s = options.pop("timeout", self.patience.call_s)
        until = _UNTIL.get()
        if until is not None:
            down_until, why = self._down
            if time.monotonic() < down_until:
                raise LibraryUnreachable(why)
            timeout_s = min(timeout_s, until - time.monotonic())
            if timeout_s <= 0:
                raise self._unreachable(f"{self.patience.question_s:g} s are over", None)
        with self._told(timeout_s):
            return getattr(self._opened(timeout_s), method)(*arguments, timeout=timeout_s, **options)

    def write(self, method: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """The same, tried again a few times where the server does not answer."""
        for attempt in range(1, self.patience.tries):
            try:
                return self.call(method, *arguments, timeout=self.patience.write_s, **options)
            except LibraryUnreachable:
                time.sleep(self.patience.first_wait_s * 2 ** (attempt - 1))
        return self.call(method, *arguments, timeout=self.patience.write_s, **options)

    def together(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """The results of several calls that are made at the same time, in their order."""
        if len(calls) < 2:
            return [call() for call in calls]
        return list(self._pool.map(lambda call: call[0].run(call[1]), [(copy_context(), c) for c in calls]))

    def rows(self, collection: str, condition: str, fields: Sequence[str]) -> Iterator[Row]:
        """All rows that meet the condition, some at a time, in the order of their keys."""
        pages = self.call(
            "query_iterator",
            collection,
            batch_size=_PAGE,
            filter=condition,
            output_fields=list(fields),
            consistency_level="Strong",
        )
        try:
            while True:
                with self._told(self.patience.call_s):
                    page = pages.next()
                if not page:
                    return
                yield from page
        finally:
            pages.close()

    # --- opening and failing --------------------------------------------------------------------------------

    def _opened(self, timeout_s: float) -> Any:  # noqa: ANN401
        with self._lock:
            if self._client is None:
                try:
                    from pymilvus import MilvusClient
                except ImportError as error:
                    raise LibraryError(
                        "a library on a Milvus server needs pymilvus: pip install 'wenju[milvus]'"
                    ) from error
                for name in ("pymilvus", "pymilvus.milvus_client"):  # it prints tracebacks of its own
                    logging.getLogger(name).setLevel(logging.CRITICAL)
                self._client = MilvusClient(
                    uri=self.address.uri,
                    token=self.address.token,
                    timeout=min(timeout_s, self.patience.connect_s),
                    dedicated=True,
                )
            return self._client

    @contextmanager
    def _told(self, timeout_s: float) -> Iterator[None]:
        """Turn what pymilvus and gRPC raise into ours."""
        try:
            import grpc
            from pymilvus.exceptions import MilvusException
        except ImportError:  # `_opened` says what is missing
            yield
            return
        try:
            yield
        except grpc.RpcError as error:
            raise self._failed(getattr(error.code(), "name", ""), error.details() or "", timeout_s) from error
        except MilvusException as error:
            code = getattr(error.code, "name", error.code)
            if code == _NO_COLLECTION:
                raise missing(self.address) from error
            raise self._failed(code, error.message, timeout_s) from error
        except ValueError as error:  # gRPC, of a channel that another thread has closed
            raise self._unreachable(str(error), timeout_s) from error

    def _failed(self, code: object, message: str, timeout_s: float) -> LibraryError:
        reason = " ".join(str(message).split())[:300]
        lost = "Fail connecting" in reason or "Retry timeout" in reason or "Retry run out" in reason
        if code in _REFUSED or "auth check failure" in reason:
            return LibraryError(f"{self.address.shown} refuses who asks ({reason}): set {TOKEN_VARIABLE}")
        if code in _UNREACHABLE or lost:
            return self._unreachable(f"{code}: {reason}" if code in _UNREACHABLE else reason, timeout_s)
        return LibraryError(f"{self.address.shown} refuses a request ({reason}): see the server's own log")

    def _unreachable(self, reason: str, timeout_s: float | None) -> LibraryUnreachable:
        waited = "" if timeout_s is None else f" within {timeout_s:.0f} s"
        why = (
            f"{self.address.shown} does not answer{waited} ({reason}): see that the server runs and that the "
            "address is right, then try again; what is committed is kept"
        )
        self._down = (time.monotonic() + self.patience.spared_s, why)
        return LibraryUnreachable(why)


def missing(address: StoreAddress) -> LibraryMissing:
    """The error for a library that is not there."""
    return LibraryMissing(
        f"there is no library at {address.shown}; make one with `rag index PATH --store {address.shown}`"
    )
