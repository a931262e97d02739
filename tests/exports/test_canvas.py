import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import reader_named, sniff

FIXTURES = Path(__file__).parent / "fixtures"
FIXTURE = FIXTURES / "canvas-view.json"
CANVAS = reader_named("canvas")


def entry(key, message="<p>x</p>", *, user=1, parent=None, at="2026-09-08T10:30:00Z", **more):
    row = {"id": key, "user_id": user, "parent_id": parent, "created_at": at, "message": message}
    return {**row, **more}


def view(*entries, people=("Mara", "Ken"), new=()):
    return {
        "unread_entries": [],
        "participants": [{"id": n, "display_name": name} for n, name in enumerate(people, 1)],
        "view": list(entries),
        "new_entries": list(new),
    }


@pytest.fixture
def talk(read, write):
    """Reads a discussion from its entries."""
    return lambda *entries, **more: read(write("loops.json", view(*entries, **more)))


def test_the_golden_view_is_read_entry_by_entry(read):
    assert sniff(FIXTURE) is CANVAS
    messages, bad = read(FIXTURE)
    assert not bad
    assert [(m.id, m.author, m.reply_to, m.text) for m in messages] == [
        ("7001", "Mara Hall", "", "Which reading helped you most & why?"),
        (
            "7002",
            "Ken (42)",
            "7001",
            "The second. My notes (https://canvas.example.edu/courses/12/files/9)",
        ),
        ("7004", "Ken (43)", "7002", "> The second.\n\nDid you even read the first?"),
        ("7005", "Mara Hall", "7003", "I took this down: please stay with the text."),
        ("7006", "Ken (43)", "", "Solved, thank you."),
        ("7009", "Ken (42)", "7006", "Glad to hear."),
    ]
    assert {(m.thread, m.title) for m in messages} == {("7001", "canvas-view")}
    assert messages[0].time == datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
    assert [m.place.removeprefix("canvas-view.json:") for m in messages] == [
        *("1", "1.1", "1.1.1", "1.2.1", "3", "4"),
    ]


def test_a_page_that_a_browser_saved_is_read_behind_its_guard(read, write):
    page = "while(1);" + json.dumps(view(entry(1), entry(2)))
    for content in (page, "\ufeff" + page):
        path = write("loops.json", content)
        assert sniff(path) is CANVAS
        messages, bad = read(path)
        assert [m.id for m in messages] == ["1", "2"]
        assert not bad


def test_ids_that_are_strings_are_the_same_ids(talk, read, write):
    whole, bad = talk(entry(1), entry(20, user=2, parent=1))
    assert not bad
    assert [(m.id, m.author, m.reply_to) for m in whole] == [("1", "Mara", ""), ("20", "Ken", "1")]
    strings = view(entry("1", user="1"), entry("20", user="2", parent="1"))
    for person in strings["participants"]:
        person["id"] = str(person["id"])
    assert read(write("loops.json", strings)) == (whole, [])


def test_deleted_entries_are_left_out_and_their_replies_stay(talk):
    gone = {"id": 1, "parent_id": None, "deleted": True, "editor_id": 2, "created_at": "x"}
    messages, bad = talk({**gone, "replies": [entry(2, parent=1)]})
    assert [(m.id, m.reply_to, m.thread) for m in messages] == [("2", "1", "1")]
    assert not bad


def test_a_newer_version_takes_the_place_of_an_entry_wherever_it_is_nested(talk):
    old = entry(1, "old", replies=[entry(2, "old too", parent=1), entry(3, "stays", parent=1)])
    messages, bad = talk(old, new=[entry(1, "new"), entry(2, "new too", parent=1)])
    assert [(m.id, m.text) for m in messages] == [("3", "stays"), ("1", "new"), ("2", "new too")]
    assert not bad


def test_an_entry_that_was_deleted_since_is_left_out(talk):
    gone = {"id": 1, "parent_id": None, "deleted": True, "created_at": "2026-09-08T10:30:00Z"}
    assert talk(entry(1), new=[gone]) == ([], [])


def test_a_thread_is_called_by_its_first_entry_in_whatever_order_they_are_shown(talk):
    messages, _ = talk(entry(100), entry(9), entry(23))
    assert {m.thread for m in messages} == {"9"}
    assert {m.title for m in messages} == {"loops"}


def test_people_without_a_name_or_who_are_not_listed(talk):
    messages, bad = talk(
        entry(1, user=1),
        entry(2, user=7),
        entry(3, user=8, user_name="Lea"),
        entry(4, user=None),
        people=("",),
    )
    assert [m.author for m in messages] == ["1", "7", "Lea", ""]
    assert not bad


def test_replies_as_deep_as_canvas_allows_are_read(talk):
    deepest = entry(51, parent=50)
    for key in range(50, 0, -1):
        deepest = entry(key, parent=key - 1 or None, replies=[deepest])
    messages, bad = talk(deepest)
    assert [m.id for m in messages] == [str(n) for n in range(1, 52)]
    assert not bad


