from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

FIXTURE = Path(__file__).parent / "fixtures" / "Learning R - Course - help [900].csv"
HEADER = "AuthorID,Author,Date,Content,Attachments,Reactions"
NAME = FIXTURE.name


def said(content, *, key="5", author="Mara", date="2026-09-08T10:30:00.0000000+00:00", more=""):
    content = content.replace('"', '""')
    return f'"{key}","{author}","{date}","{content}","{more}",""'


@pytest.fixture
def talk(read, write):
    def talk(*lines, name=NAME):
        return read(write(name, "\n".join((HEADER, *lines)) + "\n"))

    return talk


def test_a_channel_is_read_whole(read):
    assert sniff(FIXTURE).name == "discord-csv"
    messages, bad = read(FIXTURE)
    assert not bad
    assert [m.text for m in messages] == [
        'How do I read a table, with commas in "quotes"?\n\nMine ends after one row.',
        "> Mine ends after one row.\nRead the manual, @Mara, it is chapter one.",
        "Other Ken here: set the quote character, @Mara :wave:",
        "",
    ]
    assert [m.author for m in messages] == ["Mara", "Ken (502)", "Ken (503)", "Mara"]
    assert [m.id for m in messages] == [
        "900/2026-09-08T09:31:02+00:00",
        "900/2026-09-08T09:35:40.500000+00:00",
        "900/2026-09-08T09:36:00+00:00",
        "900/2026-09-08T09:40:00+00:00",
    ]
    assert messages[0].time == datetime(2026, 9, 8, 9, 31, 2, tzinfo=UTC)
    assert {(m.thread, m.title, m.parent) for m in messages} == {("900", "#help", None)}
    # the second quotes the first; three people write, so times show nothing
    assert [m.reply_to for m in messages] == ["", messages[0].id, "", ""]
    assert [m.inferred for m in messages] == [False, True, False, False]
    assert [m.place for m in messages] == [f"{NAME}:{line}" for line in (3, 6, 8, 10)]


def test_nobody_but_this_reader_takes_the_fixture():
    takers = [reader.name for reader in READERS if reader.sniff(FIXTURE)]
    assert takers == ["discord-csv", "table"]  # the table takes any .csv, and is asked last


def test_it_takes_no_other_export(samples):
    reader = reader_named("discord-csv")
    others = [path for path in samples.iterdir() if path.is_file()]
    others += [p for p in FIXTURE.parent.rglob("*") if p.is_file() and p != FIXTURE]
    assert not [path.name for path in others if reader.sniff(path)]


@pytest.mark.parametrize(
    ("name", "thread", "title"),
    [
        ("Learning R - Course - week - one [900].csv", "900", "#one"),
        ("Learning R - help [900] (after 2026-09-01).csv", "900", "#help"),
        ("Learning R - help [900] (2026-09-01 to 2026-09-30) [part 2].csv", "900", "#help"),
        ("help [part 2].csv", "help", "#help"),
        ("week-one - mine.csv", "week-one - mine", "#week-one - mine"),
        ("[].csv", "[]", "#[]"),
    ],
)
def test_the_channel_is_told_by_the_name_of_the_file(talk, name, thread, title):
    (message,), _ = talk(said("x"), name=name)
    assert (message.thread, message.title) == (thread, title)
    assert message.id.startswith(f"{thread}/2026")


def test_ids_are_unique_and_the_same_in_any_time_zone(talk):
    dates = [
        *("2026-09-08T10:30:00.0000000+00:00", "2026-09-08T12:30:00.0000000+02:00"),
        *("2026-09-08T10:30:00.0000001+00:00", "2026-09-08T10:30:01.0000000+00:00"),
    ]
    messages, _ = talk(*(said(str(n), date=date) for n, date in enumerate(dates)))
    assert [m.id.removeprefix("900/2026-09-08T10:30:") for m in messages] == [
        *("00+00:00", "00+00:00-2", "00+00:00-3", "01+00:00")
    ]
    again, _ = talk(*(said(str(n), date=date) for n, date in enumerate(dates)))
    assert again == messages


def test_an_id_does_not_hold_who_wrote_the_message(talk):
    (message,), _ = talk(said("x", key="50123", author="Mara"))
    assert "50123" not in message.id
    assert "Mara" not in message.id


