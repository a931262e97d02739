import pytest

from tonecheck.audit.scope import hidden_words, selection_lines
from tonecheck.audit.selection import Reason, Selected, Selection, read_period, read_rule


def lines(since=None, until=None, zone="UTC", rules=(), **left_out):
    first, last = read_period(since, until, zone)
    selection = Selection(since=first, until=last, time_zone=zone, rules=tuple(rules))
    counts = {str(reason): left_out.get(reason, 0) for reason in Reason}
    return selection_lines(Selected(counts, [1] * len(rules)).to_dict(selection))


@pytest.mark.parametrize(
    ("since", "until", "zone", "said"),
    [
        ("2026-09-01", None, "UTC", "Period: from 2026-09-01, UTC"),
        (None, "2026-09-01", "UTC", "Period: until 2026-09-01, UTC"),
        ("2026-09-01", "2026-09-30", "Asia/Kolkata", None),
        ("2026-09-01T10:30", "2026-09-01T12:00:05", "UTC", None),
    ],
)
def test_a_period_is_said_as_it_was_given(since, until, zone, said):
    (line,) = lines(since, until, zone)
    if said is None:
        day = since.replace("T", " "), until.replace("T", " ")
        assert line.startswith(f"Period: from {day[0]}")
        assert line.endswith(f", {zone}")
        assert f"until {day[1]}" in line
    else:
        assert line == said


def test_rules_name_channels_and_never_authors():
    rules = [read_rule("channel=help\x1b", include=True), read_rule("author=Maya", include=False)]
    rules.append(read_rule("channel=gossip", include=False))
    assert lines(rules=rules, author=3, undated=1) == [
        "Only the channels help␛",
        "Without the channels gossip",
        "Left out: 3 messages by authors who were left out",
        "Left out: 1 message without a usable date, so that nobody knows whether they belong to "
        "the period",
    ]


def test_an_audit_of_everything_has_nothing_to_say():
    assert lines() == []


def test_what_was_hidden_is_counted_in_words():
    counts = {"name": 1_200, "email": 1, "phone": 0, "link": 2, "handle": 0}
    assert hidden_words({"counts": counts}) == "1,200 names, 1 e-mail address, 2 links"
    assert hidden_words({"counts": {"name": 0}}) == "nothing was found"
