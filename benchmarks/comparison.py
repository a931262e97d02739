"""How often the ranges of `--compare` hold the truth: invented audits whose shares are known.

    python benchmarks/comparison.py

Threads have sizes as uneven as in forums, and their messages are as alike as `alike` says (beta-
binomial). The later audit has 0.6 times the share of the earlier one. A 95 % range should hold the
true difference in 95 of 100 audits; the same range without allowing for threads stands beside it.
"""

import argparse
import math
from collections import Counter
from itertools import product
from typing import Any

import numpy as np

from machine import store
from tonecheck.audit.difference import Threads, difference

MEAN_SIZE = 7
FALL = 0.6
SPREADS = (0.8, 1.5)  # of the logarithm of threads' sizes
MESSAGES = (150, 600, 4_000)
SHARES = (0.01, 0.04, 0.15)
ALIKE = (0.0, 0.1, 0.25)


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="pairs of audits of each kind")
    parser.add_argument("--seed", type=int, default=20261128)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    rows = []
    for spread, messages, share, alike in product(SPREADS, MESSAGES, SHARES, ALIKE):
        kind = {"spread": spread, "messages": messages, "share": share, "alike": alike}
        rows.append({**kind, **measure(random, options.runs, kind)})
        print(rows[-1], flush=True)
    results = {
        "runs": options.runs,
        "seed": options.seed,
        "held": _summary([row["held"] for row in rows]),
        "held_without_threads": _summary([row["held_without_threads"] for row in rows]),
        "kinds": rows,
    }
    print(store("comparison", results))
    print({key: results[key] for key in ("held", "held_without_threads")})


def measure(random: np.random.Generator, runs: int, kind: dict[str, Any]) -> dict[str, float]:
    """Return in which part of the runs the ranges held the truth, and how wide they were."""
    held = Counter[bool]()
    widths = Counter[bool]()
    truth = kind["share"] * (FALL - 1)
    for _ in range(runs):
        before, after = (invent(random, kind, share=kind["share"] * by) for by in (1, FALL))
        for clustered in (True, False):
            low, high = difference(before, after, clustered=clustered).interval
            held[clustered] += low <= truth <= high
            widths[clustered] += high - low
    return {
        "held": round(held[True] / runs, 3),
        "held_without_threads": round(held[False] / runs, 3),
        "width": round(widths[True] / runs, 4),
        "width_without_threads": round(widths[False] / runs, 4),
    }


def invent(random: np.random.Generator, kind: dict[str, Any], *, share: float) -> Threads:
    """Return the threads of one audit."""
    spread = kind["spread"]
    middle = math.log(MEAN_SIZE) - spread**2 / 2
    sizes = np.maximum(1, random.lognormal(middle, spread, size=kind["messages"]).astype(int))
    sizes = sizes[: int(np.searchsorted(sizes.cumsum(), kind["messages"])) + 1]
    shares: Any = share
    if kind["alike"]:
        rest = 1 / kind["alike"] - 1
        shares = random.beta(share * rest, (1 - share) * rest, size=len(sizes))
    return Counter(zip(sizes.tolist(), random.binomial(sizes, shares).tolist(), strict=True))


def _summary(parts: list[float]) -> dict[str, float]:
    return {"mean": round(float(np.mean(parts)), 3), "least": min(parts), "most": max(parts)}


if __name__ == "__main__":
    main()
