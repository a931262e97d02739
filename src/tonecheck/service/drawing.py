"""Draws the trend of a tone as a small SVG, without a drawing library and without JavaScript."""

from collections.abc import Sequence

from markupsafe import Markup

from tonecheck.labels import Tone
from tonecheck.service.trends import Week

WIDTH, HEIGHT = 640, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 22
_SOLID = 10  # replies that make a week worth scaling a chart by


def draw(tone: Tone, weeks: Sequence[Week]) -> Markup:
    """Return the share of flagged replies by week, with its interval as a band around it.

    Weeks in which nothing was judged leave a gap. It is hidden from screen readers, for the table
    beside it says the same.
    """
    top = _ceiling(tone, weeks)
    runs: list[list[int]] = [[]]
    for number, week in enumerate(weeks):
        if week.judged:
            runs[-1].append(number)
        elif runs[-1]:
            runs.append([])
    drawn = "".join(_run(tone, weeks, run=run, top=top) for run in runs if run)
    dates = "".join(_date(weeks, number) for number in sorted({0, len(weeks) // 2, len(weeks) - 1}))
    lines = "".join(_level(share, top) for share in (0.0, top / 2, top))
    return Markup(
        f'<svg class="trend {tone}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" '
        f'focusable="false">{lines}{dates}{drawn}</svg>'
    )


def _ceiling(tone: Tone, weeks: Sequence[Week]) -> float:
    solid = [w for w in weeks if w.judged >= _SOLID] or [w for w in weeks if w.judged]
    return min(1.0, max([0.04, *(w.share(tone).interval[1] for w in solid)]))


def _run(tone: Tone, weeks: Sequence[Week], *, run: Sequence[int], top: float) -> str:
    xs = [_x(number, len(weeks)) for number in run]
    ends = [weeks[number].share(tone).interval for number in run]
    ys = [_y(weeks[number].share(tone).value or 0.0, top) for number in run]
    upper = [f"{x:.1f},{_y(high, top):.1f}" for x, (_, high) in zip(xs, ends, strict=True)]
    lower = [f"{x:.1f},{_y(low, top):.1f}" for x, (low, _) in zip(xs, ends, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in zip(xs, ys, strict=True)
    )
    if len(run) == 1:  # a band of one week has no width: a stroke stands for it
        x, ((low, high),) = xs[0], ends
        ends_of_bar = f'y1="{_y(low, top):.1f}" y2="{_y(high, top):.1f}"'
        return f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" {ends_of_bar}/>{dots}'
    band = " ".join([*upper, *reversed(lower)])
    return f'<polygon points="{band}"/><polyline points="{line}"/>{dots}'


def _level(share: float, top: float) -> str:
    y = _y(share, top)
    said = f"{100 * share:.0f}" if top >= 0.1 else f"{100 * share:.1f}"
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{said}</text>'
    )


def _date(weeks: Sequence[Week], number: int) -> str:
    last = len(weeks) - 1
    anchor = "start" if number == 0 else "end" if number == last else "middle"
    day = weeks[number].start
    x = _x(number, len(weeks))
    return f'<text x="{x:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{day.day} {day:%b}</text>'


def _x(number: int, of: int) -> float:
    room = WIDTH - _LEFT - _RIGHT - 12
    return _LEFT + 6 + (room * number / (of - 1) if of > 1 else room / 2)


def _y(share: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - min(share, top) / top)
