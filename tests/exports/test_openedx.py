import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, reader_named, sniff

FIXTURES = Path(__file__).parent / "fixtures"
FIXTURE = FIXTURES / "openedx-forum.mongo"
OPENEDX = reader_named("openedx")
NINE = datetime(2026, 9, 8, 9, tzinfo=UTC)
FIELDS = "Export the documents with all their fields."


def oid(key):
    return {"$oid": key}


def post(key="t1", body="x", **more):
    row = {"_id": oid(key), "_type": "CommentThread", "title": "Loops", "body": body}
    row |= {"course_id": "c", "author_id": "1", "author_username": "mara"}
    return {**row, "created_at": {"$date": 1788858000000}, **more}


def comment(key="c1", body="y", thread="t1", **more):
    row = post(key, body, _type="Comment", comment_thread_id=oid(thread), parent_ids=[])
    del row["title"]
    return {**row, **more}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def talk(read, write):
    """Reads a dump of some documents."""
    return lambda *rows: read(write("forum.mongo", lines(*rows)), format="openedx")


def test_the_golden_dump_is_read_post_by_post(read):
    assert sniff(FIXTURE) is OPENEDX
    messages, bad = read(FIXTURE)
    assert not bad
    assert [(m.id[-1], m.author, m.thread[-1], m.reply_to[-1:]) for m in messages] == [
        ("1", "mara_h", "1", ""),
        ("2", "ken.ito", "1", "1"),
        ("3", "", "1", "2"),
        ("5", "ines_roy", "1", "1"),
        ("7", "", "6", "6"),
    ]
    assert [m.text for m in messages] == [
        "I wrote `range(1, 5)` and it stops at **4**.\n\n> the end is left out\n\n"
        "Where does it say so?",
        "Read the manual.\n\nIt is on the first page (https://docs.example.org/range).",
        "Some of us are new\N{NO-BREAK SPACE}here.",
        "In week 2, unit 3. Good question!",
        "I liked your plan. Do you want to form a group?",
    ]
    loops = "Why does my loop stop one early?"
    assert [m.title for m in messages] == [loops, loops, loops, loops, ""]
    minutes = [(m.time - NINE) / timedelta(minutes=1) for m in messages]
    assert minutes == [0, pytest.approx(10 + 1 / 120), 20, 60, 121]
    assert messages[0].id == "66d840b7a3a68c001d740001"
    assert [m.place for m in messages] == [f"openedx-forum.mongo:{n}" for n in (1, 2, 3, 5, 7)]


def test_a_json_list_holds_the_same_posts(read, write, talk):
    rows = [comment("c2", parent_id=oid("c1")), comment(), post()]
    as_list, bad = read(write("forum.json", rows))
    in_lines, _ = talk(*rows)
    assert not bad
    assert [m.place for m in as_list] == ["forum.json:1", "forum.json:2", "forum.json:3"]
    fields = [(m.id, m.text, m.author, m.time, m.thread, m.title, m.reply_to) for m in as_list]
    assert fields == [
        (m.id, m.text, m.author, m.time, m.thread, m.title, m.reply_to) for m in in_lines
    ]
    assert fields[0] == ("c2", "y", "mara", NINE, "t1", "Loops", "c1")


def test_ids_and_times_are_read_with_and_without_the_wrapping_of_mongo(talk):
    times = [
        1788858000000,
        {"$numberLong": "1788858000000"},
        "2026-09-08T09:00:00.000Z",
        "2026-09-08T11:00:00.000+0200",
    ]
    rows = [post(f"t{n}", created_at={"$date": time}) for n, time in enumerate(times)]
    rows += [post("t8", created_at="2026-09-08T09:00:00Z"), post("t9", _id="t9")]
    messages, bad = talk(*rows)
    assert not bad
    assert [m.id for m in messages] == ["t0", "t1", "t2", "t3", "t8", "t9"]
    assert {m.time for m in messages} == {NINE}


@pytest.mark.parametrize(
    ("more", "answered"),
    [
        ({}, "t1"),
        ({"parent_id": oid("c7"), "parent_ids": [oid("c7")]}, "c7"),
        ({"parent_ids": [oid("c6"), oid("c7")]}, "c7"),
        ({"parent_id": "c7"}, "c7"),
        ({"parent_id": None}, "t1"),
    ],
    ids=str,
)
def test_a_response_answers_the_post_and_a_comment_the_response(talk, more, answered):
    (message,), bad = talk(comment(**more))
    assert (message.reply_to, message.thread, bad) == (answered, "t1", [])


@pytest.mark.parametrize("how", ["anonymous", "anonymous_to_peers"])
def test_whoever_wrote_anonymously_is_not_named(talk, how):
    messages, _ = talk(post(**{how: True}), comment(**{how: False}))
    assert [m.author for m in messages] == ["", "mara"]


def test_what_is_left_of_retired_accounts_is_left_out(talk):
    gone = {"author_id": "9", "author_username": "retired__user_" + "0a" * 20}
    messages, bad = talk(
        post(body="[deleted]", title="[deleted]", **gone),
        comment("c1", " [deleted]\n", **gone),
        comment("c2", "still here", parent_id=oid("c1")),
        comment("c3", "I [deleted] it"),
    )
    assert not bad
    assert [(m.text, m.reply_to, m.title) for m in messages] == [
        ("still here", "c1", ""),
        ("I [deleted] it", "t1", ""),
    ]


def test_a_text_that_a_retired_account_left_is_read_without_its_hash(talk):
    retired = "retired__user_" + "0a" * 20
    messages, _ = talk(
        post(author_username=retired),
        comment(author_username=retired),
        comment("c2", author_id="2", author_username="retired__user_" + "1b" * 20),
    )
    assert [m.author for m in messages] == [
        *("retired user (1)", "retired user (1)", "retired user (2)"),
    ]


