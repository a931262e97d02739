"""Makes ready to show what threads and voices look like: cards, curves, bars and quotes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tonecheck.audit.conversations import QUIET, Conversations, ReadThread
from tonecheck.audit.heard import LEAST_UNKIND, Heard
from tonecheck.audit.members import NameMask, label
from tonecheck.audit.network import MOST_PEOPLE, WIDTH, Network, Replies, draw_network
from tonecheck.audit.quotes import MAX_NAME, MAX_TITLE, Quote, make_mask, make_quote
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import unpack
from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.returns import CAVEAT, WATCHED, Met
from tonecheck.conversation.voices import Voice
from tonecheck.highlight import visible

PATTERNS = {
    "pile_on": "Pile-on",
    "escalation": "Escalation",
    "ganging_agreement": "Ganging agreement",
    "waved_away_newcomer": "Waved-away newcomer",
    "steamrolling": "Steamrolling",
    QUIET: "Question without an answer",
    "recovery": "Recovery",
}
"""What the report calls each pattern."""

CURVE_WIDTH, CURVE_HEIGHT = 640, 72

_QUOTES_A_FINDING = 4
_QUOTES_A_THREAD = 8
_QUOTES_SHOWN = 80  # in all threads to look at; those of `went well` come on top
_QUOTES_MENDED = 3  # of a thread in which something went well
_VOICES = 12
_ROWS = 12  # of the table behind a curve
_MARGIN = 4
_EVEN, _UNEVEN = 0.3, 0.6  # Gini coefficients, to be said in words
_MET = {
    Met.KINDLY: "by a reply that was not flagged",
    Met.UNKINDLY: "by a reply that was flagged as hostile or dismissive",
    Met.BY_NOBODY: f"by no reply within {WATCHED.days} days",
}

_ANSWERED = """
SELECT m.member, a.name, p.member, b.name, count(*) AS replies,
sum(EXISTS (SELECT 1 FROM marks k WHERE k.seq = m.seq AND k.decision = 'yes'
    AND k.tone IN ('hostility', 'dismissiveness'))) AS unkind
FROM turns q JOIN messages m ON m.seq = q.seq JOIN messages p ON p.seq = m.parent
JOIN members a ON a.key = m.member JOIN members b ON b.key = p.member
WHERE m.thread = ? AND p.member <> m.member AND p.member NOT IN (SELECT member FROM unnamed)
GROUP BY m.member, p.member ORDER BY unkind DESC, replies DESC, m.member, p.member LIMIT ?
"""
_MOST_PAIRS = MOST_PEOPLE**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The heat of a thread as SVG takes it, with the rows of a table.

    Attributes:
        line: The points of the line.
        area: The points of what lies under it.
        dots: Where messages stand that show a pattern.
        rows: Some messages, by number, with the heat after each.
        sentence: What the curve shows.
    """

    line: str
    area: str
    dots: tuple[tuple[float, float], ...]
    rows: tuple[tuple[int, float], ...]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A pattern with quotes of messages that show it, and how many more there are."""

    name: str
    explanation: str
    quotes: tuple[Quote, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A thread to look at, ready to show.

    Attributes:
        place: The id of its first message, or where it was read.
    """

    title: str
    place: str
    read: ReadThread
    curve: Curve
    network: Network | None
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """What the report shows of threads and voices."""

    conversations: Conversations
    look: tuple[Card, ...]
    well: tuple[Card, ...]
    heard: Heard
    people: tuple[Voice, ...]

    def context(self) -> dict[str, Any]:
        """Return what the templates of both need."""
        heard = self.heard
        ends = [voice.words.interval[1] for voice in self.people]
        return {
            "conversations": self.conversations,
            "pattern_names": PATTERNS,
            "look": self.look,
            "well": self.well,
            "heard": heard,
            "voices": self.people,
            "voices_end": max(ends, default=1.0) or 1.0,
            "gini_words": gini_in_words(heard.gini_words),
            "back": heard.reciprocity,
            "met": [(_MET[met], share) for met, share in heard.newcomers.items()],
            "caveat": CAVEAT,
            "watched_days": WATCHED.days,
            "least_unkind": LEAST_UNKIND,
            "map_width": WIDTH,
            "curve_size": (CURVE_WIDTH, CURVE_HEIGHT),
        }


def make_panels(spool: Spool, conversations: Conversations, heard: Heard, *, names: bool) -> Panels:
    """Return what to show, with all that is to be hidden hidden.

    Args:
        spool: The messages and their verdicts, for the quotes.
        conversations: What the threads show.
        heard: Who is heard.
        names: Whether members are called by name rather than by pseudonym.
    """
    maker = _Maker(spool, names=names)
    return Panels(
        conversations=conversations,
        look=tuple(maker.cards(conversations.shown, most=_QUOTES_SHOWN)),
        well=tuple(
            maker.cards(conversations.mended, most=_QUOTES_MENDED * len(conversations.mended))
        ),
        heard=heard,
        people=heard.people[:_VOICES],
    )