@pytest.mark.parametrize(
    "line",
    [
        *("Joined the server.", "Pinned a message.", "Started a thread.", "Left the group."),
        *("Changed the channel icon.", "Changed the channel name: week 2"),
        *("Added Ken to the group.", "Started a call that lasted 1,204 minutes."),
    ],
)
def test_lines_of_the_system_are_left_out(talk, line):
    assert talk(said(line)) == ([], [])


def test_what_people_write_about_the_same_things_is_kept(talk):
    lines = ["Pinned a message. Read it!", "I joined the server.", "Started a thread\nfor week 2."]
    messages, _ = talk(*map(said, lines))
    assert [m.text for m in messages] == lines


def test_times_in_words_cost_the_date_and_are_counted_once(talk):
    messages, bad = talk(said("a", date="08-Sep-26 10:30 PM"), said("b", date="08-Sep-26 10:30 PM"))
    assert [(m.time, m.id) for m in messages] == [
        (None, "900/08-Sep-26 10:30 PM"),
        (None, "900/08-Sep-26 10:30 PM-2"),
    ]
    assert bad == [
        (
            NAME,
            "2 times could not be read, such as '08-Sep-26 10:30 PM', so those messages are "
            "undated. Export again with a newer DiscordChatExporter, which writes times in "
            "ISO 8601.",
        )
    ]


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        ("\ufeffAuthorID,Author,Date,Content,Attachments,Reactions", ","),
        ('"AuthorID";"Author";"Date";"Content";"Attachments";"Reactions"', ";"),
        ("authorid,author,date,content,attachments,reactions,Extra", ","),
    ],
    ids=["mark", "spreadsheet", "more"],
)
def test_a_file_that_went_through_other_software_is_read(read, write, header, mark):
    cells = ["5", "Mara", "2026-09-08T10:30:00Z", "Naïve?", "", ""]
    row = mark.join(cells + [""] * header.count("Extra"))
    path = write(NAME, f"{header}\n{row}\n".encode())
    assert sniff(path).name == "discord-csv"
    (message,), bad = read(path)
    assert (message.text, message.author, bad) == ("Naïve?", "Mara", [])


def test_another_encoding_is_read(read, write):
    text = f"{HEADER}\n{said('naïve ☺')}\n"
    for encoding in ("utf-16", "utf-8-sig"):
        (message,), bad = read(write(NAME, text.encode(encoding)))
        assert (message.text, bad) == ("naïve ☺", [])
    (message,), bad = read(write(NAME, text.replace("☺", "").encode("cp1252")))
    assert message.text == "naïve "
    assert "not UTF-8" in bad[0][1]


def test_a_row_with_too_few_cells_is_reported_and_the_rest_goes_on(talk):
    messages, bad = talk(said("a"), '"5","Mara"', said("b", date="2026-09-08T11:00:00Z"))
    assert [m.text for m in messages] == ["a", "b"]
    assert [place for place, _ in bad] == [f"{NAME}:3"]
    assert bad[0][1].startswith("this row has 2 cells where the header has 6.")


def test_a_file_that_breaks_off_yields_all_before(read, write):
    whole = FIXTURE.read_bytes()
    messages, bad = read(write(NAME, whole[: whole.index(b"Other Ken") + 5]))
    assert len(messages) == 2
    assert bad[0][0] == f"{NAME}:8"


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n"])
def test_a_channel_without_messages_yields_nothing(read, write, content):
    assert read(write(NAME, content)) == ([], [])


def test_a_file_without_the_columns_is_refused(read, write, tmp_path):
    path = write(NAME, "AuthorID,Author,Date,Attachments,Reactions\n1,a,b,c,d\n")
    assert not reader_named("discord-csv").sniff(path)
    with pytest.raises(InputError, match="lacks the columns AuthorID, Author, Date, Content"):
        read(path, format="discord-csv")
    for wrong, problem in ((write("empty.csv", ""), "is empty"), (tmp_path, "is a directory")):
        with pytest.raises(InputError, match=problem):
            read(wrong, format="discord-csv")


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_changed_give_messages_or_bad_rows(tmp_path, changes):
    content = bytearray(FIXTURE.read_bytes())
    for at, byte in changes:
        content[at % len(content)] = byte
    path = tmp_path / NAME
    path.write_bytes(content)
    reader_named("discord-csv").sniff(path)
    try:
        found = list(read_export(path, format="discord-csv"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
