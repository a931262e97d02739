"""Draws the charts of a report as inline SVG, with Altair and without a line of JavaScript.

Each chart comes wide and narrow, and the style sheet shows the one that fits the screen. The
colours are names that the style sheet replaces, so that a chart follows light and dark mode.
Only `report` imports this module, when the extra `reports` is there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from typing import Any
from unicodedata import east_asian_width

import altair as alt
import vl_convert

from tonecheck.labels import TONES, Tone
from tonecheck.shares import Share

# Okabe & Ito's palette, which people with any kind of colour vision can tell apart.
_COLOURS = {Tone.HOSTILITY: "#d55e00", Tone.HUSTLING: "#0072b2", Tone.DISMISSIVENESS: "#cc79a7"}
_INK, _SOFT, _GRID, _BAR = "#222222", "#666666", "#dddddd", "#44617b"

_SOLID = 10  # messages that make a point worth scaling a chart by
_MS = 1000
_FORMATS = {"month": "%b %Y", "year": "%Y"}

# What stands for titles while a chart is drawn. People's words stay out of the drawing engine: it
# is native code, and U+FFFE in a text makes vl-convert 1.9 abort the whole process.
_PLACE = re.compile(r">title (\d+)<")
_Layers = alt.LayerChart | alt.FacetChart  # what Altair says that layers make
_TOP_THREADS = 10
_MOVES = "← fewer than before · in 100 messages · more →"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart in two widths, and what it shows in words."""

    wide: str
    narrow: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    width: int
    ticks: int
    title: int


_WIDE = _Size(width=684, ticks=8, title=88)
_NARROW = _Size(width=300, ticks=3, title=42)


def draw_timeline(timeline: Mapping[str, Any]) -> Chart | None:
    """Return the share of each tone over time, or None where there is no time to speak of.

    Args:
        timeline: The `timeline` of a summary.
    """
    points = timeline["points"]
    if len(points) < 2:
        return None
    return Chart(
        wide=_timeline(timeline, _WIDE),
        narrow=_timeline(timeline, _NARROW),
        findings=tuple(_finding(tone, points, timeline["step"]) for tone in TONES),
    )


def draw_threads(threads: Sequence[tuple[str, float]]) -> Chart | None:
    """Return the threads with the most concern as bars, or None where there are none.

    Args:
        threads: Titles and concerns, ready to show, highest first.
    """
    top = threads[:_TOP_THREADS]
    if not top:
        return None
    title, concern = top[0]
    first = f"The thread with the highest concern is “{title}”, with {concern:.1f}."
    rest = f" The lowest of the {len(top)} shown has {top[-1][1]:.1f}." if len(top) > 1 else ""
    return Chart(wide=_bars(top, _WIDE), narrow=_bars(top, _NARROW), findings=(first + rest,))


def draw_changes(changes: Mapping[str, Mapping[str, Any]]) -> Chart | None:
    """Return how far each share moved, with its interval around it; None where nothing can be said.

    Args:
        changes: The `tones` of a comparison.
    """
    known = {
        name: row
        for name, row in changes.items()
        if row["before"]["judged"] and row["after"]["judged"]
    }
    if not known:
        return None
    return Chart(
        wide=_changes(known, _WIDE),
        narrow=_changes(known, _NARROW),
        findings=tuple(row["sentence"] for row in known.values()),
    )


def _finding(tone: Tone, points: Sequence[Mapping[str, Any]], step: str) -> str:
    total = Share(
        sum(point["tones"][tone]["yes"] for point in points),
        sum(point["messages"] for point in points),
    )
    if not total.count:
        return f"{tone.adjective.capitalize()}: none."
    peak = max(points, key=lambda point: (point["tones"][tone]["share"], point["messages"]))
    share = Share(peak["tones"][tone]["yes"], peak["messages"])
    return (
        f"{tone.adjective.capitalize()}: highest {_when(peak['start'], step)}, with "
        f"{share.in_words()}. Over the whole time it was {total.in_words()}."
    )


