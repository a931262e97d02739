import json
import sys
from pathlib import Path

import pytest

from tonecheck.audit.spool import Spool

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
POST = {"thread": "a", "author": "Ann Ode", "text": "You are an idiot, just google it."}


@pytest.fixture(autouse=True)
def without_charts(monkeypatch):
    """Make the extra that draws charts look as if it were not installed, to save time."""
    monkeypatch.setitem(sys.modules, "altair", None)


def test_audit_writes_the_report_and_says_what_it_found(invoke, tmp_path):
    done = invoke("audit", SAMPLES / "moodle-forum.csv", "--out", "report")
    assert done.exit_code == 0
    counts, *tones, problems, last = done.stdout.splitlines()
    assert last == str(Path("report") / "report.html")
    summary = json.loads((tmp_path / "report" / "summary.json").read_text(encoding="utf-8"))
    assert counts.startswith(f"messages: {summary['messages']['read']:,}, judged: ")
    assert [line.partition(":")[0] for line in tones] == list(summary["tones"])
    assert f": {summary['tones']['hostility']['yes']:,} flagged, about " in tones[0]
    assert problems == "bad rows: 0"
    assert (tmp_path / last).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_quiet_audit_says_only_where_the_report_is(invoke, write_lines):
    done = invoke("audit", write_lines([POST]), "--out", "report", "--quiet")
    assert done.stdout == f"{Path('report') / 'report.html'}\n"
    assert done.stderr == ""


def test_members_have_pseudonyms_unless_names_are_asked_for(invoke, write_lines, tmp_path):
    path = write_lines([POST])
    invoke("audit", path, "--out", "hidden", "--title", "Week 1")
    invoke("audit", path, "--out", "shown", "--names")
    hidden = (tmp_path / "hidden" / "report.html").read_text(encoding="utf-8")
    assert "Ann Ode" not in hidden
    assert "Week 1" in hidden
    assert "Ann Ode" in (tmp_path / "shown" / "report.html").read_text(encoding="utf-8")


def test_columns_of_a_table_are_mapped(invoke, tmp_path):
    (tmp_path / "posts.csv").write_text("words,who\nYou idiot,Ann\n", encoding="utf-8")
    done = invoke("audit", "posts.csv", "--map", "text=words", "--map=author=who", "--out=o")
    assert done.exit_code == 0
    assert "members: 1" in done.stdout
    refused = invoke("audit", "posts.csv", "--map", "words", "--out=o")
    assert refused.exit_code == 2
    assert refused.stderr == ("error: --map takes FIELD=COLUMN, such as text=body; got 'words'.\n")


def test_bad_rows_are_counted_and_the_rest_is_audited(invoke, write_lines):
    done = invoke("audit", write_lines([POST, b"nope", POST]), "--out", "report")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "messages: 2, judged: 2, threads: 1, members: 1"
    assert done.stdout.splitlines()[-2] == "bad rows: 1, see problems.jsonl"


def test_an_export_of_bad_rows_alone_exits_with_2(invoke, write_lines):
    done = invoke("audit", write_lines([{"text": 1}, {"text": 2}]), "--out", "report")
    assert done.exit_code == 2
    assert "no message could be read" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nowhere.zip"], "nowhere.zip: there is no such file."),
        (["x.jsonl", "--format", "nope"], "there is no format 'nope'."),
        (["x.jsonl", "--out", "x.jsonl"], "x.jsonl is a file. Give a folder"),
        (["x.jsonl", "--also", "xlsx"], "no table 'xlsx' to write the verdicts to. --also takes"),
    ],
)
def test_what_cannot_be_audited_is_explained_and_exits_with_2(invoke, write_lines, args, said):
    write_lines([POST], "x.jsonl")
    done = invoke("audit", "--out", "report", *args)
    assert done.exit_code == 2
    assert said in done.stderr


def test_tables_are_written_as_well_where_they_are_asked_for(invoke, write_lines, tmp_path):
    done = invoke("audit", write_lines([POST]), "--out=o", "--also", "sqlite", "--also=parquet")
    assert done.exit_code == 0
    tables = {path.name for path in (tmp_path / "o").glob("verdicts.*")}
    assert tables == {f"verdicts.{end}" for end in ("jsonl", "csv", "sqlite", "parquet")}


def test_an_interrupted_audit_says_that_it_goes_on_and_does(invoke, write_lines, monkeypatch):
    path = write_lines([{**POST, "id": str(n)} for n in range(2_000)])
    whole = Path("whole")
    invoke("audit", path, "--out", whole)
    with monkeypatch.context() as patch:
        record, done = Spool.record, iter(range(1_500))

        def interrupted(*args):
            if next(done, None) is None:
                raise KeyboardInterrupt
            record(*args)

        patch.setattr(Spool, "record", interrupted)
        stopped = invoke("audit", path, "--out", "report")
    assert stopped.exit_code == 130
    assert stopped.stderr == (
        "interrupted\nWhat was done until then is kept: the same command goes on from there.\n"
    )
    resumed = invoke("audit", path, "--out", "report")
    assert resumed.exit_code == 0
    assert resumed.stderr == "going on where it was: 1,024 of 2,000 judged\n"
    for file in whole.iterdir():
        assert (Path("report") / file.name).read_bytes() == file.read_bytes()


def test_an_audit_with_other_options_says_that_it_starts_anew(invoke, write_lines, monkeypatch):
    path = write_lines([POST])
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "sort", raising(KeyboardInterrupt))
        invoke("audit", path, "--out", "report")
    done = invoke("audit", path, "--out", "report", "--names")
    assert done.stderr == (
        "the unfinished audit in report had other options: it is thrown away, "
        "and this one starts anew\n"
    )
    assert done.exit_code == 0


def test_an_engine_that_is_not_installed_says_how_to_install_it(invoke, write_lines, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    done = invoke("audit", write_lines([POST]), "--out", "report", "--engine", "ray")
    assert done.exit_code == 2
    assert 'Install it with: pip install "tonecheck[ray]"' in done.stderr
    assert not Path("report").exists()


def raising(error):
    def fail(*args):
        raise error

    return fail
