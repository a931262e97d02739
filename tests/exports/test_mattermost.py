import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

FIXTURE = Path(__file__).parent / "fixtures" / "mattermost.jsonl"


def post(text, user="mara", at=1788858000000, **more):
    where = {"team": "algebra", "channel": "questions"}
    return line("post", **where, user=user, message=text, create_at=at, **more)


def direct(text, *members, user="mara", at=1788858000000, **more):
    return line(
        "direct_post",
        **{"channel_members": list(members), "user": user, "message": text, "create_at": at},
        **more,
    )


def reply(text, user="ken", at=1788858060000, **more):
    return {"user": user, "message": text, "create_at": at, **more}


def line(kind, **cells):
    return {"type": kind, kind: cells}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def talk(read, write):
    """Reads lines of an export."""
    return lambda *values: read(write("import.jsonl", lines(*values)))


def test_the_fixture_is_read_message_by_message(read):
    assert sniff(FIXTURE).name == "mattermost"
    messages, bad = read(FIXTURE)
    assert not bad
    root = "algebra/questions/1788858060500/mhall"
    quiz = "algebra/questions/1788861600000/quizbot"
    done = "algebra/questions/1788861700000/juno"
    why = "#Questions: Why is the determinant of a singular matrix zero?"
    assert [(m.id, m.author, m.thread, m.title, m.reply_to) for m in messages] == [
        (root, "Mara Hall", root, why, ""),
        ("algebra/questions/1788858120000/ito", "Ken", root, why, root),
        ("algebra/questions/1788858180000/juno", "juno", root, why, root),
        ("algebra/questions/1788861660000/ito", "Ken", quiz, "#Questions: Quiz 3 is open.", quiz),
        (done, "juno", done, "#Questions: *is already done with it*", ""),
        ("@ito,mhall/1788865200000/mhall", "Mara Hall", "@ito,mhall", "Ken, Mara Hall", ""),
        ("@ito,mhall/1788865260000/ito", "Ken", "@ito,mhall", "Ken, Mara Hall", ""),
    ]
    assert [m.text for m in messages] == [
        "Why is the determinant of a singular matrix zero?\nI keep losing the thread.",
        "> I keep losing the thread\n\nDraw the two columns first.",
        "Honestly, chapter 1 says so. Read it.",
        "Take your time with it.",
        "*is already done with it*",
        "Thanks, the drawing helped.",
        "Glad to hear it.",
    ]
    assert messages[0].time == datetime(2026, 9, 8, 9, 1, 0, 500_000, tzinfo=UTC)
    assert [m.place for m in messages][:3] == [
        f"mattermost.jsonl:{n}" for n in ("10", "10.1", "10.2")
    ]


def test_the_zip_of_mmctl_is_read_in_place(read, zipped):
    path = zipped(
        {
            "data/20260908/teams/noteam/old.jsonl": lines(post("an attached file")),
            "data/20260908/teams/noteam/users.json": "[]",
            "import.jsonl": lines(
                {"type": "version", "version": 1}, post("One."), post("Two.", "ken")
            ),
        }
    )
    assert sniff(path).name == "mattermost"
    messages, bad = read(path)
    assert not bad
    assert [(m.text, m.place) for m in messages] == [
        ("One.", "import.jsonl:2"),
        ("Two.", "import.jsonl:3"),
    ]


def test_an_export_that_was_zipped_again_inside_a_folder_is_read(read, zipped):
    path = zipped({"__MACOSX/._import.jsonl": "x", "export/import.jsonl": lines(post("One."))})
    assert sniff(path).name == "mattermost"
    assert [m.text for m in read(path)[0]] == ["One."]


def test_ids_are_the_same_from_run_to_run_and_unique(read, write):
    twice = [post("One."), post("Two."), post("Three.", replies=[reply("a"), reply("b")])]
    path = write("import.jsonl", lines(*twice))
    first, second = read(path)[0], read(path)[0]
    assert [m.id for m in first] == [m.id for m in second]
    assert [m.id for m in first] == [
        "algebra/questions/1788858000000/mara",
        "algebra/questions/1788858000000/mara#2",
        "algebra/questions/1788858000000/mara#3",
        "algebra/questions/1788858060000/ken",
        "algebra/questions/1788858060000/ken#2",
    ]
    assert [m.reply_to for m in first] == ["", "", "", first[2].id, first[2].id]


