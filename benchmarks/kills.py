"""Whether a killed audit, given again, ends with the bytes of one that was not killed.

The shipped samples are audited again and again. Each time the process gets `kill -9` at a random
moment, and the same command runs once more; every file must be that of an uninterrupted run.

    python benchmarks/kills.py --kills 50
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shutil import copy, rmtree

from machine import ROOT, store
from tonecheck.modelstore import sha256_of

_SAMPLES = ROOT / "data" / "samples"
_EXPORTS = ("moodle-forum.csv", "slack-export.zip", "discord-channel.json")
_COPIES = 4  # of the table, which make some 3,300 messages together with the others


def main() -> None:
    """Kill audits, run them again, and store how many ended the same; all should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--model", default="linear-en")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        command = command_for(exports_in(Path(scratch)), args.model)
        out = Path(scratch) / "out"
        start = time.perf_counter()
        finished([*command, out])
        seconds = time.perf_counter() - start
        whole = digests(out)
        rng = random.Random(9)
        states: Counter[str] = Counter()
        same = 0
        while states.total() < args.kills:
            rmtree(out, ignore_errors=True)
            if not killed([*command, out], after=rng.uniform(0, seconds)):
                continue  # it was done before
            states[phase(finished([*command, out]))] += 1
            same += digests(out) == whole
            print(states.total(), same, dict(states), flush=True)
    results = {"kills": args.kills, "identical": same, "killed_while": dict(states)}
    path = store("kills", {"model": args.model, "seconds": round(seconds, 1), **results})
    print(path)
    sys.exit(same != args.kills)


def exports_in(folder: Path) -> list[Path]:
    """Return the exports to audit: the samples, one of them several times."""
    copies = [copy(_SAMPLES / "community.jsonl", folder / f"{n}.jsonl") for n in range(_COPIES)]
    return [*(_SAMPLES / name for name in _EXPORTS), *copies]


def command_for(exports: Sequence[Path], model: str) -> list[str | Path]:
    """Return the command, but for the folder at its end."""
    tonecheck = [sys.executable, "-m", "tonecheck"]
    return [*tonecheck, "audit", *exports, "--model", model, "--out"]


def finished(command: Sequence[str | Path]) -> str:
    """Run a command to its end and return what it said on stderr."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr


def killed(command: Sequence[str | Path], *, after: float) -> bool:
    """Start a command and kill it after some seconds; return whether it was still running."""
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def phase(said: str) -> str:
    """Return what an audit was at when it was killed, by what the next run said of it."""
    if "exports read" in said:
        return "reading a later export"
    if ": 0 of " in said:
        return "judging, nothing committed"
    if " of " in said:
        return "judging"
    return "writing" if "all " in said else "starting or reading the first export"


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder."""
    return {path.name: sha256_of(path) for path in sorted(folder.iterdir())}


if __name__ == "__main__":
    main()
