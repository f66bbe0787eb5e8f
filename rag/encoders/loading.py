"""Models that torch runs: loaded from a folder alone, in half precision on a GPU where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError

from rag.errors import ModelError

_LOAD_ERRORS = (
    OSError,
    ValueError,
    ImportError,
    RuntimeError,
    KeyError,
    AttributeError,
    TypeError,
    SafetensorError,
)
_TEXTS_AT_ONCE = {"cpu": 16}  # by kind of device
_TEXTS_AT_ONCE_ELSEWHERE = 64  # a GPU is idle with sixteen


def load(path: Path, kind: Literal["SentenceTransformer", "MultiVectorEncoder", "CrossEncoder"]) -> Any:  # noqa: ANN401 - no types here
    """The model as that class of sentence-transformers loads it: on cuda in float16, elsewhere in float32.

    Nothing is fetched and no code of the folder is run. Raises `ModelError` where it cannot be loaded.
    """
    try:
        import sentence_transformers
        import torch
        from sentence_transformers.util import get_device_name

        half = get_device_name() == "cuda"
        model = getattr(sentence_transformers, kind)(
            str(path),
            local_files_only=True,
            model_kwargs={"dtype": torch.float16 if half else torch.float32},
        )
        return model.half() if half else model  # what stands behind the transformer, too
    except _LOAD_ERRORS as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path} cannot be loaded ({reason}): copy or download the model again") from error


def widen(model: Any) -> bool:  # noqa: ANN401 - see `load`
    """Whether the model was in float16, which ends at 65,504, and is now in bfloat16, which does not."""
    import torch

    if next((each.dtype for each in model.parameters()), None) != torch.float16:
        return False
    model.bfloat16()
    return True


def texts_at_once(model: Any) -> int:  # noqa: ANN401 - see `load`
    """How many texts the model reads in one pass, by where it runs."""
    return _TEXTS_AT_ONCE.get(model.device.type, _TEXTS_AT_ONCE_ELSEWHERE)


def array(value: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - a torch tensor, whose type only torch knows
    """The tensor as an array, float32 where it has fractions."""
    plain = value.detach().cpu()
    return np.array((plain.float() if plain.is_floating_point() else plain).numpy())
