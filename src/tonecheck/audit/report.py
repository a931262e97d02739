"""Writes the report that people read: one HTML file that needs no network and runs no code."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tonecheck import __version__
from tonecheck.audit.changes import LIMITS, points
from tonecheck.audit.members import NameMask
from tonecheck.audit.panels import Panels
from tonecheck.audit.quotes import (
    MAX_NAME,
    MAX_THREADS,
    MAX_TITLE,
    Mark,
    Quote,
    choose_flagged,
    choose_unsure,
    make_mask,
    make_quote,
)
from tonecheck.audit.scope import hidden_words, selection_lines
from tonecheck.audit.spool import Spool
from tonecheck.audit.summary import MIN_ANSWERS
from tonecheck.errors import MissingExtraError, require
from tonecheck.highlight import visible
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.messages import BadRow
from tonecheck.shares import Share

if TYPE_CHECKING:
    from tonecheck.audit.charts import Chart

_MAX_RECEIVERS = 12
_MAX_EXPORTS = 20
_REASON_SHOWN = 300
_VERY_LIKELY = 0.9
_OPEN_THREADS = 8  # the quotes of later ones are folded away, or a phone would scroll for ever

_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thread:
    """A thread with something flagged, as the report shows it."""

    title: str
    messages: int
    flagged: int
    unsure: int
    concern: float
    tones: frozenset[Tone]
    quotes: Sequence[Quote]


def render_report(
    spool: Spool,
    summary: Mapping[str, Any],
    problems: Sequence[BadRow],
    *,
    panels: Panels,
    comparison: Mapping[str, Any] | None = None,
) -> str:
    """Return the report as one self-contained HTML page of less than 5 MB.

    Everything in it is bounded, each text by its characters and each list by its length: some
    11 kB for each of 260 quotes at the very most, and 1.5 MB for all the rest.

    Args:
        spool: The messages and their verdicts, for the quotes.
        summary: What `summary.json` holds.
        problems: The first rows that could not be read, and what else readers had to say.
        panels: What threads and voices show.
        comparison: What `comparison.json` holds, or None where nothing was compared.
    """
    threads, unsure = _quoted(spool, summary)
    charts = _charts(summary, threads, comparison)
    judged = summary["messages"]["judged"]
    context = {
        "summary": summary,
        "title": visible(summary["title"], MAX_TITLE),
        "exports": [visible(name, MAX_TITLE) for name in summary["exports"][:_MAX_EXPORTS]],
        "any_tone": Share(summary["any_tone"]["yes"], judged),
        "shares": {tone: Share(summary["tones"][tone]["yes"], judged) for tone in TONES},
        "ceiling": max(summary["tones"][tone]["high"] or 0.0 for tone in TONES) or 1.0,
        "timeline_chart": charts[0] if charts else None,
        "threads_chart": charts[1] if charts else None,
        "charts_missing": charts is None,
        "comparison": comparison,
        "changes_chart": charts[2] if charts else None,
        "comparison_limits": LIMITS,
        "threads": threads,
        "open_threads": _OPEN_THREADS,
        "unsure": unsure,
        "receivers": summary["received"]["ranked"][:_MAX_RECEIVERS],
        "min_answers": MIN_ANSWERS,
        "selected": [f"{line}." for line in selection_lines(summary["selection"])],
        "hidden_counts": hidden_words(summary["hidden"]),
        "problems": [_shown(row) for row in problems],
        "tones": TONES,
        "version": __version__,
        **panels.context(),
    }
    return _environment().get_template("report.html.j2").render(context).lstrip()


def likelihood(mark: Mark) -> str:
    """Return a decision in words; the report shows the probability beside it."""
    if mark.decision is not Decision.YES:
        return "could be"
    return "very likely" if mark.probability >= _VERY_LIKELY else "likely"


def _quoted(spool: Spool, summary: Mapping[str, Any]) -> tuple[list[_Thread], list[Quote]]:
    """Return the threads to show, with quotes, and the quotes of what is unsure."""
    rows = [row for row in summary["threads"]["ranked"] if row["flagged"]][:MAX_THREADS]
    chosen = choose_flagged(spool, [row["key"] for row in rows])
    picked = {seq: list(spool.pick(seqs)) for seq, seqs in chosen.items()}
    doubtful = list(spool.pick(choose_unsure(spool)))
    names: bool = summary["names"] or summary["hidden"]["texts"]  # nothing is left to mask
    everything = [*doubtful, *(item for items in picked.values() for item in items)]
    mask = NameMask((), ()) if names else make_mask(spool, everything, [r["title"] for r in rows])
    threads = [
        _Thread(
            title=visible(mask.apply(row["title"] or row["thread"]), MAX_TITLE) or "No thread",
            messages=row["messages"],
            flagged=row["flagged"],
            unsure=row["unsure"],
            concern=row["concern"],
            tones=frozenset(tone for tone in TONES if row["tones"][tone]),
            quotes=[make_quote(item, mask, names=names) for item in picked[row["key"]]],
        )
        for row in rows
    ]
    return threads, [make_quote(item, mask, names=names) for item in doubtful]


def _charts(
    summary: Mapping[str, Any],
    threads: Sequence[_Thread],
    comparison: Mapping[str, Any] | None,
) -> "tuple[Chart | None, Chart | None, Chart | None] | None":
    """Return the charts, or None where the extra that draws them is not installed."""
    try:
        require("altair", extra="reports")
        require("vl_convert", extra="reports")
    except MissingExtraError:
        return None
    from tonecheck.audit.charts import draw_changes, draw_threads, draw_timeline

    bars = [(thread.title, thread.concern) for thread in threads]
    changes = draw_changes(comparison["tones"]) if comparison else None
    return draw_timeline(summary["timeline"]), draw_threads(bars), changes


def _shown(row: BadRow) -> BadRow:
    return BadRow(
        place=visible(row.place, MAX_TITLE),
        reason=visible(row.reason, _REASON_SHOWN),
        kind=row.kind,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tonecheck.audit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=_count,
        day=_day,
        drawn=Markup,  # only for what charts.py drew and for our own style sheet
        moment=_moment,
        number=lambda value: f"{value:,}",
        likelihood=likelihood,
        name=lambda text: visible(text, MAX_NAME),
        percent=lambda value: f"{100 * value:.0f}%",
        points=lambda value: points(value, 2),
        strength=_strength,
        title=lambda text: visible(text, MAX_TITLE),
        tight=lambda text: _BLANK_LINES.sub("\n\n", text),
        when=_when,
    )
    return environment


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _day(value: str) -> str:
    day = date.fromisoformat(value[:10])
    return f"{day.day} {day:%B %Y}"


def _when(start: str, step: str) -> str:
    day = date.fromisoformat(start)
    if step == "year":
        return str(day.year)
    return f"{day:%B %Y}" if step == "month" else f"{day.day} {day:%b %Y}"


def _moment(value: datetime) -> str:
    try:
        value = value.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, at the edge of what a date can be
        return str(value.date())
    return f"{value.day} {value:%b %Y, %H:%M}"


def _strength(severity: Severity) -> str:
    return {Severity.CLEAR: "clearly", Severity.MILD: "mildly"}.get(severity, "perhaps")
