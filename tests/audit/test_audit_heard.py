import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.heard import VoiceCounts
from tonecheck.audit.hiding import Hiding
from tonecheck.audit.spool import Spool
from tonecheck.conversation.turn import Turns
from tonecheck.conversation.voices import Voices
from tonecheck.messages import Message

START = datetime(2026, 9, 1, tzinfo=UTC)
POSTS = st.lists(
    st.tuples(
        st.sampled_from(["", "Ana", "Ben", "Chi", "Dee"]),
        st.integers(0, 9),  # days since the post before
        st.integers(0, 4),  # which of the latest posts is answered, if any
        st.sampled_from(["Thank you!", "You idiot.", "Which test, then?", "just google it", ""]),
    ),
    max_size=25,
)


def written(posts):
    """Return the posts as messages of two threads, in the order of time."""
    messages, at, threads = [], START, defaultdict(list)
    for number, (author, days, back, text) in enumerate(posts):
        at += timedelta(days=days, minutes=1)
        thread = threads[str(number % 2)]
        answered = thread[-back] if 0 < back <= len(thread) else ""
        thread.append(f"m{number}")
        messages.append(
            Message(
                id=f"m{number}",
                thread=str(number % 2),
                author=author,
                time=at,
                reply_to=answered,
                text=text,
            )
        )
    return messages


def by_sql(messages, check, groups=None):
    with TemporaryDirectory() as folder, Spool(Path(folder) / "spool.sqlite") as spool:
        for message in messages:
            spool.add(message, source="s")
        spool.end_export(read=len(messages), duplicates=0)
        spool.sort()
        for stored in list(spool.in_order()):
            spool.record(stored, check(stored.message))
        spool.end_judging()
        counts = VoiceCounts(spool, names=True)
        for stored, verdict in spool.judged_in_order():
            counts.write(stored, Turns().next(stored.message, verdict))
        return counts.end()


def in_memory(messages, check):
    voices, turns = Voices(), defaultdict(Turns)
    for message in messages:
        turn = turns[message.thread].next(message, check(message))
        voices.add(turn, time=message.time, thread=message.thread)
    return voices.report()


@given(POSTS)
@settings(max_examples=60, deadline=None)
def test_what_sql_counts_is_what_is_counted_in_memory(check_words, posts):
    messages = written(posts)
    ours, theirs = by_sql(messages, check_words), in_memory(messages, check_words)
    assert {voice.author: voice for voice in ours.people} == {
        voice.author: voice for voice in theirs.people
    }
    words = [voice.words.count for voice in ours.people]
    assert words == sorted(words, reverse=True)
    assert ours.gini_messages == pytest.approx(theirs.gini_messages)
    assert ours.gini_words == pytest.approx(theirs.gini_words)
    assert ours.reciprocity == theirs.reciprocity
    assert ours.newcomers == theirs.newcomers


@pytest.fixture
def quarrel():
    """Return a question, and five answers of which two are unkind."""
    texts = ["You idiot.", "just google it", "See week two.", "See week three.", "Same here."]
    rows = [{"id": "q", "author": "Ana Rey", "text": "Why?", "time": "2026-09-01T10:00:00Z"}]
    rows += [
        {
            "id": f"a{n}",
            "author": f"Person {n}",
            "reply_to": "q",
            "text": text,
            "time": f"2026-09-0{n + 2}T10:00:00Z",
        }
        for n, text in enumerate(texts)
    ]
    return [{"thread": "t", **row} for row in rows]


def voices(out):
    return json.loads((out / "voices.json").read_text(encoding="utf-8"))


def test_whoever_is_met_unkindly_is_told_by_what_they_write(audit, quarrel):
    (met,) = voices(audit(quarrel))["met_unkindly"]
    assert (met["author"], met["unkind_replies"]["count"]) == ("Member 01", 2)
    assert met["unkind_replies_per_message"] == 2


@pytest.mark.parametrize("hiding", [Hiding(), Hiding(redact=True)])
def test_nobody_is_named_unless_names_are_asked_for(audit, quarrel, hiding):
    assert "Ana Rey" not in json.dumps(voices(audit(quarrel, hiding=hiding)))
    assert "Ana Rey" in json.dumps(voices(audit(quarrel, names=True)))


@pytest.mark.parametrize("hiding", [Hiding(), Hiding(redact=True)])
def test_groups_are_told_apart_also_where_names_are_hidden(audit, hiding):
    rows = [{"author": f"{side} {n}", "text": "fine"} for side in "AB" for n in range(6)]
    rows += [{"author": f"C {n}", "text": "fine"} for n in range(3)]
    rows += [{"author": f"D {n}", "text": "fine"} for n in range(2)]
    groups = {row["author"]: f"group {row['author'][0]}" for row in rows}
    out = audit(rows, groups={**groups, "Nobody": "group A"}, hiding=hiding)
    found = {group["group"]: group for group in voices(out)["groups"]}
    assert list(found) == ["group A", "group B"]  # three and two people are too few
    assert (found["group A"]["people"], found["group A"]["messages"]["count"]) == (6, 6)
    assert found["group A"]["messages"]["total"] == 17
    assert found["group A"]["unkind_replies"] is None
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["groups"] == {"supplied": 18, "found": 17}
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "<bdi>group A</bdi>" in html
    assert "group C" not in html
