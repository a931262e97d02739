import json

import pytest


@pytest.fixture
def summary(audit):
    """Audit rows and return what summary.json says."""
    return lambda rows, **options: json.loads((audit(rows, **options) / "summary.json").read_text())


def rows_on(dates, text="fine"):
    return [{"text": text, "time": f"{date}T12:00:00Z"} for date in dates]


def test_counts_add_up_to_the_messages_judged(summary, forum):
    found = summary([*forum, {"text": " "}, {"text": "mañana"}])
    messages = found["messages"]
    assert messages == {
        "read": 8,
        "judged": 6,
        "empty": 1,
        "not_english": 1,
        "truncated": 0,
        "undated": 2,
        "threads": 3,
        "members": 4,
        "duplicates": 0,
    }
    for tone in found["tones"].values():
        assert tone["yes"] + tone["unsure"] + tone["no"] == messages["judged"]
        assert tone["clear"] + tone["mild"] == tone["yes"]


def test_counts_are_those_of_the_verdict_lines(audit, forum, lines):
    out = audit(forum)
    rows = lines(out / "verdicts.jsonl")
    found = json.loads((out / "summary.json").read_text())
    for tone, counts in found["tones"].items():
        decisions = [row["tones"][tone]["decision"] for row in rows]
        assert {key: counts[key] for key in ("yes", "unsure", "no")} == {
            key: decisions.count(key) for key in ("yes", "unsure", "no")
        }


def test_a_message_with_two_tones_counts_once_among_all(summary, forum):
    found = summary(forum)
    assert found["tones"]["hostility"]["yes"] == 1
    assert found["tones"]["hustling"]["yes"] == 1
    assert (found["any_tone"]["yes"], found["any_tone"]["unsure"]) == (2, 1)


def test_a_share_comes_with_its_interval(summary):
    found = summary([{"text": "idiot"}] + [{"text": "fine"}] * 9)
    tone = found["tones"]["hostility"]
    assert (tone["share"], tone["low"], tone["high"]) == (0.1, 0.0179, 0.4042)


def test_nothing_has_no_share(summary):
    tone = summary([{"text": " "}])["tones"]["hostility"]
    assert (tone["yes"], tone["share"], tone["low"], tone["high"]) == (0, None, None, None)


@pytest.mark.parametrize(
    ("dates", "step", "starts"),
    [
        (["2026-09-07", "2026-09-27"], "day", ["2026-09-07", "2026-09-27"]),
        (
            ["2026-09-07", "2026-09-13", "2026-09-14", "2026-09-28"],
            "week",
            ["2026-09-07", "2026-09-14", "2026-09-28"],
        ),
        (["2024-01-31", "2026-09-27"], "month", ["2024-01-01", "2026-09-01"]),
        (["1991-12-31", "2026-09-27"], "year", ["1991-01-01", "2026-01-01"]),
    ],
)
def test_the_timeline_goes_by_day_week_month_or_year_with_the_span(summary, dates, step, starts):
    timeline = summary(rows_on(dates))["timeline"]
    assert timeline["step"] == step
    assert [point["start"] for point in timeline["points"]] == starts
    assert sum(point["messages"] for point in timeline["points"]) == len(dates)


def test_the_timeline_counts_in_utc(summary):
    found = summary(
        [
            {"text": "idiot", "time": "2026-09-07T23:30:00-02:00"},
            {"text": "fine", "time": "2026-09-07T10:00:00Z"},
        ]
    )
    first, second = found["timeline"]["points"]
    assert (first["start"], first["tones"]["hostility"]["yes"]) == ("2026-09-07", 0)
    assert (second["start"], second["tones"]["hostility"]["yes"]) == ("2026-09-08", 1)


