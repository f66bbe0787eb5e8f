"""LlamaIndex: a FAISS vector store and its BM25 retriever, joined by reciprocal ranks.

As https://docs.llamaindex.ai/en/stable/examples/vector_stores/FaissIndexDemo/,
https://docs.llamaindex.ai/en/stable/examples/retrievers/bm25_retriever/ and
https://docs.llamaindex.ai/en/stable/examples/retrievers/reciprocal_rerank_fusion/ say; one query, so that no
language model is asked for more. `BM25Retriever` takes no tokenizer any more (its `tokenizer` is "deprecated"
and ignored), so that jieba cannot be given to it; what it documents is `token_pattern`, whose default sees a
whole clause of Chinese as one word (issue 13866). The pattern here gives Chinese by character.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import faiss
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore

WORDS = r"(?u)[\u3400-\u9fff]|[^\W\u3400-\u9fff]{2,}"


class Peer:
    """What the storage context persists; BM25 is made from its document store when it is opened."""

    def __init__(self, model: str, folder: Path) -> None:
        self._folder = str(folder)
        self._embedding = HuggingFaceEmbedding(
            model_name=model, query_instruction="query: ", text_instruction="passage: ", device="cpu"
        )

    def index(self, passages: list[dict[str, str]]) -> None:
        """Index one node a passage, and persist."""
        nodes = [TextNode(id_=one["id"], text=one["text"]) for one in passages]
        dimensions = len(self._embedding.get_text_embedding("passage"))
        store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(dimensions))
        context = StorageContext.from_defaults(vector_store=store)
        VectorStoreIndex(nodes, storage_context=context, embed_model=self._embedding)
        context.persist(persist_dir=self._folder)

    @cached_property
    def _index(self) -> VectorStoreIndex:
        store = FaissVectorStore.from_persist_dir(self._folder)
        context = StorageContext.from_defaults(vector_store=store, persist_dir=self._folder)
        return load_index_from_storage(context, embed_model=self._embedding)

    @cached_property
    def _words(self) -> BM25Retriever:
        return BM25Retriever.from_defaults(docstore=self._index.docstore, token_pattern=WORDS)

    def search(self, question: str, k: int) -> list[str]:
        """Return the passages of the highest sum of reciprocal ranks."""
        self._words.similarity_top_k = k
        fusion = QueryFusionRetriever(
            [self._index.as_retriever(similarity_top_k=k), self._words],
            llm=MockLLM(),
            similarity_top_k=k,
            num_queries=1,
            mode="reciprocal_rerank",
            use_async=False,
        )
        return [found.node.node_id for found in fusion.retrieve(question)]
