import json
import zipfile
from datetime import UTC, datetime

import pytest

from tonecheck.errors import InputError
from tonecheck.exports import archive as archive_module
from tonecheck.exports import sniff

USERS = [
    {"id": "U1", "name": "mhall", "profile": {"display_name": "Mara", "real_name": "Mara Hall"}},
    {"id": "U2", "name": "ito", "real_name": "Ken Ito", "profile": {"display_name": ""}},
    {"id": "U3", "name": "reminder", "is_bot": True},
]
CHANNELS = [{"id": "C1", "name": "questions"}, {"id": "C2", "name": "general"}]


def said(ts, text, user="U1", **more):
    return {"type": "message", "user": user, "text": text, "ts": ts, **more}


def export(days, **files):
    return {"users.json": USERS, "channels.json": CHANNELS, **days, **files}


@pytest.fixture
def talk(read, zipped):
    """Reads a channel "questions" of one day."""

    def talk(*messages):
        return read(zipped(export({"questions/2026-09-08.json": list(messages)})))

    return talk


def test_a_reply_in_another_days_file_joins_its_thread(read, zipped):
    root = said(
        "1788858000.000100", "How do I invert a matrix?\nBy hand.", thread_ts="1788858000.000100"
    )
    late = said("1788945000.000200", "With row operations.", "U2", thread_ts="1788858000.000100")
    path = zipped(
        export({"questions/2026-09-09.json": [late], "questions/2026-09-08.json": [root]})
    )
    (first, second), bad = read(path)
    assert not bad
    assert (first.id, first.author, first.reply_to) == ("1788858000.000100", "Mara", "")
    assert first.time == datetime(2026, 9, 8, 9, 0, 0, 100, tzinfo=UTC)
    assert first.place == "questions/2026-09-08.json:1"
    assert (second.author, second.reply_to) == ("Ken Ito", "1788858000.000100")
    assert second.place == "questions/2026-09-09.json:1"
    assert first.thread == second.thread == "questions/1788858000.000100"
    assert first.title == second.title == "#questions: How do I invert a matrix?"


def test_messages_without_replies_are_threads_of_their_own(talk):
    messages, _ = talk(said("1788858000.000100", "One."), said("1788858001.000100", "Two."))
    assert [m.thread for m in messages] == [
        "questions/1788858000.000100",
        "questions/1788858001.000100",
    ]
    assert [m.title for m in messages] == ["#questions: One.", "#questions: Two."]


def test_a_reply_whose_thread_began_before_the_export_keeps_its_link(talk):
    (message,), _ = talk(said("1788858000.000100", "Yes.", thread_ts="1780000000.000100"))
    assert message.reply_to == "1780000000.000100"
    assert message.title == "#questions"


def test_a_reply_that_was_also_sent_to_the_channel_counts_once(talk):
    reply = said("1788858009.000100", "Look at chapter 3.", thread_ts="1788858000.000100")
    messages, bad = talk(
        said("1788858000.000100", "Where?", thread_ts="1788858000.000100"),
        reply,
        {**reply, "subtype": "thread_broadcast"},
    )
    assert [m.text for m in messages] == ["Where?", "Look at chapter 3."]
    assert not bad


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "channel_join"},
        {"subtype": "channel_leave"},
        {"subtype": "channel_topic"},
        {"subtype": "bot_message"},
        {"subtype": "tombstone"},
        {"bot_id": "B7"},
        {"user": "U3"},
        {"user": "USLACKBOT"},
        {"type": "event"},
    ],
    ids=str,
)
def test_the_system_and_bots_are_left_out(talk, more):
    assert talk({**said("1788858000.000100", "x"), **more}) == ([], [])


