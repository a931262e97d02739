import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff

FIXTURES = Path(__file__).parent / "fixtures"
TELEGRAM = reader_named("telegram")


def said(number, text, **more):
    return {
        "id": number,
        "type": "message",
        "date": "2026-09-01T09:00:00",
        "date_unixtime": "1788246000",
        "from": "Mara Hall",
        "from_id": "user111",
        "text": text,
        **more,
    }


def group(*messages, **more):
    about = {"name": "Loops", "type": "private_supergroup", "id": 1500, **more}
    return {**about, "messages": list(messages)}


@pytest.fixture
def talk(read, write):
    """Reads the messages of a group."""
    return lambda *messages, **more: read(write("result.json", group(*messages, **more)))


def test_the_sample_of_one_chat_is_read_whole(read):
    messages, bad = read(FIXTURES / "telegram-chat.json")
    assert not bad
    assert [(m.id, m.author, m.text) for m in messages] == [
        ("1500/3", "Mara Hall", "Post your questions on homework 1 here."),
        (
            "1500/4",
            "Ken (user222)",
            "Why does `range(3)` stop at 2?\nSee the notes (https://example.org/notes).",
        ),
        (
            "1500/5",
            "Ken (user333)",
            "> Why does range(3) stop at 2?\nRead the first page, it is not hard.",
        ),
        (
            "1500/6",
            "user444",
            "Try\n```\nfor i in range(4):\n    print(i)\n```\nand count.",
        ),
        ("1500/7", "Mara Hall", "Office hour is on Thursday."),
        ("1500/8", "Course news", "Slides are up."),
        ("1500/9", "Ken (user222)", "> Nobody will ever read these."),
        ("1500/10", "Ken (user333)", ""),
        ("1500/11", "Ines Roy", "Exam dates follow."),
        ("1500/12", "Mara Hall", "Which week suits you?"),
        ("1500/15", "Ken (user222)", "As I said there."),
    ]
    assert [(m.thread, m.reply_to) for m in messages] == [
        ("1500/2", ""),
        ("1500/2", ""),
        ("1500/2", "1500/4"),
        ("1500/2", "1500/5"),
        ("1500/7", ""),
        ("1500/8", ""),
        ("1500/8", "1500/8"),
        ("1500/10", ""),
        ("1500/11", ""),
        ("1500/12", ""),
        ("1500/15", "900/7"),
    ]
    assert {m.title for m in messages[:4]} == {"Loops and lists: Homework 1"}
    assert messages[6].title == "Loops and lists: Slides are up."
    assert messages[0].time == datetime(2026, 9, 1, 7, 1, tzinfo=UTC)
    assert messages[0].place == "telegram-chat.json:3"


def test_the_sample_of_an_account_is_read_whole_but_for_bots_and_notes_to_oneself(read):
    messages, bad = read(FIXTURES / "telegram-account.json")
    assert not bad
    assert [(m.id, m.author, m.title, m.text) for m in messages] == [
        ("801/902", "Mara Hall", "Maths: Who has 3b?", "Who has 3b?"),
        ("801/903", "Ken (user222)", "Maths: Who has 3b?", "Me."),
        ("444/904", "user444", "Can you help me?", "Can you help me?"),
        ("802/3", "Ken (user333)", "Physics: Late lab reports?", "Late lab reports?"),
    ]
    assert [m.reply_to for m in messages] == ["", "801/902", "", ""]


def test_notes_to_oneself_are_read_where_they_were_exported_alone(talk):
    assert talk(said(1, "buy chalk"), type="saved_messages")[0][0].text == "buy chalk"


def test_the_text_may_be_a_string_or_a_list_with_or_without_entities(talk):
    link = {"type": "link", "text": "https://example.org"}
    messages, bad = talk(
        said(1, "plain"),
        said(2, ["see ", link, " now"]),
        said(3, "", text_entities=[{"type": "bold", "text": "bold"}]),
        said(4, ["a ", {"type": "mention_name", "text": "Ken", "user_id": 5}]),
        said(5, "x", text_entities=[]),
    )
    assert not bad
    assert [m.text for m in messages] == [
        "plain",
        "see https://example.org now",
        "bold",
        "a Ken",
        "x",
    ]


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (["a", {"type": "blockquote", "text": "b\nc"}, "d"], "a\n> b\n> c\nd"),
        (["a\n", {"type": "blockquote", "text": "b"}, "\n\nd"], "a\n> b\n\nd"),
        (
            [{"type": "blockquote", "text": "b"}, "", {"type": "pre", "text": "c"}],
            "> b\n```\nc\n```",
        ),
        ([{"type": "text_link", "text": "t", "href": "tg://user?id=1"}], "t"),
        (
            [{"type": "text_link", "text": "https://e.org", "href": "https://e.org"}],
            "https://e.org",
        ),
        ([{"type": "spoiler", "text": "4"}, {"type": "new_kind", "text": "2"}], "42"),
    ],
)
def test_quotes_and_code_stay_visible(talk, parts, shown):
    assert talk(said(1, parts))[0][0].text == shown


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"forwarded_from": "Ken"}, "> a\n>\n> b"),
        ({"forwarded_from": None}, "> a\n>\n> b"),
        ({"forwarded_from": None, "from": None}, "> a\n>\n> b"),
        ({"forwarded_from": "Mara Hall"}, "a\n\nb"),
        ({"via_bot": "@gif"}, "a\n\nb"),
    ],
)
def test_forwarded_words_of_others_are_quotes(talk, more, shown):
    assert talk(said(1, "a\n\nb", **more))[0][0].text == shown


