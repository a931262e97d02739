from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.audit.difference import Change, correlation, difference, effective_number


def alone(count, total):
    """Return threads of one message each, so many of them flagged."""
    return Counter({(1, 1): count, (1, 0): total - count})


def threads(*sizes):
    return Counter(sizes)


THREADS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30))
    .filter(any)
    .map(lambda parts: (sum(parts), parts[0])),
    min_size=1,
    max_size=8,
).map(Counter)
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_messages_on_their_own_have_the_published_intervals(first, second, low, high):
    # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10; first less second
    found = difference(alone(*second), alone(*first)).interval
    assert found == pytest.approx((low, high), abs=5e-5)


@relaxed
@given(THREADS, THREADS)
def test_an_interval_holds_its_difference_and_turns_round_with_it(before, after):
    forth, back = difference(before, after), difference(after, before)
    low, high = forth.interval
    assert -1 - 1e-9 <= low <= forth.value <= high <= 1 + 1e-9
    assert back.value == pytest.approx(-forth.value)
    assert back.interval == pytest.approx((-high, -low))


@relaxed
@given(THREADS, THREADS)
def test_messages_of_one_thread_never_tell_more_than_as_many_on_their_own(before, after):
    low, high = difference(before, after).interval
    narrow_low, narrow_high = difference(before, after, clustered=False).interval
    assert low <= narrow_low + 1e-9
    assert high >= narrow_high - 1e-9


def test_a_quarrel_widens_the_range():
    spread = threads(*[(10, 1)] * 20, *[(10, 0)] * 20)
    quarrel = threads(*[(10, 10)] * 2, *[(10, 0)] * 38)
    calm = threads(*[(10, 0)] * 39, (10, 1))
    even, heated = difference(calm, spread), difference(calm, quarrel)
    assert even.value == heated.value
    assert even.change is Change.MORE
    assert heated.change is Change.UNCLEAR
    assert heated.after.design_effect > 8


@pytest.mark.parametrize(
    ("sizes", "alike"),
    [
        ([(10, 10)] * 10 + [(10, 0)] * 10, 1.0),
        ([(10, 5)] * 10, 0.0),  # less alike than chance would have it
        ([(1, 1), (1, 0)] * 5, 0.0),
        ([(10, 0)] * 10, 0.0),
        ([(10, 3)], 0.0),
    ],
)
def test_correlation_is_1_for_threads_of_one_mind_and_0_without_any_sign_of_it(sizes, alike):
    assert correlation(threads(*sizes)) == pytest.approx(alike, abs=0.06)


def test_correlation_is_that_of_the_analysis_of_variance_for_threads_of_one_size():
    sizes = [(8, flagged) for flagged in (0, 0, 1, 4, 0, 2, 6, 0, 0, 3)]
    number, size = len(sizes), 8
    share = sum(flagged for _, flagged in sizes) / (number * size)
    between = sum(size * (f / size - share) ** 2 for _, f in sizes) / (number - 1)
    within = sum(f * (1 - f / size) for _, f in sizes) / (number * (size - 1))
    anova = (between - within) / (between + (size - 1) * within)
    assert correlation(threads(*sizes)) == pytest.approx(anova, abs=0.03)


def test_threads_of_one_size_count_in_full_and_a_long_one_for_all():
    assert effective_number(threads(*[(5, 0)] * 7)) == pytest.approx(7)
    assert effective_number(threads((1000, 0), *[(1, 0)] * 7)) == pytest.approx(1, abs=0.02)
    assert effective_number(threads()) == 0


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ((400, 10_000), (260, 10_000), Change.LESS),
        ((260, 10_000), (400, 10_000), Change.MORE),
        ((400, 10_000), (410, 10_000), Change.SIMILAR),
        ((4, 100), (6, 100), Change.UNCLEAR),
        ((0, 100), (1, 100), Change.UNCLEAR),
        ((0, 100), (0, 100), Change.NONE),
        ((0, 0), (5, 100), Change.UNCLEAR),
        ((0, 0), (0, 0), Change.UNCLEAR),
    ],
)
def test_what_a_difference_tells_depends_on_its_range(before, after, change):
    assert difference(alone(*before), alone(*after)).change is change


def test_the_number_needed_is_the_usual_one_and_grows_with_the_likeness_of_threads():
    # two proportions, 4 % and 2 %, 5 % significance and power 80 %, by hand: 1138.1
    assert difference(alone(40, 1_000), alone(40, 1_000)).needed == 1_139
    quarrel = threads(*[(10, 10)] * 4, *[(10, 0)] * 96)
    assert difference(quarrel, quarrel).needed > 8 * 1_139
    assert difference(alone(0, 10), alone(0, 10)).needed is None
