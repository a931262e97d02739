import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export, rows, sniff
from tonecheck.messages import Message

ROWS = "id,author,created at,Thread,subject,BODY,in-reply-to\n"
FIRST = "1,Mara,2026-09-08T09:00:00Z,t1,Loops,Why?,\n"
SECOND = "2,Ken,1788858060,t1,Loops,Because.,1\n"


def test_columns_are_known_by_their_usual_names(read, write):
    path = write("chat.csv", ROWS + FIRST + SECOND)
    assert sniff(path).name == "table"
    (first, second), bad = read(path)
    assert not bad
    assert first == Message(
        text="Why?",
        id="1",
        author="Mara",
        time=datetime(2026, 9, 8, 9, 0, tzinfo=UTC),
        thread="t1",
        title="Loops",
        place="chat.csv:2",
    )
    assert (second.reply_to, second.time) == ("1", datetime(2026, 9, 8, 9, 1, tzinfo=UTC))


def test_columns_can_be_mapped(read, write):
    path = write("chat.csv", "what,who,text\nHello there.,Mara,12\n")
    (message,), _ = read(path, columns={"text": "what", "author": "WHO"})
    assert (message.text, message.author) == ("Hello there.", "Mara")


def test_a_table_without_a_text_column_says_what_it_has_and_what_to_do(read, write):
    path = write("chat.csv", "when,what\n1,hello\n")
    with pytest.raises(
        InputError,
        match=r"no column is known to hold the text\. The columns are: when, what\. "
        r"Name it: --map text=COLUMN\.",
    ):
        read(path)


def test_a_mapped_column_that_is_not_there_is_refused(read, write):
    with pytest.raises(
        InputError, match=r"text is mapped to 'bdy', which is no column\. The columns are: body\."
    ):
        read(write("chat.csv", "body\nhello\n"), columns={"text": "bdy"})


def test_a_field_that_does_not_exist_is_refused(read, write):
    with pytest.raises(
        InputError, match=r"no field 'txt' to map\. The fields are: text, id, author"
    ):
        read(write("chat.csv", "body\nhello\n"), columns={"txt": "body"})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_common_separators_are_recognised(read, write, separator):
    text = "id,text\n1,a\n2,b\n".replace(",", separator)
    messages, _ = read(write("chat.csv", text))
    assert [m.text for m in messages] == ["a", "b"]


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n', "SEP=;\r"])
@pytest.mark.parametrize("name", ["chat.csv", "chat.tsv", "chat.txt"])
def test_the_separator_that_excel_names_is_used(read, write, line, name):
    end = line.lstrip('"sepSEP=;')
    path = write(name, f"{line}text;id{end}yes, well, no;1{end}")
    assert sniff(path).name == "table"
    (message,), bad = read(path)
    assert (message.text, message.id, message.place, bad) == ("yes, well, no", "1", f"{name}:3", [])


def test_a_table_without_a_header_does_not_spill_what_people_wrote(read, write):
    words = [f"{n} " + "private words " * 9 for n in range(20)]
    with pytest.raises(InputError, match="no column is known to hold the text") as caught:
        read(write("chat.csv", ",".join(words) + "\n" + ",".join(words) + "\n"))
    assert "The columns are: 0 private words private words…, 1 private" in str(caught.value)
    assert " 7 private words" in str(caught.value)
    assert "… and 12 more. Name it" in str(caught.value)


def test_a_tsv_may_hold_commas(read, write):
    (message,), _ = read(write("chat.tsv", "text\tid, if any\nyes, well\t1\n"))
    assert message.text == "yes, well"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read_and_places_are_lines(read, write, ending):
    text = ending.join(["id,text", '1,"two', 'lines"', "", "2,one", ""])
    messages, bad = read(write("chat.csv", text))
    assert not bad
    assert [m.text for m in messages] == [f"two{ending}lines", "one"]
    assert [m.place for m in messages] == ["chat.csv:2", "chat.csv:5"]


def test_a_row_with_too_many_or_too_few_cells_is_reported(read, write):
    messages, bad = read(write("chat.csv", "id,text\n1,a, b\n2\n3,c\n"))
    assert [m.text for m in messages] == ["c"]
    advice = "Put cells that hold commas or line breaks in double quotes."
    assert bad == [
        ("chat.csv:2", f"this row has 3 cells where the header has 2. {advice}"),
        ("chat.csv:3", f"this row has 1 cells where the header has 2. {advice}"),
    ]


