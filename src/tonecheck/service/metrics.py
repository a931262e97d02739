"""What Prometheus is told: how many requests, how long they took, and how many replies wait."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# Seconds. Forum software gives up after one to ten: peers.md has its defaults.
_STEPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one service; neither texts, keys nor paths with ids are among the labels."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tonecheck_requests", "Requests answered.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "tonecheck_request_seconds", "Seconds until a request was answered.", ["route"],
            buckets=_STEPS, registry=self._registry,
        )  # fmt: skip
        self._waiting = Gauge(
            "tonecheck_waiting_replies", "Replies that wait to be judged.", registry=self._registry
        )

    def watch(self, waiting: Callable[[], int]) -> None:
        """Ask for the number of waiting replies whenever Prometheus does."""
        self._waiting.set_function(waiting)

    def observe(self, method: str, route: str, *, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in {"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT"} else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)
