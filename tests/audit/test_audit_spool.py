import sqlite3

import pytest

from tonecheck.audit.spool import Spool
from tonecheck.messages import Message
from tonecheck.prepare import MAX_CHARS, prepare


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
