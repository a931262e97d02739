import csv
import json

from tonecheck.audit.lists import MEMBER_COLUMNS, THREAD_COLUMNS
from tonecheck.audit.summary import LONGEST_LIST


def sheet(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def test_the_lists_hold_what_the_summary_holds_in_its_order(audit, forum):
    out = audit(forum)
    summary = json.loads((out / "summary.json").read_text())
    header, threads = sheet(out / "threads.csv")
    assert tuple(header) == THREAD_COLUMNS
    assert threads == [
        {name: str({**row, **row["tones"]}[name]) for name in THREAD_COLUMNS}
        for row in summary["threads"]["ranked"]
    ]
    header, members = sheet(out / "members.csv")
    assert tuple(header) == MEMBER_COLUMNS
    assert members == [
        {name: "" if row[name] is None else str(row[name]) for name in MEMBER_COLUMNS}
        for row in summary["received"]["ranked"]
    ]
    assert [row["member"] for row in members] == ["Member 01"]


def test_the_lists_go_on_where_those_of_the_summary_end(audit):
    posts = [
        {"id": f"{n}", "thread": f"t{n}", "author": f"Person {n}", "text": "why?"}
        for n in range(LONGEST_LIST + 20)
    ]
    answers = [
        {"reply_to": row["id"], "thread": row["thread"], "author": "R", "text": "you idiot"}
        for row in posts
    ]
    out = audit(posts + answers)
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["threads"]["ranked"]) == LONGEST_LIST
    for name, key in (("threads.csv", "key"), ("members.csv", "member")):
        _, rows = sheet(out / name)
        assert len({row[key] for row in rows}) == len(rows) == LONGEST_LIST + 20, name
    assert summary["threads"]["with_flagged"] == summary["received"]["members"] == len(posts)


def test_no_cell_of_a_list_is_a_formula(audit):
    hostile = '=cmd|"/C calc"!A0'
    out = audit(
        [
            {"id": "1", "thread": "+1", "title": hostile, "author": "@sum", "text": "why?"},
            {"reply_to": "1", "thread": "+1", "author": "B", "text": "you idiot"},
        ],
        names=True,
    )
    _, (thread,) = sheet(out / "threads.csv")
    assert (thread["thread"], thread["title"]) == ("'+1", f"'{hostile}")
    _, (member,) = sheet(out / "members.csv")
    assert member["member"] == "'@sum"


def test_the_lists_name_nobody_unless_names_are_asked_for(audit, forum):
    assert "Okafor" not in (audit(forum) / "members.csv").read_text(encoding="utf-8")
    assert "Okafor" in (audit(forum, names=True) / "members.csv").read_text(encoding="utf-8")
