"""Checkpoints of other kinds than ours are fine-tuned, exported and saved as well as ours."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnxscript")

from tokenizers import (  # noqa: E402
    Tokenizer,
    models,
    pre_tokenizers,
    processors,
    trainers,
)

from tonecheck.labels import TONES  # noqa: E402
from tonecheck.scorers.encoder import EncoderScorer  # noqa: E402
from tonecheck.scorers.graph import Graph  # noqa: E402
from tonecheck.scorers.windows import Windows  # noqa: E402
from tonecheck.training import multitask  # noqa: E402
from tonecheck.training.encoder_recipe import as_json, marked_tokenizer  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.finetune import Finetuning, finetune  # noqa: E402
from tonecheck.training.graph_export import save_checkpoint  # noqa: E402
from tonecheck.training.mixture import Mixture, Pool, read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402
from tonecheck.training.pretrained import save_reader  # noqa: E402
from tonecheck.training.shrink import save_small  # noqa: E402
from tonecheck.training.smoothing import smoothed  # noqa: E402
from tonecheck.training.vocabulary import CLS, PAD, SEP, SPECIAL, learn_vocabulary  # noqa: E402

PAIRS = [
    ("You are a fool.", "Is the second proof right?"),
    ("STOP it, you fool 🙄", "Where are the notes?"),
    ("Buy my course now, it is goooood.", "Any tips for the exam?"),
    ("Whatever, not my problem.", "Could you help me with step two?"),
    ("Thank you, that helped!", "Read page nine."),
    ("A naïve answer, and a kind one 👍", None),
    ("Read the second page, you fool. " * 40, "Where are the notes?"),
]
SIZE = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
    "initializer_range": 0.2,  # ten times the usual, so that texts come out far apart
}  # fmt: skip
EXAMPLES = [
    Example(
        text=text, parent=parent, group=text, source="s",
        targets={tone: float(place % 3 == column) for column, tone in enumerate(TONES)},
    )
    for place, (text, parent) in enumerate(PAIRS)
]  # fmt: skip
READINGS = [read_example(example) for example in EXAMPLES]


def texts():
    return [part for pair in PAIRS for part in pair if part]


def modern_bert(folder, pieces_of):
    """As `models/pretrained-en` is, and with a layer that looks only at what stands near."""
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
    reader = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pieces_of(texts()),
        **{f"{key}_token": name for key, name in names.items()},
    )
    reader.save_pretrained(folder)
    config = transformers.ModernBertConfig(
        vocab_size=len(reader), max_position_embeddings=256, global_attn_every_n_layers=2,
        local_attention=16, classifier_pooling="mean", pad_token_id=PAD, cls_token_id=CLS,
        bos_token_id=CLS, sep_token_id=SEP, eos_token_id=SEP, **SIZE,
    )  # fmt: skip
    transformers.ModernBertModel(config).save_pretrained(folder)


def roberta(folder, _):
    """It reads bytes, knows no token types, and counts places from two on."""
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    learnt.train_from_iterator(
        texts(),
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    learnt.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"cls": 0, "bos": 0, "pad": 1, "sep": 2, "eos": 2, "unk": 3, "mask": 4}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=learnt, **{f"{key}_token": special[at] for key, at in names.items()}
    ).save_pretrained(folder)
    config = transformers.RobertaConfig(
        vocab_size=learnt.get_vocab_size(), max_position_embeddings=258, type_vocab_size=1,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, **SIZE,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A fine-tuned encoder and what became of it; see the fixture."""

    model: ToneEncoder
    windows: Windows
    folder: Path

    def said_by_graph(self, name):
        graph = Graph.from_file(self.folder / f"{name}.onnx", windows=self.windows)
        flat = np.array([[1.0, 0.0]] * len(TONES))
        return EncoderScorer(self.windows, graph, calibration=flat).raw(READINGS)


