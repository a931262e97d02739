"""Smoothing leaves what an encoder computes as it is, and evens out what it reads."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402

from tonecheck.modelstore import TOKENIZER, shipped_root  # noqa: E402
from tonecheck.scorers.windows import Windows  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.mixture import read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402
from tonecheck.training.smoothing import smoothed  # noqa: E402

LARGE = 30.0


@pytest.fixture
def windows():
    tokenizer = Tokenizer.from_file(str(shipped_root() / "shrunk-en" / TOKENIZER))
    texts = ["Just google it.", "Thank you, that helped me a lot!", "You never read the question."]
    examples = [Example(text=text, targets={}, group="", source="") for text in texts]
    return Windows(tokenizer).cut([read_example(example) for example in examples])


@pytest.fixture
def uneven(tmp_path):
    """Return an encoder of which one channel is far larger than the others."""
    torch.manual_seed(4)
    config = transformers.BertConfig(
        vocab_size=11_000, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=256,
    )  # fmt: skip
    model = transformers.AutoModel.from_config(config)
    with torch.no_grad():
        model.encoder.layer[0].attention.output.LayerNorm.weight[7] = LARGE
    model.save_pretrained(tmp_path)
    return ToneEncoder(tmp_path, {}, vocabulary=11_000)


@torch.no_grad()
def states(model, window):
    tokens, types = (torch.from_numpy(found[None]) for found in (window.tokens, window.types))
    return model.eval().model.bert(input_ids=tokens, token_type_ids=types).last_hidden_state


def test_nothing_changes_but_the_sizes(uneven, windows):
    even = smoothed(uneven, windows)
    for window in windows:
        before, after = (states(model, window) for model in (uneven, even))
        assert before.std() > 0.1
        torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_the_large_channel_is_no_longer_large_where_it_is_read(uneven, windows):
    read = {}
    even = smoothed(uneven, windows)
    for name, model in (("before", uneven), ("after", even)):
        layer = model.model.bert.encoder.layer[0].intermediate.dense
        layer = getattr(layer, "layer", layer)
        layer.register_forward_hook(
            lambda _, inputs, __, name=name: read.update({name: inputs[0].float().abs()})
        )
        predict(model, windows, 3)
    largest = {name: found.reshape(-1, 32).amax(0) for name, found in read.items()}
    assert largest["before"].argmax() == 7
    assert largest["before"].max() > 10 * largest["before"].median()
    assert largest["after"].max() < 6 * largest["after"].median()


def test_the_encoder_itself_is_left_as_it_was(uneven, windows):
    kept = {name: part.clone() for name, part in uneven.state_dict().items()}
    smoothed(uneven, windows)
    assert all(torch.equal(part, kept[name]) for name, part in uneven.state_dict().items())
