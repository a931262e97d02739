"""Prints how often each cue is found in the annotated training replies, and how often rightly.

Usage: python scripts/measure_cues.py CORPORA_FOLDER

A hit is right where the reply was given the cue's tone with severity 1 or more. The replies were
sampled towards positives, so in the wild precision is lower. `smoothed` adds five replies with
the precision 0.5; where a cue has ten hits or more, it is what `strength` should be near.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tonecheck.explain.cues import CueFinder
from tonecheck.labels import TONES
from tonecheck.prepare import prepare
from tonecheck.reading import CueHit

FILES = ("tonecheck_replies_train", "tonecheck_learning_train")
PRIOR, PRIOR_REPLIES = 0.5, 5


def replies(folder: Path) -> Iterator[Mapping[str, Any]]:  # Any: the rows are plain JSON
    """Yield the annotated training replies."""
    for name in FILES:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def main(folder: Path) -> None:
    """Print a line a cue, and one a tone: how many positives and negatives hold a live cue."""
    finder = CueFinder.load()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    cancelled: Counter[str] = Counter()
    reached: Counter[tuple[str, bool, bool]] = Counter()
    for row in replies(folder):
        hits = finder.find(prepare(row["text"], row.get("parent")).text)
        live = {hit.cue: hit for hit in hits if hit.strength > 0}
        cancelled.update({hit.cue for hit in hits} - live.keys())
        found.update(live.keys())
        right.update(cue for cue, hit in live.items() if is_right(row, hit))
        for tone in TONES:
            has_cue = any(hit.tone is tone for hit in live.values())
            reached[tone, row["labels"][tone] >= 1, has_cue] += 1
    print(f"{'cue':45}{'strength':>9}{'hits':>6}{'precision':>10}{'smoothed':>9}{'cancelled':>10}")
    for cue in sorted(finder.cues, key=lambda cue: (cue.id.partition(".")[0], -found[cue.id])):
        hits_of, right_of = found[cue.id], right[cue.id]
        precision = f"{right_of / hits_of:.2f}" if hits_of and cue.tone else "-"
        smoothed = (right_of + PRIOR * PRIOR_REPLIES) / (hits_of + PRIOR_REPLIES)
        print(
            f"{cue.id:45}{cue.strength:9.2f}{hits_of:6}{precision:>10}{smoothed:9.2f}"
            f"{cancelled[cue.id]:10}"
        )
    for tone in TONES:
        with_cue, others = (
            {cue: reached[tone, positive, cue] for cue in (True, False)}
            for positive in (True, False)
        )
        print(
            f"{tone}: {with_cue[True]} of {sum(with_cue.values())} positives and "
            f"{others[True]} of {sum(others.values())} others hold a live cue"
        )


def is_right(row: Mapping[str, Any], hit: CueHit) -> bool:
    """Return whether the reply has the tone that the cue speaks for."""
    return hit.tone is not None and row["labels"][hit.tone] >= 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
