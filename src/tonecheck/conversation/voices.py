"""Who is heard in a community, who answers whom, and who is met unkindly."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tonecheck.conversation.groups import Counts, GroupVoice, group_voices
from tonecheck.conversation.inequality import gini
from tonecheck.conversation.returns import CAVEAT, Met, Returns
from tonecheck.conversation.turn import Turn
from tonecheck.shares import Share

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How much one person is heard and how they are met.

    Attributes:
        author: Who it is.
        messages: Their share of all messages. The interval takes messages for independent, which
            they are not: the true uncertainty is larger.
        words: Their share of all words.
        unkind: The share of the replies to them that are flagged as hostile or dismissive.
        unkind_per_message: How many flagged replies they got for each message they wrote.
    """

    author: str
    messages: Share
    words: Share
    unkind: Share
    unkind_per_message: float

    @classmethod
    def of(cls, author: str, counts: Counts, *, messages: int, words: int) -> "Voice":
        """Return the voice of somebody, out of all messages and words."""
        return cls(
            author=author,
            messages=Share(counts.messages, messages),
            words=Share(counts.words, words),
            unkind=Share(counts.unkind, counts.replies),
            unkind_per_message=counts.unkind / counts.messages,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the voice as JSON values."""
        return {
            "author": self.author,
            "messages": self.messages.counted(),
            "words": self.words.counted(),
            "unkind_replies": self.unkind.counted(),
            "unkind_replies_per_message": round(self.unkind_per_message, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicesReport:
    """Who is heard; figures to talk about, and no ranking of people.

    Attributes:
        people: Everybody who wrote, by the number of their words.
        gini_messages: How unevenly messages are spread; None where there are none.
        gini_words: How unevenly words are spread.
        replies: How often somebody answered somebody else, and how often unkindly, by the two.
        newcomers: The share of newcomers who wrote again, by how their first post was met.
        groups: What can be said of the groups that the operator supplied.
    """

    people: tuple[Voice, ...]
    gini_messages: float | None
    gini_words: float | None
    replies: Mapping[tuple[str, str], tuple[int, int]]
    newcomers: Mapping[Met, Share]
    groups: tuple[GroupVoice, ...]

    def network(self) -> "networkx.DiGraph":
        """Return the replies as a `networkx.DiGraph`.

        An edge goes from whoever answers to whoever is answered; `weight` counts the replies, and
        `unkind` those that are flagged.
        """
        import networkx  # takes a fifth of a second, which nobody else should wait for

        graph = networkx.DiGraph()
        graph.add_nodes_from(voice.author for voice in self.people)
        for (author, to), (count, unkind) in self.replies.items():
            graph.add_edge(author, to, weight=count, unkind=unkind)
        return graph

    @property
    def reciprocity(self) -> Share:
        """Return the share of answered people who answered back at some time.

        Both directions of a pair count, as in Newman, Forrest and Balthrop 2002, Email Networks
        and the Spread of Computer Viruses, Physical Review E 66:035101.
        """
        back = sum((to, author) in self.replies for author, to in self.replies)
        return Share(back, len(self.replies))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "schema": 1,
            "people": [voice.to_dict() for voice in self.people],
            "gini": {"messages": self.gini_messages, "words": self.gini_words},
            "reciprocity": self.reciprocity.to_dict(),
            "newcomers": {str(met): share.counted() for met, share in self.newcomers.items()},
            "newcomers_caveat": CAVEAT,
            "groups": [group.to_dict() for group in self.groups],
        }


class Voices:
    """Counts the voices of a community; memory grows with people, not with messages."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {}
        self._replies: dict[tuple[str, str], tuple[int, int]] = {}
        self._returns = Returns()

    def add(self, turn: Turn, *, time: datetime | None = None, thread: str = "") -> None:
        """Take the next message, in the order of time; one without an author is left out."""
        if not turn.author:
            return
        counts = self._counts.setdefault(turn.author, Counts())
        counts.messages += 1
        counts.words += len(turn.words.split())
        if turn.addressed and turn.to in self._counts:
            answered = self._counts[turn.to]
            answered.replies += 1
            answered.unkind += turn.unkind
            count, unkind = self._replies.get((turn.author, turn.to), (0, 0))
            self._replies[turn.author, turn.to] = (count + 1, unkind + turn.unkind)
        self._returns.add(turn, time, thread)

    def report(self, groups: Mapping[str, str] | None = None) -> VoicesReport:
        """Return what the voices are so far.

        Args:
            groups: Which group each author is in, if the operator wants to compare any. Small
                groups are left out.
        """
        counts = self._counts
        messages = sum(one.messages for one in counts.values())
        words = sum(one.words for one in counts.values())
        ordered = sorted(counts, key=lambda author: (-counts[author].words, author))
        return VoicesReport(
            people=tuple(
                Voice.of(author, counts[author], messages=messages, words=words)
                for author in ordered
            ),
            gini_messages=gini(one.messages for one in counts.values()),
            gini_words=gini(one.words for one in counts.values()),
            replies=dict(self._replies),
            newcomers=self._returns.shares(),
            groups=tuple(group_voices(counts, groups or {})),
        )
