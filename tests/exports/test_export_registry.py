import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
FIXTURES = [
    *sorted(path for path in (Path(__file__).parent / "fixtures").rglob("*") if path.is_file()),
    *(SAMPLES / name for name in ("discord-channel.json", "moodle-forum.csv", "slack-export.zip")),
]
# Files whose names the platform gives; others begin with their reader's name.
NAMED = {
    "Comments.xml": "stackexchange",
    "Posts.xml": "stackexchange",
    "Learning R - Course - help [900].csv": "discord-csv",
    "learning-list.mbox": "mbox",
    "utterances.jsonl": "convokit",
    "moodle-service.json": "moodle-service",
    "user_archive.csv": "discourse-archive",
    "loops@forum-2026-09-09.dcqresult.json": "discourse-explorer",
    "learnlab_comments.jsonl": "reddit",
    "learnlab_submissions.jsonl": "reddit",
}
# Parts of an export that is packed when it is read; alone they are nothing.
PARTS = {"corpus.json", "conversations.json", "index.json", "speakers.json", "realm.json"}
NAMES = ", ".join(f"{reader.name} ({reader.title})" for reader in READERS)
FORMATS = f"The formats are: {NAMES}."


def test_every_reader_says_what_it_takes_and_how_to_get_it():
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert names[-1] == "table"
    for reader in READERS:
        assert reader.title
        assert 2 <= reader.how_to.count(". ") + 1 <= 4
        assert reader.how_to.endswith(".")
        assert all(ending.startswith(".") for ending in reader.files)
        assert reader_named(reader.name) is reader


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(InputError) as caught:
        reader_named("yammer")
    assert str(caught.value) == f"there is no format 'yammer'. {FORMATS}"


def test_an_unknown_format_is_refused_before_reading(write):
    with pytest.raises(InputError, match="there is no format 'yammer'"):
        read_export(write("a.csv", "text\nhi\n"), format="yammer")


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        (
            "a.json",
            {"rooms": [], "owner": "x"},
            "JSON with the keys rooms, owner",
        ),
        ("a.json", {}, "JSON with no objects"),
        ("a.txt", "Dear all,\nthe course begins.\n", "text without columns"),
        ("a.bin", b"\x7fELF\0\0\0\0", "binary data"),
        ("a.csv", b"\x7fELF\0\0\0\0", "binary data"),
        ("a.gz", b"\x1f\x8b\x08\0", "packed with gzip: unpack it first"),
        (
            "a.zst",
            b"\x28\xb5\x2f\xfd\0\0",
            "packed with Zstandard: unpack it first, with zstd -d --long=31 FILE",
        ),
        ("a.pdf", b"%PDF-1.7", "a PDF"),
        ("a.xls", b"\xd0\xcf\x11\xe0\0\0", "an old Office file: save it as CSV"),
    ],
)
def test_an_unrecognised_file_is_described(write, name, content, seen):
    path = write(name, content)
    with pytest.raises(InputError) as caught:
        sniff(path)
    assert str(caught.value) == (
        f"{path}: this is {seen}, and no format is recognised. {FORMATS} Name one with --format, "
        "or name the column with the text of a table: --map text=COLUMN."
    )


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (
            {f"{n}.txt": "x" for n in range(10)},
            r"a zip without users\.json and channels\.json \(it holds 0\.txt, 1\.txt, .*, …\)",
        ),
        ({}, r"a zip without users\.json and channels\.json \(it holds nothing\)"),
        ({"[Content_Types].xml": "x", "xl/workbook.xml": "x"}, "an Office file: save it as CSV"),
    ],
)
def test_an_unrecognised_zip_is_described(zipped, files, seen):
    with pytest.raises(InputError, match=f"this is {seen}, and no format is recognised"):
        sniff(zipped(files))


def test_what_cannot_be_opened_is_refused_with_what_to_do(tmp_path, write, zipped):
    (tmp_path / "folder").mkdir()
    cut = zipped({"users.json": "[]"}, name="cut.zip")
    cut.write_bytes(cut.read_bytes()[:-10])
    cases = {
        tmp_path / "folder": "is a directory. Give the exported file itself.",
        tmp_path / "none.zip": "there is no such file. Check the path.",
        write("empty.csv", ""): "is empty. Export or download it again.",
        cut: (
            "is not a complete zip: the list of files at its end is missing or damaged. "
            "Download the export again, and check that it is the .zip itself."
        ),
    }
    for path, problem in cases.items():
        for attempt in (sniff, read_export, lambda p: read_export(p, format="table")):
            with pytest.raises(InputError) as caught:
                attempt(path)
            assert str(caught.value) == f"{path}: {problem}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        sniff(tmp_path / "pipe")


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_fixture_is_recognised_by_its_own_reader_only(path):
    own = NAMED.get(path.name) or path.name.partition(".")[0].partition("-")[0]
    known = [reader.name for reader in READERS if reader.name != "table" and reader.sniff(path)]
    if path.name in PARTS or path.name.startswith("messages-"):
        assert not known
        return
    assert known == [own]
    assert sniff(path).name == own


