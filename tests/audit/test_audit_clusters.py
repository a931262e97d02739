import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.audit.clusters import COLUMNS, Counts, merged

ROWS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(1, 9),
    ).map(lambda row: (max(row[:4]), *row)),
    max_size=5,
).map(tuple)


@pytest.fixture
def counts(audit):
    """Audit rows and return what counts.json says."""

    def run(rows):
        return Counts.from_dict(json.loads((audit(rows) / "counts.json").read_text("utf-8")))

    return run


def post(thread, text="fine", day=7, **fields):
    return {"thread": thread, "text": text, "time": f"2026-09-{day:02d}T10:00:00Z", **fields}


def test_threads_are_counted_by_their_messages_and_flags(counts):
    found = counts(
        [
            post("a"),
            post("a", "you idiot, obviously"),
            post("b"),
            post("b", "idiot"),
            post("c"),
            post("c", "ok"),
            post("d", "hmpf"),  # unsure is not flagged
            post("d", "fine too"),
        ]
    )
    assert COLUMNS == ("messages", "hostility", "hustling", "dismissiveness", "any_tone", "times")
    assert found.threads == ((2, 0, 0, 0, 0, 2), (2, 1, 0, 0, 1, 1), (2, 1, 1, 0, 1, 1))
    assert found.messages == 8
    assert merged(found.threads, "hostility") == {(2, 0): 2, (2, 1): 2}


def test_what_cannot_be_judged_counts_in_no_thread(counts):
    found = counts([post("a"), post("a", " "), post("b", "mañana")])
    assert found.threads == ((1, 0, 0, 0, 0, 1),)


def test_the_days_of_a_thread_are_counted_as_conversations(counts):
    rows = [post("a", str(n), day=day) for day in (7, 8) for n in range(3)]
    found = counts([*rows, {"thread": "a", "text": "undated"}])
    assert found.threads == ((7, 0, 0, 0, 0, 1),)
    assert found.conversations == ((1, 0, 0, 0, 0, 1), (3, 0, 0, 0, 0, 2))


def test_counts_hold_nothing_of_what_people_wrote(audit, forum):
    text = (audit(forum) / "counts.json").read_text("utf-8")
    for words in ("idiot", "Maya", "matrix", "m1", "2026"):
        assert words not in text
    # four bytes of a hash fit many texts, so they prove none
    assert max(json.loads(text)["sample"]) < 2**32


@pytest.mark.parametrize(
    ("ours", "theirs", "part"),
    [
        (range(40), range(40), 1.0),
        (range(40), range(40, 80), 0.0),
        (range(40), range(30, 70), 0.25),
        (range(10), range(80), 1.0),
    ],
)
def test_the_part_that_two_small_audits_share_is_exact(counts, ours, theirs, part):
    found = [counts([post("a", str(n), id=str(n)) for n in rows]) for rows in (ours, theirs)]
    assert found[0].shared_part(found[1]) == found[1].shared_part(found[0]) == part


def test_the_part_that_two_large_audits_share_is_estimated(counts):
    found = [
        counts([post("a", str(n), id=str(n)) for n in rows])
        for rows in (range(2_000), range(1_500, 3_500))
    ]
    assert len(found[0].sample) == 512
    assert found[0].shared_part(found[1]) == pytest.approx(0.25, abs=0.08)


def test_the_same_words_at_another_time_are_another_message(counts):
    found = [counts([post("a", "thanks", day=day)] * 9) for day in (7, 8)]
    assert found[0].shared_part(found[1]) == 0.0


def test_two_audits_of_nothing_share_nothing(counts):
    assert counts([post("a", " ")]).shared_part(counts([post("a", " ")])) == 0.0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, ROWS, st.lists(st.integers(0, 2**32 - 1), max_size=9).map(tuple))
def test_counts_come_back_from_json_as_they_were(threads, conversations, sample):
    counts = Counts(threads=threads, conversations=conversations, sample=sample)
    assert Counts.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schema", 2, "no counts of schema 1"),
        ("columns", ["messages"], "other columns"),
        ("threads", None, "no list of rows"),
        ("threads", [[1, 2]], "a row that cannot be"),
        ("threads", [[1, 2, 0, 0, 2, 1]], "a row that cannot be"),
        ("threads", [[1, 0, 0, 0, 0, -1]], "a number below 0"),
        ("conversations", [[1, 0, 0, 0, 0, True]], "no list of whole numbers"),
        ("sample", [0.5], "no list of whole numbers"),
        ("tonecheck", "\u202e0.1", "no version of tonecheck"),
    ],
)
def test_what_are_no_counts_is_refused(key, value, said):
    counts = Counts(threads=(), conversations=(), sample=())
    with pytest.raises(ValueError, match=said):
        Counts.from_dict({**counts.to_dict(), key: value})
    with pytest.raises(ValueError, match="no counts of schema 1"):
        Counts.from_dict([])
