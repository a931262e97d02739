"""Follows every thread at a place, and tells people once of each that crosses the line."""

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain

from tonecheck.checker import BATCH
from tonecheck.conversation.crossing import Crossing
from tonecheck.conversation.latest import Latest
from tonecheck.conversation.reader import Following, ThreadReader
from tonecheck.errors import InputError, ToneCheckError
from tonecheck.messages import BadRow, Message
from tonecheck.verdict import Verdict
from tonecheck.watch.alert import Alert
from tonecheck.watch.delivery import Delivery
from tonecheck.watch.options import Counts, Judges, WatchOptions
from tonecheck.watch.places import Place
from tonecheck.watch.source import Ahead, Anew, Arrival, Change, Source, cut
from tonecheck.watch.state import State, digest
from tonecheck.watch.talks import Talk, Talks, Turn

_COMPLAINTS = 10_000  # that are remembered, so that an export read again brings each once


@dataclass(slots=True)
class _Flying:
    """A message that is being judged; one of the context is only looked at again."""

    talk: Talk
    turn: Turn
    is_context: bool = False


class Watcher:
    """Watches a place.

    Messages of all threads are judged together, as many as have arrived. What was judged is
    committed with the alerts that came of it, and then the alerts are delivered.
    """

    def __init__(
        self,
        place: Place,
        judges: Judges,
        *,
        state: State,
        delivery: Delivery,
        options: WatchOptions,
    ) -> None:
        """Prepare to watch.

        Args:
            place: What is watched.
            judges: Judge messages.
            state: What is remembered over restarts.
            delivery: Brings alerts to people.
            options: How to watch.
        """
        self._place, self._judges = place, judges
        self._state, self._delivery, self._options = state, delivery, options
        self._talks = Talks(options.threads, self._follow)
        self._complaints = Latest[tuple[str, str], bool](_COMPLAINTS)
        self._since_commit = 0
        self.counts = Counts()

    @property
    def threads(self) -> int:
        """Return how many threads are followed now."""
        return len(self._talks)

    @property
    def undelivered(self) -> int:
        """Return how many alerts the webhook has not taken."""
        return self._delivery.undelivered

    def run(self) -> None:
        """Watch until nothing can arrive any more; without an end of that kind, for ever.

        Raises:
            InputError: If the state cannot be written.
        """
        while True:
            self.look()
            self._options.on_idle()
            if self._options.once or self._place.ended:
                return
            if not self._place.waits:
                time.sleep(self._options.every)

    def end(self) -> None:
        """Deliver what still waits, with some patience.

        Raises:
            InputError: If the webhook did not take all, or nothing could be read.
        """
        self._delivery.end()
        if self.counts.bad and not self.counts.messages and self._state.is_new:
            raise InputError("no message could be read; what is wrong is said above.")

    def look(self) -> None:
        """Read, judge and tell everything that is there now."""
        self._delivery.deliver()
        for source in self._place.sources():
            if isinstance(source, BadRow):
                self._complain(source)
                continue
            self._read(source)
            while source.more:
                self._read(source)

    def _read(self, source: Source) -> None:
        arrivals = Ahead(source.arrivals(), source.name)
        while (coming := arrivals.peek()) is not None:
            if isinstance(coming, Arrival) and self._is_news(coming):
                self._judge(arrivals, source)
                continue
            arrivals.take()
            if isinstance(coming, BadRow):
                self._complain(coming)
            elif isinstance(coming, Anew):
                self._talks.forget(source.name)
            elif coming.change is Change.MISSING:
                self._leave_out(coming, arrivals)
            else:
                self._change(coming, source)
        source.finish()
        self._commit(source)

    def _is_news(self, arrival: Arrival) -> bool:
        """Return whether an arrival is a message that its thread does not hold yet."""
        if arrival.change is not Change.WRITTEN:
            return False
        talk = self._talks.holding(arrival.key) if arrival.key else None
        return talk is None or talk.find(arrival.key) is None

    def _judge(self, arrivals: Ahead, source: Source) -> None:
        """Judge the news that come next, together."""
        flying: deque[_Flying] = deque()
        with closing(self._judges.check_many(self._news(arrivals, source, flying))) as verdicts:
            while True:
                try:
                    verdict = next(verdicts, None)
                except ToneCheckError:
                    raise
                except Exception:  # one of them: find out which, so that the others are judged
                    break
                if verdict is None:
                    break
                self._take(flying.popleft(), verdict, source)
        while flying:
            self._judge_alone(flying.popleft(), source)

    def _news(self, arrivals: Ahead, source: Source, flying: deque[_Flying]) -> Iterator[Message]:
        """Yield what is to be judged, until something comes that is no news."""
        while (coming := arrivals.peek()) is not None:
            if isinstance(coming, BadRow):
                self._complain(coming)
                arrivals.take()
                continue
            if isinstance(coming, Anew) or not self._is_news(coming):
                return
            arrivals.take()
            talk = self._talks.get(coming.thread)
            if talk is None:
                talk = self._talks.begin(coming, source.name)
                before = [old for old in source.context(coming.thread) if old.key != coming.key]
                for arrival in before:
                    yield self._fly(talk, arrival, flying, is_context=True)
            yield self._fly(talk, coming, flying)

    def _fly(
        self, talk: Talk, arrival: Arrival, flying: deque[_Flying], *, is_context: bool = False
    ) -> Message:
        turn = self._talks.link(talk, replace(arrival, message=cut(arrival.message)))
        flying.append(_Flying(talk, turn, is_context))
        return turn.linked

    def _take(self, one: _Flying, verdict: Verdict, source: Source) -> None:
        found = one.talk.take(one.turn, verdict)
        if one.is_context:
            return
        crossing = self._options.line.crosses(one.talk.following, found)
        self._note(one, crossing, source)

    def _note(self, one: _Flying, crossing: Crossing | None, source: Source) -> None:
        """Note that a message was judged, and tell people if its thread crosses the line."""
        alerted = crossing is not None and self._tell(one, crossing, source)
        source.took(one.turn.arrival)
        self.counts.messages += 1
        self._since_commit += 1
        if alerted or self._since_commit >= BATCH:
            self._commit(source)

    def _judge_alone(self, one: _Flying, source: Source) -> None:
        try:
            verdict = next(iter(self._judges.check_many([one.turn.linked])))
        except ToneCheckError:
            raise
        except Exception as err:
            # Not the error's words: they may hold what somebody wrote.
            reason = f"could not be judged ({type(err).__name__}). Please report."
            self._complain(BadRow(place=one.turn.arrival.message.place, reason=reason))
            one.talk.drop(one.turn)
            source.took(one.turn.arrival)
            return
        self._take(one, verdict, source)

    def _change(self, arrival: Arrival, source: Source) -> None:
        """Put an edited message in the place of the old one, or take a deleted one out."""
        talk = self._talks.holding(arrival.key) if arrival.key else None
        arrival = replace(arrival, message=cut(arrival.message))
        if talk is None:
            return  # a deleted message that nobody holds any more
        if arrival.change is Change.DELETED:
            talk.remove({arrival.key}, surely=True)
            self.counts.deleted += 1
            source.took(arrival)
            return
        turn = talk.edit(arrival)
        old = talk.find(arrival.key)
        if turn is None or old is None or old.arrival.message.text == arrival.message.text:
            source.took(arrival)
            return
        verdict = next(iter(self._judges.check_many([turn.linked])))
        found = talk.amend(turn, verdict)
        self.counts.edited += 1
        crossing = self._options.line.crosses(talk.following, found)
        self._note(_Flying(talk, turn), crossing, source)

    def _leave_out(self, first: Arrival, arrivals: Ahead) -> None:
        """Take out of their threads the messages that an export no longer holds."""
        keys: dict[bytes, set[bytes]] = {}
        for arrival in chain([first], arrivals.while_missing()):
            talk = self._talks.holding(arrival.key)
            if talk is not None:
                keys.setdefault(talk.thread, set()).add(arrival.key)
        for thread, gone in keys.items():
            talk = self._talks.get(thread)
            if talk is not None:
                self.counts.deleted += talk.remove(gone, surely=False)

    def _tell(self, one: _Flying, crossing: Crossing, source: Source) -> bool:
        """Keep an alert, unless people were told of the thread before; return whether it was."""
        talk, turn = one.talk, one.turn
        now = self._options.clock()
        told, again = self._state.told(talk.thread), self._options.again_after
        if told is not None and (again is None or now - told < again):
            return False
        alert = Alert(
            id=digest(talk.thread.hex(), repr(now)).hex(),
            source=source.name,
            thread=turn.arrival.message.thread,
            message=turn.arrival.message,
            crossing=crossing,
            shown_by=talk.shown(crossing.messages),
            count=talk.count,
            heat=talk.following.heat,
            model=turn.verdict.model if turn.verdict else "",
            at=now,
        )
        body = json.dumps(alert.to_dict(with_text=self._options.with_text))
        self._state.add_alert(talk.thread, body, at=now, post=self._delivery.posts)
        self.counts.alerts += 1
        return True

    def _commit(self, source: Source) -> None:
        position = source.position()
        if position is not None:
            self._state.keep_position(source.name, position, at=self._options.clock())
        self._state.commit()
        self._since_commit = 0
        self._options.on_progress(self.counts.messages)
        self._delivery.deliver()
        self._delivery.make_room()

    def _complain(self, row: BadRow) -> None:
        if self._complaints.get((row.place, row.reason)):
            return
        self._complaints.put((row.place, row.reason), True)
        self.counts.bad += row.kind != "notice"
        self._options.on_bad(row)

    def _follow(self, thread: str, title: str) -> Following:
        def check(message: Message) -> Verdict:
            return next(iter(self._judges.check_many([message])))

        reader = ThreadReader(thread, title=title, forecaster=self._options.forecaster)
        return Following(check, reader)
