"""How many messages a second `tonecheck watch` follows, and whether its memory stays flat.

The stream is made of the sample community's messages, drawn at random into threads of 20 messages
on average, by 500 people. It comes on standard input, as fast as it is taken.

    python benchmarks/watch.py [--messages 100000] [--model linear-en --model default]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import ROOT, store

MESSAGES = 100_000
MODELS = ("linear-en", "default")
LIVE = 200  # threads that people write in at a time
_LENGTH = 20


def main() -> None:
    """Stream a fifth of the messages and all of them into each model, and store what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--model", action="append", choices=MODELS)
    args = parser.parse_args()
    results = {
        model: [followed(model, count) for count in (args.messages // 5, args.messages)]
        for model in args.model or MODELS
    }
    print(json.dumps(results, indent=2))
    if args.messages == MESSAGES and not args.model:
        print(store("watch", {"live threads": LIVE, "results": results}))


def followed(model: str, count: int) -> dict[str, Any]:
    """Return how fast a stream was followed, and the memory of the largest process."""
    with tempfile.TemporaryDirectory() as folder:
        state, out = Path(folder) / "state.sqlite", Path(folder) / "alerts.jsonl"
        command = [sys.executable, "-m", "tonecheck", "watch", "-", "--json", "--model", model]
        begin = time.perf_counter()
        with out.open("wb") as alerts:
            process = subprocess.Popen(
                [*command, "--state", str(state)],
                stdin=subprocess.PIPE, stdout=alerts, cwd=folder,
            )  # fmt: skip
        assert process.stdin is not None
        with process.stdin as stream:
            for line in lines(count):
                stream.write(line)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")
        return {
            "messages": count,
            "seconds": round(seconds, 1),
            "messages_per_second": round(count / seconds, 1),
            "peak_mib": round(usage.ru_maxrss / 1024, 1),
            "state_kib": round(state.stat().st_size / 1024, 1),
            "alerts": len(out.read_bytes().splitlines()),
        }


def lines(count: int) -> Iterator[bytes]:
    """Yield a stream of messages as JSON lines, the same each time."""
    community = ROOT / "data" / "samples" / "community.jsonl"
    rows = [json.loads(line) for line in community.read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in rows if row.get("text")]
    draw = random.Random(6)
    threads: dict[int, list[str]] = {place: [] for place in range(LIVE)}
    names = {place: place for place in range(LIVE)}
    for number in range(count):
        place = draw.randrange(LIVE)
        if draw.random() < 1 / _LENGTH:  # the thread is over, and another begins
            threads[place], names[place] = [], LIVE + number
        before = threads[place]
        row = {
            "id": str(number),
            "thread": f"t{names[place]}",
            "author": f"p{draw.randrange(500)}",
            "reply_to": draw.choice(before[-10:]) if before else "",
            "text": draw.choice(texts),
        }
        before.append(row["id"])
        yield json.dumps(row).encode() + b"\n"


if __name__ == "__main__":
    main()
