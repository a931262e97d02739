import json
from datetime import UTC, datetime

import pytest

from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.audit.selection import Selection, read_period, read_rule
from tonecheck.errors import InputError


def chosen(include=(), exclude=(), **period):
    since, until = read_period(period.get("since"), period.get("until"), period.get("zone", "UTC"))
    rules = [read_rule(value, include=True) for value in include]
    rules += [read_rule(value, include=False) for value in exclude]
    zone = period.get("zone", "UTC")
    return Selection(since=since, until=until, time_zone=zone, rules=tuple(rules))


@pytest.fixture
def ids(audit, forum, lines):
    """Return the ids of the messages that an audit of the small forum is about."""

    def run(rows=None, **selection):
        out = audit(rows or forum, selection=chosen(**selection))
        return sorted(row["id"] for row in lines(out / "verdicts.jsonl"))

    return run


def summary_of(out):
    return json.loads((out / "summary.json").read_text())


def test_a_period_holds_its_days_whole(ids):
    assert ids(since="2026-09-09", until="2026-09-11") == ["m2", "m3", "m4"]
    assert ids(until="2026-09-08") == ["m1"]
    assert ids(since="2026-09-13") == ["m6"]


def test_a_moment_at_the_edge_of_a_period_is_in(ids):
    assert ids(since="2026-09-09T10:00:00Z", until="2026-09-10T12:00:00+02:00") == ["m2", "m3"]
    assert ids(since="2026-09-09T10:00:01", until="2026-09-10T10:00:00") == ["m3"]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("UTC", "2026-10-25T00:00:00+00:00", "2026-10-26T00:00:00+00:00"),
        # the clocks go back that night, so the day has 25 hours
        ("Europe/Lisbon", "2026-10-24T23:00:00+00:00", "2026-10-26T00:00:00+00:00"),
        ("Asia/Kolkata", "2026-10-24T18:30:00+00:00", "2026-10-25T18:30:00+00:00"),
    ],
)
def test_a_day_is_that_of_the_time_zone(zone, first, last):
    since, until = read_period("2026-10-25", "2026-10-25", zone)
    assert since.astimezone(UTC).isoformat() == first
    assert until.astimezone(UTC).isoformat() == last


def test_a_time_without_a_zone_is_in_the_one_given():
    since, _ = read_period("2026-10-25T12:00", None, "Asia/Kolkata")
    assert since == datetime(2026, 10, 25, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "zone", "said"),
    [
        ("yesterday", None, "UTC", r"--since takes a day or an ISO 8601 time.*got 'yesterday'"),
        (None, "2026-02-30", "UTC", r"--until takes a day or an ISO 8601 time.*'2026-02-30'"),
        (None, "9999-12-31", "UTC", r"--until takes a day or an ISO 8601 time"),
        ("2026-09-02", "2026-09-01", "UTC", r"--until 2026-09-01 comes before --since.*Swap them"),
        ("2026-09-02", None, "Mars/Base", r"no time zone 'Mars/Base'\. Give a name such as"),
        ("2026-09-02", None, "../etc/passwd", r"no time zone '\.\./etc/passwd'"),
        ("2026-09-02", None, "", r"no time zone ''"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(since, until, zone, said):
    with pytest.raises(InputError, match=said):
        read_period(since, until, zone)


def test_undated_messages_are_left_out_of_a_period_and_counted(audit, forum):
    rows = [*forum, {"id": "m7", "text": "no date"}, {"id": "m8", "time": 0, "text": "1970"}]
    found = summary_of(audit(rows, selection=chosen(since="2026-09-12")))
    assert found["selection"]["left_out"] == {
        **{"author": 0, "channel": 0, "undated": 2, "period": 4, "total": 6}
    }
    assert found["messages"]["read"] == 2
    assert found["messages"]["undated"] == 0


def test_without_a_period_undated_messages_are_in(ids):
    assert ids([{"id": "m7", "text": "no date"}], exclude=["author=nobody"]) == ["m7"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"exclude": ["channel=exam*"]}, ["m1", "m2", "m4"]),
        ({"exclude": ["channel=EXAM DATES"]}, ["m1", "m2", "m4"]),
        ({"exclude": ["channel=a"]}, ["m3", "m5", "m6"]),
        ({"exclude": ["channel=exam"]}, ["m1", "m2", "m3", "m4", "m5", "m6"]),
        ({"include": ["channel=b"]}, ["m3", "m5", "m6"]),
        ({"include": ["channel=a", "channel=?"]}, ["m1", "m2", "m3", "m4", "m5", "m6"]),
        ({"exclude": ["author=Maya*"]}, ["m2", "m3", "m4", "m5"]),
        ({"include": ["author=*a*"], "exclude": ["author=rhys gale"]}, ["m1", "m5", "m6"]),
        ({"include": ["author=Maya*"], "exclude": ["channel=b"]}, ["m1"]),
        ({"include": ["author=nobody"]}, []),
    ],
)
def test_rules_choose_channels_and_authors(ids, rules, left):
    assert ids(**rules) == left