@pytest.mark.parametrize("subtype", ["me_message", "file_share"])
def test_what_people_write_is_kept_whatever_its_subtype(talk, subtype):
    (message,), _ = talk(said("1788858000.000100", "my plot", subtype=subtype))
    assert message.text == "my plot"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1> and <@U2|ken> and <@U9>", "@Mara and @Ken Ito and @U9"),
        ("see <#C2|general> and <#C1>", "see #general and #questions"),
        ("<!here> <!subteam^S1|@tutors>", "@here @tutors"),
        ("<!date^1788858000^{date}|8 September>", "8 September"),
        ("<https://e.org/a?b=1&amp;c=2|the notes>", "the notes (https://e.org/a?b=1&c=2)"),
        ("<https://e.org/a>", "https://e.org/a"),
        ("<http://example.org|example.org>", "http://example.org"),
        ("<mailto:t@e.org|t@e.org>", "t@e.org"),
        ("if a &lt; b &amp;&amp; b &gt; c", "if a < b && b > c"),
        ("&amp;lt; stays escaped once", "&lt; stays escaped once"),
        ("&gt; quoted\nand mine", "> quoted\nand mine"),
        ("<>", "<>"),
        ("see <|this> and <|>", "see <|this> and <|>"),
        ("<@> <#> <!> <@|Mara>", "@ # @ @Mara"),
    ],
)
def test_markup_becomes_what_people_saw(talk, text, shown):
    (message,), _ = talk(said("1788858000.000100", text))
    assert message.text == shown


def test_people_who_share_a_display_name_are_told_apart(read, zipped):
    users = [
        {"id": "U1", "name": "alex.k", "profile": {"display_name": "Alex"}},
        {"id": "U2", "name": "alex", "profile": {"real_name": "Alex"}},
        {"id": "U3", "profile": {"display_name": "Alex"}},
        {"id": "U4", "name": "trick", "profile": {"display_name": "Alex (alex.k)"}},
        {"id": "U5", "name": "sam", "profile": {"display_name": "Sam"}},
        {"id": "U6", "name": "sam", "is_bot": True},
    ]
    authors = ["U1", "U2", "U3", "U4", "U5", "U1"]
    day = [said(f"178885800{n}.000100", "<@U1>", user) for n, user in enumerate(authors)]
    guest = {"display_name": "Sam"}
    day += [said(f"178885801{n}.000100", "x", u, user_profile=guest) for n, u in enumerate("VV")]
    day += [said("1788858020.000100", "x", "U5")]
    path = zipped({**export({"questions/2026-09-08.json": day}), "users.json": users})
    messages, _ = read(path)
    assert [m.author for m in messages] == [
        *("Alex (alex.k)", "Alex (alex)", "Alex (U3)", "Alex (alex.k) (trick)", "Sam"),
        *("Alex (alex.k)", "Sam (V)", "Sam (V)", "Sam"),
    ]
    assert messages[0].text == "@Alex"


def test_an_export_that_was_zipped_again_inside_a_folder_is_read(read, zipped):
    files = export({"questions/2026-09-08.json": [said("1788858000.000100", "Hi.")]})
    path = zipped({f"Our export/{name}": content for name, content in files.items()})
    (message,), _ = read(path)
    assert message.place == "questions/2026-09-08.json:1"


def test_without_users_json_people_are_their_ids(read, zipped):
    days = {"questions/2026-09-08.json": [said("1788858000.000100", "<@U1> hi")]}
    (message,), _ = read(zipped({"channels.json": CHANNELS, **days}))
    assert (message.author, message.text) == ("U1", "@U1 hi")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ts": None}, '"ts" must be a string, got nothing.'),
        ({"ts": 1788858000.0001}, '"ts" must be a string, got float.'),
        ({"ts": "soon"}, '"ts" must be a string such as "1725350400.000100", got \'soon\'.'),
        ({"text": None}, '"text" must be a string, got nothing.'),
        ({"user": ["U1"]}, '"user" must be a string or a number, got list.'),
        ({"thread_ts": {}}, '"thread_ts" must be a string or a number, got dict.'),
    ],
)
def test_a_message_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk(
        {**said("1788858000.000100", "broken"), **change}, said("1788858001.000100", "fine")
    )
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("questions/2026-09-08.json:1", reason)]


def test_a_broken_day_file_is_one_bad_row_and_the_other_days_are_read(read, zipped):
    good = [said("1788858000.000100", "before"), said("1788858001.000100", "lost")]
    messages, bad = read(
        zipped(
            export(
                {
                    "questions/2026-09-08.json": json.dumps(good)[:-30],
                    "questions/2026-09-09.json": [said("1788945000.000200", "after")],
                    "questions/2026-09-10.json": {"not": "a list"},
                    "questions/2026-09-11.json": ["not an object"],
                }
            )
        )
    )
    assert [m.text for m in messages] == ["before", "after"]
    assert bad == [
        (
            "questions/2026-09-08.json:2",
            "the file breaks off here, so the rest is missing. Export or download it again.",
        ),
        ("questions/2026-09-10.json:1", "it must hold a JSON list, and holds none."),
        ("questions/2026-09-11.json:1", "must be an object, got str."),
    ]


