"""How often each key may ask: a bucket of tokens that fills evenly (RFC 2697's, in one rate)."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_BURST = 1 / 6  # of a minute's tokens at once: ten seconds' worth


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rates:
    """The buckets of all keys, in memory: each process of a service counts for itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[int, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: int, per_minute: int) -> int:
        """Take one token; return 0, or after how many whole seconds there will be one."""
        size = max(1.0, per_minute * _BURST)
        moment = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(key, _Bucket(size, moment))
            filled = bucket.tokens + (moment - bucket.at) * per_minute / 60
            bucket.tokens, bucket.at = min(size, filled), moment
            if bucket.tokens < 1:
                return max(1, math.ceil((1 - bucket.tokens) * 60 / per_minute))
            bucket.tokens -= 1
            return 0
