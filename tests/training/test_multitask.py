"""What each head of the encoder learns, and how much its mistakes cost beside the others'."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tonecheck.labels import TONES, Tone  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.mixture import Mixture, Pool  # noqa: E402
from tonecheck.training.multitask import (  # noqa: E402
    EVIDENCE_WEIGHT,
    LABELS_WEIGHT,
    ToneEncoder,
)

NAMES = {"kindness": ("kind", "rude"), "pushing": ("strength",)}
UNDECIDED = math.log(2)  # what a head costs that says one half of everything

pytestmark = pytest.mark.usefixtures("steady")

KIND = ["Thank you and be kind.", "Thank you, please read the notes.", "Your notes are kind."]
RUDE = ["You are a fool and late.", "Whatever fool, read the notes.", "Your question is late."]
PUSHING = {
    "Read the second page.": 0.1,
    "Read the second page now.": 0.5,
    "Buy the big course now or be late.": 0.9,
}


def own(source, text, **labels):
    """A reply with labels of its corpus, which says nothing of our tones."""
    return Example(text=text, targets={}, labels=labels, group=text, source=source)


def toned(text, *, hostility=None, words=()):
    """A reply that says something of hostility, or in which words carry it, or neither."""
    spans = tuple((text.index(word), text.index(word) + len(word)) for word in words)
    return Example(
        text=text,
        targets={} if hostility is None else {Tone.HOSTILITY: hostility},
        marked={Tone.HOSTILITY: spans} if spans else {},
        group=text,
        source="forum",
    )


CLASSES = [own("kindness", text, kind=1.0) for text in KIND] + [
    own("kindness", text, rude=1.0) for text in RUDE
]
DEGREES = [own("pushing", text, strength=value) for text, value in PUSHING.items()]
MARKED = [
    toned(f"{before} fool{after}", words=["fool"])
    for before in ("You are a", "Whatever", "Read it, you", "A late")
    for after in (".", ", be kind.", " now, please!")
]


@pytest.fixture
def batch_of(tiny_bert):
    """Makes one batch of examples, in no order."""

    def make(examples, weight=1.0):
        pool = Pool(examples=examples, drawn=len(examples), weight=weight)
        mixture = Mixture([pool], tiny_bert.windows, names=NAMES)
        (batch,) = mixture.round(np.random.default_rng(1))
        return batch

    return make


@pytest.fixture
def model(tiny_bert):
    torch.manual_seed(6)
    return ToneEncoder(names=NAMES, **tiny_bert.named)


@pytest.fixture
def undecided(model):
    """An encoder whose heads say one half of everything."""
    with torch.no_grad():
        for head in (model.model.classifier, model.evidence, *model.own.values()):
            head.weight.zero_()
            head.bias.zero_()
    return model.eval()


def learn(model, batch, steps=40):
    """Take some steps; return what the batch cost before them and after, without dropout."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    costs = []
    for step in range(steps + 1):
        model.train(0 < step < steps)
        loss = model.loss(batch, "cpu")
        costs.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return costs[0], costs[-1]


@torch.no_grad()
def read(model, batch):
    """What the heads make of a batch: by corpus the own labels, and each token's evidence."""
    tokens, mask, types = map(torch.from_numpy, (batch.tokens, batch.mask, batch.types))
    _, evidence, states = model.eval()(tokens, mask, types)
    pooled = torch.stack([row[kept == 1].mean(0) for row, kept in zip(states, mask, strict=True)])
    said = {name: torch.sigmoid(head(pooled)).numpy() for name, head in model.own.items()}
    return said, torch.sigmoid(evidence).numpy()


def evidence_of(model, batch):
    """How likely marked words carry hostility to the model, and how likely the others do."""
    evidence = read(model, batch)[1][:, :, TONES.index(Tone.HOSTILITY)]
    marked = batch.evidence[:, :, TONES.index(Tone.HOSTILITY)] == 1
    beside = (batch.evidence_weights[:, :, TONES.index(Tone.HOSTILITY)] > 0) & ~marked
    return evidence[marked], evidence[beside]


def test_classes_of_a_corpus_s_own_are_learned(model, batch_of):
    batch = batch_of(CLASSES)
    before, after = learn(model, batch)
    assert after < 0.3 * before
    rows, labels = batch.labels["kindness"]
    said = read(model, batch)[0]["kindness"][rows]
    assert ((said > 0.5) == (labels == 1)).all()
    assert labels.sum(axis=0).tolist() == [3, 3]


def test_own_labels_are_those_of_their_reply_wherever_it_stands_in_the_batch(model, batch_of):
    batch = batch_of([toned("Be late."), *DEGREES, toned("Be kind."), *CLASSES])
    learn(model, batch)
    rows, labels = batch.labels["kindness"]
    assert rows[0] > 1
    assert ((read(model, batch)[0]["kindness"][rows] > 0.5) == (labels == 1)).all()


