"""What every request meets first: a limit to its size, a number, safe headers, and a log line.

The log holds neither texts nor keys: the route's pattern stands for the path, and nothing else
of a request is written down.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonecheck.service.metrics import Metrics

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Set where a route has not set its own (OWASP, HTTP Security Response Headers Cheat Sheet)."""

_GONE = 499  # nginx's word for a client that left before its answer
requests = logging.getLogger("tonecheck.requests")


class Edge:
    """The middleware around the whole service.

    Args:
        app: What it stands before.
        most: The largest body, in bytes.
        metrics: What counts requests.
        failed: Gives what a client of a path is told if its request failed within.
    """

    def __init__(
        self, app: ASGIApp, *, most: int, metrics: Metrics, failed: Callable[[str], Response]
    ) -> None:
        self._app, self._most, self._metrics, self._failed = app, most, metrics, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; whoever reads too large a body of it raises 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, number = time.perf_counter(), uuid4().hex
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _set_headers(message, number)
            await send(message)

        try:
            await self._app(scope, self._limited(scope, receive), answer)
        except Exception:
            # Starlette's own answer to it would not pass here, and so have no headers.
            if not status:
                await self._failed(scope["path"])(scope, receive, answer)
            raise
        finally:
            took = time.perf_counter() - begin
            method, route = scope["method"], getattr(scope.get("route"), "path", "none")
            self._metrics.observe(method, route, status=status or _GONE, seconds=took)
            line = {"request": number, "method": method, "route": route, "status": status or _GONE}
            key = {"key": scope["state"]["key"]} if "key" in scope.get("state", {}) else {}
            requests.info("", extra={"request": line | key | {"ms": round(took * 1000, 1)}})

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        read = 0
        announced = _announced(scope["headers"])

        async def counted() -> Message:
            nonlocal read
            if announced <= self._most:
                message = await receive()
                read += len(message.get("body", b""))
                if read <= self._most:
                    return message
            raise HTTPException(413, f"The request is larger than {self._most:,} bytes. Send less.")

        return counted


class JsonLines(logging.Formatter):
    """Writes a log record as one line of JSON; of errors the kind only, without their words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.msg:
            row["message"] = record.getMessage()
        if record.exc_info and record.exc_info[0]:
            row["error"] = record.exc_info[0].__name__
        return json.dumps(row | getattr(record, "request", {}))


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _set_headers(message: Message, number: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = number
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
