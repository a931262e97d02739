"""Who is signed in to the pages: a session in memory for each browser, and nothing else.

A browser gets an opaque token of 256 bits. The key that it signed in with stays here and is asked
again on every request, so that a key that was revoked opens nothing any more. A restart signs
everybody out.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock

COOKIE = "tonecheck_session"
HOURS = 12
_MOST = 1000  # the oldest makes room: one browser that drops its cookies must not fill the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in.

    Attributes:
        key: The API key it signed in with; empty where the service asks for none.
        csrf: What every form of its pages sends along.
        ends: When it is over, on the clock of `Sessions`.
    """

    key: str = field(repr=False)
    csrf: str = field(repr=False)
    ends: float

    def allows(self, token: str) -> bool:
        """Return whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode("utf-8", "replace"))


class Sessions:
    """The sessions of one service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._open: dict[str, Session] = {}  # by the token's digest, the oldest first

    def begin(self, key: str) -> tuple[str, Session]:
        """Return the token and the session of a browser that signed in."""
        token = secrets.token_urlsafe(32)
        ends = self._clock() + HOURS * 3600
        session = Session(key=key, csrf=secrets.token_urlsafe(32), ends=ends)
        with self._lock:
            while len(self._open) >= _MOST:
                del self._open[next(iter(self._open))]
            self._open[_digest(token)] = session
        return token, session

    def find(self, token: str) -> Session | None:
        """Return the session of a token, or None if there is none or it is over."""
        with self._lock:
            session = self._open.get(_digest(token))
            if session is not None and session.ends <= self._clock():
                del self._open[_digest(token)]
                return None
            return session

    def end(self, token: str) -> None:
        """Sign a browser out."""
        with self._lock:
            self._open.pop(_digest(token), None)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
