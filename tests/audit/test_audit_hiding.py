import csv
import json
import re

import pytest

from tonecheck.audit.files import VerdictFiles
from tonecheck.audit.hiding import Hiding
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.pseudonyms import Pseudonyms
from tonecheck.audit.run import run_audit
from tonecheck.audit.spool import Spool
from tonecheck.errors import InputError
from tonecheck.prepare import MAX_CHARS

KEYED = Pseudonyms(bytes(range(32)))
PSEUDONYMS = Hiding(pseudonyms=KEYED)
REDACTED = Hiding(redact=True)
BOTH = Hiding(pseudonyms=KEYED, redact=True)

NAMES = re.compile(r"maya|okafor|rhys|\bgale\b|\bines\b|\bsol\b|tomo\b|\babe\b", re.IGNORECASE)
ADDRESSES = re.compile(r"example\.org|912 345|@stranger")


@pytest.fixture
def gossip(forum):
    """Return the small forum with people in every field that may hold them."""
    forum[1] |= {
        "text": "Google it, @maya. I mean google it, Maya Okafor! Or mail maya@example.org"
    }
    forum[3] |= {"title": "Maya Okafor and Rhys: the matrix", "text": "you idiot Maya Okafor"}
    return [
        *forum,
        {
            "id": "<20260920.7@example.org>",
            "thread": "Chat of Rhys Gale, Ines Sol",
            "title": "Chat of Rhys Gale, Ines Sol",
            "author": "Ines Sol",
            "time": "2026-09-20T10:00:00Z",
            "text": "hmpf, ring +351 912 345 678, see https://example.org/ines",
            "parent": "Rhys said: write to ines@example.org",
        },
        {
            "id": "m8",
            "reply_to": "<20260920.7@example.org>",
            "thread": "Chat of Rhys Gale, Ines Sol",
            "author": "Rhys Gale",
            "text": "obviously, @stranger",
        },
        {"id": "m9", "text": "x", "time": "Maya's birthday"},
    ]


def texts(out):
    return {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}


def rows_by_text(lines, out):
    return {row["text"]: row for row in lines(out / "verdicts.jsonl")}


@pytest.mark.parametrize("hiding", [REDACTED, PSEUDONYMS, BOTH])
def test_nothing_that_was_taken_out_is_in_any_file(audit, gossip, hiding):
    for name, text in texts(audit(gossip, hiding=hiding)).items():
        assert not NAMES.search(text), name
        assert not (hiding.redact and ADDRESSES.search(text)), name


def test_redacted_texts_say_what_was_there(audit, gossip, lines):
    found = rows_by_text(lines, audit(gossip, hiding=REDACTED))
    assert "Google it, [handle]. I mean google it, [name]! Or mail [email]" in found
    row = found["hmpf, ring [phone], see [link]"]
    assert row["id"] == "[id 7]"
    assert row["thread"] == "[thread 3]"
    assert row["title"] == "Chat of [name], [name]"
    assert row["author"] == "Member 03"


def test_evidence_of_redacted_texts_stands_where_it_says(audit, gossip, lines):
    rows = lines(audit(gossip, hiding=REDACTED) / "verdicts.jsonl")
    evidence = [
        (row["text"], found)
        for row in rows
        for score in row["tones"].values()
        for found in score["evidence"]
    ]
    assert len(evidence) >= 5
    for text, found in evidence:
        assert text[found["start"] : found["end"]] == found["text"]


def test_keyed_pseudonyms_stand_for_people_ids_and_mentions(audit, gossip, lines):
    maya, rhys = KEYED.person("Maya Okafor"), KEYED.person("Rhys Gale")
    out = audit(gossip, hiding=PSEUDONYMS)
    found = {row["id"]: row for row in lines(out / "verdicts.jsonl")}
    row = found[KEYED.message("m2")]
    assert row["author"] == rhys
    assert row["thread"] == KEYED.thread("a")
    assert row["place"] == ""
    assert row["text"] == (
        f"Google it, @{maya}. I mean google it, {maya}! Or mail {maya}@example.org"
    )
    assert f"@{KEYED.person('stranger')}" in found[KEYED.message("m8")]["text"]
    received = json.loads((out / "summary.json").read_text())["received"]["ranked"]
    assert received[0]["member"] == maya
    assert maya in (out / "report.html").read_text()


def test_the_same_key_gives_the_same_pseudonyms_in_another_audit(
    tmp_path, checker, write_export, forum, lines, without_charts
):
    authors = []
    for name, rows in (("one", forum), ("two", list(reversed(forum))[:3])):
        export = write_export(rows, f"{name}.jsonl")
        options = AuditOptions(hiding=PSEUDONYMS)
        out = run_audit([export], tmp_path / name, checker, options=options).out
        authors.append({row["id"]: row["author"] for row in lines(out / "verdicts.jsonl")})
    assert authors[1].items() <= authors[0].items()


def test_the_sheet_is_redacted_too(audit, gossip):
    with (audit(gossip, hiding=REDACTED) / "verdicts.csv").open(encoding="utf-8-sig") as file:
        found = {row["id"]: row for row in csv.DictReader(file)}
    assert found["m4"]["text"] == "you idiot [name]"
    assert found["m4"]["evidence"] == "idiot"


