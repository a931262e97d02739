from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff, transcripts
from tonecheck.messages import Message

FIXTURES = Path(__file__).parent / "fixtures"
ZOOM = reader_named("zoom")


@pytest.fixture
def meeting(read, write):
    """Reads text as the chat of a meeting."""
    return lambda text, name="meeting_saved_chat.txt": read(write(name, text))


def said(*texts, to="Everyone"):
    return "".join(
        f"10:00:{second:02} From  Mara  to  {to}:\n\t{text}\n" for second, text in enumerate(texts)
    )


def test_the_local_sample_is_read_whole(read):
    messages, bad = read(FIXTURES / "zoom-local.txt")
    assert [(m.author, m.text) for m in messages] == [
        ("Mara Hall", "Welcome! Today we look at loops and lists."),
        ("Ken (he/him)", "Can you hear me?"),
        (
            "Road to Success",
            "Why does range(3) stop at 2?\n\nI tried:\n    for i in range(3):",
        ),
        ("Ken (he/him)", 'Because it says "stop", not "last".'),
        ("Ines Roy", "That was not helpful, Ken."),
        ("Ines Roy", "Yes"),
        ("Ken (he/him)", "Yes"),
        ("Road to Success", "Which of you?"),
    ]
    ids = [m.id for m in messages]
    assert len(set(ids)) == len(ids)
    assert [m.reply_to for m in messages] == ["", "", "", ids[2], ids[3], "", "", ""]
    assert [m.parent for m in messages] == [None] * 7 + ["Yes"]
    assert {(m.time, m.title, m.thread) for m in messages} == {
        (None, "zoom-local", messages[0].thread)
    }
    assert [m.place.partition(":")[2] for m in messages] == "1 3 9 14 18 26 28 30".split()
    assert bad == [
        (
            "zoom-local.txt",
            "direct messages were left out (2 in all), as they were not meant for everyone.",
        )
    ]


def test_the_cloud_sample_is_read_whole(read):
    messages, bad = read(FIXTURES / "zoom-cloud.txt")
    assert not bad
    assert [(m.author, m.text, m.place) for m in messages] == [
        ("Mara Hall", "How far did you get with sheet 2?", "zoom-cloud.txt:1"),
        ("Bo: Chen", "Up to number 4", "zoom-cloud.txt:2"),
        (
            "Ana Lima",
            "Number 5 makes no sense to me: the list is empty.\nSo what is its mean?",
            "zoom-cloud.txt:3",
        ),
        ("Mara Hall", "There is none, and the task asks you to say so.", "zoom-cloud.txt:6"),
    ]
    assert messages[3].reply_to == messages[2].id


@pytest.mark.parametrize(
    "text",
    [
        "10:00:00 From  Mara Hall  to  Everyone:\n\thi: you\n",
        "10:00:00 From  Mara Hall  to  Everyone: \r\n    hi: you\r\n",
        "10:00:00 From Mara Hall To Everyone:\n\thi: you\n",
        "10:00:00 From Mara Hall to Everyone: hi: you\n",
        "10:00:00\t From  Mara Hall  to  Everyone : hi: you\n",
        "10:00:00\t From  Mara Hall : hi: you\n",
        "10:00:00 From Mara Hall to Hosts and panelists:\n\thi: you\n",
        "10:00:00 From  Mara Hall  to  Everyone in Meeting:\n\thi: you\n",
        "10:00:00 Від  Mara Hall  до  Усі:\n\thi: you\n",
        "10:00:00 От  Mara Hall  кому  Все:\n\thi: you\n",
        "00:00:09\tMara Hall:\thi: you\n",
    ],
)
def test_every_form_of_a_line_is_read(meeting, text):
    (message,), bad = meeting(text)
    assert not bad
    assert (message.author, message.text) == ("Mara Hall", "hi: you")


@pytest.mark.parametrize(
    "to", ["Ken(Direct Message)", "Ken(Privately)", "Ken", "Everyone(Direct Message)"]
)
def test_messages_to_single_people_are_left_out_and_counted(meeting, kinds, write, to):
    text = said("secret", to=to) + said("hi")
    messages, bad = meeting(text)
    assert [m.text for m in messages] == ["hi"]
    assert bad[0][1].startswith("direct messages were left out (1 in all)")
    assert kinds(write("a.txt", text)) == ["notice"]


def test_a_name_may_hold_the_word_that_ends_it(meeting):
    messages, _ = meeting(
        "10:00:00 From  Road to Rome  to  Everyone:\n\ta\n"
        "10:00:01 From Road to Rome to Everyone:\n\tb\n"
    )
    assert [m.author for m in messages] == ["Road to Rome", "Road to Rome"]


@pytest.mark.parametrize(
    "text",
    [
        'Reacted to "Can you hear me?" with 👍',
        'Reacted to "He said "no" with a s..." with 😂',
        'Reacted to "two\n\tlines" with ❤️',
        'Removed a 👍 reaction from "Can you hear me?"',
        "add 👍🏻",
        "remove ☝️",
    ],
)
def test_reactions_are_left_out(meeting, text):
    messages, bad = meeting(said("before", text, "after"))
    assert [m.text for m in messages] == ["before", "after"]
    assert not bad


