"""How fast `tonecheck score` is, as a whole process, beside alt-profanity-check in the same run.

Both read the same 10,000 real replies. alt-profanity-check gives one number for profanity; it is
here as a yardstick of speed that people know, not as an equal.

    python benchmarks/speed.py --corpora ../shared/corpora
"""

import argparse
import gzip
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from machine import store, timed

REPLIES = 10_000
RUNS = 5
_SOURCES = ("tonecheck_replies_train", "tonecheck_replies_dev", "ucc_val")
_PROFANITY = """
import json, sys
from profanity_check import predict_prob
texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
with open(sys.argv[2], "w", encoding="utf-8") as out:
    for value in predict_prob(texts):
        out.write(f"{value}\\n")
"""


def main() -> None:
    """Run both commands in turn and store the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    corpora = parser.parse_args().corpora
    tonecheck = str(Path(sys.executable).with_name("tonecheck"))
    with tempfile.TemporaryDirectory() as scratch:
        replies, out = Path(scratch) / "replies.jsonl", Path(scratch) / "out"
        facts = write_replies(replies, corpora)
        score = [tonecheck, "score", str(replies), "--out", str(out)]
        linear = [*score, "--model", "linear-en"]
        commands = {
            "tonecheck score": score,
            "tonecheck score --model linear-en": linear,
            "tonecheck score --model linear-en --workers 1": [*linear, "--workers", "1"],
            "alt-profanity-check": [sys.executable, "-c", _PROFANITY, str(replies), str(out)],
        }
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                runs[name].append(timed(command))
        starts = {
            name: statistics.median(timed(command)["seconds"] for _ in range(11))
            for name, command in {
                "python": [sys.executable, "-c", "pass"],
                "import tonecheck": [sys.executable, "-c", "import tonecheck"],
                "tonecheck --help": [tonecheck, "--help"],
            }.items()
        }
    results = {name: summary(found) for name, found in runs.items()}
    path = store(
        "speed",
        {
            "replies": facts,
            "runs": RUNS,
            "alt-profanity-check version": version("alt-profanity-check"),
            "results": results,
            "start_up_ms": {
                name: round(1000 * (seconds - starts["python"]), 1)
                for name, seconds in starts.items()
                if name != "python"
            },
        },
    )
    for name, result in results.items():
        print(f"{name:30} {result['replies_per_second']:8,.0f} replies/s")
    print(path)


def write_replies(path: Path, corpora: Path) -> dict[str, Any]:
    """Write 10,000 replies with their parents as `score` reads them; return what they are."""
    rows = []
    for name in _SOURCES:
        with gzip.open(corpora / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    rows = [rows[place % len(rows)] for place in range(REPLIES)]
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({"text": row["text"], "parent": row.get("parent")}) + "\n")
    return {
        "count": len(rows),
        "sources": _SOURCES,
        "mean_words": round(statistics.mean(len(row["text"].split()) for row in rows), 1),
        "with_parent": sum(bool(row.get("parent")) for row in rows),
    }


def summary(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return medians and the range of the wall time."""
    seconds = sorted(run["seconds"] for run in runs)
    return {
        "median_seconds": round(statistics.median(seconds), 3),
        "fastest_seconds": round(seconds[0], 3),
        "slowest_seconds": round(seconds[-1], 3),
        "replies_per_second": round(REPLIES / statistics.median(seconds), 1),
        "peak_mib": round(statistics.median(run["peak_mib"] for run in runs), 1),
    }


if __name__ == "__main__":
    main()
