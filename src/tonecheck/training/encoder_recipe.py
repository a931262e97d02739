"""The whole of `tonecheck train --recipe encoder`, and of `--recipe huggingface`.

Several encoders are fine-tuned from one checkpoint, each with its own seed; together they teach the
one that ships, on replies that nobody labelled for our tones as well (knowledge distillation,
Hinton, Vinyals & Dean 2015, arXiv 1503.02531). An eighth of the annotated threads teaches none of
them: it chooses each encoder's best round, calibrates and sets the thresholds.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tonecheck.errors import InputError, require
from tonecheck.labels import TONES
from tonecheck.modelstore import (
    GRAPH,
    TOKENIZER,
    open_model,
    replacing,
    save_model,
    shipped_root,
)
from tonecheck.policy import Band
from tonecheck.scorers.encoder import EncoderScorer
from tonecheck.scorers.logistic import Floats, sigmoid
from tonecheck.scorers.render import MARKS
from tonecheck.scorers.windows import LONGEST, Windows
from tonecheck.training.calibrate import Calibration
from tonecheck.training.encoder_data import (
    EncoderSettings,
    Split,
    pools_of,
    split_data,
    unjudged,
)
from tonecheck.training.examples import Example
from tonecheck.training.mixture import Mixture, Pool, read_example
from tonecheck.training.recipe import (
    Recipe,
    base_config,
    calibrate_tones,
    finish,
    read_development,
)

if TYPE_CHECKING:
    from transformers import TokenizersBackend

    from tonecheck.training.multitask import ToneEncoder

PRETRAINED = "shrunk-en"
"""The checkpoint that the encoder starts from; `scripts/shrink_encoder.py` makes it."""

CHECKPOINT = "huggingface"
"""The folder inside a model's that holds its checkpoint, for training on from."""

_SEEN = 300  # replies on which the states' sizes are seen
_COMPARED = 5000  # replies on which the small graph is compared with the plain one


def train_encoder(recipe: Recipe, settings: EncoderSettings) -> dict[str, Any]:
    """Fine-tune, teach, calibrate, export, measure and save an encoder.

    Returns:
        The configuration that was saved, with what the card states.

    Raises:
        MissingExtraError: If torch, transformers or the ONNX exporter are not installed.
        InputError: If there is no checkpoint or no training corpus, one cannot be read, or a
            checkpoint reads too few tokens at once.
    """
    for module in ("torch", "transformers", "onnxscript"):
        require(module, extra="train")
    from tokenizers import Tokenizer

    from tonecheck.training.graph_export import export_graph, quantisation_loss, save_checkpoint
    from tonecheck.training.group_words import read_alike
    from tonecheck.training.smoothing import smoothed

    base = checkpoint(settings.base)
    development = read_development(recipe)
    data, split = split_data(recipe, settings, development)
    _require_both_sides(split)
    tokenizer = marked_tokenizer(base)
    model, judged = teach(recipe, settings, split, base=base)
    alike = read_alike(model, tokenizer)
    recipe.say("exporting")
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    seen = windows.cut([read_example(example) for example in split.taught[-_SEEN:]])
    graph = export_graph(smoothed(model, seen))
    files = {GRAPH: graph, TOKENIZER: as_json(tokenizer).encode()}
    scorer = _scorer(recipe, files)
    plain = _scorer(recipe, {**files, GRAPH: export_graph(model, quantise=False)})
    recipe.say("calibrating on held-out replies")
    unseen = [read_example(example) for example in split.held_out]
    calibration, bands, answers = calibrate_tones(scorer.raw(unseen), split.held_out)
    slopes = np.array([[part.slope, part.intercept] for part in calibration])
    sample = [read_example(item) for item in [*split.held_out, *split.taught][:_COMPARED]]
    loss = quantisation_loss(scorer.raw(sample), plain.raw(sample), slopes)
    config = {
        **base_config(recipe, "encoder", calibration=calibration, bands=bands),
        "longest": LONGEST,
        "base": base.resolve().name if isinstance(base, Path) else base,
        "architecture": model.model.config.model_type,
        "own_labels": sorted(split.names),
        "prior": dict(zip(TONES, answers.mean(axis=0).round(4), strict=True)),
        "corpora": dict(data.counts),
        "held_out": len(split.held_out),
        **_what_taught(settings, split, judged),
        "read_alike": alike,
        "quantisation": loss,
    }
    save_checkpoint(model, tokenizer, recipe.out / CHECKPOINT)
    return finish(
        recipe,
        data,
        development,
        config=config,
        save=lambda config, card: save_model(recipe.out, config, card=card, files=files),
    )


