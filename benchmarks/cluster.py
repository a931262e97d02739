"""How much faster a Ray cluster judges with two workers than with one, on this machine.

The messages are those of `benchmarks/audit.py`, in shards. Two times are stored: until every
message has what it answers, and from there until the last verdict is here, which begins with the
start of the workers. Also stored is how fast one machine takes verdicts over into an audit: that
is what more workers do not make faster.

    python benchmarks/cluster.py --count 8000
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray

from audit import invented
from machine import store
from tonecheck import load
from tonecheck.audit.engine import Judged
from tonecheck.audit.manifest import Export
from tonecheck.audit.run import run_audit
from tonecheck.integrations.ray import ShardOptions, judge_shards
from tonecheck.messages import Message

_SHARDS = 8


def main() -> None:
    """Judge with one worker and with two, and store the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=8_000)
    parser.add_argument("--model", default="linear-en")
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        write_shards(Path(scratch), args.count)
        for workers in (1, 2):
            results[f"{workers}"] = judged(Path(scratch), args.count, workers, model=args.model)
            print(workers, results[f"{workers}"], flush=True)
    path = store(
        "ray",
        {
            "messages": "invented from data/samples/community.jsonl",
            "count": args.count,
            "shards": _SHARDS,
            "model": args.model,
            "ray": ray.__version__,
            "messages_per_second_taken_over": taken_over(args.count, model=args.model),
            "load_before": [round(load, 1) for load in os.getloadavg()],
            "results": results,
        },
    )
    print(path)


class Given:
    """An engine that has a verdict ready for every message."""

    name = "given"

    def __init__(self, count: int, verdict: str) -> None:
        self._rows = list(invented(count))
        self._verdict = verdict

    @property
    def exports(self) -> list[Export]:
        """Return an export that lies nowhere."""
        return [Export(path="invented", name="invented", size=0, mtime_ns=0, format="table")]

    def source(self, position: int) -> str:
        """Return where ids count."""
        return f"table {position}"

    def read(self, position: int) -> Iterator[Judged]:
        """Yield the messages of the one export."""
        assert position == 0
        for row in self._rows:
            message = replace(
                Message.from_dict(row), title=row["title"], reply_to=row["reply_to"] or ""
            )
            yield message, self._verdict


def taken_over(count: int, *, model: str) -> float:
    """Return how many messages a second an audit takes over, sums up and writes."""
    checker = load(model)
    verdict = json.dumps(checker.check("You are wrong, obviously, just google it.").to_dict())
    engine = Given(count, verdict)
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        run_audit(engine, Path(scratch) / "out", checker)
        return round(count / (time.perf_counter() - begin), 1)


def judged(folder: Path, count: int, workers: int, *, model: str) -> dict[str, Any]:
    """Return how long it took on a cluster that is started for it."""
    with started(workers):
        begin = time.perf_counter()
        options = ShardOptions(model=model, workers=workers)
        dataset = judge_shards([str(folder)], options=options)
        linked = time.perf_counter()
        rows = 0
        first = 0.0
        for batch in dataset.iter_batches(batch_size=256, batch_format="pyarrow"):
            first = first or time.perf_counter()
            rows += batch.num_rows
        end = time.perf_counter()
    if rows != count:
        raise SystemExit(f"{rows:,} rows came out of {count:,}")
    return {
        "seconds_to_link": round(linked - begin, 1),
        "seconds_to_first_verdict": round(first - linked, 1),
        "seconds_to_judge": round(end - linked, 1),
        "messages_per_second_judged": round(count / (end - linked), 1),
    }


@contextmanager
def started(cores: int) -> Iterator[None]:
    """Run a cluster of this machine, with as many cores as there are workers."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    ray.init(
        address="local",
        num_cpus=cores,
        object_store_memory=200 * 1024**2,
        include_dashboard=False,
        log_to_driver=False,
    )
    try:
        yield
    finally:
        ray.shutdown()


def write_shards(folder: Path, count: int) -> None:
    """Write invented messages as shards."""
    rows = list(invented(count))
    each = -(-count // _SHARDS)
    for number in range(_SHARDS):
        with (folder / f"part-{number}.jsonl").open("w", encoding="utf-8") as file:
            for row in rows[number * each : (number + 1) * each]:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
