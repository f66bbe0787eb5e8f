"""Small libraries for the tests of the store, of ingest and of the doctor."""

from __future__ import annotations

from pathlib import Path

from tiny_encoder import TinyEncoder

from rag.ingest import index_paths
from rag.records import Document, IndexReport, Passage, Source
from rag.settings import Settings
from rag.store.catalog import Catalog, NewDocument
from rag.store.identity import Identity, keep_codec
from rag.store.rows import document_hash
from rag.store.states import encode_layout, fit_codec

ZH = "今天下午，县里召开了防汛工作会议，要求各乡镇检查水库和堤坝，编号{}。"
EN = "The harbour office will close the north pier on Monday for repairs, notice number {}."


def write_files(folder: Path, count: int = 6) -> Path:
    """A folder of `count` text files, half Chinese, half English, of three paragraphs each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        sentence = ZH if number % 2 else EN
        text = "\n\n".join(
            (sentence * 3).format(*(f"{number}-{part}-{k}" for k in range(3))) for part in range(3)
        )
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder


def index(source: Path, folder: Path, encoder: TinyEncoder | None = None) -> IndexReport:
    """Index with the tiny encoder."""
    return index_paths([source], folder=folder, encoder=encoder or TinyEncoder(), settings=Settings())


def new_document(key: str, texts: list[str], *, language: str = "en") -> NewDocument:
    """A document of these passages, encoded, as the catalog takes it."""
    encoder = TinyEncoder()
    read = Document(path=key, title="", text="\n".join(texts))
    passages, start = [], 0
    for number, text in enumerate(texts):
        source = Source(key, "", "", "", "", None, number + 1, start, start + len(text))
        passages.append(Passage(0, text, language, source))
        start += len(text) + 1
    encoding = encoder.encode_passages(texts)
    codec = codec_of_tests()
    states = [(codec.encode(tokens.states), encode_layout(tokens)) for tokens in encoding.tokens]
    return NewDocument(
        read=read,
        title="",
        blocks=(),
        passages=tuple(passages),
        vectors=encoding.vectors,
        states=states,
        hash=document_hash(read),
        added_at="2022-04-01T00:00:00+00:00",
    )


def codec_of_tests():
    """One codec for all tiny libraries."""
    encoding = TinyEncoder().encode_passages([EN, ZH])
    return fit_codec([], [tokens.states for tokens in encoding.tokens])


def new_catalog(folder: Path) -> Catalog:
    """An empty catalog that has its identity and codec."""
    catalog = Catalog(folder, create=True)
    encoder = TinyEncoder()
    Identity("tiny", encoder.fingerprint, encoder.dimensions, encoder.state_dimensions, 1).note(catalog)
    keep_codec(catalog, codec_of_tests())
    return catalog
