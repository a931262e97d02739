"""The threads that are followed: a bounded number of them, those with news last."""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from tonecheck.conversation.links import KEPT
from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.reader import Following
from tonecheck.messages import Message
from tonecheck.verdict import Verdict
from tonecheck.watch.source import Arrival

KEPT_MESSAGES = 20_000
"""How many messages the followed threads may hold together, so that memory stays flat."""

_AMENDED = 50  # of a thread's latest messages that an edit or a deletion still reaches

Follow = Callable[[str, str], Following]
"""Begins to follow a thread, by its id and title."""


@dataclass(slots=True, eq=False)
class Turn:
    """A message of a thread: as it arrived, with what it answers, and its verdict, once judged."""

    arrival: Arrival
    linked: Message
    verdict: Verdict | None = None


class Talk:
    """A thread that is followed, and its latest messages, so that one can be changed.

    Attributes:
        thread: The digest of the thread.
        source: What the source of its first message is called.
        following: What reads it.
        count: How many messages were read.
    """

    def __init__(self, first: Arrival, source: str, follow: Follow) -> None:
        self.thread = first.thread
        self.source = source
        self.count = 0
        self._follow, self._name = follow, (first.message.thread, first.message.title)
        self.following = follow(*self._name)
        self._latest: deque[Turn] = deque()

    def link(self, arrival: Arrival) -> Turn:
        """Return the turn of the next message, to be judged; it already counts as there."""
        turn = Turn(arrival, self.following.link(arrival.message))
        self._latest.append(turn)
        self.count += 1
        return turn

    def take(self, turn: Turn, verdict: Verdict) -> tuple[Finding, ...]:
        """Take a verdict, and return the patterns that its message completes."""
        turn.verdict = verdict
        return self.following.take(turn.linked, verdict)

    def drop(self, turn: Turn) -> None:
        """Leave out a message that could not be judged."""
        self._latest.remove(turn)

    def shorten(self) -> list[Turn]:
        """Let go of messages that nothing can change any more, and return them."""
        gone = []
        while len(self._latest) > _AMENDED and self._latest[0].verdict is not None:
            gone.append(self._latest.popleft())
        return gone

    def find(self, key: bytes) -> Turn | None:
        """Return the turn of a message, if it is one of the latest."""
        return next((turn for turn in self._latest if turn.arrival.key == key), None)

    def edit(self, arrival: Arrival) -> Turn | None:
        """Return the turn of a message with its new text, to be judged and given to `amend`."""
        turn = self.find(arrival.key)
        if turn is None:
            return None
        return Turn(arrival, replace(turn.linked, text=arrival.message.text))

    def amend(self, turn: Turn, verdict: Verdict) -> tuple[Finding, ...]:
        """Put an edited message in its place, and return the patterns that are there only now."""
        turn.verdict = verdict
        key = turn.arrival.key
        before = self._read(self._latest)
        turns = [turn if old.arrival.key == key else old for old in self._latest]
        self._latest = deque(turns)
        found = self._read(turns)
        old = {(finding.pattern, finding.messages) for finding in before}
        return tuple(one for one in found if (one.pattern, one.messages) not in old)

    def remove(self, keys: Collection[bytes], *, surely: bool) -> int:
        """Take messages out, and return how many.

        Args:
            keys: The keys of the messages.
            surely: Whether they were deleted. Otherwise those before the first that is still there
                stay: an export that begins later than the last one deletes nothing.
        """
        turns = list(self._latest)
        there = [n for n, turn in enumerate(turns) if turn.arrival.key not in keys]
        first = 0 if surely else (there[0] if there else len(turns))
        kept = [turn for n, turn in enumerate(turns) if n < first or turn.arrival.key not in keys]
        if len(kept) < len(turns):
            self._latest = deque(kept)
            self._read(kept)
        return len(turns) - len(kept)

    def shown(self, keys: Collection[str]) -> list[Message]:
        """Return the messages with these ids, as they arrived, with the ids that they go by."""
        return [
            replace(turn.arrival.message, id=turn.linked.id)
            for turn in self._latest
            if turn.linked.id in keys
        ]

    @property
    def keys(self) -> list[bytes]:
        """Return the keys of the latest messages."""
        return [turn.arrival.key for turn in self._latest if turn.arrival.key]

    def _read(self, turns: Collection[Turn]) -> list[Finding]:
        """Follow the thread anew, with the verdicts that are known."""
        self.following = self._follow(*self._name)
        found: list[Finding] = []
        for turn in turns:
            turn.linked = self.following.link(turn.arrival.message)
            if turn.verdict is not None:
                found.extend(self.following.take(turn.linked, turn.verdict))
        return found


class Talks:
    """Threads by their digests; without news for longest is dropped first.

    Args:
        most: How many threads are followed.
        follow: Begins to follow one.
    """

    def __init__(self, most: int, follow: Follow) -> None:
        self._most, self._follow = most, follow
        self._talks: OrderedDict[bytes, Talk] = OrderedDict()
        self._by_key: dict[bytes, bytes] = {}  # the threads of messages
        self._held = 0

    def __len__(self) -> int:
        return len(self._talks)

    def get(self, thread: bytes) -> Talk | None:
        """Return a thread, if it is followed."""
        return self._talks.get(thread)

    def begin(self, first: Arrival, source: str) -> Talk:
        """Follow another thread."""
        talk = self._talks[first.thread] = Talk(first, source, self._follow)
        return talk

    def link(self, talk: Talk, arrival: Arrival) -> Turn:
        """Return the turn of a thread's next message; other threads may be dropped for it."""
        turn = talk.link(arrival)
        self._held += talk.count <= KEPT
        if arrival.key:
            self._by_key[arrival.key] = talk.thread
        for old in talk.shorten():
            self._by_key.pop(old.arrival.key, None)
        if talk.thread in self._talks:
            self._talks.move_to_end(talk.thread)
        while len(self._talks) > self._most or (
            self._held > KEPT_MESSAGES and len(self._talks) > 1
        ):
            self._drop(next(iter(self._talks)))
        return turn

    def holding(self, key: bytes) -> Talk | None:
        """Return the thread that holds a message among its latest, if one does."""
        thread = self._by_key.get(key)
        return None if thread is None else self._talks.get(thread)

    def forget(self, source: str) -> None:
        """Forget the threads of a source."""
        for thread in [key for key, talk in self._talks.items() if talk.source == source]:
            self._drop(thread)

    def _drop(self, thread: bytes) -> None:
        talk = self._talks.pop(thread)
        self._held -= min(talk.count, KEPT)
        for key in talk.keys:
            self._by_key.pop(key, None)
