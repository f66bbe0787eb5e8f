"""The heads of `rag.e5.heads`, fitted and written: `python -m benchmarks.heads FOLDER`, half an hour or more.

FOLDER holds what `benchmarks.parallel` reads: texts and their translations. A part of a sentence in one
language is the question; the text that it is from, in another language or the same, must come before the
texts around it. Compared as search compares them: MaxSim over passage states in two bits a dimension,
weights of question tokens as in `rag.scoring`. The model itself is not changed, so what is fitted is one
linear map for passages and one for questions, from the joined states of three layers.

The shipped heads are of a draft of this script (1,000 steps, on what `benchmarks.parallel` names); this one
was run for three steps on two of the packages only.

Prints nDCG over texts that were not fitted on, before and after; writes `rag/e5/heads.npz`.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper

from benchmarks.parallel import Parallel, parallel_texts
from rag.e5.graph import build_graph
from rag.e5.heads import HEADS_FILE
from rag.e5.weights import packed_file, read_packed_model
from rag.encoders.onnx import batches
from rag.encoders.tokens import TextTokenizer
from rag.model import default_model_folder
from rag.records import Float32
from rag.scoring import token_weights
from rag.store.states import ready_codec, sample_texts

LAYERS = (12, 8, 6)
SHARES = (1.0, 0.5, 0.3)  # of the layers in what fitting starts from
WIDTH = 384
STATES_A_TEXT = 320  # tokens; the rest of a longer text is left out
EACH_SOURCE = 1500  # texts at most
QUESTIONS_A_TEXT = 2  # and language
NEIGHBOURS = 4  # texts that follow each other, in a batch
GROUPS = 12  # of neighbours, in a batch
KINDS = {"one language": 0.4, "another language": 0.45, "languages mixed": 0.15}  # share of batches
RATE = 6e-4
SHARPNESS = 40.0  # what scores are multiplied with at the start; fitted as well
HELD_OUT = 10  # every tenth stretch of 40 texts
SHOWN = 60  # neighbours that a text held out is ranked among
_NO_SPACES = frozenset({"zh", "ja", "th", "my", "km", "lo"})


@dataclass(frozen=True, slots=True)
class Row:
    """One text or question: of which parallel text it is, in which language."""

    text: int
    language: str
    words: str


@dataclass(frozen=True, slots=True)
class States:
    """The joined layers (t, 3 × 384) of the rows' tokens, one row after the other, in float16."""

    rows: Sequence[Row]
    offsets: np.ndarray
    token_ids: np.ndarray
    joined: np.ndarray

    def of(self, row: int, limit: int | None = None) -> Float32:
        """The joined layers of one row's tokens."""
        start, end = self.offsets[row], self.offsets[row + 1]
        return self.joined[start : min(end, start + limit) if limit else end].astype(np.float32)


class LayerReader:
    """The bundled graph, asked for the states of its layers."""

    def __init__(self) -> None:
        graph = build_graph(read_packed_model(packed_file()))
        self._names = [f"l{layer - 1}.oln" for layer in LAYERS]
        for name in self._names:
            kind = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", "tokens", WIDTH])
            graph.graph.output.append(kind)
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(),
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],
        )
        self._tokenizer = TextTokenizer(default_model_folder() / "tokenizer.json", max_tokens=512)

    def read(self, rows: Sequence[Row], prompt: str) -> States:
        """The states of all rows."""
        tokenised = self._tokenizer.tokenise([row.words for row in rows], prompt)
        offsets = np.cumsum([0, *(len(item.places) for item in tokenised)])
        joined = np.zeros((offsets[-1], WIDTH * len(LAYERS)), np.float16)
        for batch in batches([len(item.ids) for item in tokenised]):
            length = max(len(tokenised[place].ids) for place in batch)
            ids, mask = np.ones((len(batch), length), np.int64), np.zeros((len(batch), length), np.int64)
            for row, place in enumerate(batch):
                ids[row, : len(tokenised[place].ids)] = tokenised[place].ids
                mask[row, : len(tokenised[place].ids)] = 1
            found = self._session.run(self._names, {"input_ids": ids, "attention_mask": mask})
            for row, place in enumerate(batch):
                layers = [states[row][tokenised[place].places] for states in found]
                units = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in layers]
                joined[offsets[place] : offsets[place + 1]] = np.concatenate(units, axis=1)
        token_ids = np.concatenate([np.array(item.ids)[item.places] for item in tokenised])
        return States(rows, offsets, token_ids, joined)


def part_of(text: str, language: str, rng: random.Random) -> str:
    """Some words that follow each other in one of the text's sentences: what somebody might ask with."""
    sentences = [each for each in re.split(r"(?<=[.!?؟।])\s+|(?<=[。！？])", text) if len(each) > 8]
    sentence = rng.choice(sentences) if sentences else text
    words: Sequence[str] = sentence if language in _NO_SPACES else sentence.split()
    shortest, longest = (8, 40) if language in _NO_SPACES else (4, 18)
    count = min(longest, max(shortest, int(len(words) * rng.uniform(0.35, 1))))
    start = rng.randint(0, max(0, len(words) - count))
    return ("" if language in _NO_SPACES else " ").join(words[start : start + count])


