"""Chooses the messages that a report quotes, and cuts them into pieces to show.

Everything here is about showing: `verdicts.jsonl` keeps the texts and offsets as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tonecheck.audit.members import NameMask, label
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import Stored
from tonecheck.console import printable
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.verdict import Verdict

MAX_THREADS = 40
MAX_FLAGGED = 110
MAX_UNSURE = 40
MIN_A_THREAD = 8
MAX_TITLE = 120
MAX_NAME = 60

_SHOWN = 700  # characters of a reply: more than nine in ten are shorter
_LEAD = 200  # what is left before the first evidence of a longer one
_PARENT_SHOWN = 320
_PLACE_SHOWN = 48
_SPANS_SHOWN = 12  # our checkers give no more than 9; each costs up to 300 bytes of markup

Span = tuple[int, int, Tone]
Picked = tuple[Stored, Verdict]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a quote, and the tones that it is evidence for."""

    text: str
    tones: tuple[Tone, ...] = ()


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
    text, spans = excerpt(message.text, _spans(verdict))
    return Quote(
        author=visible(label(stored.member, message.author, names=names), MAX_NAME),
        answers=visible(label(stored.answers, stored.answers_name, names=names), MAX_NAME),
        title=visible(mask.apply(message.title), MAX_TITLE),
        time=message.time,
        place=visible(_short(mask.apply(message.id or message.place))),
        parent=visible(mask.apply(_head(message.parent or ""))),
        inferred=message.inferred,
        pieces=cut(text, spans, mask),
        marks=_marks(verdict),
        explanation=visible(mask.apply(verdict.explanation), _SHOWN),
    )


def excerpt(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return the part of a text to show, and the spans inside it, moved along."""
    if len(text) <= _SHOWN:
        return text, list(spans)
    first = min((start for start, _, _ in spans), default=0)
    begin = 0 if first <= _LEAD else _word_edge(text, first - _LEAD)
    end = min(len(text), begin + _SHOWN)
    before, after = "… " if begin else "", " …" if end < len(text) else ""
    shift = len(before) - begin
    moved = [
        (max(start, begin) + shift, min(stop, end) + shift, tone)
        for start, stop, tone in spans
        if start < end and stop > begin
    ]
    return before + text[begin:end] + after, moved


def cut(text: str, spans: Sequence[Span], mask: NameMask) -> tuple[Piece, ...]:
    """Return a text in pieces, each evidence for the same tones throughout, names masked.

    Evidence that begins or ends inside a name is widened to the whole name, so that no half of a
    name is left standing.
    """
    names = mask.spans(text)
    spans = [(*_around(start, end, names), tone) for start, end, tone in spans]
    inside = {start: (end, shown) for start, end, shown in names}
    edges = sorted({0, len(text), *(e for s in (*spans, *names) for e in s[:2])})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        name = inside.get(start)
        shown = name[1] if name and name[0] == end else visible(text[start:end])
        covered = {tone for first, last, tone in spans if first <= start and end <= last}
        tones = tuple(tone for tone in TONES if tone in covered)
        if pieces and pieces[-1].tones == tones:
            pieces[-1] = Piece(pieces[-1].text + shown, tones)
        else:
            pieces.append(Piece(shown, tones))
    return tuple(pieces)


def visible(text: str, limit: int | None = None) -> str:
    """Return a text in which symbols stand for what would disturb the page around it.

    With a limit, a longer text ends in an ellipsis there.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return printable(text.replace("\r", ""))  # half of a Windows line end is nothing to see


def _texts(stored: Stored, verdict: Verdict) -> tuple[str, ...]:
    message = stored.message
    shown, _ = excerpt(message.text, _spans(verdict))
    place = message.id or message.place
    return shown, _head(message.parent or ""), message.title, place, verdict.explanation


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


def _spans(verdict: Verdict) -> list[Span]:
    """Return the weightiest evidence, so that no quote is mostly markup."""
    found = [
        (evidence, tone)
        for tone in (*verdict.flagged, *verdict.unsure)
        for evidence in verdict.tones[tone].evidence
    ]
    found.sort(key=lambda item: -item[0].weight)
    return [(evidence.start, evidence.end, tone) for evidence, tone in found[:_SPANS_SHOWN]]


def _around(start: int, end: int, names: Iterable[tuple[int, int, str]]) -> tuple[int, int]:
    for first, last, _ in names:
        if first < end and start < last:
            start, end = min(start, first), max(end, last)
    return start, end


def _head(text: str) -> str:
    if len(text) <= _PARENT_SHOWN:
        return text
    return text[: _word_edge(text, _PARENT_SHOWN)].rstrip() + " …"


def _short(place: str) -> str:
    """Return a place without its middle if it is long: the end tells most of a path."""
    if len(place) <= _PLACE_SHOWN:
        return place
    half = _PLACE_SHOWN // 2
    return f"{place[: half - 1]}…{place[-half:]}"


def _word_edge(text: str, near: int) -> int:
    """Return the end of the last space before a position, or the position if that is far off."""
    space = text.rfind(" ", max(0, near - 40), near)
    return space + 1 if space >= 0 else near
