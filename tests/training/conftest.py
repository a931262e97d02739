import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from tonecheck.scorers.render import MARKS, render, render_parent
from tonecheck.scorers.windows import Windows
from tonecheck.training.vocabulary import CLS, FACES, SEP, SPECIAL, learn_vocabulary

TEXTS = [
    "You are a fool and your notes are late.",
    "Thank you and your notes are kind.",
    "Buy the big course now or be late.",
    "Read the second page of the notes, please.",
    "Whatever, who needs the second question?",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyBert:
    """A checkpoint of random weights, two layers deep, and what cuts texts for it."""

    folder: Path
    vocabulary: int
    windows: Windows

    @property
    def named(self) -> Mapping[str, object]:
        """Return what `ToneEncoder` and `finetune` are told of it."""
        return {"base": self.folder, "vocabulary": self.vocabulary}


@pytest.fixture(scope="session")
def pieces_of():
    """Makes a tokenizer that knows the words of texts, the same each time.

    What `learn_vocabulary` learns from little text is not: it breaks ties by chance.
    """
    pytest.importorskip("tokenizers")
    from tokenizers import models

    def make(texts):
        tokenizer = learn_vocabulary(texts)
        split, small = tokenizer.pre_tokenizer.pre_tokenize_str, tokenizer.normalizer.normalize_str
        words = {word for text in texts for word, _ in split(small(text))}
        letters = sorted({letter for word in words for letter in word} | {*ascii_lowercase})
        pieces = [*SPECIAL, *MARKS, *letters, *(f"##{letter}" for letter in letters)]
        known = dict.fromkeys([*pieces, *FACES, *sorted(words)])
        tokenizer.model = models.WordPiece(
            {piece: place for place, piece in enumerate(known)}, unk_token="[UNK]"
        )
        return tokenizer

    return make


@pytest.fixture(scope="session")
def bert_of(pieces_of):
    """Makes a BERT of random weights which knows token types, and its tokenizer, from texts."""
    torch, transformers = map(pytest.importorskip, ("torch", "transformers"))
    from tokenizers import processors

    def make(folder, texts, *, seed):
        tokenizer = pieces_of(texts)
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
        )
        names = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, **{f"{key}_token": name for key, name in names.items()}
        ).save_pretrained(folder)
        config = transformers.BertConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
            num_attention_heads=2, intermediate_size=48, max_position_embeddings=256,
            initializer_range=0.2,  # ten times the usual, so that texts come out far apart
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = transformers.BertModel(config)
        with torch.no_grad():
            model.pooler.dense.weight.mul_(5)  # for the same reason
        model.save_pretrained(folder)
        return tokenizer

    return make


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory, bert_of):
    folder = tmp_path_factory.mktemp("tiny-bert")
    tokenizer = bert_of(folder, TEXTS, seed=8)
    return TinyBert(
        folder=folder, vocabulary=tokenizer.get_vocab_size(), windows=Windows(tokenizer)
    )


@pytest.fixture(scope="session")
def corpora(part_of_ours):
    return part_of_ours(train=400, dev=80)


@pytest.fixture(scope="session")
def posts(tmp_path_factory):
    """A folder with unlabelled posts, for teachers to judge."""
    folder = tmp_path_factory.mktemp("posts")
    texts = [f"Page {n} of the notes says how to do step {n}." for n in range(60)]
    thread = [
        {"id": n, "parent": n - 1 if n else None, "text": text} for n, text in enumerate(texts)
    ]
    with lzma.open(folder / "iac_threads.jsonl.xz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": str(n), "posts": thread}) + "\n" for n in range(4))
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory, corpora, bert_of):
    """A BERT that knows the words of `corpora`."""
    folder = tmp_path_factory.mktemp("bert")
    file = corpora / "tonecheck_learning_train.jsonl"
    texts = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    bert_of(folder, texts, seed=1)
    return folder


@pytest.fixture(scope="session")
def both_graphs():
    """Writes an encoder's graphs into a folder: plain.onnx, and small.onnx of eight bits."""
    pytest.importorskip("onnxscript")
    from tonecheck.training import graph_export

    def write(model, folder):
        plain = folder / "plain.onnx"
        plain.write_bytes(graph_export.export_graph(model, quantise=False))
        with pytest.MonkeyPatch.context() as patch:
            # A second export would take most of the time, and give the same.
            content = plain.read_bytes()
            patch.setattr(graph_export, "_export", lambda _, path: path.write_bytes(content))
            (folder / "small.onnx").write_bytes(graph_export.export_graph(model))

    return write


@pytest.fixture(scope="session")
def said_by():
    """Lets a checkpoint say what it makes of replies and their parents, marked as we mark them."""
    torch = pytest.importorskip("torch")

    @torch.no_grad()
    def say(tokenizer, model, readings):
        said = []
        for item in readings:
            pair = render(item.prepared)[0], render_parent(item.parent) or None
            said.append(model(**tokenizer(*pair, return_tensors="pt")).logits[0].float().numpy())
        return np.array(said)

    return say


@pytest.fixture
def steady(monkeypatch):
    """One thread of the processor: only there do sums of numbers come out the same each time."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
