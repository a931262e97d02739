"""What each part of the encoder's recipe adds: one encoder a variant, measured on development data.

    python benchmarks/ablations.py --corpora ../shared/corpora

All variants share the settings that are not varied, one seed and a short schedule without teachers,
so that they compare with one another rather than with what ships. Fewer annotated replies are read
in more rounds: one would be too short to learn in. Corpora are left out beside a tenth of the
annotated replies: where these are many, a corpus adds too little to be seen. Each is compared with
the variant that it changes, on the same replies drawn again and again; what another seed changes
says how much is chance. Results are stored after each variant, with the commit that made them and
how many annotated replies there were, and are not made again unless `--again` is given; log-odds to
compare with lie in `--work`. Several runs, of other variants each, may go on at once. Variants that
learned from other data than what they change are not compared with it.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from fairness import by_group, spread, templates
from machine import RESULTS, ROOT, commit, store
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import shipped_root
from tonecheck.scorers.logistic import Floats
from tonecheck.scorers.windows import Windows
from tonecheck.training.encoder_data import EncoderSettings, split_data
from tonecheck.training.encoder_recipe import PRETRAINED, as_json, marked_tokenizer, teach
from tonecheck.training.evaluate import area, auc_interval, resamples
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
WHOLE, FRESH, SCRATCH = "everything", "no pre-training", "our own pre-training, from scratch"
TENTH = "a tenth of the annotated replies, as many others"
SEEDS = "another seed", "a tenth, another seed"
PICTURES = ROOT / "docs" / "pictures"
_SOFT, _STRONG = "#888888", "#0072b2"
_GAINS = "← worse · mean AUC over corpora and tones · better →"
_LONG_NAMES = alt.Axis(labelLimit=320)
_HEADS = alt.Header(labelOrient="top", labelAnchor="start", labelFontWeight="bold")

Development = Mapping[str, Sequence[Example]]
Scores = Mapping[str, Floats]
"""By corpus, a row a reply and a column a tone."""


def variants(rounds: int) -> dict[str, tuple[EncoderSettings, str]]:
    """Return the settings to compare, by name, each with the name of what it changes."""
    plain = EncoderSettings(rounds=rounds, teachers=1, unlabelled=0)
    twice = replace(plain, rounds=2 * rounds)
    tenth = replace(plain, share=0.1, others=0.1)
    changes = {
        WHOLE: plain,
        SEEDS[0]: plain,
        FRESH: plain,
        "no parent": replace(plain, parents=False),
        "no own labels": replace(plain, multitask=False),
        "no other corpora": replace(plain, multitask=False, others=0.0),
        "no named groups": replace(plain, mentions=0.0),
        SCRATCH: plain,
        "half of the annotated replies": replace(twice, share=0.5),
        "a quarter of the annotated replies": replace(twice, share=0.25),
    }
    besides = {
        TENTH: tenth,
        SEEDS[1]: tenth,
        "a tenth, no own labels": replace(tenth, multitask=False),
        "a tenth, no other corpora": replace(tenth, multitask=False, others=0.0),
    }
    besides |= {
        f"a tenth, without {name}": replace(tenth, without=frozenset({name})) for name in LEFT_OUT
    }
    return {
        **{name: (settings, WHOLE) for name, settings in changes.items()},
        **{name: (settings, TENTH) for name, settings in besides.items()},
    }


def main() -> None:
    """Train, measure and store what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="names of variants")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "ablations")
    options = parser.parse_args()
    recipe = Recipe(folders=[options.corpora, ROOT / "data" / "learning"], out=Path("unused"))
    file = RESULTS / "ablations.json"
    development = read_development(recipe)
    options.work.mkdir(parents=True, exist_ok=True)
    compared = variants(options.rounds)
    for name, (settings, changed) in compared.items():
        rounds, found = settings.rounds, _stored(file)
        known = name in found and found[name]["rounds"] == rounds and not options.again
        if known or (options.only and name not in options.only):
            continue
        beside = _kept(options.work, changed, compared[changed][0].rounds)
        if name != changed and not beside.exists():
            sys.exit(
                f"{name} is compared with {changed!r}, which is not in {options.work}. Train it "
                "first: name it with --only, and --again if its figures are known."
            )
        print(name, flush=True)
        made_by = commit()
        seeded = replace(recipe, seed=recipe.seed + 1) if name in SEEDS else recipe
        with tempfile.TemporaryDirectory() as folder:
            base = checkpoint_of(name, Path(folder), recipe.seed)
            raw, apart, annotated = trained(seeded, settings, development, base=base)
        np.savez(_kept(options.work, name, rounds), **raw)
        row: dict[str, Any] = {
            "commit": made_by,
            "annotated": annotated,
            "rounds": rounds,
            **areas(development, raw),
            "spread": apart,
        }
        if name != changed and found.get(changed, {}).get("annotated") == annotated:
            with np.load(beside, allow_pickle=False) as kept:
                other = dict(kept)  # read once: an archive reads a member anew each time
            row |= {"changes": changed, "difference": difference(development, raw, other)}
        print("  ", row, flush=True)
        found = {**_stored(file), name: row}  # read again: another run may have added to it
        in_order = {one: found[one] for one in compared if one in found}
        store("ablations", {"seed": recipe.seed, "variants": in_order})
    draw(_stored(file))


def _stored(file: Path) -> dict[str, Any]:
    """Return what is known of the variants so far."""
    if not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["variants"]
    return found


