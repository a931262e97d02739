"""Fine-tuning: which round is kept, how weights are averaged, and how fast what learns."""

import math
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch.optim.optimizer import register_optimizer_step_pre_hook  # noqa: E402

from tonecheck.labels import TONES, Tone  # noqa: E402
from tonecheck.training import finetune as module  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.finetune import (  # noqa: E402
    Finetuning,
    _usual_rate,
    finetune,
    held_out_score,
)
from tonecheck.training.mixture import Mixture, Pool, read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402

REPLIES = {
    "You are a fool": 1.0,
    "You are kind": 0.0,
    "Read the notes": 0.0,
    "Your page is late": 0.6,
    "Whatever fool": 1.0,
}
BATCHES = 5  # a round: each reply is one

pytestmark = pytest.mark.usefixtures("steady")


@pytest.fixture
def tune(tiny_bert):
    """Fine-tunes for as many rounds as there are scores, and notes the weights that are scored."""

    def run(*scores, say=lambda line: None, **settings):
        examples = [
            Example(text=text, targets={Tone.HOSTILITY: target}, group=text, source="s")
            for text, target in REPLIES.items()
        ]
        pools = [Pool(examples=examples, drawn=BATCHES, weight=1.0)]
        scored = []

        def score(model):
            scored.append(weights(model))
            return scores[len(scored) - 1]

        model = finetune(
            mixture=Mixture(pools, tiny_bert.windows, names={}, batch_tokens=16),
            settings=Finetuning(rounds=len(scores), **{"rate": 1e-3, **settings}),
            score=score,
            say=say,
            **tiny_bert.named,
        )
        return weights(model), scored

    return run


@pytest.fixture
def steps():
    """The rates before each step of an optimizer: its groups, as they are then."""
    seen = []

    def note(optimizer, *_):
        seen.append(
            [(group["lr"], group["peak"], group["params"]) for group in optimizer.param_groups]
        )

    handle = register_optimizer_step_pre_hook(note)
    yield seen
    handle.remove()


@pytest.fixture
def learning(monkeypatch):
    """The model that learns, and its weights before each step."""

    class Watched(ToneEncoder):
        models, before = [], []

        def loss(self, batch, device):
            if self not in self.models:
                self.models.append(self)
            self.before.append(weights(self))
            return super().loss(batch, device)

    monkeypatch.setattr(module, "ToneEncoder", Watched)
    return Watched


def weights(model):
    return {name: part.clone() for name, part in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(part, other[name]) for name, part in one.items())


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ((0.9, 0.5, 0.1), 0),
        ((0.1, 0.9, 0.5), 1),
        ((0.1, 0.5, 0.9), 2),
        ((0.5, 0.5, 0.5), 0),
        ((-3.0, -1.0, -2.0), 1),
    ],
    ids=["first", "second", "last", "a tie goes to the first", "below nought"],
)
def test_the_best_round_is_kept_whichever_it_is(tune, scores, best):
    kept, scored = tune(*scores)
    assert [same(kept, found) for found in scored] == [place == best for place in range(3)]


def test_each_round_is_told_with_its_score(tune):
    said = []
    tune(0.75, 0.5, say=said.append)
    assert len(said) == 2
    for number, (line, score) in enumerate(zip(said, ("0.7500", "0.5000"), strict=True), start=1):
        pattern = rf"round {number} of 2: loss \d\.\d{{3}}, held-out mean AUC {score}"
        assert re.fullmatch(pattern, line)


@pytest.mark.parametrize("most", [0.0, 0.5, 0.995])
def test_weights_are_averaged_over_the_steps_and_early_ones_fade(tune, learning, most):
    kept, _ = tune(0.1, 0.2, 0.3, averaged=most)
    (model,) = learning.models
    average, *after = [*learning.before, weights(model)]
    assert len(after) == 3 * BATCHES
    for step, learned in enumerate(after):
        share = min(most, (1 + step) / (10 + step))
        average = {
            name: share * part + (1 - share) * learned[name] for name, part in average.items()
        }
    assert same(kept, after[-1]) == (most == 0.0)
    for name, part in average.items():
        torch.testing.assert_close(kept[name], part, rtol=1e-5, atol=1e-6)


def test_rates_warm_up_and_fall_in_a_cosine_to_next_to_nothing(tune, steps):
    tune(0.1, 0.2, 0.3, 0.4, warmup=0.2)
    shares = [{round(rate / peak, 9) for rate, peak, _ in groups} for groups in steps]
    assert all(len(found) == 1 for found in shares)  # layers differ in their rates, not in the pace
    (*pace,) = (found.pop() for found in shares)
    assert pace[:4] == pytest.approx([0.005, 0.255, 0.505, 0.755])
    falling = [(1 + math.cos(math.pi * place / 16)) / 2 for place in range(16)]
    assert pace[4:] == pytest.approx(falling)
    assert pace[-1] < 0.01


