import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tonecheck.shares import Share, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(count, total, low, high):
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_is_everything():
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy_and_holds_the_share(sample):
    count, total = sample
    low, high = wilson(count, total)
    known = binomtest(count, total).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert 0.0 <= low <= count / total <= high <= 1.0


@pytest.mark.parametrize(
    ("count", "total", "words"),
    [
        (31, 502, "about 6 in 100 (4 to 9)"),
        (1, 2, "about 50 in 100 (9 to 91)"),
        (6, 500, "about 12 in 1,000 (6 to 26)"),
        (3, 10_000, "about 3 in 10,000 (1 to 9)"),
        (0, 50, "none found (0 to 7 in 100)"),
        (0, 0, "nothing to count"),
    ],
)
def test_a_share_is_told_as_people_say_it(count, total, words):
    assert Share(count, total).in_words() == words


@given(st.integers(1, 10**6), st.integers(2, 10**6))
def test_a_share_that_was_found_never_reads_as_zero(count, total):
    about, _, _ = Share(min(count, total), total).figures()
    assert about != "0"


def test_a_share_of_nothing_has_no_numbers():
    assert Share(0, 0).to_dict() == {"share": None, "low": None, "high": None}
