"""How fast `tonecheck audit` is and how much memory it takes, as a whole command, by messages.

The messages are invented: sentences of the sample community, strung together anew, in threads that
run side by side. Memory should not grow with their number.

    python benchmarks/audit.py --counts 10000 100000 1000000
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from machine import ROOT, store, timed

_SAMPLE = ROOT / "data" / "samples" / "community.jsonl"
_OPEN_THREADS = 40  # that people write in at the same time
_THREAD = 12  # messages, on average
_MEMBER = 20  # messages, on average
_START = 1_757_289_600  # 8 September 2025
_LOOK_EVERY = 0.25  # seconds


def main() -> None:
    """Audit as many messages as are asked for, each in a process of its own, and store the rest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--model", default="linear-en")
    args = parser.parse_args()
    results = {}
    for count in args.counts:
        with tempfile.TemporaryDirectory() as scratch:
            results[f"{count}"] = audited(Path(scratch), count, args.model)
        print(count, results[f"{count}"], flush=True)
    peaks = [result["peak_mib"] for result in results.values()]
    path = store(
        "audit",
        {
            "messages": "invented from data/samples/community.jsonl",
            "model": args.model,
            "results": results,
            "peak_growth_mib": round(peaks[-1] - peaks[0], 1),
        },
    )
    print(path)


def audited(scratch: Path, count: int, model: str) -> dict[str, Any]:
    """Audit messages; return the time, the memory and what was written."""
    export, out = scratch / "export.jsonl", scratch / "out"
    with export.open("w", encoding="utf-8") as file:
        for row in invented(count):
            file.write(json.dumps(row) + "\n")
    command = [sys.executable, "-m", "tonecheck", "audit", export, "--out", out, "--quiet"]
    found = measured([*map(str, command), "--model", model])
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return {
        **found,
        "messages_per_second": round(count / found["seconds"], 1),
        "threads": summary["messages"]["threads"],
        "members": summary["messages"]["members"],
        "export_mb": _megabytes(export),
        "files_mb": {path.name: _megabytes(path) for path in sorted(out.iterdir())},
    }


def invented(count: int) -> Iterator[dict[str, Any]]:
    """Yield invented messages of threads that run side by side; the same for the same number."""
    rng = random.Random(5)
    lines = _SAMPLE.read_text(encoding="utf-8").splitlines()
    sentences = [part for line in lines for part in json.loads(line)["text"].split(". ") if part]
    recent: dict[str, list[str]] = {}
    for number in range(count):
        newest = number // _THREAD
        thread = f"t{max(0, newest - rng.randrange(_OPEN_THREADS))}"
        answered = recent.setdefault(thread, [])
        yield {
            "id": f"m{number}",
            "thread": thread,
            "title": f"Question {thread}",
            "author": f"Person {rng.randrange(count // _MEMBER + 1)}",
            "time": _START + number * 30,
            "reply_to": rng.choice(answered) if answered else None,
            "text": ". ".join(rng.sample(sentences, rng.randrange(1, 6))),
        }
        answered.append(f"m{number}")
        recent.pop(f"t{newest - 2 * _OPEN_THREADS}", None)


def measured(command: Sequence[str]) -> dict[str, float]:
    """Return the wall seconds of a command, and the peak memory of its largest process and of all.

    What processes share is counted once in the memory of all, which is looked at now and then.
    """
    looks: list[float] = []
    found = timed(
        command,
        started=lambda pid: threading.Thread(target=_watch, args=(pid, looks), daemon=True).start(),
    )
    return {
        "seconds": round(found["seconds"], 1),
        "peak_mib": round(found["peak_mib"], 1),
        "peak_of_all_mib": round(max(looks, default=0.0), 1),
    }


def _watch(pid: int, looks: list[float]) -> None:
    while memory := sum(map(_share, _family(pid))):
        looks.append(memory / 1024)
        time.sleep(_LOOK_EVERY)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _share(pid: int) -> int:
    """Return the KiB of a process, each page divided by how many processes share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _megabytes(path: Path) -> float:
    return round(path.stat().st_size / 1e6, 1)


if __name__ == "__main__":
    main()
