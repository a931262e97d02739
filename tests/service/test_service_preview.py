import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.service.preview import ENOUGH, preview

JUDGED = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([True, False, None])), max_size=60)


@given(JUDGED, st.floats(0.01, 1))
def test_an_estimate_lies_in_its_interval_and_within_what_is_known(judged, threshold):
    found = preview(judged, threshold)
    flags = [label for probability, label in judged if probability >= threshold]

    assert found.flags == len(flags)
    assert found.low <= found.right + 1e-9
    assert found.right <= found.high + 1e-9
    assert found.low >= flags.count(True) - 1e-9
    assert found.high <= len(flags) - flags.count(False) + 1e-9


@given(JUDGED)
def test_a_higher_threshold_never_flags_more(judged):
    flags = [preview(judged, step / 10).flags for step in range(1, 11)]

    assert flags == sorted(flags, reverse=True)


def test_enough_decisions_go_before_the_probabilities():
    sure = [(0.99, None)] * 10

    few = preview([*sure, *[(0.99, False)] * (ENOUGH - 1)], 0.5)
    many = preview([*sure, *[(0.99, False)] * ENOUGH], 0.5)

    assert (few.by_people, round(few.right)) == (False, 10)
    assert (many.by_people, many.right) == (True, 0)
    assert 0 < many.high < 5


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        ([], "no flags"),
        ([(0.9, True)], "1 flag, 1 right"),
        ([(0.6, None)] * 2, "2 flags, about 1 right (0 to 2)"),
    ],
    ids=["nothing", "known", "guessed"],
)
def test_a_preview_is_said_in_words(judged, words):
    assert preview(judged, 0.5).in_words() == words