def test_problems_and_names_of_exports_are_hidden(
    tmp_path, checker, write_export, forum, lines, without_charts
):
    bad = {"id": "9", "text": "x", "time": "Maya's birthday"}
    export = write_export([*forum, bad], "Chat with Maya Okafor.jsonl")
    options = AuditOptions(hiding=REDACTED)
    result = run_audit([export], tmp_path / "out", checker, options=options)
    assert result.summary["exports"] == ["Chat with [name].jsonl"]
    assert result.summary["title"] == "Chat with [name].jsonl"
    (problem,) = lines(result.out / "problems.jsonl")
    assert problem["place"] == "Chat with [name].jsonl"
    assert '"[name]\'s birthday"' in problem["reason"]


def test_one_name_written_in_two_ways_is_one_member(audit, lines):
    rows = [{"id": "1", "author": "Jos\u00e9", "text": "you idiot"}]
    rows += [{"id": "2", "author": "Jose\u0301", "text": "you moaner", "reply_to": "1"}]
    out = audit(rows, hiding=PSEUDONYMS)
    found = json.loads((out / "summary.json").read_text())
    assert found["messages"]["members"] == 1
    assert found["received"]["ranked"] == []
    assert len({row["author"] for row in lines(out / "verdicts.jsonl")}) == 1


def test_two_chats_whose_names_are_hidden_stay_two(audit, lines):
    rows = [{"thread": f"Chat with {name}", "author": name, "text": "x"} for name in ("Ann", "Bo")]
    out = audit(rows, hiding=REDACTED)
    assert len({row["thread"] for row in lines(out / "verdicts.jsonl")}) == 2


def test_whoever_is_mentioned_and_left_out_has_no_pseudonym(audit, forum, lines):
    from tonecheck.audit.selection import Selection, read_rule

    selection = Selection(rules=(read_rule("author=Maya*", include=False),))
    out = audit(forum, hiding=PSEUDONYMS, selection=selection)
    assert KEYED.person("Maya Okafor") not in "".join(texts(out).values())
    assert "You idiot, [name], obviously row by row." in rows_by_text(lines, out)


def test_the_end_of_a_text_that_was_cut_shows_no_half_address(audit, lines):
    words = "a " * (MAX_CHARS // 2 - 5)
    out = audit([{"author": "Maya", "text": words + "maya.okafor@example.org"}], hiding=REDACTED)
    assert lines(out / "verdicts.jsonl")[0]["text"].endswith("a …")


def test_what_was_hidden_is_counted_and_shown(audit, gossip):
    out = audit(gossip, hiding=BOTH)
    found = json.loads((out / "summary.json").read_text())
    assert found["hidden"] == {
        "texts": True,
        "key": KEYED.fingerprint,
        "redacted": True,
        "counts": {"name": 2, "email": 1, "phone": 1, "link": 1, "handle": 2},
    }
    assert found["names"] is False
    page = (out / "report.html").read_text()
    assert "were taken out of all files of this audit by rule (2 names, 1 e-mail address" in page
    assert "verdicts.jsonl hold the texts as they were written" not in page


def test_the_hashes_of_messages_do_not_tell_what_was_taken_out(audit):
    samples = []
    for name in ("Maya", "Rhys"):  # the same text but for the name
        post = {"author": name, "time": "2026-09-01", "text": f"You idiot {name}."}
        out = audit([post], hiding=REDACTED)
        samples.append(json.loads((out / "counts.json").read_text())["sample"])
    assert samples[0] == samples[1]


def test_an_audit_that_hides_nothing_says_so(audit, forum):
    out = audit(forum)
    hidden = json.loads((out / "summary.json").read_text())["hidden"]
    assert hidden == {"texts": False, "key": None, "redacted": False, "counts": {}}
    assert "hold the texts as they were written" in (out / "report.html").read_text()


def test_names_cannot_be_shown_and_hidden(audit, forum):
    with pytest.raises(InputError, match=r"--names shows what --redact and --pseudonymise hide"):
        audit(forum, names=True, hiding=REDACTED)


@pytest.mark.parametrize(
    ("owner", "method"), [(Spool, "end_step"), (VerdictFiles, "write"), (Spool, "change")]
)
def test_an_audit_interrupted_while_it_hides_ends_with_the_same_files(
    owner, method, tmp_path, checker, write_export, gossip, without_charts, monkeypatch
):
    export, options = write_export(gossip), AuditOptions(hiding=BOTH)
    whole = run_audit([export], tmp_path / "whole", checker, options=options).out
    original, calls = getattr(owner, method), iter(range(3))

    def interrupted(self, *args, **named):
        if next(calls, None) == 1:
            raise KeyboardInterrupt
        return original(self, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_audit([export], tmp_path / "out", checker, options=options)
    assert not (tmp_path / "out" / "summary.json").exists()
    out = run_audit([export], tmp_path / "out", checker, options=options).out
    for path in whole.iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name


def test_another_key_starts_the_audit_anew(
    tmp_path, checker, write_export, forum, without_charts, monkeypatch
):
    export, told = write_export(forum), []
    with monkeypatch.context() as patch:
        patch.setattr(VerdictFiles, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_audit([export], tmp_path / "out", checker, options=AuditOptions(hiding=PSEUDONYMS))
    other = AuditOptions(hiding=Hiding(pseudonyms=Pseudonyms(bytes(32))), on_notice=told.append)
    run_audit([export], tmp_path / "out", checker, options=other)
    assert "had other options" in told[0]


def interrupt(*args, **named):
    raise KeyboardInterrupt