def _what_taught(settings: EncoderSettings, split: Split, judged: int) -> dict[str, Any]:
    """Return what the card says of teachers, and of sentences that we made up."""
    return {
        "teachers": settings.teachers * max(1, len(settings.teachers_from)) if judged else 1,
        "teachers_from": [Path(name).name for name in settings.teachers_from],
        "judged": judged,
        "mentions": round(settings.mentions * len(split.taught)),
    }


def _require_both_sides(split: Split) -> None:
    if not split.held_out or not split.taught:
        raise InputError(
            f"{len(split.held_out) + len(split.taught)} annotated replies are too few: an eighth "
            "of their threads is held out, and none is left on one side. Annotate more, or name "
            "more with --corpora."
        )


def teach(
    recipe: Recipe, settings: EncoderSettings, split: Split, *, base: Path | str
) -> tuple["ToneEncoder", int]:
    """Return the encoder that ships, and on how many replies others taught it.

    Where there is nothing that nobody labelled, or but one teacher of its own kind, it is
    fine-tuned by itself.
    """
    own = Tuner(recipe, settings, split, base=base)
    pools = pools_of(settings, split, seed=recipe.seed)
    larger = settings.teachers_from
    posts = unjudged(recipe, settings, split) if settings.teachers > 1 or larger else []
    if larger and not posts:
        raise InputError(
            f"there are no unlabelled replies for {' and '.join(larger)} to judge. Name the folder "
            "that holds iac_threads with --corpora, and --licence unstated, which it needs; or "
            "leave out --teachers-from."
        )
    if not posts:
        return own.tune(pools, recipe.seed), 0
    longer = replace(settings, rounds=settings.teacher_rounds or settings.rounds)
    thought: list[Floats] = []
    # All of them before the first learns for hours: a checkpoint that will not do is refused here.
    begun = [checkpoint(name) for name in larger] or [base]
    for start in begun:
        tuner = Tuner(recipe, longer, split, base=start)
        for number in range(settings.teachers):
            recipe.say(f"teacher {number + 1} of {settings.teachers}, from {Path(start).name}")
            thought.append(tuner.thought(posts, pools, recipe.seed + number))
    judged = with_targets(posts, np.mean(thought, axis=0))
    recipe.say("the encoder that ships")
    drawn = min(len(judged), round(settings.judged * len(split.taught)))
    taught = Pool(examples=judged, drawn=drawn, weight=1.0)
    return own.tune([*pools, taught], recipe.seed + 100), len(judged)


class Tuner:
    """Fine-tunes one checkpoint, with its own tokenizer, on what it is given."""

    def __init__(
        self, recipe: Recipe, settings: EncoderSettings, split: Split, *, base: Path | str
    ) -> None:
        """Load the checkpoint's tokenizer and cut the held-out replies by it.

        Args:
            recipe: The settings.
            settings: What can be varied.
            split: What teaches, and what is held out.
            base: The checkpoint.
        """
        from tokenizers import Tokenizer

        from tonecheck.training.finetune import held_out_score

        self._recipe, self._settings, self._split, self._base = recipe, settings, split, base
        tokenizer = marked_tokenizer(base)
        self._vocabulary = len(tokenizer)
        self._windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
        self._score = held_out_score(split.held_out, self._windows)

    def tune(self, pools: Sequence[Pool], seed: int) -> "ToneEncoder":
        """Return the encoder after its best round."""
        from tonecheck.training.finetune import Finetuning, finetune

        alone = 0.15 if self._settings.parents else 1.0
        return finetune(
            self._base,
            Mixture(pools, self._windows, names=self._split.names, alone=alone),
            settings=Finetuning(rounds=self._settings.rounds, seed=seed),
            vocabulary=self._vocabulary,
            score=self._score,
            say=self._recipe.say,
        )

    def thought(self, posts: Sequence[Example], pools: Sequence[Pool], seed: int) -> Floats:
        """Return what a teacher makes of replies, shape (replies, tones): probabilities."""
        from tonecheck.training.multitask import predict

        # Other texts or settings make another teacher; a file of theirs is not taken for this one.
        found = None
        if (work := self._settings.work) is not None:
            known = _digest(f"{post.parent}\0{post.text}" for post in posts)
            found = work / f"teacher-{seed}-{self._told}-{known}.npy"
            if found.exists():
                self._recipe.say(f"taking {found.name} from {work}")
                return np.asarray(np.load(found, allow_pickle=False), np.float64)
        model = self._taught(pools, seed)
        self._recipe.say("judging unlabelled replies")
        readings = [read_example(post) for post in posts]
        windows = self._windows.cut(readings, alone=not self._settings.parents)
        thought = sigmoid(predict(model, windows, len(readings)))
        if found is not None:
            with replacing(found) as file:
                np.save(file, thought)
        return thought

    @cached_property
    def _told(self) -> str:
        """What tells this teacher from one of other texts, labels or settings."""
        settings = replace(self._settings, work=None, without=frozenset())
        told = (self._base, settings, sorted(self._settings.without), self._split.names)
        taught = (*self._split.taught, *self._split.others)
        return _digest([repr(told), *map(repr, taught)])

    def _taught(self, pools: Sequence[Pool], seed: int) -> "ToneEncoder":
        """Return a teacher: from the work folder if it is finished there, else fine-tuned."""
        from safetensors.torch import load_file, save_file

        from tonecheck.training.multitask import ToneEncoder

        if self._settings.work is None:
            return self.tune(pools, seed)
        path = self._settings.work / f"teacher-{seed}-{self._told}.safetensors"
        if path.exists():
            self._recipe.say(f"taking {path.name} from {self._settings.work}")
            model = ToneEncoder(self._base, self._split.names, vocabulary=self._vocabulary)
            model.load_state_dict(load_file(path))
            return model
        model = self.tune(pools, seed)
        self._settings.work.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        save_file({key: part.contiguous() for key, part in model.state_dict().items()}, unfinished)
        unfinished.replace(path)
        return model


