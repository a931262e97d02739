from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.exports.inferred import MENTION_AGE, PAIR_AGE, Replies

START = datetime(2026, 9, 8, 10, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def answers(*said, **options):
    """Returns which message each answers, by its number, of (author, text, minutes or a moment)."""
    replies, found = Replies(**options), []
    for number, (author, text, at) in enumerate(said):
        time = START + at * MINUTE if isinstance(at, int) else at
        answered = replies.answered(str(number), text, author=author, time=time)
        found.append(int(answered) if answered else None)
    return found


def test_a_quote_of_one_message_answers_it_however_old_it_is():
    said = [
        ("Mara", "Why do we divide by n - 1 and not by n?", 0),
        ("Sam", "Who has the sheet?", 1),
        ("Ken", "> divide by n - 1 and\n> not by n?\nBecause of the mean.", 9_000),
        ("Juno", "> [8/9/26, 10:01] Sam: Who has the sheet?\nI do.", 9_001),
    ]
    assert answers(*said) == [None, 0, 0, 1]


@pytest.mark.parametrize(
    "quote",
    [
        "> so it is\nno",  # two messages hold it
        "> my own words\nyes",  # the author's own
        "> something else\nno",
        "> so\nno",  # too short to be a part of one
        ">\nno",
    ],
)
def test_a_quote_that_leads_nowhere_or_to_two_answers_nothing(quote):
    said = [("Mara", "so it is", 0), ("Sam", "so it is then", 1), ("Ken", "my own words", 2)]
    assert answers(*said, ("Ken", quote, 3))[-1] is None


def test_a_short_quote_answers_a_message_that_is_just_that():
    assert answers(("Mara", "Why?", 0), ("Ken", "> Why?\nSo.", 60)) == [None, 0]


@pytest.mark.parametrize(
    "start",
    ["@Ken Ito look", "@ken ito, look", "@Ken: look", "@Ken look", "@Ken Ito", "@Ken\nlook"],
)
def test_a_message_that_begins_with_a_name_answers_the_last_of_that_person(start):
    said = [("Ken Ito", "a", 0), ("Ken Ito", "b", 1), ("Mara", "c", 2), ("Sam", start, 99)]
    assert answers(*said) == [None, None, 1, 1]


@pytest.mark.parametrize(
    "start",
    ["@Ken look", "@Kenneth look", "@Oda look", "@ look", "@Ken Ito @Mara look", "@all look"],
)
def test_a_name_of_nobody_or_of_two_answers_nothing(start):
    said = [("Ken Ito", "a", 0), ("Ken Ode", "b", 20), ("Mara", "c", 40), ("Sam", start, 41)]
    assert answers(*said) == [None] * 4


def test_one_who_is_called_just_that_is_meant_by_a_short_name():
    assert answers(("Ken", "a", 0), ("Ken Ito", "b", 9), ("Sam", "@Ken no", 20)) == [None, None, 0]
    assert answers(("Ken Ito", "a", 0), ("Ken", "b", 9), ("Sam", "@Ken no", 20)) == [None, None, 1]


def test_a_phone_number_is_known_without_its_spaces():
    said = [("+49 170 0000001", "a", 0), ("Sam", "@491700000001 no", 20)]
    assert answers(*said) == [None, 0]


def test_nobody_answers_themselves_and_a_name_counts_for_a_day():
    late = [("Ken", "a", 0), ("Mara", "@Ken no", START + MENTION_AGE)]
    assert answers(*late) == [None, 0]
    assert answers(late[0], ("Mara", "@Ken no", START + MENTION_AGE + SECOND)) == [None, None]
    assert answers(late[0], ("Ken", "@Ken no", 20)) == [None, None]
    assert answers(("Ken", "a", 5), ("Mara", "@Ken no", 0)) == [None, None]  # newest first


def test_where_only_two_write_one_answers_the_other():
    said = [("Mara", "a", 0), ("Ken", "b", 1), ("Ken", "c", 2), ("Mara", "d", 3)]
    assert answers(*said) == [None, 0, None, 2]


def test_a_third_person_or_a_pause_ends_it():
    assert answers(("Sam", "a", 0), ("Mara", "b", 1), ("Ken", "c", 2)) == [None, 0, None]
    assert answers(("Sam", "a", 0), ("Mara", "b", 9), ("Ken", "c", 10)) == [None, None, 1]
    assert answers(("Mara", "b", 0), ("Ken", "c", START + PAIR_AGE)) == [None, 0]
    assert answers(("Mara", "b", 0), ("Ken", "c", START + PAIR_AGE + SECOND)) == [None, None]


def test_times_that_are_missing_or_turned_off_show_nothing():
    said = [("Mara", "a", 0), ("Ken", "b", 1)]
    assert answers(*said, by_time=False) == [None, None]
    assert answers(("Mara", "a", None), ("Ken", "b", 1)) == [None, None]
    assert answers(("Mara", "a", 0), ("Ken", "b", None)) == [None, None]
    assert answers(("", "a", 0), ("Ken", "b", 1)) == [None, None]


_NAMES = st.sampled_from(["", "Ken", "Ken Ito", "Mara", "+49 170 0000001"])
_TEXTS = st.text(st.sampled_from("@> KenIto\n:,a"), max_size=12)


@given(st.lists(st.tuples(_NAMES, _TEXTS, st.none() | st.integers(0, 2_000)), max_size=12))
def test_an_answer_is_always_an_earlier_message_by_somebody_else(said):
    for number, answered in enumerate(answers(*said)):
        if answered is not None:
            assert answered < number
            assert not said[number][0] or said[answered][0] != said[number][0]
