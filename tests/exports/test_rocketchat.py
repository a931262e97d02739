import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

FIXTURE = Path(__file__).parent / "fixtures" / "rocketchat-questions.json"
SYSTEM = [
    *("uj", "ul", "ujt", "ult", "au", "ru", "added-user-to-team", "r", "rm", "wm", "user-muted"),
    *("room_changed_topic", "subscription-role-added", "livechat-close", "videoconf", "a-new-one"),
]


def said(text, user="mara", at="10:30:00.000", **more):
    return {"msg": text, "username": user, "ts": f"2026-09-08T{at}Z", **more}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def talk(read, write):
    """Reads the lines of a room called "loops"."""
    return lambda *values: read(write("loops.json", lines(*values)))


def test_the_fixture_is_read_message_by_message(read):
    assert sniff(FIXTURE).name == "rocketchat"
    messages, bad = read(FIXTURE)
    assert not bad
    ids = [f"rocketchat-questions/2026-09-08T{m.time:%H:%M:%S}" for m in messages]
    assert all(m.id.startswith(start) for m, start in zip(messages, ids, strict=True))
    assert [(m.author, m.text) for m in messages] == [
        ("mara.hall", "Why does my loop stop one early?"),
        ("mara.hall", ""),
        ("ito", "@mara.hall `range(5)` ends at 4.\n> the end is left out"),
        ("mara.hall", "@ito: thank you, that was it!"),
        ("ito", "@all the next sheet is out."),
        ("juno", "Another one? Some of us have a life."),
    ]
    assert [m.reply_to for m in messages] == ["", "", messages[1].id, messages[2].id, "", ""]
    assert messages[0].id == "rocketchat-questions/2026-09-08T09:01:00.120Z/mara.hall"
    assert messages[0].time == datetime(2026, 9, 8, 9, 1, 0, 120_000, tzinfo=UTC)
    assert {(m.thread, m.title) for m in messages} == {
        ("rocketchat-questions", "#rocketchat-questions")
    }
    assert messages[-1].place == "rocketchat-questions.json:9"


def test_the_zip_that_comes_by_mail_is_read_room_by_room(read, zipped):
    path = zipped(
        {
            "assets/f1-notes.json": '{"msg": 1}',
            "loops.json": lines(said("One."), said("Two.", "ken")),
            "general.json": lines(said("Three.")),
        }
    )
    assert sniff(path).name == "rocketchat"
    messages, bad = read(path)
    assert not bad
    assert [(m.thread, m.text, m.place) for m in messages] == [
        ("general", "Three.", "general.json:1"),
        ("loops", "One.", "loops.json:1"),
        ("loops", "Two.", "loops.json:2"),
    ]
    assert len({m.id for m in messages}) == 3


def test_the_download_of_ones_own_data_is_read_and_is_not_taken_for_slack(read, zipped):
    path = zipped(
        {
            "user.json": {"username": "mara", "name": "Mara Hall"},
            "channels.json": lines({"roomId": "r1", "roomName": "loops", "type": "c"}),
            "loops.json": lines(said("Why?"), said("Because.", "User_2"), said("@ken why?")),
        }
    )
    assert sniff(path).name == "rocketchat"
    messages, bad = read(path)
    assert not bad
    assert [(m.author, m.reply_to) for m in messages] == [
        ("mara", ""),
        ("User_2", messages[0].id),
        ("mara", ""),
    ]


@pytest.mark.parametrize("kind", SYSTEM)
def test_the_system_is_left_out(talk, kind):
    assert talk(said("joined", type=kind)) == ([], [])


def test_the_bot_of_the_server_is_left_out(talk):
    messages, _ = talk(said("Welcome!", "rocket.cat"), said("@rocket.cat hello"))
    assert [(m.text, m.reply_to) for m in messages] == [("@rocket.cat hello", "")]


def test_encrypted_messages_are_counted_and_not_read(read, write, kinds):
    path = write("loops.json", lines(said("a"), *[said("c2VjcmV0", type="e2e")] * 2))
    messages, bad = read(path)
    assert [m.text for m in messages] == ["a"]
    assert bad == [
        (
            "loops.json",
            "messages that are encrypted end to end, and so could not be read: 2. "
            "Nothing can be done: the server cannot read them either.",
        )
    ]
    assert kinds(path) == ["notice"]


def test_ids_are_the_same_from_run_to_run_and_unique(read, write):
    path = write("loops.json", lines(said("a"), said("b"), said("c", "ken"), said("d")))
    first = [m.id for m in read(path)[0]]
    assert first == [m.id for m in read(path)[0]]
    assert first == [
        "loops/2026-09-08T10:30:00.000Z/mara",
        "loops/2026-09-08T10:30:00.000Z/mara#2",
        "loops/2026-09-08T10:30:00.000Z/ken",
        "loops/2026-09-08T10:30:00.000Z/mara#3",
    ]


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("@ken no", "ken"),
        ("@ken, no", "ken"),
        ("@ken.ito: no", "ken.ito"),
        ("@ken. No", "ken"),
        ("[ ](https://c.example.org/channel/loops?msg=x1)\n@ken no", "ken"),
        ("[ ](https://a.org/?msg=x1) [ ](https://a.org/?msg=x2) @ken no", "ken"),
        ("no, @ken", ""),
        ("@ken @ken.ito no", ""),
        ("@ken, @ken.ito: no", ""),
        ("@kenneth no", ""),
        ("@mara I talk to myself", ""),
        ("@here @all no", ""),
        ("mail me: @", ""),
        ("no", ""),
    ],
)
def test_a_message_that_begins_with_a_name_answers_that_person(talk, text, answers):
    messages, _ = talk(
        said("old", "ken", "09:00:00.000"),
        said("new", "ken", "09:01:00.000"),
        said("x", "ken.ito", "09:02:00.000"),
        said("y", "mara", "09:03:00.000"),
        said(text),
    )
    targets = {"": "", "ken": messages[1].id, "ken.ito": messages[2].id}
    assert messages[-1].reply_to == targets[answers]