def test_the_same_time_and_person_in_two_channels_are_two_ids(talk):
    other = post("Two.")
    other["post"]["channel"] = "general"
    messages, _ = talk(post("One."), other, direct("Three.", "ken", "mara"))
    assert len({m.id for m in messages}) == 3
    assert messages[1].title == "#general: Two."


def test_the_members_of_a_direct_channel_name_it_in_any_order(talk):
    messages, _ = talk(
        direct("a", "mara", "ken", "juno"),
        direct("b", "juno", "mara", "ken", user="ken", replies=[reply("c", "juno")]),
        direct("note to self", "mara", "mara"),
    )
    assert [m.thread for m in messages] == ["@juno,ken,mara"] * 3 + ["@mara"]
    assert [m.reply_to for m in messages] == ["", "", messages[1].id, ""]
    assert messages[0].title == "juno, ken, mara"


@pytest.mark.parametrize(
    "more",
    [
        {"type": "system_join_channel"},
        {"type": "system_header_change"},
        {"type": "system_combined_user_activity"},
        {"type": "custom_calls"},
        {"type": "slack_attachment"},
        {"type": ["me"]},
        {"props": {"from_webhook": "true"}},
        {"props": {"from_bot": True}},
        {"user": "quizbot"},
    ],
    ids=str,
)
def test_the_system_and_bots_are_left_out_and_replies_to_them_stay(talk, more):
    first = post("Quiz 3 is open.", replies=[reply("At last."), {**reply("x"), **more}])
    first["post"].update(more)
    messages, bad = talk(line("bot", username="quizbot"), first)
    assert not bad
    assert [m.text for m in messages] == ["At last."]
    assert messages[0].reply_to == messages[0].thread
    assert messages[0].title == "#questions: Quiz 3 is open."


def test_lines_of_kinds_that_are_not_known_are_passed_over(talk):
    messages, bad = talk(
        {"type": "version", "version": 2}, line("wiki_page", title="x"), post("hi")
    )
    assert ([m.text for m in messages], bad) == (["hi"], [])


def test_people_who_share_a_name_are_told_apart(talk):
    users = [
        line("user", username="sam1", nickname="Sam", first_name="Samir"),
        line("user", username="sam2", nickname="", first_name="Sam", last_name=""),
        line("user", username="lea", nickname=None, first_name="Lea", last_name="Roux"),
    ]
    authors = ("sam1", "sam2", "lea", "gone", "sam1")
    messages, _ = talk(
        *users, *(post("x", user, 1788858000000 + n) for n, user in enumerate(authors))
    )
    assert [m.author for m in messages] == [
        *("Sam (sam1)", "Sam (sam2)", "Lea Roux", "gone", "Sam (sam1)"),
    ]


def test_the_replies_to_a_broken_post_are_read(talk):
    messages, bad = talk(post(None, replies=[reply("a"), reply("b", "mara")]), post("next"))
    assert bad == [("import.jsonl:1", '"message" must be a string, got nothing.')]
    assert [(m.text, m.reply_to) for m in messages] == [("a", ""), ("b", ""), ("next", "")]
    assert messages[0].thread == messages[1].thread == messages[0].id


@pytest.mark.parametrize(
    ("broken", "place", "reason"),
    [
        ({"post": {}}, "2", '"type" must be a string, got nothing.'),
        ({"type": "post"}, "2", '"post" must be an object, got nothing.'),
        ({"type": "post", "post": []}, "2", '"post" must be an object, got list.'),
        (post("x", None), "2", '"user" must be a string, got nothing.'),
        (post("x", at="now"), "2", '"create_at" must be a whole number, got str.'),
        (
            post("x", at=10**20),
            "2",
            '"create_at" must be milliseconds since 1970, got 10000000000000000000. Correct it.',
        ),
        (line("post", message="x"), "2", '"team" must be a string, got nothing.'),
        (
            {"type": "direct_post", "direct_post": {"channel_members": ["a", 1]}},
            "2",
            '"channel_members" must be a list of usernames. Export again, or repair this line.',
        ),
        (line("user", username=["a"]), "2", '"username" must be a string or a number, got list.'),
    ],
)
def test_a_line_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, broken, place, reason):
    messages, bad = talk(post("before"), broken, post("after"))
    assert [m.text for m in messages] == ["before", "after"]
    assert bad == [(f"import.jsonl:{place}", reason)]


