"""Judges replies for many clients at once: what comes in together is scored together."""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from tonecheck.messages import Message
from tonecheck.service.refusals import Refusal, overloaded
from tonecheck.verdict import Verdict

MOST_TOGETHER = 64
"""How many replies are scored together: more would make the first of them wait for the last."""

_log = logging.getLogger(__name__)
_MEMORY = 0.8  # what each batch leaves of the weight of those before it
_SURE = 0.8  # of the time that a reply may wait: how long the next ones take varies


class Checks(Protocol):
    """What judges: a `ToneChecker`, or whatever gives messages to one."""

    def check_many(self, messages: Sequence[Message]) -> Iterator[Verdict]:
        """Yield the verdict on each message, in order."""


@dataclass(slots=True)
class _Waiting:
    """A message that waits, and the future that its client holds."""

    message: Message
    outcome: "asyncio.Future[Verdict | Refusal]"


class Judge:
    """Scores in one thread what a bounded queue holds, in small batches.

    A verdict does not depend on what it is scored with. A client that gives up is forgotten, and a
    reply that the checker fails on fails alone.

    Example:
        async with Judge(checker, wait=0.002, size=512, timeout=10) as judge:
            verdict = await judge.check(Message(text="Just google it."))
    """

    def __init__(
        self,
        checker: Checks,
        *,
        wait: float,
        size: int,
        timeout: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Make a judge that is not at work yet.

        Args:
            checker: Who judges.
            wait: How long, in seconds, the first of a batch waits for others.
            size: How many replies may wait; fewer where the model is too slow for so many.
            timeout: After how many seconds a reply is given up.
            clock: Tells the seconds that a batch takes.
        """
        self._checker = checker
        self._wait, self._size, self._timeout = wait, size, timeout
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._clock = clock
        self._took, self._judged = 0.0, 0.0  # seconds and replies, older batches counting less
        self._busy = 0  # replies that are being judged
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")

    async def __aenter__(self) -> "Judge":
        """Start to work."""
        self._work = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Judge what still waits, refuse what comes later, and stop."""
        self._closing = True
        self._arrived.set()
        await self._work
        self._thread.shutdown()

    @property
    def waiting(self) -> int:
        """Return how many replies wait."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Return whether one more reply would be refused."""
        return len(self._queue) >= self._size or self._too_slow_for(1)

    async def check(self, message: Message) -> Verdict:
        """Return the verdict on one message.

        Raises:
            Refusal: 429 if too many wait, or more than can be judged in time; 503 if it waited
                too long or the service is going down.
        """
        return (await self.check_many([message]))[0]

    async def check_many(self, messages: Sequence[Message]) -> list[Verdict]:
        """Return the verdicts on messages, in order.

        Raises:
            Refusal: As `check` does, for all of them together.
        """
        verdicts = []
        for outcome in await self.outcomes(messages):
            if isinstance(outcome, Refusal):
                raise outcome
            verdicts.append(outcome)
        return verdicts

    async def outcomes(self, messages: Sequence[Message]) -> list[Verdict | Refusal]:
        """Return for each message, in order, its verdict, or why it could not be judged.

        Raises:
            Refusal: As `check` does, but not where only some could not be judged.
        """
        if self._closing:
            raise Refusal(503, "closing", "The service is going down. Ask again.", retry_after=5)
        if len(self._queue) + len(messages) > self._size or self._too_slow_for(len(messages)):
            raise self._full(len(messages))
        loop = asyncio.get_running_loop()
        entries = [_Waiting(message, loop.create_future()) for message in messages]
        self._queue.extend(entries)
        self._arrived.set()
        together = asyncio.gather(*(entry.outcome for entry in entries))
        try:
            return list(await asyncio.wait_for(together, self._timeout))
        except TimeoutError:
            raise Refusal(
                503,
                "timeout",
                f"No verdict within {self._timeout:g} s. Ask again, or send less at once.",
                retry_after=self._patience(),
            ) from None

    def _full(self, count: int) -> Refusal:
        if count > self._size:
            return Refusal(
                413,
                "too_many_replies",
                f"{count:,} replies at once are more than the {self._size:,} that may wait. "
                "Send fewer at once.",
            )
        return overloaded(self._patience())

    def _too_slow_for(self, count: int) -> bool:
        """Return whether so many more replies would be given up before they are judged.

        Where nothing waits, it is tried all the same: what was measured may no longer hold.
        """
        ahead = self._busy + len(self._queue)
        return ahead > 0 and (ahead + count) * self._seconds > _SURE * self._timeout

    @property
    def _seconds(self) -> float:
        """Return the seconds that a reply takes; 0 until that is measured."""
        return self._took / self._judged if self._judged else 0.0

    def _patience(self) -> int:
        return max(1, math.ceil((self._busy + len(self._queue)) * self._seconds))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while await self._something():
            entries = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_TOGETHER))]
            wanted = [entry for entry in entries if not entry.outcome.done()]
            if not wanted:
                continue
            begin, self._busy = self._clock(), len(wanted)
            messages = [entry.message for entry in wanted]
            outcomes = await loop.run_in_executor(self._thread, self._outcomes, messages)
            self._took = _MEMORY * self._took + self._clock() - begin
            self._judged = _MEMORY * self._judged + len(wanted)
            self._busy = 0
            for entry, outcome in zip(wanted, outcomes, strict=True):
                if not entry.outcome.done():  # else its client has gone
                    entry.outcome.set_result(outcome)

    async def _something(self) -> bool:
        """Wait until there is something to judge; return False where there will never be."""
        while not self._queue:
            if self._closing:
                return False
            self._arrived.clear()
            await self._arrived.wait()
            if self._wait and not self._closing:
                await asyncio.sleep(self._wait)
        return True

    def _outcomes(self, messages: Sequence[Message]) -> list[Verdict | Refusal]:
        try:
            return list(self._checker.check_many(messages))
        except Exception:  # one of them: find out which, so that the others get their verdict
            return [self._outcome(message) for message in messages]

    def _outcome(self, message: Message) -> Verdict | Refusal:
        try:
            return next(self._checker.check_many([message]))
        except Exception as err:
            # Neither the error's words nor a traceback: both may hold what somebody wrote.
            _log.error("a reply could not be judged: %s", type(err).__name__)
            return Refusal(500, "judging_failed", "This reply could not be judged. Please report.")
