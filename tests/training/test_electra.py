from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tonecheck.errors import InputError  # noqa: E402
from tonecheck.training import electra  # noqa: E402
from tonecheck.training.electra import (  # noqa: E402
    Electra,
    Schedule,
    Shape,
    _sampled,
    describe,
    encoder_config,
    pretrain,
)
from tonecheck.training.packing import LENGTHS, Pack  # noqa: E402
from tonecheck.training.pretrained import save_pretrained, start_from  # noqa: E402
from tonecheck.training.vocabulary import CLS, MASK, PAD, SEP, learn_vocabulary  # noqa: E402

WORDS = 40
SHAPE = Shape(
    vocabulary=WORDS, layers=1, width=32, inner=32, heads=2, generator_layers=1, generator_width=16
)
QUICK = Schedule(minutes=2, batch_tokens=256, rate=5e-3, warmup=5)


@pytest.fixture(scope="module")
def data():
    """Sequences that go round eight of the words, so that there is something to learn."""
    random = np.random.default_rng(3)
    rows = {}
    for length in LENGTHS:
        first = random.integers(0, 8, size=(40, 1))
        body = (first + np.arange(length - 4)) % 8 + MASK + 1
        rows[length] = np.full((40, length), PAD, dtype=np.uint16)
        rows[length][:, 0] = CLS
        rows[length][:, 1 : length - 3] = body
        rows[length][:, length - 3] = SEP
    return Pack(rows)


