"""Brings alerts to people: prints each, posts it where there is a webhook, and loses none."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tonecheck.errors import InputError
from tonecheck.watch.state import REFUSED, State, Waiting
from tonecheck.watch.webhook import Webhook

MOST_WAITING = 1_000
"""With how many alerts that cannot be posted the watcher stops reading, and waits."""

Print = Callable[[dict[str, object]], None]
Say = Callable[[str], None]


class Delivery:
    """Delivers what waits in the state.

    An alert leaves the state when it was printed and posted. If the process is killed in between,
    it is printed or posted once more, with the same id.
    """

    def __init__(self, state: State, show: Print, say: Say, *, webhook: Webhook | None) -> None:
        """Prepare to deliver.

        Args:
            state: Where alerts wait.
            show: Prints an alert.
            say: Tells the operator what went wrong.
            webhook: Where alerts are posted, too.
        """
        self._state, self._show, self._say = state, show, say
        self._webhook = webhook
        self._trouble = ""

    @property
    def posts(self) -> bool:
        """Return whether alerts are posted."""
        return self._webhook is not None

    @property
    def undelivered(self) -> int:
        """Return how many alerts the webhook has not taken, or refused."""
        return self._state.undelivered if self._webhook else 0

    def deliver(self) -> None:
        """Print what was not printed, and post what can be posted now."""
        for alert in self._state.to_print():
            with _unbroken():  # what was seen and not noted would be told again at the next start
                self._show(json.loads(alert.body))
                self._state.printed(alert)
        webhook = self._webhook
        if webhook is None or webhook.wait:
            return
        for alert in self._state.to_post():
            if not self._post(alert, webhook):
                return

    def make_room(self) -> None:
        """Wait until so few alerts wait for the webhook that more may be read."""
        while self._webhook and len(self._state.to_post()) > MOST_WAITING:
            time.sleep(self._webhook.wait)
            self.deliver()

    def end(self) -> None:
        """Deliver all that waits, as long as the webhook's patience lasts.

        Raises:
            InputError: If it did not take all.
        """
        webhook = self._webhook
        if webhook is None:
            return
        deadline = time.monotonic() + webhook.patience.last
        while self._state.to_post() and time.monotonic() + webhook.wait < deadline:
            time.sleep(webhook.wait)
            self.deliver()
        left = self.undelivered
        if left:
            where = (
                "will be tried again at the next start"
                if self._state.lasts
                else "will not be tried again"
            )
            count = "1 alert. It was" if left == 1 else f"{left:,} alerts. They were"
            raise InputError(f"{webhook.host} did not take {count} printed, and {where}.")

    def _post(self, alert: Waiting, webhook: Webhook) -> bool:
        """Post an alert; return whether to go on with the next."""
        problem = webhook.post(alert.body.encode(), key=json.loads(alert.body)["id"])
        if not problem:
            self._state.posted(alert)
            if self._trouble:
                self._say(f"{webhook.host} takes alerts again.")
            self._trouble = ""
            return True
        if webhook.hopeless:
            key = json.loads(alert.body)["id"]
            self._say(f"{webhook.host} did not take alert {key}: {problem}. It was printed.")
            self._state.posted(alert, REFUSED)
            return True
        if problem != self._trouble:
            self._say(f"{webhook.host} takes no alerts: {problem}. They wait, and are tried again.")
        self._trouble = problem
        return False


@contextmanager
def _unbroken() -> Iterator[None]:
    """Hold back a first Ctrl-C until the end; a second one, of somebody who cannot wait, counts."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        if held:
            raise KeyboardInterrupt
        held.append(number)

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt
