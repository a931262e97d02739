import json
import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tonecheck.audit.options import AuditOptions
from tonecheck.audit.quotes import Mark
from tonecheck.audit.report import likelihood
from tonecheck.audit.run import FILES, run_audit
from tonecheck.labels import Decision, Severity, Tone
from tonecheck.messages import BadRow, Message

HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)">"\'&</title></style>{{ 7 * 7 }}',
    "'\"><svg onload=alert(3)>",
    "\u202eevil\u2066 \x00\x1b[31m \ud83d",
    "]]>--><!--",
)


class Page(HTMLParser):
    """Takes a page apart: its tags with their attributes, and its text as a reader sees it."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attributes(self, name):
        return [attrs[name] for _, attrs in self.tags if attrs.get(name) is not None]


@pytest.fixture
def report(audit):
    """Audit rows and return the HTML of the report."""
    return lambda rows, **options: (audit(rows, **options) / "report.html").read_text("utf-8")


@pytest.fixture
def drawn(tmp_path, checker, write_export, forum):
    """Return the HTML of a report with charts."""
    export = write_export(forum)
    options = AuditOptions(title="Algebra", made_on=date(2026, 11, 23))
    return run_audit([export], tmp_path / "out", checker, options=options).report.read_text("utf-8")


def squeezed(html):
    """Return the text of a page on one line, with a space between the cells of tables."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]>", " ", html)))


def section(html, name):
    return html.split(f'<section id="{name}"')[1].split("\n</section>")[0]


def test_the_report_runs_no_code_and_loads_nothing(drawn):
    page = Page(drawn)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form", "img"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(link.startswith("#") or link in FILES for link in page.attributes("href"))
    assert not page.attributes("src")
    assert "@import" not in drawn
    assert "url(" not in drawn
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")


def test_the_report_can_be_navigated_by_a_screen_reader(drawn):
    page = Page(drawn)
    tags = [tag for tag, _ in page.tags]
    assert drawn.startswith('<!doctype html>\n<html lang="en">')
    assert tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= set(tags)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    inner = [link for link in page.attributes("href") if link not in FILES]
    assert {link.removeprefix("#") for link in inner} <= set(ids)
    assert set(page.attributes("aria-labelledby")) <= set(ids)
    assert next(a for t, a in page.tags if t == "a") == {"class": "skip", "href": "#main"}


def test_charts_say_in_words_what_they_show_and_come_in_two_widths(drawn):
    figures = [attrs for tag, attrs in Page(drawn).tags if tag == "figure"]
    assert [attrs["role"] for attrs in figures] == ["img", "img"]
    assert figures[0]["aria-label"].startswith(
        "Hostile: highest on 11 September, with about 100 in 100 (21 to 100). "
        "Over the whole time it was about 17 in 100 (3 to 56)."
    )
    assert figures[1]["aria-label"] == (
        "The thread with the highest concern is “Inverting a matrix”, with 1.9."
    )
    assert drawn.count('<div class="wide"><svg aria-hidden="true"') == 2
    assert drawn.count('<div class="narrow"><svg aria-hidden="true"') == 2


def test_without_the_extra_the_report_says_so_and_keeps_its_tables(report, forum):
    html = report(forum)
    assert "<figure" not in html
    assert 'pip install "tonecheck[reports]"' in Page(html).text
    assert html.count("<table>") >= 3


def test_headline_figures_come_with_their_uncertainty(report):
    text = squeezed(report([{"text": "you idiot"}] * 6 + [{"text": "fine"}] * 94))
    assert "About 6 in 100 messages read as hostile, hustling or dismissive (3 to 12)." in text
    assert "Likely between 3 and 12 in 100. 6 of 100 messages: 6 clear, 0 mild." in text
    assert "Likely fewer than 4 in 100 in the long run." in text


