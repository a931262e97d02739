import json

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tonecheck.labels import TONES
from tonecheck.modelstore import save_model

SENTENCES = (
    "You are an idiot and nobody wants you here. Read the manual before you ask. "
    "Everybody knows this, so stop arguing. Thanks for the detailed question! "
    "The loop ends too early because the range stops at the last element but one."
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HIDDEN = 8
LONGEST = 96


def tiny_tokenizer():
    """Return a WordPiece tokenizer of our words and of letters; training one starts threads."""
    letters = [*"abcdefghijklmnopqrstuvwxyz'.,!?⇧⇿"]
    words = sorted({word.strip(".,!?").lower() for word in SENTENCES.split()})
    names = dict.fromkeys([*SPECIAL, *words, *letters, *(f"##{letter}" for letter in letters)])
    vocabulary = {name: place for place, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def tiny_graph(vocabulary, *, typed, outputs, tones):
    """Return an encoder of one eight-bit layer, to which `idiot` says much of the first tone."""
    random = np.random.default_rng(7)
    embedding = random.normal(size=(len(vocabulary), HIDDEN), scale=0.2).astype(np.float32)
    embedding[vocabulary["idiot"], 0] = 40.0
    layer = np.rint(np.eye(HIDDEN) * 100 + random.normal(size=(HIDDEN, HIDDEN), scale=3))
    head = random.normal(size=(HIDDEN, tones), scale=0.2).astype(np.float32)
    head[0] = [1.0] + [0.0] * (tones - 1)
    constants = {
        "embedding": embedding,
        "types": random.normal(size=(2, HIDDEN)).astype(np.float32),
        "layer": layer.astype(np.int8),
        "layer_scale": np.array(0.01, np.float32),
        "head": head,
        "none": np.array(-2.0, np.float32),
    }
    node = helper.make_node
    summed = [node("Gather", ["embedding", "input_ids"], ["words" if typed else "embedded"])]
    if typed:
        summed += [
            node("Gather", ["types", "token_type_ids"], ["typed"]),
            node("Add", ["words", "typed"], ["embedded"]),
        ]
    nodes = [
        *summed,
        node("DynamicQuantizeLinear", ["embedded"], ["small", "scale", "zero"]),
        node("MatMulInteger", ["small", "layer", "zero"], ["whole"]),
        node("Cast", ["whole"], ["real"], to=TensorProto.FLOAT),
        node("Mul", ["scale", "layer_scale"], ["both_scales"]),
        node("Mul", ["real", "both_scales"], ["hidden"]),
        node("MatMul", ["hidden", "head"], ["pointed"]),
        node("Add", ["pointed", "none"], ["evidence"]),
        node("ReduceMean", ["pointed"], ["logits"], axes=[1], keepdims=0),
    ]
    taken = ["input_ids", "attention_mask", *(["token_type_ids"] if typed else [])]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["B", "T"]) for n in taken],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


@pytest.fixture(scope="session")
def write_encoder():
    """Return what writes the folder of a tiny encoder, with changes."""

    def write(path, *, config=None, files=None, **graph):
        tokenizer = tiny_tokenizer()
        graph = {"typed": True, "outputs": ("logits", "evidence"), "tones": 3, **graph}
        onnx = tiny_graph(tokenizer.get_vocab(), **graph).SerializeToString()
        band = {"unsure_at": 0.02, "yes_at": 0.3, "clear_at": 0.9}
        settings = {
            **{"kind": "encoder", "name": "tiny", "version": "0.0.1", "longest": LONGEST},
            "tones": [str(tone) for tone in TONES],
            "calibration": {tone: {"slope": 2.0, "intercept": -0.5} for tone in TONES},
            "policy": dict.fromkeys(TONES, band),
            "prior": dict.fromkeys(TONES, 0.1),
            **(config or {}),
        }
        contents = {
            "encoder.onnx": onnx,
            "tokenizer.json": tokenizer.to_str().encode(),
            **(files or {}),
        }
        save_model(path, json.loads(json.dumps(settings)), files=contents, card="# tiny\n")
        return path

    return write


@pytest.fixture(scope="session")
def encoder_folder(write_encoder, tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("models") / "tiny")
