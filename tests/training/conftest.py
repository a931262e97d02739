from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tonecheck.scorers.windows import Windows
from tonecheck.training.vocabulary import SPECIAL, learn_vocabulary

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
def tiny_bert(tmp_path_factory):
    torch, transformers = map(pytest.importorskip, ("torch", "transformers"))
    folder = tmp_path_factory.mktemp("tiny-bert")
    tokenizer = learn_vocabulary(TEXTS * 4, size=250)
    state = torch.get_rng_state()
    torch.manual_seed(8)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=48, max_position_embeddings=256,
        pad_token_id=SPECIAL.index("[PAD]"),
        initializer_range=0.2,  # ten times the usual, so that texts come out far apart
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    torch.set_rng_state(state)
    return TinyBert(
        folder=folder, vocabulary=tokenizer.get_vocab_size(), windows=Windows(tokenizer)
    )


@pytest.fixture
def steady(monkeypatch):
    """One thread of the processor: only there do sums of numbers come out the same each time."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