@pytest.fixture(autouse=True)
def _steady(monkeypatch):
    """A clock that moves on by a second whenever it is read: twice a step, as a rule."""
    clock = count()
    monkeypatch.setattr(electra, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(electra, "_SAY_EVERY", 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def saved(monkeypatch):
    """The steps at which a state was saved."""
    steps, save = [], electra._save

    def spy(*args, step, **progress):
        steps.append(step)
        save(*args, step=step, **progress)

    monkeypatch.setattr(electra, "_save", spy)
    return steps


def trained(data, state, schedule=QUICK):
    said = []
    return pretrain(data, SHAPE, schedule=schedule, state=state, say=said.append), said


def test_a_little_training_lowers_the_generator_s_loss(data, tmp_path):
    _, said = trained(data, tmp_path / "state.pt")
    losses = [line["generator_loss"] for line in said]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.5
    assert all(np.isfinite(losses))


def test_a_later_run_goes_on_where_the_first_one_ended(data, tmp_path):
    state = tmp_path / "state.pt"
    _, first = trained(data, state)
    done = torch.load(state, weights_only=True)
    assert (done["step"], done["tokens"]) == (first[-1]["step"], first[-1]["tokens"])
    assert done["seconds"] == pytest.approx(60 * QUICK.minutes, abs=2)
    longer = replace(QUICK, minutes=2 * QUICK.minutes)
    _, second = trained(data, state, longer)
    assert [line["step"] for line in second] == list(range(len(first) + 1, second[-1]["step"] + 1))
    assert len(second) == pytest.approx(len(first), abs=1)
    assert second[0]["tokens"] > done["tokens"]
    assert second[0]["seconds"] > done["seconds"]
    assert second[0]["generator_loss"] < first[0]["generator_loss"]
    ended = torch.load(state, weights_only=True)["seconds"]
    assert ended == pytest.approx(60 * longer.minutes, abs=2)


def test_a_run_whose_time_is_up_only_loads_the_model(data, tmp_path):
    state = tmp_path / "state.pt"
    first, _ = trained(data, state)
    again, said = trained(data, state)
    assert said == []
    for name, values in first.state_dict().items():
        assert torch.equal(values, again.state_dict()[name])


def test_checkpoints_are_written_on_the_way_and_at_the_end(data, tmp_path, saved):
    brief = replace(QUICK, minutes=0.5, save_minutes=0.2)
    _, said = trained(data, tmp_path / "state.pt", brief)
    assert saved == [7, 14, len(said)]
    assert list(tmp_path.iterdir()) == [tmp_path / "state.pt"]


def test_a_resumed_run_does_not_begin_with_a_checkpoint(data, tmp_path, saved):
    brief = replace(QUICK, minutes=0.5, save_minutes=0.2)
    trained(data, tmp_path / "state.pt", brief)
    saved.clear()
    _, said = trained(data, tmp_path / "state.pt", replace(brief, minutes=1.0))
    assert saved[0] == said[6]["step"]


def test_texts_that_fill_no_batch_are_refused(data, tmp_path):
    with pytest.raises(InputError, match=r"fill no batch of 10000000 tokens\. Pack more texts"):
        trained(data, tmp_path / "state.pt", replace(QUICK, batch_tokens=10_000_000))


def test_the_rate_warms_up_stays_and_falls_to_a_twentieth():
    schedule = Schedule(rate=1.0, warmup=10, flat=0.4)
    warming = [schedule.rate_at(step, 0.0) for step in range(10)]
    assert warming == pytest.approx(np.arange(1, 11) / 10)
    assert schedule.rate_at(500, 0.2) == schedule.rate_at(500, 0.4) == 1.0
    assert schedule.rate_at(500, 0.7) == pytest.approx(0.5)
    assert schedule.rate_at(500, 1.0) == schedule.rate_at(500, 1.2) == 0.05


def test_generator_and_encoder_share_the_word_embeddings():
    model = Electra(SHAPE)
    assert model.generator.embeddings.tok_embeddings.weight.numel() == SHAPE.generator_width
    tokens = torch.tensor([[CLS, *range(10, 30), SEP, PAD]])
    torch.manual_seed(1)
    generator_loss, loss, named = model(tokens)
    generator_loss.backward(retain_graph=True)
    assert model.words.weight.grad.abs().sum() > 0
    assert 0 < loss.item() < 2
    assert 0 <= named.item() <= 1


def test_tokens_are_drawn_as_often_as_their_odds_say():
    torch.manual_seed(1)
    odds = torch.tensor([0.7, 0.2, 0.1]).log().expand(20_000, 3)
    shares = torch.bincount(_sampled(odds), minlength=3) / 20_000
    assert shares.tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.02)


def test_every_layer_looks_at_the_whole_text():
    config = encoder_config(Shape(vocabulary=WORDS, layers=4))
    assert set(config.layer_types) == {"full_attention"}
    assert encoder_config(Shape(vocabulary=WORDS), generator=True).hidden_size == 128


def test_the_saved_folder_loads_as_any_hugging_face_model(tmp_path):
    tokenizer = learn_vocabulary(["the second chapter is short"] * 3, size=WORDS)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    shape = replace(SHAPE, vocabulary=tokenizer.get_vocab_size())
    save_pretrained(Electra(shape), tmp_path / "tokenizer.json", tmp_path / "out")
    loaded = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    encoded = loaded("the second", "chapter", return_tensors="pt")
    ids = encoded["input_ids"][0].tolist()
    assert ids == tokenizer.encode("the second", "chapter").ids
    assert (ids[0], ids.count(SEP), loaded.pad_token_id) == (CLS, 2, PAD)
    model = transformers.AutoModel.from_pretrained(tmp_path / "out").eval()
    states = model(
        input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
    ).last_hidden_state
    assert states.shape == (1, len(ids), SHAPE.width)
    assert set(model.config.layer_types) == {"full_attention"}


def test_a_later_run_starts_from_what_was_saved(data, tmp_path):
    vocabulary = tmp_path / "tokenizer.json"
    learn_vocabulary(["the second chapter is short"] * 3, size=WORDS).save(str(vocabulary))
    first = Electra(SHAPE)
    save_pretrained(first, vocabulary, tmp_path / "out")
    second = Electra(SHAPE)
    start_from(tmp_path / "out", second)
    for name, tensor in first.state_dict().items():
        assert torch.equal(second.state_dict()[name].to(tensor.dtype), tensor), name
    with pytest.raises(RuntimeError, match="size mismatch"):
        start_from(tmp_path / "out", Electra(replace(SHAPE, width=64)))


def test_the_recipe_names_shape_and_schedule():
    told = describe(SHAPE, QUICK)
    assert (told["shape"]["layers"], told["schedule"]["warmup"], told["masked"]) == (1, 5, 0.15)
