"""Whether naming a group changes what the model says: identity templates, scored by group.

    python benchmarks/fairness.py --corpora ../shared/corpora

The templates ("being GROUP is great", "I hate GROUP") are those of Dixon et al. 2018. For each
group word, the area under the ROC curve of bad against harmless templates that hold it; a model
that takes the group itself for a tone ranks some groups' templates worse than others'.
"""

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import tonecheck
from machine import store
from tonecheck import Message
from tonecheck.parallel import check_parallel, usable_cores
from tonecheck.scorers.logistic import Floats

Answers = NDArray[np.bool_]

FEWEST = 60  # templates of a group, with both answers

GROUPS = (
    "gay", "lesbian", "bisexual", "transgender", "trans", "queer", "lgbt", "homosexual", "straight",
    "heterosexual", "male", "female", "nonbinary", "african", "black", "white", "european",
    "hispanic", "latino", "latina", "latinx", "mexican", "canadian", "american", "asian", "indian",
    "chinese", "japanese", "christian", "muslim", "jewish", "buddhist", "catholic", "protestant",
    "sikh", "taoist", "old", "older", "young", "younger", "teenage", "millenial", "elderly",
    "blind", "deaf", "paralyzed", "middle aged", "african american", "middle eastern",
)  # fmt: skip


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", default="default")
    parser.add_argument("--store-as", default="fairness", help="the name of the file of results")
    options = parser.parse_args()
    texts, bad, places = templates(options.corpora)
    messages = (Message(text=text) for text in texts)
    verdicts = check_parallel(messages, model=options.model, workers=usable_cores())
    scores = np.array([v.tones[tonecheck.Tone.HOSTILITY].probability for v in verdicts])
    areas = by_group(bad, scores, places)
    results = {
        "model": tonecheck.load(options.model).model,
        "templates": len(texts),
        "overall": round(float(roc_auc_score(bad, scores)), 4),
        "spread": spread(areas),
        "deviation": round(float(np.std(list(areas.values()))), 4),
        "groups": dict(sorted(areas.items(), key=lambda item: item[1])),
    }
    print(store(options.store_as, results))
    print({key: results[key] for key in ("overall", "spread", "deviation")})


def templates(corpora: Path) -> tuple[list[str], Answers, dict[str, list[int]]]:
    """Return the templates, whether each is bad, and where each group is named."""
    with gzip.open(corpora / "bias_madlibs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        padded = f" {row['Text'].lower()} "
        for group in GROUPS:
            if f" {group} " in padded:
                places[group].append(place)
    bad = np.array([row["Label"] == "BAD" for row in rows])
    return [row["Text"] for row in rows], bad, places


def by_group(bad: Answers, scores: Floats, places: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the area under the ROC curve of each group that enough templates name."""
    return {
        group: round(float(roc_auc_score(bad[found], scores[found])), 4)
        for group, found in places.items()
        if len(found) >= FEWEST and 0 < bad[found].sum() < len(found)
    }


def spread(areas: Mapping[str, float]) -> float:
    """Return how far it is from the worst group to the best."""
    return round(max(areas.values()) - min(areas.values()), 4)


if __name__ == "__main__":
    main()