def test_a_name_answers_nothing_that_is_old_or_still_to_come(talk):
    messages, _ = talk(
        {**said("old", "ken"), "ts": "2026-09-07T10:29:59.000Z"},
        said("@ken no"),
        said("@lea hello"),
        said("here I am", "lea", "10:36:00.000"),
    )
    assert [m.reply_to for m in messages] == [""] * 4


def test_links_that_quote_are_taken_off_and_other_links_stay(talk):
    link = "[ ](https://c.example.org/channel/loops?msg=x1)"
    messages, _ = talk(
        said(f"{link} Yes."), said(f"see {link}"), said("[my notes](https://a.org) x")
    )
    assert [m.text for m in messages] == ["Yes.", f"see {link}", "[my notes](https://a.org) x"]


def test_ten_thousand_links_take_no_time(talk):
    messages, _ = talk(said("a"), said("[ ](https://a.org) " * 10_000 + "["), said("@" * 100_000))
    assert messages[1].text == "["


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({**said("x"), "msg": None}, '"msg" must be a string, got nothing.'),
        ({"username": "mara"}, '"msg" must be a string, got nothing.'),
        ({**said("x"), "ts": None}, '"ts" must be a string, got nothing.'),
        (
            {**said("x"), "ts": ""},
            '"ts" must be a time such as "2026-09-08T10:30:00.000Z", got "".',
        ),
        ({**said("x"), "username": ["m"]}, '"username" must be a string or a number, got list.'),
        ({**said("x"), "type": {}}, '"type" must be a string or a number, got dict.'),
        (["x"], "must be an object, got list."),
    ],
)
def test_a_line_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, broken, reason):
    messages, bad = talk(said("before"), broken, said("after"))
    assert [m.text for m in messages] == ["before", "after"]
    assert bad == [("loops.json:2", reason)]


def test_a_time_that_is_none_is_reported(talk):
    _, bad = talk(said("a"), {**said("x"), "ts": "yesterday"})
    assert bad[0][1].startswith("'yesterday' is not a time.")


def test_a_message_without_an_author_is_read(talk):
    messages, bad = talk(said("a", None), said("b", None))
    assert not bad
    assert [m.author for m in messages] == ["", ""]
    assert len({m.id for m in messages}) == 2


def test_a_truncated_file_yields_all_before_the_break(talk, read, write):
    messages, bad = read(write("loops.json", lines(said("One."), said("Two."))[:-20]))
    assert [m.text for m in messages] == ["One."]
    assert bad[0][0] == "loops.json:2"
    assert bad[0][1].startswith("not valid JSON: ")


def test_a_file_in_windows_1252_is_read_and_said(read, write):
    text = lines(said("PLACE")).replace("PLACE", "na\u00efve")
    messages, bad = read(write("loops.json", text.encode("cp1252")))
    assert [m.text for m in messages] == ["na\u00efve"]
    assert bad[0][1].startswith("some bytes are not UTF-8 and were read as Windows-1252.")


@pytest.mark.parametrize(
    "content",
    ['[{"msg": "x", "username": "a", "ts": "b"}]', '{"msg": "x"}\n', "<p>hello</p>", b"\xff\xfe\0"],
)
def test_a_file_of_another_format_is_refused_when_the_format_is_named(read, write, content):
    path = write("loops.json", content)
    assert not reader_named("rocketchat").sniff(path)
    with pytest.raises(InputError, match=r"loops\.json: holds no messages of a Rocket\.Chat room"):
        read(path, format="rocketchat")


def test_a_zip_without_rooms_is_refused_when_the_format_is_named(read, zipped):
    with pytest.raises(InputError, match=r"is a zip without the \.json files of rooms"):
        read(zipped({"loops.html": "<p>", "assets/a.json": "{}"}), format="rocketchat")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="rocketchat")
    with pytest.raises(InputError, match="is empty"):
        read(write("loops.json", ""), format="rocketchat")


def test_a_room_without_messages_yields_nothing(read, write):
    assert read(write("loops.json", "\n"), format="rocketchat") == ([], [])


@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_give_messages_bad_rows_or_an_input_error(tmp_path, changes):
    content = bytearray(FIXTURE.read_bytes())
    for at, byte in changes:
        content[at % len(content)] = byte
    path = tmp_path / "loops.json"
    path.write_bytes(content)
    try:
        found = list(read_export(path, format="rocketchat"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
