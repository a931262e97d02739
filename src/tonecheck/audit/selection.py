"""Chooses which messages of the exports an audit is about: by time, by channel and by author.

What is left out is counted with the reason, and stays readable as what an answer answers. A person
who is left out is not named.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from fnmatch import translate
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import unpack
from tonecheck.errors import InputError

_STEP = "selection"
_CHOSEN = """
INSERT INTO turns (seq) SELECT seq FROM messages WHERE seq NOT IN (SELECT seq FROM left_out)
ORDER BY thread, at, seq
"""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CHANNEL = re.compile(r"#(?P<name>[^:\n]+)(?:: |\Z)")


class Reason(StrEnum):
    """Why a message is left out. Of several reasons the first here is the one that counts."""

    AUTHOR = "author"
    CHANNEL = "channel"
    UNDATED = "undated"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Rule:
    """Messages to keep or to leave out.

    Attributes:
        include: Whether these are kept, and others are not, rather than left out.
        field: `channel` or `author`.
        pattern: What its name looks like: `*` stands for any text, `?` for any character; small
            and capital letters are the same.
    """

    include: bool
    field: Reason
    pattern: str

    def matches(self, names: Sequence[str]) -> bool:
        """Return whether one of several names of a channel or a person fits the pattern."""
        shape = re.compile(translate(_folded(self.pattern).replace("[", "[[]")))
        return any(shape.match(_folded(name)) for name in names)

    def __str__(self) -> str:
        option = "--include" if self.include else "--exclude"
        return f"{option} {self.field}={self.pattern}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an audit is about.

    Attributes:
        since: The first moment, or None. Where there is one, or a last one, undated messages are
            left out, for nobody knows whether they belong.
        until: The first moment that is too late, or None.
        time_zone: In which zone days begin and end, to be said with the period.
        rules: Of one field, a message needs to fit one of the rules that include, if there are
            any, and none of those that exclude.
    """

    since: datetime | None = None
    until: datetime | None = None
    time_zone: str = "UTC"
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection left out.

    Attributes:
        left_out: How many messages, by reason.
        matches: How many channels or people each rule fits, in the order of the rules.
    """

    left_out: dict[str, int]
    matches: list[int]

    @property
    def total(self) -> int:
        """Return how many messages were left out."""
        return sum(self.left_out.values())

    def to_dict(self, selection: Selection) -> dict[str, Any]:
        """Return what `summary.json` says; who is left out is not named there."""
        return {
            "since": selection.since.isoformat() if selection.since else None,
            "until": selection.until.isoformat() if selection.until else None,
            "time_zone": selection.time_zone,
            "rules": [
                {
                    "include": rule.include,
                    "field": str(rule.field),
                    "pattern": rule.pattern if rule.field is Reason.CHANNEL else None,
                    "matches": matches,
                }
                for rule, matches in zip(selection.rules, self.matches, strict=True)
            ],
            "left_out": {**self.left_out, "total": self.total},
        }


def read_rule(value: str, *, include: bool) -> Rule:
    """Return the rule that `channel=PATTERN` or `author=PATTERN` states.

    Raises:
        InputError: If it is neither.
    """
    field, sign, pattern = value.partition("=")
    if not sign or not pattern or field not in {Reason.CHANNEL, Reason.AUTHOR}:
        option = "--include" if include else "--exclude"
        raise InputError(
            f"{option} takes channel=PATTERN or author=PATTERN, such as channel=off-topic or "
            f'author="*bot"; got {value!r}.'
        )
    return Rule(include, Reason(field), pattern)


def read_period(
    since: str | None, until: str | None, time_zone: str = "UTC"
) -> tuple[datetime | None, datetime | None]:
    """Return the first moment of a period, and the first one that is too late.

    Args:
        since: A day, `2026-09-01`, which counts from its beginning; or a moment, an ISO 8601 time.
        until: A day, which counts to its end; or a moment, which counts itself.
        time_zone: The zone of days, and of moments that do not say theirs, such as
            `Europe/Lisbon`.

    Raises:
        InputError: If one is neither a day nor a moment, there is no such zone, or the end comes
            before the beginning.
    """
    zone = _zone(time_zone)
    first, _ = _moments("--since", since, zone) if since is not None else (None, None)
    _, last = _moments("--until", until, zone) if until is not None else (None, None)
    if first and last and last <= first:
        raise InputError(f"--until {until} comes before --since {since}. Swap them.")
    return first, last


def select(spool: Spool, selection: Selection) -> Selected:
    """Mark what is left out of a sorted spool, and return how much that is.

    Called again for one spool, it returns what it returned before.
    """
    if (note := spool.note(_STEP)) is not None:
        return Selected(**note)
    matches = [0] * len(selection.rules)
    people = list(_refused(_people(spool), selection, Reason.AUTHOR, matches=matches))
    spool.change("INSERT INTO unnamed VALUES (?)", ((member,) for member in people))
    threads = _refused(_channels(spool), selection, Reason.CHANNEL, matches=matches)
    _leave_out(spool, Reason.AUTHOR, "m.member IN (SELECT member FROM unnamed)")
    if any(rule.include and rule.field is Reason.AUTHOR for rule in selection.rules):
        _leave_out(spool, Reason.AUTHOR, "m.member IS NULL")
    spool.change(
        f"INSERT OR IGNORE INTO left_out SELECT seq, '{Reason.CHANNEL}' FROM messages "
        "WHERE thread = ?",
        ((thread,) for thread in threads),
    )
    if selection.since or selection.until:
        _leave_out(spool, Reason.UNDATED, "m.at IS NULL")
    if selection.since:
        _leave_out(spool, Reason.PERIOD, "m.at < ?", selection.since.timestamp())
    if selection.until:
        _leave_out(spool, Reason.PERIOD, "m.at >= ?", selection.until.timestamp())
    counts = dict(spool.rows("SELECT reason, count(*) FROM left_out GROUP BY reason"))
    selected = Selected({str(reason): counts.get(reason, 0) for reason in Reason}, matches)
    if selected.total:
        spool.rows("DELETE FROM turns")
        spool.rows(_CHOSEN)
    spool.end_step(_STEP, {"left_out": selected.left_out, "matches": selected.matches})
    return selected


def _leave_out(spool: Spool, reason: Reason, condition: str, *values: float) -> None:
    spool.rows(
        f"INSERT OR IGNORE INTO left_out SELECT m.seq, '{reason}' FROM messages m "
        f"WHERE {condition}",
        *values,
    )


def _people(spool: Spool) -> Iterator[tuple[int, list[str]]]:
    for member, name in spool.names():
        yield member, [name]


def _channels(spool: Spool) -> Iterator[tuple[int, list[str]]]:
    """Yield what each thread is called: its id, its title, and the channel at the title's start."""
    query = "SELECT key, name, title FROM threads WHERE key > ? ORDER BY key LIMIT ?"
    for key, name, title in spool.each(query):
        names = [unpack(name), unpack(title)]
        if match := _CHANNEL.match(names[1]):
            names += [match["name"], f"#{match['name']}"]
        yield key, names