def gini_in_words(value: float | None) -> str:
    """Return a Gini coefficient in words.

    Example:
        >>> gini_in_words(0.7)
        'very unevenly: a few people write most of it'
    """
    if value is None:
        return "nothing to share out"
    if value < _EVEN:
        return "fairly evenly"
    return "unevenly" if value < _UNEVEN else "very unevenly: a few people write most of it"


class _Maker:
    """Makes cards of threads, with the quotes that their patterns need."""

    def __init__(self, spool: Spool, *, names: bool) -> None:
        self._spool, self._names = spool, names

    def cards(self, threads: Sequence[ReadThread], *, most: int) -> Iterator[Card]:
        """Yield a card for each thread, with a share of the quotes that there is room for."""
        each = min(_QUOTES_A_THREAD, most // max(1, len(threads)))
        for thread in threads:
            chosen = _choose(thread.findings, each)
            turns = dict.fromkeys([str(thread.first), *(t for turns in chosen for t in turns)])
            picked = dict(zip(turns, self._spool.pick(self._seqs(turns)), strict=True))
            replies = self._replies(thread.key)
            mask = self._mask(list(picked.values()), thread.title)
            quotes = {t: make_quote(item, mask, names=self._names) for t, item in picked.items()}
            yield Card(
                title=visible(mask.apply(thread.title), MAX_TITLE) or "No thread",
                place=quotes[str(thread.first)].place,
                read=thread,
                curve=draw_curve(thread),
                network=draw_network(replies),
                told=tuple(
                    Told(
                        name=PATTERNS[finding.pattern],
                        explanation=finding.explanation,
                        quotes=tuple(quotes[turn] for turn in turns),
                        more=len(finding.messages) - len(turns),
                    )
                    for finding, turns in zip(thread.findings, chosen, strict=True)
                ),
            )

    def _seqs(self, turns: Mapping[str, None]) -> Iterator[int]:
        for turn in turns:
            yield int(self._spool.rows("SELECT seq FROM turns WHERE turn = ?", int(turn))[0][0])

    def _mask(self, picked: Sequence[Any], title: str) -> NameMask:
        return NameMask((), ()) if self._names else make_mask(self._spool, picked, [title])

    def _replies(self, thread: int) -> list[Replies]:
        return [
            Replies(
                author=visible(label(member, unpack(name), names=self._names), MAX_NAME),
                to=visible(label(other, unpack(other_name), names=self._names), MAX_NAME),
                count=count,
                unkind=unkind,
            )
            for member, name, other, other_name, count, unkind in self._spool.rows(
                _ANSWERED, thread, _MOST_PAIRS
            )
        ]


def draw_curve(thread: ReadThread) -> Curve:
    """Return the curve of a thread's heat; it tells how the thread reads, and predicts nothing."""
    across = (CURVE_WIDTH - 2 * _MARGIN) / max(1, len(thread.curve) - 1)
    points = [(_MARGIN + nth * across, _height(heat)) for nth, heat in enumerate(thread.curve)]
    line = points if len(points) > 1 else [*points, (CURVE_WIDTH - _MARGIN, points[0][1])]
    floor = _height(0)
    numbers = sorted({int(turn) - thread.first for one in thread.findings for turn in one.messages})
    places = dict.fromkeys(number // thread.step for number in numbers)
    every = -(-len(points) // _ROWS)
    last = thread.curve[-1]
    return Curve(
        line=" ".join(map(_at, line)),
        area=" ".join(map(_at, [(line[0][0], floor), *line, (line[-1][0], floor)])),
        dots=tuple((round(points[at][0], 1), round(points[at][1], 1)) for at in places),
        rows=tuple(
            (min(thread.messages, (nth + 1) * thread.step), thread.curve[nth])
            for nth in range(0, len(points), every)
        ),
        sentence=(
            f"Heat from 0 to 1 over {thread.messages:,} messages: hottest, with "
            f"{max(thread.curve):.2f}, after message {thread.peak:,}; at the end {last:.2f}."
        ),
    )


def _height(heat: float) -> float:
    return CURVE_HEIGHT - _MARGIN - heat * (CURVE_HEIGHT - 2 * _MARGIN)


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _choose(findings: Sequence[Finding], most: int) -> list[list[str]]:
    """Return which messages of each finding to quote: the last ones, which complete it."""
    left, chosen = most, []
    for finding in findings:
        room = min(left, _QUOTES_A_FINDING)
        turns = list(finding.messages[-room:]) if room else []
        chosen.append(turns)
        left -= len(turns)
    return chosen