def test_a_flagged_reply_is_quoted_in_context_with_its_evidence_and_reason(report, forum):
    html = section(report(forum), "threads")
    assert "In answer to <bdi>Member 01</bdi>:</cite><bdi>How do I invert a matrix?</bdi>" in html
    assert (
        'Just <mark class="dismissiveness">google it'
        '<span class="tag dismissiveness"> dismissive</span></mark>, Member 01.' in html
    )
    text = squeezed(html)
    assert "The words “google it” carry it." in text
    assert "Clearly dismissive: very likely (90%)" in text
    assert "Mildly hustling: likely (70%)" in text
    assert "9 Sep 2026, 10:00" in text


def test_what_is_unsure_stands_apart(report, forum):
    html = report(forum)
    assert "hmpf" not in section(html, "threads")
    apart = squeezed(section(html, "unsure"))
    assert "1 message that the model could not decide on" in apart
    assert "hmpf dismissive" in apart
    assert "Perhaps dismissive: could be (45%)" in apart


def test_who_receives_it_names_no_sender(report, forum):
    received = squeezed(section(report(forum), "received"))
    assert "Member 01 2 2 too few to say" in received
    assert "Member 02" not in received


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("names", [False, True])
def test_hostile_input_stays_text(report, hostile, names):
    rows = [
        {"id": "1", "thread": "a", "author": hostile, "title": hostile, "text": f"why? {hostile}"},
        {"id": "2", "thread": "a", "author": "B", "text": f"{hostile} idiot", "reply_to": "1"},
        {"id": "3", "thread": hostile, "author": "B", "text": "hmpf", "title": hostile},
        {"id": hostile, "text": None},
    ]
    html = report(rows, names=names, title=hostile)
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "<!--" not in html
    assert "49" not in page.text.split("Skip to the findings")[1].split("At a glance")[0]
    assert not set(html) & set("\u202e\u2066\x00\x1b")
    assert html.count("</title>") == html.count("</style>") == 1


def test_quotes_are_isolated_from_the_direction_of_the_page(report):
    html = report([{"author": "נועה", "text": "אתה idiot גמור"}], names=True)
    assert '<blockquote class="said" dir="auto"><bdi>אתה <mark' in html
    assert "<bdi>נועה</bdi>" in html


def test_what_was_left_out_is_said(report):
    text = squeezed(section(report([{"text": "a"}, {"text": " "}, {"text": None}]), "problems"))
    assert "1 message with nothing in the author's own words" in text
    assert "1 row of the export that could not be read." in text
    assert "forum.jsonl:3" in text


def test_only_the_first_problems_are_shown(report):
    text = squeezed(section(report([{"text": "a"}] + [{"text": None}] * 30), "problems"))
    assert "the first 20 of them below and all in problems.jsonl" in text
    assert text.count("forum.jsonl:") == 20


def test_when_nothing_could_be_judged_the_report_says_so(report):
    text = squeezed(report([{"text": "mañana"}]))
    assert "None of the messages could be judged." in text
    assert "1 message that does not look like English." in text


def test_when_all_is_well_the_report_says_so(report):
    text = squeezed(report([{"text": "thank you"}] * 3))
    assert "Nothing here read as hostile, hustling or dismissive." in text
    assert "No thread has a flagged message." in text
    assert "Nothing. Every message was read and judged in full." in text


def test_a_busy_export_is_quoted_in_part(report):
    rows = [{"thread": str(n % 60), "text": f"you idiot {n}"} for n in range(900)]
    rows += [{"thread": "x", "text": f"hmpf {n}"} for n in range(90)]
    html = report(rows)
    assert html.count('<section class="thread') == 40
    assert html.count('<article class="quote hostility"') == 110
    assert section(html, "unsure").count("<article") == 40
    text = squeezed(html)
    assert "20 more threads with flagged messages are in threads.csv, beside" in text
    assert {"threads.csv", "verdicts.csv"} <= {*Page(html).attributes("href")}
    assert "50 more in verdicts.csv." in text