def _kept(work: Path, name: str, rounds: int) -> Path:
    """Return where a variant's log-odds lie; those of another number of rounds compare with none.

    A variant that others are compared with must have been trained before them.
    """
    return work / f"{re.sub(r'[^a-z_]+', '-', name)}-{rounds}.npz"


def checkpoint_of(name: str, folder: Path, seed: int) -> Path:
    """Return the checkpoint that a variant starts from; a folder is there to make one in."""
    if name == SCRATCH:
        return shipped_root() / "pretrained-en"
    base = shipped_root() / PRETRAINED
    return _untrained(base, folder, seed) if name == FRESH else base


def trained(
    recipe: Recipe, settings: EncoderSettings, development: Development, *, base: Path
) -> tuple[dict[str, Floats], float, int]:
    """Return what a variant makes of development replies, and how far apart groups lie.

    The latter is from the worst to the best area under the ROC curve of `fairness.py`. The third is
    how many annotated replies there were, of which a variant may learn from a part.
    """
    from tokenizers import Tokenizer

    from tonecheck.training.multitask import predict

    windows = Windows(Tokenizer.from_str(as_json(marked_tokenizer(base))))
    data, split = split_data(recipe, settings, development)
    told = replace(recipe, say=lambda line: print("  ", line, flush=True))
    model, _ = teach(told, settings, split, base=base)

    def judged(examples: Sequence[Example]) -> Floats:
        readings = [read_example(example) for example in examples]
        return predict(model, windows.cut(readings, alone=not settings.parents), len(readings))

    texts, bad, places = templates(recipe.folders[0])
    named = judged([Example(text=text, targets={}, group="", source="") for text in texts])
    groups = by_group(bad, named[:, TONES.index(Tone.HOSTILITY)], places)
    judgements = {name: judged(examples) for name, examples in development.items()}
    return judgements, spread(groups), len(data.annotated)


def _untrained(base: Path, folder: Path, seed: int) -> Path:
    """Return a checkpoint of the same shape with random weights."""
    import torch
    from transformers import AutoConfig, AutoModel

    torch.manual_seed(seed)
    marked_tokenizer(base).save_pretrained(folder)
    AutoModel.from_config(AutoConfig.from_pretrained(base)).save_pretrained(folder)
    return folder


def areas(development: Development, raw: Scores) -> dict[str, Any]:
    """Return areas under the ROC curve, by development corpus and tone."""
    found: dict[str, Any] = {}
    for name, examples in development.items():
        truth = _truth(examples)
        for column, tone in enumerate(TONES):
            rows = np.flatnonzero(~np.isnan(truth[:, column]))
            if len(rows):
                groups = [examples[row].group for row in rows]
                auc = auc_interval(truth[rows, column] == 1, raw[name][rows, column], groups)
                found.setdefault(name, {})[str(tone)] = auc
    return found


def difference(development: Development, raw: Scores, other: Scores) -> dict[str, float]:
    """Return how much the mean area over corpora and tones gains, with a paired interval.

    Both models are measured on the same resamples, in which threads are drawn whole.
    """
    truth = {name: _truth(examples) for name, examples in development.items()}

    def gain(drawn: Mapping[str, NDArray[np.int64]]) -> float:
        return _mean_area(truth, raw, drawn) - _mean_area(truth, other, drawn)

    resampled = [resamples([item.group for item in part]) for part in development.values()]
    gains = [
        gain(dict(zip(development, drawn, strict=True))) for drawn in zip(*resampled, strict=True)
    ]
    low, high = np.percentile(gains, [2.5, 97.5])
    value = gain({name: np.arange(len(part)) for name, part in development.items()})
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _truth(examples: Sequence[Example]) -> Floats:
    """Return 1 where a reply has a tone, 0 where it has not, NaN where nobody was asked."""
    return np.array(
        [
            [float(item.targets[tone] >= 0.5) if tone in item.targets else np.nan for tone in TONES]
            for item in examples
        ]
    )


def _mean_area(truth: Scores, raw: Scores, drawn: Mapping[str, NDArray[np.int64]]) -> float:
    found = []
    for name, rows in drawn.items():
        for column in range(len(TONES)):
            answers = truth[name][rows, column]
            asked = ~np.isnan(answers)
            if 0 < answers[asked].sum() < asked.sum():
                found.append(area(answers[asked] == 1, raw[name][rows[asked], column]))
    return float(np.mean(found))


def draw(found: Mapping[str, Any]) -> None:
    """Draw what each variant gains or loses, with its interval, as docs/pictures/ablations.svg."""
    rows = [
        {"variant": name, "beside": f"beside: {one['changes']}", **one["difference"]}
        for name, one in found.items()
        if "difference" in one
    ]
    chart = alt.Chart().encode(y=alt.Y("variant:N", sort=None, title=None, axis=_LONG_NAMES))
    ranges = chart.mark_rule(color=_SOFT).encode(x=alt.X("low:Q", title=_GAINS), x2="high:Q")
    points = chart.mark_point(filled=True, size=50, color=_STRONG).encode(x="value:Q")
    zero = alt.Chart().mark_rule(color=_SOFT, strokeDash=[3, 3]).encode(x=alt.datum(0))
    alt.layer(zero, ranges, points, data=alt.Data(values=rows)).properties(width=360).facet(
        row=alt.Row("beside:N", title=None, sort=[row["beside"] for row in rows], header=_HEADS)
    ).resolve_scale(y="independent").save(PICTURES / "ablations.svg")


if __name__ == "__main__":
    main()
