import json
from datetime import UTC, datetime

import pytest


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("2026-09-08 09:00:00 UTC", datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ("1788858000", datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ("1788858000.5", datetime(2026, 9, 8, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("1788858000500", datetime(2026, 9, 8, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("20260908", datetime(2026, 9, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_iso_seconds_and_milliseconds(read, write, time, moment):
    (message,), _ = read(write("chat.csv", f"text,time\na,{time}\n"))
    assert message.time == moment


def test_times_that_cannot_be_read_are_counted_and_lose_no_message(read, write, kinds):
    dates = ["2026-09-08", "03/09/2026 10:30", "", "tomorrow"]
    path = write("chat.csv", "text,date\n" + "".join(f"Hello.,{date}\n" for date in dates))
    messages, bad = read(path)
    assert [m.time for m in messages] == [datetime(2026, 9, 8, tzinfo=UTC), None, None, None]
    assert bad == [
        (
            "chat.csv",
            "2 times could not be read, such as '03/09/2026 10:30', so those messages are "
            "undated. Use ISO 8601, or leave the column out with --map time=.",
        )
    ]
    assert kinds(path) == ["notice"]
    assert read(path, columns={"time": ""})[1] == []


def test_one_time_that_cannot_be_read_is_said_as_one(read, write):
    _, bad = read(write("chat.jsonl", '{"text": "a", "time": [1]}\n{"text": 4, "time": "x"}\n'))
    assert bad[1][1].startswith("1 time could not be read, '[1]', so that message is undated.")


@pytest.mark.parametrize(
    ("date", "time", "moment"),
    [
        ("2026-09-08", "09:00", datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ("2026-09-08", "09:00:30 UTC", datetime(2026, 9, 8, 9, 0, 30, tzinfo=UTC)),
        ("2026-09-08", "2026-09-08T09:00Z", datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ("2026-09-08", "", datetime(2026, 9, 8, tzinfo=UTC)),
        ("", "2026-09-08T09:00Z", datetime(2026, 9, 8, 9, tzinfo=UTC)),
        ("08/09/2026", "09:00", None),
    ],
)
def test_a_date_and_a_time_in_two_columns_are_one_moment(read, write, date, time, moment):
    (message,), bad = read(write("chat.csv", f"Date,text,Time\n{date},a,{time}\n"))
    assert message.time == moment
    assert len(bad) == (moment is None)


def test_without_a_thread_column_a_title_or_channel_is_the_thread(read, write):
    messages, _ = read(write("chat.csv", "channel,text\nhelp,a\nnews,b\nhelp,c\n,d\n"))
    assert [m.thread for m in messages] == ["help", "news", "help", ""]
    messages, _ = read(write("mail.csv", "subject,text\nLoops,a\nRE: Re: Loops,b\n"))
    assert [m.thread for m in messages] == ["Loops", "Loops"]
    assert messages[1].title == "RE: Re: Loops"


def test_a_thread_column_goes_before_the_title(read, write):
    messages, _ = read(write("chat.csv", "channel,thread,text\nhelp,7,a\nhelp,,b\n"))
    assert [m.thread for m in messages] == ["7", "help"]


@pytest.mark.parametrize(
    ("parents", "links"),
    [
        (["", "1", "2"], ["", "1", "2"]),
        (["0", "1.0", "0"], ["", "1", ""]),
        (["7", "1", "Why 1?"], ["7", "1", ""]),
    ],
)
def test_a_parent_that_is_an_id_links_to_that_message(read, write, parents, links):
    rows = zip("123", parents, strict=True)
    path = write("chat.csv", "id,text,parent\n" + "".join(f"{i},x,{p}\n" for i, p in rows))
    messages, bad = read(path)
    assert [m.reply_to for m in messages] == links
    assert [m.parent for m in messages] == [p if p == "Why 1?" else None for p in parents]
    assert not bad


def test_a_parent_that_is_the_id_of_a_row_above_links_to_it(read, write):
    messages, _ = read(write("chat.csv", "id,text,parent\nm-a,Why?,\nm-b,So.,m-a\nm-c,No.,m-x\n"))
    assert [(m.reply_to, m.parent) for m in messages] == [("", None), ("m-a", None), ("", "m-x")]


def test_a_number_in_a_table_without_ids_is_the_text_that_is_answered(read, write):
    (message,), _ = read(write("chat.csv", "text,parent\nWrong.,42\n"))
    assert (message.reply_to, message.parent) == ("", "42")


def test_a_number_as_parent_in_json_is_a_link(read, write):
    lines = [{"id": 1, "text": "a", "parent": 0}, {"id": 2, "text": "b", "parent": 1}]
    messages, bad = read(write("in.jsonl", "\n".join(map(json.dumps, lines))))
    assert [(m.reply_to, m.parent) for m in messages] == [("", None), ("1", None)]
    assert not bad


def test_a_link_of_its_own_goes_before_a_parent_id(read, write):
    (message,), _ = read(write("chat.csv", "id,text,parent,reply_to\n3,a,1,2\n"))
    assert (message.reply_to, message.parent) == ("2", None)


def test_links_of_reddit_lose_their_kind_where_ids_have_none(read, write):
    header = "id,body,parent_id,link_id\n"
    messages, _ = read(write("chat.csv", header + "c1,a,t3_p9,t3_p9\nc2,b,t1_c1,t3_p9\n"))
    assert [(m.reply_to, m.thread) for m in messages] == [("p9", "p9"), ("c1", "p9")]
    messages, _ = read(write("chat.csv", header + "t1_c1,a,t3_p9,t3_p9\nt1_c2,b,t1_c1,t3_p9\n"))
    assert [(m.id, m.reply_to) for m in messages] == [("t1_c1", "t3_p9"), ("t1_c2", "t1_c1")]
