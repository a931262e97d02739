"""How well the encoder learns two corpora of others, in five folds by thread.

    python benchmarks/folds.py --corpora ../shared/corpora

Any uncivil label on GitHub (Ehsani et al. 2023), and the upper against the lower third of dogmatism
on Reddit (Fast & Horvitz 2016). The checkpoint that our encoder starts from first learns our tones,
from nothing that shares words or a thread with the two corpora. In each fold it then learns from
four fifths of the threads, an eighth of which chooses the round, and ranks the others; the area
under the ROC curve is over all of them.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from tokenizers import Tokenizer

from machine import ROOT, store
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import shipped_root
from tonecheck.scorers.windows import Windows
from tonecheck.training.calibrate import held_out_groups
from tonecheck.training.corpora import corpus_named, read_rows
from tonecheck.training.encoder_data import EncoderSettings, split_data
from tonecheck.training.encoder_recipe import PRETRAINED, as_json, marked_tokenizer, teach
from tonecheck.training.evaluate import auc_interval
from tonecheck.training.examples import Example, Row, plain_example
from tonecheck.training.finetune import Finetuning, finetune
from tonecheck.training.graph_export import save_checkpoint
from tonecheck.training.mixture import Mixture, Pool, read_example
from tonecheck.training.multitask import ToneEncoder, predict
from tonecheck.training.recipe import Recipe, read_development

FOLDS = 5
CHOOSING = 8  # one thread in so many of those that teach chooses the round instead
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
    options = parser.parse_args()
    read = {name: labelled(name, [options.corpora]) for name in LABELS}
    besides = {name: examples for name, (examples, _) in read.items()}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = knowing_tones(options.base, options.corpora, Path(folder), besides=besides)
        for name, (examples, values) in read.items():
            scores = ranked(examples, base, rounds=options.rounds)
            found[name] = measured(name, examples, values, scores=scores)
            print(name, found[name], flush=True)
    about = {"base": options.base.name, "rounds": options.rounds, "folds": FOLDS}
    print(store("folds", {**about, "found": found}))


def measured(
    name: str, examples: Sequence[Example], values: np.ndarray, *, scores: np.ndarray
) -> dict[str, Any]:
    """Return the area under the ROC curve with its interval, of what is clearly so or not."""
    low, high = (0.0, 0.5) if name == "github_incivility" else np.quantile(values, [1 / 3, 2 / 3])
    rows = np.flatnonzero((values <= low) | (values > high))
    groups = [examples[row].group for row in rows]
    auc = auc_interval(values[rows] > high, scores[rows], groups)
    positive = int((values[rows] > high).sum())
    return {"aim": AIMS[name], "replies": len(rows), "positive": positive, "auc": auc}


def knowing_tones(
    base: Path, corpora: Path, out: Path, *, besides: dict[str, list[Example]]
) -> Path:
    """Return a checkpoint that has learned our tones for a round, without the replies named."""
    recipe = Recipe(
        folders=[corpora, ROOT / "data" / "learning"],
        out=out,
        say=lambda line: print(line, flush=True),
    )
    settings = EncoderSettings(rounds=1, teachers=1, unlabelled=0, without=frozenset(besides))
    _, split = split_data(recipe, settings, {**read_development(recipe), **besides})
    model, _ = teach(recipe, settings, split, base=base)
    save_checkpoint(model, marked_tokenizer(base), out)
    return out


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
    groups = [example.group for example in examples]
    folds = held_out_groups(groups, FOLDS, seed=1)
    choosing = held_out_groups(groups, CHOOSING, seed=2) == 0
    scores = np.zeros(len(examples))
    for fold in range(FOLDS):
        taught = [examples[row] for row in np.flatnonzero((folds != fold) & ~choosing)]
        chooses = [examples[row] for row in np.flatnonzero((folds != fold) & choosing)]
        places = np.flatnonzero(folds == fold)
        model = finetune(
            base,
            Mixture([Pool(examples=taught, drawn=len(taught), weight=1.0)], windows, names={}),
            settings=Finetuning(rounds=rounds, seed=fold),
            vocabulary=len(tokenizer),
            score=rank_correlation(chooses, windows),
            say=lambda line: print("  ", line, flush=True),
        )
        scores[places] = hostility(model, [examples[place] for place in places], windows)
    return scores


def rank_correlation(
    examples: Sequence[Example], windows: Windows
) -> Callable[[ToneEncoder], float]:
    """Return what says how well a model ranks replies (Spearman 1904)."""
    values = [example.targets[Tone.HOSTILITY] for example in examples]
    return lambda model: float(spearmanr(values, hostility(model, examples, windows)).statistic)


def hostility(model: ToneEncoder, examples: Sequence[Example], windows: Windows) -> np.ndarray:
    """Return the log-odds that stand for a corpus's label."""
    readings = [read_example(example) for example in examples]
    return predict(model, windows.cut(readings), len(readings))[:, TONES.index(Tone.HOSTILITY)]


if __name__ == "__main__":
    main()
