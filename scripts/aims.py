"""What the encoder was meant to reach, beside what was measured: the README's table of aims.

The aims were set before anything was measured, and stay where they were missed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FAIREST = 0.05
CALIBRATED = 0.03
MOVED = 0.02

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


def _ranking(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    quality = stored["quality"]
    model = quality["model"]
    for corpus, aims in quality["aims"].items():
        for tone, aim in aims.items():
            auc = quality["shipped"][corpus][tone]["auc"]
            yield _auc(f"{model}: AUC of {tone}, `{corpus}`", aim, auc)
    found = quality["condescending"]
    yield _auc(f"{model}: AUC of condescending, `ucc_val`", found["aim"], found["auc"])
    for corpus, found in stored["folds"]["found"].items() if "folds" in stored else ():
        name = f"{stored['folds']['base']}, {stored['folds']['folds']} folds: AUC, `{corpus}`"
        yield _auc(name, found["aim"], found["auc"])


def _auc(name: str, aim: float, auc: dict[str, float]) -> Row:
    found = f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"
    return name, f"at least {aim}", found, auc["value"] >= aim


def _calibration(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    quality = stored["quality"]
    for corpus, tones in quality["shipped"].items():
        for tone, found in tones.items():
            error = found["calibration_error"]
            name = f"{quality['model']}: calibration error of {tone}, `{corpus}`"
            yield name, f"at most {CALIBRATED}", f"{error:.3f}", error <= CALIBRATED


def _fairness(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name in ("fairness", "encoder_fairness", "pair_fairness"):
        apart = stored[name]["spread"]
        title = f"{stored[name]['model']}: how far groups lie apart in AUC"
        yield title, f"at most {FAIREST}", f"{apart:.3f}", apart <= FAIREST


def _weights(stored: dict[str, dict[str, Any]]) -> Iterator[Row]:
    speed = stored["encoder_speed"]
    model = speed["model"]
    config = ROOT / "models" / model.partition("@")[0] / "config.json"
    rounded = json.loads(config.read_text(encoding="utf-8"))["quantisation"]
    largest = rounded["largest"]
    yield (
        f"{model}: how far eight bits move a probability, {rounded['replies']:,} replies",
        f"at most {MOVED}",
        f"{largest:.2f}; more than {MOVED} on {100 * rounded['over_0.02']:.1f} %",
        largest <= MOVED,
    )
    size = speed["graph_bytes"] / 1e6
    yield f"{model}: size of the graph", "at most 10 MB", f"{size:.2f} MB", size <= 10
    rate = speed["scorer_replies_per_second"]
    yield f"{model}: replies of 60 tokens a second", "at least 1,500", f"{rate:,}", rate >= 1500
    times = speed["times_bert_base"]
    yield f"{model}: times as fast as BERT-base", "at least 20", f"{times:.0f}", times >= 20
    for found in (speed, speed["pair"]) if "pair" in speed else (speed,):
        yield from _alone(found)


def _alone(found: dict[str, Any]) -> Iterator[Row]:
    model, p99 = found["model"], found["single_verdict_ms"]["p99"]
    cold, memory = found["cold_first_verdict_seconds"], found["resident_mib"]
    yield f"{model}: a verdict, 99 in 100", "at most 10 ms", f"{p99:.1f} ms", p99 <= 10
    yield f"{model}: the first verdict", "at most 1.5 s", f"{cold:.2f} s", cold <= 1.5
    yield f"{model}: resident memory", "at most 300 MB", f"{memory} MiB", memory * 1.048576 <= 300