def test_a_chat_in_one_channel_is_quoted_as_fully_as_many_threads(report):
    html = report([{"thread": "general", "text": f"you idiot {n}"} for n in range(200)])
    assert html.count('<article class="quote hostility"') == 110


def test_the_report_states_the_precision_of_the_model(report, forum, checker):
    assert (
        "of those that it flagged it was right about hostile in 72 of 100 (60 to 80), hustling in "
        "72 of 100 (60 to 80), dismissive in 72 of 100 (60 to 80). Those replies held more"
    ) in squeezed(report(forum))
    checker.card = {}
    assert "The model states no precision" in squeezed(report(forum))


def test_the_report_says_when_and_with_what_it_was_made(drawn):
    text = squeezed(drawn)
    assert "Made on 23 November 2026 by tonecheck" in text
    assert "with the model words@1.0.0, from forum.jsonl." in text
    assert "Hostile 40% 55% 80%" in text


@pytest.mark.parametrize(
    ("probability", "decision", "words"),
    [
        (0.97, Decision.YES, "very likely"),
        (0.6, Decision.YES, "likely"),
        (0.3, Decision.YES, "likely"),  # with thresholds of one's own
        (0.95, Decision.UNSURE, "could be"),
        (0.2, Decision.UNSURE, "could be"),
    ],
)
def test_likelihood_never_contradicts_the_decision(probability, decision, words):
    mark = Mark(
        tone=Tone.HUSTLING, probability=probability, severity=Severity.MILD, decision=decision
    )
    assert likelihood(mark) == words


def test_concern_is_told_as_a_number_to_sort_by(report, forum):
    text = squeezed(section(report(forum), "threads"))
    assert "a number to sort by, and no count of what a person would flag" in text


def test_a_quote_can_be_found_by_its_id_or_place(report):
    long = "<b>" + "x" * 99 + "end"
    html = report([{"id": long, "text": "idiot"}, {"text": "you idiot"}])
    places = re.findall(r'<span class="place"><bdi>(.*)</bdi>', html)
    assert sorted(places) == sorted([f"&lt;b&gt;{'x' * 20}…{'x' * 21}end", "forum.jsonl:2"])


def test_a_name_in_a_place_is_masked(report):
    html = report([{"id": "dm Maya Okafor 1", "author": "Maya Okafor", "text": "you idiot"}])
    assert '<span class="place"><bdi>dm Member 01 1</bdi>' in html


def test_only_lost_rows_count_as_rows_that_could_not_be_read(audit, monkeypatch, lines):
    rows = [
        Message(text="fine"),
        *(BadRow(place=f"a:{n}", reason="no text") for n in range(25)),
        BadRow(place="b:9", reason="the file ends here", kind="rest"),
        BadRow(place="c", reason="read as cp1252", kind="notice"),
        BadRow(place="d", reason="read as cp1252", kind="notice"),
    ]
    monkeypatch.setattr("tonecheck.audit.run.read_export", lambda *_, **__: iter(rows))
    out = audit([{"text": "fine"}])
    found = json.loads((out / "summary.json").read_text())
    assert (found["problems"], found["incomplete"], found["notices"]) == (25, 1, 2)
    kinds = [row["kind"] for row in lines(out / "problems.jsonl")]
    assert kinds == ["row"] * 25 + ["rest", "notice", "notice"]
    text = squeezed(section((out / "report.html").read_text(), "problems"))
    assert "25 rows of the export that could not be read, the first 20 of them" in text
    assert "1 file is incomplete" in text
    assert "2 notices on how the exports were read; nothing was lost by them." in text
    assert "b:9 the file ends here" in text


def test_notices_alone_leave_nothing_out(audit, monkeypatch):
    rows = [Message(text="fine"), BadRow(place="c", reason="read as cp1252", kind="notice")]
    monkeypatch.setattr("tonecheck.audit.run.read_export", lambda *_, **__: iter(rows))
    text = squeezed(section((audit([{"text": "x"}]) / "report.html").read_text(), "problems"))
    assert "Nothing. Every message was read and judged in full." in text
    assert "1 notice on how the exports were read; nothing was lost by it." in text


