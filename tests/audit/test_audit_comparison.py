import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tonecheck.audit.comparison import Audited, compare
from tonecheck.audit.hiding import Hiding
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.audit.selection import Selection, read_rule
from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.policy import Band

HOSTILE = "<script>alert(1)</script>\u202e{{ 7 * 7 }}\"'>"


def community(flagged, *, threads=40, month=9, size=5, word="idiot"):
    """Return threads of messages, each on a day of its own, so many of which hold one such word."""
    return [
        {
            "id": f"{month}-{thread}-{number}",
            "thread": f"{month}-{thread}",
            "time": f"2026-{month:02d}-{1 + thread % 28:02d}T{10 + thread // 28}:{number:02d}:00Z",
            "text": f"you {word} {number}" if thread < flagged and not number else f"fine {number}",
        }
        for thread in range(threads)
        for number in range(size)
    ]


@pytest.fixture
def audit_into(tmp_path, checker, write_export, without_charts):
    """Audit rows into a folder of their own, and return it."""

    def run(rows, name, *, by=checker, **options):
        path = write_export(rows, f"{name}.jsonl")
        return run_audit([path], tmp_path / name, by, options=AuditOptions(**options)).out

    return run


@pytest.fixture
def compared(audit_into):
    """Audit two communities, the later one with the earlier, and return what is said of both."""

    def run(before, after, **options):
        earlier = audit_into(before, "before", title=options.pop("first_title", ""))
        out = audit_into(after, "after", compare=earlier, **options)
        return json.loads((out / "comparison.json").read_text("utf-8"))

    return run


def kinds(comparison):
    return [warning["kind"] for warning in comparison["warnings"]]


def squeezed(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]>", " ", html)))


def test_a_fall_is_told_with_its_range(compared):
    found = compared(community(30), community(4, month=10))
    hostility = found["tones"]["hostility"]
    assert hostility["sentence"] == (
        "Hostility fell from 15.0% to 2.0% of messages: less than before "
        "(difference −13.0 points, 95% from −18.7 to −7.8)."
    )
    assert hostility["change"] == "less"
    assert hostility["before"] == {
        "yes": 30,
        "judged": 200,
        "share": 0.15,
        "low": 0.10714,
        "high": 0.20606,
        "design_effect": 1.0,
    }
    assert hostility["difference"] == {"value": -0.13, "low": -0.18737, "high": -0.07752}
    assert found["tones"]["hustling"]["change"] == "none"
    assert found["counted_by"] == "threads"
    assert found["after"] == {
        "title": "after.jsonl",
        "period": {"first": "2026-10-01T10:00:00Z", "last": "2026-10-28T10:04:00Z"},
        "judged": 200,
        "threads": 40,
        "model": "words@1.0.0",
    }
    assert not found["warnings"]


def test_too_few_messages_are_said_to_be_too_few(compared):
    found = compared(community(1), community(2, month=10))
    assert found["tones"]["hostility"]["change"] == "unclear"
    assert found["warnings"] == [
        {
            "kind": "small",
            "text": "There are too few messages to tell whether hostility changed.",
        }
    ]


def test_a_chat_of_one_thread_is_counted_by_its_days(compared):
    chats = [[{**row, "thread": "chat"} for row in community(9, month=month)] for month in (9, 10)]
    assert compared(*chats)["counted_by"] == "conversations"


def test_without_threads_and_dates_the_ranges_are_said_to_be_too_narrow(compared):
    texts = [[{"text": f"{month} {n}"} for n in range(9)] for month in (9, 10)]
    found = compared(*texts)
    assert found["counted_by"] == "messages"
    assert kinds(found) == ["independent"]


def test_the_same_export_is_no_comparison(compared):
    found = compared(community(9), community(9))
    assert kinds(found)[0] == "same"
    assert "overlap" not in kinds(found)


