"""What a library on a server is founded on, the same for all who write to it: model, codec, reference."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass

import numpy as np

from rag.errors import LibraryMismatch
from rag.store.files import content_hash
from rag.store.identity import Identity
from rag.store.milvus.address import StoreAddress
from rag.store.reference import Reference, reference_from_bytes
from rag.store.states import StateCodec


@dataclass(frozen=True, slots=True)
class Founding:
    """The model and segmenter of a library, its codec of token states, and the encoded sample."""

    identity: Identity
    codec: StateCodec | None  # None where the model gives no token states
    reference: bytes  # `rag.store.reference.reference_bytes`

    def to_bytes(self) -> bytes:
        """It as the records keep it."""
        file = io.BytesIO()
        np.savez(
            file,
            identity=np.array(json.dumps(asdict(self.identity))),
            codec=_array(self.codec.to_bytes() if self.codec else b""),
            reference=_array(self.reference),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Founding:
        """What `to_bytes` made."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            codec = file["codec"].tobytes()
            return cls(
                identity=Identity(**json.loads(str(file["identity"]))),
                codec=StateCodec.from_bytes(codec) if codec else None,
                reference=file["reference"].tobytes(),
            )

    @property
    def name(self) -> str:
        """A hash of what matters: two who found the same library on the same passages agree."""
        return content_hash(self.to_bytes())[:32]

    def read_reference(self) -> Reference:
        """The encoded sample."""
        return reference_from_bytes(self.reference, self.codec)

    def check(self, address: StoreAddress, *, fingerprint: str, segmenter: int | None = None) -> None:
        """Raise LibraryMismatch where another model, or version of the segmenter, made the library."""
        kept = self.identity
        if kept.fingerprint != fingerprint:
            raise LibraryMismatch(
                f"the library at {address.shown} was made with another model ({kept.model}); give that one "
                "with --model, or index into another collection"
            )
        if segmenter is not None and kept.segmenter != segmenter:
            raise LibraryMismatch(
                f"the library at {address.shown} was cut into passages by version {kept.segmenter} of the "
                f"segmenter, this is {segmenter}; index into another collection"
            )


def _array(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(data, np.uint8)
