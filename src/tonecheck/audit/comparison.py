"""Compares two finished audits: what changed, how sure that is, and what speaks against it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from tonecheck.audit.changes import period, sentence, small_samples, warning
from tonecheck.audit.clusters import ANY_TONE, COUNTS, Counts, merged
from tonecheck.audit.difference import Difference, Sample, difference, effective_number
from tonecheck.audit.spool import Spool
from tonecheck.console import printable
from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.policy import Policy

COMPARISON = "comparison.json"
"""The file of an audit that holds what changed since another."""
SHARES = (*map(str, TONES), ANY_TONE)
"""What is compared."""

_SCHEMA = 1
_MANY = 10  # threads of one size that say enough of how threads differ
_SAME, _SHARED = 0.95, 0.05  # parts of the messages that stand in both audits
_LONGEST = 200  # characters of what somebody else's file says
_AGAIN = "Give the folder of a finished audit, or audit that export again."

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What a finished audit is compared by.

    Attributes:
        title: What its report is called.
        first: When its first message was written, in UTC, or None.
        last: When its last one was.
        model: The model's `name@version`.
        thresholds: The thresholds that were in force, as `summary.json` has them.
        rules: Which channels and people were left out, as far as the summary says.
        counts: Its messages and flags by thread.
    """

    title: str
    first: str | None
    last: str | None
    model: str
    thresholds: Mapping[str, Any]
    rules: tuple[tuple[Any, ...], ...]
    counts: Counts

    @classmethod
    def of(cls, summary: Mapping[str, Any], counts: Counts) -> Self:
        """Return what `summary.json` and the counts say.

        Raises:
            ValueError: If the summary is none.
        """
        try:
            when = summary["period"]
            for moment in (when["first"], when["last"]):
                if moment is not None:
                    datetime.fromisoformat(moment)
            return cls(
                title=str(summary["title"]),
                first=when["first"],
                last=when["last"],
                model=str(summary["model"]),
                thresholds={str(tone): dict(summary["thresholds"][tone]) for tone in TONES},
                rules=tuple(
                    (rule["include"], rule["field"], rule["pattern"])
                    for rule in summary["selection"]["rules"]
                ),
                counts=counts,
            )
        except (KeyError, TypeError) as err:
            raise ValueError(f"no summary: {err}") from err

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what the files of an audit say.

        Raises:
            InputError: If no finished audit lies there, or one without counts.
        """
        if not (folder / "summary.json").is_file():
            raise InputError(f"no finished audit lies here. {_AGAIN}", place=str(folder))
        if not (folder / COUNTS).is_file():
            message = f"an audit without {COUNTS} cannot be compared. {_AGAIN}"
            raise InputError(message, place=str(folder))
        counts = _parsed(folder / COUNTS, Counts.from_dict)
        return _parsed(folder / "summary.json", lambda summary: cls.of(summary, counts))

    def require_alike(self, model: str, thresholds: Mapping[str, Any]) -> None:
        """Make sure that another audit is made with the same model and thresholds.

        Raises:
            InputError: If it is not: then a difference would say nothing of the messages.
        """
        for what, ours, theirs in (
            ("the model", self.model, model),
            ("the thresholds", self.thresholds, thresholds),
        ):
            if ours != theirs:
                raise InputError(
                    f"{what} of the earlier audit, {_brief(ours)}, and of this one, "
                    f"{_brief(theirs)}, differ, so the difference would be theirs. "
                    "Audit both exports with the same model and thresholds."
                )


def read_before(folder: Path, out: Path, *, model: str, policy: Policy) -> Audited:
    """Return the earlier audit that a new one is to be compared with.

    Args:
        folder: Where the earlier one lies.
        out: Where the new one goes.
        model: The model of the new one.
        policy: Its thresholds.

    Raises:
        InputError: If the two cannot be compared.
    """
    if folder.resolve() == out.resolve():
        raise InputError(
            "this audit replaces the one that it is compared with. "
            "Give another folder for its files.",
            place=str(folder),
        )
    before = Audited.read(folder)
    before.require_alike(model, {str(tone): asdict(policy[tone]) for tone in TONES})
    return before


def write_comparison(
    folder: Path, spool: Spool, summary: Mapping[str, Any], *, before: Audited | None
) -> dict[str, Any] | None:
    """Write the counts of an audit, and what changed since an earlier one; return the latter.

    Args:
        folder: Where the files go.
        spool: The messages with their verdicts.
        summary: What `summary.json` holds.
        before: The earlier audit, or None to write the counts alone.
    """
    counts = Counts.of(spool)
    _write_json(folder / COUNTS, counts.to_dict(), indent=None)
    if before is None:
        return None
    comparison = compare(before, Audited.of(summary, counts))
    _write_json(folder / COMPARISON, comparison, indent=2)
    return comparison


def compare(before: Audited, after: Audited) -> dict[str, Any]:
    """Return what changed between two audits, as JSON values.

    Raises:
        InputError: If the model or the thresholds differ.
    """
    before.require_alike(after.model, after.thresholds)
    unit = _unit(before.counts, after.counts)
    found = {name: _difference(before.counts, after.counts, (unit, name)) for name in SHARES}
    return {
        "schema": _SCHEMA,
        "before": _about(before),
        "after": _about(after),
        "counted_by": unit,
        "tones": {name: _to_dict(name, change) for name, change in found.items()},
        "warnings": [*_doubts(before, after, unit), *small_samples(found)],
    }


def _unit(before: Counts, after: Counts) -> str:
    """Return what is taken for independent of each other: threads, if there are enough of them.

    A chat is often one thread, and its days are the next best.
    """
    for unit, enough in (("threads", _MANY), ("conversations", 2)):
        sizes = (merged(getattr(counts, unit), ANY_TONE) for counts in (before, after))
        if min(map(effective_number, sizes)) >= enough:
            return unit
    return "messages"


def _difference(before: Counts, after: Counts, what: tuple[str, str]) -> Difference:
    unit, name = what
    rows = "threads" if unit == "messages" else unit
    samples = [merged(getattr(counts, rows), name) for counts in (before, after)]
    return difference(*samples, clustered=unit != "messages")


def _about(audit: Audited) -> dict[str, Any]:
    return {
        "title": audit.title,
        "period": {"first": audit.first, "last": audit.last},
        "judged": audit.counts.messages,
        "threads": sum(row[-1] for row in audit.counts.threads),
        "model": audit.model,
    }


def _to_dict(name: str, change: Difference) -> dict[str, Any]:
    low, high = change.interval
    return {
        "before": _share(change.before),
        "after": _share(change.after),
        "difference": {
            "value": round(change.value, 5),
            "low": round(low, 5),
            "high": round(high, 5),
        },
        "change": str(change.change),
        "needed": change.needed,
        "sentence": sentence(name, change),
    }


def _share(sample: Sample) -> dict[str, int | float | None]:
    low, high = sample.interval
    return {
        "yes": sample.count,
        "judged": sample.total,
        "share": round(sample.share, 5) if sample.total else None,
        "low": round(low, 5),
        "high": round(high, 5),
        "design_effect": round(sample.design_effect, 2),
    }


def _doubts(before: Audited, after: Audited, unit: str) -> Iterator[dict[str, str]]:
    """Yield what speaks against comparing the two."""
    shared = before.counts.shared_part(after.counts)
    if shared >= _SAME:
        yield warning("same")
    elif shared >= _SHARED:
        yield warning("shared", part=f"{100 * shared:.0f}")
    periods = [(audit.first, audit.last) for audit in (before, after)]
    (first_before, last_before), (first, last) = periods
    if first_before and last_before and first and last:
        if last < first_before:
            yield warning("order", before=period(*periods[0]), after=period(*periods[1]))
        elif first <= last_before and shared < _SAME:
            yield warning("overlap", before=period(*periods[0]), after=period(*periods[1]))
    if sorted(map(str, before.rules)) != sorted(map(str, after.rules)):
        yield warning("rules")
    if before.counts.version != after.counts.version:
        yield warning("version", before=before.counts.version, after=after.counts.version)
    if unit == "messages" and before.counts.messages and after.counts.messages:
        yield warning("independent")


def _brief(value: object) -> str:
    if not isinstance(value, Mapping):
        return printable(str(value))[:_LONGEST]
    bands = (f"{tone} {'/'.join(map(str, band.values()))}" for tone, band in value.items())
    return ", ".join(bands)


def _parsed(path: Path, parse: Callable[[Any], _Found]) -> _Found:
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as err:
        reason = printable(str(err))[:_LONGEST]
        message = f"is no file that an audit of this version wrote ({reason}). {_AGAIN}"
        raise InputError(message, place=str(path)) from err


def _write_json(path: Path, row: Mapping[str, Any], *, indent: int | None) -> None:
    path.write_text(json.dumps(row, indent=indent) + "\n", encoding="utf-8")
