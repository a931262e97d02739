import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import FILES, run_audit
from tonecheck.audit.spool import Spool
from tonecheck.audit.summary import LONGEST_LIST
from tonecheck.errors import InputError

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def test_an_audit_writes_its_files_and_nothing_else(audit, forum):
    assert sorted(path.name for path in audit(forum).iterdir()) == sorted(FILES)


def test_verdict_lines_carry_the_verdict_and_where_it_stood(audit, forum, lines):
    row = lines(audit(forum) / "verdicts.jsonl")[1]
    assert row["id"] == "m2"
    assert row["tones"]["dismissiveness"]["decision"] == "yes"
    assert (row["thread"], row["title"]) == ("a", "Inverting a matrix")
    assert row["author"] == "Member 02"
    assert row["time"] == "2026-09-09T10:00:00+00:00"
    assert row["place"] == "forum.jsonl:2"
    assert row["text"] == "Just google it, Maya."


def test_messages_come_thread_by_thread_in_order_of_time(audit, forum, lines):
    out = audit(list(reversed(forum)))
    assert [row["id"] for row in lines(out / "verdicts.jsonl")] == [
        *("m3", "m5", "m6"),
        *("m1", "m2", "m4"),
    ]


def test_the_checker_is_given_what_each_message_answers(audit, forum, checker):
    audit(list(reversed(forum)))  # so that answers are read before what they answer
    parents = {message.id: message.parent for message in checker.seen}
    assert parents["m1"] is None
    assert parents["m2"] == "How do I invert a matrix?"
    assert parents["m6"] == "In week six, see the plan."


def test_a_parent_that_the_export_gives_is_kept(audit, checker):
    audit(
        [
            {"id": "1", "text": "found by id"},
            {"id": "2", "text": "x", "reply_to": "1", "parent": "given"},
        ]
    )
    assert [message.parent for message in checker.seen] == [None, "given"]


def test_a_message_never_answers_itself(audit, checker):
    audit([{"id": "1", "reply_to": "1", "text": "x"}])
    assert checker.seen[0].parent is None


def test_ids_count_within_an_export_and_a_thread_first(
    tmp_path, checker, write_export, without_charts
):
    first = write_export([{"id": "1", "thread": "a", "text": "first export"}], "one.jsonl")
    second = write_export(
        [
            {"id": "1", "thread": "b", "text": "another thread"},
            {"id": "1", "thread": "a", "text": "same thread"},
            {"id": "2", "thread": "a", "text": "x", "reply_to": "1"},
            {"id": "3", "thread": "c", "text": "y", "reply_to": "1"},
            {"id": "4", "thread": "c", "text": "z", "reply_to": "no such"},
        ],
        "two.jsonl",
    )
    run_audit([first, second], tmp_path / "out", checker)
    parents = {message.id: message.parent for message in checker.seen}
    assert parents["2"] == "same thread"
    assert parents["3"] == "another thread"
    assert parents["4"] is None


def test_a_message_that_stands_twice_counts_once(audit, lines):
    row = {"id": "1", "thread": "a", "text": "you idiot"}
    out = audit([row, row, {**row, "text": "edited"}, {**row, "thread": "b"}, {**row, "id": ""}])
    messages = json.loads((out / "summary.json").read_text())["messages"]
    assert (messages["read"], messages["duplicates"]) == (4, 1)
    found = [(row["id"], row["thread"], row["text"]) for row in lines(out / "verdicts.jsonl")]
    assert sorted(found) == [
        ("", "a", "you idiot"),
        ("1", "a", "edited"),
        ("1", "a", "you idiot"),
        ("1", "b", "you idiot"),
    ]
    assert "1 message that stood in the exports more than once" in (out / "report.html").read_text()


def test_messages_without_ids_are_all_kept(audit):
    out = audit([{"thread": "a", "text": "thanks"}] * 3)
    messages = json.loads((out / "summary.json").read_text())["messages"]
    assert (messages["read"], messages["duplicates"]) == (3, 0)


