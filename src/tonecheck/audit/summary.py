"""Adds up an audit: how often, when, in which threads, and who was at the receiving end.

Everything is counted by SQL over the spool, so the size of the export does not matter. Messages
that could not be judged (nothing in the author's own words, or not English) count in no share.
"""

from collections.abc import Iterator
from typing import Any

from tonecheck.audit.members import label
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import unpack
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.shares import Share

MIN_ANSWERS = 5
"""Fewer answers than this say nothing about how a member is treated, so no share is shown."""
LONGEST_LIST = 500
"""How many threads and members `summary.json` names at most; the counts cover all of them."""

_DAY = 86_400
_YEAR = 366 * _DAY
_LONGEST_ID = 1_000
_STEPS = {
    "day": "date(m.at, 'unixepoch')",
    "week": "date(m.at, 'unixepoch', '-6 days', 'weekday 1')",  # the Monday on or before
    "month": "date(m.at, 'unixepoch', 'start of month')",
    "year": "date(m.at, 'unixepoch', 'start of year')",
}
_CHOSEN = "FROM turns q JOIN messages m ON m.seq = q.seq"
_JUDGED = "FROM messages m JOIN verdicts v ON v.seq = m.seq WHERE v.judged"
# Each message once, by its strongest mark: one that is hostile and dismissive is one message.
_MARKED = """
(SELECT seq, max(probability) AS probability, max(decision = 'yes') AS yes
 FROM marks GROUP BY seq) k JOIN messages m ON m.seq = k.seq
"""
_RECEIVED = """
SELECT p.member, count(*) AS answers, coalesce(sum(k.yes), 0) AS flagged
FROM messages m JOIN verdicts v ON v.seq = m.seq AND v.judged JOIN messages p ON p.seq = m.parent
LEFT JOIN (SELECT seq, max(decision = 'yes') AS yes FROM marks GROUP BY seq) k ON k.seq = m.seq
WHERE p.member IS NOT NULL AND p.member IS NOT m.member
AND p.member NOT IN (SELECT member FROM unnamed)
GROUP BY p.member HAVING flagged > 0
"""


def summarise(spool: Spool, *, names: bool, duplicates: int) -> dict[str, Any]:
    """Return what `summary.json` says about the messages in a spool, as JSON values.

    Args:
        spool: The messages with their verdicts.
        names: Whether members are called by name rather than by pseudonym.
        duplicates: How many messages were left out because the spool held them already.
    """
    messages = {**_messages(spool), "duplicates": duplicates}
    inferred = "SELECT coalesce(sum(json_extract(body, '$.inferred')), 0) FROM messages"
    judged = messages["judged"]
    return {
        "period": _period(spool),
        "messages": messages,
        "inferred_answers": _number(spool, inferred),
        "tones": {str(tone): _tone(spool, tone, judged) for tone in TONES},
        "any_tone": _any_tone(spool, judged),
        "timeline": _timeline(spool),
        "threads": _threads(spool),
        "received": _received(spool, names),
    }


def _messages(spool: Spool) -> dict[str, int]:
    read, judged, empty, foreign, truncated = spool.rows(
        "SELECT count(*), coalesce(sum(judged), 0), coalesce(sum(note = 'empty'), 0), "
        "coalesce(sum(note = 'not_english'), 0), coalesce(sum(truncated), 0) FROM verdicts"
    )[0]
    return {
        "read": read,
        "judged": judged,
        "empty": empty,
        "not_english": foreign,
        "truncated": truncated,
        "undated": _number(spool, f"SELECT count(*) {_CHOSEN} WHERE m.at IS NULL"),
        "threads": _number(spool, f"SELECT count(DISTINCT m.thread) {_CHOSEN}"),
        "members": _number(spool, f"SELECT count(DISTINCT m.member) {_CHOSEN}"),
    }


def _period(spool: Spool) -> dict[str, str | None]:
    first, last = spool.rows(
        "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', min(at), 'unixepoch'), "
        f"strftime('%Y-%m-%dT%H:%M:%SZ', max(at), 'unixepoch') {_CHOSEN}"
    )[0]
    return {"first": first, "last": last}


def _tone(spool: Spool, tone: Tone, judged: int) -> dict[str, int | float | None]:
    counts = {
        (decision, severity): count
        for decision, severity, count in spool.rows(
            "SELECT decision, severity, count(*) FROM marks WHERE tone = ? GROUP BY 1, 2", tone
        )
    }
    yes = sum(n for (decision, _), n in counts.items() if decision == Decision.YES)
    unsure = sum(counts.values()) - yes
    return {
        "yes": yes,
        "unsure": unsure,
        "no": judged - yes - unsure,
        "clear": counts.get((Decision.YES, Severity.CLEAR), 0),
        "mild": counts.get((Decision.YES, Severity.MILD), 0),
        **Share(yes, judged).to_dict(),
    }


