import numpy as np
import pytest

from tonecheck.labels import TONES, Tone
from tonecheck.scorers.windows import Windows
from tonecheck.training.examples import Example
from tonecheck.training.mixture import Mixture, Pool, read_example, token_evidence
from tonecheck.training.vocabulary import PAD, SEP, learn_vocabulary

PARENT = "How do I plot the residuals of this model?"
REPLIES = [
    "You are a lazy fool. Read the second chapter again.",
    "Plot them against the fitted values, and look for a curve.",
    "Just admit that you never opened the book. End of story.",
    "Whatever, who cares about residuals.",
    "I had the same question last week; page nine answers it well.",
]


def example(text, *, hostility=0.0, words=(), parent=PARENT, **options):
    severities = {tone: 0.0 for tone in TONES} | {Tone.HOSTILITY: hostility}
    return Example(
        text=text,
        parent=parent,
        targets={tone: min(1.0, value) for tone, value in severities.items()},
        severities=severities,
        evidence={Tone.HOSTILITY: tuple(words)},
        group="g",
        source="tonecheck_learning",
        **options,
    )


@pytest.fixture(scope="module")
def windows():
    return Windows(learn_vocabulary([*REPLIES, PARENT] * 4, size=300))


def mixture(windows, pools, **options):
    return Mixture(pools, windows, names={}, **options)


def rows_of(batches):
    return sum(len(batch.tokens) for batch in batches)


def test_a_round_reads_every_annotated_reply_once(windows):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=5, weight=1.0)
    batches = list(mixture(windows, [pool]).round(np.random.default_rng(1)))
    assert rows_of(batches) == 5
    first_tokens = {tuple(row[1:4]) for batch in batches for row in batch.tokens}
    assert len(first_tokens) == 5


def test_a_pool_may_be_read_in_part_or_more_than_once(windows):
    few = Pool(examples=[example(text) for text in REPLIES], drawn=2, weight=1.0)
    many = Pool(examples=[example(text) for text in REPLIES], drawn=12, weight=1.0)
    random = np.random.default_rng(1)
    assert rows_of(mixture(windows, [few]).round(random)) == 2
    assert rows_of(mixture(windows, [many]).round(random)) == 12


def test_padding_is_masked_and_says_nothing(windows):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=5, weight=0.7)
    for batch in mixture(windows, [pool]).round(np.random.default_rng(2)):
        assert ((batch.tokens == PAD) == (batch.mask == 0)).all()
        assert (batch.evidence_weights[batch.mask == 0] == 0).all()
        assert batch.weights.max() == pytest.approx(0.7)


def test_a_batch_holds_no_more_tokens_than_asked(windows):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=200, weight=1.0)
    for batch in mixture(windows, [pool], batch_tokens=128).round(np.random.default_rng(3)):
        assert batch.tokens.size <= 128


@pytest.mark.parametrize(("alone", "separators"), [(1.0, 1), (0.0, 2)])
def test_what_is_answered_is_left_out_as_often_as_asked(windows, alone, separators):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=5, weight=1.0)
    for batch in mixture(windows, [pool], alone=alone).round(np.random.default_rng(4)):
        assert ((batch.tokens == SEP).sum(axis=1) == separators).all()


@pytest.mark.parametrize(
    ("options", "share"),
    [({}, 0.15), ({"alone": 0.15}, 0.15), ({"alone": 0.5}, 0.5), ({"alone": 0.8}, 0.8)],
    ids=["as a rule", "seldom", "half of the time", "mostly"],
)
def test_what_is_answered_is_left_out_of_about_the_share_that_is_asked_for(windows, options, share):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=2000, weight=1.0)
    random = np.random.default_rng(7)
    separators = np.concatenate(
        [
            (batch.tokens == SEP).sum(axis=1)
            for batch in mixture(windows, [pool], **options).round(random)
        ]
    )
    assert len(separators) == 2000
    assert set(separators.tolist()) == {1, 2}
    assert (separators == 1).mean() == pytest.approx(share, abs=0.03)


def test_tokens_of_the_evidence_carry_the_tone(windows):
    case = example(REPLIES[0], hostility=2.0, words=["lazy fool"])
    reading = read_example(case)
    (window,) = windows.cut([reading])
    carries, counts = token_evidence(case, reading, window)
    text = reading.prepared.text
    carried = [
        text[start:end]
        for start, end, here in zip(window.starts, window.ends, carries[:, 0], strict=True)
        if here
    ]
    assert "".join(carried) == "lazyfool"
    assert carries[:, 1:].sum() == 0
    assert (counts[window.starts < 0] == 0).all()


def test_a_tone_without_marked_words_teaches_no_evidence(windows):
    case = example(REPLIES[0], hostility=2.0)
    reading = read_example(case)
    (window,) = windows.cut([reading])
    _, counts = token_evidence(case, reading, window)
    assert (counts[:, 0] == 0).all()
    assert (counts[window.starts >= 0, 1] > 0).all()


def test_own_labels_go_to_the_rows_of_their_corpus(windows):
    labelled = Example(
        text=REPLIES[1], targets={}, labels={"polite": 0.9}, group="q", source="questions"
    )
    pools = [
        Pool(examples=[example(text) for text in REPLIES], drawn=5, weight=1.0),
        Pool(examples=[labelled], drawn=1, weight=0.1),
    ]
    mixed = Mixture(pools, windows, names={"questions": ("polite", "rude")})
    found = [batch for batch in mixed.round(np.random.default_rng(5)) if batch.labels]
    ((rows, labels),) = [batch.labels["questions"] for batch in found]
    assert labels.tolist() == [[pytest.approx(0.9), 0.0]]
    assert (found[0].weights[rows] == 0).all()


def test_the_same_seed_draws_the_same_batches(windows):
    pool = Pool(examples=[example(text) for text in REPLIES], drawn=20, weight=1.0, augment=True)
    one, other = (
        [batch.tokens.tolist() for batch in mixture(windows, [pool]).round(random)]
        for random in (np.random.default_rng(6), np.random.default_rng(6))
    )
    assert one == other
