"""Writes the sizing part of docs/scale.md from the rates that other benchmarks have stored.

python benchmarks/sizing.py
"""

import json
import re
from typing import Any

from machine import RESULTS, ROOT

PAGE = ROOT / "docs" / "scale.md"
SIZES = {"10 M": 10_000_000, "1 G": 1_000_000_000}
CORES = (16, 256)

_SIZING = re.compile(r"(<!-- sizing:.*?-->\n)(.*?)(<!-- /sizing -->)", re.DOTALL)


def main() -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    page = _SIZING.sub(lambda match: match[1] + sizing() + match[3], page)
    PAGE.write_text(page, encoding="utf-8")
    print(PAGE)


def rates() -> dict[str, float]:
    """Return how many messages a second one core judges, by model."""
    speed = stored("speed")
    return {
        model: speed["results"][command]["replies_per_second"] / speed["cores"]
        for model, command in {
            "pair-en": "tonecheck score",
            "linear-en": "tonecheck score --model linear-en",
        }.items()
    }


def sizing() -> str:
    """Return the table with the sentences around it."""
    words = stored("speed")["replies"]["mean_words"]
    lines = [
        f"From rates measured on one small machine with two cores, on replies of {words:.0f} words",
        "on average (`benchmarks/results/speed.json`):",
        "",
        "| Model | Messages | A second and core | Core hours | "
        + " | ".join(f"On {cores} cores" for cores in CORES)
        + " |",
        "|---|---|---|---|" + "---|" * len(CORES),
    ]
    for model, rate in rates().items():
        for size, count in SIZES.items():
            hours = count / rate / 3600
            cells = [model, size, f"{rate:,.0f}", f"{hours:,.0f}"]
            cells += [in_words(hours / cores) for cores in CORES]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *two_workers()]) + "\n"


def two_workers() -> list[str]:
    """Return what a second worker brought on one machine."""
    ray = stored("ray")
    one, two = (ray["results"][workers]["seconds_to_judge"] for workers in ("1", "2"))
    return [
        f"On one machine with {ray['cores']} cores a second worker brought {ray['count']:,} short "
        f"messages from {one:.0f} to {two:.0f} seconds,",
        "start of the workers included (`benchmarks/results/ray.json`). A cluster of several real",
        "machines was not measured.",
    ]


def in_words(hours: float) -> str:
    """Return a time as people say it."""
    if hours < 1:
        minutes = max(1, round(hours * 60))
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return "1 hour" if round(hours) == 1 else f"{hours:.0f} hours"


def stored(name: str) -> Any:  # noqa: ANN401  JSON
    """Return the results of a benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
