"""The invented community: its people and messages, and what no platform keeps to itself."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"
COURSE = "Foundations of Data Analysis"
EXPORTED = datetime(2026, 10, 19, 15, 0, tzinfo=UTC)
CHANNELS = {
    "general": "Hello, help, and everything that is not homework",
    "python-help": "No question is too small",
    "stats-and-sheets": "Numbers, charts, spreadsheets",
    "group-project": "Six groups, six topics",
}
BOT = "Deadline Bot"
REMINDERS = {
    "2026-10-02T09:00:00Z": "Reminder: project proposals close on Sunday 4 October, 23:59 UTC.",
    "2026-10-15T09:00:00Z": "Reminder: project reports close on Friday 16 October, 23:59 UTC.",
}

Row = dict[str, Any]
People = dict[str, Row]


def read_people() -> People:
    """Return the people by name, each with an `n` from 0."""
    rows = json.loads((SAMPLES / "people.json").read_text(encoding="utf-8"))
    return {row["name"]: {**row, "n": n} for n, row in enumerate(rows)}


def read_messages() -> list[Row]:
    """Return the messages, oldest first, with `moment` and `changed` as times."""
    lines = (SAMPLES / "community.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["moment"] = datetime.fromisoformat(row["time"])
        row["changed"] = datetime.fromisoformat(row.get("edited", row["time"]))
    return sorted(rows, key=lambda row: (row["moment"], row["id"]))


def with_mentions(text: str, people: People, show: Callable[[Row], str]) -> str:
    """Return the text with the `@handle` of every member written as `show` gives it."""
    by_handle = {row["handle"]: row for row in people.values()}
    return re.sub(
        r"@([a-z]+)\b", lambda m: show(by_handle[m[1]]) if m[1] in by_handle else m[0], text
    )


def latecomers(messages: list[Row]) -> dict[str, datetime]:
    """Return who wrote first after the first week, and when they joined: an hour before."""
    first: dict[str, datetime] = {}
    for row in messages:
        first.setdefault(row["author"], row["moment"])
    start = messages[0]["moment"] + timedelta(days=7)
    return {name: when - timedelta(hours=1) for name, when in first.items() if when > start}
