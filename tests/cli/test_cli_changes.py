import json
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def without_charts(monkeypatch):
    """Make the extra that draws charts look as if it were not installed, to save time."""
    monkeypatch.setitem(__import__("sys").modules, "altair", None)


@pytest.fixture
def audited(invoke, write_lines):
    """Audit two small exports, the second compared with the first, and return what it printed."""
    for month, text in ((9, "You are an idiot."), (10, "Thank you very much for this.")):
        rows = [
            {
                "id": f"{month}{n}",
                "thread": f"{month}{n}",
                "time": f"2026-{month:02d}-{n + 1:02d}",
                "text": text,
            }
            for n in range(20)
        ]
        write_lines(rows, f"{month}.jsonl")
    invoke("audit", "9.jsonl", "--out", "september", "--quiet")

    def run(*args):
        return invoke("audit", "10.jsonl", "--out", "october", "--compare", "september", *args)

    return run


def test_audit_says_what_changed_since_an_earlier_one(audited):
    done = audited()
    assert done.exit_code == 0
    *_, hostility, _, _, _, limits, report = done.stdout.splitlines()
    assert hostility.startswith("Hostility fell from 100.0% to 0.0% of messages: less than before")
    assert limits.endswith("A person decides what it means.")
    assert report == str(Path("october") / "report.html")
    assert Path("october", "comparison.json").is_file()


def test_a_quiet_audit_still_warns(audited, invoke):
    done = audited("--quiet")
    assert done.stdout == f"{Path('october') / 'report.html'}\n"
    assert done.stderr == ""
    again = invoke("audit", "9.jsonl", "--out", "again", "--compare", "september", "--quiet")
    assert again.stderr.startswith("warning: Both audits hold the same messages")


def test_two_audits_are_compared_without_the_exports(audited, invoke):
    audited()
    Path("9.jsonl").unlink()
    done = invoke("changes", "september", "october")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("Hostility fell from 100.0% to 0.0%")
    shown = json.loads(invoke("changes", "september", "october", "--json").stdout)
    assert shown == json.loads(Path("october", "comparison.json").read_text(encoding="utf-8"))
    back = invoke("changes", "october", "september")
    assert back.stderr.startswith("warning: The earlier audit is of ")


def test_what_is_no_audit_cannot_be_compared_and_exits_with_2(audited, invoke):
    done = invoke("changes", "september", "nowhere")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: nowhere: no finished audit lies here. "
        "Give the folder of a finished audit, or audit that export again.\n"
    )
    refused = invoke("audit", "10.jsonl", "--out", "october", "--compare", "nowhere")
    assert refused.exit_code == 2
    assert not Path("october").exists()
