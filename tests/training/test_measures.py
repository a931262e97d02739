import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.labels import TONES, Tone
from tonecheck.policy import Band
from tonecheck.training.calibrate import (
    NEVER,
    YES_PRECISION,
    calibrate,
    choose_band,
    expected_error,
    held_out_groups,
)
from tonecheck.training.evaluate import auc_interval, measure, share
from tonecheck.training.examples import Example


def drawn(count, seed=3):
    """Replies whose probabilities are true by construction."""
    random = np.random.default_rng(seed)
    probabilities = random.beta(0.6, 1.6, size=count)
    return probabilities, random.random(count) < probabilities


def test_a_wilson_interval_matches_the_published_example():
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611.
    assert share(81, 263) == {
        "value": 0.308,
        "low": 0.2553,
        "high": 0.3662,
        "part": 81,
        "whole": 263,
    }
    assert (share(0, 20)["low"], share(0, 20)["high"]) == (0.0, 0.1611)
    assert share(0, 0)["value"] is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(counts):
    found = share(*counts)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1


def test_perfect_and_random_ranking_have_the_areas_that_they_must():
    answers = np.array([False, True] * 100)
    groups = [str(row) for row in range(200)]
    assert auc_interval(answers, answers.astype(float), groups)["value"] == 1.0
    noise = auc_interval(answers, np.random.default_rng(1).random(200), groups)
    assert noise["low"] < 0.5 < noise["high"]


def test_replies_of_one_thread_make_the_interval_wider():
    probabilities, answers = drawn(300)
    alone = auc_interval(answers, probabilities, [str(row) for row in range(300)])
    threads = auc_interval(
        np.repeat(answers[:30], 10),
        np.repeat(probabilities[:30], 10),
        np.repeat(range(30), 10).astype(str),
    )
    assert threads["high"] - threads["low"] > alone["high"] - alone["low"]


def test_calibration_recovers_the_log_odds_that_made_the_answers():
    random = np.random.default_rng(5)
    raw = random.normal(size=20_000)
    answers = random.random(20_000) < 1 / (1 + np.exp(-(2.0 * raw - 1.0)))
    found = calibrate(raw, answers)
    assert (found.slope, found.intercept) == pytest.approx((2.0, -1.0), abs=0.1)


def test_a_true_probability_has_little_calibration_error():
    probabilities, answers = drawn(20_000)
    assert expected_error(probabilities, answers) < 0.015
    assert expected_error(np.clip(probabilities + 0.3, 0, 1), answers) > 0.2


def test_the_threshold_for_yes_keeps_its_stated_precision():
    probabilities, answers = drawn(5000)
    severities = np.where(answers, np.where(probabilities > 0.8, 2.0, 1.0), 0.0)
    band = choose_band(probabilities, severities, ["a"] * 5000)
    fresh, right = drawn(5000, seed=4)
    assert right[fresh >= band.yes_at].mean() >= YES_PRECISION
    assert band.unsure_at < band.yes_at < band.clear_at < 0.9


def test_a_corpus_where_the_tone_is_rare_keeps_its_precision_too():
    probabilities, answers = drawn(5000)
    rare = np.arange(5000) % 2 == 0
    answers &= ~rare | (np.random.default_rng(8).random(5000) < 0.85)
    names = ["rare" if flag else "common" for flag in rare]
    band = choose_band(probabilities, answers * 1.0, names)
    flagged = (probabilities >= band.yes_at) & rare
    assert answers[flagged].mean() >= YES_PRECISION - 0.005
    assert choose_band(probabilities, answers * 1.0, ["all"] * 5000).yes_at < band.yes_at


def test_no_threshold_is_set_by_a_handful_of_lucky_replies():
    probabilities = np.linspace(0, 1, 1000)
    lucky = np.where(np.arange(1000) >= 996, 1.0, 0.0)  # right four times in four, wrong below
    assert choose_band(probabilities, lucky, ["a"] * 1000).yes_at == 0.99


def test_a_threshold_that_one_corpus_needs_must_be_precise_in_the_other():
    # Of "sure" 48 right replies follow 12 wrong ones, so that it is precise enough only once most
    # of them are taken; by then "late" no longer is.
    sure = [(0.95, False)] * 12 + [(0.8 - 0.001 * at, True) for at in range(48)]
    late = [(0.9, True)] * 60 + [(0.85, False)] * 60
    rows = sure + late
    probabilities = np.array([value for value, _ in rows])
    answers = np.array([right for _, right in rows])
    names = ["sure"] * len(sure) + ["late"] * len(late)
    assert choose_band(probabilities, answers * 1.0, names).yes_at == NEVER
    assert choose_band(probabilities[:60], answers[:60] * 1.0, names[:60]).yes_at < 0.8


def test_no_group_is_in_two_folds():
    groups = [f"thread {row // 3}" for row in range(300)]
    folds = held_out_groups(groups, 4, seed=1)
    assert set(folds.tolist()) == {0, 1, 2, 3}
    for name in set(groups):
        assert len({fold for fold, group in zip(folds, groups, strict=True) if group == name}) == 1


def test_measuring_counts_only_what_a_corpus_speaks_of():
    examples = [
        Example(text="t", targets={Tone.HOSTILITY: float(row % 2)}, group=str(row), source="s")
        for row in range(40)
    ]
    probabilities = np.array([[0.9 if row % 2 else 0.1, 0.5, 0.5] for row in range(40)])
    bands = dict.fromkeys(TONES, Band(unsure_at=0.3, yes_at=0.6, clear_at=0.9))
    report = measure(examples, probabilities, bands)
    assert list(report) == [Tone.HOSTILITY]
    found = report[Tone.HOSTILITY]
    assert (found["replies"], found["positive"], found["auc"]["value"]) == (40, 20, 1.0)
    assert found["yes"]["precision"]["value"] == found["yes"]["recall"]["value"] == 1.0
    assert found["sources"]["s"]["replies"] == 40
