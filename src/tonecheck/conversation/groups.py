"""Voices by group, where the operator says who belongs to which, and never for a few people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tonecheck.shares import Share

LEAST_PEOPLE = 5
"""How many people of a group must have written, for anything to be said of it (k-anonymity)."""

LEAST_REPLIES = 30
"""How many replies a group must have got, for a rate to be said of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupVoice:
    """How much a group is heard and how it is met.

    Attributes:
        group: Its name.
        people: How many of it wrote.
        messages: Its share of all messages.
        unkind: The share of the replies to it that are flagged; None below `LEAST_REPLIES`.
    """

    group: str
    people: int
    messages: Share
    unkind: Share | None

    def to_dict(self) -> dict[str, Any]:
        """Return what is said of the group as JSON values."""
        return {
            "group": self.group,
            "people": self.people,
            "messages": self.messages.counted(),
            "unkind_replies": None if self.unkind is None else self.unkind.counted(),
        }


@dataclass(slots=True)
class Counts:
    """What is counted of one person."""

    messages: int = 0
    words: int = 0
    replies: int = 0
    unkind: int = 0


def group_voices(counts: Mapping[str, Counts], groups: Mapping[str, str]) -> Sequence[GroupVoice]:
    """Return what can be said of each group, the largest first; whoever is in none is left out.

    Groups of fewer than `LEAST_PEOPLE` are left out. If that is one group alone, the smallest other
    goes, too, or else what is left out could be had by subtraction (complementary suppression:
    Hundepool et al. 2012, Statistical Disclosure Control).
    """
    members: dict[str, list[Counts]] = {}
    for author, one in counts.items():
        if author in groups:
            members.setdefault(groups[author], []).append(one)
    ordered = sorted(members, key=lambda group: (-len(members[group]), group))
    shown = [group for group in ordered if len(members[group]) >= LEAST_PEOPLE]
    if len(ordered) - len(shown) == 1 and shown:
        shown.pop()
    total = sum(one.messages for one in counts.values())
    return [_voice(group, members[group], total) for group in shown]


def _voice(group: str, members: Sequence[Counts], total: int) -> GroupVoice:
    replies = sum(one.replies for one in members)
    unkind = Share(sum(one.unkind for one in members), replies)
    return GroupVoice(
        group=group,
        people=len(members),
        messages=Share(sum(one.messages for one in members), total),
        unkind=unkind if replies >= LEAST_REPLIES else None,
    )
