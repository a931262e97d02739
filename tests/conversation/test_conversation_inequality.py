import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.conversation.inequality import gini


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any))
def test_gini_is_the_mean_difference_between_two_people(amounts):
    count = len(amounts)
    differences = sum(abs(one - other) for one in amounts for other in amounts)
    expected = differences / (2 * count * sum(amounts))
    assert gini(amounts) == pytest.approx(expected)
    assert -1e-12 <= gini(amounts) <= 1 - 1 / count + 1e-12


@pytest.mark.parametrize("amounts", [[], [0, 0]])
def test_nothing_to_share_out_has_no_gini(amounts):
    assert gini(amounts) is None


def test_an_amount_below_nothing_is_refused():
    with pytest.raises(ValueError, match="Amounts must be 0 or more, got -1"):
        gini([3, -1])