def test_two_tables_may_use_the_same_ids(tmp_path, checker, write_export, without_charts):
    row = {"id": "1", "thread": "a", "text": "thanks"}
    tables = [write_export([row], "one.jsonl"), write_export([row], "two.jsonl")]
    messages = run_audit(tables, tmp_path / "out", checker).summary["messages"]
    assert (messages["read"], messages["threads"], messages["duplicates"]) == (2, 2, 0)


def test_authors_are_pseudonyms_by_order_of_appearance(audit, forum, lines):
    out = audit(forum)
    assert {row["author"] for row in lines(out / "verdicts.jsonl")} == {
        *("Member 01", "Member 02", "Member 03", "Member 04")
    }
    assert "Maya Okafor" not in (out / "report.html").read_text()
    assert "Maya Okafor" not in (out / "summary.json").read_text()


def test_authors_keep_their_names_where_that_is_asked_for(audit, forum, lines):
    out = audit(forum, names=True)
    assert lines(out / "verdicts.jsonl")[0]["author"] == "Maya Okafor"
    assert "Maya Okafor" in (out / "report.html").read_text()
    assert json.loads((out / "summary.json").read_text())["names"] is True


def test_a_message_without_an_author_has_no_pseudonym(audit, lines):
    assert lines(audit([{"text": "x"}]) / "verdicts.jsonl")[0]["author"] == ""


def test_bad_rows_are_written_down_and_the_rest_goes_on(audit, lines):
    out = audit([{"id": "1", "text": "one"}, {"id": "2", "text": None}, {"id": "3", "text": "two"}])
    (problem,) = lines(out / "problems.jsonl")
    assert problem["place"] == "forum.jsonl:2"
    assert "text" in problem["reason"]
    assert [row["id"] for row in lines(out / "verdicts.jsonl")] == ["1", "3"]
    assert json.loads((out / "summary.json").read_text())["problems"] == 1


def test_an_export_without_problems_has_an_empty_list_of_them(audit, forum):
    assert (audit(forum) / "problems.jsonl").read_bytes() == b""


def test_an_export_without_messages_still_gets_a_report(tmp_path, checker, without_charts):
    export = tmp_path / "empty.csv"
    export.write_text("id,text\n")
    result = run_audit([export], tmp_path / "out", checker)
    assert sorted(path.name for path in result.out.iterdir()) == sorted(FILES)
    assert result.summary["messages"]["read"] == 0
    assert "There are no messages in this export" in result.report.read_text()


def test_a_folder_with_other_files_is_refused(tmp_path, checker, write_export, forum):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.docx").touch()
    with pytest.raises(InputError, match=r"thesis holds files that no audit wrote.*new or empty"):
        run_audit([write_export(forum)], out, checker)
    assert [path.name for path in out.iterdir()] == ["chapter1.docx"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, checker, write_export, forum):
    out = tmp_path / "out"
    out.touch()
    with pytest.raises(InputError, match=r"is a file\. Give a folder"):
        run_audit([write_export(forum)], out, checker)


def test_an_earlier_audit_is_replaced(audit, forum, lines):
    audit(forum)
    out = audit(forum[:1])
    assert len(lines(out / "verdicts.jsonl")) == 1
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


def test_work_without_a_manifest_is_no_obstacle(audit, forum, tmp_path):
    work = tmp_path / "out" / ".audit"
    (work / "parts").mkdir(parents=True)
    (work / "spool.sqlite").write_text("not a database")
    (work / "manifest.json").write_text("{")
    assert {path.name for path in audit(forum).iterdir()} == {*FILES}


def test_an_error_leaves_an_earlier_audit_as_it_was(audit, forum, tmp_path, checker):
    out = audit(forum)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match="no such file"):
        run_audit([tmp_path / "forum.jsonl", tmp_path / "gone.csv"], out, checker)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_half_replaced_audit_does_not_look_finished_and_can_be_repeated(
    audit, forum, monkeypatch
):
    out = audit(forum)
    replace = Path.replace

    def failing(path, target):
        if path.name == "report.html":
            raise OSError("the disk is full")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        with pytest.raises(OSError, match="disk is full"):
            audit(forum[:1])
    left = {*FILES, ".audit"} - {"summary.json"}
    assert {path.name for path in out.iterdir()} == left
    assert (audit(forum[:2]) / "summary.json").is_file()


