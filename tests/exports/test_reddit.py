import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message
from tonecheck.prepare import prepare

FIXTURES = Path(__file__).parent / "fixtures"
COMMENTS = FIXTURES / "reddit" / "learnlab_comments.jsonl"
SUBMISSIONS = FIXTURES / "reddit" / "learnlab_submissions.jsonl"
REDDIT = reader_named("reddit")
UNPACK = "Unpack it first: zstd -d --long=31 FILE"


def comment(body, key="c1", **more):
    row = {"id": key, "link_id": "t3_p1", "parent_id": "t3_p1", "author": "mara", "body": body}
    return {**row, "created_utc": 1788858000, "subreddit": "learnlab", **more}


def submission(title, selftext="", key="p1", **more):
    row = {"id": key, "title": title, "selftext": selftext, "author": "mara"}
    return {**row, "created_utc": 1788858000, "subreddit": "learnlab", **more}


def as_lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def zstd(text):
    return pyarrow.compress(text.encode(), codec="zstd", asbytes=True)


def long_window(text):
    """Returns text packed as the dumps are, with a window of 2 GiB: one frame of one raw block."""
    data = text.encode()
    return b"\x28\xb5\x2f\xfd\x00\xa8" + (len(data) << 3 | 1).to_bytes(3, "little") + data


@pytest.fixture
def dump(read, write):
    """Reads a dump of some rows."""
    return lambda *rows: read(write("dump.jsonl", as_lines(*rows)), format="reddit")


def test_the_golden_comments_are_read_one_by_one(read):
    assert sniff(COMMENTS).name == "reddit"
    messages, bad = read(COMMENTS)
    assert not bad
    assert [(m.id, m.author, m.thread, m.reply_to, m.place) for m in messages] == [
        ("t1_k0001", "ken_ito", "t3_1abc01", "t3_1abc01", "learnlab_comments.jsonl:1"),
        ("t1_k0002", "mara_h", "t3_1abc01", "t1_k0001", "learnlab_comments.jsonl:2"),
        ("t1_k0004", "oda_l", "t3_1abc01", "t1_k0003", "learnlab_comments.jsonl:4"),
        ("t1_k0006", "", "t3_1zzz99", "t1_j9999", "learnlab_comments.jsonl:6"),
    ]
    assert [m.text for m in messages] == [
        "Write down questions, not answers.",
        "> questions, not answers\n\nThat is a lovely rule.",
        "Whoever said this: it helped me too.",
        "I came late to this one.",
    ]
    assert messages[1].time == datetime(2026, 9, 8, 9, 15, tzinfo=UTC)
    assert {m.title for m in messages} == {""}


