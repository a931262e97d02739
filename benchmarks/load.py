"""How fast the service answers under load, on this machine, client and server side by side.

    python benchmarks/load.py --corpora ../shared/corpora --rates 100 500 --seconds 60

Requests go out when their time has come, whether or not earlier ones were answered (open loop), so
that a slow answer does not hide behind a slow client. Each asks for one real reply of
`POST /v1/check`. A request is answered, shed with 429, or lost; lost ones are failures.
"""

import argparse
import asyncio
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from machine import store

_TIMEOUT = 15.0
_WARM = 200  # requests before the clock starts


def main() -> None:
    """Measure each model at each rate and store the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["linear-en", "pair-en"])
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    bodies = replies(args.corpora, 5_000)
    results = {}
    for model in args.models:
        for rate in args.rates:
            found = served(model, bodies, rate=rate, seconds=args.seconds)
            results[f"{model} at {rate}/s"] = found
            print(model, rate, found, flush=True)
    print(store("load", {"seconds": args.seconds, "results": results}))


def replies(corpora: Path, count: int) -> list[bytes]:
    """Return bodies of requests: real replies and what they answer."""
    with gzip.open(corpora / "tonecheck_replies_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, count)]
    return [json.dumps({"text": row["text"], "parent": row["parent"]}).encode() for row in rows]


def served(model: str, bodies: Sequence[bytes], *, rate: int, seconds: int) -> dict[str, Any]:
    """Start a service, send it requests, and return how they were answered."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tonecheck", "serve", "--model", model]
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, stderr=subprocess.DEVNULL
        )
        try:
            return asyncio.run(loaded(port, bodies, rate=rate, seconds=seconds))
        finally:
            process.terminate()
            process.wait()


async def loaded(port: int, bodies: Sequence[bytes], *, rate: int, seconds: int) -> dict[str, Any]:
    """Send requests at a rate; return counts and milliseconds."""
    pool = Pool(port)
    await pool.ready()
    for body in islice(cycle(bodies), _WARM):
        await pool.ask(body)
    begin = time.perf_counter() + 0.1
    tasks = []
    for number, body in enumerate(islice(cycle(bodies), rate * seconds)):
        due = begin + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(timed(pool, body, due)))
    outcomes = await asyncio.gather(*tasks)
    answered = np.array([took for status, took in outcomes if status == 200])
    statuses = Counter(status for status, _ in outcomes)
    parts = np.percentile(answered, (50, 95, 99)) if len(answered) else (0, 0, 0)
    return {
        "sent": len(outcomes),
        "answered": statuses[200],
        "shed_with_429": statuses[429],
        "lost": len(outcomes) - statuses[200] - statuses[429],
        "lost_by_status": {
            str(status): count
            for status, count in sorted(statuses.items())
            if status not in {200, 429}
        },
        "answered_per_second": round(statuses[200] / seconds, 1),
        "ms": {
            name: round(float(p), 1) for name, p in zip(("p50", "p95", "p99"), parts, strict=True)
        },
        "load_average": round(os.getloadavg()[0], 1),
    }


async def timed(pool: "Pool", body: bytes, due: float) -> tuple[int, float]:
    """Return the status of an answer and the milliseconds since the request was due."""
    try:
        status = await asyncio.wait_for(pool.ask(body), _TIMEOUT)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        status = 0
    return status, (time.perf_counter() - due) * 1000


class Pool:
    """Connections that are kept open: as light as a client can be, since it shares the cores."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ready(self) -> None:
        """Wait until the service answers."""
        for _ in range(600):
            try:
                if await self.ask(b'{"text": "hello"}') == 200:
                    return
            except OSError:
                await asyncio.sleep(0.1)
        raise SystemExit("the service did not start")

    async def ask(self, body: bytes) -> int:
        """Send one request; return the status of its answer.

        A connection that the service closed for being idle is replaced, as clients do.
        """
        while self._idle:
            try:
                return await self._ask(self._idle.pop(), body)
            except asyncio.IncompleteReadError as err:
                if err.partial:
                    raise
            except ConnectionError:
                continue
        return await self._ask(await self._connect(), body)

    async def _ask(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], body: bytes
    ) -> int:
        reader, writer = connection
        writer.write(
            b"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        self._idle.append(connection)
        return int(head.split(b" ", 2)[1])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
