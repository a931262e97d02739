"""Says who is heard in an audit and who is met unkindly, counted by SQL over the spool.

It counts what `tonecheck.conversation.voices` counts, of any number of people and messages: that
one keeps everybody and every pair in memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tonecheck.audit.members import label
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import Stored, seconds, unpack
from tonecheck.audit.summary import MIN_ANSWERS
from tonecheck.conversation.groups import Counts, GroupVoice, group_voices
from tonecheck.conversation.inequality import gini
from tonecheck.conversation.returns import CAVEAT, WATCHED, Met
from tonecheck.conversation.turn import Turn
from tonecheck.conversation.voices import Voice
from tonecheck.shares import Share

VOICES = "voices.json"
"""The file that says who is heard."""

MOST_PEOPLE = 500
"""How many people it names at most; the figures cover all of them."""

LEAST_UNKIND = 2
"""How many unkind replies it takes to be shown as met unkindly; one may be a mistake."""

_MOST_MET = 8
_SAID = """
CREATE TEMP TABLE said (
    seq INTEGER PRIMARY KEY, turn INTEGER, member INTEGER, at REAL, parent INTEGER, words INTEGER,
    unkind INTEGER
)
"""
# Answers to oneself count for nothing. What is answered counts only if it is in the audit itself.
_ANSWERS = """
CREATE TEMP TABLE answers AS SELECT s.seq AS seq, s.at AS at, s.member AS member, s.parent AS
parent, p.member AS met, s.unkind AS unkind FROM said s JOIN said p ON p.turn = s.parent
WHERE p.member <> s.member
"""
_PEOPLE = """
CREATE TEMP TABLE people AS SELECT s.member AS member, count(*) AS messages, sum(s.words) AS words,
(SELECT count(*) FROM answers a WHERE a.met = s.member) AS replies,
(SELECT coalesce(sum(a.unkind), 0) FROM answers a WHERE a.met = s.member) AS unkind
FROM said s GROUP BY s.member
"""
_PAIRS = "CREATE TEMP TABLE pairs AS SELECT DISTINCT member, met FROM answers"
_BACK = """
SELECT coalesce(sum(EXISTS (SELECT 1 FROM pairs q WHERE q.member = p.met AND q.met = p.member)), 0),
count(*) FROM pairs p
"""
# Each newcomer with their first post, the first answer to it, and whether they wrote again in time.
_NEWCOMERS = """
WITH bounds AS (SELECT min(at) AS start, max(at) AS last FROM said),
firsts AS (
    SELECT member, turn, seq, at FROM (SELECT member, turn, seq, at, row_number() OVER (
        PARTITION BY member ORDER BY at, seq) AS nth FROM said WHERE at IS NOT NULL), bounds
    WHERE nth = 1 AND at - start >= :days
),
met AS (
    SELECT f.*, (SELECT a.seq FROM answers a WHERE a.parent = f.turn AND a.at >= f.at
        AND a.at - f.at <= :days ORDER BY a.at, a.seq LIMIT 1) AS reply FROM firsts f
),
waited AS (
    SELECT m.member, coalesce(r.at, m.at) AS since, coalesce(r.seq, m.seq) AS seq,
        r.unkind AS unkind FROM met m LEFT JOIN said r ON r.seq = m.reply
)
SELECT w.unkind, count(*), sum(EXISTS (SELECT 1 FROM said s WHERE s.member = w.member
    AND (s.at > w.since OR (s.at = w.since AND s.seq > w.seq)) AND s.at - w.since <= :days))