def test_a_quote_that_is_never_closed_costs_one_row(read, write):
    lines = ["id,text", "1,fine", '2,"never closed', '3,"quoted, fine"', "4,fine", '5,"also fine"']
    messages, bad = read(write("chat.csv", "\n".join(lines)))
    assert [m.id for m in messages] == ["1", "3", "4", "5"]
    assert [m.place for m in messages] == [f"chat.csv:{n}" for n in (2, 4, 5, 6)]
    assert bad == [
        (
            "chat.csv:3",
            "not valid CSV: ',' expected after '\"'. Put cells that hold commas, quotes or line "
            "breaks in double quotes, and double the quotes inside them.",
        )
    ]


def test_an_open_quote_at_the_end_of_the_file_costs_one_row(read, write):
    messages, bad = read(write("chat.csv", 'id,text\n1,"open\n2,fine\n3,fine\n'))
    assert [m.id for m in messages] == ["2", "3"]
    assert bad[0][0] == "chat.csv:2"
    assert bad[0][1].startswith("not valid CSV: unexpected end of data.")


def test_broken_rows_are_searched_again_only_so_far(read, write, monkeypatch):
    monkeypatch.setattr(rows, "_RESCAN", 100)
    # Each line opens a quote whether or not it stands inside one.
    messages, bad = read(write("chat.csv", "id,text\n" + 'a","b\n' * 30))
    assert not messages
    assert len(bad) < 5
    assert bad[-1][1].startswith("not valid CSV: unexpected end of data (lines ")
    assert "to 31)" in bad[-1][1]


def test_the_field_limit_of_the_process_is_left_as_it_was(read, write):
    before = csv.field_size_limit()
    (message,), _ = read(write("chat.csv", "text\n" + "long " * 60_000 + "\n"))
    assert len(message.text) == 300_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("name", ["chat.csv", "chat.jsonl"])
def test_a_line_over_the_limit_is_passed_over(read, write, monkeypatch, name):
    from tonecheck.exports import streams

    monkeypatch.setattr(streams, "MAX_RECORD", 70_000)
    monkeypatch.setattr(rows, "MAX_RECORD", 70_000)
    long = "x" * 200_000
    if name == "chat.csv":
        content = f"text\nbefore\n{long}\nafter\n"
    else:
        content = "".join(json.dumps({"text": t}) + "\n" for t in ("before", long, "after"))
    messages, bad = read(write(name, content))
    assert [m.text for m in messages] == ["before", "after"]
    line = 3 if name == "chat.csv" else 2
    assert [place for place, _ in bad] == [f"{name}:{line}"]
    assert "is longer than 10,000,000 characters, so it was passed over" in bad[0][1]


def test_lines_made_for_score_are_read_as_they_are(read, write):
    lines = [
        {"id": 7, "text": "Just google it.", "parent": "How?", "thread": "t", "author": "Ken"},
        {"text": "Thanks!", "time": 1788858000, "labels": {"hostility": 0}},
        {"id": "9", "text": "x", "parent": None, "time": "2026-09-08T09:00:00+02:00"},
    ]
    path = write("in.jsonl", "\n".join(map(json.dumps, lines)))
    assert sniff(path).name == "table"
    messages, bad = read(path)
    assert not bad
    assert (messages[0].id, messages[0].parent, messages[0].thread) == ("7", "How?", "t")
    assert messages[1].time == datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
    assert [m.place for m in messages] == ["in.jsonl:1", "in.jsonl:2", "in.jsonl:3"]


