import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff

FIXTURES = Path(__file__).parent / "fixtures"
NAME = "loops@forum-2026-09-09.dcqresult.json"
FIXTURE = FIXTURES / NAME
EXPLORER = reader_named("discourse-explorer")
COLUMNS = ["topic_id", "post_number", "username", "raw", "created_at"]


def result(columns, *rows, **more):
    about = {"success": True, "errors": [], "duration": 1.5, "result_count": len(rows)}
    return {**about, "params": {}, "columns": columns, "rows": list(rows), **more}


def values(number, raw, *more):
    return [12, number, "mara", raw, "2026-09-08T10:30:00Z", *more]


@pytest.fixture
def talk(read, write):
    """Reads a result from its columns and rows."""
    return lambda columns, *rows, **more: read(write("a.json", result(columns, *rows, **more)))


def test_the_golden_result_is_read_row_by_row(read):
    assert sniff(FIXTURE) is EXPLORER
    messages, bad = read(FIXTURE)
    assert not bad
    assert [(m.id, m.author, m.thread, m.title, m.reply_to) for m in messages] == [
        ("12/1", "mara", "12", "Loops, again", ""),
        ("12/2", "ken", "12", "Loops, again", "12/1"),
        ("12/3", "mara", "12", "Loops, again", "12/2"),
        ("31/1", "ito", "31", "Study group", ""),
    ]
    assert [m.text for m in messages] == [
        "Why does my loop stop one early?\n\nHere it is.",
        "Just read the manual.",
        '[quote="ken, post:2, topic:12"]\nJust read the manual.\n[/quote]\n\nI did.',
        "Who joins on Friday? 📚",
    ]
    assert messages[1].time == datetime(2026, 9, 8, 9, 10, 0, 123_000, tzinfo=UTC)
    assert [m.place for m in messages] == [f"{NAME}:{n}" for n in (1, 2, 3, 6)]


def test_the_query_that_the_instructions_name_gives_columns_that_are_known(talk):
    named = EXPLORER.how_to.partition("SELECT ")[2].partition(" FROM")[0]
    columns = [column.rpartition(".")[2] for column in named.split(", ")]
    row = [12, "3", "2", "mara", "Yes.", "2026-09-08 10:30:00 UTC", "Loops"]
    (message,), bad = talk(columns, row)
    assert not bad
    assert (message.id, message.reply_to, message.author) == ("12/3", "12/2", "mara")
    assert (message.text, message.title, message.thread) == ("Yes.", "Loops", "12")
    assert message.time == datetime(2026, 9, 8, 10, 30, tzinfo=UTC)


def test_values_that_are_all_strings_are_read_alike(talk):
    columns = [*COLUMNS, "deleted_at", "hidden", "user_deleted", "post_type"]
    typed, _ = talk(columns, values(1, "a", None, False, False, 1))
    strings = ["12", "1", "mara", "a", "2026-09-08T10:30:00Z", "", "f", "false", "1"]
    assert talk(columns, strings) == (typed, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("deleted_at", "2026-09-09T00:00:00Z"),
        *(("user_deleted", True), ("user_deleted", "t"), ("hidden", "true")),
        *(("post_type", 3), ("post_type", "3")),
    ],
)
def test_notices_and_deleted_and_hidden_posts_are_left_out(talk, column, value):
    assert talk([*COLUMNS, column], values(1, "gone", value)) == ([], [])


def test_html_stands_in_for_what_people_typed(talk):
    (message,), _ = talk(["cooked"], ["<blockquote><p>No.</p></blockquote><p>a &lt; b</p>"])
    assert message.text == "> No.\n\na < b"
    both, _ = talk(["cooked", "raw"], ["<p>html</p>", "typed"], ["<p>html</p>", None])
    assert [m.text for m in both] == ["typed", "html"]


def test_names_of_columns_are_known_whatever_their_case_and_the_first_of_two_counts(talk):
    (message,), bad = talk(["Raw ", "ID", "id", "user_id"], ["a", 7, 8, 5])
    assert not bad
    assert (message.text, message.id, message.author, message.thread) == ("a", "7", "5", "")
    (message,), _ = talk(["raw", "id", "id"], ["a", 7, 8])
    assert message.id == "7"


def test_without_numbers_of_posts_an_answer_links_to_nothing(talk):
    columns = ["post_id", "topic_id", "reply_to_post_number", "raw"]
    (message,), _ = talk(columns, [501, 12, 3, "a"])
    assert (message.id, message.thread, message.reply_to) == ("501", "12", "")


def test_people_are_called_by_name_however_the_result_tells_it(talk):
    users = {"user": [{"id": 5, "username": "mara"}, {"id": "x"}, 6]}
    columns = ["raw", "user_id"]
    messages, _ = talk(columns, ["a", 5], ["b", "5"], ["c", 6], ["d", None], relations=users)
    assert [m.author for m in messages] == ["mara", "mara", "6", ""]
    rows = [["a", 5, "Sam"], ["b", 6, "Sam"], ["c", 7, "Mara"]]
    messages, _ = talk([*columns, "name"], *rows)
    assert [m.author for m in messages] == ["Sam (5)", "Sam (6)", "Mara"]


