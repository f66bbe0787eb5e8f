"""The bundled model's ONNX graph, written straight from its 4-bit weights with onnxruntime's own operators.

Products are 8-bit, with one scale for each output and one fixed range for each input, so that a text's
vector does not depend on what it is batched with. `rag.model` tells what that costs and what it brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from rag.e5.heads import read_heads
from rag.e5.weights import BLOCK, PackedModel, Shape
from rag.records import Float32

GRAPH_VERSION = 4  # raise it whenever the graph would give other numbers
GRAPH_FILE = "model.onnx"
DATA_FILE = "model.onnx_data"
VECTOR_OUTPUT = "sentence_embedding"
STATES_OUTPUT = "token_embeddings"  # of the last layer, as any program expects of a folder like this
PASSAGE_OUTPUT, QUESTION_OUTPUT = "passage_states", "question_states"  # what late interaction compares

MICROSOFT = "com.microsoft"
_OPSETS = (
    ("", 23),
    (MICROSOFT, 1),
)  # 23 brought `Attention`: twice as fast as MultiHeadAttention on short texts
_IR_VERSION = 11
_SMALLEST_OUTSIDE = 1024  # bytes; a smaller constant stays inside the graph
_ALIGNMENT = 64  # bytes, of each constant in the data file

# In layers 0 to 8 one channel of the feed-forward part (this one) is 10 to 40 times as large as the rest, on
# <s> and </s> alone. It would set the range of all 1,536, so it is computed beside them in float32.
# Cosine to float32: 0.9967 with it inside, 0.9990 with it outside, at the same speed.
_LOUD_CHANNELS = (318, 1462, 354, 408, 778, 658, 1152, 413, 563)

# Three of the 384 channels between the layers are loud in the same way. They are scaled down before a product
# and their weights up (SmoothQuant, arXiv 2211.10438): 0.9990 without, 0.9995 with.
_CALMED = {15: 0.25, 35: 0.25, 321: 0.5}

# Largest absolute input of the products qkv, attention output, feed-forward in, feed-forward out, by layer:
# 1.1 × the 1 − 2e-6 quantile over 150 texts in 20 languages, program code, digits and emoji among them.
_RANGES = (
    (4.0, 2.2, 12.2, 7.5),
    (3.0, 2.3, 8.7, 4.7),
    (3.6, 1.9, 8.5, 4.5),
    (3.8, 1.7, 10.0, 4.8),
    (4.2, 2.2, 6.3, 4.7),
    (4.6, 1.8, 7.2, 4.6),
    (4.3, 1.8, 12.0, 5.1),
    (4.5, 1.9, 8.6, 4.2),
    (4.3, 2.6, 9.2, 4.9),
    (3.9, 2.1, 7.2, 6.1),
    (3.5, 1.8, 9.8, 5.9),
    (2.8, 2.4, 2.4, 1.0),
)
_LOWEST_GELU = 0.17  # GELU never goes below −0.17

# A processor without VNNI adds products in pairs in 16 bits: 255 × 128 still fits, so no two neighbouring
# weights of one sign may add up to more than 128. (One is left for rounding.)
_LARGEST_PAIR = 127

Int8 = NDArray[np.int8]


@dataclass
class GraphWriter:
    """Collects nodes and constants; a value bears the name of the node that makes it."""

    model: PackedModel
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    @property
    def calm(self) -> Float32:
        """What each channel between the layers is scaled by before a product."""
        factors = np.ones(self.shape.width, np.float32)
        factors[list(_CALMED)] = list(_CALMED.values())
        return factors

    @property
    def shape(self) -> Shape:
        """The model's sizes."""
        return self.model.shape

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """The name, once the values are kept under it."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def array(self, name: str) -> str:
        """The name, once the model's tensor of that name is kept under it."""
        return self.constant(name, self.model.array(name))

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """The output's name, once a node makes it; `com.microsoft` operators are found by their name."""
        domain = MICROSOFT if operator in _MICROSOFT_OPERATORS else ""
        node = helper.make_node(operator, list(inputs), [output], name=output, domain=domain, **attributes)
        self.nodes.append(node)
        return output


_MICROSOFT_OPERATORS = frozenset({"GatherBlockQuantized", "Gelu", "MatMulIntegerToFloat"})


def write_graph(model: PackedModel, folder: Path) -> None:
    """Writes the graph and, beside it, its constants, which onnxruntime maps into memory."""
    graph = build_graph(model)
    with (folder / DATA_FILE).open("wb") as output:
        for tensor in graph.graph.initializer:
            if len(tensor.raw_data) >= _SMALLEST_OUTSIDE:
                output.write(bytes(-output.tell() % _ALIGNMENT))
                set_external_data(tensor, DATA_FILE, offset=output.tell(), length=len(tensor.raw_data))
                output.write(tensor.raw_data)
                tensor.ClearField("raw_data")
    (folder / GRAPH_FILE).write_bytes(graph.SerializeToString())