def test_answers_to_answers_stay_in_the_thread_of_the_first(talk):
    messages, _ = talk(
        said(1, "How do I sort?"),
        said(2, "sorted()", reply_to_message_id=1),
        said(3, "Another thing."),
        said(4, "Or .sort()", reply_to_message_id=2),
        said(5, "Thanks", reply_to_message_id=4),
        said(6, "Yes", reply_to_message_id=-7),
    )
    assert [m.thread for m in messages] == [
        *("1500/1", "1500/1", "1500/3", "1500/1", "1500/1", "1500/-7"),
    ]
    assert [m.reply_to for m in messages] == ["", "1500/1", "", "1500/2", "1500/4", "1500/-7"]
    assert messages[4].title == "Loops: How do I sort?"
    assert messages[5].title == "Loops"


def test_the_same_number_in_two_chats_is_two_messages(read, write):
    chats = {"about": "x", "list": [group(said(1, "a")), group(said(1, "b"), id=7, name="Art")]}
    messages, _ = read(write("result.json", {"about": "x", "chats": chats}))
    assert [(m.id, m.thread, m.title) for m in messages] == [
        ("1500/1", "1500/1", "Loops: a"),
        ("7/1", "7/1", "Art: b"),
    ]


@pytest.mark.parametrize(
    "message",
    [
        said(1, "x", type="service", action="pin_message", actor="Mara"),
        {"id": 1, "type": "unsupported"},
    ],
    ids=["service", "unsupported"],
)
def test_what_nobody_wrote_is_left_out(talk, message):
    assert talk(message) == ([], [])


def test_deleted_accounts_are_told_apart_by_id(talk):
    gone = [said(n, "x", **{"from": None, "from_id": f"user{n}"}) for n in (1, 2)]
    nobody = said(3, "x", **{"from": None, "from_id": None})
    assert [m.author for m in talk(*gone, nobody)[0]] == ["user1", "user2", ""]


def test_an_old_export_has_only_local_dates(talk):
    message = said(1, "x", date="2019-03-01T10:30:00")
    del message["date_unixtime"]
    assert talk(message)[0][0].time == datetime(2019, 3, 1, 10, 30, tzinfo=UTC)


def test_control_characters_are_read_as_telegram_escapes_them(read, write):
    text = json.dumps(group(said(1, "a\x0bb\\x41"), said(2, "c")))
    assert r"\u000b" in text
    messages, bad = read(write("result.json", text.replace(r"\u000b", r"\x0B")))
    assert not bad
    assert [m.text for m in messages] == ["a\x0bb\\x41", "c"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "1"}, '"id" must be a whole number, got str.'),
        ({"type": None}, '"type" must be a string, got nothing.'),
        ({"text": 5}, '"text" must be a string or a list, got int.'),
        ({"text": [5]}, 'a part of "text" must be a string or an object, got int.'),
        ({"text": [{"type": "bold"}]}, '"text" must be a string, got nothing.'),
        ({"from": ["x"]}, '"from" must be a string or a number, got list.'),
        ({"author": {}}, '"author" must be a string or a number, got dict.'),
        ({"date_unixtime": None, "date": None}, '"date" must be a string, got nothing.'),
        (
            {"date_unixtime": "soon"},
            "'soon' is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, or seconds since "
            "1970.",
        ),
    ],
)
def test_a_message_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk({**said(1, "broken"), **change}, said(2, "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("result.json:1", reason)]


def test_what_is_no_message_is_reported_in_its_chat(read, write):
    chats = {"about": "x", "list": [group(7, said(1, "a")), group(said(2, "b"), id=7)]}
    messages, bad = read(write("result.json", {"about": "x", "chats": chats}))
    assert [m.id for m in messages] == ["1500/1", "7/2"]
    assert bad == [("result.json:1", "must be an object, got int.")]


def test_a_truncated_file_yields_all_before_the_break(read, write, kinds):
    text = json.dumps(group(said(1, "a"), said(2, "b")))
    path = write("result.json", text[: text.index('"id": 2') + 20])
    messages, bad = read(path)
    assert [m.id for m in messages] == ["1500/1"]
    assert bad[0][0] == "result.json:2"
    assert bad[0][1].startswith("the file breaks off here")
    assert kinds(path) == ["rest"]


def test_bytes_that_are_not_utf_8_are_noticed(read, write):
    text = json.dumps(group(said(1, "caf\xe9")), ensure_ascii=False)
    (message,), bad = read(write("result.json", text.encode("cp1252")))
    assert message.text == "café"
    assert [place for place, _ in bad] == ["result.json"]


def test_a_chat_without_messages_yields_nothing(talk):
    assert talk() == ([], [])


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"about": "x", "chats": {}}', "no", '{"a'])
def test_a_file_without_a_chat_is_refused(write, content):
    with pytest.raises(InputError, match="holds no chat of Telegram"):
        list(TELEGRAM.read(write("result.json", content)))


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.iterdir(), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 9
    for path in files:
        assert TELEGRAM.sniff(path) == path.name.startswith("telegram"), path.name
        if path.name.startswith("telegram"):
            assert sniff(path) is TELEGRAM


def test_other_json_with_messages_is_not_taken_for_telegram(write):
    for content in ({"type": "room", "id": 1, "messages": []}, {"about": "x"}, [group()]):
        assert not TELEGRAM.sniff(write("other.json", content))


@given(data=st.data(), name=st.sampled_from(["telegram-chat.json", "telegram-account.json"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data, name):
    read_changed(data, (FIXTURES / name).read_bytes(), "result.json", format="telegram")
