import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.conversation.heat import Heat
from tonecheck.labels import TONES, Decision, Severity
from tonecheck.verdict import ToneScore, Verdict

temperatures = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(temperatures, st.floats(0.1, 50))
def test_heat_is_the_weighted_mean_of_all_messages(thread, half_life):
    heat = Heat(half_life)
    for temperature in thread:
        heat.warm(temperature)
    weights = [0.5 ** (age / half_life) for age in reversed(range(len(thread)))]
    expected = sum(w * t for w, t in zip(weights, thread, strict=True)) / sum(weights)
    assert heat.value == pytest.approx(expected, abs=1e-9)


def test_a_message_counts_by_its_hottest_tone():
    scores = {
        tone: ToneScore(probability=p, severity=Severity.NONE, decision=Decision.NO)
        for tone, p in zip(TONES, (0.1, 0.7, 0.2), strict=True)
    }
    assert Heat().add(Verdict(id="1", tones=scores, explanation="", model="m")) == 0.7


def test_an_empty_thread_is_cold():
    assert Heat().value == 0.0


@pytest.mark.parametrize("temperature", [-0.1, 1.1, float("nan")])
def test_a_temperature_outside_its_range_is_refused(temperature):
    with pytest.raises(ValueError, match=r"A temperature must be in \[0, 1\], got "):
        Heat().warm(temperature)


@pytest.mark.parametrize("half_life", [0, -1, float("nan")])
def test_a_half_life_must_be_above_nothing(half_life):
    with pytest.raises(ValueError, match="half_life must be above 0 messages, got "):
        Heat(half_life)