@pytest.mark.parametrize(
    "text",
    ['Reacted to "news" is what I did', "Removed a line, now it runs", "add 2 and 3", "add Ken"],
)
def test_what_only_begins_like_a_reaction_is_kept(meeting, text):
    assert [m.text for m in meeting(said("before", text))[0]] == ["before", text]


@pytest.mark.parametrize(
    ("quote", "answered"),
    [
        ("Can you hear me?", 0),
        ("Where is the sheet f...", 1),
        ("Where is the sheet f…", 1),
        ('He said "no" to the q...', 2),
        ("Two lines", 3),
        ("Can you", None),  # not how Zoom would cut it
        ("Where is the...", None),  # two begin so
        ("What was said before", None),
    ],
)
def test_a_reply_is_resolved_where_one_message_alone_can_be_meant(meeting, quote, answered):
    texts = [
        *("Can you hear me?", "Where is the sheet for week 2?"),
        *('He said "no" to the question.', "Two\n\tlines", "Where is the bin?"),
    ]
    for gap in ("\n\t\n\t", " "):
        messages, _ = meeting(said(*texts, f'Replying to "{quote}"{gap}Here: "x"'))
        reply = messages[-1]
        assert reply.text == 'Here: "x"'
        assert reply.reply_to == ("" if answered is None else messages[answered].id)
        assert reply.parent == (quote.removesuffix("...") if answered is None else None)


def test_the_same_words_twice_make_a_reply_unsure(meeting):
    messages, _ = meeting(said("Yes", "Yes", 'Replying to "Yes"\n\t\n\tWhich?'))
    assert (messages[2].reply_to, messages[2].parent) == ("", "Yes")


def test_a_quote_may_go_over_lines_and_hold_quotes(meeting):
    messages, _ = meeting(said("x", 'Replying to "he said "hi" to\n\tm..."\n\t\n\tMe too'))
    assert messages[1].text == "Me too"
    assert messages[1].parent == 'he said "hi" to m'


@pytest.mark.parametrize("text", ['Replying to "you all', 'Replying to "' + "a" * 200 + '" no'])
def test_words_that_only_look_like_a_reply_are_kept(meeting, text):
    assert meeting(said(text))[0][0].text == text


def test_a_reply_without_words_is_left_out(meeting):
    assert len(meeting(said("hi", 'Replying to "hi"'))[0]) == 1


def test_meetings_of_one_file_name_are_apart_and_two_saves_of_one_are_not(meeting):
    first, _ = meeting(said("hi", "one", "one"))
    again, _ = meeting(said("hi", "one", "one", "two"))
    other, _ = meeting(said("hello", "one"))
    assert [m.id for m in again][:3] == [m.id for m in first]
    assert first[0].thread == again[0].thread != other[0].thread
    assert not {m.id for m in other} & {m.id for m in again}
    assert len({m.id for m in again}) == 4


def test_a_line_in_the_other_form_belongs_to_the_message(meeting):
    messages, _ = meeting("00:00:09\tMara:\tlook\n10:00:00 From  Ken  to  Everyone:\n")
    assert [m.text for m in messages] == ["look\n10:00:00 From  Ken  to  Everyone:"]


def test_lines_before_the_first_message_are_reported(read, write):
    messages, bad = read(write("a.txt", "Chat of today\n" + said("hi")), format="zoom")
    assert [(m.text, m.place) for m in messages] == [("hi", "a.txt:2")]
    assert bad[0][0] == "a.txt:1"
    assert bad[0][1].startswith("these lines stand before the first message")


def test_a_message_without_end_is_passed_over_and_the_rest_goes_on(meeting, monkeypatch):
    monkeypatch.setattr(transcripts, "MAX_RECORD", 1000)
    messages, bad = meeting(said("x" * 1100, "still here"))
    assert [m.text for m in messages] == ["still here"]
    assert [place for place, _ in bad] == ["meeting_saved_chat.txt:1"]


def test_utf_16_is_read_and_what_is_not_utf_8_is_noticed(read, write):
    for encoding, notices in (("utf-16", 0), ("utf-8-sig", 0), ("cp1252", 1)):
        (message,), bad = read(write("a.txt", said("naïve").encode(encoding)))
        assert message.text == "naïve"
        assert len(bad) == notices


def test_a_truncated_file_yields_what_it_holds(meeting):
    text = said("hi", "there")
    assert [m.text for m in meeting(text[:-4])[0]] == ["hi", "th"]
    assert [m.text for m in meeting(text[: text.index("\tthere")])[0]] == ["hi"]


@pytest.mark.parametrize("content", ["", "\n", "hello\n", '{"a": 1}', "\0" * 50, "10:00:00 hi\n"])
def test_a_file_without_messages_is_refused(write, content):
    with pytest.raises(InputError, match="holds no line that begins as a message of Zoom does"):
        list(ZOOM.read(write("a.txt", content)))


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.iterdir(), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 11
    for path in files:
        assert ZOOM.sniff(path) == path.name.startswith("zoom"), path.name
        if path.name.startswith("zoom"):
            assert sniff(path) is ZOOM


@given(data=st.data(), name=st.sampled_from(["zoom-local.txt", "zoom-cloud.txt"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data, name):
    found = read_changed(
        data, (FIXTURES / name).read_bytes(), "chat.txt", format="zoom", changes=5, cut=40, put=5
    )
    ids = [row.id for row in found if isinstance(row, Message)]
    assert len(set(ids)) == len(ids)