@pytest.mark.parametrize(
    "never", [None, 0, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00"]
)
def test_a_moment_that_no_chat_is_from_counts_as_undated(summary, never):
    found = summary([{"text": "idiot", "time": never}, *rows_on(["2026-09-07"])])
    assert found["messages"]["undated"] == 1
    assert found["period"] == {"first": "2026-09-07T12:00:00Z", "last": "2026-09-07T12:00:00Z"}
    assert [point["messages"] for point in found["timeline"]["points"]] == [1]
    assert found["tones"]["hostility"]["yes"] == 1


def test_threads_are_ranked_by_the_sum_of_their_probabilities(summary):
    found = summary(
        [
            {"thread": "one", "title": "One", "text": "you idiot"},
            {"thread": "three", "title": "Three", "text": "google it"},
            {"thread": "three", "text": "obviously"},
            {"thread": "three", "text": "hmpf"},
            {"thread": "calm", "text": "thank you"},
            {"thread": "doubt", "text": "hmpf"},
        ]
    )["threads"]
    assert [(row["thread"], row["concern"]) for row in found["ranked"]] == [
        ("three", 2.05),
        ("one", 0.95),
        ("doubt", 0.45),
    ]
    three = found["ranked"][0]
    assert (three["title"], three["messages"], three["flagged"], three["unsure"]) == (
        "Three",
        3,
        2,
        1,
    )
    assert three["tones"] == {"hostility": 0, "hustling": 1, "dismissiveness": 1}
    assert (found["with_flagged"], found["with_unsure_only"]) == (2, 1)


def test_a_message_with_two_tones_adds_its_stronger_one_to_the_concern(summary):
    found = summary([{"thread": "a", "text": "idiot, obviously"}])
    assert found["threads"]["ranked"][0]["concern"] == 0.95


def test_who_receives_it_counts_the_answers_they_got(summary):
    rows = [{"id": "q", "author": "Ines", "text": "?"}, {"id": "p", "author": "Tomo", "text": "?"}]
    rows += [{"author": "Rhys", "reply_to": "q", "text": "idiot"}] * 2
    rows += [{"author": "Maya", "reply_to": "q", "text": "thank you"}] * 3
    rows += [{"author": "Rhys", "reply_to": "p", "text": "google it"}]
    found = summary(rows, names=True)["received"]
    assert found == {
        "members": 2,
        "ranked": [
            {
                "member": "Ines",
                "answers": 5,
                "flagged": 2,
                "share": 0.4,
                "low": 0.1176,
                "high": 0.7693,
            },
            {
                "member": "Tomo",
                "answers": 1,
                "flagged": 1,
                "share": None,
                "low": None,
                "high": None,
            },
        ],
    }


def test_nobody_receives_from_themselves_or_from_nobody(summary):
    found = summary(
        [
            {"id": "1", "author": "Ines", "text": "I am stuck"},
            {"id": "2", "author": "Ines", "reply_to": "1", "text": "I am such an idiot"},
            {"id": "3", "text": "unsigned"},
            {"id": "4", "author": "Rhys", "reply_to": "3", "text": "idiot"},
        ]
    )
    assert found["received"] == {"members": 0, "ranked": []}


def test_an_unsigned_rude_answer_is_received_all_the_same(summary):
    found = summary(
        [
            {"id": "1", "author": "Ines", "text": "I am stuck"},
            {"id": "2", "reply_to": "1", "text": "idiot"},
        ]
    )
    assert found["received"]["ranked"][0]["flagged"] == 1


def test_the_summary_says_with_what_it_was_made(summary, forum):
    found = summary(forum, title="Algebra I")
    assert (found["title"], found["exports"]) == ("Algebra I", ["forum.jsonl"])
    assert (found["schema"], found["model"], found["made_on"]) == (1, "words@1.0.0", None)
    assert found["thresholds"]["hustling"] == {"unsure_at": 0.4, "yes_at": 0.55, "clear_at": 0.8}
    assert found["card"]["hustling"] == {"precision": {"value": 0.72, "low": 0.6, "high": 0.8}}