def test_a_channel_is_what_stands_before_the_colon_of_a_title(ids):
    rows = [
        {"id": "1", "thread": "x/1", "title": "#off-topic: lunch?", "text": "a"},
        {"id": "2", "thread": "x/2", "title": "#off-topic", "text": "b"},
        {"id": "3", "thread": "x/3", "title": "#help: off-topic", "text": "c"},
    ]
    assert ids(rows, exclude=["channel=off-topic"]) == ["3"]
    assert ids(rows, include=["channel=#off-topic"]) == ["1", "2"]


def test_brackets_in_a_pattern_are_brackets(ids):
    rows = [{"id": "1", "title": "[help]", "text": "a"}]
    assert ids(rows, include=["channel=[help]"]) == ["1"]
    assert ids(rows, include=["channel=[a-z]help]"]) == []


def test_a_message_without_an_author_fits_no_rule_for_authors(ids):
    rows = [{"id": "1", "text": "a"}, {"id": "2", "author": "Maya", "text": "b"}]
    assert ids(rows, include=["author=*"]) == ["2"]
    assert ids(rows, exclude=["author=*"]) == ["1"]


def test_what_is_left_out_still_stands_above_its_answers(audit, forum, checker, lines):
    out = audit(forum, selection=chosen(exclude=["author=Maya*"]))
    assert [message.parent for message in checker.seen if message.id == "m2"] == [
        "How do I invert a matrix?"
    ]
    assert "How do I invert a matrix?" in (out / "report.html").read_text()


@pytest.mark.parametrize("names", [True, False])
def test_whoever_is_left_out_by_author_is_not_named(audit, forum, lines, names):
    out = audit(forum, names=names, selection=chosen(exclude=["author=maya okafor"]))
    for path in out.iterdir():
        assert "Maya" not in path.read_text(), path.name
        assert "okafor" not in path.read_text().lower(), path.name
    row = next(row for row in lines(out / "verdicts.jsonl") if row["id"] == "m4")
    assert row["text"] == "You idiot, [name], obviously row by row."
    assert row["author"] == ("Rhys Gale" if names else "Member 02")
    assert summary_of(out)["received"]["ranked"] == []


def test_whoever_is_left_out_for_the_period_may_be_named(audit, forum):
    out = audit(forum, names=True, selection=chosen(since="2026-09-09"))
    (receiver, *_) = summary_of(out)["received"]["ranked"]
    assert receiver["member"] == "Maya Okafor"


def test_counts_are_about_what_was_chosen(audit, forum):
    found = summary_of(audit(forum, selection=chosen(exclude=["channel=a"])))
    assert found["messages"]["read"] == 3
    assert (found["messages"]["threads"], found["messages"]["members"]) == (1, 3)
    assert found["period"]["first"] == "2026-09-10T10:00:00Z"
    assert found["selection"]["left_out"]["total"] == 3


def test_the_summary_names_channels_and_no_authors(audit, forum):
    rules = {"exclude": ["author=Maya*", "channel=gossip"], "include": ["channel=a"]}
    found = summary_of(audit(forum, selection=chosen(**rules)))
    assert found["selection"]["rules"] == [
        {"include": True, "field": "channel", "pattern": "a", "matches": 1},
        {"include": False, "field": "author", "pattern": None, "matches": 1},
        {"include": False, "field": "channel", "pattern": "gossip", "matches": 0},
    ]


def test_the_report_says_what_was_left_out(audit, forum):
    rules = {"exclude": ["author=Maya*", "channel=b"], "since": "2026-09-10"}
    page = (audit(forum, selection=chosen(**rules)) / "report.html").read_text()
    assert "Period: from 2026-09-10, UTC." in page
    assert "Without the channels b." in page
    assert "Left out: 2 messages by authors who were left out." in page
    assert "Left out: 1 message from outside the period." in page


def test_an_audit_of_everything_leaves_nothing_out(audit, forum):
    found = summary_of(audit(forum))
    assert found["selection"]["left_out"]["total"] == 0
    assert (found["selection"]["since"], found["selection"]["rules"]) == (None, [])


@pytest.mark.parametrize("value", ["author", "who=x", "channel=", "=x", ""])
def test_a_rule_that_cannot_be_read_is_refused(value):
    with pytest.raises(InputError, match=r"--exclude takes channel=PATTERN or author=PATTERN"):
        read_rule(value, include=False)


def test_an_interrupted_audit_goes_on_with_its_selection(
    tmp_path, checker, write_export, forum, without_charts, monkeypatch
):
    export = write_export(forum)
    options = AuditOptions(selection=chosen(exclude=["author=Maya*"]))
    whole = run_audit([export], tmp_path / "whole", checker, options=options).out
    with monkeypatch.context() as patch:
        patch.setattr("tonecheck.audit.run._judge", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_audit([export], tmp_path / "out", checker, options=options)
    out = run_audit([export], tmp_path / "out", checker, options=options).out
    for path in whole.iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes()


def interrupt(*args):
    raise KeyboardInterrupt
