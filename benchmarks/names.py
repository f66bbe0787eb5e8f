"""The direction of `rag.generate.likeness`, fitted and written: `python -m benchmarks.names CORPUS.jsonl`.

CORPUS is a BEIR corpus in English (shared/eval/xquad-en/corpus.jsonl). Words inside a sentence with a capital
are names, those without are none; the first word of a sentence is left out, and so are days, months and "I".
Every sentence is read twice, as it stands and in small letters. Prints the share of tokens judged right in
the last quarter of the paragraphs by what the others fit; what is written is fitted on all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import regex

import rag.generate.likeness
from rag.encoder import Encoder, open_encoder
from rag.records import Float32
from rag.segment.script import listed
from rag.sentences import sentence_spans
from rag.settings import DEFAULT_MODEL

BATCH = 64
STEPS = 12
SHRINK = 1e-4  # of the squared length of the direction, beside the mean loss of a token
_WORD = regex.compile(r"[\p{L}\p{M}’'\-]+")
_NOT_NAMES = listed(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december i english chinese"""
)


def labels_of(sentence: str) -> np.ndarray:
    """Of each character 1 where it stands in a name, 0 where in another word, -1 where neither is sure."""
    labels = np.full(len(sentence) + 1, -1)
    for place, word in enumerate(_WORD.finditer(sentence)):
        capital = word[0][0].isupper()
        starts = place == 0 or sentence[max(word.start() - 2, 0)] in '.:!?"“'
        if len(word[0]) > 1 and word[0].lower() not in _NOT_NAMES and not (starts and capital):
            labels[word.start() : word.end()] = int(capital)
    return labels


def rows_of(sentences: Sequence[str], encoder: Encoder, *, small: bool) -> tuple[Float32, np.ndarray]:
    """(t, d) states and (t,) labels of the tokens of which a label is sure."""
    states, labels = [], []
    kept = [sentence for sentence in sentences if len(sentence.lower()) == len(sentence)]
    for first in range(0, len(kept), BATCH):
        batch = kept[first : first + BATCH]
        read = [sentence.lower() if small else sentence for sentence in batch]
        for sentence, tokens in zip(batch, encoder.encode_passages(read).tokens, strict=True):
            own = labels_of(sentence)
            for state, (start, end) in zip(tokens.states, tokens.spans.tolist(), strict=True):
                letters = [place for place in range(start, end) if sentence[place].isalpha()]
                if letters and own[letters[0]] >= 0:
                    states.append(state)
                    labels.append(own[letters[0]])
    return np.array(states, np.float32), np.array(labels, np.float64)


def fit(states: Float32, labels: np.ndarray) -> np.ndarray:
    """(d + 1,) logistic regression by Newton's method, the constant last."""
    rows = np.c_[states, np.ones(len(states))].astype(np.float64)
    shrink = np.full(rows.shape[1], SHRINK)
    shrink[-1] = 0.0
    found = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (said - labels) / len(labels) + shrink * found
        curve = (rows * (said * (1 - said))[:, None]).T @ rows / len(labels) + np.diag(shrink + 1e-9)
        found -= np.linalg.solve(curve, slope)
    return found


def main() -> None:
    """Print the shares judged right, and write the direction into the package."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    paragraphs = [json.loads(line)["text"] for line in lines]
    cut = len(paragraphs) * 3 // 4
    encoder = open_encoder(DEFAULT_MODEL)
    parts = {
        (held, small): rows_of(_sentences(texts), encoder, small=small)
        for held, texts in ((False, paragraphs[:cut]), (True, paragraphs[cut:]))
        for small in (False, True)
    }
    one = fit(*_joined([parts[False, small] for small in (False, True)]))
    for small in (False, True):
        states, labels = parts[True, small]
        right = ((states @ one[:-1] + one[-1] > 0) == labels).mean()
        print(f"{'small letters' if small else 'as they stand'}: {len(labels)} tokens, {right:.3f} right")
    direction = fit(*_joined(list(parts.values()))).astype(np.float32)
    path = Path(rag.generate.likeness.__file__).with_name("name_direction.npz")
    np.savez(path, direction=direction, fingerprint=np.array(encoder.fingerprint))
    print(f"{path} written, {path.stat().st_size} bytes")


def _sentences(texts: Sequence[str]) -> list[str]:
    return [text[start:end].strip() for text in texts for start, end in sentence_spans(text, "en")]


def _joined(parts: Sequence[tuple[Float32, np.ndarray]]) -> tuple[Float32, np.ndarray]:
    return np.concatenate([one for one, _ in parts]), np.concatenate([labels for _, labels in parts])


if __name__ == "__main__":
    main()
