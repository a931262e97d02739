"""Cuts what people wrote into pieces to show, with its evidence marked.

Everything here is about showing: verdicts keep the texts and offsets as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tonecheck.console import printable
from tonecheck.labels import TONES, Tone
from tonecheck.verdict import Verdict

_SHOWN = 700  # characters of a reply: more than nine in ten are shorter
_LEAD = 200  # what is left before the first evidence of a longer one
_PARENT_SHOWN = 320
_SPANS_SHOWN = 12  # our checkers give no more than 9; each costs up to 300 bytes of markup

Span = tuple[int, int, Tone]
Hidden = tuple[int, int, str]
"""The start and the end of a stretch of text, and what is shown in its place."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a quote, and the tones that it is evidence for."""

    text: str
    tones: tuple[Tone, ...] = ()


def spans_of(verdict: Verdict) -> list[Span]:
    """Return the weightiest evidence, so that no quote is mostly markup."""
    found = [
        (evidence, tone)
        for tone in (*verdict.flagged, *verdict.unsure)
        for evidence in verdict.tones[tone].evidence
    ]
    found.sort(key=lambda item: -item[0].weight)
    return [(evidence.start, evidence.end, tone) for evidence, tone in found[:_SPANS_SHOWN]]


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


def cut(text: str, spans: Sequence[Span], hidden: Sequence[Hidden] = ()) -> tuple[Piece, ...]:
    """Return a text in pieces, each evidence for the same tones throughout.

    Args:
        text: The text, as its author wrote it.
        spans: Its evidence.
        hidden: What is replaced, such as names. Evidence that begins or ends inside is widened to
            the whole, so that no half of a name is left standing.
    """
    spans = [(*_around(start, end, hidden), tone) for start, end, tone in spans]
    inside = {start: (end, shown) for start, end, shown in hidden}
    edges = sorted({0, len(text), *(e for s in (*spans, *hidden) for e in s[:2])})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        instead = inside.get(start)
        shown = instead[1] if instead and instead[0] == end else visible(text[start:end])
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


def head(text: str) -> str:
    """Return the beginning of a text, up to the end of a word."""
    if len(text) <= _PARENT_SHOWN:
        return text
    return text[: _word_edge(text, _PARENT_SHOWN)].rstrip() + " …"


def _around(start: int, end: int, hidden: Iterable[Hidden]) -> tuple[int, int]:
    for first, last, _ in hidden:
        if first < end and start < last:
            start, end = min(start, first), max(end, last)
    return start, end


def _word_edge(text: str, near: int) -> int:
    """Return the end of the last space before a position, or the position if that is far off."""
    space = text.rfind(" ", max(0, near - 40), near)
    return space + 1 if space >= 0 else near