def build_graph(model: PackedModel) -> onnx.ModelProto:
    """The model: `input_ids`, `attention_mask` (n, t) → unit vectors (n, d), token states (n, t, d)."""
    writer = GraphWriter(model)
    writer.constant("zero", np.array([0], np.int64))
    writer.constant("one", np.array([1], np.int64))
    writer.constant("last", np.array([-1], np.int64))
    writer.constant("calm", writer.calm)
    length = writer.add("Shape", ["input_ids"], "length", start=1, end=2)
    hidden = _embeddings(writer, length)
    mask = _attention_mask(writer, length)
    layers = []
    for layer in range(model.shape.layers):
        hidden = _attention(writer, layer, hidden, mask)
        hidden = _feed_forward(writer, layer, hidden)
        layers.append(hidden)
    _outputs(writer, layers)
    return _finished(writer)


def quantise_columns(weights: Float32) -> tuple[Int8, Float32]:
    """(rows, columns) weights as int8 codes and one scale a column: weights ≈ codes × scales.

    Rows 2i and 2i + 1 are neighbours; where they have one sign, their codes add up to at most 128.
    """
    pairs = weights.reshape(-1, 2, weights.shape[1])
    highest = np.maximum(np.maximum(pairs, 0).sum(axis=1), np.maximum(-pairs, 0).sum(axis=1)).max(axis=0)
    scales = np.maximum(highest, np.finfo(np.float32).tiny) / _LARGEST_PAIR
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


def _embeddings(writer: GraphWriter, length: str) -> str:
    shape, model = writer.shape, writer.model
    table = model.matrix("emb.word", shape.width)
    codes = writer.constant("word.codes", table.packed().reshape(shape.vocabulary, -1))
    scales = writer.constant("word.scales", table.scales)
    layout = {"bits": 4, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1}
    words = writer.add("GatherBlockQuantized", [codes, "input_ids", scales], "word", **layout)
    # All tokens are of the first type, so its embedding is part of every position's.
    positions = model.array("emb.pos").reshape(-1, shape.width) + model.array("emb.type")[: shape.width]
    places = writer.add("Slice", [writer.constant("position", positions), "zero", length, "zero"], "place")
    return _norm(writer, "emb.ln", words, places)


def _attention_mask(writer: GraphWriter, length: str) -> str:
    """(n, 1, t, t) bool: which tokens a token may see."""
    flags = writer.add("Cast", ["attention_mask"], "mask.flags", to=TensorProto.BOOL)
    rows = writer.add(
        "Unsqueeze", [flags, writer.constant("middle", np.array([1, 2], np.int64))], "mask.rows"
    )
    texts = writer.add("Shape", ["input_ids"], "texts", start=0, end=1)
    size = writer.add("Concat", [texts, "one", length, length], "mask.size", axis=0)
    return writer.add("Expand", [rows, size], "mask")


def _norm(writer: GraphWriter, name: str, left: str, right: str) -> str:
    """The layer norm of a sum, in two nodes: SkipLayerNormalization takes ten times as long on a CPU."""
    total = writer.add("Add", [left, right], f"{name}.in")
    inputs = [total, writer.array(f"{name}.w"), writer.array(f"{name}.b")]
    return writer.add("LayerNormalization", inputs, name, axis=-1, epsilon=writer.shape.epsilon)


def _product(
    writer: GraphWriter, name: str, value: str, *, weights: Float32, bias: Float32, lowest: float
) -> str:
    """The product value × weightsᵀ + bias in 8 bits; inputs below −lowest or above the range are cut."""
    layer, part = name.split(".")
    highest = _RANGES[int(layer[1:])][("qkv", "ao", "fi", "fo").index(part)]
    lowest = lowest or highest
    step = np.float32((lowest + highest) / 255)
    zero = np.uint8(np.rint(lowest / step))
    codes, scales = quantise_columns(weights.T)
    step_name = writer.constant(f"{name}.step", np.array(step))
    zero_name = writer.constant(f"{name}.zero", np.array(zero))
    quantised = writer.add("QuantizeLinear", [value, step_name, zero_name], f"{name}.quantised")
    inputs = [quantised, writer.constant(f"{name}.codes", codes), step_name]
    inputs += [
        writer.constant(f"{name}.scales", scales),
        zero_name,
        "",
        writer.constant(f"{name}.bias", bias),
    ]
    return writer.add("MatMulIntegerToFloat", inputs, f"{name}.product")