def test_columns_are_for_tables_only(write):
    with pytest.raises(
        InputError, match="columns can be mapped in tables only, not in the format 'moodle'"
    ):
        read_export(write("a.csv", "x\ny\n"), format="moodle", columns={"text": "x"})


def test_a_table_in_an_unknown_kind_of_file_is_known_by_its_header(read, write):
    path = write("export.txt", "user\tmessage\nMara\thello\n")
    assert sniff(path).name == "table"
    assert read(path)[0][0].text == "hello"


def test_one_json_line_with_a_text_is_a_table_and_other_objects_are_not(write):
    assert sniff(write("one.txt", '{"text": "hi"}')).name == "table"
    assert sniff(write("two.txt", '{"a": 1}\n{"a": 2}\n')).name == "table"
    with pytest.raises(InputError, match="JSON with the keys a"):
        sniff(write("three.txt", '{"a": 1}\n'))


def test_reading_is_a_stream(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "one"}\n' * 50_000)
    stream = read_export(path)
    assert next(stream).text == "one"
    stream.close()


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
_DISCORD = {
    "guild": {"id": "1"},
    "channel": {"id": "2", "type": "GuildTextChat", "name": "help"},
    "messages": [
        {
            "id": "3",
            "type": "Reply",
            "timestamp": "2026-09-08T10:30:00Z",
            "content": "see <@5>",
            "author": {"name": "mara", "nickname": "Mara", "isBot": False},
            "mentions": [{"id": "5", "name": "ken"}],
            "reference": {"type": "Default", "messageId": "1"},
            "forwardedMessage": {"content": "x"},
        }
    ],
}
_TELEGRAM = {
    "name": "Loops",
    "type": "private_supergroup",
    "id": 1,
    "messages": [
        {"id": 2, "type": "service", "action": "topic_created", "title": "t"},
        {
            "id": 3,
            "type": "message",
            "date": "2026-09-08T10:30:00",
            "date_unixtime": "1788858000",
            "from": "Mara",
            "from_id": "user1",
            "author": "M",
            "forwarded_from": "Ken",
            "reply_to_message_id": 2,
            "reply_to_peer_id": "channel1",
            "text_entities": [{"type": "text_link", "text": "x", "href": "https://e.org"}],
            "poll": {"question": "q"},
        },
    ],
}
_CANVAS = {
    "participants": [{"id": 1, "display_name": "Mara"}],
    "view": [
        {
            **{"id": 5, "user_id": 1, "parent_id": None, "message": "<p>x", "deleted": False},
            **{"created_at": "2026-09-08T10:30:00Z", "replies": [{"id": 6, "deleted": True}]},
        }
    ],
    "new_entries": [{"id": 7, "user_id": 2, "user_name": "Ken"}],
}
_DISCOURSE = {
    "post_stream": {
        "posts": [
            {
                "id": 1,
                "name": "Mara",
                "created_at": "2026-09-08T10:30:00Z",
                "cooked": "<p>x</p>",
                "post_number": 1,
                "post_type": 1,
                "reply_to_post_number": 1,
                "topic_id": 12,
                "deleted_at": None,
            }
        ],
        "stream": [1],
    },
    "id": 12,
    "title": "t",
}
_EXPLORER = {
    "success": True,
    "duration": 1.5,
    "columns": ["topic_id", "post_number", "user_id", "raw", "created_at", "hidden", "post_type"],
    "relations": {"user": [{"id": 5, "username": "mara"}]},
    "rows": [[12, 1, 5, "x", "2026-09-08T10:30:00Z", False, 1]],
}
_MOODLE = [
    [
        {
            **{"id": "1", "discussion": "2", "parent": "0", "userfullname": "Mara", "deleted": "0"},
            **{"subject": "s", "message": "m", "messageformat": "1", "created": "1788858000"},
        }
    ]
]
_SERVICE = {
    "posts": [
        {
            **{"id": 2, "subject": "Re: t", "replysubject": "Re: t", "message": "<p>x"},
            **{"messageformat": 1, "author": {"id": 3, "fullname": "Mara"}, "discussionid": 7},
            **{"parentid": 1, "timecreated": 1788858000, "isdeleted": False},
            "capabilities": {"view": True},
        }
    ],
    "warnings": [],
}
_OPENEDX = [
    {
        **{"_id": {"$oid": "a1"}, "_type": "CommentThread", "title": "t", "body": "<p>x"},
        **{"course_id": "c", "author_id": "1", "author_username": "mara", "anonymous": False},
        "created_at": {"$date": {"$numberLong": "1788858000000"}},
    },
    {
        **{"_id": "a2", "_type": "Comment", "body": "y", "course_id": "c", "created_at": 5},
        **{"comment_thread_id": {"$oid": "a1"}, "parent_ids": [{"$oid": "a3"}]},
    },
]
_REDDIT = [
    {
        **{"id": "c1", "link_id": "t3_p1", "parent_id": 5, "author": "mara", "body": "&gt; a"},
        **{"created_utc": "1788858000"},
    },
    {
        **{"id": "p1", "title": "Loops", "selftext": "Why?", "author": "ken", "created_utc": 5.0},
        **{"removed_by_category": None},
    },
]
_CONVOKIT = [
    {
        **{"id": "u1", "speaker": "mara", "conversation_id": "u1", "reply-to": None, "text": "a"},
        **{"timestamp": 5, "meta": {"is_section_header": False}, "vectors": []},
    }
]
_MATTERMOST = {
    "type": "post",
    "post": {
        **{"team": "t", "channel": "c", "user": "mara", "type": "", "message": "hi"},
        **{"props": {"from_bot": "false"}, "create_at": 1788858000000},
        "replies": [{"user": "ken", "message": "x", "create_at": 1788858000000}],
    },
}
_ROCKETCHAT = {
    **{"msg": "@ken hi", "username": "mara", "ts": "2026-09-08T10:30:00.000Z", "type": ""},
    "attachments": [{"type": "file", "title": "a.png"}],
}
_TEAMS = {
    "userId": "8:x",
    "conversations": [
        {
            "id": "19:a@thread.v2",
            "displayName": "d",
            "MessageList": [
                {
                    **{"id": "1", "displayName": "m", "messagetype": "RichText", "from": "8:m"},
                    **{"originalarrivaltime": "2026-09-08T10:30:00Z", "properties": {"a": 1}},
                    **{"content": "<quote messageid='1'>", "conversationid": "19:a@thread.v2"},
                }
            ],
        }
    ],
}
_GRAPH = [
    {
        **{"id": "2", "replyToId": "1", "messageType": "message", "subject": "s", "chatId": None},
        **{"createdDateTime": "2026-09-08T10:30:00Z", "deletedDateTime": None},
        "from": {"user": {"id": "u", "displayName": "m"}, "application": None},
        "body": {"contentType": "html", "content": "<p>"},
        "channelIdentity": {"channelId": "c"},
        "attachments": [{"id": "1", "contentType": "messageReference"}],
        "replies": [{"id": "3"}],
    }
]
_TABLE = [{"id": "1", "text": "a", "author": "b", "time": 5, "parent": "p", "reply_to": "0"}]