def test_the_golden_submissions_are_read_one_by_one(read):
    assert sniff(SUBMISSIONS).name == "reddit"
    messages, bad = read(SUBMISSIONS)
    assert not bad
    notes, course = "How do you take notes in statistics?", "A map of the course, if it helps"
    assert [(m.id, m.thread, m.author, m.title, m.reply_to) for m in messages] == [
        ("t3_1abc01", "t3_1abc01", "mara_h", notes, ""),
        ("t3_1abc02", "t3_1abc02", "ken_ito", course, ""),
    ]
    assert [m.text for m in messages] == [
        f"{notes}\n\nI copy every slide & forget it all.\n\nWhat works for you?",
        course,
    ]
    assert messages[0].time == datetime(2026, 9, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize("path", [COMMENTS, SUBMISSIONS], ids=lambda path: path.stem)
def test_only_this_reader_and_the_table_recognise_the_golden_dumps(path):
    assert [r.name for r in READERS if r.sniff(path)] == ["reddit", "table"]


def test_the_files_of_other_formats_are_not_recognised(samples):
    others = [path for path in samples.iterdir() if path.suffix != ".md"]
    others += [p for p in FIXTURES.rglob("*.*") if p.is_file() and p.parent.name != "reddit"]
    assert len(others) >= 8
    assert not any(REDDIT.sniff(path) for path in others)


def test_a_comment_and_a_submission_of_one_number_stay_apart(dump):
    messages, _ = dump(submission("Loops", key="x1"), comment("a", "x1", link_id="t3_x1"))
    assert [(m.id, m.thread) for m in messages] == [("t3_x1", "t3_x1"), ("t1_x1", "t3_x1")]


@pytest.mark.parametrize(
    ("more", "answered"),
    [
        ({"parent_id": "t1_b7"}, "t1_b7"),
        ({"parent_id": "t3_p1"}, "t3_p1"),
        ({"parent_id": "b7"}, "t1_b7"),
        ({"parent_id": "p1"}, "t3_p1"),
        ({"parent_id": None}, "t3_p1"),
        ({"parent_id": ""}, "t3_p1"),
        ({"parent_id": 41497293111}, "t1_j2af0af"),
        ({"parent_id": 36.0}, "t1_10"),
        ({"parent_id": 0}, "t1_0"),
        ({"parent_id": "1007046"}, "t1_1007046"),
        ({"link_id": "p1", "parent_id": "t3_p1"}, "t3_p1"),
    ],
    ids=str,
)
def test_links_get_their_kind_however_a_dump_writes_them(dump, more, answered):
    (message,), bad = dump(comment("a", **more))
    assert (message.reply_to, message.thread, bad) == (answered, "t3_p1", [])


def test_ids_that_have_their_kind_keep_it(dump):
    messages, _ = dump(comment("a", "t1_c1"), submission("b", key="t3_p1"))
    assert [m.id for m in messages] == ["t1_c1", "t3_p1"]


@pytest.mark.parametrize(
    "text",
    [
        *("[deleted]", "[removed]", " [removed]\n", "[ Removed by Reddit ]"),
        *("[deleted by user]", "[removed by moderator]"),
        "[ Removed by Reddit on account of violating the content policy ]",
    ],
)
def test_what_is_gone_is_left_out(dump, text):
    rows = [comment(text), submission("A title", text), submission(text)]
    messages, bad = dump(*rows, comment("still here", parent_id="t1_c1"))
    assert [(m.text, m.reply_to) for m in messages] == [("still here", "t1_c1")]
    assert not bad


@pytest.mark.parametrize(
    "text", ["[removed] my plot, sorry", "I [deleted] it", "[removed because I was wrong]", ""]
)
def test_what_only_mentions_it_is_kept(dump, text):
    assert dump(comment(text))[0][0].text == text


def test_what_moderators_removed_is_left_out_where_the_dump_still_holds_it(dump):
    assert dump(submission("Loops", "still there", removed_by_category="moderator")) == ([], [])


def test_a_deleted_account_leaves_its_words_without_a_name(dump):
    (message,), _ = dump(comment("a", author="[deleted]"))
    assert (message.text, message.author) == ("a", "")


def test_the_machine_of_the_site_is_left_out(dump):
    assert dump(comment("Read the rules.", author="AutoModerator")) == ([], [])


@pytest.mark.parametrize("created", [1788858000, "1788858000", 1788858000.0])
def test_times_are_numbers_or_text(dump, created):
    (message,), bad = dump(comment("a", created_utc=created))
    assert (message.time, bad) == (datetime(2026, 9, 8, 9, tzinfo=UTC), [])


def test_a_time_that_cannot_be_read_costs_the_date_only(dump):
    (message,), bad = dump(comment("a", created_utc="soon"))
    assert message.time is None
    assert bad == [
        (
            "dump.jsonl",
            "1 time could not be read, 'soon', so that message is undated. "
            "Use seconds since 1970, as Reddit does.",
        )
    ]


def test_quoted_words_are_not_scored_as_the_authors(dump):
    (message,), _ = dump(comment("&gt; You idiot.\n\nBe kind, &amp;amp; listen if a &lt; b."))
    assert message.text == "> You idiot.\n\nBe kind, &amp; listen if a < b."
    assert prepare(message.text).text.startswith("Be kind")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (comment("a", None), '"id" is missing. Take a dump that holds all fields.'),
        (comment("a", ["c1"]), '"id" must be a string or a number, got list.'),
        (comment("a", link_id=None), '"link_id" is missing. Take a dump that holds all fields.'),
        (comment(5), '"body" must be a string, got int.'),
        (comment("a", parent_id=[]), '"parent_id" must be a string or a number, got list.'),
        (comment("a", parent_id=-1), '"parent_id" must be an id such as t1_c0ffee or its number.'),
        (comment("a", author={}), '"author" must be a string or a number, got dict.'),
        (submission({}), '"title" must be a string, got dict.'),
        (submission("a", 5), '"selftext" must be a string, got int.'),
        (
            {"id": "t5_aaaa", "display_name": "learnlab"},
            'it is no comment (with a "body") and no submission (with a "title"). '
            "Give the dump of comments or of submissions.",
        ),
    ],
)
def test_a_row_with_a_bad_field_is_reported_and_the_rest_goes_on(dump, row, reason):
    messages, bad = dump(row, comment("fine", "c2"))
    assert [m.text for m in messages] == ["fine"]
    assert bad == [("dump.jsonl:1", reason)]


