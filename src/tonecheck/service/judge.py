"""Judges replies for many clients at once: what comes in together is scored together."""

from collections.abc import Sequence
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from tonecheck.checker import ToneChecker
from tonecheck.messages import Message
from tonecheck.verdict import Verdict


class Judge(Protocol):
    """Something that gives verdicts without blocking the event loop."""

    async def check(self, message: Message) -> Verdict:
        """Return the verdict on one message.

        Raises:
            Refusal: If too many wait already (429), or it waited too long (503).
        """
        ...

    async def check_many(self, messages: Sequence[Message]) -> list[Verdict]:
        """Return the verdicts on messages, in order; all of them or none is refused."""
        ...


class PlainJudge:
    """Judges one request after the other."""

    def __init__(self, checker: ToneChecker) -> None:
        self._checker = checker

    async def check(self, message: Message) -> Verdict:
        """Return the verdict on one message."""
        return (await self.check_many([message]))[0]

    async def check_many(self, messages: Sequence[Message]) -> list[Verdict]:
        """Return the verdicts on messages, in order."""
        return await run_in_threadpool(lambda: list(self._checker.check_many(messages)))
