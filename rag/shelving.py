"""Documents as they were read → passages → encodings → one commit a document."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from rag.encoder import Encoder
from rag.passages import SEGMENTER_VERSION, Segmentation, segment
from rag.records import Document, Encoding, Float32, Passage, TokenStates
from rag.settings import Settings
from rag.store.catalog import Catalog, NewDocument
from rag.store.consolidate import consolidate
from rag.store.identity import Identity, check_model, check_segmenter, keep_codec, read_codec
from rag.store.reference import has_reference, keep_reference, reference_bytes
from rag.store.states import StateCodec, encode_layout, fit_codec, sample_texts

_BATCH = 128  # passages encoded together: enough to sort by length, few enough to commit every few seconds
_FOR_CONTEXT = 0.2  # of what the model reads: title, section and speaker stand before the passage
_PUBLISH_S = 60.0  # how often readers get what a long run has written so far
_SURROGATE = re.compile("[\ud800-\udfff]")


def encoded_text(passage: Passage) -> tuple[str, int]:
    """What the model reads for a passage, and the place in it, in code points, where `passage.text` starts.

    A lone surrogate, which no tokeniser takes, is read as U+FFFD.
    """
    context = f"{passage.context}\n" if passage.context else ""
    return _SURROGATE.sub("\ufffd", context + passage.text), len(context)


def identify(catalog: Catalog, encoder: Encoder, settings: Settings) -> None:
    """Make a new library this encoder's. Raises LibraryMismatch where another model or segmenter made it."""
    check_model(catalog, encoder.fingerprint)
    check_segmenter(catalog, SEGMENTER_VERSION)
    if Identity.read(catalog) is None:
        Identity(
            model=settings.model,
            fingerprint=encoder.fingerprint,
            dimensions=encoder.dimensions,
            state_dimensions=encoder.state_dimensions,
            segmenter=SEGMENTER_VERSION,
        ).note(catalog)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document that is cut and not yet encoded."""

    read: Document
    hash: str
    cut: Segmentation


class Shelver:
    """Writes documents to the catalog: many are encoded together, each is committed by itself, in order.

    Unless `publishing` is off, readers get what is written so far now and then.
    """

    def __init__(
        self, catalog: Catalog, encoder: Encoder, settings: Settings, *, publishing: bool = True
    ) -> None:
        self._catalog = catalog
        self._encoder = encoder
        self._max_tokens = passage_tokens(encoder, settings)
        self._exact_vectors = settings.exact_vectors
        self._waiting: list[_Waiting | Callable[[], None]] = []
        self._waiting_passages = 0
        self._codec = read_codec(catalog)
        self._publish_s = time.monotonic() + _PUBLISH_S if publishing else math.inf
        self.passages = 0  # committed so far

    def add(self, document: Document, *, content: str) -> None:
        """Cut the document and line it up; `content` is its hash (`rows.document_hash`)."""
        cut = segment(document, count_tokens=self._encoder.count_tokens, max_tokens=self._max_tokens)
        self._waiting.append(_Waiting(document, content, cut))
        self._waiting_passages += len(cut.passages)
        if self._waiting_passages >= _BATCH:
            self.flush()

    def then(self, action: Callable[[], None]) -> None:
        """Do something when all that was added before is committed."""
        self._waiting.append(action)

    def flush(self) -> None:
        """Encode and commit all that waits; publish now and then."""
        waiting, self._waiting, self._waiting_passages = self._waiting, [], 0
        documents = [each for each in waiting if isinstance(each, _Waiting)]
        passages = [passage for each in documents for passage in each.cut.passages]
        encoding = encode_all(self._encoder, passages)
        if self._codec is None and any(len(each.token_ids) for each in encoding.tokens):
            self._codec = self._fit(passages, encoding.tokens)
        elif passages and not self._encoder.state_dimensions and not has_reference(self._catalog):
            keep_reference(self._catalog, sample_bytes(encode_sample(self._encoder), None))
        start = 0
        for each in waiting:
            if isinstance(each, _Waiting):
                end = start + len(each.cut.passages)
                self._commit(each, encoding.vectors[start:end], encoding.tokens[start:end])
                start = end
            else:
                each()
        if time.monotonic() > self._publish_s:
            consolidate(self._catalog, exact_up_to=self._exact_vectors)
            self._publish_s = time.monotonic() + _PUBLISH_S

    def _commit(self, waiting: _Waiting, vectors: Float32, tokens: Sequence[TokenStates]) -> None:
        """Write one document with its share of the encoding."""
        states = [
            (self._codec.encode(each.states) if self._codec else b"", encode_layout(each)) for each in tokens
        ]
        self._catalog.replace(
            NewDocument(
                read=waiting.read,
                title=waiting.cut.title,
                blocks=waiting.cut.blocks,
                passages=waiting.cut.passages,
                vectors=vectors,
                states=states,
                hash=waiting.hash,
                added_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )
        self.passages += len(tokens)

    def _fit(self, passages: Sequence[Passage], tokens: Sequence[TokenStates]) -> StateCodec:
        """The library's codec from now on, fitted on the package's sample and these, its first passages."""
        sample = encode_sample(self._encoder)
        codec = fitted_codec(sample, passages, tokens, centred=not self._encoder.native_interaction)
        keep_codec(self._catalog, codec)
        keep_reference(self._catalog, sample_bytes(sample, codec))
        return codec


def renew_reference(catalog: Catalog, encoder: Encoder) -> None:
    """Encode the package's sample for a library that has lost it."""
    keep_reference(catalog, sample_bytes(encode_sample(encoder), read_codec(catalog)))


def passage_tokens(encoder: Encoder, settings: Settings) -> int:
    """The tokens that a passage may have, so that the model reads what stands before it too."""
    return min(settings.max_tokens, max(1, int(encoder.max_tokens * (1 - _FOR_CONTEXT))))


def encode_all(encoder: Encoder, passages: Sequence[Passage]) -> Encoding:
    """What the model makes of passages with what stands before them; of none, nothing."""
    if not passages:
        return Encoding(np.empty((0, encoder.dimensions), np.float32), ())
    return encoder.encode_passages([encoded_text(passage)[0] for passage in passages])


def fitted_codec(
    sample: Encoding, passages: Sequence[Passage], tokens: Sequence[TokenStates], *, centred: bool
) -> StateCodec:
    """A codec for these passages' tokens and for what may follow; `sample` is that of `encode_sample`."""
    encoded = iter(sample.tokens)
    groups = [_joined([next(encoded) for _ in group]) for group in sample_texts().values()]
    own: dict[str, list[TokenStates]] = {}
    for passage, each in zip(passages, tokens, strict=True):
        own.setdefault(passage.language, []).append(each)
    return fit_codec(groups, [_joined(group) for group in own.values()], centred=centred)


def encode_sample(encoder: Encoder) -> Encoding:
    """What the model makes of the package's sample of many languages."""
    return encoder.encode_passages([text for group in sample_texts().values() for text in group])


def sample_bytes(encoding: Encoding, codec: StateCodec | None) -> bytes:
    """The encoded sample as a library keeps it."""
    return reference_bytes(
        [language.partition("-")[0] for language, group in sample_texts().items() for _ in group],
        vectors=encoding.vectors,
        states=[each.states for each in encoding.tokens],
        codec=codec,
    )


def _joined(tokens: Sequence[TokenStates]) -> Float32:
    """The states (t, D) of all these texts."""
    return np.concatenate([each.states for each in tokens])
