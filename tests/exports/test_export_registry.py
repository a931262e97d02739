import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

FORMATS = (
    "The formats are: slack (Slack export), "
    "discord (DiscordChatExporter JSON), "
    "discord_csv (DiscordChatExporter CSV), "
    "discourse (Discourse topic JSON), "
    "moodle (Moodle forum export), "
    "stackexchange (Stack Exchange data dump), "
    "mbox (Mailing list archive (mbox)), "
    "table (Table: CSV, TSV, JSON lines, JSON or Parquet)."
)


def test_every_reader_says_what_it_takes_and_how_to_get_it():
    assert [reader.name for reader in READERS] == [
        "slack",
        "discord",
        "discord_csv",
        "discourse",
        "moodle",
        "stackexchange",
        "mbox",
        "table",
    ]
    for reader in READERS:
        assert reader.title
        assert 2 <= reader.how_to.count(". ") + 1 <= 4
        assert reader.how_to.endswith(".")
        assert all(ending.startswith(".") for ending in reader.files)
        assert reader_named(reader.name) is reader


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(InputError) as caught:
        reader_named("teams")
    assert str(caught.value) == f"there is no format 'teams'. {FORMATS}"


def test_an_unknown_format_is_refused_before_reading(write):
    with pytest.raises(InputError, match="there is no format 'teams'"):
        read_export(write("a.csv", "text\nhi\n"), format="teams")


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        (
            "a.json",
            {"conversations": [], "userId": "8:x"},
            "JSON with the keys conversations, userId",
        ),
        ("a.json", {}, "JSON with no objects"),
        ("a.txt", "Dear all,\nthe course begins.\n", "text without columns"),
        ("a.bin", b"\x7fELF\0\0\0\0", "binary data"),
        ("a.csv", b"\x7fELF\0\0\0\0", "binary data"),
        ("a.gz", b"\x1f\x8b\x08\0", "packed with gzip: unpack it first"),
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
_MOODLE = [
    [
        {
            **{"id": "1", "discussion": "2", "parent": "0", "userfullname": "Mara", "deleted": "0"},
            **{"subject": "s", "message": "m", "messageformat": "1", "created": "1788858000"},
        }
    ]
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
    [("discord", _DISCORD), ("discourse", _DISCOURSE), ("moodle", _MOODLE), ("table", _TABLE)],
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