def rows_of(texts: Sequence[Parallel], rng: random.Random) -> tuple[list[Row], list[Row]]:
    """Each text in English, Chinese and one more of its languages; questions in the same."""
    passages, questions = [], []
    for place, text in enumerate(texts):
        kept = [code for code in ("en", "zh") if code in text.languages]
        others = [code for code in text.languages if code not in kept]
        kept += rng.sample(others, min(len(others), 3 - len(kept)))
        for language in kept:
            passages.append(Row(place, language, text.text(language)[:1500]))
            for _ in range(QUESTIONS_A_TEXT):
                said = rng.choice(text.paragraphs)[language]
                questions.append(Row(place, language, part_of(said, language, rng)))
    return passages, questions


class Fit(torch.nn.Module):
    """Both heads, and how passage states are coded while they are fitted."""

    def __init__(self, joined: Float32, languages: Sequence[str], sample: States, dimensions: int) -> None:
        super().__init__()
        weights, bias = starting_point(joined, languages, sample, dimensions)
        self.passage, self.question = (torch.nn.Linear(*weights.shape) for _ in range(2))
        for head in (self.passage, self.question):
            head.weight = torch.nn.Parameter(torch.tensor(weights.T.copy()))
            head.bias = torch.nn.Parameter(torch.tensor(bias))
        self.sharpness = torch.nn.Parameter(torch.tensor(math.log(SHARPNESS)))
        self._levels = torch.tensor(ready_codec(dimensions).levels)

    def coded(self, joined: Float32) -> torch.Tensor:
        """Passage states as they come back from their code; gradients pass as if they were not coded."""
        states = torch.nn.functional.normalize(self.passage(torch.from_numpy(joined)), dim=-1)
        borders = (self._levels[1:] + self._levels[:-1]) / 2
        back = self._levels[torch.bucketize(states.detach(), borders)]
        return states + (torch.nn.functional.normalize(back, dim=-1) - states).detach()

    def asked(self, joined: Float32) -> torch.Tensor:
        """Question states."""
        return torch.nn.functional.normalize(self.question(torch.from_numpy(joined)), dim=-1)


def starting_point(
    joined: Float32, languages: Sequence[str], sample: States, dimensions: int
) -> tuple[Float32, Float32]:
    """(3 × 384, d) weights and (d,) bias: the layers' weighted sum, on its leading directions, turned.

    Directions are those in which tokens of one language differ, half in the texts and half in the package's
    sample; the mean is the sample's.
    """
    total = np.concatenate([share * np.eye(WIDTH, dtype=np.float32) for share in SHARES])
    means, spreads = [], []
    kinds = np.array(languages)
    groups = [(joined[kinds == code], False) for code in sorted(set(languages))]
    by_language: dict[str, list[Float32]] = {}
    for place, row in enumerate(sample.rows):
        by_language.setdefault(row.language, []).append(sample.of(place))
    groups += [(np.concatenate(rows), True) for rows in by_language.values()]
    for of_sample in (False, True):
        spread = np.zeros((WIDTH, WIDTH))
        for states, is_sample in groups:
            if is_sample is of_sample:
                about = (states - states.mean(axis=0)) @ total
                spread += about.T @ about / (1 if of_sample is False else len(about))
                if of_sample:
                    means.append(states.mean(axis=0))
        spreads.append(spread / np.trace(spread))
    _, directions = np.linalg.eigh(spreads[0] + spreads[1] * 9)
    turn, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((dimensions, dimensions)))
    weights = total @ directions[:, ::-1][:, :dimensions] @ turn
    return weights.astype(np.float32), -(np.mean(means, axis=0) @ weights).astype(np.float32)


