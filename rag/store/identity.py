"""What a library depends on: the model and the segmenter that made it, and its codec of token states."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from rag.errors import LibraryMismatch
from rag.store.catalog import Catalog
from rag.store.states import StateCodec


@dataclass(frozen=True, slots=True)
class Identity:
    """What every vector, token state and passage of one library depends on."""

    model: str  # the name or folder that the user gave
    fingerprint: str  # of weights, tokeniser, prompts, pooling and graph
    dimensions: int  # of a vector
    state_dimensions: int  # of a token state
    segmenter: int  # version

    @classmethod
    def read(cls, catalog: Catalog) -> Identity | None:
        """The identity that the library was made with, None in a new one."""
        kept = catalog.get("identity")
        return None if kept is None else cls(**kept)

    def note(self, catalog: Catalog) -> None:
        """Keep it as the library's own."""
        catalog.put("identity", asdict(self))


def check_model(catalog: Catalog, fingerprint: str) -> None:
    """Raise LibraryMismatch where the library was made with a model of another fingerprint."""
    kept = Identity.read(catalog)
    if kept is not None and kept.fingerprint != fingerprint:
        raise LibraryMismatch(
            f"the library in {catalog.folder} was made with another model ({kept.model}); give that one with "
            f"--model, or encode the library anew with `rag index --rebuild --index {catalog.folder}`"
        )


def check_segmenter(catalog: Catalog, version: int) -> None:
    """Raise LibraryMismatch where another version of the segmenter cut the library's passages."""
    kept = Identity.read(catalog)
    if kept is not None and kept.segmenter != version:
        raise LibraryMismatch(
            f"the library in {catalog.folder} was cut into passages by version {kept.segmenter} of the "
            f"segmenter, this is {version}; cut it anew with `rag index --rebuild --index {catalog.folder}`"
        )


def read_codec(catalog: Catalog) -> StateCodec | None:
    """The library's codec of token states, None before the first passage."""
    stored = catalog.get_bytes("codec")
    return None if stored is None else StateCodec.from_bytes(stored)


def keep_codec(catalog: Catalog, codec: StateCodec) -> None:
    """Make it the library's codec; all its token states are written with the one it has."""
    catalog.put_bytes("codec", codec.to_bytes())