@pytest.fixture(scope="module", params=[modern_bert, roberta], ids=["ModernBERT", "RoBERTa"])
def made(request, both_graphs, pieces_of, tmp_path_factory):
    """A round of learning, a plain graph, one of eight bits, and a checkpoint."""
    base, folder = (tmp_path_factory.mktemp(name) for name in ("base", "made"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(3)
    request.param(base, pieces_of)
    tokenizer = marked_tokenizer(base)
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    model = finetune(
        base,
        Mixture([Pool(examples=EXAMPLES, drawn=14, weight=1.0)], windows, names={}),
        settings=Finetuning(rounds=1, rate=1e-2),
        vocabulary=len(tokenizer),
        score=lambda _: 0.5,
        say=lambda line: None,
    )
    model.model.to(torch.bfloat16).float()  # as the checkpoint keeps it
    both_graphs(smoothed(model, windows.cut(READINGS)), folder)
    save_checkpoint(model, tokenizer, folder)
    torch.set_num_threads(threads)
    return Made(model=model, windows=windows, folder=folder)


@pytest.fixture
def raw(made, monkeypatch):
    """What the encoder says in torch, in full precision."""
    monkeypatch.setattr(multitask.torch, "autocast", lambda *_, **__: nullcontext())
    found = predict(made.model, made.windows.cut(READINGS), len(READINGS))
    assert (found.std(axis=0) > 0.1).all()
    return found


def test_the_plain_graph_says_what_the_encoder_says(made, raw):
    assert not made.model.typed
    assert made.said_by_graph("plain") == pytest.approx(raw, abs=1e-3)


def test_weights_of_eight_bits_say_about_the_same(made, raw):
    gaps = np.abs(made.said_by_graph("small") - raw)
    assert 0 < gaps.mean() < 0.2 * raw.std()


@torch.no_grad()
def test_the_checkpoint_says_what_the_encoder_says(made, raw, said_by):
    tokenizer = transformers.AutoTokenizer.from_pretrained(made.folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        made.folder, dtype=torch.float32
    ).eval()
    said = said_by(tokenizer, model, READINGS[:-1])
    assert said == pytest.approx(raw[:-1], abs=1e-3)
    inputs = tokenizer("read it " * 800, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape == (1, 256)
    assert torch.isfinite(model(**inputs).logits).all()


def test_each_word_s_evidence_stands_at_its_word(made):
    """A byte of a character stands at all of it; the space before a word at most beside it."""
    found = {row: set() for row in range(len(READINGS))}
    for window in made.windows.cut(READINGS):
        own = window.starts >= 0
        found[window.row] |= set(
            zip(window.starts[own].tolist(), window.ends[own].tolist(), strict=True)
        )
    for reading, spans in zip(READINGS, found.values(), strict=True):
        text = reading.prepared.text
        assert all(0 <= start <= end <= len(text) for start, end in spans)
        read = {place for start, end in spans for place in range(start, end)}
        assert {place for place, char in enumerate(text) if not char.isspace()} <= read
        if "fool" in text:
            assert "fool" in {text[start:end].strip() for start, end in spans}


TABLE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
ROBERTA = {"type_vocab_size": 1, **TABLE}


@pytest.mark.parametrize(
    ("kind", "sizes", "places"),
    [
        ("bert", {"max_position_embeddings": 40, **TABLE}, 40),
        ("roberta", {"max_position_embeddings": 42, "pad_token_id": 1, **ROBERTA}, 40),
        ("distilbert", {"max_position_embeddings": 40, "dim": 32, "n_heads": 2, "n_layers": 1}, 40),
        ("modernbert", {"max_position_embeddings": 40, "pad_token_id": 0, **TABLE}, 40),
        ("xlnet", {"d_model": 32, "n_head": 2, "n_layer": 1, "d_inner": 48}, 99),
    ],
    ids=["BERT", "RoBERTa", "DistilBERT", "ModernBERT", "of any length"],
)
@torch.no_grad()
def test_a_saved_tokenizer_gives_as_many_tokens_as_the_model_has_places(
    tmp_path, kind, sizes, places
):
    learnt = learn_vocabulary(texts(), size=250)
    config = transformers.AutoConfig.for_model(kind, vocab_size=learnt.get_vocab_size(), **sizes)
    model = transformers.AutoModel.from_config(config).eval()
    reader = transformers.PreTrainedTokenizerFast(tokenizer_object=learnt, model_max_length=99)
    save_reader(reader, tmp_path, model=model)
    loaded = transformers.AutoTokenizer.from_pretrained(tmp_path)
    inputs = loaded("read it " * 200, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape == (1, places)
    assert torch.isfinite(model(**inputs).last_hidden_state).all()
    assert ("token_type_ids" in inputs) == (kind == "bert")


def test_a_shrunk_encoder_is_saved_with_a_tokenizer_that_fits(tmp_path):
    learnt = learn_vocabulary(texts(), size=250)
    config = transformers.BertConfig(
        vocab_size=learnt.get_vocab_size(),
        intermediate_size=48,
        max_position_embeddings=40,
        **TABLE,
    )
    save_small(transformers.BertModel(config), learnt, tmp_path, recipe={})
    model = transformers.AutoModel.from_pretrained(tmp_path)
    inputs = transformers.AutoTokenizer.from_pretrained(tmp_path)(
        "read it " * 200, truncation=True, return_tensors="pt"
    )
    assert inputs["input_ids"].shape == inputs["token_type_ids"].shape == (1, 40)
    assert model(**inputs).last_hidden_state.shape == (1, 40, 32)