def test_a_damaged_member_is_one_bad_row(read, zipped, kinds):
    days = {
        "questions/2026-09-08.json": [said("1788858000.000100", "x" * 500)],
        "questions/2026-09-09.json": [said("1788945000.000200", "after")],
    }
    path = zipped(export(days), compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x" * 500, b"y" * 500))
    messages, bad = read(path)
    assert messages[-1].text == "after"
    assert bad == [
        (
            "questions/2026-09-08.json:1",
            "this file of the zip is damaged or encrypted, so the rest of it was not read. "
            "Download the export again.",
        )
    ]
    assert kinds(path) == ["rest"]


def test_a_day_file_in_windows_1252_is_read_and_said(read, zipped):
    day = '[{"type": "message", "ts": "1788858000.000100", "text": "naïve"}]'.encode("cp1252")
    (message,), bad = read(zipped(export({"questions/2026-09-08.json": day})))
    assert message.text == "naïve"
    assert [place for place, _ in bad] == ["questions/2026-09-08.json"]
    assert bad[0][1].startswith("some bytes are not UTF-8 and were read as Windows-1252.")


def test_an_export_without_messages_yields_nothing(read, zipped):
    assert read(zipped(export({}))) == ([], [])
    assert read(zipped(export({"questions/2026-09-08.json": []}))) == ([], [])


def test_member_names_that_point_elsewhere_are_only_names(read, zipped, tmp_path):
    path = zipped(export({"../../questions/2026-09-08.json": [said("1788858000.000100", "x")]}))
    assert read(path) == ([], [])
    assert [p.name for p in tmp_path.iterdir()] == ["export.zip"]


def test_a_truncated_zip_is_refused(read, zipped):
    path = zipped(export({"questions/2026-09-08.json": [said("1788858000.000100", "x")]}))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"export\.zip: is not a complete zip"):
        read(path)


def test_a_zip_with_a_damaged_list_of_files_is_refused(read, zipped):
    path = zipped(export({}))
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x07\x07"))
    with pytest.raises(InputError, match=r"export\.zip: is not a complete zip"):
        read(path)


def test_a_zip_packed_in_an_unusual_way_is_refused(read, zipped):
    with pytest.raises(InputError, match=r"is not packed as platforms pack exports \(deflate\)"):
        read(zipped(export({}), compression=zipfile.ZIP_LZMA))


def test_a_zip_that_is_no_slack_export_is_refused_when_the_format_is_named(read, zipped):
    with pytest.raises(InputError, match=r"is a zip without users\.json and channels\.json"):
        read(zipped({"notes.txt": "hello"}), format="slack")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(read, zipped):
    path = zipped(export({"questions/2026-09-08.json": "[" + " " * 5_000_000 + "]"}))
    with pytest.raises(InputError, match="unpacks to more than 200 times its size"):
        read(path)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_ZIP_TOTAL", r"holds [\d,]+ bytes once unpacked; at most 100 are read"),
        ("MAX_ZIP_MEMBER", r"holds a file of [\d,]+ bytes; at most 100 are read"),
    ],
)
def test_a_zip_over_a_size_limit_is_refused(read, zipped, monkeypatch, limit, message):
    monkeypatch.setattr(archive_module, limit, 100)
    with pytest.raises(InputError, match=message):
        read(zipped(export({})))


def test_the_sample_export_is_read_whole(read, samples):
    path = samples / "slack-export.zip"
    assert sniff(path).name == "slack"
    messages, bad = read(path)
    assert not bad
    assert len(messages) >= 400
    assert len({m.thread for m in messages}) >= 60
    assert len({m.author for m in messages}) >= 40
    assert len({m.id for m in messages}) == len(messages)
    roots = {m.id: m for m in messages if not m.reply_to}
    replies = [m for m in messages if m.reply_to in roots]
    assert len(replies) >= 300
    assert all(m.thread == roots[m.reply_to].thread for m in replies)
    assert all(m.title == roots[m.reply_to].title for m in replies)
