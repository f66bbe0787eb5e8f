"""The bundled model's ONNX graph, written straight from its 4-bit weights with onnxruntime's own operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rag.e5.weights import BLOCK, Matrix, PackedModel, Shape

GRAPH_VERSION = 1
MICROSOFT = "com.microsoft"
VECTOR_OUTPUT = "sentence_embedding"
STATES_OUTPUT = "token_embeddings"


@dataclass
class GraphWriter:
    """Collects nodes and constants; every value is named by the step that makes it."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """The name, once the values are kept under it."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(
        self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: object
    ) -> str:
        """The name of the only output of a new node."""
        node = helper.make_node(operator, list(inputs), [output], name=output, domain=domain, **attributes)
        self.nodes.append(node)
        return output


def quantise_columns(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(rows, columns) weights as int8 with one scale a column: weights ≈ int8 × scale."""
    scales = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


def build_graph(model: PackedModel) -> onnx.ModelProto:
    """The model: `input_ids`, `attention_mask` (n, t) int64 → unit vectors (n, d), unit token states (n, t, d)."""
    writer = GraphWriter()
    shape = model.shape
    hidden = _embeddings(writer, model)
    mask = writer.add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    for layer in range(shape.layers):
        hidden = _layer(writer, model, layer, hidden, mask)
    _outputs(writer, hidden)
    return _model(writer, shape)


def write_graph(model: PackedModel, folder: Path) -> None:
    """Writes `model.onnx` and its weights beside it, `model.onnx_data`, which onnxruntime maps into memory."""
    onnx.save_model(
        build_graph(model),
        str(folder / "model.onnx"),
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=1024,
    )


def _embeddings(writer: GraphWriter, model: PackedModel) -> str:
    shape = model.shape
    table = model.matrix("emb.word", shape.width)
    codes = writer.constant("word.codes", table.packed().reshape(len(table.nibbles), -1))
    scales = writer.constant("word.scales", table.scales)
    words = writer.add(
        "GatherBlockQuantized",
        [codes, "input_ids", scales],
        "word",
        domain=MICROSOFT,
        bits=4,
        block_size=BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )
    # The model knows one kind of token only, so its type embedding is part of every position's.
    positions = (
        model.array("emb.pos").reshape(shape.positions, shape.width) + model.array("emb.type")[: shape.width]
    )
    writer.constant("positions", positions)
    writer.constant("zero", np.array([0], np.int64))
    writer.constant("one", np.array([1], np.int64))
    length = writer.add("Shape", ["input_ids"], "length", start=1, end=2)
    places = writer.add("Slice", ["positions", "zero", length, "zero"], "places")
    summed = writer.add("Add", [words, places], "embedded")
    return _norm(writer, model, "emb.ln", [summed])


def _norm(writer: GraphWriter, model: PackedModel, name: str, inputs: Sequence[str]) -> str:
    gain = writer.constant(f"{name}.w", model.array(f"{name}.w"))
    offset = writer.constant(f"{name}.b", model.array(f"{name}.b"))
    if len(inputs) == 1:
        return writer.add(
            "LayerNormalization", [inputs[0], gain, offset], name, epsilon=model.shape.epsilon, axis=-1
        )
    hidden, added, bias = inputs
    return writer.add(
        "SkipLayerNormalization",
        [hidden, added, gain, offset, bias],
        name,
        domain=MICROSOFT,
        epsilon=model.shape.epsilon,
    )


def _int8_product(
    writer: GraphWriter, name: str, value: str, weights: NDArray[np.float32], bias: str = ""
) -> str:
    codes, scales = quantise_columns(weights.T)
    inputs = [value, writer.constant(f"{name}.codes", codes), writer.constant(f"{name}.scales", scales)]
    if bias:
        inputs += ["", bias]
    return writer.add("DynamicQuantizeMatMul", inputs, f"{name}.product", domain=MICROSOFT)


def _nibble_product(writer: GraphWriter, name: str, value: str, matrix: Matrix) -> str:
    rows, blocks = matrix.scales.shape
    return writer.add(
        "MatMulNBits",
        [
            value,
            writer.constant(f"{name}.codes", matrix.packed()),
            writer.constant(f"{name}.scales", matrix.scales),
        ],
        f"{name}.product",
        domain=MICROSOFT,
        K=blocks * BLOCK,
        N=rows,
        bits=4,
        block_size=BLOCK,
        accuracy_level=4,
    )


def _layer(writer: GraphWriter, model: PackedModel, layer: int, hidden: str, mask: str) -> str:
    shape = model.shape
    at = f"l{layer}"
    attended = _attention(writer, model, at, hidden, mask)
    attended_bias = writer.constant(f"{at}.ao.b", model.array(f"{at}.ao.b"))
    product = _int8_product(writer, f"{at}.ao", attended, model.matrix(f"{at}.ao.w", shape.width).dense())
    hidden = _norm(writer, model, f"{at}.aln", [hidden, product, attended_bias])
    inner_bias = writer.constant(f"{at}.fi.b", model.array(f"{at}.fi.b"))
    inner = _int8_product(writer, f"{at}.fi", hidden, model.matrix(f"{at}.fi.w", shape.width).dense())
    inner = writer.add("BiasGelu", [inner, inner_bias], f"{at}.gelu", domain=MICROSOFT)
    outer_bias = writer.constant(f"{at}.fo.b", model.array(f"{at}.fo.b"))
    product = _nibble_product(writer, f"{at}.fo", inner, model.matrix(f"{at}.fo.w", shape.inner))
    return _norm(writer, model, f"{at}.oln", [hidden, product, outer_bias])


def _attention(writer: GraphWriter, model: PackedModel, at: str, hidden: str, mask: str) -> str:
    shape = model.shape
    weights = np.concatenate([model.matrix(f"{at}.{part}.w", shape.width).dense() for part in "qkv"])
    bias = writer.constant(f"{at}.qkv.b", np.concatenate([model.array(f"{at}.{part}.b") for part in "qkv"]))
    product = _int8_product(writer, f"{at}.qkv", hidden, weights, bias)
    parts = [f"{at}.{part}" for part in "qkv"]
    writer.nodes.append(
        helper.make_node("Split", [product], parts, name=f"{at}.split", axis=-1, num_outputs=3)
    )
    return writer.add(
        "MultiHeadAttention", [*parts, "", mask], f"{at}.attended", domain=MICROSOFT, num_heads=shape.heads
    )


def _outputs(writer: GraphWriter, hidden: str) -> None:
    writer.constant("last", np.array([-1], np.int64))
    writer.constant("tiny", np.array(1e-12, np.float32))
    for source, output in ((hidden, STATES_OUTPUT), (_mean(writer, hidden), VECTOR_OUTPUT)):
        length = writer.add("ReduceL2", [source, "last"], f"{output}.length", keepdims=1)
        length = writer.add("Max", [length, "tiny"], f"{output}.divisor")
        writer.add("Div", [source, length], output)


def _mean(writer: GraphWriter, hidden: str) -> str:
    weights = writer.add("Cast", ["attention_mask"], "weights", to=TensorProto.FLOAT)
    rows = writer.add("Unsqueeze", [weights, "one"], "weight.rows")
    summed = writer.add("MatMul", [rows, hidden], "summed")
    # The sum points where the mean points, and only the direction is kept.
    return writer.add("Squeeze", [summed, "one"], "mean")


def _model(writer: GraphWriter, shape: Shape) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [
        helper.make_tensor_value_info(VECTOR_OUTPUT, TensorProto.FLOAT, ["texts", shape.width]),
        helper.make_tensor_value_info(STATES_OUTPUT, TensorProto.FLOAT, ["texts", "tokens", shape.width]),
    ]
    graph = helper.make_graph(writer.nodes, "multilingual-e5-small", inputs, outputs, writer.constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="wenju")
