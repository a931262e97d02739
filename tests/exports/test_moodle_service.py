import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff

FIXTURES = Path(__file__).parent / "fixtures"
FIXTURE = FIXTURES / "moodle-service.json"
SERVICE = reader_named("moodle-service")


def post(key, message="<p>x</p>", *, parent=None, discussion=7, author=(3, "Mara"), **more):
    row = {"id": key, "subject": "Re: Loops" if parent else "Loops", "replysubject": "Re: Loops"}
    row |= {"message": message, "messageformat": 1, "discussionid": discussion}
    row |= {"author": {"id": author[0], "fullname": author[1]}, "hasparent": parent is not None}
    row |= {"parentid": parent, "timecreated": 1788858000, "isdeleted": False}
    return {**row, "capabilities": {"view": True}, **more}


def answer(*posts):
    return {"posts": list(posts), "forumid": 5, "courseid": 2, "warnings": []}


@pytest.fixture
def talk(read, write):
    """Reads the answer for one discussion."""
    return lambda *posts: read(write("loops.json", answer(*posts)))


def test_the_golden_answer_is_read_post_by_post(read):
    assert sniff(FIXTURE) is SERVICE
    messages, bad = read(FIXTURE)
    assert not bad
    assert [(m.id, m.author, m.reply_to) for m in messages] == [
        ("96", "Deleted user", "92"),
        ("93", "Mara Hall", "92"),
        ("92", "Ken Ito (4)", "91"),
        ("91", "Mara Hall", ""),
    ]
    assert [m.text for m in messages] == [
        "It is on page 2 of the notes "
        "(https://moodle.example.org/webservice/pluginfile.php/9/notes.pdf).",
        "> Off by one.\n\nThank you & sorry for the noise.",
        "Off by one. Did you even look?",
        "Why does my loop stop early?\n\nHere it is.",
    ]
    assert {(m.thread, m.title) for m in messages} == {("7", "Loops")}
    assert messages[-1].time == datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
    assert [m.place for m in messages] == [f"moodle-service.json:{n}" for n in (1, 4, 5, 6)]


def test_answers_for_several_discussions_in_a_list(read, write):
    other = post(21, discussion=8, subject="Lists")
    path = write("all.json", [answer(post(12, parent=11), post(11)), answer(other), answer()])
    assert sniff(path) is SERVICE
    messages, bad = read(path)
    assert not bad
    assert [(m.id, m.thread, m.title, m.place) for m in messages] == [
        ("12", "7", "Loops", "all.json:1"),
        ("11", "7", "Loops", "all.json:2"),
        ("21", "8", "Lists", "all.json:3"),
    ]


@pytest.mark.parametrize(
    "gone",
    [{"isdeleted": True}, {"isdeleted": 1}, {"capabilities": {"view": False}}],
    ids=str,
)
def test_notices_of_deleted_and_hidden_posts_are_left_out(talk, gone):
    notice = {**gone, "subject": "Removed", "timecreated": None}
    messages, bad = talk(post(2, "stays", parent=1), post(1, "a notice", **notice))
    assert [(m.id, m.text, m.title, m.reply_to) for m in messages] == [("2", "stays", "Loops", "1")]
    assert not bad


def test_authors_who_are_hidden_are_not_named(talk):
    messages, bad = talk(
        post(1, author=(None, "Author hidden")),
        {**post(2), "author": None},
        post(3, author=(4, None)),
        post(4, author=(5, "Sam")),
        post(5, author=(6, "Sam")),
    )
    assert [m.author for m in messages] == ["", "", "4", "Sam (5)", "Sam (6)"]
    assert not bad


@pytest.mark.parametrize(
    ("more", "answered"),
    [({"parentid": 5}, "5"), ({"parentid": 0}, ""), ({"parentid": None}, ""), ({}, "")],
    ids=str,
)
def test_a_reply_points_to_its_parent(talk, more, answered):
    (message,), _ = talk(post(9, **more))
    assert message.reply_to == answered


def test_a_post_without_a_time_is_undated(talk):
    (message,), bad = talk(post(1, timecreated=None))
    assert (message.time, bad) == (None, [])