def _timeline(timeline: Mapping[str, Any], size: _Size) -> str:
    points = timeline["points"]
    top = _ceiling(points)
    every = -(-len(points) // size.ticks)
    dates = alt.Axis(
        values=[_milliseconds(point["start"]) for point in points[::every]],
        format=_FORMATS.get(timeline["step"], "%-d %b"),
        grid=False,
        title=None,
    )
    x = alt.X("at:T", axis=dates, scale=alt.Scale(type="utc"))
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("share:Q", scale=scale, axis=alt.Axis(tickCount=3, title=None))
    panels = [
        _panel(alt.Chart(alt.InlineData(values=_rows(tone, points, top))).encode(x=x), y, tone=tone)
        for tone in TONES
    ]
    sized = [panel.properties(width=size.width, height=84) for panel in panels]
    return _svg(alt.vconcat(*sized, spacing=18))


def _ceiling(points: Sequence[Mapping[str, Any]]) -> float:
    """Return where panels end, in 100 messages.

    A quiet day has a share of anything and an interval up to 100, which would flatten the rest.
    """
    solid = [point for point in points if point["messages"] >= _SOLID] or points
    shares: list[float] = [point["tones"][tone]["share"] for point in solid for tone in TONES]
    return min(100.0, max(5.0, 200 * max(shares)))


def _rows(tone: Tone, points: Sequence[Mapping[str, Any]], top: float) -> list[dict[str, float]]:
    return [
        {
            "at": _milliseconds(point["start"]),
            "share": min(top, 100 * point["tones"][tone]["share"]),
            "low": min(top, 100 * point["tones"][tone]["low"]),
            "high": min(top, 100 * point["tones"][tone]["high"]),
        }
        for point in points
    ]


def _panel(base: alt.Chart, y: alt.Y, *, tone: Tone) -> _Layers:
    colour = _COLOURS[tone]
    band = base.mark_area(color=colour, opacity=0.2).encode(y=alt.Y("low:Q"), y2="high:Q")
    line = base.mark_line(color=colour, strokeWidth=2, point={"color": colour, "size": 36})
    title = alt.Title(f"{tone.adjective.capitalize()}, in 100 messages", anchor="start")
    return alt.layer(band, line.encode(y=y)).properties(title=title)


def _changes(changes: Mapping[str, Mapping[str, Any]], size: _Size) -> str:
    tones = {str(tone): (tone.adjective.capitalize(), _COLOURS[tone]) for tone in TONES}
    rows = []
    for rank, (name, row) in enumerate(changes.items()):
        label, colour = tones.get(name, ("Any of the three", _BAR))
        found = {key: 100 * value for key, value in row["difference"].items()}
        rows.append({"rank": rank, "label": label, "colour": colour, **found})
    far = max(abs(row[end]) for row in rows for end in ("low", "high")) or 1.0
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("rank:O", axis=None, scale=alt.Scale(paddingInner=0.72, paddingOuter=0.5)),
        color=alt.Color("colour:N", scale=None),
    )
    axis = alt.Axis(tickCount=size.ticks, format="~r", grid=False, title=_MOVES, titleColor=_SOFT)
    x = alt.X("low:Q", axis=axis, scale=alt.Scale(domain=[-far * 1.05, far * 1.05], nice=False))
    ranges = base.mark_bar(opacity=0.35).encode(x=x, x2="high:Q")
    dots = base.mark_circle(size=90, opacity=1).encode(x="value:Q")
    labels = base.mark_text(align="left", dy=-16, fontSize=13).encode(
        x=alt.value(0), text="label:N", color=alt.value(_INK)
    )
    nothing = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=_SOFT).encode(x="at:Q")
    chart = alt.layer(nothing, ranges, dots, labels)
    return _svg(chart.properties(width=size.width, height=46 * len(rows)))


def _bars(threads: Sequence[tuple[str, float]], size: _Size) -> str:
    rows = [
        {"rank": rank, "place": f"title {rank}", "concern": concern, "shown": f"{concern:.1f}"}
        for rank, (_, concern) in enumerate(threads)
    ]
    # the title stands above its bar: beside it, a phone would have no room left for the bar
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("rank:O", axis=None, scale=alt.Scale(paddingInner=0.72, paddingOuter=0.5))
    )
    most = max(concern for _, concern in threads)
    scale = alt.Scale(domain=[0, most * 1.12], nice=False)
    # unstacked: Vega clips stacked bars, by an id that it counts up from chart to chart
    length = alt.X("concern:Q", axis=None, scale=scale, stack=None)
    bars = base.mark_bar(color=_BAR, cornerRadiusEnd=2).encode(x=length)
    titles = base.mark_text(align="left", dy=-16, color=_INK, fontSize=13).encode(
        x=alt.value(0), text="place:N"
    )
    numbers = base.mark_text(align="left", dx=6, color=_SOFT, fontSize=12).encode(
        x=length, text="shown:N"
    )
    chart = alt.layer(bars, titles, numbers)
    svg = _svg(chart.properties(width=size.width + 24, height=40 * len(rows)))
    shown = [escape(_fit(title, size.title)) for title, _ in threads]
    return _PLACE.sub(lambda found: f">{shown[int(found[1])]}<", svg)


def _fit(title: str, room: int) -> str:
    """Return as much of a title as there is room for, in widths of a Latin letter."""
    shown = ""
    for char in " ".join(title.split()):
        room -= 2 if east_asian_width(char) in "WF" else 1
        if room < 1:
            return shown + "…"
        shown += char
    return shown


def _svg(chart: alt.VConcatChart | _Layers) -> str:
    chart = chart.configure(font="sans-serif", background="transparent", padding=4)
    chart = chart.configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=_SOFT, labelFontSize=12, gridColor=_GRID, domainColor=_GRID, tickColor=_GRID
    )
    chart = chart.configure_title(color=_INK, fontSize=13, fontWeight=600, offset=8)
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    # the figure around it says in words what it shows; Vega's own labels would only repeat marks
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _when(start: str, step: str) -> str:
    day = date.fromisoformat(start)
    if step in _FORMATS:
        return f"in {day:%B %Y}" if step == "month" else f"in {day.year}"
    return f"{'in the week of' if step == 'week' else 'on'} {day.day} {day:%B}"


def _milliseconds(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * _MS