FROM waited w, bounds WHERE last - w.since >= :days GROUP BY 1
"""
_MET_UNKINDLY = f"p.replies >= {MIN_ANSWERS} AND p.unkind >= {LEAST_UNKIND}"
_MET = {None: Met.BY_NOBODY, 0: Met.KINDLY, 1: Met.UNKINDLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Who is heard in an audit; figures to talk about, and no ranking of people.

    Attributes:
        people: Whoever wrote most words, `MOST_PEOPLE` at most.
        met: Whoever got most unkind replies for each message they wrote, among those who got
            enough replies to say anything.
        total: How many people wrote.
        gini_messages: How unevenly messages are spread; None where there are none.
        gini_words: How unevenly words are spread.
        reciprocity: The share of pairs, one of whom answered the other, where it was mutual.
        newcomers: The share of newcomers who wrote again, by how their first post was met.
        groups: What can be said of the groups that the operator supplied.
    """

    people: tuple[Voice, ...]
    met: tuple[Voice, ...]
    total: int
    gini_messages: float | None
    gini_words: float | None
    reciprocity: Share
    newcomers: Mapping[Met, Share]
    groups: tuple[GroupVoice, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what `voices.json` says."""
        return {
            "schema": 1,
            "people_total": self.total,
            "people": [voice.to_dict() for voice in self.people],
            "met_unkindly": [voice.to_dict() for voice in self.met],
            "gini": {"messages": self.gini_messages, "words": self.gini_words},
            "reciprocity": self.reciprocity.counted(),
            "newcomers": {str(met): share.counted() for met, share in self.newcomers.items()},
            "newcomers_caveat": CAVEAT,
            "groups": [group.to_dict() for group in self.groups],
        }


class VoiceCounts:
    """Takes messages one by one, and counts them when all are there."""

    def __init__(self, spool: Spool, *, names: bool) -> None:
        """Begin to count.

        Args:
            spool: The messages with their verdicts; what is noted lies in a file beside it.
            names: Whether members are called by name rather than by pseudonym.
        """
        self._spool, self._names = spool, names
        spool.rows(_SAID)

    def write(self, stored: Stored, turn: Turn) -> None:
        """Note a message and its turn; one without an author counts for nobody."""
        if stored.member is None:
            return
        words = len(turn.words.split())
        at = seconds(stored.message.time)
        row = (stored.seq, stored.turn, stored.member, at, stored.parent, words, turn.unkind)
        self._spool.change("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?)", [row])

    def end(self) -> Heard:
        """Return who is heard."""
        rows = self._spool.rows
        rows("CREATE UNIQUE INDEX temp.said_by_turn ON said (turn)")
        rows("CREATE INDEX temp.said_by_member ON said (member, at)")
        rows(_ANSWERS)
        rows("CREATE INDEX temp.answers_by_met ON answers (met, unkind)")
        rows("CREATE INDEX temp.answers_by_parent ON answers (parent)")
        rows(_PEOPLE)
        rows(_PAIRS)
        rows("CREATE INDEX temp.pairs_by_both ON pairs (member, met)")
        return Heard(
            people=tuple(self._voices("1", "p.words DESC", MOST_PEOPLE)),
            met=tuple(self._voices(_MET_UNKINDLY, "1.0 * p.unkind / p.messages DESC", _MOST_MET)),
            total=int(rows("SELECT count(*) FROM people")[0][0]),
            gini_messages=gini(one for (one,) in self._spool.stream("SELECT messages FROM people")),
            gini_words=gini(one for (one,) in self._spool.stream("SELECT words FROM people")),
            reciprocity=Share(*rows(_BACK)[0]),
            newcomers=self._returned(),
            groups=tuple(self._groups()),
        )

    def _voices(self, where: str, order: str, most: int) -> Iterator[Voice]:
        messages, words = self._totals()
        found = self._spool.rows(
            "SELECT p.member, a.name, p.messages, p.words, p.replies, p.unkind FROM people p "
            f"JOIN members a ON a.key = p.member WHERE {where} ORDER BY {order}, p.member LIMIT ?",
            most,
        )
        for member, name, *counts in found:
            author = label(member, unpack(name), names=self._names)
            yield Voice.of(author, Counts(*counts), messages=messages, words=words)

    def _totals(self) -> tuple[int, int]:
        sums = "SELECT coalesce(sum(messages), 0), coalesce(sum(words), 0) FROM people"
        messages, words = self._spool.rows(sums)[0]
        return messages, words

    def _returned(self) -> dict[Met, Share]:
        days = WATCHED.total_seconds()
        sql = _NEWCOMERS.replace(":days", "?")
        found = {
            _MET[unkind]: Share(back, total)
            for unkind, total, back in self._spool.rows(sql, *[days] * sql.count("?"))
        }
        return {met: found.get(met, Share(0, 0)) for met in Met}

    def _groups(self) -> list[GroupVoice]:
        """Return the groups; whoever is in none counts as one person outside of all of them."""
        found = self._spool.rows(
            "SELECT p.member, g.name, p.messages, p.words, p.replies, p.unkind "
            "FROM groups g JOIN people p ON p.member = g.member ORDER BY p.member"
        )
        counts = {str(member): Counts(*rest) for member, _, *rest in found}
        groups = {str(member): str(name) for member, name, *_ in found}
        rest = self._totals()[0] - sum(one.messages for one in counts.values())
        return list(group_voices({**counts, "": Counts(messages=rest)}, groups))
