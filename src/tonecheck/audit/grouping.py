"""Reads which group each author is in, where the operator wants to compare groups."""

import csv
from collections.abc import Mapping
from pathlib import Path

from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import LONGEST_NAME
from tonecheck.errors import InputError

MOST_AUTHORS = 1_000_000
"""How many rows a file of groups may have."""

_STEP = "groups"
_LONGEST_GROUP = 60
_HEADER = ("author", "group")
_HELP = "Give a CSV file in UTF-8 with the columns author and group, one author a row."


def read_groups(path: Path) -> dict[str, str]:
    """Return the group of each author in a CSV file.

    Raises:
        InputError: If the file cannot be read, lacks a column, is too large, or a row is broken or
            puts an author into a second group.
    """
    groups: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(_HEADER) <= set(rows.fieldnames or ()):
                raise InputError(f"has no columns author and group. {_HELP}", place=str(path))
            for row in rows:
                place = f"{path}:{rows.line_num}"
                author, group = ((row[name] or "").strip() for name in _HEADER)
                _require_row(author, group, place)
                if groups.setdefault(author[:LONGEST_NAME], group) != group:
                    message = "this author is in another group above. Keep one row an author."
                    raise InputError(message, place=place)
                if len(groups) > MOST_AUTHORS:
                    message = f"has more than {MOST_AUTHORS:,} authors. Leave out who is not heard."
                    raise InputError(message, place=str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"the groups cannot be read: {err}. {_HELP}", place=str(path)) from err
    return groups


def keep_groups(spool: Spool, groups: Mapping[str, str]) -> None:
    """Note in a spool whose members still have their names who is in which group, once."""
    if spool.note(_STEP) is not None:
        return
    found = [(key, groups[name]) for key, name in spool.names() if name in groups] if groups else []
    spool.change("INSERT INTO groups VALUES (?, ?)", found)
    spool.end_step(_STEP, {"supplied": len(groups), "found": len(found)})


def groups_note(spool: Spool) -> dict[str, int]:
    """Return how many authors were supplied, and how many of them the audit knows."""
    return dict(spool.note(_STEP) or {})


def _require_row(author: str, group: str, place: str) -> None:
    if not author or not group:
        raise InputError(f"a row needs an author and a group. {_HELP}", place=place)
    if len(group) > _LONGEST_GROUP:
        message = f"the name of a group has more than {_LONGEST_GROUP} characters. Shorten it."
        raise InputError(message, place=place)
