"""Chooses the messages that a report quotes, and makes them ready to show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tonecheck.audit.members import NameMask, label
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import Stored
from tonecheck.highlight import Piece, cut, excerpt, head, spans_of, visible
from tonecheck.labels import Decision, Severity, Tone
from tonecheck.verdict import Verdict

MAX_THREADS = 40
MAX_FLAGGED = 110
MAX_UNSURE = 40
MIN_A_THREAD = 8
MAX_TITLE = 120
MAX_NAME = 60
MAX_EXPLANATION = 700

_PLACE_SHOWN = 48

Picked = tuple[Stored, Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the checker makes of one tone of a quoted message."""

    tone: Tone
    probability: float
    severity: Severity
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A message as the report shows it.

    Attributes:
        author: The author's pseudonym or name, or empty.
        answers: The same for the author of the message that it answers.
        place: The platform's id of the message, or else where it was read, to find it by.
        parent: The beginning of the message that it answers, or empty.
        inferred: Whether what it answers was worked out rather than stated by the export.
        pieces: The message, or the part of it around its evidence.
        marks: Its tones, flagged ones first.
    """

    author: str
    answers: str
    title: str
    time: datetime | None
    place: str
    parent: str
    inferred: bool
    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...]
    explanation: str


def choose_flagged(spool: Spool, threads: Sequence[int]) -> dict[int, list[int]]:
    """Return, for each thread, which flagged messages to quote: the surest, in order of time.

    Every thread gets at least one as long as there are no more than `MAX_THREADS`; a few threads,
    such as the channels of a chat, get more each.
    """
    chosen = {}
    left = MAX_FLAGGED
    each = max(MIN_A_THREAD, MAX_FLAGGED // max(1, len(threads)))
    for waiting, thread in zip(range(len(threads) - 1, -1, -1), threads, strict=True):
        rows = spool.rows(
            "SELECT seq FROM (SELECT m.seq, m.at FROM marks k JOIN messages m ON m.seq = k.seq "
            "WHERE m.thread = ? AND k.decision = 'yes' GROUP BY m.seq "
            "ORDER BY max(k.probability) DESC, m.seq LIMIT ?) ORDER BY at, seq",
            thread,
            min(left - waiting, each),
        )
        chosen[thread] = [row[0] for row in rows]
        left -= len(rows)
    return chosen


def choose_unsure(spool: Spool) -> list[int]:
    """Return which messages that are unsure and not flagged to quote, the likeliest first."""
    rows = spool.rows(
        "SELECT seq FROM marks GROUP BY seq HAVING max(decision = 'yes') = 0 "
        "ORDER BY max(probability) DESC, seq LIMIT ?",
        MAX_UNSURE,
    )
    return [row[0] for row in rows]


def make_mask(spool: Spool, picked: Sequence[Picked], titles: Iterable[str]) -> NameMask:
    """Return what hides the names of members in these messages and titles."""
    texts = [text for stored, verdict in picked for text in _texts(stored, verdict)]
    return NameMask(spool.names(), [*texts, *titles])


def make_quote(picked: Picked, mask: NameMask, *, names: bool) -> Quote:
    """Return a message ready to show."""
    stored, verdict = picked
    message = stored.message
    text, spans = excerpt(message.text, spans_of(verdict))
    return Quote(
        author=visible(label(stored.member, message.author, names=names), MAX_NAME),
        answers=visible(label(stored.answers, stored.answers_name, names=names), MAX_NAME),
        title=visible(mask.apply(message.title), MAX_TITLE),
        time=message.time,
        place=visible(_short(mask.apply(message.id or message.place))),
        parent=visible(mask.apply(head(message.parent or ""))),
        inferred=message.inferred,
        pieces=cut(text, spans, mask.spans(text)),
        marks=_marks(verdict),
        explanation=visible(mask.apply(verdict.explanation), MAX_EXPLANATION),
    )


def _texts(stored: Stored, verdict: Verdict) -> tuple[str, ...]:
    message = stored.message
    shown, _ = excerpt(message.text, spans_of(verdict))
    place = message.id or message.place
    return shown, head(message.parent or ""), message.title, place, verdict.explanation


def _marks(verdict: Verdict) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            tone=tone,
            probability=verdict.tones[tone].probability,
            severity=verdict.tones[tone].severity,
            decision=verdict.tones[tone].decision,
        )
        for tone in (*verdict.flagged, *verdict.unsure)
    )


def _short(place: str) -> str:
    """Return a place without its middle if it is long: the end tells most of a path."""
    if len(place) <= _PLACE_SHOWN:
        return place
    half = _PLACE_SHOWN // 2
    return f"{place[: half - 1]}…{place[-half:]}"