@pytest.mark.parametrize(
    ("kind", "message", "text"),
    [
        (1, '<p><img src="@@PLUGINFILE@@/p.png" alt="my plot"> a &lt; b</p>', "[my plot] a < b"),
        (0, "first line\nsecond <b>line</b>", "first line\nsecond line"),
        (2, "a < b and <p> stays", "a < b and <p> stays"),
        (4, "*this*", "*this*"),
    ],
)
def test_the_text_follows_the_format_of_the_message(talk, kind, message, text):
    (found,), _ = talk(post(1, message, messageformat=kind))
    assert found.text == text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, '"id" is missing. Save the answer again, as Moodle gives it.'),
        (
            {"discussionid": None},
            '"discussionid" is missing. Save the answer again, as Moodle gives it.',
        ),
        ({"message": None}, '"message" must be a string, got nothing.'),
        ({"author": "Mara"}, '"author" must be an object, got str.'),
        (
            {"author": {"id": 3, "fullname": []}},
            '"fullname" must be a string or a number, got list.',
        ),
        ({"parentid": [1]}, '"parentid" must be a string or a number, got list.'),
        ({"subject": {}}, '"subject" must be a string or a number, got dict.'),
        (
            {"timecreated": "Tuesday"},
            "'Tuesday' is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, or seconds "
            "since 1970.",
        ),
    ],
)
def test_a_post_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk({**post(1, "broken", discussion=9), **change}, post(2, "fine"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("loops.json:1", reason)]


def test_what_is_no_post_is_reported(talk):
    messages, bad = talk(5, post(2))
    assert [m.id for m in messages] == ["2"]
    assert bad == [("loops.json:1", "must be an object, got int.")]


def test_a_truncated_answer_yields_all_before_the_break(read, write, kinds):
    text = json.dumps(answer(post(1), post(2)))
    path = write("loops.json", text[: text.index('"id": 2') + 30])
    messages, bad = read(path)
    assert [(m.id, m.title) for m in messages] == [("1", "Loops")]
    assert bad[0][0] == "loops.json:2"
    assert bad[0][1].startswith("the file breaks off here")
    assert kinds(path) == ["rest"]


def test_bytes_that_are_not_utf_8_are_noticed(read, write, kinds):
    text = json.dumps(answer(post(1, "caf\xe9")), ensure_ascii=False)
    path = write("loops.json", text.encode("cp1252"))
    assert [m.text for m in read(path)[0]] == ["caf\xe9"]
    assert kinds(path) == ["notice"]


def test_a_discussion_without_posts_yields_nothing(read, write):
    assert read(write("loops.json", answer()), format="moodle-service") == ([], [])


def test_a_first_post_that_is_longer_than_the_head_does_not_hide_the_format(write):
    assert sniff(write("loops.json", answer(post(1, "x" * 100_000)))) is SERVICE


def test_words_in_a_text_do_not_make_the_format(write):
    other = {"posts": [{"text": 'they call it "replysubject" and "discussionid"'}]}
    assert not SERVICE.sniff(write("other.json", other))


@pytest.mark.parametrize(
    "content",
    [
        '{"exception": "moodle_exception", "errorcode": "invalidtoken", "message": "no"}',
        *('<?xml version="1.0"?><RESPONSE/>', "[]", "{}", "no", "\xff\xfe\0"),
    ],
)
def test_an_answer_without_posts_is_refused_when_the_format_is_named(read, write, content):
    path = write("loops.json", content)
    assert not SERVICE.sniff(path)
    with pytest.raises(InputError, match=r'loops\.json: holds no "posts" of the web service'):
        read(path, format="moodle-service")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="moodle-service")
    with pytest.raises(InputError, match="is empty"):
        read(write("loops.json", ""), format="moodle-service")


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.rglob("*"), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 20
    for path in files:
        assert SERVICE.sniff(path) == path.name.startswith("moodle-service"), path.name


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data):
    read_changed(data, FIXTURE.read_bytes(), "loops.json", format="moodle-service")