def test_broken_lines_cost_no_more_than_themselves(read, write, monkeypatch):
    from tonecheck.exports import streams

    monkeypatch.setattr(streams, "MAX_RECORD", 1_000)
    lines = [
        as_lines(comment("first", "c1")),
        '{"body": \n',
        "\n",
        as_lines(comment("x" * 2_000)),
        '{"a": ' + "[" * 300 + "]" * 300 + "}\n",
        "[]\n",
        as_lines(comment("last", "c2"))[:-1],
    ]
    messages, bad = read(write("dump.jsonl", "".join(lines)))
    assert [m.text for m in messages] == ["first", "last"]
    assert [place for place, _ in bad] == [f"dump.jsonl:{n}" for n in (2, 4, 5, 6)]
    assert [reason.split(" (")[0] for _, reason in bad] == [
        "not valid JSON: Expecting value",
        "this line is longer than 10,000,000 characters, so it was passed over. "
        "Shorten it, or export again without it.",
        "it nests deeper than 200 levels. Take this message out, or export again.",
        "must be an object, got list.",
    ]


def test_a_truncated_dump_loses_its_last_line_only(read, write):
    text = as_lines(comment("a"), comment("b", "c2"))
    messages, bad = read(write("dump.jsonl", text[:-20]))
    assert [m.text for m in messages] == ["a"]
    assert [place for place, _ in bad] == ["dump.jsonl:2"]


@pytest.mark.parametrize("name", ["dump.json", "dump.jsonl"])
def test_a_list_is_read_as_well(read, write, name):
    path = write(name, [comment("a"), submission("b")])
    assert sniff(path).name == "reddit"
    messages, bad = read(path)
    assert ([m.text for m in messages], bad) == (["a", "b"], [])


def test_a_file_in_windows_1252_is_read_and_said(read, write):
    data = as_lines(comment("na_ve")).encode().replace(b"_v", b"\xefv")
    (message,), bad = read(write("dump.jsonl", data))
    assert message.text == "naïve"
    assert bad[0][0] == "dump.jsonl"


def test_a_directory_and_an_empty_file_are_refused(tmp_path, write):
    with pytest.raises(InputError, match="is a directory"):
        read_export(tmp_path, format="reddit")
    with pytest.raises(InputError, match="is empty"):
        read_export(write("dump.jsonl", ""), format="reddit")
    assert not REDDIT.sniff(write("dump.jsonl", ""))