def test_a_folder_with_a_report_of_another_program_is_refused(tmp_path, audit, forum):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").touch()
    with pytest.raises(InputError, match="holds files that no audit wrote"):
        audit(forum)


def test_an_error_leaves_no_new_folder(tmp_path, checker):
    with pytest.raises(InputError, match="no such file"):
        run_audit([tmp_path / "gone.csv"], tmp_path / "out", checker)
    assert not (tmp_path / "out").exists()


def test_the_same_export_gives_the_same_bytes(tmp_path, checker, write_export, forum):
    export = write_export(forum)
    options = AuditOptions(made_on=date(2026, 11, 23))
    one = run_audit([export], tmp_path / "one", checker, options=options).out
    two = run_audit([export], tmp_path / "two", checker, options=options).out
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_progress_is_told_to_the_end(audit, forum):
    told = []
    audit(
        [{"text": row["text"]} for row in forum] * 20, on_progress=lambda *step: told.append(step)
    )
    assert told == [
        ("reading", 50, None),
        ("reading", 100, None),
        ("reading", 120, 120),
        ("judging", 50, 120),
        ("judging", 100, 120),
        ("judging", 120, 120),
        ("writing", 50, 120),
        ("writing", 100, 120),
        ("writing", 120, 120),
    ]


def test_a_report_of_twenty_thousand_messages_stays_small(audit):
    rude = "You idiot. " + "Kindly read what others wrote first. " * 30
    rows = (
        {"id": str(n), "thread": str(n % 900), "author": f"Person {n % 700}", "text": rude}
        for n in range(20_000)
    )
    out = audit(rows)
    assert (out / "report.html").stat().st_size < 2_000_000
    assert (out / "summary.json").stat().st_size < 1_000_000


def test_no_query_fetches_more_than_the_longest_list(audit, monkeypatch):
    rows, sizes = Spool.rows, []

    def counted(spool, sql, *values):
        found = rows(spool, sql, *values)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(Spool, "rows", counted)
    posts = (
        {"id": f"{n}", "thread": f"t{n}", "author": f"Person {n}", "reply_to": f"{n - 1}"}
        | ({"text": "you idiot"} if n % 2 else {})
        for n in range(3 * LONGEST_LIST)
    )
    answers = (
        {"reply_to": f"{n}", "author": "Rhys", "text": "hmpf, you idiot"}
        for n in range(1, 3 * LONGEST_LIST, 2)
    )
    out = audit([*posts, *answers])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["received"]["members"] > LONGEST_LIST
    assert summary["threads"]["with_flagged"] > LONGEST_LIST
    assert summary["problems"] > LONGEST_LIST
    assert max(sizes) <= LONGEST_LIST


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "text": st.one_of(ANY_TEXT, ANY_TEXT.map("{} you idiot".format)),
                "author": ANY_TEXT,
                "title": ANY_TEXT,
                "thread": ANY_TEXT,
                "reply_to": ANY_TEXT,
                "id": ANY_TEXT,
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_is_audited_and_its_offsets_hold(rows, checker, without_charts, lines):
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder, "forum.jsonl")
        export.write_text("".join(json.dumps(row) + "\n" for row in rows))
        result = run_audit([export], Path(folder, "out"), checker)
        found = lines(result.out / "verdicts.jsonl")
        read = {message.text for message in checker.seen}
    assert len(found) + result.summary["messages"]["duplicates"] == len(rows)
    for row in found:
        assert row["text"] in read
        for score in row["tones"].values():
            for evidence in score["evidence"]:
                assert row["text"][evidence["start"] : evidence["end"]] == evidence["text"]