def test_bad_replies_are_reported_with_their_number(talk):
    messages, bad = talk(
        post("a", replies=[reply("b"), 7, reply(None), reply("c")]), post("d", replies="none")
    )
    assert [m.text for m in messages] == ["a", "b", "c", "d"]
    assert bad == [
        ("import.jsonl:1.2", "must be an object, got int."),
        ("import.jsonl:1.3", '"message" must be a string, got nothing.'),
        ("import.jsonl:2", '"replies" must be a list, got str.'),
    ]


def test_a_truncated_file_yields_all_before_the_break(read, write):
    text = lines(post("One."), post("Two."))
    messages, bad = read(write("import.jsonl", text[:-20]))
    assert [m.text for m in messages] == ["One."]
    assert bad[0][0] == "import.jsonl:2"
    assert bad[0][1].startswith("not valid JSON: ")


def test_a_truncated_zip_and_a_damaged_member_are_said(read, zipped, write):
    path = zipped(
        {"import.jsonl": lines(*(post("One.", at=1788858000000 + n) for n in range(900)))}
    )
    content = path.read_bytes()
    with pytest.raises(InputError, match="is not a complete zip"):
        read(write("cut.zip", content[:-30]))
    middle = len(content) // 2
    messages, bad = read(
        write("bad.zip", content[:middle] + b"\xff" * 40 + content[middle + 40 :]),
        format="mattermost",
    )
    assert len(messages) < 900
    assert "this file of the zip is damaged or encrypted" in bad[-1][1]


def test_a_file_in_windows_1252_is_read_and_said(read, write):
    text = lines(post("PLACE")).replace("PLACE", "na\u00efve")
    messages, bad = read(write("import.jsonl", text.encode("cp1252")))
    assert [m.text for m in messages] == ["na\u00efve"]
    assert bad[0][1].startswith("some bytes are not UTF-8 and were read as Windows-1252.")


def test_deep_json_costs_one_line(talk):
    deep = json.loads("[" * 300 + "]" * 300)
    messages, bad = talk(post("a"), post("b", props={"x": deep}), post("c"))
    assert [m.text for m in messages] == ["a", "c"]
    assert bad == [
        (
            "import.jsonl:2",
            "it nests deeper than 200 levels. Take this message out, or export again.",
        )
    ]


@pytest.mark.parametrize(
    "content", ["text\nhello\n", '[{"text": "hi"}]', '{"a": 1}\n', "Dear all,\n", b"\xff\xfe\0"]
)
def test_a_file_of_another_format_is_refused_when_the_format_is_named(read, write, content):
    path = write("a.jsonl", content)
    assert not reader_named("mattermost").sniff(path)
    with pytest.raises(InputError, match=r"holds no lines of a Mattermost bulk export"):
        read(path, format="mattermost")


def test_a_zip_without_lines_is_refused_when_the_format_is_named(read, zipped):
    with pytest.raises(InputError, match=r"is a zip without a \.jsonl file"):
        read(zipped({"notes.txt": "hello"}), format="mattermost")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="mattermost")
    with pytest.raises(InputError, match="is empty"):
        read(write("import.jsonl", ""), format="mattermost")


def test_an_export_without_posts_yields_nothing(talk):
    assert talk({"type": "version", "version": 1}, line("team", name="algebra")) == ([], [])


@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_give_messages_bad_rows_or_an_input_error(tmp_path, changes):
    content = bytearray(FIXTURE.read_bytes())
    for at, byte in changes:
        content[at % len(content)] = byte
    path = tmp_path / "import.jsonl"
    path.write_bytes(content)
    try:
        found = list(read_export(path, format="mattermost"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