def test_bad_lines_are_reported_and_the_rest_goes_on(read, write):
    lines = [
        '{"text": "one"}',
        '{"text": "two"',
        "[1, 2]",
        '{"id": 3}',
        '{"text": 4}',
        '{"text": "five", "id": [5]}',
        '{"text": "six", "n": ' + "9" * 5_000 + "}",
        '{"text": ' + "[" * 300 + "]" * 300 + "}",
        '{"n": 1e999, "text": ' + "[" * 5_000 + "]" * 5_000 + "}",
        "",
        '{"text": "eleven", "parent": [3]}',
        '{"text": "\\ud83d twelve"}',
    ]
    messages, bad = read(write("in.jsonl", "\n".join(lines)))
    assert [m.text for m in messages] == ["one", "\ud83d twelve"]
    assert bad == [
        ("in.jsonl:2", "not valid JSON: Expecting ',' delimiter (column 15)."),
        ("in.jsonl:3", "must be an object, got list."),
        ("in.jsonl:4", '"text" must be a string, got nothing. Give every row a "text".'),
        ("in.jsonl:5", '"text" must be a string, got int. Give every row a "text".'),
        ("in.jsonl:6", '"id" must be a string or a number, got list.'),
        ("in.jsonl:7", "it holds a number that is too long to read."),
        ("in.jsonl:8", "it nests deeper than 200 levels. Take this message out, or export again."),
        ("in.jsonl:9", "it nests deeper than 200 levels. Take this message out, or export again."),
        (
            "in.jsonl:11",
            '"parent" must be a string or null, got list. '
            "Give the text of the message that is answered.",
        ),
    ]


def test_whole_numbers_are_ids_however_they_are_written(read, write):
    lines = ['{"text": "a", "id": 7.0}', '{"text": "b", "id": 7}', '{"text": "c", "id": "7"}']
    messages, _ = read(write("in.jsonl", "\n".join(lines)))
    assert [m.id for m in messages] == ["7", "7", "7"]


def test_many_brackets_in_a_text_are_not_depth(read, write):
    (message,), bad = read(write("in.jsonl", json.dumps({"text": "[" * 1_000})))
    assert (len(message.text), bad) == (1_000, [])


def test_a_json_list_of_objects_is_a_table(read, write):
    path = write("posts.json", [{"body": "a", "user": "Mara"}, {"body": "b"}])
    assert sniff(path).name == "table"
    messages, _ = read(path)
    assert [(m.text, m.author, m.place) for m in messages] == [
        ("a", "Mara", "posts.json:1"),
        ("b", "", "posts.json:2"),
    ]


def test_empty_cells_are_absent_and_an_empty_text_is_a_message(read, write):
    (message,), bad = read(write("chat.csv", "text,id,time,parent,author\n,,,,\n"))
    assert message == Message(text="", place="chat.csv:2")
    assert not bad


@pytest.mark.parametrize("content", ["id,text\n", "id,text", "[]"])
def test_a_table_without_rows_yields_nothing(read, write, content):
    name = "chat.json" if content == "[]" else "chat.csv"
    assert read(write(name, content)) == ([], [])


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("cp1252", True)],
)
@pytest.mark.parametrize("name", ["chat.csv", "chat.jsonl", "chat.json"])
def test_encodings_are_recognised_or_guessed_and_said(read, write, encoding, guessed, name):
    words = "naïve “café” – £5"
    content = {
        "chat.csv": f"text\n{words}\n",
        "chat.jsonl": f'{{"text": "{words}"}}\n',
        "chat.json": f'[{{"text": "{words}"}}]',
    }[name]
    (message,), bad = read(write(name, content.encode(encoding)))
    assert message.text == words
    assert bad == [
        (
            name,
            "some bytes are not UTF-8 and were read as Windows-1252. "
            "If letters look wrong, save the file as UTF-8 and read it again.",
        )
    ] * int(guessed)


def test_one_wrong_byte_does_not_change_how_the_rest_is_read(read, write, kinds):
    path = write("chat.csv", "text\ncafé\n".encode() + b"caf\xe9\n\x81\n")
    messages, bad = read(path)
    assert [m.text for m in messages] == ["café", "café", "\ufffd"]
    assert len(bad) == 1
    assert kinds(path) == ["notice"]


def test_a_row_that_cannot_be_read_is_one_row_lost(write, kinds):
    assert kinds(write("chat.csv", "id,text\n1\n2,b,c\n3,c\n")) == ["row", "row"]


# csv.reader ends a line at what ends one; no other character is special.
_cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    st.lists(st.tuples(_cells, _cells, _cells), max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_csv_module_writes_is_read_back(tmp_path, table, separator, ending):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "author", "title"), *table])
    path = tmp_path / "chat.csv"
    path.write_bytes(out.getvalue().encode())
    found = [(m.text, m.author, m.title) for m in read_export(path)]
    assert found == table
