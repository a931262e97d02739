import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tonecheck.exports import sniff

FIELDS = (
    *("id", "discussion", "parent", "userid", "userfullname", "created", "modified", "mailed"),
    *("subject", "message", "messageformat", "messagetrust", "attachment", "totalscore"),
    *("mailnow", "deleted", "privatereplyto", "privatereplytofullname", "wordcount", "charcount"),
)


def post(key, parent, message, **more):
    row = dict.fromkeys(FIELDS, "")
    row |= {"id": key, "discussion": "7", "parent": parent, "userid": "3", "deleted": "0"}
    row |= {"userfullname": "Mara Hall", "created": "1788858000", "subject": "Re: Loops"}
    return {**row, "message": message, "messageformat": "1", **more}


def as_csv(posts, **options):
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n", **options)
    writer.writeheader()
    writer.writerows(posts)
    return out.getvalue()


FORUM = [
    post("91", "0", "<p>Why does my loop stop?</p>\n<p>Here it is.</p>", subject="Loops"),
    post("92", "91", "<p>Off by one.</p>", userfullname="Ken Ito"),
    post("93", "92", "Thanks & bye", messageformat="2", created="1788858060"),
]
WRITERS = {
    "forum.csv": as_csv(FORUM),
    "bom.csv": "\ufeff" + as_csv(FORUM),
    "semicolons.csv": as_csv(FORUM, delimiter=";"),
    "quoted.csv": as_csv(FORUM, quoting=csv.QUOTE_ALL),
    "forum.json": [FORUM],
    "flat.json": FORUM,
    "numbers.json": [
        [{**row, "id": int(row["id"]), "parent": int(row["parent"])} for row in FORUM]
    ],
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_forum_is_read_from_csv_and_json_alike(read, write, name):
    path = write(name, WRITERS[name])
    assert sniff(path).name == "moodle"
    messages, bad = read(path)
    assert not bad
    assert [m.id for m in messages] == ["91", "92", "93"]
    assert [m.author for m in messages] == ["Mara Hall", "Ken Ito", "Mara Hall"]
    assert [m.reply_to for m in messages] == ["", "91", "92"]
    assert {(m.thread, m.title) for m in messages} == {("7", "Loops")}
    assert messages[0].text == "Why does my loop stop?\n\nHere it is."
    assert messages[2].text == "Thanks & bye"
    assert messages[2].time == datetime(2026, 9, 8, 9, 1, tzinfo=UTC)


def test_places_are_lines_in_csv_and_positions_in_json(read, write):
    messages, _ = read(write("forum.csv", as_csv(FORUM)))
    assert [m.place for m in messages] == ["forum.csv:2", "forum.csv:4", "forum.csv:5"]
    messages, _ = read(write("forum.json", [FORUM]))
    assert [m.place for m in messages] == ["forum.json:1", "forum.json:2", "forum.json:3"]


def test_the_title_is_the_roots_subject_or_the_replys_own_without_re(read, write):
    renamed = [FORUM[0], post("92", "91", "a", subject="Off by one")]
    messages, _ = read(write("forum.csv", as_csv(renamed)))
    assert [m.title for m in messages] == ["Loops", "Loops"]
    for subject, title in (("Re: Re: Loops", "Loops"), ("Software: which?", "Software: which?")):
        (message,), _ = read(write("forum.csv", as_csv([post("92", "91", "a", subject=subject)])))
        assert message.title == title


@pytest.mark.parametrize(
    ("created", "time"),
    [
        ("1788858000", datetime(2026, 9, 8, 9, 0, tzinfo=UTC)),
        ("2026-09-08 09:00:00", datetime(2026, 9, 8, 9, 0, tzinfo=UTC)),
        ("", None),
    ],
)
def test_plain_dates_are_read(read, write, created, time):
    (message,), bad = read(write("forum.csv", as_csv([post("1", "0", "a", created=created)])))
    assert (message.time, bad) == (time, [])


@pytest.mark.parametrize("created", ["Tuesday, 8 September 2026, 9:00 AM", "火曜日 09:00"])
def test_dates_in_words_leave_the_time_open_and_say_so_once(read, write, kinds, created):
    posts = [post("1", "0", "a", created=created), post("2", "1", "b", created=created)]
    path = write("forum.csv", as_csv(posts))
    messages, bad = read(path)
    assert [(m.text, m.time) for m in messages] == [("a", None), ("b", None)]
    assert bad == [
        (
            "forum.csv",
            f"2 times could not be read, such as {created!r}, so those messages are undated. "
            "Export the forum again with human-readable dates off.",
        )
    ]
    assert kinds(path) == ["notice"]


@pytest.mark.parametrize(
    ("kind", "message", "text"),
    [
        ("1", '<p><img src="@@PLUGINFILE@@/p.png" alt="my plot"></p>', "[my plot]"),
        ("1", '<a href="@@PLUGINFILE@@/notes%20(1).pdf">notes</a>', "notes"),
        ("1", "a &lt; b", "a < b"),
        ("0", "first line\nsecond <b>line</b>", "first line\nsecond line"),
        ("2", "a < b and <p> stays", "a < b and <p> stays"),
        ("4", "![plot](@@PLUGINFILE@@/p.png) and *this*", "![plot]() and *this*"),
        ("", "<p>format unknown</p>", "format unknown"),
    ],
)
def test_the_text_follows_the_format_of_the_message(read, write, kind, message, text):
    path = write("forum.csv", as_csv([post("1", "0", message, messageformat=kind)]))
    assert read(path)[0][0].text == text


def test_deleted_posts_are_left_out_but_still_name_their_thread(read, write):
    forum = [post("1", "0", "gone", deleted="1", subject="Deadline"), post("2", "1", "Why?")]
    (message,), bad = read(write("forum.csv", as_csv(forum)))
    assert (message.id, message.title, message.reply_to, bad) == ("2", "Deadline", "1", [])


@pytest.mark.parametrize("name", ["forum.csv", "forum.json"])
def test_people_who_share_a_name_are_told_apart(read, write, name):
    posts = [
        post(key, "0", "a", userid=key[1:], userfullname=full)
        for key, full in (("117", "Sam"), ("218", "Sam"), ("317", "Sam"), ("419", "Mara"))
    ]
    messages, bad = read(write(name, as_csv(posts) if name == "forum.csv" else [posts]))
    assert [m.author for m in messages] == ["Sam (17)", "Sam (18)", "Sam (17)", "Mara"]
    assert not bad


def test_without_a_name_the_author_is_a_number(read, write):
    (message,), _ = read(write("forum.csv", as_csv([post("1", "0", "a", userfullname="")])))
    assert message.author == "3"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, '"id" is missing. Export the forum again with all its columns.'),
        (
            {"discussion": ""},
            '"discussion" is missing. Export the forum again with all its columns.',
        ),
        ({"message": None}, '"message" must be a string, got nothing.'),
        ({"userfullname": ["M"]}, '"userfullname" must be a string or a number, got list.'),
    ],
)
def test_a_post_with_a_bad_field_is_reported_and_the_rest_goes_on(read, write, change, reason):
    path = write("forum.json", [[{**post("1", "0", "broken"), **change}, post("2", "0", "fine")]])
    messages, bad = read(path)
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("forum.json:1", reason)]