def test_what_nests_too_deep_is_reported_and_the_rest_goes_on(read, write):
    deep = '{"id": 1, "replies": ' + "[" * 300 + "]" * 300 + "}"
    content = '{"unread_entries": [], "view": [' + deep + "," + json.dumps(entry(2)) + "]}"
    messages, bad = read(write("loops.json", content))
    assert [m.id for m in messages] == ["2"]
    assert bad == [
        ("loops.json:1", "it nests deeper than 200 levels. Take this message out, or export again.")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, '"id" is missing. Save the page again, as Canvas gives it.'),
        ({"id": [1]}, '"id" must be a string or a number, got list.'),
        ({"message": None}, '"message" must be a string, got nothing.'),
        ({"message": 5}, '"message" must be a string, got int.'),
        ({"user_id": {}}, '"user_id" must be a string or a number, got dict.'),
        ({"parent_id": []}, '"parent_id" must be a string or a number, got list.'),
        ({"created_at": None}, '"created_at" must be a string, got nothing.'),
    ],
)
def test_an_entry_with_a_bad_field_is_reported_and_the_rest_goes_on(talk, change, reason):
    messages, bad = talk({**entry(1), **change, "replies": [entry(2, parent=1)]}, entry(3))
    assert [m.id for m in messages] == ["2", "3"]
    assert bad == [("loops.json:1", reason)]


def test_replies_that_are_no_entries_are_reported_where_they_stand(talk):
    messages, bad = talk(entry(1, replies=[entry(2), "x"]), entry(3, replies={}), 5, entry(4))
    assert [m.id for m in messages] == ["1", "2", "3", "4"]
    assert bad == [
        ("loops.json:1.2", "must be an object, got str."),
        ("loops.json:2", '"replies" must be a list, got dict.'),
        ("loops.json:3", "must be an object, got int."),
    ]


def test_a_time_that_is_none_is_reported(talk):
    _, bad = talk(entry(1, at="yesterday"))
    assert bad[0][1].startswith("'yesterday' is not a time.")


def test_people_that_are_no_people_cost_no_entry(read, write):
    broken = [5, {"id": []}, {"id": 1, "display_name": {}}, {"display_name": "Lea"}]
    path = write("loops.json", {**view(entry(1)), "participants": broken})
    messages, bad = read(path)
    assert [m.author for m in messages] == ["1"]
    assert not bad


def test_a_truncated_view_yields_all_before_the_break(read, write, kinds):
    text = json.dumps(view(entry(1), entry(2)))
    path = write("loops.json", text[: text.index('"id": 2, "user') + 20])
    messages, bad = read(path)
    assert [(m.id, m.author) for m in messages] == [("1", "Mara")]
    assert bad[0][0] == "loops.json:2"
    assert bad[0][1].startswith("the file breaks off here")
    assert kinds(path) == ["rest"]


def test_bytes_that_are_not_utf_8_are_noticed_once(read, write, kinds):
    text = json.dumps(view(entry(1, "na\u00efve")), ensure_ascii=False)
    path = write("loops.json", text.encode("cp1252"))
    messages, _ = read(path)
    assert [m.text for m in messages] == ["na\u00efve"]
    assert kinds(path) == ["notice"]


def test_a_discussion_without_entries_yields_nothing(talk):
    assert talk() == ([], [])


@pytest.mark.parametrize(
    "content",
    [
        '{"status": "unauthorized", "errors": [{"message": "require_initial_post"}]}',
        json.dumps([view(entry(1))]),
        *("while(1);", "while(1);[]", "<html>", "{}", '{"view": [', "\xff\xfe"),
    ],
)
def test_a_file_that_is_no_view_is_refused(write, content):
    path = write("loops.json", content)
    assert not CANVAS.sniff(path)
    with pytest.raises(InputError, match=r"loops\.json: holds no Canvas discussion"):
        list(CANVAS.read(path))


def test_a_directory_and_an_empty_file_are_refused(read, tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read(tmp_path, format="canvas")
    with pytest.raises(InputError, match="is empty"):
        read(write("loops.json", ""), format="canvas")


def test_it_is_known_by_its_first_keys_however_long_the_lists_are(write):
    long = {**view(entry(1)), "unread_entries": list(range(20_000))}
    assert CANVAS.sniff(write("a.json", long))
    assert CANVAS.sniff(write("b.json", {"participants": [], "view": []}))
    assert not CANVAS.sniff(write("c.json", {"participants": [], "messages": []}))


def test_it_recognises_its_own_files_and_no_others(samples, tmp_path):
    files = [*FIXTURES.rglob("*"), *samples.iterdir(), tmp_path, tmp_path / "none"]
    assert len(files) > 20
    for path in files:
        assert CANVAS.sniff(path) == path.name.startswith("canvas"), path.name


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_read_or_refused(read_changed, data):
    read_changed(data, FIXTURE.read_bytes(), "loops.json", format="canvas")
