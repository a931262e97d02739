import csv
import json
import re

import pytest

from tonecheck.audit.conversations import COLUMNS, MOST_SHOWN
from tonecheck.audit.hiding import Hiding
from tonecheck.audit.pseudonyms import Pseudonyms

HIDINGS = [Hiding(), Hiding(redact=True), Hiding(pseudonyms=Pseudonyms(bytes(range(32))))]


def pile(thread="p", title="Late work", attack="you idiot"):
    """Return a question and three people who turn on whoever asks."""
    first = {"id": f"{thread}0", "author": "Noor Haddad", "text": "Could I hand in on Monday?"}
    others = [
        {"id": f"{thread}{n}", "author": f"Person {n}", "reply_to": f"{thread}0", "text": attack}
        for n in (1, 2, 3)
    ]
    return [
        {"thread": thread, "title": title, "time": f"2026-09-0{n + 1}T10:00:00Z", **row}
        for n, row in enumerate([first, *others])
    ]


def mended(thread="m"):
    rows = [
        ("Ben Oak", "", "Just google it."),
        ("Ana Rey", f"{thread}0", "I did."),
        ("Ben Oak", f"{thread}1", "Sorry, I was rude."),
    ]
    return [
        {"id": f"{thread}{n}", "thread": thread, "author": who, "reply_to": to, "text": text,
         "title": "Means", "time": f"2026-09-1{n}T10:00:00Z"}
        for n, (who, to, text) in enumerate(rows)
    ]  # fmt: skip


def section(out, name):
    html = (out / "report.html").read_text(encoding="utf-8")
    return html.split(f'<section id="{name}"')[1].split("\n</section>")[0]


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_every_thread_is_told_with_the_ids_of_the_export(audit, lines):
    out = audit(pile() + mended())
    bad, good = lines(out / "conversations.jsonl")
    assert bad["explanation"] == "3 people turned on the same person within a few messages."
    found = {finding["pattern"]: finding for finding in bad["findings"]}
    assert found["pile_on"]["messages"] == ["p1", "p2", "p3"]
    assert found["pile_on"]["target"] == "Member 01"
    assert [finding["pattern"] for finding in good["findings"]] == ["recovery"]
    with (out / "conversations.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [dict(zip(header, row, strict=True))["pile_on"] for row in rows] == ["1", "0"]
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["conversations"]["concerning"] == 1
    assert summary["conversations"]["threads"]["recovery"] == 1


def test_where_the_export_has_no_ids_places_stand_for_them(audit, lines):
    rows = [{"author": "Rex", "text": "Is it open book?", "thread": "t"}]
    (thread,) = lines(audit(rows) / "conversations.jsonl")
    (finding,) = thread["findings"]
    assert (finding["pattern"], finding["messages"]) == ("unanswered_question", ["forum.jsonl:1"])


def test_the_report_shows_the_pattern_the_heat_and_who_answers_whom(audit):
    shown = section(audit(pile() + mended()), "look")
    text = plain(shown)
    assert "1 thread shows a pattern that deserves a look" in text
    assert "Late work 3 people turned on the same person within a few messages." in text
    assert "4 messages, 3 flagged as hostile or dismissive." in text
    assert "3 replies between 4 people; 3 are flagged as hostile or dismissive" in text
    assert 'aria-label="Heat from 0 to 1 over 4 messages: hottest, with' in shown
    assert shown.count('<g class="unkind">') == 3
    assert shown.count('<article class="quote hostility"') == 4  # one pattern shows one, too
    assert "Means" not in text
    assert "How likely it is to turn personal" not in text  # there is no forecast yet


def test_what_went_well_is_quoted(audit):
    text = plain(section(audit(pile() + mended()), "well"))
    assert "Means Recovery : Somebody apologised for an unkind message." in text
    assert "Sorry, I was rude." in text


def test_when_all_is_well_there_is_nothing_to_look_at_or_to_mend(audit):
    out = audit([{"text": "Thank you!", "author": "Ana"}])
    assert "No thread shows a pattern of concern" in plain(section(out, "look"))
    assert "Nothing needed mending." in plain(section(out, "well"))


@pytest.mark.parametrize("hiding", HIDINGS)
def test_no_new_file_or_section_names_anybody(audit, hiding):
    rows = pile(title="Noor Haddad and the deadline", attack="you idiot, Noor Haddad") + mended()
    out = audit(rows, hiding=hiding)
    shown = section(out, "look") + section(out, "voices") + section(out, "well")
    shown += (out / "voices.json").read_text(encoding="utf-8")
    if hiding.texts:
        shown += (out / "conversations.jsonl").read_text(encoding="utf-8")
        shown += (out / "conversations.csv").read_text(encoding="utf-8")
    assert not re.search("Noor|Haddad|Ben|Oak|Ana Rey", shown)
    assert "Noor Haddad" in section(audit(rows, names=True), "look")


def test_only_the_most_urgent_threads_are_shown(audit):
    rows = [row for n in range(MOST_SHOWN) for row in pile(f"p{n:02d}-", f"Pile {n}")]
    waved = [row for row in pile("w", "Waved away")[:2]]
    out = audit(waved + rows)
    shown = section(out, "look")
    assert shown.count('<article class="thread card"') == MOST_SHOWN
    assert "21 threads show a pattern that deserves a look; here are the 20 most urgent" in (
        plain(shown)
    )
    assert "Waved away" not in shown


def test_a_newcomer_is_known_by_the_record_once_it_is_long_enough(audit, lines):
    old = [{"thread": "a", "author": "Old", "time": "2026-01-01T10:00:00Z", "text": "Hi."}]
    new = [
        {"id": "n", "thread": "b", "author": "New", "time": "2026-03-01T10:00:00Z", "text": "Hi!"},
        *(
            {"thread": "b", "author": "Old", "time": f"2026-03-02T10:{n}:00Z", "text": "So, well."}
            for n in range(10, 20)
        ),
    ]
    _, thread = lines(audit(old + new) / "conversations.jsonl")
    assert [finding["explanation"] for finding in thread["findings"]] == [
        "Nobody answered a newcomer's first post; the talk went on."
    ]


def test_a_long_thread_is_drawn_in_bounded_room(audit):
    rows = [{"thread": "t", "author": f"P{n % 5}", "text": "Is it?"} for n in range(2_000)]
    rows += [{**row, "thread": "t"} for row in pile()]
    shown = section(audit(rows), "look")
    (points,) = re.findall('<polyline points="([^"]+)"', shown)
    assert 100 < len(points.split()) <= 120
    assert len(shown) < 60_000
