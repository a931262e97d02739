import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tonecheck.audit.charts import draw_changes, draw_threads, draw_timeline
from tonecheck.highlight import visible
from tonecheck.labels import TONES
from tonecheck.shares import Share

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=99)


def timeline(*counts, step="week", start=7):
    """Return a timeline with so many flagged of so many messages at each point."""
    points = [
        {
            "start": f"2026-09-{start + number:02d}",
            "messages": total,
            "tones": {str(tone): {"yes": yes, **Share(yes, total).to_dict()} for tone in TONES},
        }
        for number, (yes, total) in enumerate(counts)
    ]
    return {"step": step, "points": points}


def words(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_a_timeline_has_a_panel_for_each_tone():
    chart = draw_timeline(timeline((1, 20), (3, 20)))
    for svg in (chart.wide, chart.narrow):
        assert [w for w in words(svg) if "100" in w] == [
            "Hostile, in 100 messages",
            "Hustling, in 100 messages",
            "Dismissive, in 100 messages",
        ]


def test_the_narrow_chart_fits_a_phone():
    chart = draw_timeline(timeline(*[(1, 20)] * 12))
    assert int(re.search(r'width="(\d+)"', chart.narrow)[1]) <= 360
    bars = draw_threads([("A thread with quite a long title, as they come", 2.0)])
    assert int(re.search(r'width="(\d+)"', bars.narrow)[1]) <= 360


def test_a_timeline_says_where_each_tone_was_highest():
    chart = draw_timeline(timeline((1, 20), (3, 20), (0, 20)))
    assert chart.findings[0] == (
        "Hostile: highest in the week of 8 September, with about 15 in 100 (5 to 36). "
        "Over the whole time it was about 7 in 100 (3 to 16)."
    )


def test_a_timeline_says_where_there_was_nothing():
    assert draw_timeline(timeline((0, 20), (0, 20))).findings[1] == "Hustling: none."


@pytest.mark.parametrize("points", [[], [(1, 20)]])
def test_a_single_moment_has_no_timeline(points):
    assert draw_timeline(timeline(*points)) is None


def test_a_quiet_day_does_not_flatten_the_others():
    chart = draw_timeline(timeline((1, 1), (1, 50), (2, 50)))
    assert "100" not in words(chart.wide)


def test_no_threads_have_no_bars():
    assert draw_threads([]) is None


def test_bars_carry_titles_and_numbers_and_stop_at_ten():
    svg = draw_threads([(f"Thread {n}", 20.0 - n) for n in range(15)]).wide
    assert [w for w in words(svg) if w.startswith("Thread")] == [f"Thread {n}" for n in range(10)]
    assert "20.0" in words(svg)


def test_a_long_title_is_cut_to_the_width_of_its_letters():
    chart = draw_threads([("a" * 100, 2.0), ("字" * 100, 1.0), ("😀" * 100, 1.0)])
    assert words(chart.narrow)[:3] == ["a" * 41 + "…", "字" * 20 + "…", "😀" * 20 + "…"]


@settings(max_examples=10, deadline=None)
@example(["\ufffe\uffff", "</text><script>alert(1)</script>"])
@given(
    st.lists(st.text(st.characters(exclude_categories=()), max_size=99), min_size=1, max_size=10)
)
def test_any_title_can_be_drawn(titles):
    # U+FFFE in a drawn text makes vl-convert abort the process
    chart = draw_threads([(visible(title), 1.0) for title in titles])
    assert "<script" not in chart.wide + chart.narrow
    (chart.wide + chart.narrow + chart.findings[0]).encode("utf-8")


def changes(*moves, judged=100):
    """Return the tones of a comparison that moved so far, with ranges of 2 points around."""
    names = [*map(str, TONES), "any_tone"]
    return {
        name: {
            "before": {"judged": judged},
            "after": {"judged": judged},
            "difference": {"value": move, "low": move - 0.02, "high": move + 0.02},
            "sentence": f"{name} moved.",
        }
        for name, move in zip(names, moves, strict=True)
    }


def test_changes_have_a_row_for_each_tone_and_say_which_side_is_more():
    chart = draw_changes(changes(-0.05, 0.0, 0.01, -0.02))
    for svg in (chart.wide, chart.narrow):
        assert words(svg)[-4:] == ["Hostile", "Hustling", "Dismissive", "Any of the three"]
        assert "← fewer than before · in 100 messages · more →" in words(svg)
    assert chart.findings[0] == "hostility moved."
    assert int(re.search(r'width="(\d+)"', chart.narrow)[1]) <= 360


def test_changes_that_cannot_be_told_have_no_chart():
    assert draw_changes(changes(0.0, 0.0, 0.0, 0.0, judged=0)) is None


def test_charts_refer_to_nothing_by_id():
    chart = draw_timeline(timeline((1, 20), (3, 20)))
    bars = draw_threads([("A", 2.0), ("B", 1.0)])
    moves = draw_changes(changes(-0.05, 0.0, 0.01, -0.02))
    drawn = (chart, bars, moves)
    for svg in (svg for pair in drawn for svg in (pair.wide, pair.narrow)):
        assert " id=" not in svg
        assert "url(" not in svg


def test_a_title_like_a_placeholder_stays_itself():
    svg = draw_threads([("title 1", 2.0), ("title 0", 1.0)]).wide
    assert words(svg)[:2] == ["title 1", "title 0"]


def test_the_extra_is_imported_only_to_draw(audit, forum, monkeypatch):
    monkeypatch.delitem(sys.modules, "tonecheck.audit.charts", raising=False)
    audit(forum)
    assert "tonecheck.audit.charts" not in sys.modules
