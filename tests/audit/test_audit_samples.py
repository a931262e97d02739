import json
import re
from pathlib import Path

import pytest

import tonecheck
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.errors import InputError
from tonecheck.labels import Tone
from tonecheck.modelstore import shipped_models

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
EXPORTS = ["moodle-forum.csv", "moodle-forum.json", "slack-export.zip", "discord-channel.json"]


@pytest.fixture
def audited(tmp_path, checker, without_charts):
    return lambda *names: run_audit([SAMPLES / name for name in names], tmp_path / "out", checker)


@pytest.mark.parametrize("name", EXPORTS)
def test_every_sample_is_audited_whole(audited, name, lines):
    result = audited(name)
    rows = lines(result.out / "verdicts.jsonl")
    source = lines(SAMPLES / "community.jsonl")
    assert len(rows) == result.summary["messages"]["read"] == 472  # of 473, one was deleted
    assert result.summary["messages"]["threads"] == len({row["thread"] for row in source})
    assert result.summary["messages"]["undated"] == 0
    assert result.summary["period"]["first"].startswith("2026-09-07")
    assert result.summary["timeline"]["step"] == "week"


@pytest.mark.parametrize("export", EXPORTS)
def test_no_member_of_a_sample_is_named(tmp_path, checker, without_charts, export):
    people = json.loads((SAMPLES / "people.json").read_text())
    # flag whatever holds a name, so that it is quoted; "Grace" may be a word
    checker.words = {
        re.escape(word): (Tone.HOSTILITY, 0.95)
        for person in people
        for word in (person["name"], f"@{person['handle']}", person["name"].split()[0])
        if word != "Grace"
    }

    def pages(*, names):
        out = tmp_path / f"names-{names}"
        run_audit([SAMPLES / export], out, checker, options=AuditOptions(names=names))
        return (out / "report.html").read_text(), (out / "summary.json").read_text()

    open_report, _ = pages(names=True)
    quoted = ("Margaret D.", "Viktor", "Petra")
    assert all(f'<mark class="hostility">{name}<' in open_report for name in quoted)
    report, summary = pages(names=False)
    for person in people:
        assert person["name"] not in report + summary
    assert not any(f'<mark class="hostility">{name}<' in report for name in quoted)


def test_two_exports_make_one_report(audited):
    messages = audited("moodle-forum.csv", "discord-channel.json").summary["messages"]
    alone = audited("moodle-forum.csv").summary["messages"]
    assert messages["threads"] == 2 * alone["threads"]


def test_the_same_file_under_two_names_is_refused(audited, tmp_path):
    link = tmp_path / "again.csv"
    link.symlink_to(SAMPLES / "moodle-forum.csv")
    with pytest.raises(InputError, match=r"again\.csv: is given twice.*Give every export once"):
        audited("moodle-forum.csv", link)


def test_a_later_export_of_the_same_chat_adds_only_what_is_new(audited, tmp_path, lines):
    chat = json.loads((SAMPLES / "discord-channel.json").read_text())
    early = tmp_path / "early.json"
    early.write_text(json.dumps({**chat, "messages": chat["messages"][:300]}))
    first = audited(early).summary["messages"]
    whole = audited("discord-channel.json").summary
    rows = lines(tmp_path / "out" / "verdicts.jsonl")
    both = audited(early, "discord-channel.json").summary
    assert both["messages"]["duplicates"] == first["read"] > 290
    for key in ("read", "judged", "threads", "members"):
        assert both["messages"][key] == whole["messages"][key], key
    assert (both["threads"], both["received"]) == (whole["threads"], whole["received"])
    again = lines(tmp_path / "out" / "verdicts.jsonl")
    assert {row["id"] for row in again} == {row["id"] for row in rows}
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"{first['read']} messages that stood in the exports more than once" in page


def test_an_answer_in_one_part_finds_its_parent_in_another(audited, checker, tmp_path):
    whole = json.loads((SAMPLES / "discord-channel.json").read_text())
    rows = {row["id"]: row for row in whole["messages"]}
    answer = next(row for row in rows.values() if row["type"] == "Reply")
    parent = rows[answer["reference"]["messageId"]]
    parts = []
    for name, row in (("two.json", answer), ("one.json", parent)):
        parts.append(tmp_path / name)
        parts[-1].write_text(json.dumps({**whole, "messages": [row]}))
    audited(*parts)
    (given,) = [message.parent for message in checker.seen if message.id == answer["id"]]
    assert given == next(m.text for m in checker.seen if m.id == parent["id"])


def test_an_option_reaches_the_reader(tmp_path, checker, without_charts):
    options = AuditOptions(columns={"text": "subject"})
    result = run_audit([SAMPLES / "moodle-forum.csv"], tmp_path / "out", checker, options=options)
    assert checker.seen[0].text == "Who are you? Introductions"
    assert result.summary["messages"]["read"] > 400


@pytest.mark.skipif(not shipped_models(), reason="models/ is empty: run make models")
def test_the_shipped_model_audits_a_sample(tmp_path, lines):
    result = run_audit([SAMPLES / "moodle-forum.csv"], tmp_path / "out", tonecheck.load())
    rows = lines(result.out / "verdicts.jsonl")
    spans = [
        (row["text"][span["start"] : span["end"]], span["text"])
        for row in rows
        for score in row["tones"].values()
        for span in score["evidence"]
    ]
    assert spans
    assert all(cut == text for cut, text in spans)
    judged = [row for row in rows if row["note"] not in {"empty", "not_english"}]
    assert result.summary["messages"]["judged"] == len(judged)
    for tone, counts in result.summary["tones"].items():
        decisions = [row["tones"][tone]["decision"] for row in judged]
        assert counts["yes"] == decisions.count("yes") > 0
        assert counts["unsure"] == decisions.count("unsure")