def test_a_time_that_the_query_formatted_leaves_the_post_undated(read, write, kinds):
    row = [12, 1, "mara", "a", "last week"]
    path = write("a.json", result(COLUMNS, row))
    messages, bad = read(path)
    assert [(m.text, m.time) for m in messages] == [("a", None)]
    assert bad == [
        (
            "a.json",
            "1 time could not be read, 'last week', so that message is undated. "
            "Let the query give p.created_at as it is.",
        )
    ]
    assert kinds(path) == ["notice"]


def test_a_result_that_may_have_been_cut_off_says_so(read, write, kinds):
    rows = [values(number, "a") for number in range(1, 4)]
    path = write("a.json", result(COLUMNS, *rows, default_limit=3))
    messages, bad = read(path)
    assert len(messages) == 3
    assert bad == [
        (
            "a.json",
            "the result holds 3 rows, which is where Data Explorer stops by itself, so more may be "
            "missing. Download the result rather than copy it.",
        )
    ]
    assert kinds(path) == ["notice"]
    assert not read(write("b.json", result(COLUMNS, *rows, default_limit=4)))[1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (values(1, None), '"raw" must be a string, got nothing.'),
        (values(1, 5), '"raw" must be a string, got int.'),
        ([[], 1, "mara", "a", None], '"topic_id" must be a string or a number, got list.'),
        ([12, 1, {}, "a", None], '"username" must be a string or a number, got dict.'),
        ([12, 1, "mara"], "must be a list of 5 values."),
        ({"raw": "a"}, "must be a list of 5 values."),
        ("a", "must be a list of 5 values."),
    ],
)
def test_a_row_with_a_bad_value_is_reported_and_the_rest_goes_on(talk, row, reason):
    messages, bad = talk(COLUMNS, values(7, "before"), row, values(8, "after"))
    assert [m.text for m in messages] == ["before", "after"]
    assert bad == [("a.json:2", reason)]


def test_a_row_that_nests_too_deep_is_reported_and_the_rest_goes_on(read, write):
    text = json.dumps(result(COLUMNS, "DEEP", values(1, "a")))
    messages, bad = read(write("a.json", text.replace('"DEEP"', "[" * 300 + "]" * 300)))
    assert [m.text for m in messages] == ["a"]
    assert bad == [
        ("a.json:1", "it nests deeper than 200 levels. Take this message out, or export again.")
    ]


def test_a_truncated_result_yields_all_before_the_break(read, write, kinds):
    path = write("a.json", json.dumps(result(COLUMNS, values(1, "a"), values(2, "b")))[:-20])
    messages, bad = read(path)
    assert [m.text for m in messages] == ["a"]
    assert bad[0][0] == "a.json:2"
    assert bad[0][1].startswith("the file breaks off here")
    assert kinds(path) == ["rest"]


def test_bytes_that_are_not_utf_8_are_noticed(read, write, kinds):
    text = json.dumps(result(COLUMNS, values(1, "caf\xe9")), ensure_ascii=False)
    path = write("a.json", text.encode("cp1252"))
    assert [m.text for m in read(path)[0]] == ["caf\xe9"]
    assert kinds(path) == ["notice"]


def test_a_result_without_a_text_is_refused_with_its_columns(write):
    path = write("a.json", result(["user_id", "likes", *"abcdefgh"]))
    assert sniff(path) is EXPLORER
    with pytest.raises(InputError) as caught:
        list(EXPLORER.read(path))
    assert str(caught.value) == (
        f"{path}: no column is known to hold the text of posts. The columns are: user_id, likes, "
        "a, b, c, d, e, f. Let the query give p.raw, and run it again."
    )


@pytest.mark.parametrize(
    "content",
    [
        '{"success": false, "errors": ["PG::SyntaxError"]}',
        '{"success": true, "duration": 1, "columns": "raw", "rows": []}',
        *('[{"columns": ["raw"], "rows": []}]', "{}", "no", "\xff\xfe\0"),
    ],
)
def test_a_file_that_is_no_result_is_refused_when_the_format_is_named(read, write, content):
    with pytest.raises(InputError, match=r"a\.json: holds no result of Data Explorer"):
        read(write("a.json", content), format="discourse-explorer")


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="discourse-explorer")
    with pytest.raises(InputError, match="is empty"):
        read(write("a.json", ""), format="discourse-explorer")


def test_a_result_without_rows_yields_nothing(talk):
    assert talk(COLUMNS) == ([], [])


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.rglob("*"), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 20
    for path in files:
        assert EXPLORER.sniff(path) == (path.name == NAME), path.name


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data):
    read_changed(data, FIXTURE.read_bytes(), "a.json", format="discourse-explorer")