def test_a_truncated_csv_loses_only_its_last_row(read, write):
    messages, bad = read(write("forum.csv", as_csv(FORUM).removesuffix(" & bye,2,,,,,0,,,,\n")))
    assert [m.id for m in messages] == ["91", "92"]
    assert bad == [
        (
            "forum.csv:5",
            "this row has 10 cells where the header has 20. "
            "Put cells that hold commas or line breaks in double quotes.",
        )
    ]


def test_a_truncated_json_yields_all_before_the_break(read, write):
    messages, bad = read(write("forum.json", json.dumps([FORUM])[:-40]))
    assert [m.id for m in messages] == ["91", "92"]
    assert [place for place, _ in bad] == ["forum.json:3"]


@pytest.mark.parametrize("content", [as_csv([]), [], [[]]])
def test_a_forum_without_posts_yields_nothing(read, write, content):
    name = "forum.csv" if isinstance(content, str) else "forum.json"
    assert read(write(name, content), format="moodle") == ([], [])


@pytest.mark.parametrize("name", ["moodle-forum.csv", "moodle-forum.json"])
def test_the_sample_export_is_read_whole(read, samples, name):
    assert sniff(samples / name).name == "moodle"
    messages, bad = read(samples / name)
    assert not bad
    assert len(messages) >= 400
    assert len({m.thread for m in messages}) >= 60
    assert len({m.author for m in messages}) >= 40
    known = {m.id: m for m in messages}
    assert all(known[m.reply_to].thread == m.thread for m in messages if m.reply_to in known)
    assert not any("PLUGINFILE" in m.text or "</" in m.text for m in messages)


def test_both_sample_exports_hold_the_same_messages(read, samples):
    in_csv, in_json = (
        [replace(m, place="") for m in read(samples / f"moodle-forum.{kind}")[0]]
        for kind in ("csv", "json")
    )
    assert in_csv == in_json
