import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.audit.files import CSV_COLUMNS, VerdictFiles, plain_cell, write_problem
from tonecheck.messages import BadRow, Message

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start):
    assert plain_cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@pytest.mark.parametrize("cell", ["", "a = b", " =1", "you're", "5 - 3"])
def test_a_harmless_cell_stays_as_it_is(cell):
    assert plain_cell(cell) == cell


@given(ANY_TEXT)
def test_any_place_and_reason_come_back_from_their_line(text):
    file = io.StringIO()
    write_problem(file, BadRow(place=text, reason=text))
    line = file.getvalue()
    assert line.encode("utf-8").decode("utf-8").splitlines() == [line.removesuffix("\n")]
    assert json.loads(line) == {"place": text, "reason": text, "kind": "row"}


def test_the_sheet_has_one_row_a_message_and_no_formulas(audit):
    hostile = '=cmd|"/C calc"!A0'
    out = audit([{"id": "+1", "author": "@sum", "title": "-2", "text": hostile}], names=True)
    with (out / "verdicts.csv").open(encoding="utf-8-sig", newline="") as file:
        header, row = csv.reader(file)
    cells = dict(zip(header, row, strict=True))
    assert tuple(header) == CSV_COLUMNS
    assert (cells["id"], cells["author"], cells["title"]) == ("'+1", "'@sum", "'-2")
    assert cells["text"] == f"'{hostile}"


def test_the_sheet_says_what_was_found(audit):
    out = audit([{"id": "1", "text": "You idiot, obviously."}])
    with (out / "verdicts.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["hostility"], row["hostility_decision"], row["hostility_severity"]) == (
        "0.95",
        "yes",
        "clear",
    )
    assert row["evidence"] == "idiot | obviously"
    assert row["hustling_severity"] == "mild"


def test_the_sheet_says_how_it_is_known_what_a_message_answers(tmp_path, checker):
    stated = [
        Message(text="a", id="1"),
        Message(text="b", id="2", reply_to="1"),
        Message(text="c", parent="given"),
        Message(text="d", id="4", reply_to="1", inferred=True),
    ]
    with VerdictFiles(tmp_path) as files:
        for message, verdict in zip(stated, checker.check_many(stated), strict=True):
            files.write(message, verdict, author="")
    with (tmp_path / "verdicts.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)] == [
            *("", "stated", "stated", "inferred")
        ]
    rows = map(json.loads, (tmp_path / "verdicts.jsonl").read_text().splitlines())
    assert [row["answer"] for row in rows] == [None, "stated", "stated", "inferred"]


def test_the_sheet_opens_as_utf8_in_excel(audit):
    out = audit([{"text": "naïve"}])
    assert (out / "verdicts.csv").read_bytes().startswith(b"\xef\xbb\xbf")