def test_messages_that_stand_in_both_audits_are_told_of(compared):
    september = community(9)
    found = compared(september, [*september[:100], *community(9, month=10)])
    assert kinds(found)[:2] == ["shared", "overlap"]
    assert found["warnings"][0]["text"].startswith("About 50 in 100 messages of the smaller audit")
    assert found["warnings"][1]["text"] == (
        "The times overlap: 1 September 2026 to 28 September 2026 before, 1 September 2026 to "
        "28 October 2026 now. That is right for two groups, and wrong for before and after."
    )


def test_two_groups_of_one_time_are_compared_with_a_word_of_warning(compared):
    other = [{**row, "id": f"b{row['id']}", "text": f"{row['text']}!"} for row in community(9)]
    assert kinds(compared(community(9), other))[0] == "overlap"


def test_an_earlier_audit_that_is_later_is_told_of(compared):
    assert kinds(compared(community(9, month=10), community(9)))[0] == "order"


def test_one_export_is_compared_with_itself_by_its_dates(audit_into):
    rows = [*community(30), *community(4, month=10)]
    october = datetime(2026, 10, 1, tzinfo=UTC)
    before = audit_into(rows, "before", selection=Selection(until=october))
    out = audit_into(rows, "after", selection=Selection(since=october), compare=before)
    found = json.loads((out / "comparison.json").read_text("utf-8"))
    assert found["tones"]["hostility"]["change"] == "less"
    assert found["before"]["period"]["last"] == "2026-09-28T10:04:00Z"
    assert not found["warnings"]


def test_hidden_texts_are_compared_with_shown_ones(audit_into):
    before = audit_into(community(9), "before")
    out = audit_into(community(9), "after", hiding=Hiding(redact=True), compare=before)
    assert kinds(json.loads((out / "comparison.json").read_text("utf-8")))[0] == "same"


def test_channels_that_only_one_audit_leaves_out_are_told_of(audit_into):
    before = audit_into(community(9), "before")
    rule = read_rule("channel=none*", include=False)
    selection = Selection(rules=(rule,))
    out = audit_into(community(9, month=10), "after", selection=selection, compare=before)
    assert kinds(json.loads((out / "comparison.json").read_text("utf-8")))[0] == "rules"


def test_another_version_of_tonecheck_is_told_of(audit_into):
    before = Audited.read(audit_into(community(9), "before"))
    after = Audited.read(audit_into(community(9, month=10), "after"))
    older = replace(before, counts=replace(before.counts, version="0.0.9"))
    assert kinds(compare(older, after))[0] == "version"
    assert kinds(compare(before, after))[0] != "version"


def test_an_audit_that_judged_nothing_cannot_be_compared(compared):
    found = compared(community(9), [{"text": " "}])
    assert found["tones"]["hostility"]["sentence"] == (
        "Hostility cannot be compared, for one audit judged no message."
    )
    assert found["tones"]["hostility"]["after"]["share"] is None


def test_another_model_is_refused_before_anything_is_read(audit_into, checker, tmp_path):
    before = audit_into(community(1), "before")
    checker.model = "words@2.0.0"
    said = (
        "the model of the earlier audit, words@1.0.0, and of this one, words@2.0.0, differ, "
        "so the difference would be theirs. Audit both exports with the same model and thresholds."
    )
    with pytest.raises(InputError, match=re.escape(said)):
        audit_into(community(1, month=10), "after", by=checker, compare=before)
    assert not checker.seen[200:]
    assert not (tmp_path / "after").exists()


def test_other_thresholds_are_refused(audit_into, checker):
    before = audit_into(community(1), "before")
    checker.policy = dict.fromkeys(TONES, Band(unsure_at=0.4, yes_at=0.5, clear_at=0.8))
    said = r"hostility 0\.4/0\.55/0\.8, .* and of this one, hostility 0\.4/0\.5/0\.8, .* differ"
    with pytest.raises(InputError, match=said):
        audit_into(community(1, month=10), "after", by=checker, compare=before)