def test_deleted_posts_are_left_out(talk):
    messages, _ = talk(post(is_deleted=True), comment(is_deleted=False))
    assert [(m.id, m.title) for m in messages] == [("c1", "Loops")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>a &lt; b</p>", "a < b"),
        ("\n<div class='x'><p>a</p></div>", "a"),
        ("<blockquote><p>No.</p></blockquote><p>Why?</p>", "> No.\n\nWhy?"),
        ("<pre>for i in x:\n    y</pre>", "```\nfor i in x:\n    y\n```"),
        ("a &lt; b and <p> stays", "a &lt; b and <p> stays"),
        ("*so* **be** it\n\n> he said\n", "*so* **be** it\n\n> he said\n"),
        ("<3 this course", "<3 this course"),
        ("<param> is missing", "<param> is missing"),
        ("", ""),
    ],
)
def test_html_is_read_as_text_and_markdown_stays(talk, body, text):
    (message,), bad = talk(post(body=body))
    assert (message.text, bad) == (text, [])


def test_people_without_a_name_are_called_by_their_id(talk):
    messages, _ = talk(post(author_username=None), comment(author_id=None))
    assert [m.author for m in messages] == ["1", "mara"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"_id": None}, f'"_id" is missing. {FIELDS}'),
        ({"_id": {"$oid": ["x"]}}, '"_id" must be a string or a number, got list.'),
        ({"_id": {"a": "b"}}, '"_id" must be a string or a number, got dict.'),
        ({"_type": None}, '"_type" must be a string, got nothing.'),
        (
            {"_type": "Draft"},
            "\"_type\" must be CommentThread or Comment, got 'Draft'. "
            "Export the collection contents alone.",
        ),
        ({"body": None}, '"body" must be a string, got nothing.'),
        ({"body": ["x"]}, '"body" must be a string, got list.'),
        ({"comment_thread_id": None}, f'"comment_thread_id" is missing. {FIELDS}'),
        ({"parent_id": [1]}, '"parent_id" must be a string or a number, got list.'),
        ({"parent_ids": [[1]]}, '"parent_ids" must be a string or a number, got list.'),
        ({"author_username": {}}, '"author_username" must be a string or a number, got dict.'),
        ({"author_id": []}, '"author_id" must be a string or a number, got list.'),
        ({"created_at": None}, f'"created_at" is missing. {FIELDS}'),
        (
            {"created_at": {"$date": "soon"}},
            "'soon' is not a time. Use ISO 8601, such as 2026-09-01T10:30:00Z, or seconds since "
            "1970.",
        ),
    ],
)
def test_a_document_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk(post(), {**comment(), **change}, comment("c2"))
    assert [m.id for m in messages] == ["t1", "c2"]
    assert bad == [("forum.mongo:2", reason)]


def test_a_broken_line_is_reported_and_the_rest_goes_on(read, write):
    rows = [lines(post()), '{"_id": ObjectId("x")}\n', "\n", "[1]\n", lines(comment())]
    messages, bad = read(write("forum.mongo", "".join(rows)))
    assert [m.id for m in messages] == ["t1", "c1"]
    assert [place for place, _ in bad] == ["forum.mongo:2", "forum.mongo:4"]


def test_a_first_line_that_is_broken_does_not_cost_the_others(read, write):
    path = write("forum.mongo", lines(post())[20:] + lines(post("t2"), comment()))
    messages, bad = read(write("forum.mongo", b"{" + path.read_bytes()), format="openedx")
    assert [m.id for m in messages] == ["t2", "c1"]
    assert [place for place, _ in bad] == ["forum.mongo:1"]


def test_a_truncated_dump_yields_all_before_the_break(read, write, kinds):
    messages, bad = read(write("forum.mongo", lines(post(), comment())[:-30]))
    assert [m.id for m in messages] == ["t1"]
    assert bad[0][0] == "forum.mongo:2"
    assert bad[0][1].startswith("not valid JSON: ")
    path = write("forum.json", json.dumps([post(), comment()])[:-30])
    assert [m.id for m in read(path)[0]] == ["t1"]
    assert kinds(path) == ["rest"]


def test_a_dump_in_windows_1252_is_read_and_said(read, write, kinds):
    path = write(
        "forum.mongo", lines(post(body="PLACE")).replace("PLACE", "caf\xe9").encode("cp1252")
    )
    assert [m.text for m in read(path)[0]] == ["caf\xe9"]
    assert kinds(path) == ["notice"]


@pytest.mark.parametrize(
    "content",
    [
        *(
            '{"_id": "x", "username": "mara"}\n',
            '[{"a": 1}]',
            "a,b\n1,2\n",
            "\xff\xfe\0",
            "{}",
            "\n",
        ),
        json.dumps(post(), indent=1),
    ],
)
def test_a_file_that_holds_no_forum_is_refused_when_the_format_is_named(read, write, content):
    path = write("forum.mongo", content)
    with pytest.raises(InputError, match=r"forum\.mongo: holds no posts of an Open edX forum"):
        read(path, format="openedx")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="openedx")
    with pytest.raises(InputError, match="is empty"):
        read(write("forum.mongo", ""), format="openedx")


def test_a_forum_without_posts_yields_nothing(read, write):
    assert read(write("forum.json", "[]"), format="openedx") == ([], [])


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.rglob("*"), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 20
    for path in files:
        assert OPENEDX.sniff(path) == path.name.startswith("openedx"), path.name
    assert [r.name for r in READERS if r.sniff(FIXTURE)] == ["openedx", "table"]


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data):
    read_changed(data, FIXTURE.read_bytes(), "forum.mongo", format="openedx")