class Batches:
    """Draws passages and questions of neighbouring texts."""

    def __init__(self, passages: States, questions: States, rng: np.random.Generator) -> None:
        self.passages, self.questions, self._rng = passages, questions, rng
        self._passage: dict[int, dict[str, int]] = {}
        self._question: dict[int, dict[str, list[int]]] = {}
        for place, row in enumerate(passages.rows):
            self._passage.setdefault(row.text, {})[row.language] = place
        for place, row in enumerate(questions.rows):
            self._question.setdefault(row.text, {}).setdefault(row.language, []).append(place)

    def neighbours(self, texts: Sequence[int]) -> list[int]:
        """Some groups of texts that follow each other."""
        starts = self._rng.integers(0, len(texts) - NEIGHBOURS, GROUPS)
        return list(dict.fromkeys(text for start in starts for text in texts[start : start + NEIGHBOURS]))

    def draw(self, texts: Sequence[int], kind: str) -> tuple[list[int], list[int]]:
        """A passage and a question of each text."""
        wanted = self._rng.choice(["en", "zh", ""])
        passages, questions = [], []
        for text in texts:
            present = list(self._passage[text])
            language = wanted if wanted in present else present[-1]
            if kind == "languages mixed":
                language = self._rng.choice(present)
            asked = [language]
            if kind != "one language":
                asked = [code for code in present if code != language or kind == "languages mixed"] or asked
            passages.append(self._passage[text][language])
            questions.append(self._rng.choice(self._question[text][self._rng.choice(asked)]))
        return passages, questions

    def scores(self, fit: Fit, passages: Sequence[int], questions: Sequence[int], kind: str) -> torch.Tensor:
        """(questions, passages) MaxSim."""
        rows = [self.passages.of(place, STATES_A_TEXT) for place in passages]
        length = max(len(row) for row in rows)
        padded = np.zeros((len(rows), length, WIDTH * len(LAYERS)), np.float32)
        absent = torch.zeros(len(rows), length)
        for place, row in enumerate(rows):
            padded[place, : len(row)] = row
            absent[place, len(row) :] = -9
        asked = [self.questions.of(place) for place in questions]
        foreign = float(kind != "one language")
        offsets, ids = self.questions.offsets, self.questions.token_ids
        weights = [
            token_weights(ids[offsets[place] : offsets[place + 1]], foreign=foreign) for place in questions
        ]
        states = fit.coded(padded)
        cosines = fit.asked(np.concatenate(asked)) @ states.reshape(-1, states.shape[-1]).T
        best = (cosines.reshape(len(cosines), *absent.shape) + absent).max(dim=2).values
        best = best * torch.tensor(np.concatenate(weights))[:, None]
        owner = torch.repeat_interleave(torch.arange(len(asked)), torch.tensor([len(each) for each in asked]))
        return torch.zeros(len(asked), len(rows)).index_add(0, owner, best)


def held_out_ndcg(fit: Fit, batches_: Batches, texts: Sequence[int], kind: str) -> float:
    """The mean over questions of 1 / log2(1 + rank of its text) among `SHOWN` neighbours."""
    gains = []
    with torch.no_grad():
        for start in range(0, len(texts) - SHOWN, SHOWN // 2):
            scores = batches_.scores(fit, *batches_.draw(texts[start : start + SHOWN], kind), kind)
            ranks = (scores > scores.diagonal()[:, None]).sum(dim=1)
            gains += (1 / torch.log2(2.0 + ranks)).tolist()
    return float(np.mean(gains))


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dimensions", type=int, default=192)
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args()
    rng = random.Random(1)
    torch.manual_seed(0)
    by_source: dict[str, list[Parallel]] = {}
    for text in parallel_texts(arguments.folder):
        by_source.setdefault(text.source, []).append(text)
    texts = [text for group in by_source.values() for text in group[:EACH_SOURCE]]
    print(f"{len(texts)} texts:", {source: len(group) for source, group in by_source.items()}, flush=True)
    reader = LayerReader()
    passages, questions = rows_of(texts, rng)
    read = Batches(
        reader.read(passages, "passage: "), reader.read(questions, "query: "), np.random.default_rng(0)
    )
    sample = [Row(0, code, text) for code, group in sample_texts().items() for text in group]
    chosen = np.sort(np.random.default_rng(0).choice(len(read.passages.joined), 40_000, replace=False))
    owners = np.searchsorted(read.passages.offsets, chosen, side="right") - 1
    fit = Fit(
        read.passages.joined[chosen].astype(np.float32),
        [passages[owner].language for owner in owners],
        reader.read(sample, "passage: "),
        arguments.dimensions,
    )
    held_out = [text for text in range(len(texts)) if (text // 40) % HELD_OUT == HELD_OUT - 1]
    fitted_on = [text for text in range(len(texts)) if (text // 40) % HELD_OUT != HELD_OUT - 1]
    if len(held_out) <= SHOWN:
        sys.exit(f"{len(texts)} texts below {arguments.folder} are too few: unpack more packages there")
    for line in _steps(fit, read, fitted_on, held_out, arguments.steps):
        print(line, flush=True)
    np.savez(
        HEADS_FILE,
        layers=np.array(LAYERS),
        **{
            f"{role}_{name}": getattr(head, kind).detach().numpy().T.astype(np.float16)
            for role, head in (("passage", fit.passage), ("question", fit.question))
            for name, kind in (("weights", "weight"), ("bias", "bias"))
        },
    )
    print("written:", HEADS_FILE)


def _steps(
    fit: Fit, read: Batches, fitted_on: Sequence[int], held_out: Sequence[int], steps: int
) -> Iterator[str]:
    """Fits, and says now and then how texts that are not fitted on fare."""
    heads = [*fit.passage.parameters(), *fit.question.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": heads, "lr": RATE}, {"params": [fit.sharpness], "lr": 0.01}], weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, step / 100) * max(0.02, 1 - step / steps)
    )
    draw = np.random.default_rng(1)
    for step in range(steps + 1):
        if step % 250 == 0 or step == steps:
            found = {kind: held_out_ndcg(fit, read, held_out, kind) for kind in KINDS}
            yield f"step {step}: " + ", ".join(f"{kind} {value:.4f}" for kind, value in found.items())
        kind = str(draw.choice(list(KINDS), p=list(KINDS.values())))
        passages, questions = read.draw(read.neighbours(fitted_on), kind)
        scores = read.scores(fit, passages, questions, kind) * fit.sharpness.exp()
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(questions)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


if __name__ == "__main__":
    main()
