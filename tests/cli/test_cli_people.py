import json
from pathlib import Path

import pytest

ANN = {"thread": "a", "author": "Ann Ode", "time": "2026-09-01", "text": "Bob, just google it."}
BOB = {"thread": "b", "author": "Bob Tal", "time": "2026-09-02", "text": "Ask ann@example.org."}


@pytest.fixture(autouse=True)
def without_charts(monkeypatch):
    """Make the extra that draws charts look as if it were not installed, to save time."""
    monkeypatch.setitem(__import__("sys").modules, "altair", None)


@pytest.fixture
def audit(invoke, write_lines):
    """Audit two posts into `report`."""

    def run(*args):
        return invoke("audit", write_lines([ANN, BOB]), "--out", "report", *args)

    return run


def summary():
    return json.loads(Path("report", "summary.json").read_text(encoding="utf-8"))


def test_the_closing_lines_say_what_was_left_out(audit):
    done = audit("--since", "2026-09-02", "--exclude", "channel=z*", "--time-zone", "Asia/Kolkata")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-4:-1] == [
        "period: from 2026-09-02, Asia/Kolkata",
        "without the channels z*",
        "left out: 1 message from outside the period",
    ]
    assert done.stderr.splitlines()[-1] == (
        "warning: --exclude channel=z* fits no channel of these exports. Look at its spelling."
    )


def test_rules_can_be_repeated(audit):
    audit("--include", "author=Ann*", "--include", "author=*tal", "--exclude", "channel=b")
    assert summary()["messages"]["read"] == 1


def test_names_and_addresses_are_redacted(audit):
    done = audit("--redact")
    assert "taken out of texts: 1 name, 1 e-mail address; some may remain" in done.stdout
    for path in Path("report").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "Bob" not in text, path.name
        assert "ann@example" not in text, path.name


def test_a_new_key_makes_pseudonyms(invoke, audit):
    made = invoke("audit", "--new-key", "key")
    assert made.exit_code == 0
    assert made.stdout.startswith("key holds a new key. Keep it apart from the reports")
    done = audit("--pseudonymise", "key")
    assert done.exit_code == 0
    first = Path("report", "verdicts.jsonl").read_text(encoding="utf-8")
    assert json.loads(first.splitlines()[0])["author"].startswith("p-")
    assert summary()["hidden"]["key"]
    assert Path("key").read_text() not in first


def test_a_key_that_exists_stays(invoke):
    invoke("audit", "--new-key", "key")
    again = invoke("audit", "--new-key", "key")
    assert again.exit_code == 2
    assert again.stderr.startswith("error: key exists, and the pseudonyms")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--since", "soon"], "--since takes a day or an ISO 8601 time"),
        (["--include", "Ann"], "--include takes channel=PATTERN or author=PATTERN"),
        (
            ["--pseudonymise", "gone"],
            "gone is not a file. Make one with: tonecheck audit --new-key",
        ),
        (["--names", "--redact"], "--names shows what --redact and --pseudonymise hide"),
    ],
)
def test_options_that_cannot_be_followed_are_explained(audit, args, said):
    done = audit(*args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not Path("report").exists()


def test_groups_are_read_and_authors_who_wrote_nothing_are_counted(audit):
    Path("groups.csv").write_text("author,group\nAnn Ode,day\nNobody,day\n", encoding="utf-8")
    done = audit("--groups", "groups.csv")
    assert done.exit_code == 0
    assert summary()["groups"] == {"supplied": 2, "found": 1}
    assert done.stderr.splitlines()[-1] == (
        "warning: 1 of the 2 authors of --groups wrote nothing in these exports. "
        "Look at how they are spelt there."
    )


def test_a_file_without_groups_is_refused_before_anything_is_read(audit):
    Path("groups.csv").write_text("Ann Ode,day\n", encoding="utf-8")
    done = audit("--groups", "groups.csv")
    assert done.exit_code == 2
    assert "groups.csv: has no columns author and group. Give a CSV file" in done.stderr
    assert not Path("report").exists()