def _refused(
    called: Iterator[tuple[int, list[str]]],
    selection: Selection,
    field: Reason,
    *,
    matches: list[int],
) -> Iterator[int]:
    """Yield who or what the rules of a field leave out, and count what each rule fits."""
    rules = [(place, rule) for place, rule in enumerate(selection.rules) if rule.field is field]
    inclusive = any(rule.include for _, rule in rules)
    for key, names in called if rules else ():
        fitting = [(place, rule) for place, rule in rules if rule.matches(names)]
        for place, _ in fitting:
            matches[place] += 1
        included = any(rule.include for _, rule in fitting) or not inclusive
        if not included or any(not rule.include for _, rule in fitting):
            yield key


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # needs no database of zones, which Windows does not have
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InputError(
            f"there is no time zone {name!r}. Give a name such as Europe/Lisbon or UTC."
        ) from None


def _moments(option: str, value: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of a day or moment, and the first one after it."""
    try:
        if _DAY.fullmatch(value):
            day = date.fromisoformat(value)
            return _start(day, zone), _start(day + timedelta(days=1), zone)
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment, moment + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise InputError(
            f"{option} takes a day or an ISO 8601 time, such as 2026-09-01 or "
            f"2026-09-01T10:30+02:00; got {value!r}."
        ) from None


def _start(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