def test_own_labels_are_read_from_the_mean_of_a_reply_s_tokens(model, batch_of):
    batch = batch_of(CLASSES)
    rows, labels = batch.labels["kindness"]
    said = read(model, batch)[0]["kindness"][rows]
    cost = -np.log(np.where(labels == 1, said, 1 - said)).sum(axis=1).mean()
    assert model.loss(batch, "cpu").item() == pytest.approx(LABELS_WEIGHT * cost, rel=1e-4)


def test_degrees_of_a_corpus_s_own_are_learned_as_degrees(model, batch_of):
    batch = batch_of(DEGREES)
    before, after = learn(model, batch, steps=120)
    entropy = np.mean([-p * math.log(p) - (1 - p) * math.log(1 - p) for p in (0.1, 0.5, 0.9)])
    assert LABELS_WEIGHT * entropy <= after < before  # no answer costs less than the right one
    rows, labels = batch.labels["pushing"]
    assert sorted(labels[:, 0].tolist()) == pytest.approx([0.1, 0.5, 0.9])
    assert read(model, batch)[0]["pushing"][rows] == pytest.approx(labels, abs=0.15)


def test_marked_words_get_more_evidence_than_the_others(model, batch_of):
    batch = batch_of(MARKED)
    before, after = learn(model, batch)
    assert after < 0.3 * before
    new = batch_of([toned("You read it late, a fool.", words=["fool"])])
    (marked, beside), (newly, new_beside) = (evidence_of(model, seen) for seen in (batch, new))
    assert (len(marked), len(newly)) == (len(MARKED), 1)
    assert marked.min() > 0.5 > beside.max()
    assert newly.mean() > new_beside.mean() + 0.3


def test_words_that_carry_no_tone_that_is_known_teach_no_evidence(model, batch_of):
    loss = model.loss(batch_of([toned("You are a fool."), *CLASSES]), "cpu")
    loss.backward()
    assert not model.evidence.weight.grad.any()


def test_own_labels_teach_the_encoder_and_no_head_but_their_own(model, batch_of):
    model.loss(batch_of(CLASSES), "cpu").backward()
    assert model.own["kindness"].weight.grad.any()
    assert model.own["pushing"].weight.grad is None
    assert not model.model.classifier.weight.grad.any()
    for name, parameter in model.named_parameters():
        if ".layer." in name and name.endswith("dense.weight"):
            assert parameter.grad.any(), name


@pytest.mark.parametrize(
    ("examples", "cost"),
    [
        (CLASSES, 2 * LABELS_WEIGHT),
        (DEGREES, LABELS_WEIGHT),
        ([*CLASSES[:3], *DEGREES[:1]], LABELS_WEIGHT * (2 * 3 / 4 + 1 / 4)),
        (MARKED[:2], EVIDENCE_WEIGHT),
        ([*MARKED[:2], *[toned("Be kind.")] * 6], EVIDENCE_WEIGHT),
        ([toned("Be kind.", hostility=0.0)] * 2, 1 / 3),
        ([toned("Be kind.", hostility=0.0), toned("Be late.")], 1 / 6),
        ([*MARKED[:2], *CLASSES[:2]], EVIDENCE_WEIGHT + LABELS_WEIGHT * 2 / 2),
    ],
    ids=[
        "each label counts", "one label", "by the share of the batch", "marked words",
        "marked words among many", "one tone of three", "one reply of two", "all together",
    ],
)  # fmt: skip
def test_heads_that_know_nothing_cost_as_much_as_their_weights_say(
    undecided, batch_of, examples, cost
):
    loss = undecided.loss(batch_of(examples), "cpu")
    assert loss.item() == pytest.approx(cost * UNDECIDED, rel=1e-5)


@pytest.mark.parametrize("weight", [1.0, 0.25, 0.0])
def test_replies_that_count_little_cost_little(undecided, batch_of, weight):
    batch = batch_of([toned("Be kind.", hostility=0.0)] * 2, weight=weight)
    assert undecided.loss(batch, "cpu").item() == pytest.approx(weight * UNDECIDED / 3, abs=1e-6)


def test_padding_changes_no_loss(model, batch_of):
    batch = batch_of([*CLASSES, *DEGREES, *MARKED, toned("You are a fool.", hostility=1.0)])
    tokens, mask, types = (
        np.pad(part, [(0, 0), (0, 32)]) for part in (batch.tokens, batch.mask, batch.types)
    )
    evidence, counts = (
        np.pad(part, [(0, 0), (0, 32), (0, 0)]) for part in (batch.evidence, batch.evidence_weights)
    )
    longer = replace(
        batch, tokens=tokens, mask=mask, types=types, evidence=evidence, evidence_weights=counts
    )
    model.eval()
    assert model.loss(longer, "cpu").item() == pytest.approx(model.loss(batch, "cpu").item())
