from contextlib import nullcontext
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
    MASKED,
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


def pack_of(rows):
    """A pack of sequences of the shortest length."""
    return Pack(
        {length: rows if length == 32 else np.empty((0, length), np.uint16) for length in LENGTHS}
    )


def trained(data, state, schedule=QUICK):
    said = []
    return pretrain(data, SHAPE, schedule=schedule, state=state, say=said.append), said


def test_a_little_training_lowers_the_generator_s_loss(data, tmp_path):
    _, said = trained(data, tmp_path / "state.pt")
    losses = [line["generator_loss"] for line in said]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.5
    assert all(np.isfinite(losses))


def test_the_encoder_learns_to_name_the_tokens_that_were_replaced(tmp_path):
    # Each text says one word over and over, so that another word stands out.
    rows = np.full((40, 32), PAD, dtype=np.uint16)
    rows[:, 0], rows[:, 29] = CLS, SEP
    rows[:, 1:29] = np.arange(40)[:, None] % 8 + MASK + 1
    said = trained(pack_of(rows), tmp_path / "state.pt", replace(QUICK, minutes=5, rate=3e-3))[1]
    last = said[-10:]
    # What it costs to say of every token how many are replaced, which names none of them.
    guessed = -MASKED * np.log(MASKED) - (1 - MASKED) * np.log(1 - MASKED)
    assert np.mean([line["loss"] for line in last]) < 0.6 * guessed < said[0]["loss"]
    assert np.mean([line["replaced_found"] for line in last]) > 0.5


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


@pytest.mark.usefixtures("steady")
def test_a_run_that_was_cut_off_learns_on_step_for_step_as_if_it_had_not_been(tmp_path):
    # All texts are one and each step draws by its number, so that only what is kept can differ.
    text = [CLS, *(MASK + 1 + np.arange(28) % 8), SEP, PAD, PAD]
    data = pack_of(np.array([text] * 8, dtype=np.uint16))
    schedule = replace(QUICK, warmup=12, save_minutes=0.2)

    def run(state, *, begins=0, stops=None):
        def say(line):
            said.append({key: value for key, value in line.items() if key != "seconds"})
            torch.manual_seed(line["step"])
            if line["step"] == stops:
                raise KeyboardInterrupt("cut off")

        def start(model):
            torch.manual_seed(begins)

        said = []
        stopped = pytest.raises(KeyboardInterrupt, match="cut off") if stops else nullcontext()
        with stopped:
            pretrain(data, SHAPE, schedule=schedule, state=tmp_path / state, say=say, start=start)
        return said

    whole = run("whole.pt")
    first = run("cut.pt", stops=10)
    second = run("cut.pt", begins=7)  # after which its state was saved
    assert [line["step"] for line in first[:7] + second[:13]] == list(range(1, 21))
    assert first[:7] + second[:13] == whole[:20]


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


@pytest.mark.parametrize(("guess", "cost"), [(9, 0.0), (10, 20.0)], ids=["right", "wrong"])
def test_a_token_that_the_generator_guesses_right_is_not_replaced(guess, cost):
    model = Electra(SHAPE)
    with torch.no_grad():
        model.bias[guess] = 1e4  # so that it guesses nothing else
        model.detect[-1].weight.zero_()
        model.detect[-1].bias.fill_(-20.0)  # so that the encoder says that nothing is replaced
    torch.manual_seed(1)
    tokens = torch.full((4, 50), 9)
    _, loss, named = model(tokens)
    torch.manual_seed(1)
    replaced = (torch.rand(tokens.shape) < MASKED).float().mean().item()
    assert 0.1 < replaced < 0.2
    assert loss.item() == pytest.approx(cost * replaced, abs=1e-5)
    assert named == 0


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
