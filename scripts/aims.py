"""What the encoder was meant to reach, beside what was measured: the README's table of aims.

The aims were set before anything was measured, and stay where they were missed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forecast_table import ranged

ROOT = Path(__file__).resolve().parents[1]
FAIRNESS = ("fairness", "encoder_fairness", "pair_fairness")
READ = ("quality", "folds", *FAIRNESS, "encoder_speed")
"""The stored results of benchmarks that are held against the aims."""

MOVED = 0.02
MEBIBYTE = 2**20 / 1e6  # in megabytes

Row = tuple[str, str, str, bool]
"""What was to be reached, the aim, what was measured, and whether that is enough."""


def table(stored: dict[str, dict[str, Any]]) -> str:
    """Return every aim with what was measured, from the results of the benchmarks by name."""
    rows = [*_ranking(stored), *_calibration(stored), *_fairness(stored), *_weights(stored)]
    met = sum(row[3] for row in rows)
    lines = [
        f"<details><summary>What was aimed at, and what was reached: {met} of {len(rows)} aims are "
        "met</summary>",
        "",
        "| | aim | measured | |",
        "|---|---|---|---|",
        *(f"| {name} | {aim} | {found} | {'met' if ok else '**missed**'} |"
          for name, aim, found, ok in rows),
        "",
        "</details>",
    ]  # fmt: skip
    return "\n".join(lines)


def _at_least(name: str, aim: float, found: float, *, shown: str) -> Row:
    return name, f"at least {aim:,}", shown, found >= aim


def _at_most(name: str, aim: float, found: float, *, shown: str, unit: str = "") -> Row:
    return name, f"at most {aim}{unit}", shown, found <= aim


def _ranking(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    quality, folds = stored["quality"], stored["folds"]
    model = quality["model"]
    for corpus, aims in quality["aims"].items():
        for tone, aim in aims.items():
            auc = quality["shipped"][corpus][tone]["auc"]
            yield _auc(f"{model}: AUC of {tone}, `{corpus}`", aim, auc)
    found = quality["condescending"]
    yield _auc(f"{model}: AUC of condescending, `ucc_val`", found["aim"], found["auc"])
    for corpus, found in folds["found"].items():
        name = f"{folds['base']}, {folds['folds']} folds: AUC, `{corpus}`"
        yield _auc(name, found["aim"], found["auc"])


def _auc(name: str, aim: float, auc: dict[str, float]) -> Row:
    value = auc["value"]
    hidden = value < aim <= round(value, 3)  # a miss that three digits would not show
    return _at_least(name, aim, value, shown=f"{value:.4f}" if hidden else ranged(auc))


def _calibration(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    quality = stored["quality"]
    for corpus, tones in quality["shipped"].items():
        for tone, found in tones.items():
            error = found["calibration_error"]
            name = f"{quality['model']}: calibration error of {tone}, `{corpus}`"
            yield _at_most(name, 0.03, error, shown=f"{error:.3f}")


def _fairness(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name in FAIRNESS:
        apart = stored[name]["spread"]
        title = f"{stored[name]['model']}: how far groups lie apart in AUC"
        yield _at_most(title, 0.05, apart, shown=f"{apart:.3f}")


def _weights(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    speed = stored["encoder_speed"]
    model = speed["model"]
    config = ROOT / "models" / model.partition("@")[0] / "config.json"
    rounded = json.loads(config.read_text(encoding="utf-8"))["quantisation"]
    largest = rounded["largest"]
    yield _at_most(
        f"{model}: how far eight bits move a probability, {rounded['replies']:,} replies",
        MOVED,
        largest,
        shown=f"{largest:.2f}; more than {MOVED} on {100 * rounded['over_0.02']:.1f} %",
    )
    size = speed["graph_bytes"] / 1e6
    yield _at_most(f"{model}: size of the graph", 10, size, shown=f"{size:.2f} MB", unit=" MB")
    rate = speed["scorer_replies_per_second"]
    yield _at_least(f"{model}: replies of 60 tokens a second", 1500, rate, shown=f"{rate:,}")
    times = speed["times_bert_base"]
    yield _at_least(f"{model}: times as fast as BERT-base", 20, times, shown=f"{times:.0f}")
    for found in (speed, speed["pair"]):
        yield from _alone(found)


def _alone(found: dict[str, Any]) -> Iterator[Row]:
    model, p99 = found["model"], found["single_verdict_ms"]["p99"]
    cold, memory = found["cold_first_verdict_seconds"], found["resident_mib"]
    yield _at_most(f"{model}: a verdict, 99 in 100", 10, p99, shown=f"{p99:.1f} ms", unit=" ms")
    yield _at_most(f"{model}: the first verdict", 1.5, cold, shown=f"{cold:.2f} s", unit=" s")
    yield _at_most(
        f"{model}: resident memory", 300, memory * MEBIBYTE, shown=f"{memory} MiB", unit=" MB"
    )
