import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.spool import Spool
from tonecheck.messages import BadRow, Message
from tonecheck.prepare import MAX_CHARS, prepare

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.fixture
def spooled(tmp_path):
    """Put messages through a spool, and return them as they come out."""

    def run(messages):
        with Spool(tmp_path / "spool.sqlite") as spool:
            for message in messages:
                spool.add(message, source="x")
            spool.sort()
            return [stored.message for stored in spool.in_order()]

    return run


def test_a_huge_post_is_not_handed_to_each_of_its_answers(spooled):
    huge = "\ud83d😀" * 50_000
    post = Message(text=huge, id="1", author=huge, title=huge, thread="a")
    answers = [Message(text=huge, reply_to="1", thread="a"), Message(text="x", parent=huge)]
    first, second, third = spooled([post, *answers])
    assert first.text == second.text == second.parent == third.parent == huge[: MAX_CHARS + 1]
    assert max(len(first.author), len(first.title), len(second.title)) <= 1_000


def test_what_is_cut_off_a_text_was_not_judged(spooled):
    (kept,) = spooled([Message(text="Read the rest. " * 2_000)])
    whole = prepare("Read the rest. " * 2_000)
    assert prepare(kept.text).text == whole.text
    assert prepare(kept.text).truncated is whole.truncated is True


def test_a_text_that_can_be_judged_whole_is_not_cut(spooled):
    text = "a" * MAX_CHARS
    (kept,) = spooled([Message(text=text)])
    assert kept.text == text
    assert not prepare(kept.text).truncated


@pytest.mark.parametrize("thread", ["a", "b"])
def test_an_id_that_stands_many_times_is_looked_up_at_once(monkeypatch, spooled, thread):
    connect, rounds = sqlite3.connect, iter(range(60))

    def bounded(*args, **options):
        """Connect, and stop the database after 60 million steps: a quadratic sort takes more."""
        connection = connect(*args, **options)
        connection.set_progress_handler(lambda: next(rounds, None) is None, 1_000_000)
        return connection

    monkeypatch.setattr(sqlite3, "connect", bounded)
    posts = [Message(text=f"post {n}", id="1", thread="a") for n in range(16_000)]
    answers = [Message(text=f"answer {n}", reply_to="1", thread=thread) for n in range(16_000)]
    found = spooled([*posts, *answers])
    assert {message.parent for message in found} == {None, "post 0"}


def test_what_was_not_committed_is_gone_and_the_rest_is_there(tmp_path, checker):
    posts = [Message(text=f"post {n}", id=str(n), author="Ann") for n in range(3)]
    with Spool(tmp_path / "spool.sqlite") as spool:
        assert [spool.add(post, source="x") for post in posts[:2]] == [True, True]
        spool.end_export(read=2, duplicates=0)
        spool.add(posts[2], source="x")
        spool.add_problem(BadRow(place="x:3", reason="no text"))
    with Spool(tmp_path / "spool.sqlite") as spool:
        assert (spool.exports, spool.read, spool.is_sorted) == (1, 2, False)
        assert list(spool.problems()) == []
        assert spool.add(posts[2], source="x")
        spool.end_export(read=1, duplicates=0)
        assert (spool.sort(), spool.judged) == (3, 0)
        first = next(spool.in_order())
        (verdict,) = checker.check_many([first.message])
        spool.record(first, verdict)
        spool.commit()
    with Spool(tmp_path / "spool.sqlite") as spool:
        assert (spool.is_sorted, spool.total, spool.judged) == (True, 3, 1)
        assert [stored.message.id for stored in spool.in_order(after=1)] == ["1", "2"]
        assert [(s.message.id, v) for s, v in spool.judged_in_order()] == [("0", verdict)]


def test_messages_come_out_in_one_order_however_many_there_are(spooled):
    rows = [
        Message(
            text=str(n),
            id=str(n),
            thread=f"t{n % 7}",
            time=datetime(2026, 9, 7, n // 60, n % 60, tzinfo=UTC),
        )
        for n in range(1_000)
    ]
    random.Random(1).shuffle(rows)
    threads = list(dict.fromkeys(row.thread for row in rows))
    found = spooled(rows)
    assert found == sorted(rows, key=lambda row: (threads.index(row.thread), row.time))


def test_problems_come_back_in_order_and_no_more_of_a_kind_than_asked_for(tmp_path):
    rows = [
        BadRow(place=f"x:{n}", reason="r", kind=("row", "notice")[n % 3 == 0]) for n in range(400)
    ]
    with Spool(tmp_path / "spool.sqlite") as spool:
        for row in rows:
            spool.add_problem(row)
        assert list(spool.problems()) == rows
        assert list(spool.problems(each=3)) == [rows[n] for n in (0, 1, 2, 3, 4, 6)]


@settings(max_examples=30, deadline=None)
@given(text=ANY_TEXT, place=ANY_TEXT)
def test_any_verdict_and_problem_come_back_as_they_were(check_words, text, place):
    problem = BadRow(place=place, reason=text)
    message = Message(text=f"idiot {text}", id=place)
    with TemporaryDirectory() as folder, Spool(Path(folder, "spool.sqlite")) as spool:
        spool.add(message, source="x")
        spool.add_problem(problem)
        spool.sort()
        (stored,) = spool.in_order()
        verdict = check_words(stored.message)
        spool.record(stored, verdict)
        spool.end_judging()
        assert (
            list(spool.judged_in_order()) == list(spool.pick([stored.seq])) == [(stored, verdict)]
        )
        assert list(spool.problems()) == [problem]
    assert verdict.to_dict()["id"] == place


@pytest.mark.parametrize(
    "content", [b"no database at all" * 99, b"SQLite format 3\0" + b"x" * 4_000]
)
def test_a_file_that_is_no_spool_is_refused(tmp_path, content):
    (tmp_path / "spool.sqlite").write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError, match=r"not a database|malformed"):
        Spool(tmp_path / "spool.sqlite")
