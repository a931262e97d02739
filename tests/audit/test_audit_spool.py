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
                spool.add(message, source=0)
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
