"""Tiny models with random weights, made and saved by the libraries that load them."""

from __future__ import annotations

import string
import warnings
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MARKERS = ["[Q]", "[D]"]  # one token each only where the tokeniser is told so, as PyLate's loader does
LETTERS = [*string.ascii_lowercase, *string.digits, *string.punctuation]
WORDS = [*SPECIAL, *MARKERS, *LETTERS, *(f"##{letter}" for letter in LETTERS[:36])]


def bert(folder: Path, head: str, **settings) -> Path:
    """A folder that transformers loads: a BERT whose tokens are the letters of its words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        import transformers

        torch.manual_seed(11)
        config = transformers.BertConfig(
            vocab_size=len(WORDS),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=256,
            initializer_range=0.4,
            **settings,
        )
        getattr(transformers, head)(config).save_pretrained(folder)
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        tokenizer = transformers.BertTokenizerFast(vocab=vocabulary, model_max_length=256)
        tokenizer.save_pretrained(folder)
    return folder


def cross_encoder(folder: Path, *, labels: int = 1) -> Path:
    """A cross-encoder as the hub holds them: what transformers saves, and no modules.json."""
    return bert(folder, "BertForSequenceClassification", num_labels=labels)


def multi_vector(folder: Path, dimensions: int = 48, *, pooled: bool = False) -> Path:
    """A `MultiVectorEncoder` with markers, queries filled up to 40 tokens, and no vectors for punctuation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from sentence_transformers import MultiVectorEncoder
        from sentence_transformers.base.modules import Dense, Normalize, Transformer
        from sentence_transformers.multi_vector_encoder.modules import (
            HierarchicalTokenPooling,
            MultiVectorMask,
        )

        raw = bert(folder.parent / f"{folder.name}-raw", "BertModel")
        torch.manual_seed(3)
        modules = [
            Transformer(
                str(raw),
                document_length=200,
                query_expansion={"strategy": "fixed", "attend": False, "length": 40},
            ),
            Dense(
                32,
                dimensions,
                bias=False,
                activation_function=torch.nn.Identity(),
                module_input_name="token_embeddings",
            ),
            MultiVectorMask(skiplist_words=list(string.punctuation)),
            Normalize(module_input_name="token_embeddings"),
            *([HierarchicalTokenPooling(pool_factor=2)] if pooled else []),
        ]
        prompts = {"query": "[Q] ", "document": "[D] "}
        MultiVectorEncoder(modules=modules, prompts=prompts, device="cpu").save(str(folder))
    return folder
