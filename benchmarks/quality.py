"""How good the shipped model is on development data, beside plain TF-IDF on the same rows.

    python benchmarks/quality.py --corpora ../shared/corpora

The plain model is what a competent person writes in ten lines: TF-IDF of words and pairs, logistic
regression, trained on our annotated replies alone. What lies between the two is what cues,
character n-grams, other corpora, word vectors and single sentences add together.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import tonecheck
from machine import ROOT, store
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import shipped_models
from tonecheck.training.corpora import (
    DEVELOPMENT,
    corpus_named,
    read_corpus,
    read_rows,
)
from tonecheck.training.evaluate import auc_interval, judge, measure
from tonecheck.training.examples import Example, plain_example
from tonecheck.training.recipe import Recipe, read_training

# What the encoder aims at, by development corpus and tone: AUC.
AIMS = {
    "tonecheck_replies_dev": {"hostility": 0.92, "hustling": 0.86, "dismissiveness": 0.88},
    "tonecheck_learning_dev": {"hostility": 0.88, "hustling": 0.85, "dismissiveness": 0.85},
    "ucc_val": {"hostility": 0.84, "dismissiveness": 0.82},
}
CONDESCENDING_AIM = 0.78


def main() -> None:
    """Measure, store and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", default="default")
    parser.add_argument("--store-as", default="quality", help="the name of the file of results")
    options = parser.parse_args()
    folders = [options.corpora, ROOT / "data" / "learning"]
    checker = tonecheck.load(options.model)
    checkers = [checker, *(tonecheck.load(path.name) for path in shipped_models())]
    development = {corpus.name: read_corpus(corpus, folders) for corpus in DEVELOPMENT}
    measured = {
        each.model: {
            name: measure(examples, judge(each, examples), each.policy)
            for name, examples in development.items()
        }
        for each in {each.model: each for each in checkers}.values()
    }
    shipped = measured.pop(checker.model)
    plain = plain_tfidf(folders, development)
    results = {
        "model": checker.model,
        "aims": AIMS,
        "shipped": shipped,
        "condescending": {"aim": CONDESCENDING_AIM, **condescending(checker, folders)},
        "others": measured,
        "plain_tfidf": plain,
    }
    path = store(options.store_as, results)
    for name, tones in shipped.items():
        for tone, figures in tones.items():
            auc, base = figures["auc"], plain[name][tone]
            print(
                f"{name:24} {tone:15} {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})  "
                f"plain {base['value']:.3f}  aim {AIMS.get(name, {}).get(tone, '–')}"
            )
    print(path)


def condescending(
    checker: tonecheck.ToneChecker, folders: Sequence[Path]
) -> dict[str, dict[str, float] | int]:
    """Return how well dismissiveness ranks UCC comments that readers called condescending."""
    rows = list(read_rows(corpus_named("ucc_val"), folders, dict))
    examples = [plain_example(row, "ucc_val") for row in rows]
    answers = np.array([bool(row["labels"]["condescending"]) for row in rows])
    scores = judge(checker, examples)[:, TONES.index(Tone.DISMISSIVENESS)]
    groups = [str(row["id"]) for row in rows]
    return {
        "replies": len(rows),
        "positive": int(answers.sum()),
        "auc": auc_interval(answers, scores, groups),
    }


def plain_tfidf(
    folders: Sequence[Path], development: dict[str, list[Example]]
) -> dict[str, dict[str, Any]]:
    """Return the area under the ROC curve of the plain model, with its interval."""
    recipe = Recipe(folders=folders, out=Path("unused"))
    training = read_training(recipe, development).annotated
    found: dict[str, dict[str, Any]] = {name: {} for name in development}
    for tone in TONES:
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(C=4.0, max_iter=500),
        )
        model.fit(
            [example.text for example in training],
            [example.targets[tone] >= 0.5 for example in training],
        )
        for name, examples in development.items():
            rows = [example for example in examples if tone in example.targets]
            if rows:
                scores = model.predict_proba([example.text for example in rows])[:, 1]
                answers = np.array([example.targets[tone] >= 0.5 for example in rows])
                groups = [example.group for example in rows]
                found[name][str(tone)] = auc_interval(answers, scores, groups)
    return found


if __name__ == "__main__":
    main()
