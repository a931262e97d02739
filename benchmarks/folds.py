"""How well the encoder learns two corpora of others, in five folds by thread.

    python benchmarks/folds.py --corpora ../shared/corpora

Any uncivil label on GitHub (Ehsani et al. 2023), and the upper against the lower third of dogmatism
on Reddit (Fast & Horvitz 2016). In each fold the checkpoint that our encoder starts from, which has
seen no label, learns from four fifths of the threads and ranks the others; the area under the ROC
curve is over all of them.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from machine import store
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import shipped_root
from tonecheck.scorers.windows import Windows
from tonecheck.training.calibrate import held_out_groups
from tonecheck.training.corpora import corpus_named, read_rows
from tonecheck.training.encoder_recipe import PRETRAINED, as_json, marked_tokenizer
from tonecheck.training.evaluate import auc_interval
from tonecheck.training.examples import Example, Row, plain_example
from tonecheck.training.finetune import Finetuning, finetune
from tonecheck.training.mixture import Mixture, Pool, read_example
from tonecheck.training.multitask import predict

FOLDS = 5
AIMS = {"github_incivility": 0.84, "dogmatism_reddit": 0.82}


def uncivil(row: Row) -> float:
    """Return 1 for a comment with any uncivil label, else 0."""
    return float(row["labels"]["tbdf"] != "None")


def dogmatic(row: Row) -> float:
    """Return the rating from 2 to 15, as a share."""
    return (float(row["labels"]["dogmatism_2_15"]) - 2) / 13


LABELS: dict[str, Callable[[Row], float]] = {
    "github_incivility": uncivil,
    "dogmatism_reddit": dogmatic,
}


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=shipped_root() / PRETRAINED)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", choices=LABELS, help="one of the corpora")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for name in [options.only] if options.only else LABELS:
        examples, values = labelled(name, [options.corpora])
        scores = ranked(examples, options.base, rounds=options.rounds)
        low, high = (
            (0.0, 0.5) if name == "github_incivility" else np.quantile(values, [1 / 3, 2 / 3])
        )
        rows = np.flatnonzero((values <= low) | (values > high))
        groups = [examples[row].group for row in rows]
        auc = auc_interval(values[rows] > high, scores[rows], groups)
        positive = int((values[rows] > high).sum())
        found[name] = {"aim": AIMS[name], "replies": len(rows), "positive": positive, "auc": auc}
        print(name, found[name], flush=True)
    base = options.base.name
    print(store("folds", {"base": base, "rounds": options.rounds, "folds": FOLDS, "found": found}))


def labelled(name: str, folders: Sequence[Path]) -> tuple[list[Example], np.ndarray]:
    """Return a corpus's replies with its label as the target of one tone, and the labels."""
    rows = list(read_rows(corpus_named(name), folders, dict))
    values = np.array([LABELS[name](row) for row in rows])
    examples = [
        replace(plain_example(row, name), targets={Tone.HOSTILITY: value})
        for row, value in zip(rows, values.tolist(), strict=True)
    ]
    return examples, values


def ranked(examples: Sequence[Example], base: Path, *, rounds: int) -> np.ndarray:
    """Return a score for each reply, of an encoder that has seen none of its thread."""
    tokenizer = marked_tokenizer(base)
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    folds = held_out_groups([example.group for example in examples], FOLDS, seed=1)
    scores = np.zeros(len(examples))
    for fold in range(FOLDS):
        taught = [example for example, f in zip(examples, folds, strict=True) if f != fold]
        places = np.flatnonzero(np.array(folds) == fold)
        passed = count()
        model = finetune(
            base,
            Mixture([Pool(examples=taught, drawn=len(taught), weight=1.0)], windows, names={}),
            settings=Finetuning(rounds=rounds, seed=fold),
            vocabulary=len(tokenizer),
            score=lambda model, passed=passed: float(next(passed)),  # the last round is taken
            say=lambda line: print("  ", line, flush=True),
        )
        readings = [read_example(examples[place]) for place in places]
        raw = predict(model, windows.cut(readings), len(readings))
        scores[places] = raw[:, TONES.index(Tone.HOSTILITY)]
    return scores


if __name__ == "__main__":
    main()