def test_layers_learn_slower_the_deeper_they_lie_and_heads_fastest(tiny_bert):
    model = ToneEncoder(names={"questions": ("polite",)}, **tiny_bert.named)
    paces = {
        id(parameter): group["peak"]
        for group in model.groups(1e-3, 2e-3, 0.5)
        for parameter in group["params"]
    }
    expected = {
        "model.bert.embeddings.": 2.5e-4,
        "model.bert.encoder.layer.0.": 5e-4,
        "model.bert.encoder.layer.1.": 1e-3,
        "model.bert.pooler.": 2e-3,
        "model.classifier.": 2e-3,
        "evidence.": 2e-3,
        "own.questions.": 2e-3,
    }
    found = {name: paces.pop(id(parameter)) for name, parameter in model.named_parameters()}
    assert not paces
    for start, pace in expected.items():
        mine = [found.pop(name) for name in list(found) if name.startswith(start)]
        assert mine
        assert mine == pytest.approx([pace] * len(mine)), start
    assert not found


@pytest.mark.parametrize(("asked", "rate"), [(1e-3, 1e-3), (None, 4e-4)], ids=["asked", "usual"])
def test_the_last_layer_has_the_rate_that_is_asked_for_or_the_usual_one(
    tune, steps, learning, asked, rate
):
    tune(0.1, rate=asked, layer_decay=0.5)
    (model,) = learning.models
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    peaks = {names[id(part)]: peak for _, peak, params in steps[0] for part in params}
    layer = "model.bert.encoder.layer.{}.output.dense.weight".format
    assert peaks[layer(1)] == pytest.approx(rate)
    assert peaks[layer(0)] == pytest.approx(rate / 2)
    assert peaks["model.classifier.weight"] == pytest.approx(2 * rate)


@pytest.mark.parametrize(
    ("millions", "rate"), [(9, 4e-4), (11, 2e-4), (29, 2e-4), (31, 5e-5), (110, 5e-5)]
)
def test_large_encoders_learn_slower_than_small_ones(millions, rate):
    model = torch.nn.Linear(1000, 1000 * millions, bias=False, device="meta")
    assert _usual_rate(model) == rate


def test_biases_and_norms_do_not_decay(tiny_bert):
    model = ToneEncoder(names={}, **tiny_bert.named)
    decays = {
        id(parameter): group["weight_decay"]
        for group in model.groups(1e-3, 2e-3, 0.5)
        for parameter in group["params"]
    }
    for name, parameter in model.named_parameters():
        plain = name.endswith(".bias") or "LayerNorm" in name
        assert decays[id(parameter)] == (0.0 if plain else 0.01), name


def test_the_same_seed_gives_the_same_weights_and_another_others(tune):
    first, again, other = (tune(0.5, seed=seed)[0] for seed in (3, 3, 4))
    assert same(first, again)
    moved = [name for name, part in first.items() if not torch.equal(part, other[name])]
    assert {"evidence.weight", "model.classifier.weight"} < set(moved)
    assert "model.bert.encoder.layer.0.output.dense.weight" in moved


@pytest.fixture
def ranked(tiny_bert):
    """A model, and the replies in the order in which it finds each tone more likely."""
    torch.manual_seed(5)
    model = ToneEncoder(names={}, **tiny_bert.named)
    plain = [Example(text=text, targets={}, group=text, source="s") for text in REPLIES]
    windows = tiny_bert.windows.cut([read_example(example) for example in plain])
    raw = np.zeros((len(plain), len(TONES)))
    while any(len(set(column)) < len(plain) for column in raw.T.tolist()):  # two are level
        torch.nn.init.normal_(model.model.classifier.weight)
        raw = predict(model, windows, len(plain))
    texts = list(REPLIES)
    orders = {
        tone: [texts[row] for row in raw[:, column].argsort()] for column, tone in enumerate(TONES)
    }
    return model, orders


@pytest.mark.parametrize(
    ("severities", "score"),
    [
        # From the reply that the model finds least likely to carry the tone to the most likely.
        (((0, 0, 0, 1, 2), (0, 1, 0, 1, 0), (1, 1, 0, 0, 0)), (1 + 0.5 + 0) / 3),
        (((0, 0, 0, 1, 2), (0, 1, 0, 1, 0), (0, 0, 0, 0, 0)), (1 + 0.5) / 2),
        (((0, 0, 0, 1, 2), (1, 1, 2, 1, 1), (0, 0, 0, 0, 0)), 1.0),
        (((0, 1, 0, 0, 2), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)), 4 / 6),
        (((0.4, 0.4, 0.4, 0.4, 0.5), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)), 1.0),
        (((0, 0, 0, 0, 0), (2, 2, 2, 2, 2), (0, 0, 0, 0, 0)), 0.5),
    ],
    ids=["three tones", "two", "one", "in between", "a split vote is a yes", "nothing to tell"],
)
def test_a_model_s_score_is_its_mean_auc_over_tones_that_some_replies_carry(
    tiny_bert, ranked, severities, score
):
    model, orders = ranked
    found = {text: {} for text in REPLIES}
    for tone, column in zip(TONES, severities, strict=True):
        for text, severity in zip(orders[tone], column, strict=True):
            found[text][tone] = float(severity)
    examples = [
        Example(text=text, targets={}, severities=said, group=text, source="s")
        for text, said in found.items()
    ]
    assert held_out_score(examples, tiny_bert.windows)(model) == pytest.approx(score)