def test_no_judgement_is_shown_as_certain(report, checker):
    checker.words = {"idiot": (Tone.HOSTILITY, 0.9999)}
    page = squeezed(report([{"id": "1", "author": "A", "text": "you idiot"}]))
    assert "very likely (over 99%)" in page


def test_members_who_are_not_shown_are_in_a_list_beside_the_report(report):
    posts = [{"id": f"{n}", "author": f"P {n}", "text": "why?"} for n in range(15)]
    answers = [{"author": "R", "reply_to": f"{n}", "text": "you idiot"} for n in range(15)]
    html = section(report(posts + answers), "received")
    assert "3 more in members.csv, beside this report." in squeezed(html)
    assert '<a href="members.csv">' in html


def test_only_the_first_exports_are_named(tmp_path, checker, write_export, without_charts):
    exports = [write_export([{"text": "x"}], f"chat {n:02d}.jsonl") for n in range(23)]
    html = run_audit(exports, tmp_path / "out", checker).report.read_text("utf-8")
    assert "chat 18.jsonl, chat 19.jsonl and 3 more. Nothing left this computer." in squeezed(html)
    assert "chat 20" not in html


def test_decades_are_told_by_the_year(tmp_path, checker, write_export):
    rows = [{"text": "you idiot", "time": f"{year}-05-01T12:00:00Z"} for year in (1995, 2026)]
    html = run_audit([write_export(rows)], tmp_path / "out", checker).report.read_text("utf-8")
    assert "Hostile: highest in 1995, with about 100 in 100" in html
    assert "1995 1" in squeezed(section(html, "time"))
    assert "Each point is one year;" in squeezed(html)


def test_the_weightiest_evidence_of_a_quote_is_marked(report, checker):
    checker.words = {"idiot": (Tone.HOSTILITY, 0.9)}
    checker.words |= {chr(n): (Tone.HOSTILITY, 0.4) for n in range(ord("A"), ord("A") + 20)}
    html = report([{"text": "A B C D E F G H I J K L M N O P Q R S T idiot"}])
    assert html.count('<mark class="hostility">') == 12
    assert '<mark class="hostility">idiot' in html


def test_a_report_of_the_worst_input_stays_under_five_megabytes(tmp_path, checker, write_export):
    checker.words = {
        '""': (Tone.HOSTILITY, 0.95),
        "''": (Tone.HUSTLING, 0.95),
        "&&": (Tone.DISMISSIVENESS, 0.95),
        "hmpf": (Tone.HOSTILITY, 0.45),
    }
    rude = "\"\"''&&" * 120
    rows = [
        {
            "id": "'" * 2_000 + f"{n}",
            "thread": "&" * 2_000 + f"{n % 45}",
            "title": '"' * 2_000 + f"{n % 45}",
            "author": "<&>" * 400 + f"{n}",
            "time": f"{1990 + n % 209}-{1 + n % 12:02d}-01T12:00:00Z",
            "reply_to": "'" * 2_000 + f"{n - 45}",
            "parent": '"' * 2_000,
            "text": rude if n % 5 else f"hmpf {'&' * 2_000}",
        }
        for n in range(260)
    ]
    rows += [{"id": "<" * 3_000, "text": None}] * 50
    exports = [write_export(rows, "&" * 200 + ".jsonl")]
    exports += [write_export([{"text": "x"}], f"{'&' * 200}{n}.jsonl") for n in range(30)]
    options = AuditOptions(title="<" * 100_000, names=True)
    report = run_audit(exports, tmp_path / "out", checker, options=options).report
    assert 1_000_000 < report.stat().st_size < 5_000_000  # the bounds are reached, and they hold
    assert report.read_text("utf-8").count("<figure") == 2