def _any_tone(spool: Spool, judged: int) -> dict[str, int | float | None]:
    yes = _number(spool, f"SELECT coalesce(sum(k.yes), 0) FROM {_MARKED}")
    marked = _number(spool, f"SELECT count(*) FROM {_MARKED}")
    return {
        "yes": yes,
        "unsure": marked - yes,
        "no": judged - marked,
        **Share(yes, judged).to_dict(),
    }


def _timeline(spool: Spool) -> dict[str, Any]:
    """Return counts and shares a day, week, month or year, whichever suits the span.

    So there are never more than some 200 points, and one message with a wrong date does not make
    thousands.
    """
    first, last = spool.rows(f"SELECT min(m.at), max(m.at) {_JUDGED}")[0]
    if first is None:
        return {"step": None, "points": []}
    span = last - first
    when = _STEPS[step := _step(span)]
    flagged = {
        (start, tone): count
        for start, tone, count in spool.rows(
            f"SELECT {when}, k.tone, count(*) FROM marks k JOIN messages m ON m.seq = k.seq "
            "WHERE k.decision = 'yes' GROUP BY 1, 2"
        )
    }
    totals = spool.rows(
        f"SELECT {when}, count(*) {_JUDGED} AND m.at IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    points = [
        {
            "start": start,
            "messages": total,
            "tones": {
                str(tone): _counted(Share(flagged.get((start, str(tone)), 0), total))
                for tone in TONES
            },
        }
        for start, total in totals
    ]
    return {"step": step, "points": points}


def _step(span: float) -> str:
    if span < 21 * _DAY:
        return "day"
    if span < 2 * _YEAR:
        return "week"
    return "month" if span < 10 * _YEAR else "year"


def _threads(spool: Spool) -> dict[str, Any]:
    flagged, marked_only = spool.rows(
        "SELECT coalesce(sum(yes), 0), count(*) - coalesce(sum(yes), 0) "
        f"FROM (SELECT max(k.yes) AS yes FROM {_MARKED} GROUP BY m.thread)"
    )[0]
    return {
        "with_flagged": flagged,
        "with_unsure_only": marked_only,
        "ranked": list(ranked_threads(spool, most=LONGEST_LIST)),
    }


def ranked_threads(spool: Spool, *, most: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the threads with anything flagged or unsure, by concern, and what is in each.

    The concern of a thread is the sum of the probabilities of its flagged and unsure messages
    (for each message, of its strongest tone). So a long thread with three flagged messages comes
    before a short one with one: there is more in it to look at. It is for sorting, no estimate of
    how many of them a person would flag: where people are mostly kind, probabilities are too high.

    Args:
        spool: The messages with their verdicts.
        most: How many to yield, or None for all of them.
    """
    found = spool.stream(
        "SELECT t.key, t.name, t.title, sum(k.probability), sum(k.yes), count(*) "
        f"FROM {_MARKED} JOIN threads t ON t.key = m.thread "
        "GROUP BY t.key ORDER BY 4 DESC, t.key LIMIT ?",
        -1 if most is None else most,
    )
    for key, name, title, concern, yes, marked in found:
        tones = dict(
            spool.rows(
                "SELECT k.tone, count(*) FROM marks k JOIN messages m ON m.seq = k.seq "
                "WHERE m.thread = ? AND k.decision = 'yes' GROUP BY 1",
                key,
            )
        )
        yield {
            "key": key,
            "thread": unpack(name)[:_LONGEST_ID],
            "title": unpack(title),
            "messages": _number(spool, f"SELECT count(*) {_JUDGED} AND m.thread = ?", key),
            "concern": round(concern, 2),
            "flagged": yes,
            "unsure": marked - yes,
            "tones": {str(tone): tones.get(str(tone), 0) for tone in TONES},
        }


def _received(spool: Spool, names: bool) -> dict[str, Any]:
    number = _number(spool, f"SELECT count(*) FROM ({_RECEIVED})")
    return {"members": number, "ranked": list(receivers(spool, names=names, most=LONGEST_LIST))}


def receivers(spool: Spool, *, names: bool, most: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the members who were answered with a flagged message, by how many of these they got.

    Only answers whose parent the export names or that was inferred count, and nobody receives from
    themselves.

    Args:
        spool: The messages with their verdicts.
        names: Whether members are called by name rather than by pseudonym.
        most: How many to yield, or None for all of them.
    """
    found = spool.stream(
        f"SELECT r.member, a.name, r.answers, r.flagged FROM ({_RECEIVED}) r "
        "JOIN members a ON a.key = r.member ORDER BY r.flagged DESC, r.member LIMIT ?",
        -1 if most is None else most,
    )
    for member, name, answers, flagged in found:
        total = answers if answers >= MIN_ANSWERS else 0
        yield {
            "member": label(member, unpack(name), names=names),
            "answers": answers,
            "flagged": flagged,
            **Share(flagged, total).to_dict(),
        }


def _counted(share: Share) -> dict[str, int | float | None]:
    return {"yes": share.count, **share.to_dict()}


def _number(spool: Spool, sql: str, *values: int) -> int:
    return int(spool.rows(sql, *values)[0][0])
