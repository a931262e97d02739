"""Says in words what an audit is about, what was left out of it, and what its files hide."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tonecheck.console import printable

_WHY = {
    "author": "by authors who were left out",
    "channel": "in channels that were left out",
    "undated": "without a usable date, so that nobody knows whether they belong to the period",
    "period": "from outside the period",
}
_KINDS = {
    "name": ("name", "names"),
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "link": ("link", "links"),
    "handle": ("@handle", "@handles"),
}
_INSTANT = timedelta(microseconds=1)
_LONGEST_PATTERN = 80


def selection_lines(selection: Mapping[str, Any]) -> list[str]:
    """Return what an audit is about and what was left out, a line each.

    Args:
        selection: The part of `summary.json`. No line names an author.
    """
    lines = []
    if period := _period(selection):
        lines.append(period)
    for include, word in ((True, "only"), (False, "without")):
        patterns = [
            printable(rule["pattern"])[:_LONGEST_PATTERN]
            for rule in selection["rules"]
            if rule["include"] is include and rule["pattern"] is not None
        ]
        if patterns:
            lines.append(f"{word} the channels {', '.join(patterns)}")
    lines += [
        f"left out: {_counted(count, 'message', 'messages')} {_WHY[reason]}"
        for reason, count in selection["left_out"].items()
        if reason in _WHY and count
    ]
    return [f"{line[0].upper()}{line[1:]}" for line in lines]


def hidden_words(hidden: Mapping[str, Any]) -> str:
    """Return how much was taken out of texts: "3 names, 1 link", or "nothing was found"."""
    counts = [_counted(count, *_KINDS[kind]) for kind, count in hidden["counts"].items() if count]
    return ", ".join(counts) or "nothing was found"


def _period(selection: Mapping[str, Any]) -> str:
    zone = selection["time_zone"]
    words = []
    if selection["since"]:
        words.append(f"from {_moment(selection['since'], zone)}")
    if selection["until"]:
        words.append(f"until {_moment(selection['until'], zone, last=True)}")
    return f"period: {' '.join(words)}, {zone}" if words else ""


def _moment(value: str, zone: str, *, last: bool = False) -> str:
    """Return a bound of a period in its time zone: a day where it falls on the turn of one.

    Args:
        value: The first moment inside, or the first one behind it.
        zone: The name of the time zone.
        last: Whether to say the last moment inside rather than the first one behind.
    """
    moment = datetime.fromisoformat(value)
    if zone != "UTC":
        moment = moment.astimezone(ZoneInfo(zone))
    midnight = not (moment.hour or moment.minute or moment.second or moment.microsecond)
    if midnight:
        return str((moment - _INSTANT).date() if last else moment.date())
    shown = moment - _INSTANT if last else moment
    return shown.isoformat(" ", "minutes" if not shown.second else "seconds")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
