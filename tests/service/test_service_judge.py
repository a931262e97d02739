import asyncio
import time

import pytest

from tonecheck import Message
from tonecheck.service.judge import MOST_TOGETHER, Judge
from tonecheck.service.refusals import Refusal

TEXTS = ["You are an idiot.", "Just google it.", "Thanks, that helped!", ""]


class Slow:
    """A checker that notes its batches, takes its time, and fails on one text."""

    def __init__(self, checker, seconds=0.0) -> None:
        self._checker, self._seconds = checker, seconds
        self.batches: list[list[str]] = []

    def check_many(self, messages):
        messages = list(messages)
        self.batches.append([message.text for message in messages])
        time.sleep(self._seconds)
        if any(message.text == "breaks" for message in messages):
            raise ValueError("breaks")
        yield from self._checker.check_many(messages)


class Steady:
    """A checker that takes the same time for each reply, on a clock of its own or on ours."""

    def __init__(self, verdict, seconds, *, sleep=False) -> None:
        self._verdict, self.seconds, self._sleep = verdict, seconds, sleep
        self.now = 0.0

    def clock(self):
        return time.perf_counter() if self._sleep else self.now

    def check_many(self, messages):
        messages = list(messages)
        self.now += self.seconds * len(messages)
        if self._sleep:
            time.sleep(self.seconds * len(messages))
        return iter([self._verdict] * len(messages))


def burst(judge, count):
    asked = [judge.check(Message(text=f"No. {n}")) for n in range(count)]
    return asyncio.gather(*asked, return_exceptions=True)


def judged(checker, work, **settings):
    """Return what `work` gives with a judge that is at work."""

    async def run():
        async with Judge(
            checker, **{"wait": 0.0, "size": 512, "timeout": 10.0} | settings
        ) as judge:
            return await work(judge)

    return asyncio.run(run())


def test_verdicts_are_those_of_the_checker_in_order(checker):
    messages = [Message(text=text, id=str(place)) for place, text in enumerate(TEXTS)]

    found = judged(checker, lambda judge: judge.check_many(messages))

    assert found == list(checker.check_many(messages))


def test_what_comes_in_together_is_scored_together(checker):
    slow = Slow(checker)

    async def work(judge):
        return await asyncio.gather(*(judge.check(Message(text=f"No. {n}")) for n in range(100)))

    assert len(judged(slow, work, wait=0.01)) == 100
    assert sum(map(len, slow.batches)) == 100
    assert len(slow.batches) <= 3
    assert max(map(len, slow.batches)) <= MOST_TOGETHER


def test_a_full_queue_refuses_and_says_when_to_come_back(checker):
    async def work(judge):
        asked = [judge.check(Message(text=f"No. {n}")) for n in range(9)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = judged(Slow(checker, 0.05), work, size=5)

    refused = [outcome for outcome in found if isinstance(outcome, Refusal)]
    assert len(refused) == 4
    assert {(refusal.status, refusal.code) for refusal in refused} == {(429, "overloaded")}
    assert all(refusal.retry_after >= 1 for refusal in refused)


def test_more_replies_than_the_queue_holds_are_refused_for_good(checker):
    messages = [Message(text=text) for text in TEXTS]

    with pytest.raises(Refusal, match=r"^4 replies at once are more than the 3 that may wait\."):
        judged(checker, lambda judge: judge.check_many(messages), size=3)


def test_a_reply_that_waits_too_long_is_given_up_and_not_judged(checker):
    slow = Slow(checker, 0.2)

    async def work(judge):
        first = asyncio.create_task(judge.check(Message(text="first")))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(judge.check(Message(text="second")))
        return await asyncio.gather(first, second, return_exceptions=True)

    found = judged(slow, work, timeout=0.1)

    assert [(outcome.status, outcome.code) for outcome in found] == [(503, "timeout")] * 2
    assert slow.batches == [["first"]]


def test_a_reply_that_cannot_be_judged_fails_alone(checker, caplog):
    async def work(judge):
        asked = [judge.check(Message(text=text)) for text in ("fine", "breaks", "good")]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = judged(Slow(checker), work)

    assert [getattr(outcome, "code", None) for outcome in found] == [None, "judging_failed", None]
    assert caplog.messages == ["a reply could not be judged: ValueError"]


def test_of_many_each_has_its_own_outcome(checker):
    messages = [Message(text=text) for text in ("fine", "breaks", "good", "breaks")]

    found = judged(Slow(checker), lambda judge: judge.outcomes(messages))

    assert [getattr(outcome, "code", None) for outcome in found] == [
        None,
        "judging_failed",
        None,
        "judging_failed",
    ]
    with pytest.raises(Refusal, match=r"^This reply could not be judged\. Please report\.$"):
        judged(Slow(checker), lambda judge: judge.check_many(messages))


def test_what_waits_at_the_end_is_still_judged(checker):
    async def run():
        async with Judge(Slow(checker, 0.05), wait=0.0, size=99, timeout=10.0) as judge:
            asked = [asyncio.create_task(judge.check(Message(text=f"No. {n}"))) for n in range(9)]
            await asyncio.sleep(0)
        with pytest.raises(Refusal, match="going down"):
            await judge.check(Message(text="late"))
        return await asyncio.gather(*asked)

    assert len(asyncio.run(run())) == 9


def test_more_than_a_slow_model_can_judge_in_time_is_refused_at_once(checker):
    steady = Steady(checker.check("No."), 0.1)

    async def work(judge):
        await judge.check(Message(text="measured"))
        return await burst(judge, 500)

    found = judged(steady, work, timeout=10.0, clock=steady.clock)

    refused = [outcome for outcome in found if isinstance(outcome, Refusal)]
    assert len(found) - len(refused) == 80  # 8 s at 0.1 s each: 2 s are kept for surprises
    assert {(refusal.status, refusal.code) for refusal in refused} == {(429, "overloaded")}
    assert {refusal.retry_after for refusal in refused} == {8}


def test_nobody_waits_for_nothing(checker):
    steady = Steady(checker.check("No."), 0.01, sleep=True)

    async def work(judge):
        await judge.check(Message(text="measured"))
        return await burst(judge, 400)

    found = judged(steady, work, timeout=1.0)

    assert {getattr(outcome, "status", 200) for outcome in found} == {200, 429}


def test_what_was_slow_once_is_tried_again_when_nothing_waits(checker):
    steady = Steady(checker.check("No."), 60.0)

    async def work(judge):
        await judge.check(Message(text="slow"))
        steady.seconds = 0.001
        first = await burst(judge, 9)
        again = await burst(judge, 9)
        return first, again, judge.full

    first, again, full = judged(steady, work, clock=steady.clock)

    assert [getattr(outcome, "status", 200) for outcome in first] == [200] + [429] * 8
    assert len(again) == 9
    assert not full


def test_a_batch_tells_more_of_the_speed_than_single_replies(checker):
    steady = Steady(checker.check("No."), 0.1)

    async def work(judge):
        for _ in range(20):
            await judge.check(Message(text="alone"))
        steady.seconds = 0.01  # a batch saves most of it
        await judge.check_many([Message(text="together")] * 60)
        return await burst(judge, 400)

    found = judged(steady, work, clock=steady.clock)

    assert not any(isinstance(outcome, Refusal) for outcome in found)
