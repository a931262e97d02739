import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.labels import TONES, Tone
from tonecheck.prepare import prepare
from tonecheck.reading import CueHit, Reading
from tonecheck.scorers import features
from tonecheck.scorers.linear import LinearScorer, split_sentences
from tonecheck.scorers.logistic import sigmoid
from tonecheck.scorers.ngrams import BUCKET_BITS

KINDS = ("insult", "rtfm")
replies = st.text(alphabet="abcde fg.!?\n'ÄЖ🙂", max_size=80)


@pytest.fixture(scope="module")
def scorer():
    random = np.random.default_rng(7)
    size = 1 << BUCKET_BITS
    weights = {
        "words": random.normal(size=(size, 3)).astype(np.float32),
        "chars": random.normal(size=(size, 3)).astype(np.float32),
        "features": random.normal(size=(len(features.columns(KINDS)), 3)).astype(np.float32),
        "bias": random.normal(size=3).astype(np.float32),
    }
    calibration = np.array([[1.0, 0.0], [2.0, -1.0], [0.5, 0.5]])
    return LinearScorer(weights, kinds=KINDS, calibration=calibration)


def reading(text, parent="", hits=()):
    return Reading(prepared=prepare(text), parent=parent, hits=hits)


def hit(start, end, *, kind="insult", strength=0.8):
    return CueHit(
        start=start, end=end, cue="c", kind=kind, tone=Tone.HOSTILITY, strength=strength, says="s"
    )


def contributions(scorer, item):
    return scorer.judge([item]).contributions({0: TONES})[0]


def test_no_readings_give_no_rows(scorer):
    assert scorer.judge([]).probabilities.shape == (0, 3)
    assert scorer.judge([]).contributions({}) == {}


def test_a_reading_without_words_has_a_defined_score(scorer):
    assert np.isfinite(scorer.judge([reading("")]).probabilities).all()
    assert contributions(scorer, reading("")) == dict.fromkeys(TONES, ())


@settings(max_examples=60, deadline=None)
@given(st.lists(replies, min_size=1, max_size=5))
def test_a_score_does_not_depend_on_the_batch(scorer, texts):
    readings = [reading(text) for text in texts]
    together = scorer.judge(readings).probabilities
    for row, alone in enumerate(readings):
        assert scorer.judge([alone]).probabilities[0].tolist() == together[row].tolist()
    assert scorer.judge(readings[::-1]).probabilities[::-1].tolist() == together.tolist()


@settings(max_examples=60, deadline=None)
@given(replies)
def test_what_words_add_makes_up_the_log_odds(scorer, text):
    item = reading(text)
    added = contributions(scorer, item)
    if not item.prepared.text.strip():
        return
    dense = features.matrix([item], KINDS) @ scorer._weights["features"]
    expected = scorer.raw([item])[0] - dense[0] - scorer._weights["bias"]
    for column, tone in enumerate(TONES):
        total = sum(part.weight for part in added[tone])
        assert total == pytest.approx(expected[column], abs=1e-6)


def test_a_cue_s_weight_goes_to_its_words(scorer):
    plain, cued = reading("you utter fool"), reading("you utter fool", hits=(hit(10, 14),))
    before, after = contributions(scorer, plain), contributions(scorer, cued)
    weight = scorer._weights["features"][features.columns(KINDS).index("kind:insult")]
    for column, tone in enumerate(TONES):
        gained = [b.weight - a.weight for a, b in zip(before[tone], after[tone], strict=True)]
        assert gained == pytest.approx([0, 0, weight[column]], abs=1e-6)


def test_contributions_are_whole_words_in_order(scorer):
    text = "no. you are wrong, again"
    parts = contributions(scorer, reading(text))[Tone.HOSTILITY]
    assert [text[part.start : part.end] for part in parts] == text.split()


def test_sentences_end_at_marks_and_lines():
    found = split_sentences([reading("One. Two?! e.g.this\nthree"), reading("")])
    assert found.texts == ["One.", "Two?!", "e.g.this", "three", ""]
    assert found.rows.tolist() == [0, 0, 0, 0, 1]


def test_the_strongest_sentence_counts_once_more(scorer, monkeypatch):
    both = reading("aa bb. ab cd ef.")
    alone = [reading("aa bb."), reading("ab cd ef.")]
    monkeypatch.setattr("tonecheck.scorers.linear.SENTENCE_SHARE", 0.0)
    without = scorer.raw([both])[0]
    rest = features.matrix(alone, KINDS) @ scorer._weights["features"] + scorer._weights["bias"]
    strongest = (scorer.raw(alone) - rest).max(axis=0)
    monkeypatch.setattr("tonecheck.scorers.linear.SENTENCE_SHARE", 0.5)
    assert scorer.raw([both])[0] == pytest.approx(without + 0.5 * strongest, abs=1e-6)


def test_feature_columns_match_their_names():
    values = features.matrix([reading("You, WHY ask? 🙂", parent="what is it?")], KINDS)[0]
    named = dict(zip(features.columns(KINDS), values, strict=True))
    assert named["starts_with_you"] == 1.0
    assert named["has_parent"] == named["parent_asks"] == 1.0
    assert named["short_answer_to_question"] == 1.0
    assert named["kind:insult"] == 0.0
    assert 0 < named["capital_words"] < 1


def test_a_cancelled_cue_does_not_count():
    live, cancelled = hit(0, 3), hit(4, 7, kind="rtfm", strength=0.0)
    values = features.matrix([reading("abc def", hits=(live, cancelled))], KINDS)[0]
    named = dict(zip(features.columns(KINDS), values, strict=True))
    assert (named["kind:insult"], named["kind:rtfm"]) == (1.0, 0.0)


def test_sigmoid_holds_at_the_ends():
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