def _attention(writer: GraphWriter, layer: int, hidden: str, mask: str) -> str:
    at, model, width = f"l{layer}", writer.model, writer.shape.width
    weights: Float32 = np.concatenate([model.matrix(f"{at}.{part}.w", width).dense() for part in "qkv"])
    bias: Float32 = np.concatenate([model.array(f"{at}.{part}.b") for part in "qkv"])
    calmed = writer.add("Mul", [hidden, "calm"], f"{at}.qkv.calmed")
    product = _product(writer, f"{at}.qkv", calmed, weights=weights / writer.calm, bias=bias, lowest=0)
    parts = [f"{at}.{part}" for part in "qkv"]
    writer.nodes.append(
        helper.make_node("Split", [product], parts, name=f"{at}.split", axis=-1, num_outputs=3)
    )
    heads = {"q_num_heads": writer.shape.heads, "kv_num_heads": writer.shape.heads}
    seen = writer.add("Attention", [*parts, mask], f"{at}.attention", **heads)
    weights, bias = model.matrix(f"{at}.ao.w", width).dense(), model.array(f"{at}.ao.b")
    return _norm(
        writer, f"{at}.aln", hidden, _product(writer, f"{at}.ao", seen, weights=weights, bias=bias, lowest=0)
    )


def _feed_forward(writer: GraphWriter, layer: int, hidden: str) -> str:
    at, model, width, inner = f"l{layer}", writer.model, writer.shape.width, writer.shape.inner
    into, into_bias = model.matrix(f"{at}.fi.w", width).dense(), model.array(f"{at}.fi.b")
    out, out_bias = model.matrix(f"{at}.fo.w", inner).dense(), model.array(f"{at}.fo.b")
    kept = hidden
    if layer < len(_LOUD_CHANNELS):
        loud = _LOUD_CHANNELS[layer]
        kept = _loud_channel(writer, at, hidden, into=into[loud], bias=into_bias[loud], out=out[:, loud])
        into[loud] = into_bias[loud] = 0
        out[:, loud] = 0
    calmed = writer.add("Mul", [hidden, "calm"], f"{at}.fi.calmed")
    raised = _product(writer, f"{at}.fi", calmed, weights=into / writer.calm, bias=into_bias, lowest=0)
    active = writer.add("Gelu", [raised], f"{at}.gelu")
    product = _product(writer, f"{at}.fo", active, weights=out, bias=out_bias, lowest=_LOWEST_GELU)
    return _norm(writer, f"{at}.oln", kept, product)


def _loud_channel(
    writer: GraphWriter, at: str, hidden: str, *, into: Float32, bias: np.float32, out: Float32
) -> str:
    """`hidden` plus what one channel of the feed-forward part adds to it, in float32."""
    value = writer.add("MatMul", [hidden, writer.constant(f"{at}.loud.into", into[:, None])], f"{at}.loud.in")
    value = writer.add(
        "Add", [value, writer.constant(f"{at}.loud.bias", np.array([bias]))], f"{at}.loud.biased"
    )
    value = writer.add("Gelu", [value], f"{at}.loud.gelu")
    value = writer.add("Mul", [value, writer.constant(f"{at}.loud.weights", out)], f"{at}.loud.out")
    return writer.add("Add", [hidden, value], f"{at}.loud")


def _outputs(writer: GraphWriter, layers: Sequence[str]) -> None:
    writer.constant("tiny", np.array(1e-12, np.float32))
    _unit(writer, layers[-1], STATES_OUTPUT)
    _unit(writer, _mean(writer, layers[-1]), VECTOR_OUTPUT)
    heads = read_heads()
    read = [_unit(writer, layers[layer - 1], f"head.layer.{layer}") for layer in heads.layers]
    joined = writer.add("Concat", read, "head.in", axis=-1)
    for head, output in ((heads.passage, PASSAGE_OUTPUT), (heads.question, QUESTION_OUTPUT)):
        weights = writer.constant(f"{output}.weights", head.weights)
        product = writer.add("MatMul", [joined, weights], f"{output}.product")
        bias = writer.constant(f"{output}.bias", head.bias)
        _unit(writer, writer.add("Add", [product, bias], f"{output}.biased"), output)


def _unit(writer: GraphWriter, source: str, output: str) -> str:
    """The output's name, once it holds the rows of `source`, brought to length 1."""
    length = writer.add("ReduceL2", [source, "last"], f"{output}.length", keepdims=1)
    return writer.add("Div", [source, writer.add("Max", [length, "tiny"], f"{output}.divisor")], output)


def _mean(writer: GraphWriter, hidden: str) -> str:
    """(n, d): the sum over each text's tokens, which points where their mean points."""
    weights = writer.add("Cast", ["attention_mask"], "weights", to=TensorProto.FLOAT)
    rows = writer.add("Unsqueeze", [weights, "one"], "weight.rows")
    return writer.add("Squeeze", [writer.add("MatMul", [rows, hidden], "sums"), "one"], "mean")


def _finished(writer: GraphWriter) -> onnx.ModelProto:
    width = writer.shape.width
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [
        helper.make_tensor_value_info(VECTOR_OUTPUT, TensorProto.FLOAT, ["texts", width]),
        *(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", "tokens", size])
            for name, size in (
                (STATES_OUTPUT, width),
                (PASSAGE_OUTPUT, read_heads().dimensions),
                (QUESTION_OUTPUT, read_heads().dimensions),
            )
        ),
    ]
    graph = helper.make_graph(writer.nodes, "multilingual-e5-small", inputs, outputs, writer.constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="wenju")
