import json
from datetime import UTC, datetime, timedelta

import networkx
import pytest

import tonecheck
from tonecheck.conversation.groups import Counts, group_voices
from tonecheck.conversation.returns import Met, Returns
from tonecheck.conversation.turn import Turns
from tonecheck.conversation.voices import Voices
from tonecheck.messages import Message
from tonecheck.shares import Share

START = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def voices(judged):
    voices, turns = Voices(), Turns()
    for key, author, answers, tones, text in [
        ("1", "Ana", "", "", "Does this work with two samples"),
        ("2", "Ben", "1", "d", "Obviously"),
        ("3", "Ana", "2", "", "Which test then"),
        ("4", "Chi", "3", "", "The one from week four"),
        ("5", "Chi", "4", "", "Or from week five"),
        ("6", "", "1", "h", "Nobody knows who wrote this"),
    ]:
        message = Message(id=key, author=author, reply_to=answers, text=text)
        voices.add(turns.next(message, judged(key, tones)))
    return voices


def test_shares_are_of_what_people_wrote_and_got(voices):
    report = voices.report()
    assert [voice.author for voice in report.people] == ["Ana", "Chi", "Ben"]
    ana = report.people[0]
    assert (ana.messages, ana.words, ana.unkind) == (Share(2, 5), Share(9, 19), Share(1, 2))
    assert ana.unkind_per_message == 0.5
    assert report.gini_messages == pytest.approx(2 / 15)
    assert json.loads(json.dumps(report.to_dict()))["people"][0]["unkind_replies"]["count"] == 1


def test_the_network_and_its_reciprocity_agree_with_networkx(voices):
    report = voices.report()
    graph = report.network()
    assert dict(graph.edges) == {
        ("Ben", "Ana"): {"weight": 1, "unkind": 1},
        ("Ana", "Ben"): {"weight": 1, "unkind": 0},
        ("Chi", "Ana"): {"weight": 1, "unkind": 0},
    }
    assert report.reciprocity.value == networkx.overall_reciprocity(graph) == pytest.approx(2 / 3)


def test_no_voices_are_no_error():
    report = Voices().report()
    assert (report.people, report.gini_words, report.reciprocity.value) == ((), None, None)


def members(**sizes):
    counts, groups = {}, {}
    for group, size in sizes.items():
        for number in range(size):
            author = f"{group}{number}"
            counts[author] = Counts(messages=2, words=10, replies=10, unkind=1)
            groups[author] = group
    return counts, groups


def shown(**sizes):
    return [voice.group for voice in group_voices(*members(**sizes))]


def test_small_groups_are_left_out_and_not_by_subtraction_either():
    assert shown(a=9, b=6) == ["a", "b"]
    assert shown(a=9, b=6, c=4) == ["a"]
    assert shown(a=9, b=6, c=4, d=4) == ["a", "b"]
    assert shown(a=4, b=4) == []


def test_a_rate_needs_enough_replies():
    counts, groups = members(a=6)
    (voice,) = group_voices(counts, groups)
    assert voice.unkind == Share(6, 60)
    few = {author: Counts(messages=2, replies=4) for author in counts}
    assert group_voices(few, groups)[0].unkind is None


def returns(judged, rows):
    returns, turns = Returns(), Turns()
    for key, author, answers, tones, day in rows:
        message = Message(id=key, author=author, reply_to=answers, text="Hm.")
        turn = turns.next(message, judged(key, tones))
        returns.add(turn, None if day is None else START + timedelta(days=day), "t")
    return returns.shares()


OLD = ("0", "Tom", "", "", 0)
END = ("9", "Tom", "", "", 60)


def test_newcomers_are_counted_by_how_they_were_met(judged):
    shares = returns(
        judged,
        [
            OLD,
            ("1", "Kim", "", "", 20),
            ("2", "Tom", "1", "", 21),
            ("3", "Lee", "", "", 22),
            ("4", "Tom", "3", "d", 23),
            ("5", "Kim", "2", "", 24),
            ("6", "Max", "", "", 25),
            ("7", "Lee", "", "", 38),
            END,
        ],
    )
    assert shares == {
        Met.KINDLY: Share(1, 1),
        Met.UNKINDLY: Share(0, 1),
        Met.BY_NOBODY: Share(0, 1),
    }


@pytest.mark.parametrize(
    "rows",
    [
        [OLD, ("1", "Kim", "", "", 3), END],
        [OLD, ("1", "Kim", "", "", 50), END],
        [OLD, ("1", "Kim", "", "", None), END],
    ],
    ids=["at the start", "days not over", "no time"],
)
def test_who_cannot_be_watched_is_not_counted(judged, rows):
    assert sum(share.total for share in returns(judged, rows).values()) == 0


def test_a_community_is_read_across_its_threads():
    rows = [
        Message(id="1", thread="a", author="Ana", text="Why does the course use the median?"),
        Message(id="1", thread="b", author="Chi", text="When is the quiz, please?"),
        Message(id="2", thread="a", author="Ben", reply_to="1", text="You are an idiot, go away."),
        Message(id="2", thread="b", author="Ana", reply_to="1", text="On Friday at ten."),
    ]
    report = tonecheck.load().read_voices(iter(rows))
    assert dict(report.replies) == {("Ben", "Ana"): (1, 1), ("Ana", "Chi"): (1, 0)}