def _with(value, path, new):
    """Returns the value with what stands at a path replaced; steps past its end change nothing."""
    if not path:
        return new
    if isinstance(value, dict) and value:
        key = sorted(value)[path[0] % len(value)]
        return {**value, key: _with(value[key], path[1:], new)}
    if isinstance(value, list) and value:
        at = path[0] % len(value)
        return [*value[:at], _with(value[at], path[1:], new), *value[at + 1 :]]
    return new


@pytest.mark.parametrize(
    ("name", "export"),
    [
        ("mattermost", _MATTERMOST),
        ("rocketchat", _ROCKETCHAT),
        ("teams", _TEAMS),
        ("teams", _GRAPH),
        ("discord", _DISCORD),
        ("canvas", _CANVAS),
        ("discourse", _DISCOURSE),
        ("discourse-explorer", _EXPLORER),
        ("moodle", _MOODLE),
        ("moodle-service", _SERVICE),
        ("openedx", _OPENEDX),
        ("telegram", _TELEGRAM),
        ("reddit", _REDDIT),
        ("convokit", _CONVOKIT),
        ("table", _TABLE),
    ],
)
@given(path=st.lists(st.integers(0, 20), max_size=5), new=_json)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_any_place_gives_messages_or_bad_rows(tmp_path, name, export, path, new):
    file = tmp_path / "export.json"
    file.write_text(json.dumps(_with(export, path, new)))
    try:
        found = list(read_export(file, format=name))
    except InputError:
        return
    for row in found:
        assert isinstance(row, Message | BadRow)
        if isinstance(row, Message):
            assert isinstance(row.text, str)
            assert all(isinstance(v, str) for v in (row.id, row.author, row.thread, row.reply_to))


@given(path=st.lists(st.integers(0, 20), max_size=3), new=_json)
@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
def test_any_value_in_a_slack_message_gives_messages_or_bad_rows(zipped, path, new):
    day = [
        {
            **{"type": "message", "user": "U1", "text": "hi <@U1>", "ts": "1788858000.000100"},
            **{"thread_ts": "1788858000.000100", "subtype": "me_message", "user_profile": {"a": 1}},
        }
    ]
    users = [{"id": "U1", "name": "mara", "profile": {"display_name": "Mara"}}]
    file = zipped(
        {
            "users.json": _with(users, path, new),
            "channels.json": _with([{"id": "C1", "name": "c"}], path, new),
            "c/2026-09-08.json": _with(day, path, new),
        }
    )
    assert all(isinstance(row, Message | BadRow) for row in read_export(file))


@given(st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_or_read(tmp_path, content):
    file = tmp_path / "export"
    for start in (b"", b"PK\x03\x04", b"PAR1", b'[{"', b'{"text": "', b"text\n", b'text\n"'):
        file.write_bytes(start + content)
        try:
            found = list(read_export(file))
        except InputError:
            continue
        assert all(isinstance(row, Message | BadRow) for row in found)
