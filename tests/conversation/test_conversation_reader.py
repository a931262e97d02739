import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tonecheck
from tonecheck.conversation.links import Links
from tonecheck.conversation.reader import ThreadReader
from tonecheck.messages import Message, Thread

QUARREL = [
    Message(id="a", author="Ana", text="Why does the course use the median here?"),
    Message(id="b", author="Ben", reply_to="a", text="Just google it, nobody has time for this."),
    Message(id="c", author="Ana", reply_to="b", text="I did. The answers contradict each other."),
    Message(id="d", author="Chi", reply_to="c", text="You are an idiot. Learn to read."),
    Message(id="e", author="Dee", reply_to="c", text="Shut up, you pathetic moron."),
    Message(id="f", author="Ben", reply_to="c", text="You are too stupid for this course."),
]


@pytest.fixture(scope="module")
def checker():
    return tonecheck.load()


def test_a_quarrel_is_read_as_what_it_is(checker):
    report = checker.read_thread(Thread(id="t", title="Median", messages=tuple(QUARREL)))
    assert (report.id, report.title, report.model) == ("t", "Median", checker.model)
    assert len(report.heat) == 6
    assert report.heat[0] < 0.3 < 0.7 < report.heat[-1]
    assert report.concerns[0].pattern == "pile_on"
    assert report.concerns[0].target == "Ana"
    assert report.explanation == report.concerns[0].explanation
    assert report.risk.crossed
    assert json.loads(json.dumps(report.to_dict()))["messages"] == 6


def test_a_growing_thread_ends_as_the_finished_one(checker):
    following = checker.follow_thread("t", title="Median")
    told = [finding for message in QUARREL for finding in following.add(message)]
    whole = checker.read_thread(Thread(id="t", title="Median", messages=tuple(QUARREL)))
    assert following.report() == whole
    assert set(told) <= set(whole.findings)


def test_an_empty_thread_says_so(checker):
    report = checker.read_thread(Thread(id="t"))
    assert report.explanation == "Nobody has written here yet."
    assert report.peak is None
    assert report.to_dict()["flagged"] == {"count": 0, "share": None, "low": None, "high": None}


def test_a_calm_thread_has_nothing_that_stands_out(checker):
    messages = (
        Message(id="a", author="Ana", text="The slides of week 3 are online."),
        Message(id="b", author="Ben", reply_to="a", text="I read them last night."),
    )
    report = checker.read_thread(Thread(id="t", messages=messages))
    assert report.findings == ()
    assert report.explanation == "Nothing stands out in this thread."


def test_names_in_a_chat_stand_in_for_reply_links():
    links = Links()
    links.fill(Message(text="Why the median?", author="Ana"))
    filled = links.fill(Message(text="@Ana because of outliers", author="Ben"))
    assert (filled.id, filled.reply_to, filled.parent, filled.inferred) == (
        *("2", "1", "Why the median?"),
        True,
    )


def test_where_the_source_names_replies_nothing_is_inferred():
    links = Links()
    links.fill(Message(id="a", text="Why the median?", author="Ana"))
    links.fill(Message(id="b", text="Outliers.", author="Ben", reply_to="a"))
    filled = links.fill(Message(id="c", text="@Ana what he said", author="Chi"))
    assert (filled.reply_to, filled.parent) == ("", None)


def test_a_parent_that_is_given_is_kept():
    links = Links()
    links.fill(Message(id="a", text="Edited since.", author="Ana"))
    reply = Message(id="b", text="No.", reply_to="a", parent="As it was.")
    assert links.fill(reply).parent == "As it was."


texts = st.text(max_size=20) | st.sampled_from(["you idiot", "> q\nsorry", "thanks!", "why?"])
rows = st.lists(st.tuples(st.sampled_from("ABCD") | st.just(""), texts, st.integers(0, 9)))


@settings(max_examples=60, deadline=None)
@given(rows, st.lists(st.sampled_from(["", "h", "d", "hd", "p"]), min_size=10, max_size=10))
def test_any_thread_gets_a_report_whose_messages_are_its_own(judged, rows, tones):
    reader = ThreadReader("t", newcomers={"A"})
    for number, (author, text, answers) in enumerate(rows):
        message = Message(id=f"m{number}", author=author, text=text, reply_to=f"m{answers}")
        reader.add(message, judged(f"m{number}", tones[number % 10]))
    report = reader.report()
    assert len(report.heat) == len(rows)
    people = {author for author, *_ in rows}
    for finding in report.findings:
        places = [int(key[1:]) for key in finding.messages]
        assert places == sorted(set(places))
        assert all(0 <= place < len(rows) for place in places)
        assert set(finding.people) | {finding.target} <= people | {""}
    assert reader.report() == report
