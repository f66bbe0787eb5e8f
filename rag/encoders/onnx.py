"""A sentence-transformers folder run by onnxruntime, without torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

# Since 1.29 onnxruntime tells mobile.events.data.microsoft.com about each model that it opens, unless this is
# set before it is loaded (or it runs in a CI, where no test would see it).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

from rag.encoders.folder import ModelFolder
from rag.encoders.pooling import pooled, unit_rows
from rag.encoders.tokens import TextTokenizer, Tokenised
from rag.errors import ModelError
from rag.records import Encoding, Float32, TokenStates

# Of a batch, padding included. At 170 tokens a passage 512 is 7 % faster than 2048, 8192 a fifth slower.
_TOKENS_AT_ONCE = 512
_TEXTS_AT_ONCE = 16
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
# The bundled graph gives states made for late interaction beside those of the last layer (`rag.e5.heads`).
_MADE_FOR_IT = ("passage_states", "question_states")
_STATES_OUTPUTS = ("token_embeddings", "last_hidden_state")
_VECTOR_OUTPUT = "sentence_embedding"
# Fused, an addition and a layer norm take ten times as long: see `rag.model`.
_SLOW_FUSIONS = ["SkipLayerNormFusion"]
_ERRORS_ONLY = 3


class OnnxEncoder:
    """An `Encoder` (see `rag.encoder`) whose graph gives token states and vectors in one pass."""

    native_interaction = False

    def __init__(self, folder: ModelFolder) -> None:
        self.fingerprint = folder.fingerprint
        self._folder = folder
        self._session = _session(folder, threads=0)  # for one pass at a time: all cores in each product
        self._beside: Any = None  # for several at a time: one core each
        self._lock = threading.Lock()
        self._inputs = {value.name for value in self._session.get_inputs()}
        outputs = [value.name for value in self._session.get_outputs()]
        self.coded_as_they_are = set(_MADE_FOR_IT) <= set(outputs)
        states = [name for name in _STATES_OUTPUTS if name in outputs]  # the first is taken
        if not self._inputs <= _INPUTS or not states:
            raise ModelError(
                f"{folder.graph} is not a text encoder's graph: move it away to run the model with torch"
            )
        passages, question = _MADE_FOR_IT if self.coded_as_they_are else (states[0], states[0])
        vector = [_VECTOR_OUTPUT] if _VECTOR_OUTPUT in outputs else []
        self._passage_outputs, self._question_outputs = [passages, *vector], [question, *vector]
        self._tokenizer = TextTokenizer(folder.path / "tokenizer.json", max_tokens=folder.max_tokens)
        prompts = (folder.query_prompt, folder.passage_prompt)
        self.max_tokens = folder.max_tokens - max(self._tokenizer.overhead(prompt) for prompt in prompts)
        probe = self.encode_question("?")
        self.dimensions = probe.vectors.shape[1]
        self.state_dimensions = probe.tokens[0].states.shape[1]

    def count_tokens(self, text: str) -> int:
        """How many tokens the text has, without special and prompt tokens."""
        return self._tokenizer.count(text)

    def encode_passages(self, texts: Sequence[str]) -> Encoding:
        """The passages' vectors and token states, in the order given; any number of them."""
        if not texts:
            return Encoding(np.zeros((0, self.dimensions), np.float32), ())
        return self._encode(texts, self._folder.passage_prompt, self._passage_outputs)

    def encode_question(self, text: str) -> Encoding:
        """The question's vector and token states (n = 1)."""
        return self._encode([text], self._folder.query_prompt, self._question_outputs)

    def _encode(self, texts: Sequence[str], prompt: str, outputs: Sequence[str]) -> Encoding:
        tokenised = self._tokenizer.tokenise(texts, prompt)
        vectors: dict[int, Float32] = {}
        tokens: dict[int, TokenStates] = {}
        parts = list(batches([len(item.ids) for item in tokenised]))
        for batch, (found, states) in zip(parts, self._run_all(parts, tokenised, outputs), strict=True):
            for row, place in enumerate(batch):
                vectors[place] = found[row]
                tokens[place] = _own_states(tokenised[place], states[row])
        order = range(len(texts))
        return Encoding(
            np.stack([vectors[place] for place in order]), tuple(tokens[place] for place in order)
        )

    def _run_all(
        self, parts: Sequence[Sequence[int]], tokenised: Sequence[Tokenised], outputs: Sequence[str]
    ) -> Iterator[tuple[Float32, Float32]]:
        """What `_run` gives of each batch, in order; several batches at once, each on one core.

        Threads that share a pass wait for each other at each of its hundreds of nodes (`benchmarks.encode`).
        """
        cores = _cores()
        items = [[tokenised[place] for place in batch] for batch in parts]
        if cores == 1 or len(items) == 1:
            yield from (self._run(self._session, batch, outputs) for batch in items)
            return
        with self._lock:
            self._beside = self._beside or _session(self._folder, threads=1)
        with ThreadPoolExecutor(cores, thread_name_prefix="wenju-encoding") as pool:
            yield from pool.map(lambda batch: self._run(self._beside, batch, outputs), items)

    def _run(
        self,
        session: Any,  # noqa: ANN401 - see `_session`
        batch: Sequence[Tokenised],
        outputs: Sequence[str],
    ) -> tuple[Float32, Float32]:
        """The unit vectors (n, d) and the token states (n, t, d) of one batch."""
        length = max(len(item.ids) for item in batch)
        ids = np.full((len(batch), length), self._folder.padding, np.int64)
        mask = np.zeros((len(batch), length), np.int64)
        for row, item in enumerate(batch):
            ids[row, : len(item.ids)] = item.ids
            mask[row, : len(item.ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        found = session.run(outputs, {name: feed[name] for name in self._inputs})
        states = found[0].astype(np.float32, copy=False)
        vectors = found[1] if len(found) > 1 else pooled(states, mask, mode=self._folder.pooling)
        return unit_rows(vectors.astype(np.float32, copy=False)), states


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, longest first, in batches within the budget; equal lengths in order.

    Every place comes once. A text longer than the budget is a batch of its own.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if len(batch) == _TEXTS_AT_ONCE or (batch and lengths[batch[0]] * (len(batch) + 1) > _TOKENS_AT_ONCE):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _own_states(item: Tokenised, states: Float32) -> TokenStates:
    return TokenStates(unit_rows(states[item.places]), item.spans, np.array(item.ids, np.int32)[item.places])


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session(folder: ModelFolder, *, threads: int) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """The graph, ready to run in so many threads; 0 is one for each core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that go on spinning take the processor from the late interaction that follows: without them a
    # warm question takes half the time (two cores).
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(
            str(folder.graph), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
        )
    except Exception as error:  # its errors have no common class but `Exception`
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{folder.graph} cannot be run ({reason}): copy or download the model again"
        ) from error
