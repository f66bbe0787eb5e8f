"""Haystack, in memory: BM25 and embeddings, joined by reciprocal ranks in a pipeline.

As https://docs.haystack.deepset.ai/docs/inmemorydocumentstore, …/docs/sentencetransformersdocumentembedder
(`prefix` for e5) and …/docs/documentjoiner say. The store's default pattern gives Chinese, Japanese and
Korean by character (its pull request 12837); it takes a regular expression only: no jieba.
The store is "ephemeral": `save_to_disk` writes all of it as one JSON file, read whole when it is opened.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)


class Peer:
    """One JSON file."""

    def __init__(self, model: str, folder: Path) -> None:
        self._file = folder / "store.json"
        cpu = ComponentDevice.from_str("cpu")
        if self._file.exists():
            self._of_question = SentenceTransformersTextEmbedder(
                model=model, prefix="query: ", device=cpu, progress_bar=False
            )
        else:
            self._of_passages = SentenceTransformersDocumentEmbedder(
                model=model, prefix="passage: ", device=cpu, progress_bar=False
            )
            self._of_passages.warm_up()

    def index(self, passages: list[dict[str, str]]) -> None:
        """Embed all passages and write the file."""
        documents = [Document(id=one["id"], content=one["text"]) for one in passages]
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(self._of_passages.run(documents)["documents"])
        store.save_to_disk(str(self._file))

    @cached_property
    def _pipeline(self) -> Pipeline:
        store = InMemoryDocumentStore.load_from_disk(str(self._file))
        pipeline = Pipeline()
        pipeline.add_component("embedder", self._of_question)
        pipeline.add_component("vectors", InMemoryEmbeddingRetriever(store))
        pipeline.add_component("words", InMemoryBM25Retriever(store))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("embedder.embedding", "vectors.query_embedding")
        pipeline.connect("vectors", "joiner")
        pipeline.connect("words", "joiner")
        return pipeline

    def search(self, question: str, k: int) -> list[str]:
        """Return the passages of the highest sum of reciprocal ranks."""
        inputs = {
            "embedder": {"text": question},
            "vectors": {"top_k": k},
            "words": {"query": question, "top_k": k},
            "joiner": {"top_k": k},
        }
        return [one.id for one in self._pipeline.run(inputs)["joiner"]["documents"]]
