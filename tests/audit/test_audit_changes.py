from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.audit.changes import period, points, sentence, small_samples
from tonecheck.audit.difference import difference


def changed(before, after):
    """Return a difference between shares of messages that are all on their own."""
    samples = [Counter({(1, 1): yes, (1, 0): total - yes}) for yes, total in (before, after)]
    return difference(*samples)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            (410, 10_000),
            (260, 10_000),
            "Hostility fell from 4.1% to 2.6% of messages: less than before "
            "(difference −1.5 points, 95% from −2.0 to −1.0).",
        ),
        (
            (26, 1_000),
            (52, 1_000),
            "Hostility rose from 2.6% to 5.2% of messages: more than before "
            "(difference +2.6 points, 95% from +0.9 to +4.4).",
        ),
        (
            (400, 10_000),
            (400, 10_000),
            "Hostility was 4.0% of messages before and is 4.0% now: no clear change "
            "(difference 0.0 points, 95% from −0.5 to +0.5).",
        ),
        (
            (4, 100),
            (3, 100),
            "Hostility was 4.0% of messages before and is 3.0% now: too few messages to tell "
            "(difference −1.0 points, 95% from −7.2 to +5.0). "
            "To tell a fall by half, it takes about 1,400 messages in each audit.",
        ),
        (
            (0, 100),
            (0, 120),
            "Hostility was not flagged before and is not now "
            "(difference 0.0 points, 95% from −3.7 to +3.1).",
        ),
        ((0, 0), (3, 100), "Hostility cannot be compared, for one audit judged no message."),
        (
            (2, 100_000),
            (4, 100_000),
            "Hostility was 0.002% of messages before and is 0.004% now: too few messages to tell "
            "(difference +0.002 points, 95% from −0.004 to +0.008). "
            "To tell a fall by half, it takes about 1,600,000 messages in each audit.",
        ),
    ],
    ids=["less", "more", "similar", "too few", "none", "nothing judged", "rare"],
)
def test_a_change_is_told_as_people_say_it(before, after, said):
    assert sentence("hostility", changed(before, after)) == said


def test_all_tones_together_have_a_name():
    assert sentence("any_tone", changed((9, 10), (1, 10))).startswith("Any of the three fell from")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_share_of_one_in_ten_thousand_never_reads_as_zero(yes, others):
    total = yes + min(others, 9_999 * yes)
    said = sentence("hostility", changed((yes, total), (yes, total)))
    assert " 0.0% " not in said
    assert " 0.00% " not in said


def test_tones_with_too_few_messages_are_named_together():
    few, many = changed((4, 100), (5, 100)), changed((400, 10_000), (200, 10_000))
    changes = {"hostility": few, "hustling": many, "dismissiveness": few, "any_tone": few}
    assert [warning["text"] for warning in small_samples(changes)] == [
        "There are too few messages to tell whether hostility and dismissiveness changed."
    ]
    assert not list(small_samples({"hostility": many, "any_tone": few}))


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [(-0.015, 1, "−1.5"), (0.015, 1, "+1.5"), (-0.0001, 1, "0.0"), (0.0, 2, "0.00")],
)
def test_points_carry_their_sign_and_nothing_has_none(value, places, shown):
    assert points(value, places) == shown


def test_a_period_is_told_in_days():
    first, last = "2026-09-07T10:00:00Z", "2026-10-18T10:00:00Z"
    assert period(first, last) == "7 September 2026 to 18 October 2026"
    assert period(first, first) == "7 September 2026"
    assert period(None, None) == "no date"