def _digest(texts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode() + b"\0")
    return found.hexdigest()[:12]


def with_targets(examples: Sequence[Example], thought: Floats) -> list[Example]:
    """Return examples with what teachers think of them as targets; shape (examples, tones)."""
    return [
        replace(example, targets=dict(zip(TONES, row, strict=True)))
        for example, row in zip(examples, thought.tolist(), strict=True)
    ]


def _scorer(recipe: Recipe, files: Mapping[str, bytes]) -> EncoderScorer:
    """Return a scorer of files that have no calibration yet."""
    flat = [Calibration(slope=1.0, intercept=0.0)] * len(TONES)
    bands = [Band(unsure_at=0.3, yes_at=0.5, clear_at=0.9)] * len(TONES)
    config = base_config(recipe, "encoder", calibration=flat, bands=bands)
    # Elsewhere than where the model goes: what is there stays whole until the new one is.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        save_model(path, {**config, "longest": LONGEST, "prior": {}}, card="", files=files)
        return EncoderScorer.from_folder(open_model(folder))


def checkpoint(base: str | None) -> Path | str:
    """Return where a checkpoint lies; None for the one that ships.

    Raises:
        InputError: If no checkpoint is there, or it has too few places for a window.
    """
    if base is not None:
        if Path(base).is_dir():
            return _roomy(Path(base))
        if base.startswith((".", "/", "~")) or base.count("/") > 1:
            raise InputError(
                f"there is no folder {base}. Give a checkpoint's folder or its name on the hub."
            )
        return _roomy(base)
    path = shipped_root() / PRETRAINED
    if not path.is_dir():
        raise InputError(
            f"this installation holds no {PRETRAINED}, which the encoder recipe starts from. "
            "Train in a checkout, or name a checkpoint with --recipe huggingface --base."
        )
    return path


def _roomy(base: Path | str) -> Path | str:
    from transformers import AutoConfig

    from tonecheck.training.pretrained import places_said

    try:
        config = AutoConfig.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise InputError(
            f"transformers finds no model that it knows in {base}. Give a folder with config.json, "
            "tokenizer.json and weights, or a name on the hub."
        ) from error
    places = places_said(config)
    if places is not None and places < LONGEST:
        raise InputError(
            f"{base} reads {places} tokens at once, and windows have {LONGEST}. Choose a "
            "checkpoint that reads more."
        )
    return base


def marked_tokenizer(base: Path | str) -> "TokenizersBackend":
    """Return the tokenizer of a checkpoint, made to know the marks that `scorers.render` puts."""
    from transformers import AutoTokenizer, TokenizersBackend

    tokenizer = AutoTokenizer.from_pretrained(base)
    if not isinstance(tokenizer, TokenizersBackend):
        raise InputError(
            f"{base} has no tokenizer.json, which scoring needs. Choose a checkpoint with one."
        )
    tokenizer.add_tokens([mark for mark in MARKS if mark not in tokenizer.get_vocab()])
    return tokenizer


def as_json(tokenizer: "TokenizersBackend") -> str:
    """Return what `tokenizer.json` holds of a tokenizer; windows are cut and padded by us."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    state["truncation"] = state["padding"] = None
    return json.dumps(state, ensure_ascii=False)