def test_a_file_that_is_no_json_yields_its_lines_as_bad_rows(read, write):
    messages, bad = read(write("dump.jsonl", "Dear all,\nwelcome.\n"), format="reddit")
    assert not messages
    assert bad


def test_a_packed_dump_is_read_like_a_plain_one(read, write):
    path = write("learnlab.zst", zstd(COMMENTS.read_text()))
    assert sniff(path).name == "reddit"
    messages, bad = read(path)
    plain, _ = read(COMMENTS)
    assert [(m.id, m.text, m.reply_to) for m in messages] == [
        (m.id, m.text, m.reply_to) for m in plain
    ]
    assert messages[0].place == "learnlab.zst:1"
    assert not bad


def test_frames_that_follow_each_other_are_read_as_one(read, write):
    packed = zstd(as_lines(comment("a"))) + zstd(as_lines(comment("b", "c2")))
    messages, bad = read(write("dump.zst", packed))
    assert ([m.text for m in messages], bad) == (["a", "b"], [])


def test_a_dump_with_a_large_window_is_recognised_and_says_how_to_unpack_it(read, write):
    path = write("RC_2026-09.zst", long_window(as_lines(comment("a"))))
    assert sniff(path).name == "reddit"
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: cannot be unpacked here: it is damaged, or was packed with a window of over 128 "
        f"MB, as most dumps of Reddit are. {UNPACK}"
    )
    assert sniff(write("learnlab_comments.zst", path.read_bytes())).name == "reddit"
    with pytest.raises(InputError, match="this is packed with Zstandard: unpack it first"):
        sniff(write("other.zst", path.read_bytes()))


def test_without_pyarrow_a_packed_dump_says_how_to_unpack_it(read, write, monkeypatch):
    path = write("learnlab_comments.zst", zstd(as_lines(comment("a"))))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert REDDIT.sniff(path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: is packed with Zstandard. {UNPACK} (or let tonecheck do it: pyarrow is needed "
        'for this and is not installed. Install it with: pip install "tonecheck[reports]")'
    )


def test_a_truncated_packed_dump_yields_all_before_the_break(read, write, kinds):
    rows = [comment(f"comment {n * 7919 % 10_007}", f"c{n}") for n in range(40_000)]
    data = zstd(as_lines(*rows))
    path = write("dump.zst", data[: len(data) // 2])
    messages, bad = read(path)
    assert 1_000 < len(messages) < 40_000
    assert bad == [
        (
            f"dump.zst:{len(messages)}",
            "the packed file is damaged or breaks off after this line, so the rest of it was not "
            "read. Download it again.",
        )
    ]
    assert kinds(path) == ["rest"]


def test_a_packed_bomb_is_refused(read, write):
    path = write("dump.zst", zstd(as_lines(comment("a")) + "\n" * 5_000_000))
    messages, ((place, reason),) = read(path, format="reddit")
    assert [m.text for m in messages] == ["a"]
    assert (place, reason[:37]) == ("dump.zst", "unpacks to more than 200 times its si")


def test_reading_is_a_stream(write):
    text = as_lines(*(comment(f"number {n}", f"c{n}") for n in range(5_000)))
    for path in (write("dump.jsonl", text), write("dump.zst", zstd(text))):
        stream = read_export(path)
        assert next(stream).text == "number 0"
        stream.close()


@pytest.mark.parametrize("pack", [str.encode, zstd], ids=["plain", "packed"])
@given(
    changes=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 4_000),
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changed_bytes_give_messages_bad_rows_or_a_refusal(tmp_path, pack, changes, cut):
    data = bytearray(pack(COMMENTS.read_text()))
    for at, value in changes:
        data[at % len(data)] = value
    file = tmp_path / "dump.jsonl"
    file.write_bytes(data[: len(data) - cut % (len(data) - 1) if cut % 3 == 0 else len(data)])
    REDDIT.sniff(file)
    try:
        found = list(read_export(file, format="reddit"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
