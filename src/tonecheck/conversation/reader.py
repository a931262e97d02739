"""Reads a growing thread, one message at a time."""

from array import array
from collections.abc import Callable, Collection

from tonecheck.conversation.forecast import Forecaster, Risk
from tonecheck.conversation.heat import Heat
from tonecheck.conversation.links import Links
from tonecheck.conversation.pattern import Finding, Pattern
from tonecheck.conversation.patterns import all_patterns
from tonecheck.conversation.report import ThreadReport
from tonecheck.conversation.turn import Turn, Turns
from tonecheck.messages import Message
from tonecheck.shares import Share
from tonecheck.verdict import Verdict


class ThreadReader:
    """Reads the messages of one thread and their verdicts, each in constant time.

    It keeps 8 bytes for each message (its heat), and a bounded number of the latest messages.
    """

    def __init__(
        self,
        thread: str = "",
        *,
        title: str = "",
        newcomers: Collection[str] | None = None,
        forecaster: Forecaster | None = None,
    ) -> None:
        """Begin a thread.

        Args:
            thread: Its id.
            title: Its title.
            newcomers: Who writes in the community for the first time here, or None if not known.
            forecaster: Says how likely it is to turn personal; without it nothing does.
        """
        self._thread, self._title = thread, title
        self._patterns: tuple[Pattern, ...] = all_patterns(newcomers)
        self._heat = Heat()
        self._heats = array("d")
        self._turns = Turns()
        self._flagged = 0
        self._findings: list[Finding] = []
        self._model = ""
        self._forecast = forecaster.begin() if forecaster else None
        self._risk: Risk | None = None

    @property
    def heat(self) -> float:
        """Return how hot the thread is now."""
        return self._heat.value

    @property
    def risk(self) -> Risk | None:
        """Return how likely the thread is to turn personal soon, where there is a forecast."""
        return self._risk

    def add(self, message: Message, verdict: Verdict) -> tuple[Finding, ...]:
        """Take the next message, and return the patterns that it completes."""
        return self.take(self._turns.next(message, verdict))

    def take(self, turn: Turn) -> tuple[Finding, ...]:
        """Take the next message as a turn that was made elsewhere, to be read only once."""
        self._heats.append(self._heat.add(turn.verdict))
        self._flagged += turn.unkind
        self._model = turn.verdict.model
        if self._forecast:
            self._risk = self._forecast.take(turn)
        new = tuple(finding for pattern in self._patterns for finding in pattern.take(turn))
        self._findings.extend(new)
        return new

    def report(self) -> ThreadReport:
        """Return what the thread shows so far; it can go on growing."""
        standing = [finding for pattern in self._patterns for finding in pattern.standing()]
        return ThreadReport(
            id=self._thread,
            title=self._title,
            heat=tuple(self._heats),
            flagged=Share(self._flagged, len(self._heats)),
            findings=(*self._findings, *standing),
            risk=self._risk,
            model=self._model,
        )


class Following:
    """Follows a thread that is still being written: judges each message as it comes."""

    def __init__(self, check: Callable[[Message], Verdict], reader: ThreadReader) -> None:
        """Begin to follow; `ToneChecker.follow_thread` does it."""
        self._check = check
        self._reader = reader
        self._links = Links()

    def add(self, message: Message) -> tuple[Finding, ...]:
        """Take the next message, and return the patterns that it completes."""
        linked = self.link(message)
        return self.take(linked, self._check(linked))

    def link(self, message: Message) -> Message:
        """Return the next message with its id and what it answers, to be judged elsewhere.

        Whoever judges many threads' messages together links each, and then takes each, in order.
        """
        return self._links.fill(message)

    def take(self, linked: Message, verdict: Verdict) -> tuple[Finding, ...]:
        """Take a message that was linked and judged, and return the patterns that it completes."""
        return self._reader.add(linked, verdict)

    def report(self) -> ThreadReport:
        """Return what the thread shows so far."""
        return self._reader.report()

    @property
    def heat(self) -> float:
        """Return how hot the thread is now, in constant time; see `Heat`."""
        return self._reader.heat

    @property
    def risk(self) -> Risk | None:
        """Return how likely the thread is to turn personal soon, where there is a forecast."""
        return self._reader.risk