def test_an_audit_does_not_replace_what_it_is_compared_with(audit_into, tmp_path):
    before = audit_into(community(1), "before")
    with pytest.raises(InputError, match=r"is compared with\. Give another folder"):
        audit_into(community(2), "before", compare=tmp_path / "." / "before")
    assert (before / "summary.json").is_file()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("summary.json", None, "no finished audit lies here. Give the folder of a finished audit"),
        ("counts.json", None, "an audit without counts.json cannot be compared. Give the folder"),
        ("counts.json", "[", r"counts.json: is no file that an audit of this version wrote \(Exp"),
        ("counts.json", "[" * 9_999, "is no file that an audit of this version wrote"),
        ("counts.json", "{}", r"wrote \(no counts of schema 1\). Give the folder of a finished"),
        ("summary.json", "{}", r"summary.json: is no file .* wrote \(no summary: 'period'\)"),
        ("summary.json", '{"period": {"first": "\u202e", "last": null}}', "wrote .*Invalid"),
        ("summary.json", b"\xff", "is no file that an audit of this version wrote"),
    ],
)
def test_what_is_no_audit_is_refused(audit_into, name, content, said):
    before = audit_into(community(1), "before")
    if content is None:
        (before / name).unlink()
    else:
        (before / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said) as raised:
        audit_into(community(1, month=10), "after", compare=before)
    assert "\u202e" not in str(raised.value)


def test_an_audit_without_comparison_removes_that_of_an_earlier_one(audit_into):
    before = audit_into(community(1), "before")
    rows = community(2, month=10)
    assert (audit_into(rows, "after", compare=before) / "comparison.json").exists()
    assert not (audit_into(rows, "after") / "comparison.json").exists()


def test_the_report_says_what_changed(audit_into):
    before = audit_into(community(30), "before", title=HOSTILE)
    out = audit_into(community(4, month=10), "after", compare=before)
    html = (out / "report.html").read_text("utf-8")
    change = html.split('<section id="change"')[1].split("\n</section>")[0]
    text = squeezed(change)
    assert "(1 September 2026 to 28 September 2026; 200 messages judged in 40 threads)" in text
    assert "Hostility fell from 15.0% to 2.0% of messages: less than before" in text
    assert "Hostility 15.00% 30 of 200 2.00% 4 of 200 −13.00 (−18.74 to −7.75)" in text
    assert "A person decides what it means." in text
    assert '<a href="#change">What changed</a>' in html
    assert "<script" not in html
    assert "\u202e" not in html
    assert "49" not in change.split("</p>")[0]


def test_the_report_warns_where_there_is_reason_to(audit_into):
    before = audit_into(community(1), "before")
    html = (audit_into(community(1), "after", compare=before) / "report.html").read_text("utf-8")
    assert "Take care. Both audits hold the same messages" in squeezed(html)


def test_a_report_that_compares_nothing_says_nothing_of_change(audit_into):
    html = (audit_into(community(1), "alone") / "report.html").read_text("utf-8")
    assert 'id="change"' not in html
    assert "#change" not in html


def test_an_audit_may_be_compared_with_another_one_when_it_goes_on(
    audit_into, checker, write_export, tmp_path, monkeypatch
):
    september, august = audit_into(community(1), "sept"), audit_into(community(1, month=8), "aug")
    path = write_export(community(2, month=10), "october.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr("tonecheck.audit.run.render_report", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_audit([path], tmp_path / "o", checker, options=AuditOptions(compare=september))
    heard = []
    options = AuditOptions(compare=august, on_notice=heard.append)
    found = run_audit([path], tmp_path / "o", checker, options=options).comparison
    assert heard == ["going on where it was: all 200 judged"]
    assert found["before"]["title"] == "aug.jsonl"


def test_an_audit_that_goes_on_without_comparing_writes_no_comparison(
    audit_into, checker, write_export, tmp_path, monkeypatch
):
    september = audit_into(community(1), "sept")
    path = write_export(community(2, month=10), "october.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr("tonecheck.audit.run.render_report", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_audit([path], tmp_path / "o", checker, options=AuditOptions(compare=september))
    assert (tmp_path / "o" / ".audit" / "comparison.json").exists()
    assert run_audit([path], tmp_path / "o", checker).comparison is None
    assert not (tmp_path / "o" / "comparison.json").exists()


def interrupted(*_, **__):
    raise KeyboardInterrupt
