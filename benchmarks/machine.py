"""Where and on what a benchmark ran, and how its results are stored."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def store(name: str, results: dict[str, Any]) -> Path:
    """Write results with the machine, the commit and the versions; return the file."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"made": datetime.now(UTC).date().isoformat(), "commit": commit(), **_machine()}
    path.write_text(json.dumps({**about, **results}, indent=2) + "\n", encoding="utf-8")
    return path


def timed(
    command: Sequence[str], *, started: Callable[[int], None] = lambda pid: None
) -> dict[str, float]:
    """Return the wall seconds and the peak memory of the largest process of a command.

    Args:
        command: The command; what it prints is thrown away.
        started: Called with the number of its process as soon as it runs.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}")
    return {"seconds": time.perf_counter() - start, "peak_mib": usage.ru_maxrss / 1024}


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {
            name: version(name) for name in ("numpy", "spacy", "scikit-learn", "onnxruntime")
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")


def commit() -> str:
    """Return what git calls the checkout that runs."""
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return run.stdout.strip() or "unknown"
