"""How near the encoder comes to what this machine can multiply: `python -m benchmarks.encode`.

In one run, taking turns: passages encoded as `rag index` does it, a pass on each core; the same with one pass
at a time on all cores; and the model's products alone, in 8 bits and in float32, by the same runtime, a pass
on each core. The ceiling is a pass that does nothing but its products: 12 layers of (384 → 1152), (384 →
384), (384 → 1536), (1536 → 384).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.texts import paragraph, sentences_by_language
from rag.encoder import open_encoder
from rag.encoders.onnx import OnnxEncoder, batches
from rag.settings import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parents[1]
LAYERS = 12
PRODUCTS = ((384, 1152), (384, 384), (384, 1536), (1536, 384))  # inputs, outputs
ROWS = 512  # tokens of one batch
PASSES = 10  # in one measurement of a ceiling
OPERATIONS = 2 * LAYERS * sum(inputs * outputs for inputs, outputs in PRODUCTS)  # a token
TURNS = 7
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens a second, each the median over turns; ratios are medians of the turns' own ratios."""

    tokens: int
    encode: float  # as the encoder does it
    one_pass: float  # one pass at a time
    ceiling_int8: float
    ceiling_float32: float
    share_of_int8: float
    share_of_float32: float
    gain: float  # of the first over the second
    gigaops_int8: float


def products(*, integer: bool) -> bytes:
    """A model of one layer's products on `ROWS` rows, in 8 bits or in float32; a constant sum comes out."""
    generator = np.random.default_rng(1)
    nodes, constants, outputs = [], [], []
    for number, (inputs, columns) in enumerate(PRODUCTS):
        weights = generator.integers(-64, 64, (inputs, columns))
        kind = np.int8 if integer else np.float32
        constants.append(numpy_helper.from_array(weights.astype(kind), f"w{number}"))
        operator = "MatMulInteger" if integer else "MatMul"
        nodes.append(helper.make_node(operator, [f"x{inputs}", f"w{number}"], [f"y{number}"]))
        made = TensorProto.INT32 if integer else TensorProto.FLOAT
        outputs.append(helper.make_tensor_value_info(f"y{number}", made, [ROWS, columns]))
    given = TensorProto.UINT8 if integer else TensorProto.FLOAT
    sizes = sorted({inputs for inputs, _ in PRODUCTS})
    values = [helper.make_tensor_value_info(f"x{size}", given, [ROWS, size]) for size in sizes]
    graph = helper.make_graph(nodes, "products", values, outputs, constants)
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def ceiling(*, integer: bool) -> Callable[[], float]:
    """A function that runs all layers' products on every core at once; the tokens a second of all."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(
        products(integer=integer), options, providers=["CPUExecutionProvider"]
    )
    generator = np.random.default_rng(2)
    kind = np.uint8 if integer else np.float32
    feed = {
        f"x{size}": generator.integers(0, 255, (ROWS, size)).astype(kind)
        for size in {inputs for inputs, _ in PRODUCTS}
    }
    layers = LAYERS * PASSES

    def measured() -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda _: session.run(None, feed), range(layers)))
        return PASSES * ROWS / (time.perf_counter() - started)

    return measured


def encoders(texts: Sequence[str]) -> tuple[int, Callable[[], float], Callable[[], float]]:
    """The tokens of the texts, and what encodes them once: a pass on each core, and one pass on all cores."""
    encoder = open_encoder(DEFAULT_MODEL)
    assert isinstance(encoder, OnnxEncoder)
    lengths = [len(item.ids) for item in encoder._tokenizer.tokenise(texts, encoder._folder.passage_prompt)]
    tokens = sum(lengths)
    parts = [[texts[place] for place in batch] for batch in batches(lengths)]

    def a_pass_on_each_core() -> float:
        started = time.perf_counter()
        encoder.encode_passages(texts)
        return tokens / (time.perf_counter() - started)

    def a_pass_on_all_cores() -> float:
        started = time.perf_counter()
        for part in parts:
            encoder.encode_passages(part)
        return tokens / (time.perf_counter() - started)

    return tokens, a_pass_on_each_core, a_pass_on_all_cores


def measure(passages: int, turns: int = TURNS) -> Rates:
    """Each in turn, again and again, so that whatever else the machine does falls on all."""
    sentences, generator = sentences_by_language(), random.Random(3)
    texts = [
        paragraph(sentences[language], language, generator)
        for language in (LANGUAGES[number % len(LANGUAGES)] for number in range(passages))
    ]
    tokens, beside, alone = encoders(texts)
    measured = (beside, alone, ceiling(integer=True), ceiling(integer=False))
    for one in measured:
        one()
    rows: list[list[float]] = []
    for turn in range(turns):
        print(f"encode: turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
        rows.append([one() for one in measured])
    encode, one_pass, int8, float32 = (statistics.median(column) for column in zip(*rows, strict=True))
    return Rates(
        tokens=tokens,
        encode=encode,
        one_pass=one_pass,
        ceiling_int8=int8,
        ceiling_float32=float32,
        share_of_int8=statistics.median(row[0] / row[2] for row in rows),
        share_of_float32=statistics.median(row[0] / row[3] for row in rows),
        gain=statistics.median(row[0] / row[1] for row in rows),
        gigaops_int8=int8 * OPERATIONS / 1e9,
    )


def main() -> int:
    """Measure, print, write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.encode", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--passages", type=int, default=96, help="(%(default)s)")
    parser.add_argument("--turns", type=int, default=TURNS, help="(%(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / ".benchmarks" / "encode.json", help="%(default)s")
    options = parser.parse_args()
    rates = measure(options.passages, options.turns)
    print(f"{rates.encode:8.0f} tokens/s encoded, a pass on each core ({rates.tokens} tokens)")
    print(
        f"{rates.one_pass:8.0f} tokens/s with one pass at a time on all cores ({rates.gain:.2f} times slower)"
    )
    print(f"{rates.ceiling_int8:8.0f} tokens/s its products alone, 8 bits ({rates.gigaops_int8:.0f} Gop/s)")
    print(f"{rates.ceiling_float32:8.0f} tokens/s its products alone, float32")
    print(f"{rates.share_of_int8:8.2f} of the 8-bit ceiling, {rates.share_of_float32:.2f} of float32's")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(asdict(rates), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
