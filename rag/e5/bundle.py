"""Writes the bundled model as a sentence-transformers folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from rag.e5.graph import GRAPH_VERSION, write_graph
from rag.e5.tokenizer import MASK_TOKEN, SPECIAL_TOKENS, TOKENIZER_VERSION, build_tokenizer
from rag.e5.weights import PackedModel, Shape, packed_file, read_packed_model
from rag.records import Float32

QUERY_PROMPT = "query: "
PASSAGE_PROMPT = "passage: "

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_NORMS = ("aln", "oln")


def write_bundle(folder: Path, report: Callable[[int, int, str], None]) -> str:
    """What the vectors depend on, in one line, once the empty folder is filled.

    `report(done, total, note)` is called before each step. Raises `ModelError` where the weights are not
    there or not whole, `OSError` where the folder cannot be written.
    """
    report(0, 5, "reading the weights")
    model = read_packed_model(packed_file())
    report(1, 5, "writing the settings")
    for name, content in _settings(model.shape).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report(2, 5, "writing the tokeniser")
    text = build_tokenizer(model.vocabulary).to_str()
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    report(3, 5, "writing the graph")
    (folder / "onnx").mkdir()
    write_graph(model, folder / "onnx")
    report(4, 5, "writing the weights")
    _write_weights(model, folder / "model.safetensors")
    report(5, 5, "done")
    versions = f"tokeniser {TOKENIZER_VERSION}, graph {GRAPH_VERSION}"
    return f"weights {model.digest}, {versions}, prompts {QUERY_PROMPT!r} {PASSAGE_PROMPT!r}, mean"


def _settings(shape: Shape) -> dict[str, Any]:
    begin, padding, end, unknown = SPECIAL_TOKENS
    special = {
        "bos_token": begin,
        "cls_token": begin,
        "eos_token": end,
        "sep_token": end,
        "pad_token": padding,
        "unk_token": unknown,
        "mask_token": MASK_TOKEN,
    }
    prefix = "sentence_transformers.models"
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.width,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.inner,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.types,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
            "dtype": "float32",
            "torch_dtype": "float32",
        },
        "tokenizer_config.json": {
            **special,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "clean_up_tokenization_spaces": False,
        },
        "special_tokens_map.json": special,
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{prefix}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{prefix}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{prefix}.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.width, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": {"query": QUERY_PROMPT, "passage": PASSAGE_PROMPT, "document": PASSAGE_PROMPT},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }


def _write_weights(model: PackedModel, path: Path) -> None:
    """Writes float16, half the room for a relative error of 2^-11; the settings have it loaded as float32."""
    halves = {name: values.astype(np.float16) for name, values in _tensors(model)}
    path.write_bytes(save(halves, metadata={"format": "pt"}))


def _tensors(model: PackedModel) -> Iterator[tuple[str, Float32]]:
    shape = model.shape
    yield "embeddings.word_embeddings.weight", model.matrix("emb.word", shape.width).dense()
    yield "embeddings.position_embeddings.weight", model.array("emb.pos").reshape(-1, shape.width)
    yield "embeddings.token_type_embeddings.weight", model.array("emb.type").reshape(-1, shape.width)
    yield "embeddings.LayerNorm.weight", model.array("emb.ln.w")
    yield "embeddings.LayerNorm.bias", model.array("emb.ln.b")
    # Mean pooling leaves BERT's own pooler unused; without these, loading would warn of missing weights.
    yield "pooler.dense.weight", np.zeros((shape.width, shape.width), np.float32)
    yield "pooler.dense.bias", np.zeros(shape.width, np.float32)
    for layer in range(shape.layers):
        for short, name in _LAYER_NAMES.items():
            source, target = f"l{layer}.{short}", f"encoder.layer.{layer}.{name}"
            columns = shape.inner if short == "fo" else shape.width
            weight = (
                model.array(f"{source}.w")
                if short in _NORMS
                else model.matrix(f"{source}.w", columns).dense()
            )
            yield f"{target}.weight", weight
            yield f"{target}.bias", model.array(f"{source}.b")
