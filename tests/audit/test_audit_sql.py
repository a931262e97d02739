"""The questions of docs/sql.md, asked of an audited sample in SQLite and in DuckDB."""

import json
import re
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import tonecheck
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.labels import TONES
from tonecheck.modelstore import shipped_models

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
_VIEWS, _QUESTIONS = GUIDE.split("## Ten questions")
VIEWS = re.search(r"<!-- duckdb -->\n```sql\n(.*?)```", _VIEWS, re.DOTALL)[1]
QUESTIONS = dict(re.findall(r"### \d+\. ([^\n]+)\n.*?```sql\n(.*?)```", _QUESTIONS, re.DOTALL))

pytestmark = pytest.mark.skipif(not shipped_models(), reason="models/ is empty: run make models")


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Audit a sample with the shipped model, once for all questions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "altair", None)  # to save time
        out = tmp_path_factory.mktemp("sql") / "report"
        options = AuditOptions(also=("parquet", "sqlite"))
        export = ROOT / "data" / "samples" / "moodle-forum.csv"
        result = run_audit([export], out, tonecheck.load(), options=options)
    lines = (out / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    return SimpleNamespace(
        out=out, summary=result.summary, rows=[json.loads(line) for line in lines]
    )


@pytest.fixture(scope="module")
def ask(audited):
    """Ask a question of the guide in SQLite, and return the rows as dictionaries."""
    with sqlite3.connect(f"file:{audited.out / 'verdicts.sqlite'}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row

        def ask(question):
            return [dict(row) for row in database.execute(QUESTIONS[question])]

        yield ask
    database.close()


def of_tone(row, tone):
    """Return whether the line of a verdict is flagged for a tone."""
    return row["tones"][tone]["decision"] == "yes"


def any_tone(row):
    return any(of_tone(row, tone) for tone in TONES)


def test_the_guide_asks_ten_questions_and_ranks_nobody_who_writes():
    assert len(QUESTIONS) == 10
    assert not any(re.search(r"GROUP BY (m\.|f\.)?author", sql) for sql in QUESTIONS.values())


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_an_answer_in_the_sample(ask, question):
    assert ask(question)


def test_the_tones_are_those_of_the_summary(ask, audited):
    found = {row["tone"]: row for row in ask("How much is there of each tone?")}
    for tone, counts in audited.summary["tones"].items():
        assert (found[tone]["flagged"], found[tone]["unsure"]) == (counts["yes"], counts["unsure"])
        assert found[tone]["judged"] == audited.summary["messages"]["judged"]


def test_months_and_periods_hold_every_judged_message_once(ask, audited):
    judged = audited.summary["messages"]["judged"]
    flagged = audited.summary["any_tone"]["yes"]
    for question in ("Does it change from month to month?", "Did it change after our new rules?"):
        found = ask(question)
        assert sum(row["judged"] for row in found) == judged
        assert sum(row["flagged"] for row in found) == flagged
    assert [row["month"] for row in ask("Does it change from month to month?")] == [
        *("2026-09", "2026-10")
    ]
    before, after = ask("Did it change after our new rules?")
    assert (before["period"], after["period"]) == ("before", "after")
    early = [row for row in audited.rows if row["time"] < "2026-09-28" and row["note"] != "empty"]
    assert before["flagged"] == sum(map(any_tone, early))


def test_threads_are_ranked_as_in_the_report(ask, audited):
    found = ask("Which threads should we read first?")
    assert [(row["thread_key"], row["concern"]) for row in found] == [
        (row["key"], row["concern"]) for row in audited.summary["threads"]["ranked"][:10]
    ]


def test_receivers_are_those_of_the_report(ask, audited):
    found = ask("Who is at the receiving end?")
    expected = audited.summary["received"]["ranked"][:12]
    assert [(row["member"], row["answers"], row["flagged"]) for row in found] == [
        (row["member"], row["answers"], row["flagged"]) for row in expected
    ]


def test_whoever_was_waved_away_had_not_written_before(ask, audited):
    for row in ask("Whose first message was waved away?"):
        theirs = [line["time"] for line in audited.rows if line["author"] == row["newcomer"]]
        assert min(theirs).startswith(row["asked"].replace(" ", "T"))
        (answer,) = [line for line in audited.rows if line["text"] == row["answer"]]
        assert of_tone(answer, "dismissiveness")


def test_a_thread_that_ended_on_a_flagged_message_has_none_behind_it(ask, audited):
    last = {line["thread"]: line for line in audited.rows}
    expected = sorted(line["text"] for line in last.values() if any_tone(line))
    found = {row["text"] for row in ask("Which threads ended on a flagged message?")}
    assert sorted(found) == expected


def test_phrases_are_counted_as_they_stand_in_the_verdicts(ask, audited):
    found = ask("What kinds of phrases carry it?")
    spans = [
        (tone, span["cue"])
        for line in audited.rows
        for tone, score in line["tones"].items()
        if score["decision"] == "yes"
        for span in score["evidence"]
    ]
    assert sum(row["times"] for row in found) == len(spans)
    assert {(row["tone"], row["cue"]) for row in found} == set(spans)


def test_what_is_unsure_is_the_likeliest_of_it(ask, audited):
    found = ask("What could the program not decide?")
    shares = [
        score["probability"]
        for line in audited.rows
        if not any_tone(line) and line["note"] != "not_english"
        for score in line["tones"].values()
        if score["decision"] == "unsure"
    ]
    expected = [round(share, 2) for share in sorted(shares, reverse=True)[:20]]
    assert [row["probability"] for row in found] == pytest.approx(expected, abs=0.011)


@pytest.mark.parametrize("question", QUESTIONS)
def test_duckdb_answers_the_same_from_the_parquet_file(ask, audited, monkeypatch, question):
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(audited.out.parent)
    with duckdb.connect() as database:
        database.execute(VIEWS)
        cursor = database.execute(QUESTIONS[question])
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert found == ask(question)
