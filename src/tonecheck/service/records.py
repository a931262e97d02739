"""What the store keeps, as frozen values that have left the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tonecheck.labels import Tone
from tonecheck.verdict import Verdict


def web_address(text: str) -> str:
    """Return an address that a browser opens as a page, or empty if it is anything else."""
    return text if text.startswith(("https://", "http://")) else ""


class Scope(StrEnum):
    """What an API key may do."""

    CHECK = "check"  # have replies judged
    FEEDBACK = "feedback"  # say what a reply really was
    HOOKS = "hooks"  # deliver events of a forum
    REVIEW = "review"  # see the queue and decide
    ADMIN = "admin"  # keys, policies, export and deletion


class Status(StrEnum):
    """Where a reply stands in the review queue."""

    UNQUEUED = "unqueued"
    OPEN = "open"
    AGREED = "agreed"
    DISAGREED = "disagreed"
    NOT_SURE = "not_sure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a key, or nobody in particular on a machine that asks for none.

    Attributes:
        key_id: The key's id, or 0 without a key.
        name: What the operator calls the key; `anonymous` without one.
    """

    key_id: int
    name: str
    scopes: frozenset[Scope]
    per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """A reply that was judged and is to be kept.

    Attributes:
        source: The protocol that brought it, such as `native`, `perspective` or `discourse`.
        community: Which of several forums it came from, or empty.
        external_id: The forum's own id; (source, community, external_id) names a reply for good.
        text: What the author wrote; the store drops it where the operator keeps no texts.
        url: Where a person can read it, or empty.
        queued: Whether a person should look at it.
    """

    source: str
    external_id: str
    verdict: Verdict
    community: str = ""
    author: str = ""
    thread: str = ""
    title: str = ""
    text: str = ""
    parent: str = ""
    url: str = ""
    time: datetime | None = None
    queued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as it is kept; text, parent and the words of evidence may be empty."""

    id: int
    source: str
    community: str
    external_id: str
    verdict: Verdict
    author: str
    thread: str
    title: str
    text: str
    parent: str
    url: str
    time: datetime | None
    judged_at: datetime
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """What a person, or a forum on a person's behalf, said about a reply.

    Attributes:
        status: Agreed, disagreed or not sure with the verdict as a whole.
        labels: For each tone that was decided: 1.0 it has it, 0.0 it has not.
        by: The key or reviewer, never an author of the forum.
        source: Where it was decided: `review`, `suggestscore`, `coral`, `discourse`.
    """

    status: Status
    by: str
    source: str
    labels: Mapping[Tone, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision as it is kept."""

    id: int
    reply_id: int
    status: Status
    by: str
    source: str
    labels: Mapping[Tone, float]
    at: datetime
