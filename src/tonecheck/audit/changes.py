"""Says in plain words what changed between two audits, and what speaks against comparing them."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime

from tonecheck.audit.clusters import ANY_TONE
from tonecheck.audit.difference import Change, Difference

LIMITS = (
    "The ranges say what chance alone could do. They do not hold the model's mistakes, nor that "
    "other people may have written about other things: a difference does not say why. "
    "A person decides what it means."
)
"""What stands below every comparison."""

_MOST_PLACES = 4
_SENTENCES = {
    Change.LESS: "{name} fell from {before} to {after} of messages: less than before ({range}).",
    Change.MORE: "{name} rose from {before} to {after} of messages: more than before ({range}).",
    Change.SIMILAR: "{name} was {before} of messages before and is {after} now: "
    "no clear change ({range}).",
    Change.UNCLEAR: "{name} was {before} of messages before and is {after} now: "
    "too few messages to tell ({range}).{needed}",
    Change.NONE: "{name} was not flagged before and is not now ({range}).",
}
_NEEDED = " To tell a fall by half, it takes about {number:,} messages in each audit."
_NOTHING = "{name} cannot be compared, for one audit judged no message."

_WARNINGS = {
    "same": "Both audits hold the same messages, so there is nothing to compare. "
    "Compare with the audit of another time or group.",
    "shared": "About {part} in 100 messages of the smaller audit stand in the other one, too, and "
    "hide part of what changed. Audit each time by itself, with --since and --until.",
    "order": "The earlier audit is of {before}, later than this one ({after}): "
    "read “before” and “now” the other way round.",
    "overlap": "The times overlap: {before} before, {after} now. That is right for two groups, "
    "and wrong for before and after.",
    "rules": "The audits leave out different channels or people, by --include or --exclude. "
    "That is right for two groups, and wrong for before and after.",
    "version": "The earlier audit was made by tonecheck {before} and this one by {after}, which "
    "may read messages differently. Audit both with one version to be sure.",
    "independent": "The exports name too few threads and days to see how alike messages of one "
    "quarrel are, so the ranges take each message by itself and are too narrow.",
    "small": "There are too few messages to tell whether {names} changed.",
}


def sentence(name: str, change: Difference) -> str:
    """Return what changed, as people say it.

    Args:
        name: What is compared: a tone, or `any_tone`.
        change: The two shares and their difference.
    """
    if not (change.before.total and change.after.total):
        return _NOTHING.format(name=_capital(name))
    places = _places(change)
    low, high = change.interval
    needed = change.needed
    return _SENTENCES[change.change].format(
        name=_capital(name),
        before=f"{100 * change.before.share:.{places}f}%",
        after=f"{100 * change.after.share:.{places}f}%",
        range=f"difference {points(change.value, places)} points, 95% from "
        f"{points(low, places)} to {points(high, places)}",
        needed=_NEEDED.format(number=_rounded_up(needed)) if needed else "",
    )


def small_samples(changes: Mapping[str, Difference]) -> Iterator[dict[str, str]]:
    """Yield a warning that names what there are too few messages for, if there is anything."""
    names = [
        _spoken(name)
        for name, change in changes.items()
        if change.change is Change.UNCLEAR and name != ANY_TONE
    ]
    if names:
        *others, last = names
        yield warning("small", names=f"{', '.join(others)} and {last}" if others else last)


def warning(kind: str, **values: str) -> dict[str, str]:
    """Return a warning as JSON values: what kind it is, and what it says."""
    return {"kind": kind, "text": _WARNINGS[kind].format(**values)}


def period(first: str | None, last: str | None) -> str:
    """Return from when to when messages are."""
    if not first or not last:
        return "no date"
    days = [_day(moment) for moment in (first, last)]
    return " to ".join(dict.fromkeys(days))


def points(value: float, places: int) -> str:
    """Return a difference of shares in percentage points, with its sign.

    Example:
        >>> points(-0.015, 1)
        '−1.5'
    """
    number = f"{abs(100 * value):.{places}f}"
    if not float(number):
        return number
    return f"{'−' if value < 0 else '+'}{number}"


def _places(change: Difference) -> int:
    """Return how many decimals it takes for no number to read as 0 that is none."""
    numbers = [change.before.share, change.after.share]
    if change.change in {Change.LESS, Change.MORE}:
        numbers += change.interval
    places = 1
    while places < _MOST_PLACES and any(n and not round(100 * abs(n), places) for n in numbers):
        places += 1
    return places


def _rounded_up(number: int) -> int:
    """Return a number with two digits that count: it is an estimate."""
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return math.ceil(number / unit) * unit


def _capital(name: str) -> str:
    return _spoken(name)[0].upper() + _spoken(name)[1:]


def _spoken(name: str) -> str:
    return "any of the three" if name == ANY_TONE else name


def _day(moment: str) -> str:
    day = datetime.fromisoformat(moment)
    return f"{day.day} {day:%B %Y}"
