"""What each part of the encoder's recipe adds: one encoder a variant, measured on development data.

    python benchmarks/ablations.py --corpora ../shared/corpora --rounds 3

All variants share the settings that are not varied, one seed and a short schedule without teachers,
so that they compare with one another rather than with what ships. Corpora are left out beside a
quarter of the annotated replies: where these are many, a corpus adds too little to be seen. Results
are stored after each variant, with the commit that made them; those of as many rounds are kept,
unless `--again` is given.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from machine import RESULTS, ROOT, commit, store
from tonecheck.labels import TONES
from tonecheck.modelstore import shipped_root
from tonecheck.scorers.windows import Windows
from tonecheck.training.encoder_data import EncoderSettings, split_data
from tonecheck.training.encoder_recipe import PRETRAINED, as_json, marked_tokenizer, teach
from tonecheck.training.evaluate import auc_interval
from tonecheck.training.examples import Example
from tonecheck.training.mixture import read_example
from tonecheck.training.recipe import Recipe, read_development

LEFT_OUT = (
    "github_incivility", "toxic_spans_train", "context_toxicity_gc",
    "reddit_incivility_train", "davidson", "goemotions_train", "dogmatism_reddit", "wikitactics",
    "appropriateness", "politeness_stack_exchange", "political_incivility_train",
    "kaggle_insults_train", "persuasion_techniques_train", "logical_fallacy_train",
    "empathy_explorations",
)  # fmt: skip


def variants(rounds: int) -> dict[str, EncoderSettings]:
    """Return the settings to compare, by name; the first is what the others vary."""
    plain = EncoderSettings(rounds=rounds, teachers=1, unlabelled=0)
    quarter = replace(plain, share=0.25)
    return {
        "all": plain,
        "no pre-training": plain,
        "no parent": replace(plain, parents=False),
        "no own labels": replace(plain, multitask=False),
        "annotated replies only": replace(plain, multitask=False, others=0.0),
        "no named groups": replace(plain, mentions=0.0),
        "annotated replies, 50%": replace(plain, share=0.5),
        "annotated replies, 25%": quarter,
        **{
            f"25%, without {name}": replace(quarter, without=frozenset({name})) for name in LEFT_OUT
        },
    }


def main() -> None:
    """Train, measure and store what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of variants")
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    recipe = Recipe(folders=[options.corpora, ROOT / "data" / "learning"], out=Path("unused"))
    file = RESULTS / "ablations.json"
    earlier = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    same = earlier.get("rounds") == options.rounds and not options.again
    found = dict(earlier["variants"]) if same else {}
    development = read_development(recipe)
    for name, settings in variants(options.rounds).items():
        if name in found or (options.only and name not in options.only):
            continue
        print(name, flush=True)
        found[name] = {
            "commit": commit(),
            **measured(recipe, settings, development, fresh=name == "no pre-training"),
        }
        store("ablations", {"rounds": options.rounds, "seed": recipe.seed, "variants": found})


def measured(
    recipe: Recipe,
    settings: EncoderSettings,
    development: Mapping[str, Sequence[Example]],
    *,
    fresh: bool,
) -> dict[str, Any]:
    """Return a variant's areas under the ROC curve, by development corpus and tone."""
    from tokenizers import Tokenizer

    from tonecheck.training.multitask import predict

    base = shipped_root() / PRETRAINED
    tokenizer = marked_tokenizer(base)
    _, split = split_data(recipe, settings, development)
    with tempfile.TemporaryDirectory() as folder:
        model, _ = teach(
            replace(recipe, say=lambda line: print("  ", line, flush=True)),
            settings,
            split,
            base=_untrained(base, Path(folder), recipe.seed) if fresh else base,
        )
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    found: dict[str, Any] = {}
    for name, examples in development.items():
        readings = [read_example(example) for example in examples]
        raw = predict(model, windows.cut(readings, alone=not settings.parents), len(readings))
        for column, tone in enumerate(TONES):
            rows = [row for row, example in enumerate(examples) if tone in example.targets]
            if not rows:
                continue
            answers = np.array([examples[row].targets[tone] >= 0.5 for row in rows])
            groups = [examples[row].group for row in rows]
            auc = auc_interval(answers, raw[rows, column], groups)
            found.setdefault(name, {})[str(tone)] = auc
            print("  ", name, tone, auc, flush=True)
    return found


def _untrained(base: Path, folder: Path, seed: int) -> Path:
    """Return a checkpoint of the same shape with random weights."""
    import torch
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(seed)
    AutoModel.from_config(AutoConfig.from_pretrained(base)).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
