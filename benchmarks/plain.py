"""What a person writes in ten minutes, sentence-transformers and FAISS: what the ratios compare with.

Run as a worker: one JSON command a line in, one JSON result a line out (see `serve`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = dict[str, Any]


def serve(commands: dict[str, Callable[[Command], dict[str, Any]]]) -> None:
    """Answer `{"do": name, …}` lines from stdin on stdout until stdin ends; `ready` comes first."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(commands[command["do"]](command)), flush=True)


def main() -> None:
    """Serve `index` and `ask` over the bundled model."""
    import faiss
    from sentence_transformers import SentenceTransformer

    from rag.model import default_model_folder

    model = SentenceTransformer(str(default_model_folder()), device="cpu")
    state: dict[str, Any] = {}

    def index(command: Command) -> dict[str, Any]:
        texts = json.loads(Path(command["texts"]).read_text(encoding="utf-8"))
        started = time.perf_counter()
        vectors = model.encode_document(texts)
        found = faiss.IndexFlatIP(vectors.shape[1])
        found.add(vectors)
        faiss.write_index(found, command["out"] + ".faiss")
        Path(command["out"] + ".json").write_text(json.dumps(texts), encoding="utf-8")
        state.update(index=found, texts=texts)
        return {"seconds": time.perf_counter() - started, "passages": len(texts)}

    def ask(command: Command) -> dict[str, Any]:
        took = []
        for question in command["questions"]:
            started = time.perf_counter()
            vector = model.encode_query([question])
            _, rows = state["index"].search(vector, command["hits"])
            _ = [state["texts"][row] for row in rows[0]]
            took.append(1000 * (time.perf_counter() - started))
        return {"took_ms": took}

    serve({"index": index, "ask": ask})


if __name__ == "__main__":
    main()
